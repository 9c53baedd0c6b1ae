"""What the two versions accept as a digest, a repository's name and a path, for scan and answers alike. Pure.

Sources: opencontainers/go-digest, digest.go and algorithm.go; distribution reference/regexp.go (2.8) and
distribution/reference (3.x); registry/storage/driver/storagedriver.go, PathRegexp.
"""

import re

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_PATH = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REMOTE = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
_NAME = {
    2: re.compile(rf"(?:{_HOST}(?::[0-9]+)?/)?(?P<remote>{_REMOTE})"),
    3: re.compile(rf"(?:(?:{_HOST}|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?(?P<remote>{_REMOTE})"),
}
_NAME_LIMIT = 255


def is_digest(text: str) -> bool:
    """Return whether the collectors take the text for a digest: known algorithm, lower case, full length."""
    return _DIGEST.fullmatch(text) is not None


def is_path(path: str) -> bool:
    """Return whether the storage driver takes the path; it stops the collection on any other that is read."""
    return _PATH.fullmatch(path) is not None


def is_repository_name(name: str, version: int) -> bool:
    """Return whether the collector can parse the name. The first component may look like a host: `Foo/bar` passes.

    The limit of 255 holds for the whole name in 2.x, and without the host in 3.x.
    """
    match = _NAME[version].fullmatch(name)
    if match is None:
        return False
    return len(name if version == 2 else match["remote"]) <= _NAME_LIMIT


def collectors_that_refuse(repository: str) -> list[int]:
    """Return the versions whose collector stops on a repository of that name.

    The driver has a word in it too: it takes no path with a `:`, though a host may have a port.

    >>> collectors_that_refuse("org/app"), collectors_that_refuse("Foo"), collectors_that_refuse("h/" + "a" * 254)
    ([], [2, 3], [2])
    """
    return [version for version in (2, 3) if not (is_repository_name(repository, version) and is_path(repository))]
