"""Objects of a bucket -> rows, without asking for what the listing tells.

A listing carries an ETag, and for a plain upload that is the MD5 of the content. What a healthy link holds is known:
the digest in its path, for a tag one of its history. So a link whose ETag is the MD5 of that need not be read.
Under SSE-KMS, for uploads in parts, and on other clouds the ETag says nothing: then a tag is read, and other links are
taken at their word where they have a link's size, as the links of a large registry on a disk are.
(REGISTRY-FORMAT section 5 of the design's sources; S3 API reference, Object, ETag.)
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b, md5
from typing import NamedTuple

from tonnage.formats.layout import Located, Place, is_full_digest, link_size, locate, parse_link
from tonnage.scan.columns import Columns
from tonnage.scan.fingerprints import Earlier, trusted_before
from tonnage.scan.listing import Listed, rows_of
from tonnage.storage import OLD_VERSIONS, Entry, Keys, Leaves, Storage

_MD5 = re.compile(r"[0-9a-f]{32}\Z").match
_BATCH_KEYS = 10_000
_LINK_BYTES_LIMIT = 256
_LINK_SIZE = 71
_DAMAGED_LIMIT = 10
_DAMAGED_SHARE = 0.01
"""Links whose ETag does not fit, among those that fit: a few are damaged and read, many are encrypted and are not."""
_UNKNOWN_TIME = -(2**63)


class _Link(NamedTuple):
    entry: Entry
    located: Located
    etag: str


def list_keys(storage: Storage, prefix: str, keys: Keys, earlier: Earlier | None, reads_links: bool) -> Listed:
    """Return the rows of a part's objects; none if they are those of the earlier scan.

    With `reads_links` every link is read that its ETag does not prove.
    """
    fingerprint = _fingerprint(keys)
    files_count = len(keys.paths)
    if earlier and fingerprint == earlier.fingerprint and _is_told(keys, earlier):
        return Listed(None, fingerprint, files_count)
    if prefix.startswith(OLD_VERSIONS):
        versions: Columns = {"OldVersion": [keys.paths, keys.sizes, keys.times_us]}
        return Listed(iter([versions]), fingerprint, files_count)
    return Listed(_batches(storage, keys, reads_links), fingerprint, files_count)


def _fingerprint(keys: Keys) -> bytes:
    digest = blake2b("\0".join(keys.paths).encode("utf-8", "surrogatepass"), digest_size=16)
    digest.update(array("q", keys.sizes).tobytes())
    digest.update(array("q", [_UNKNOWN_TIME if time_us is None else time_us for time_us in keys.times_us]).tobytes())
    digest.update("\0".join(keys.etags).encode())
    return digest.digest()


def _is_told(keys: Keys, earlier: Earlier) -> bool:
    """Return whether each change since the earlier scan shows: an ETag tells any, a time only if it is older."""
    before_us = trusted_before(earlier.started_us)
    pairs = zip(keys.etags, keys.times_us, strict=True)
    return all(etag or (time_us is not None and time_us < before_us) for etag, time_us in pairs)


def _batches(storage: Storage, keys: Keys, reads_links: bool) -> Iterator[Columns]:
    history = _history(keys)
    files_count = len(keys.paths)
    for start in range(0, files_count, _BATCH_KEYS):
        batch = keys.choose(range(start, min(start + _BATCH_KEYS, files_count)))
        yield rows_of(storage, _entries(storage, batch, history, reads_links))


def _history(keys: Keys) -> dict[tuple[str, str], list[str]]:
    """Return the digests each tag ever pointed to: one of them is what it points to now."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in keys.paths:
        if "/_manifests/tags/" in path and "/index/" in path:
            located = locate(path)
            if located.place is Place.TAG_HISTORY:
                found[located.repository, located.name].append(located.digest)
    return found


def _entries(
    storage: Storage, keys: Keys, history: dict[tuple[str, str], list[str]], reads_links: bool
) -> list[Entry | Leaves]:
    """Return a batch as entries; links carry what they hold where that is known or was read."""
    leaves: dict[str, Leaves] = {}
    known: list[Entry] = []
    proven: list[_Link] = []
    doubtful: list[_Link] = []
    tags: list[_Link] = []
    for path, size_bytes, time_us, etag in zip(*keys, strict=True):
        folder, _, file = path.rpartition("/")
        parent, _, name = folder.rpartition("/")
        if _is_leaf(parent, name, file, size_bytes, etag):
            leaf = leaves.setdefault(parent, Leaves(parent, file, [], [], []))
            leaf.names.append(name)
            leaf.sizes_bytes.append(size_bytes)
            leaf.modified_us.append(time_us)
            continue
        entry = Entry(path, size_bytes, time_us)
        located = locate(path)
        link = _Link(entry, located, etag)
        if located.place is Place.TAG:
            proof = _proof(history.get((located.repository, located.name), ()), etag)
            known.append(entry._replace(content=proof)) if proof else tags.append(link)
        elif _is_ordinary_link(entry, located):
            (proven if _proof((located.digest,), etag) else doubtful).append(link)
        else:
            known.append(entry)
    proven_count = len(proven) + sum(len(leaf.names) for leaf in leaves.values() if leaf.file == "link")
    read, taken = _divide(proven_count, doubtful, reads_links)
    known += (link.entry._replace(content=link.located.digest) for link in (*proven, *taken))
    return [*leaves.values(), *known, *_read(storage, [link.entry for link in (*tags, *read)])]


def _is_leaf(parent: str, name: str, file: str, size_bytes: int, etag: str) -> bool:
    """Return whether a key is one of the many: a blob, a layer link that its ETag proves, a link of a tag's history."""
    if file == "data":
        return parent.startswith("blobs/")
    if file != "link" or not parent.endswith("/sha256"):
        return False
    is_layer_link = parent.endswith("/_layers/sha256") and size_bytes == _LINK_SIZE
    return parent.endswith("/index/sha256") or (is_layer_link and bool(_proof((f"sha256:{name}",), etag)))


def _is_ordinary_link(entry: Entry, located: Located) -> bool:
    is_link = located.place is Place.REVISION or located.place is Place.LAYER_LINK
    return is_link and entry.size_bytes == link_size(located.digest) and located.digest.startswith("sha256:")


def _proof(digests: Iterable[str], etag: str) -> str:
    """Return the digest whose MD5 the ETag is, or nothing."""
    return next((digest for digest in digests if md5(digest.encode(), usedforsecurity=False).hexdigest() == etag), "")


def _divide(proven_count: int, doubtful: list[_Link], reads_links: bool) -> tuple[list[_Link], list[_Link]]:
    """Return the links to read, and those to take at their word, of those that their ETag does not prove."""
    if reads_links:
        return doubtful, []
    differing = [link for link in doubtful if _MD5(link.etag)]
    is_damage = proven_count and len(differing) <= max(_DAMAGED_LIMIT, proven_count * _DAMAGED_SHARE)
    if not is_damage:
        return [], doubtful
    return differing, [link for link in doubtful if not _MD5(link.etag)]


def _read(storage: Storage, links: list[Entry]) -> Iterator[Entry]:
    """Yield links with what they hold, read many at once. What is odd about one is found out where rows are made."""
    with ThreadPoolExecutor(max(1, min(storage.requests_at_once, len(links)))) as pool:
        yield from pool.map(lambda link: link._replace(content=_content(storage, link)), links)


def _content(storage: Storage, link: Entry) -> str:
    try:
        digest = parse_link(storage.read(link.path, _LINK_BYTES_LIMIT))
    except OSError:
        return ""
    return digest if digest and is_full_digest(digest) else ""
