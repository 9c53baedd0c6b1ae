"""Read blobs and compare them with their digests: at no more than so many bytes a second, until a moment if there is one.

Nothing is written to the storage, and where the file system lets us, not even that it was read. What cannot be read is
a finding like what differs; a bucket or a disk of which ten in a row cannot be read ends the run.
"""

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from typing import NamedTuple

from tonnage.blobs.choosing import Blob
from tonnage.errors import StorageUnreadableError
from tonnage.storage import Storage

_AHEAD = 2
"""Blobs that wait for each thread, so that none waits for the next."""
_FAILURES_LIMIT = 10


class Problem(StrEnum):
    """What is wrong with a blob."""

    DIGEST_MISMATCH = "digest_mismatch"
    UNREADABLE = "unreadable"
    GONE = "gone"


class Read(NamedTuple):
    """A blob that was read, or could not be."""

    blob: Blob
    problem: Problem | None
    detail: str
    read_bytes: int


class Pace:
    """Lets no more than so many bytes a second through, of all threads together."""

    def __init__(
        self,
        bytes_per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.bytes_per_second = bytes_per_second
        self.clock, self.sleep = clock, sleep
        self.lock = threading.Lock()
        self.free_at = clock()

    def wait(self, count: int) -> None:
        """Wait until the bytes that were let through before are paid for, and take these on account."""
        if self.bytes_per_second is None:
            return
        with self.lock:
            now = self.clock()
            begins = max(self.free_at, now)
            self.free_at = begins + count / self.bytes_per_second
        if begins > now:
            self.sleep(begins - now)


def read_all(
    storage: Storage, blobs: Sequence[Blob], pace: Pace, is_over: Callable[[], bool], threads_count: int
) -> Iterator[Read]:
    """Yield what became of each blob, in about their order, until all are read or `is_over` says so.

    Raises StorageUnreadableError once ten in a row cannot be read.
    """
    failures = 0
    for found in _in_threads(storage, blobs, pace, is_over, threads_count):
        failures = failures + 1 if found.problem is Problem.UNREADABLE else 0
        yield found
        if failures >= _FAILURES_LIMIT:
            message = f"cannot read `{storage.location}`: {failures} blobs in a row, the last for {found.detail}"
            raise StorageUnreadableError(message)


def _in_threads(
    storage: Storage, blobs: Sequence[Blob], pace: Pace, is_over: Callable[[], bool], threads_count: int
) -> Iterator[Read]:
    waiting: deque[Future[Read]] = deque()
    with ThreadPoolExecutor(threads_count) as pool:
        try:
            for blob in blobs:
                if is_over():
                    break
                waiting.append(pool.submit(read_blob, storage, blob, pace))
                if len(waiting) > threads_count * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def read_blob(storage: Storage, blob: Blob, pace: Pace) -> Read:
    """Return what became of one blob."""
    algorithm, _, expected = blob.digest.partition(":")
    count = 0
    try:
        digest = hashlib.new(algorithm, usedforsecurity=False)
    except ValueError:
        return Read(blob, Problem.UNREADABLE, f"nothing here computes {algorithm}", count)
    try:
        for piece in storage.stream(blob.path):
            digest.update(piece)
            count += len(piece)
            pace.wait(len(piece))
    except FileNotFoundError:
        return Read(blob, Problem.GONE, "it is gone since the scan", count)
    except OSError as error:
        return Read(blob, Problem.UNREADABLE, error.strerror or str(error), count)
    if digest.hexdigest() == expected:
        return Read(blob, None, "", count)
    lengths = "" if count == blob.size_bytes else f", {count:,} bytes where the scan found {blob.size_bytes:,}"
    return Read(blob, Problem.DIGEST_MISMATCH, f"it has {algorithm}:{digest.hexdigest()}{lengths}", count)
