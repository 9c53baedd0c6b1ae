"""References as files name them: images in use. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tonnage.errors import UsageError

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
        raise UsageError(f"`{text}` is no image reference", "write [HOST/]REPOSITORY[:TAG][@DIGEST]")
    repository, digest = match["name"], match["digest"]
    first, slash, rest = repository.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        repository = rest
    tag = match["tag"] or (None if digest else "latest")
    return Reference(repository, tag, digest)


def parse_in_use(text: str) -> list[Reference]:
    """Return the images named: references between white space (# begins a comment), or what `kubectl get … -o json` prints.

    Raises UsageError also where no image is named at all: the program that should have written them has failed.
    """
    if text.lstrip().startswith(("{", "[")):
        names = _images_in_json(text)
    else:
        names = [word for line in text.splitlines() for word in line.partition("#")[0].split()]
    if not names:
        raise UsageError("no image in use is named: nothing would be protected", "leave --in-use out if that is meant")
    return [parse_reference(name) for name in names]


def _images_in_json(text: str) -> list[str]:
    """Return the images that pods and templates of pods run (spec), and what they were found running (status)."""
    try:
        return sorted(set(_images_below(json.loads(text))))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this is not what `kubectl get pods -A -o json` prints: {error}") from error


_CONTAINERS = frozenset({"containers", "initContainers", "ephemeralContainers"})
_STATUSES = frozenset({"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"})


def _images_below(node: Any) -> Iterator[str]:
    """Yield the images of all lists of containers, however deep: a CronJob has them five levels down."""
    if isinstance(node, list):
        for inner in node:
            yield from _images_below(inner)
    elif isinstance(node, dict):
        for key, inner in node.items():
            if key in _CONTAINERS | _STATUSES and isinstance(inner, list):
                yield from (name for container in inner for name in _images_of(container))
            else:
                yield from _images_below(inner)


def _images_of(container: Any) -> list[str]:
    if not isinstance(container, dict):
        return []
    return [name for key in ("image", "imageID") if isinstance(name := container.get(key), str) and name]
