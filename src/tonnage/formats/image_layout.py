"""Where things are in OCI image layouts, one per repository: a path -> what it is, and the index that says the tags.

    <root>/                                    the root may be a layout itself, or hold many, as zot's storage does
    ├── <name>/                                a repository; <name> may hold slashes
    │   ├── oci-layout                         {"imageLayoutVersion": "1.0.0"}
    │   ├── index.json                         the repository's manifests, with tags as annotations
    │   ├── blobs/<alg>/<hex>                  a layer, a config or a manifest: raw bytes
    │   ├── .uploads/<id>                      zot: an upload, open or abandoned
    │   └── .sync/<id>/…                       zot: an image on its way from another registry
    ├── _blobstore/blobs/<alg>/<hex>           zot from 2.2: the pool that repositories share blobs from
    └── cache.db, meta.db, _trivy/…            zot: its own databases

What zot stores once is, on a disk, one file with several names (hard links); in a bucket, up to 2.1, one object with the
content and empty ones in its place elsewhere; later, one in the pool and none elsewhere.
(image-spec, image-layout.md; zot, pkg/storage/imagestore: imagestore.go, blob_lifecycle.go, constants.go.)
A path says by itself what it is, as for a registry's own storage, so that disks and buckets follow one rule.
"""

import re
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from tonnage.formats import deepjson
from tonnage.formats.layout import ALGORITHMS, is_full_digest

INDEX_BYTES_LIMIT = 64 * 1024 * 1024
"""zot keeps all manifests of a repository in one index: 64 MiB hold some 200,000. No larger one is read."""

POOL = "_blobstore"
"""The folder of the pool; no repository's name begins with `_`."""

INDEX_FILE = "index.json"
LAYOUT_FILE = "oci-layout"
_REF_NAME = "org.opencontainers.image.ref.name"
_REFERENCE = re.compile(
    r"[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*(?:/[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*)*\Z"
)
"""The grammar of a ref.name (image-spec, annotations.md): every tag without odd ends, and whole image names."""
_UPLOADS = (".uploads", ".sync")


class LayoutPlace(StrEnum):
    """What a path is."""

    BLOB = "blob"
    INDEX = "index"
    MARKER = "marker"
    """The file `oci-layout`."""
    UPLOAD = "upload"
    FOLDER = "folder"
    """A folder that belongs to every layout, even with nothing in it."""
    OWN = "own"
    """What zot keeps for itself."""
    STRAY = "stray"


class LayoutPath(NamedTuple):
    """A path, understood. Parts that do not apply are empty; the repository is too where the root is a layout."""

    place: LayoutPlace
    repository: str | None = None
    """None for what lies in no repository: the pool, zot's own files, strays beside layouts."""
    name: str = ""
    """The id of an upload."""
    digest: str = ""


class Listed(NamedTuple):
    """A manifest that an index lists; `tag` is None where it lists it without one."""

    digest: str
    tag: str | None


class LayoutIndex(NamedTuple):
    """What an index.json says."""

    manifests: list[Listed]
    odd: list[str]
    """Entries that are not descriptors, as far as they can be shown."""


class UnreadableIndexError(ValueError):
    """The bytes are not an index: which manifests and tags there are is not known."""


def locate_in_layouts(path: str) -> LayoutPath:
    """Return what the file or folder at `path`, relative to the root, is."""
    parts = path.split("/")
    for position, part in enumerate(parts):
        if part.startswith("."):
            return _hidden(parts, position)
    if parts[0].startswith("_"):
        return _pooled(parts)
    return _in_layout(parts)


def _hidden(parts: list[str], position: int) -> LayoutPath:
    if parts[0].startswith("_"):
        return LayoutPath(LayoutPlace.OWN)
    repository = "/".join(parts[:position])
    if parts[position] not in _UPLOADS:
        return LayoutPath(LayoutPlace.STRAY)
    if position == len(parts) - 1:
        return LayoutPath(LayoutPlace.FOLDER, repository)
    return LayoutPath(LayoutPlace.UPLOAD, repository, parts[position + 1])


def _pooled(parts: list[str]) -> LayoutPath:
    located = _in_layout(parts)
    is_pool = parts[0] == POOL and located.repository == POOL and located.place is not LayoutPlace.STRAY
    return located._replace(repository=None) if is_pool else LayoutPath(LayoutPlace.OWN)


def _in_layout(parts: list[str]) -> LayoutPath:
    match parts:
        case [*repository, "blobs", algorithm, hexdigits] if algorithm in ALGORITHMS:
            digest = f"{algorithm}:{hexdigits}"
            if is_full_digest(digest):
                return LayoutPath(LayoutPlace.BLOB, "/".join(repository), digest=digest)
        case [*repository, "index.json"]:
            return LayoutPath(LayoutPlace.INDEX, "/".join(repository))
        case [*repository, "oci-layout"]:
            return LayoutPath(LayoutPlace.MARKER, "/".join(repository))
        case [*repository, "blobs", algorithm] if algorithm in ALGORITHMS:
            return LayoutPath(LayoutPlace.FOLDER, "/".join(repository))
        case [*repository, "blobs"]:
            return LayoutPath(LayoutPlace.FOLDER, "/".join(repository))
        case [name] if name.endswith(".db"):
            return LayoutPath(LayoutPlace.OWN)
    return LayoutPath(LayoutPlace.STRAY)


def parse_index(content: bytes) -> LayoutIndex:
    """Return the manifests that an index.json lists, in its order. Raises UnreadableIndexError.

    A list that is null is an empty one, as Go writes it. An entry that is not one is reported, and the others are taken.
    """
    if len(content) > INDEX_BYTES_LIMIT:
        raise UnreadableIndexError(f"larger than {INDEX_BYTES_LIMIT // 1024 // 1024} MiB")
    try:
        document = deepjson.decode(msgspec.json.decode, content)
    except ValueError as error:
        raise UnreadableIndexError("empty file" if not content else f"no JSON: {error}") from error
    if not isinstance(document, dict):
        raise UnreadableIndexError("no JSON object")
    manifests = document.get("manifests", ())
    if not isinstance(manifests, list | tuple | None):
        raise UnreadableIndexError("its `manifests` is not a list")
    found = [(_listed(entry), entry) for entry in manifests or ()]
    return LayoutIndex([listed for listed, _ in found if listed], [repr(e)[:200] for listed, e in found if not listed])


def _listed(entry: Any) -> Listed | None:
    """Return the manifest of a descriptor; None if it has no digest."""
    digest = entry.get("digest") if isinstance(entry, dict) else None
    if not isinstance(digest, str) or not is_full_digest(digest):
        return None
    annotations = entry.get("annotations")
    tag = annotations.get(_REF_NAME) if isinstance(annotations, dict) else None
    return Listed(digest, tag if isinstance(tag, str) and tag else None)


def is_layout_marker(content: bytes) -> bool:
    """Return whether the file `oci-layout` holds what it has to: an object with a version."""
    try:
        document = deepjson.decode(msgspec.json.decode, content)
    except ValueError:
        return False
    return isinstance(document, dict) and isinstance(document.get("imageLayoutVersion"), str)


def is_reference_name(name: str) -> bool:
    """Return whether a tag found in an index is one that the specification allows there."""
    return _REFERENCE.match(name) is not None
