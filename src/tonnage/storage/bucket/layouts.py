"""OCI image layouts in a bucket, as zot keeps its repositories there: listed in one go, a part per top folder."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from tonnage.formats.image_layout import LayoutPlace, locate_in_layouts
from tonnage.storage import OPEN_ALL, Entry, Format, Keys, Part
from tonnage.storage.bucket.address import parse_address
from tonnage.storage.bucket.options import BucketOptions
from tonnage.storage.bucket.storage import BucketStorage

_PLACES = {LayoutPlace.BLOB, LayoutPlace.INDEX, LayoutPlace.MARKER}


class LayoutBucket(NamedTuple):
    """Layouts below a prefix; `repository` is the name of the one that is the prefix itself, if it is."""

    bucket: BucketStorage
    repository: str = ""

    @property
    def format(self) -> Format:
        """What its paths mean."""
        return Format.LAYOUTS

    @property
    def location(self) -> str:
        """The address."""
        return self.bucket.location

    @property
    def requests_at_once(self) -> int:
        """As many as the bucket's."""
        return self.bucket.requests_at_once

    def parts(self) -> Iterator[Part | Entry]:
        """Yield all parts with their keys."""
        begun, self.bucket.begun = self.bucket.begun, None
        yield from in_folders(begun or self.bucket.pages())

    def list(self, prefix: str, unopened_before_us: int = OPEN_ALL) -> Iterator[Entry]:
        """Yield the objects below `prefix`."""
        for page in self.bucket.pages(below=prefix):
            yield from map(Entry, *page[:3])

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file piece by piece. Raises OSError."""
        return self.bucket.stream(path)

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the first `limit_bytes` of an object. Raises OSError."""
        return self.bucket.read(path, limit_bytes)

    def is_large(self) -> bool:
        """Return False: a listing tells all that there is."""
        return False

    def describe_requests(self) -> str:
        """Return what was sent, and what it costs."""
        return self.bucket.describe_requests()


def in_folders(pages: Iterable[Keys]) -> Iterator[Part | Entry]:
    """Cut an ordered listing where the first name changes: keys that begin with the same folder follow each other."""
    folder = ""
    held = Keys([], [], [], [])
    for page in pages:
        for position, path in enumerate(page.paths):
            name, slash, _ = path.partition("/")
            if held.paths and (name != folder or not slash):
                yield Part(folder, keys=held)
                held = Keys([], [], [], [])
            if slash:
                folder = name
                held.extend(page, position, position + 1)
            else:
                yield Entry(path, page.sizes[position], page.times_us[position])
    if held.paths:
        yield Part(folder, keys=held)


def layouts_of(bucket: BucketStorage) -> LayoutBucket | None:
    """Return the layouts in a bucket, if its first keys are theirs; the page is not asked for twice."""
    pages = bucket.begun or bucket.pages()
    first = next(pages, Keys([], [], [], []))
    bucket.begun = chain([first], pages)
    found = [located for path in first.paths if (located := locate_in_layouts(path)).place in _PLACES]
    if not found:
        return None
    is_root = any(located.repository == "" for located in found)
    return LayoutBucket(bucket, bucket.location.rpartition("/")[2] if is_root else "")


def open_layout_bucket(address: str, options: BucketOptions) -> LayoutBucket | None:
    """Return the layouts below an address; None if there are none."""
    place = parse_address(address)
    return layouts_of(BucketStorage(place, options, place.prefix))
