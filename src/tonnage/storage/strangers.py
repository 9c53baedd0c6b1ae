"""Folders that people take for a registry's storage, told apart by the names in them.

Some have a folder `blobs` or `repositories` too, and would be scanned as a registry of nothing, or of nothing but orphans.
"""

import os
from typing import NamedTuple

from tonnage.errors import NoStorageError
from tonnage.formats.image_layout import INDEX_FILE, LAYOUT_FILE
from tonnage.formats.layout import ANCHORS

_LOOKED_INTO_LIMIT = 500
"""Folders opened in search of the registry that is meant."""
_IN_A_VOLUME = (
    "a registry in a container has its storage in a volume: docker inspect -f '{{json .Mounts}}' REGISTRY says where"
)
_OTHERS_IMAGES = "tonnage reads what a registry serves; these images are listed by `crictl images` or `ctr images ls`"


class Stranger(NamedTuple):
    """A kind of folder: it has all of some names, and none of others."""

    names: frozenset[str]
    without: frozenset[str]
    what: str
    hint: str


_CONTENT_STORE = Stranger(
    frozenset({"blobs", "ingest"}),
    frozenset({LAYOUT_FILE, INDEX_FILE, "repositories"}),
    "containerd's own store of images",
    _OTHERS_IMAGES,
)
"""containerd, plugins/content/local/store.go. An image layout that BuildKit writes has `ingest` too, and its index."""
_VERSION_1 = Stranger(
    frozenset({"images", "repositories"}),
    frozenset({"blobs"}),
    "the storage of a registry of version 1, which no current client talks to",
    "run that registry once more, pull its images, and push them to a current one",
)
"""docker-registry, lib/storage.py: images/ID/{json,layer,ancestry}, repositories/NAME/{tag_TAG,_index_images}."""
_STRANGERS = (
    _CONTENT_STORE,
    _VERSION_1,
    Stranger(frozenset({"io.containerd.content.v1.content"}), frozenset(), _CONTENT_STORE.what, _OTHERS_IMAGES),
    Stranger(frozenset({"image", "overlay2"}), frozenset(), "where Docker keeps its own images", _IN_A_VOLUME),
    Stranger(frozenset({"containers", "volumes"}), frozenset(), "where Docker keeps its own images", _IN_A_VOLUME),
    Stranger(frozenset({"overlay-images"}), frozenset(), "where Podman or CRI-O keeps its own images", _IN_A_VOLUME),
)


def is_content_store(names: set[str]) -> bool:
    """Return whether a folder with these names is containerd's, which is not an image layout."""
    return _fits(_CONTENT_STORE, names)


def is_version_1(names: set[str]) -> bool:
    """Return whether a folder with these names is the storage of a registry of version 1.

    >>> is_version_1({"images", "repositories"}), is_version_1({"blobs", "images", "repositories"})
    (True, False)
    """
    return _fits(_VERSION_1, names)


def refuse_strangers(path: str) -> None:
    """Raise NoStorageError for a folder that is something else, saying what; unless a registry lies in it all the same."""
    names = _names_in(path)
    found = next((stranger for stranger in _STRANGERS if _fits(stranger, names)), None)
    if found and not any(os.path.isdir(f"{path}/{anchor}") for anchor in ANCHORS if anchor):
        raise NoStorageError(f"`{path}` is {found.what}", _meant(path) or found.hint)


def version_1_error(location: str) -> NoStorageError:
    """Return what to say of a registry of version 1."""
    return NoStorageError(f"`{location}` is {_VERSION_1.what}", _VERSION_1.hint)


def none_at(path: str) -> NoStorageError:
    """Return what to say of a folder that is not a registry's: where one lies near it, that one is named."""
    meant = _meant(path)
    above, name = os.path.split(os.path.abspath(path))
    if not meant and name in ("blobs", "repositories") and _names_in(above) >= {"blobs", "repositories"}:
        meant = f"pass the folder above it: `{above}`"
    return NoStorageError(f"no registry storage at `{path}`", meant)


def _meant(path: str) -> str:
    """Return which registry may be meant: the first one somewhere below; nothing if there is none."""
    todo = [path]
    for _ in range(_LOOKED_INTO_LIMIT):
        if not todo:
            break
        folder = todo.pop(0)
        if os.path.isdir(f"{folder}/{ANCHORS[0]}"):
            return f"pass `{folder}`, which has `{ANCHORS[0]}` in it"
        todo += sorted(f"{folder}/{name}" for name in _names_in(folder) if not os.path.islink(f"{folder}/{name}"))
    return ""


def _names_in(path: str) -> set[str]:
    """Return the names in a folder; none where they cannot be read, which others report."""
    try:
        return set(os.listdir(path))
    except OSError:
        return set()


def _fits(stranger: Stranger, names: set[str]) -> bool:
    return names >= stranger.names and names.isdisjoint(stranger.without)
