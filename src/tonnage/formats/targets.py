"""What a person names: `REPO`, `REPO:TAG`, `REPO@DIGEST`, with `*`, `?` and `[…]` in repository and tag. Pure."""

import re
from typing import NamedTuple

from tonnage.errors import UsageError
from tonnage.formats.names import is_digest

_SPECIAL = frozenset("*?[")
CUT = "…~."
"""What may stand at the end of a digest that was cut to be printed."""
_ALONE = re.compile(r"(?:sha\d+:)?[0-9a-f]{7,}")


class Target(NamedTuple):
    """Something named for deletion. Without tag and digest: the whole repository."""

    repository: str
    tag: str | None = None
    digest: str | None = None
    """A digest, or the beginning of one."""

    @property
    def is_exact(self) -> bool:
        """Whether it names one thing: no pattern, and a digest of full length."""
        is_pattern = not _SPECIAL.isdisjoint(self.repository) or not _SPECIAL.isdisjoint(self.tag or "")
        return not is_pattern and (self.digest is None or is_digest(self.digest))

    @property
    def repository_regex(self) -> str:
        """The repository pattern as a regular expression: `*` matches slashes too."""
        return _regex(self.repository)

    @property
    def tag_regex(self) -> str | None:
        """The tag pattern as a regular expression."""
        return None if self.tag is None else _regex(self.tag)


def parse_target(text: str) -> Target:
    """Return the target a person wrote. Raises UsageError.

    >>> parse_target("team/*:pr-*")
    Target(repository='team/*', tag='pr-*', digest=None)
    >>> parse_target("app@sha256:4f4f").digest, parse_target("sha256:4f4f0000…")
    ('sha256:4f4f', Target(repository='*', tag=None, digest='sha256:4f4f0000'))
    """
    if text.startswith("sha") and _ALONE.fullmatch(text.rstrip(CUT)) and ":" in text:
        return Target("*", digest=text.rstrip(CUT))
    repository, at, digest = text.partition("@")
    if at:
        digest = digest.rstrip(CUT)
        digest = digest if ":" in digest else f"sha256:{digest}"
        if not repository or not re.fullmatch(r"sha\d+:[0-9a-f]{4,}", digest):
            raise UsageError(f"`{text}` is not a target", "write REPO, REPO:TAG or REPO@DIGEST")
        return Target(repository, digest=digest)
    repository, colon, tag = text.partition(":")
    if not repository or (colon and not tag):
        raise UsageError(f"`{text}` is not a target", "write REPO, REPO:TAG or REPO@DIGEST")
    return Target(repository, tag if colon else None)


def as_digest(target: Target) -> Target | None:
    """Return what a name may mean besides a repository: the digest that reports print without `sha256:`; None if it cannot.

    >>> as_digest(Target("f15609d693a1"))
    Target(repository='*', tag=None, digest='sha256:f15609d693a1')
    """
    name = target.repository.rstrip(CUT)
    if target.tag is not None or target.digest is not None or not _ALONE.fullmatch(name):
        return None
    return Target("*", digest=f"sha256:{name}")


_PART = re.compile(r"\*+|\?|\[!?+\]?+[^\]]*\]|.", re.DOTALL)
_RANGE = re.compile(r"(.)-(.)|.", re.DOTALL)
_ANYTHING, _NOTHING = "(?s:.)", r"[^\x00-\x{10FFFF}]"


def _regex(pattern: str) -> str:
    """Return the glob as a regular expression of the database's kind, which anchors by itself (regexp_full_match).

    `fnmatch.translate` will not do: it writes atomic groups, which RE2 does not know.
    """
    return "".join(map(_part_regex, _PART.findall(pattern)))


def _part_regex(part: str) -> str:
    if part[0] == "*":
        return "(?s:.*)"
    if part == "?":
        return _ANYTHING
    if len(part) > 1:
        return _class_regex(part[2:-1], "^") if part[1] == "!" else _class_regex(part[1:-1], "")
    return re.escape(part)


def _class_regex(inner: str, negation: str) -> str:
    """Return what matches one of these characters. A range that ends before it begins has none."""
    ranges = [(found[1] or found[0], found[2] or found[0]) for found in _RANGE.finditer(inner)]
    listed = "".join(f"{_escape(first)}-{_escape(last)}" for first, last in ranges if first <= last)
    if not listed:
        return _ANYTHING if negation else _NOTHING
    return f"[{negation}{listed}]"


def _escape(character: str) -> str:
    """Return a character for a class; RE2 knows no escaped ones beyond ASCII."""
    return f"\\{character}" if character.isascii() and not character.isalnum() else character
