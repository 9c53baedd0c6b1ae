"""Many files of one folder, each alone in a folder of its own -> columns, for those that are what they should be.

Nearly all files of a registry are of this kind: blobs, and links that hold the very digest their path spells. What is
worked out once for a folder, and not for each file in it, is what makes a scan fast. A file that is odd in any way is
left to the caller, who looks closer and says what is wrong with it.
"""

from itertools import compress
from typing import Any

from tonnage.formats.layout import Located, Place, is_full_digest, is_tag_name, locate
from tonnage.storage import Leaves, Storage

_HEX = b"0123456789abcdef"
_LINK_SIZE = 71
"""Of a link to a sha256 digest."""
_OF_ALL_TAGS = "/_manifests/tags"
_HISTORY = "/index/sha256/"
_LINK_BYTES_LIMIT = 256
_READ = {Place.REVISION, Place.TAG}
"""Links that are always read; layer links only in small registries, history links never."""
_ROW_OF = {
    Place.BLOB: "Blob",
    Place.REVISION: "Revision",
    Place.TAG: "Tag",
    Place.LAYER_LINK: "LayerLink",
    Place.TAG_HISTORY: "TagHistory",
}


def place_of(leaves: Leaves) -> Located:
    """Return where leaves are, by the first of them."""
    return locate(f"{leaves.folder}/{leaves.names[0]}/{leaves.file}")


def healthy_columns(
    storage: Storage, first: Located, leaves: Leaves, reads_layer_links: bool
) -> tuple[str, list[list[Any]], Leaves]:
    """Return the name of the row type, the columns of the healthy sha256 leaves, and the other leaves."""
    if first.place not in _ROW_OF or not (first.place is Place.TAG or first.digest.startswith("sha256:")):
        return "", [], leaves
    digests = _digests(storage, first.place, leaves, reads_layer_links)
    others = leaves._replace(names=[], sizes_bytes=[], modified_us=[], read_us=None)
    if None in digests:
        healthy = [digest is not None for digest in digests]
        others, leaves = _pick(leaves, [not is_so for is_so in healthy]), _pick(leaves, healthy)
        digests = list(compress(digests, healthy))
    measures: list[list[Any]] = [leaves.sizes_bytes, leaves.modified_us]
    repository: list[Any] = [first.repository] * len(digests)
    match first.place:
        case Place.BLOB:
            columns = [digests, *measures]
        case Place.TAG:
            columns = [repository, leaves.names, digests, *measures]
        case Place.TAG_HISTORY:
            columns = [repository, _tags(first, leaves), digests, *measures]
        case _:
            columns = [repository, digests, digests.copy(), *measures]
    return _ROW_OF[first.place], columns, others


def access_columns(leaves: Leaves, digests: list[Any]) -> list[list[Any]]:
    """Return the columns of `Access` for those leaves that are healthy blobs: these `digests`, in their order."""
    if not leaves.read_us:
        return []
    if len(digests) == len(leaves.names):
        return [digests.copy(), list(leaves.read_us)]
    read_us = dict(zip(leaves.names, leaves.read_us, strict=True))
    return [digests.copy(), [read_us[digest.partition(":")[2]] for digest in digests]]


def _pick(leaves: Leaves, is_wanted: list[bool]) -> Leaves:
    folder, file, names, sizes_bytes, times_us, read_us = leaves
    return Leaves(
        folder,
        file,
        list(compress(names, is_wanted)),
        list(compress(sizes_bytes, is_wanted)),
        list(compress(times_us, is_wanted)),
        None if read_us is None else list(compress(read_us, is_wanted)),
    )


def _digests(storage: Storage, place: Place, leaves: Leaves, reads_layer_links: bool) -> list[str | None]:
    """Return the digest each leaf is or links to, None for one that is odd."""
    if place is Place.TAG:
        return [_tag_digest(storage, leaves, name) for name in leaves.names]
    digests = _named_digests(place, leaves)
    if place in _READ or (place is Place.LAYER_LINK and reads_layer_links):
        for position, digest in enumerate(digests):
            if digest and _read(storage, leaves, leaves.names[position]) != digest.encode():
                digests[position] = None
    return digests


def _named_digests(place: Place, leaves: Leaves) -> list[str | None]:
    """Return the digest each name spells, None for one that is none or has a file of a size that cannot be right."""
    names, sizes_bytes = _hexdigits(place, leaves), leaves.sizes_bytes
    shard = leaves.folder[-2:] if place is Place.BLOB else ""
    if (
        set(map(len, names)) <= {64}
        and _is_hex("".join(names))
        and (not shard or all(name.startswith(shard) for name in names))
        and (place is Place.BLOB or sizes_bytes.count(_LINK_SIZE) == len(names))
    ):
        return [f"sha256:{name}" for name in names]
    return [
        f"sha256:{name}"
        if len(name) == 64 and _is_hex(name) and name.startswith(shard) and (place is Place.BLOB or size == _LINK_SIZE)
        else None
        for name, size in zip(names, sizes_bytes, strict=True)
    ]


def _hexdigits(place: Place, leaves: Leaves) -> list[str]:
    """Return the last folder of each leaf, which spells the digest."""
    if place is Place.TAG_HISTORY and leaves.folder.endswith(_OF_ALL_TAGS):
        return [name.rpartition(_HISTORY)[2] for name in leaves.names]
    return leaves.names


def _tags(first: Located, leaves: Leaves) -> list[str]:
    """Return the tag of each leaf of a history: that of one tag, or those of all the tags of a repository."""
    if leaves.folder.endswith(_OF_ALL_TAGS):
        return [name.rpartition(_HISTORY)[0] for name in leaves.names]
    return [first.name] * len(leaves.names)


def _is_hex(text: str) -> bool:
    """Return whether there is nothing else in it; the fastest way there is, for text of any length."""
    return text.isascii() and not text.encode("ascii").translate(None, _HEX)


def _tag_digest(storage: Storage, leaves: Leaves, tag: str) -> str | None:
    content = _read(storage, leaves, tag)
    if len(content) != _LINK_SIZE or not content.isascii() or not is_tag_name(tag):
        return None
    digest = content.decode("ascii")
    return digest if is_full_digest(digest) else None


def _read(storage: Storage, leaves: Leaves, name: str) -> bytes:
    """Return what is in a link; nothing where it cannot be read, which the caller finds out about again."""
    try:
        return storage.read(f"{leaves.folder}/{name}/{leaves.file}", _LINK_BYTES_LIMIT)
    except OSError:
        return b""
