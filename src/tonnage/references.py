"""References as files name them: images in use, and tags that live outside of the storage. Pure."""

import json
import re
from typing import Any, NamedTuple

from tonnage.errors import UsageError

_REFERENCE = re.compile(
    r"(?:docker-pullable://|docker://)?(?P<name>[^@\s:]+(?::\d+/[^@\s:]+)?)(?::(?P<tag>[\w][\w.-]{0,127}))?"
    r"(?:@(?P<digest>sha\d+:[0-9a-f]+))?\Z"
)


class Reference(NamedTuple):
    """An image as somebody names it, without the registry's host."""

    repository: str
    tag: str | None
    digest: str | None


def parse_reference(text: str) -> Reference:
    """Return the reference, its host left out. Raises UsageError.

    >>> parse_reference("registry.example.com:5000/shop/web:1.2")
    Reference(repository='shop/web', tag='1.2', digest=None)
    """
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
    """Return the images named: one reference a line (# begins a comment), or what `kubectl get pods -o json` prints."""
    if text.lstrip().startswith("{"):
        return [parse_reference(image) for image in _images_of_pods(text)]
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [parse_reference(line) for line in lines if line]


def _images_of_pods(text: str) -> list[str]:
    """Return what pods are said to run (spec) and what they were found running (status, by digest)."""
    try:
        document = json.loads(text)
        pods = document.get("items", [document])
        found: set[str] = set()
        for pod in pods:
            for part, keys in (("spec", _SPEC_KEYS), ("status", _STATUS_KEYS)):
                for key in keys:
                    found.update(_images_of(pod.get(part, {}).get(key)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"this is not what `kubectl get pods -o json` prints: {error}") from error
    return sorted(found)


_SPEC_KEYS = ("containers", "initContainers", "ephemeralContainers")
_STATUS_KEYS = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


def _images_of(containers: Any) -> list[str]:
    names = [container.get(key) for container in containers or () for key in ("image", "imageID")]
    # an imageID without a repository is the digest of a config on the node: it names nothing in a registry
    return [name for name in names if name and not re.match(r"(docker://)?sha\d+:", name)]


def parse_tags(text: str) -> list[tuple[str, str, str]]:
    """Return repository, tag and digest of each line `REPOSITORY:TAG@DIGEST`. Raises UsageError."""
    tags = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        reference = parse_reference(line)
        if reference.tag is None or reference.digest is None:
            raise UsageError(f"line {number}: `{line}` needs a tag and a digest", "write REPOSITORY:TAG@sha256:…")
        tags.append((reference.repository, reference.tag, reference.digest))
    return tags
