"""References as files name them: images in use. Pure."""

import re
from typing import NamedTuple

from tonnage.errors import UsageError
from tonnage.formats.kubernetes import images_in

LEAVE_OUT = "leave --in-use out if that is meant"

_REFERENCE = re.compile(
    r"(?:docker-pullable://|docker://)?(?P<name>[^@\s:]+(?::\d+/[^@\s:]+)?)(?::(?P<tag>[\w][\w.-]{0,127}))?"
    r"(?:@(?P<digest>sha\d+:[0-9a-f]+))?\Z"
)

_BARE_DIGEST = re.compile(r"(?:docker://)?(?P<algorithm>sha\d+:)?(?P<hexdigits>[0-9a-f]{64,128})")
"""How container runtimes name what they run: by the digest of its configuration."""


class Reference(NamedTuple):
    """An image as somebody names it, without the registry's host."""

    repository: str
    """Empty where only a digest is known."""
    tag: str | None
    digest: str | None
    is_mention: bool = False
    """Found in a text, and not where an image belongs: it protects what it names, and is not missed if that is nothing."""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}{'@' if self.repository and self.digest else ''}{self.digest or ''}"


def parse_reference(text: str) -> Reference:
    """Return the reference, its host left out. Raises UsageError.

    >>> parse_reference("registry.example.com:5000/shop/web:1.2")
    Reference(repository='shop/web', tag='1.2', digest=None)
    """
    if bare := _BARE_DIGEST.fullmatch(text.strip()):
        return Reference("", None, f"{bare['algorithm'] or 'sha256:'}{bare['hexdigits']}")
    match = _REFERENCE.match(text.strip())
    if not match:
        raise UsageError(f"`{text}` is not an image reference", "write [HOST/]REPOSITORY[:TAG][@DIGEST]")
    repository, digest = match["name"], match["digest"]
    first, slash, rest = repository.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        repository = rest
    tag = match["tag"] or (None if digest else "latest")
    return Reference(repository, tag, digest)


def parse_in_use(text: str) -> list[Reference]:
    """Return the images named: references between white space (# begins a comment), or kubectl's JSON.

    Raises UsageError also where no image is named at all: the program that should have written them has failed.
    """
    text = text.removeprefix("\ufeff").strip()
    if text.startswith(("{", "[")):
        references = _in_objects(text)
    else:
        words = (word for line in text.splitlines() for word in line.partition("#")[0].split())
        references = [_as_written(word) for word in words]
    if not references:
        raise UsageError("no image in use is named: nothing would be protected", LEAVE_OUT)
    return references


def _as_written(word: str) -> Reference:
    """Return the reference a person or a program wrote. Raises UsageError for the heading of a table: NAME, READY."""
    reference = parse_reference(word)
    if reference.repository != reference.repository.lower():
        raise UsageError(f"`{word}` is not an image reference", "of kubectl, give what `kubectl get … -o json` prints")
    return reference


def _in_objects(text: str) -> list[Reference]:
    try:
        images = images_in(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this is not what `kubectl get pods -A -o json` prints: {error}") from error
    names = [_as_found(name) for name in sorted(images.names)]
    known = set(names)
    mentions = [found for name in sorted(images.mentions) if (found := _as_found(name)) not in known]
    return names + [mention._replace(is_mention=True) for mention in mentions]


def _as_found(name: str) -> Reference:
    """Return the reference; of a name that is none, such as a variable, one that leads nowhere and is noted."""
    try:
        return parse_reference(name)
    except UsageError:
        return Reference(name, None, None)
