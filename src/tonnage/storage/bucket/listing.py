"""A bucket's keys, in as few requests as there are pages: one flat listing, cut into parts as it comes.

One listing after the other would take ceil(keys / 1000) requests, and as many waits. Ranges of keys are listed beside
each other, but each range ends in a page that is not full. So a listing is split only where it has shown itself to be
long, into ranges of at least 16 pages: a small bucket takes the fewest requests there can be, a large one about 5 %
more. Where to split: blobs are spread evenly over their first two digits, so the first page tells how many there
are; repositories are not, so their names are asked for, a thousand for one request.
A split lies between parts, never in one, so no part comes from two ranges.
"""

import math
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tonnage.storage import Entry, Keys, Part

PAGES_PER_RANGE = 16
"""A range that is split off should take about that many requests, as the last of them is half empty."""
_KEYS_PER_PAGE = 1000
_BLOBS = "blobs/sha256/"
_REPOSITORIES = "repositories/"
_SHARDS = 256
_DEPTH_LIMIT = 4
_WAITING_KEYS_LIMIT = 10_000
"""Keys found and not taken yet, at most, but for the part that goes beyond: some 4 MB."""

_Found = Part | Entry | BaseException | None
"""None: a range ended."""

Pages = Callable[[str], Iterator[Keys]]
"""From a key to the pages of the keys behind it."""
Folders = Callable[[str], Sequence[str]]
"""From a folder, with a slash at its end, to the names of the folders in it."""


def part_of(path: str) -> str:
    """Return the prefix of the part a key belongs to; nothing for one that lies outside of all parts.

    >>> part_of("blobs/sha256/ab/abcd/data"), part_of("repositories/org/app/_layers/sha256/ab/link"), part_of("x")
    ('blobs/sha256/ab', 'repositories/org/app/_layers', '')
    """
    if path.startswith(_REPOSITORIES):
        marker = path.find("/_", len(_REPOSITORIES) - 1)
        end = path.find("/", marker + 1) if marker >= 0 else -1
    else:
        end = -1
        for _ in range(3 if path.startswith("blobs/") else 1):
            end = path.find("/", end + 1)
            if end < 0:
                break
    return path[:end] if end >= 0 else ""


def in_parts(pages: Iterable[Keys]) -> Iterator[Part | Entry]:
    """Cut an ordered listing into parts, each with all its keys; what lies outside of them comes as entries."""
    prefix, within = "", "\0"
    held = Keys([], [], [], [])
    for page in pages:
        start = 0
        for position, path in enumerate(page.paths):
            if path.startswith(within):
                continue
            held.extend(page, start, position)
            start = position
            if held.paths:
                yield Part(prefix, keys=held)
                held = Keys([], [], [], [])
            prefix = part_of(path)
            within = f"{prefix}/" if prefix else "\0"
            if not prefix:
                yield Entry(path, page.sizes[position], page.times_us[position])
                start = position + 1
        held.extend(page, start, len(page.paths))
    if held.paths:
        yield Part(prefix, keys=held)


class Lister:
    """Lists ranges of keys beside each other, and yields the parts as they become whole."""

    def __init__(self, pages: Pages, folders: Folders | None, at_once: int) -> None:
        self.pages = pages
        self.folders = folders
        """None where a listing cannot begin behind a key: then there is one range."""
        self.at_once = at_once
        self.found = _Waiting()
        self.stopped = threading.Event()
        self.lock = threading.Lock()
        self.asking = threading.Lock()
        self.names: dict[str, list[str]] = {}
        self.ranges_count = 0
        self.pool = ThreadPoolExecutor(at_once, thread_name_prefix="list")

    def parts(self, first: Iterator[Keys]) -> Iterator[Part | Entry]:
        """Yield all parts, beginning with a listing that was begun. Raises what a listing raises."""
        self._begin(first, "", "")
        open_count = 1
        try:
            while open_count:
                found = self.found.take()
                if isinstance(found, BaseException):
                    raise found
                if found is None:
                    open_count = self._ended()
                else:
                    yield found
        finally:
            self.stopped.set()
            self.found.stop()
            self.pool.shutdown(cancel_futures=True)

    def _begin(self, pages: Iterator[Keys], start: str, end: str) -> None:
        with self.lock:
            self.ranges_count += 1
        self.pool.submit(self._list, pages, _Range(self, start, end))

    def _ended(self) -> int:
        with self.lock:
            self.ranges_count -= 1
            return self.ranges_count

    def _list(self, pages: Iterator[Keys], listed: "_Range") -> None:
        try:
            for found in in_parts(listed.cut(pages)):
                self.found.put(found)
            self.found.put(None)
        except BaseException as error:
            self.found.put(error)

    def split_off(self, bounds: list[str], end: str) -> None:
        """List the ranges that begin at each bound, in threads of their own."""
        for start, stop in zip(bounds, [*bounds[1:], end], strict=True):
            self._begin(self.pages(start), start, stop)

    def names_in(self, folder: str) -> list[str]:
        """Return the names in a folder, asked for once."""
        assert self.folders
        with self.asking:
            if folder not in self.names:
                self.names[folder] = sorted(self.folders(folder))
            return self.names[folder]


class _Waiting:
    """What was found and is not taken yet. Whoever finds more waits while that is much, by its keys and not its parts."""

    def __init__(self) -> None:
        lock = threading.Lock()
        self.room = threading.Condition(lock)
        self.some = threading.Condition(lock)
        self.found: deque[_Found] = deque()
        self.keys_count = 0
        self.is_stopped = False

    def put(self, found: _Found) -> None:
        """Add something, once there is room; nothing once it is stopped."""
        with self.room:
            self.room.wait_for(lambda: self.is_stopped or self.keys_count < _WAITING_KEYS_LIMIT)
            self.found.append(found)
            self.keys_count += _keys_count(found)
            self.some.notify()

    def take(self) -> _Found:
        """Return what was found first, once there is something."""
        with self.some:
            self.some.wait_for(lambda: self.found)
            found = self.found.popleft()
            was_full = self.keys_count >= _WAITING_KEYS_LIMIT
            self.keys_count -= _keys_count(found)
            if was_full and self.keys_count < _WAITING_KEYS_LIMIT:
                self.room.notify_all()
            return found

    def stop(self) -> None:
        """Drop what was found, and let nobody wait."""
        with self.room:
            self.is_stopped = True
            self.found.clear()
            self.room.notify_all()


def _keys_count(found: _Found) -> int:
    return len(found.keys.paths) if isinstance(found, Part) and found.keys else 1


class _Range:
    """The keys from one to another; it gives its far end away where it turns out to be long."""

    def __init__(self, lister: Lister, start: str, end: str) -> None:
        self.lister = lister
        self.start = start
        self.end = end
        """The first key that is another range's; empty for none."""
        self.pages_count = 0
        self.repositories_pages_count = 0

    def cut(self, pages: Iterator[Keys]) -> Iterator[Keys]:
        """Yield the pages up to the end, deciding after each whether to split."""
        for page in pages:
            if self.lister.stopped.is_set():
                return
            if self.end and page.paths and page.paths[-1] >= self.end:
                yield page.choose(range(bisect_left(page.paths, self.end)))
                return
            self.pages_count += 1
            if self.lister.folders and len(page.paths) == _KEYS_PER_PAGE:
                self._consider(page)
            yield page

    def _consider(self, page: Keys) -> None:
        """Split what shows itself to be long; a range that was split off only if it is twice as long as thought."""
        last = page.paths[-1]
        if self.pages_count == 1 and last.startswith(_BLOBS) and not self.start:
            self._split(_blob_bounds(page, self.lister.at_once))
        elif last.startswith(_REPOSITORIES):
            self.repositories_pages_count += 1
            if self.repositories_pages_count % (PAGES_PER_RANGE * (2 if self.start else 1)) == 0:
                self._split(self._repository_bounds(last))

    def _split(self, bounds: list[str]) -> None:
        if bounds:
            end, self.end = self.end, bounds[0]
            self.lister.split_off(bounds, end)

    def _repository_bounds(self, last: str) -> list[str]:
        """Return where to split what is left of the repositories, by their names."""
        folder = _REPOSITORIES
        for _ in range(_DEPTH_LIMIT):
            name = last[len(folder) :].partition("/")[0]
            if name.startswith("_"):
                break
            names = self.lister.names_in(folder)
            left = [n for n in names if n > name and not n.startswith("_") and (not self.end or folder + n < self.end)]
            if len(left) > 1:
                passed = max(1, sum(self.start < folder + other <= folder + name for other in names))
                pages_count = self.repositories_pages_count * len(left) / passed
                return [folder + other for other in _spread(left, pages_count, self.lister.at_once)]
            folder = f"{folder}{name}/"
        return []


def _spread(names: list[str], pages_count: float, at_once: int) -> list[str]:
    """Return the names at which to begin ranges of about equal length, if there is enough for one."""
    ranges_count = min(at_once, len(names), int(pages_count / PAGES_PER_RANGE))
    return [names[len(names) * number // ranges_count] for number in range(ranges_count)]


def _blob_bounds(page: Keys, at_once: int) -> list[str]:
    """Return where to split the blobs behind the first page, and where they end; nothing if they are few."""
    pages_left = (blobs_expected(page) - len(page.paths)) / _KEYS_PER_PAGE
    ranges_count = min(at_once, int(pages_left / PAGES_PER_RANGE))
    if ranges_count < 1:
        return []
    next_shard = math.floor((_place(page.paths[-1]) or 0.0) * _SHARDS) + 1
    step = (_SHARDS - next_shard) / (ranges_count + 1)
    shards = sorted({round(next_shard + step * number) for number in range(1, ranges_count + 1)})
    return [*(f"{_BLOBS}{shard:02x}" for shard in shards if shard < _SHARDS), f"{_BLOBS}g"]


def blobs_expected(page: Keys) -> int:
    """Return about how many blobs there are, from how close those of the first page lie; 0 if it tells nothing."""
    places = [_place(path) for path in page.paths if path.startswith(_BLOBS)]
    if len(places) < len(page.paths) or len(places) < _KEYS_PER_PAGE:
        return len(places)
    return int(len(places) / max(places[-1] or 0.0, 1e-9))


def _place(path: str) -> float | None:
    """Return where a blob lies among all digests, from 0 to 1."""
    try:
        return int(path[len(_BLOBS) + 3 :][:8], 16) / 2**32
    except ValueError:
        return None
