"""Images that Kubernetes objects name, of whatever kind they are. Pure.

Where the API itself puts an image it is a *name*: `image`, `imageID`, and `image.reference` of a volume. Custom resources,
arguments, environment variables, annotations and ConfigMaps hold images as well, under keys that nobody can list: there,
whatever has the form of one, with a tag or a digest, is a *mention*. It protects what it names, and is missed by nobody
if it names nothing.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

_REPOSITORY_KEYS = ("repository", "image", "newName", "baseImage", "imageRepository", "name", "url")
_TAG_KEYS = ("tag", "newTag", "imageTag", "version")
_DIGEST_KEYS = ("digest", "sha", "sha256")
"""How custom resources write an image in pieces."""
_NO_PART = re.compile(r"[^\w.:/@+-]+")
"""What no reference has in it: it parts the words of a text."""
_BLANKS = re.compile(r"\s*")
_MENTION = re.compile(
    r"(?:[a-z0-9+.-]+://)?"
    r"(?P<name>(?:[\w.-]+(?::\d+)?/)?[a-z0-9][a-z0-9._/-]*"
    r"(?::\w[\w.-]{0,127}(?:@sha\d+:[0-9a-f]{64,})?|@sha\d+:[0-9a-f]{64,}))"
    r"|(?:[a-z0-9+.-]+://)?(?P<bare>(?:sha\d+:)?[0-9a-f]{64,128})"
)
_KEY_IN_TEXT = re.compile(r"\bimage(?:ID|Name|Ref)?[\"']?\s*[:=]\s*[\"']?([^\s\"',}\]]+)", re.IGNORECASE)
"""An image within a text that is YAML or JSON itself: there it may lack its tag."""


class Images(NamedTuple):
    """What objects name."""

    names: set[str]
    mentions: set[str]


def images_in(text: str) -> Images:
    """Return the images of what `kubectl get … -o json` prints, once or several times. Raises ValueError, RecursionError."""
    images = Images(set(), set())
    waiting: list[Any] = list(_documents(text))
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            images.mentions.update(_mentions(node))
        elif isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            images.names.update(_names(node))
            images.mentions.update(_written_in_pieces(node))
            waiting.extend(node.values())
    return images


def _documents(text: str) -> Iterator[Any]:
    """Yield the JSON documents that follow one another in a text."""
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        yield document
        at = _BLANKS.match(text, at).end()  # type: ignore[union-attr]


def _names(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the images of a container, of its status, or of a volume."""
    image = node.get("image")
    places = (image.get("reference") if isinstance(image, dict) else image, node.get("imageID"))
    return (name.strip() for name in places if isinstance(name, str) and name.strip())


def _written_in_pieces(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield images whose repository, tag and digest have keys of their own."""
    tags, digests = _texts(node, _TAG_KEYS), _texts(node, _DIGEST_KEYS)
    if not (tags or digests):
        return
    host = f"{node['registry']}/" if isinstance(node.get("registry"), str) and node["registry"] else ""
    for repository in _texts(node, _REPOSITORY_KEYS):
        name = host + repository.partition("://")[2] if "://" in repository else host + repository
        yield from _mentions(" ".join(f"{name}:{tag}" for tag in tags))
        yield from _mentions(" ".join(f"{name}@sha256:{digest.removeprefix('sha256:')}" for digest in digests))


def _texts(node: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    return [value for key in keys if isinstance(value := node.get(key), str) and value]


def _mentions(text: str) -> Iterator[str]:
    """Yield what has the form of an image in a text.

    >>> sorted(_mentions("run --sidecar=r.example/shop/proxy:2, then oci://r.example/charts/web:1.0."))
    ['r.example/charts/web:1.0', 'r.example/shop/proxy:2']
    """
    for word in _NO_PART.split(text):
        if match := _MENTION.fullmatch(word.strip(".:/@-")):
            yield match["name"] or match["bare"]
    if "image" in text or "IMAGE" in text or "Image" in text:
        yield from _KEY_IN_TEXT.findall(text)
