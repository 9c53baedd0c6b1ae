"""The blobs of an inventory, read in the storage and compared with their digests, with whom each mismatch hits."""

import random
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from tonnage.blobs.choosing import Blob, Sample, left_over, newest_first, sampled, since_of, stored_blobs
from tonnage.blobs.journal import Journal
from tonnage.blobs.reading import Pace, Problem, Read, read_all
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.statements import statements
from tonnage.monitor import Monitor
from tonnage.storage import Storage

_THREADS = 8
"""For a store that is waited for; a disk is read by one, in its own order."""
_ADVICE = {
    Problem.UNREADABLE: "Look at the disk and at the permissions, then read it again.",
    Problem.GONE: "A collection may have taken it: scan again. If not, push the image again.",
}
_COLUMNS = {
    "problem": "VARCHAR",
    "hits": "VARCHAR",
    "digest": "VARCHAR",
    "size_bytes": "BIGINT",
    "detail": "VARCHAR",
    "advice": "VARCHAR",
    "path": "VARCHAR",
    "tags_count": "BIGINT",
}


class Wanted(NamedTuple):
    """What is to be read, and how."""

    sample: Sample | None = None
    newest_first: bool = False
    again_after_seconds: float | None = None
    bytes_per_second: float | None = None
    longest_seconds: float | None = None


class Verified(NamedTuple):
    """What came of it."""

    read_count: int
    read_bytes: int
    left_count: int
    """Chosen, and not read in the time there was."""
    before_count: int
    """Not read, as the journal has them."""
    all_count: int
    problems: Table
    """One row per blob that is not as its digest says, or could not be read."""


def verify_blobs(
    inventory: Inventory,
    storage: Storage,
    wanted: Wanted,
    journal: Journal | None,
    now: Callable[[], datetime],
    monitor: Monitor,
) -> Verified:
    """Read what is wanted and return what came of it. `now` is in UTC without a zone.

    Raises StorageUnreadableError where nothing can be read any more.
    """
    blobs = stored_blobs(inventory)
    since = since_of(wanted.again_after_seconds, now())
    todo = left_over(blobs, journal.verified, since) if journal else blobs
    chosen = choose(todo, wanted, sum(blob.size_bytes for blob in blobs), random.Random())
    ends = None if wanted.longest_seconds is None else time.monotonic() + wanted.longest_seconds
    found: list[Read] = []
    read_count = read_bytes = 0
    monitor.begin("reading blobs", sum(blob.size_bytes for blob in chosen))
    reads = read_all(
        storage,
        chosen,
        Pace(wanted.bytes_per_second),
        lambda: ends is not None and time.monotonic() >= ends,
        _THREADS if storage.requests_at_once else 1,
    )
    for read in reads:
        if journal:
            journal.add(read.blob.path, now(), read.problem)
        read_count, read_bytes = read_count + 1, read_bytes + read.read_bytes
        found += [read] if read.problem else []
        monitor.advance(read.blob.size_bytes, 1)
    monitor.end()
    return Verified(
        read_count=read_count,
        read_bytes=read_bytes,
        left_count=len(chosen) - read_count,
        before_count=len(blobs) - len(todo),
        all_count=len(blobs),
        problems=_table(inventory, found),
    )


def choose(blobs: list[Blob], wanted: Wanted, total_bytes: int, chance: random.Random) -> list[Blob]:
    """Return what is to be read, in order."""
    chosen = sampled(blobs, wanted.sample, total_bytes, chance) if wanted.sample else blobs
    return newest_first(chosen) if wanted.newest_first else sorted(chosen, key=lambda blob: blob.path)


def _table(inventory: Inventory, found: list[Read]) -> Table:
    advice = dict(_ADVICE)
    if found:
        advice[Problem.DIGEST_MISMATCH] = str(inventory.query(statements("blobs")["advice"].sql).rows[0][0])
    rows = []
    for read in found:
        hits, count = _hits(inventory, read.blob.digest)
        assert read.problem is not None
        blob = read.blob
        rows.append(
            (str(read.problem), hits, blob.digest, blob.size_bytes, read.detail, advice[read.problem], blob.path, count)
        )
    return Table(list(_COLUMNS), list(_COLUMNS.values()), rows)


def _hits(inventory: Inventory, digest: str) -> tuple[str | None, int]:
    """Return the tags that need a blob, in words as `tonnage problems` says them, and how many they are."""
    ((count, first, last),) = inventory.query(statements("blobs")["hits"].sql, {"digest": digest}).rows
    more = f" and {count - 2:,} more" if count > 2 else ""
    return (first if count < 2 else f"{first}, {last}{more}"), count
