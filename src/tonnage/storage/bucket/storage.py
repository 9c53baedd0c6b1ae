"""The storage: opened where the registry's root is, listed in one go, read by many threads."""

import errno
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from arro3.core import DataType
from obstore.exceptions import BaseError, InvalidPathError

from tonnage.errors import BucketError, NoStorageError
from tonnage.formats.image_layout import LayoutPlace, locate_in_layouts
from tonnage.formats.layout import ANCHORS, Place, above_anchors, locate
from tonnage.storage import SCHEDULER_STATE, Entry, Format, Keys, Part, Type
from tonnage.storage.bucket.address import Address, Cloud, parse_address
from tonnage.storage.bucket.connecting import connect
from tonnage.storage.bucket.counting import KEYS_PER_LIST, Counter, expect, expect_reads, foresee
from tonnage.storage.bucket.errors import raise_for, understand
from tonnage.storage.bucket.lies import Circles, within
from tonnage.storage.bucket.listing import Lister, in_parts
from tonnage.storage.bucket.odd_keys import OddKeyError, divide, is_odd, odd_pages
from tonnage.storage.bucket.options import BucketOptions
from tonnage.storage.bucket.signed import SIZE_BYTES_LIMIT, RefusedError, SignedRequests
from tonnage.storage.bucket.uploads_and_versions import hidden
from tonnage.storage.strangers import is_version_1, version_1_error

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, S3Store

_KEYS_PER_PAGE = 1000
_REQUESTS_PER_PAGE = 10
_PIECE_BYTES = 1_048_576
_FAILURES_LIMIT = 10
"""Reads that fail one after the other, with none between that succeeds, until it is the bucket and not the object."""


class BucketStorage:
    """The registry below `root` in a bucket. Half of its methods are `Storage`'s, the others make pages, by cloud."""

    def __init__(self, place: Address, options: BucketOptions, root: str, *, keeps_slash: bool = False) -> None:
        self.place = place
        self.options = options
        self.root = root
        """The key of the folder that has `blobs/` and `repositories/`, without a slash at its end."""
        self.keeps_slash = keeps_slash
        self.counter = Counter()
        self.store = connect(place, options, keeps_slash=keeps_slash)
        self.begun: Iterator[Keys] | None = None
        """The listing that was begun to find the root: its first page is not asked for twice."""
        self.first = Keys([], [], [], [])
        """That page."""
        self.reading = threading.BoundedSemaphore(options.requests_at_once)
        self.failures_count = 0
        self.was_read = False
        self.odd: Sequence[Entry] = []
        """Objects met while listing whose keys are not paths."""

    @cached_property
    def signed(self) -> SignedRequests:
        """What sends the requests obstore has no call for."""
        return SignedRequests(self.place, self.options, self.counter)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as what it was made from: connections and locks stay here."""
        return _again, (self.place, self.options, self.root, self.keeps_slash)

    @property
    def format(self) -> Format:
        """What its paths mean."""
        return Format.REGISTRY

    @property
    def location(self) -> str:
        """The address of the root."""
        return self.place._replace(prefix=self.root).location

    @property
    def requests_at_once(self) -> int:
        """As many as the options say."""
        return self.options.requests_at_once

    def describe_requests(self) -> str:
        """Return what will about be sent, before a scan; then what was; and what it costs."""
        cloud = self.place.cloud
        if self.begun is not None:
            return foresee(expect(self.first, cloud), cloud)
        return f"spent {self.counter.sent.describe(cloud)}"

    def foresee_reads(self, blobs_count: int) -> str:
        """Return what will about be sent where the keys are known, before a scan."""
        return foresee(expect_reads(blobs_count), self.place.cloud)

    def is_large(self) -> bool:
        """Return False: a listing tells all that there is, and nothing has to be opened."""
        return False

    def parts(self) -> Iterator[Part | Entry]:
        """Yield all parts with their keys, in few requests."""
        begun, self.begun = self.begun, None
        splits = self.place.cloud is not Cloud.AZURE  # it cannot list from a key on
        lister = Lister(self.pages, self.folders if splits else None, self.options.requests_at_once)
        yield from lister.parts(begun or self.pages())
        yield from self.odd
        self.odd = []
        if self.is_cache():
            yield Entry("", 0, None, Type.CACHE, f"there is a {SCHEDULER_STATE}")
        if self.place.cloud is Cloud.S3 and not self.options.anonymous:
            yield from hidden(self.signed, self.location, self.root)

    def is_cache(self) -> bool:
        """Return whether the registry is a pull-through cache; a bucket that does not tell is taken for none."""
        above = next(iter(above_anchors(f"/{self.root}")), None)  # each costs a request
        if above is None:
            return False
        self.counter.add(others=1)
        try:
            self.store.head(f"{above}/{SCHEDULER_STATE}".lstrip("/"))
        except (FileNotFoundError, BaseError):
            return False
        return True

    def list(self, prefix: str, unopened_before_us: int = 0) -> Iterator[Entry]:
        """Yield the objects below `prefix`."""
        for found in in_parts(self.pages(below=prefix)):
            if isinstance(found, Entry):
                yield found
            elif found.keys:
                yield from map(Entry, *found.keys[:3])

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the first `limit_bytes` of an object. Raises OSError; a BucketError once nothing can be read."""
        self.counter.add(gets=1)
        try:
            with self.reading:
                content = _beginning(self.store, self._key(path), limit_bytes)
        except FileNotFoundError:
            raise FileNotFoundError(errno.ENOENT, "no such object", path) from None
        except (BaseError, ValueError) as error:
            self._note_failure(error)
            raise OSError(errno.EIO, understand(error).said, path) from error
        self.failures_count, self.was_read = 0, True
        return content

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield an object piece by piece. Raises OSError."""
        self.counter.add(gets=1)
        try:
            for piece in self.store.get(self._key(path)).stream(min_chunk_size=_PIECE_BYTES):
                yield bytes(piece)
        except FileNotFoundError:
            raise FileNotFoundError(errno.ENOENT, "no such object", path) from None
        except (BaseError, ValueError) as error:
            raise OSError(errno.EIO, understand(error).said, path) from error

    def pages(self, start: str = "", below: str = "") -> Iterator[Keys]:
        """Yield the keys behind `start`, or those below a folder, page by page. Raises BucketError."""
        prefix = self._key(below)
        offset = self._key(start) if start else ""
        try:
            for page in self._pages(prefix, offset):
                yield self._without_markers(page)
        except BaseError as error:
            raise_for(self.location, understand(error), error)
        except RefusedError as refused:
            raise_for(self.location, refused.failure, refused)

    def _pages(self, prefix: str, offset: str) -> Iterator[Keys]:
        """Yield pages of obstore; where that meets a key that is not a path, the page is asked for once more, and read."""
        while True:
            try:
                for page in self._plain_pages(prefix, offset):
                    yield page
                    offset = self._key(page.paths[-1]) if page.paths else offset
                if not offset or not self._goes_on(prefix, offset):
                    return
                continue
            except InvalidPathError as error:
                if self.place.cloud is not Cloud.S3:
                    raise OddKeyError(self.location, error) from error
            for found, last in odd_pages(self.signed, prefix, offset):
                keys, odd = divide(found, len(self.root) + 1 if self.root else 0)
                self.odd = [*self.odd, *odd]
                yield keys
                offset = last
                if not is_odd(last):
                    break
            if not offset:
                return

    def _goes_on(self, prefix: str, offset: str) -> bool:
        """Return whether there are keys behind the last one.

        A store may say that a page is not the last, and not how to go on; obstore takes that for the end. On Azure no
        listing begins behind a key.
        """
        if self.place.cloud is Cloud.AZURE:
            return False
        self.counter.add(lists=1)
        stream = self.store.list(prefix, offset=offset, chunk_size=1, return_arrow=True)
        batch = within(self._patience_seconds, lambda: next(stream, None))
        return batch is not None and any(path > offset for path in batch["path"].to_pylist())

    @property
    def _patience_seconds(self) -> float:
        """What a page may take: it may be many requests, where a store gives few keys at once, or none."""
        return _REQUESTS_PER_PAGE * max(self.options.timeout_seconds, 1.0)

    def _plain_pages(self, prefix: str, offset: str) -> Iterator[Keys]:
        # On Azure a prefix cannot begin with a slash: the whole container is listed, and the rest left out.
        asked = None if self.keeps_slash else prefix
        stream = self.store.list(asked, offset=offset or None, chunk_size=_KEYS_PER_PAGE, return_arrow=True)
        counted, circles = KEYS_PER_LIST[self.place.cloud], Circles(self.location)
        keys_count = 0
        self.counter.add(lists=1)
        while (batch := within(self._patience_seconds, lambda: next(stream, None))) is not None:
            if keys_count and keys_count % counted == 0:
                self.counter.add(lists=1)
            keys_count += batch.num_rows
            page = self._keys(batch, f"{prefix}/" if self.keeps_slash and prefix else "")
            circles.look_at(page)
            yield page

    def _keys(self, batch: Any, below: str) -> Keys:
        """Return a batch as columns, with paths relative to the root."""
        start = len(self.root) + 1 if self.root else 0
        paths = batch["path"].to_pylist()
        times_us = batch["last_modified"].cast(DataType.int64()).to_pylist()
        etags = [(etag or "").strip('"') for etag in batch["e_tag"].to_pylist()]
        page = Keys([path[start:] for path in paths], batch["size"].to_pylist(), times_us, etags)
        if max(page.sizes, default=0) >= SIZE_BYTES_LIMIT:
            raise BucketError(f"`{self.location}` says that an object has {max(page.sizes):,} bytes")
        if not below:
            return page
        return page.choose([position for position, path in enumerate(paths) if path.startswith(below)])

    def _without_markers(self, page: Keys) -> Keys:
        """Leave out the empty objects that consoles and sync programs make for folders."""
        if 0 not in page.sizes:
            return page
        chosen = [position for position, size in enumerate(page.sizes) if size or not self._is_marker(page, position)]
        return page.choose(chosen)

    def _is_marker(self, page: Keys, position: int) -> bool:
        """Return whether an empty object stands for a folder: its key ends in a slash, which obstore takes off.

        It shows in the key after it, which lies in the folder; else by that there is no object of that name.
        """
        path = page.paths[position]
        if locate(path).place is not Place.STRAY or locate_in_layouts(path).place is LayoutPlace.BLOB:
            return False
        if position + 1 < len(page.paths) and page.paths[position + 1].startswith(f"{path}/"):
            return True
        self.counter.add(others=1)
        try:
            self.store.head(self._key(path))
        except FileNotFoundError:
            return True
        except BaseError as error:
            raise_for(self.location, understand(error), error)
        return False

    def folders(self, folder: str) -> Sequence[str]:
        """Return the names of the folders in a folder. Raises BucketError."""
        try:
            asked = self._key(folder.rstrip("/"))
            listed = within(self._patience_seconds, lambda: self.store.list_with_delimiter(asked))
            found = listed["common_prefixes"]
        except InvalidPathError:
            return []  # one range, then: the listing itself finds a way round such a key
        except BaseError as error:
            raise_for(self.location, understand(error), error)
        self.counter.add(lists=-(-max(1, len(found)) // _KEYS_PER_PAGE))
        return [path.rstrip("/").rpartition("/")[2] for path in found]

    def _key(self, path: str) -> str:
        return "/".join(filter(None, (self.root, path)))

    def _note_failure(self, error: BaseException) -> None:
        """Stop the scan if it is not the object that cannot be read, but the bucket."""
        failure = understand(error)
        self.failures_count += 1
        is_refused = failure.status in (401, 403) and not self.was_read
        if failure.is_final or is_refused or self.failures_count >= _FAILURES_LIMIT:
            raise_for(self.location, failure, error)


def open_bucket(address: str, options: BucketOptions) -> BucketStorage:
    """Return the registry storage at or below an address. Raises NoStorageError, BucketError, UsageError.

    Each place where the root may be costs a request, until one has it; that request's answer is the listing's first.
    """
    place = parse_address(address)
    for anchor in ANCHORS:
        storage = BucketStorage(place, options, "/".join(filter(None, (place.prefix, anchor))))
        pages = storage.pages()
        first = next(pages, Keys([], [], [], []))
        if _is_registry(storage, first):
            if is_version_1({path.partition("/")[0] for path in first.paths} | {"repositories"}):
                raise version_1_error(place.location)
            storage.first, storage.begun = first, chain([first], pages)
            return storage
    if place.cloud is Cloud.AZURE and (slashed := _open_slashed(place, options)):
        return slashed
    raise NoStorageError(
        f"no registry storage at `{place.location}`",
        "pass the prefix that has `docker/registry/v2` below it; a registry nothing was pushed to has no keys",
    )


def _open_slashed(place: Address, options: BucketOptions) -> BucketStorage | None:
    """Return the storage of a 2.x registry on Azure, all of whose keys begin with a slash; None if there is none."""
    everything = BucketStorage(place, options, "", keeps_slash=True)
    paths = next(everything.pages(), Keys([], [], [], [])).paths
    for anchor in ANCHORS:
        root = "/".join(filter(None, (place.prefix, anchor)))
        if root and any(path.startswith((f"{root}/blobs/", f"{root}/repositories/")) for path in paths):
            return BucketStorage(place, options, root, keeps_slash=True)
    return None


def _is_registry(storage: BucketStorage, first: Keys) -> bool:
    """Return whether blobs or repositories are among the keys: look for them if a full page shows others only."""
    if _has_registry(first.paths):
        return True
    if len(first.paths) < _KEYS_PER_PAGE:
        return False
    return any(next(storage.pages(below=folder), None) for folder in ("blobs", "repositories"))


def _has_registry(paths: Iterable[str]) -> bool:
    return any(path.partition("/")[0] in ("blobs", "repositories") for path in paths)


def _beginning(store: "S3Store | GCSStore | AzureStore", key: str, limit_bytes: int) -> bytes:
    """Return the first bytes of an object in one request: a range would be refused for an empty one."""
    found = store.get(key)
    if found.meta["size"] <= limit_bytes:
        return bytes(found.bytes())
    content = b""
    for chunk in found.stream(min_chunk_size=min(limit_bytes, 65_536)):
        content += bytes(chunk)
        if len(content) >= limit_bytes:
            break
    return content[:limit_bytes]


def _again(place: Address, options: BucketOptions, root: str, keeps_slash: bool) -> BucketStorage:
    return BucketStorage(place, options, root, keeps_slash=keeps_slash)
