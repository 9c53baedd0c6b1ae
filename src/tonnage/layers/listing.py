"""The largest files of a layer, within bounds of time, bytes and entries: a layer is what anyone may have pushed."""

import heapq
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tonnage.layers.archive import DamagedError, File, entries
from tonnage.layers.packing import unpacked


@dataclass(frozen=True)
class Limits:
    """How much is read."""

    seconds: float = 20.0
    entries_count: int = 200_000
    content_bytes: int = 64 * 2**30
    """Unpacked."""
    largest_count: int = 50


@dataclass(frozen=True)
class Listing:
    """What was found in a layer."""

    largest: list[File]
    files_count: int
    content_bytes: int
    """Of all files met."""
    stopped: str
    """Why the reading ended before the layer did: time, entries, bytes, damaged; empty if it did not."""


class _StoppedError(Exception):
    """A bound is reached."""


class _Unpacked:
    """Unpacked bytes to be read and skipped, and counted."""

    def __init__(self, pieces: Iterator[bytes], limits: Limits, now: Callable[[], float]) -> None:
        self.pieces = pieces
        self.limits = limits
        self.now = now
        self.ends = now() + limits.seconds
        self.left = b""
        self.taken_bytes = 0

    def read(self, count: int) -> bytes:
        """Return so many bytes, or what is left."""
        while len(self.left) < count and self._more():
            pass
        found, self.left = self.left[:count], self.left[count:]
        return found

    def skip(self, count: int) -> bool:
        """Pass over so many bytes; return whether there were as many."""
        while count > len(self.left):
            count -= len(self.left)
            self.left = b""
            if not self._more():
                return False
        self.left = self.left[count:]
        return True

    def _more(self) -> bool:
        """Take the next piece. Raises _StoppedError."""
        if self.now() > self.ends:
            raise _StoppedError("time")
        if self.taken_bytes > self.limits.content_bytes:
            raise _StoppedError("bytes")
        piece = next(self.pieces, b"")
        self.taken_bytes += len(piece)
        self.left += piece
        return bool(piece)


def list_files(
    pieces: Iterator[bytes],
    limits: Limits = Limits(),
    now: Callable[[], float] = time.monotonic,
) -> Listing:
    """Return the largest files in an archive, packed or not, and how many there are. Raises OSError of the source."""
    found = _Found(limits)
    try:
        for number, entry in enumerate(entries(_Unpacked(unpacked(pieces), limits, now))):
            if number == limits.entries_count:
                raise _StoppedError("entries")
            found.add(entry)
    except _StoppedError as stopped:
        return found.listing(str(stopped))
    except DamagedError:
        return found.listing("damaged")
    return found.listing("")


class _Found:
    """The largest files so far."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.heap: list[tuple[int, int, File]] = []
        self.files_count = 0
        self.content_bytes = 0

    def add(self, entry: File) -> None:
        """Count an entry."""
        if not entry.is_file:
            return
        self.files_count += 1
        self.content_bytes += entry.size_bytes
        heapq.heappush(self.heap, (entry.size_bytes, -self.files_count, entry))
        if len(self.heap) > self.limits.largest_count:
            heapq.heappop(self.heap)

    def listing(self, stopped: str) -> Listing:
        """Return what was found, the largest first."""
        largest = [entry for _, _, entry in sorted(self.heap, reverse=True)]
        return Listing(largest, self.files_count, self.content_bytes, stopped)
