"""Has a part of the storage changed since an earlier scan? By the names, sizes and times that a listing gives. Pure."""

import marshal
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from tonnage.storage import Entry, Leaves, Type

CLOCK_MARGIN_US = 2_000_000
"""A change is taken for older than an earlier scan only by this much: the clocks of file systems are coarse. A file
written in the very moment it was read may have changed after that, unseen."""

_ANY_TIME = 2**63


class Earlier(NamedTuple):
    """What an earlier scan knew of a part."""

    fingerprint: bytes
    started_us: int


def trusted_before(started_us: int) -> int:
    """Return the time before which a change was seen by a scan that started then."""
    return started_us - CLOCK_MARGIN_US


def fingerprint_of(entries: Sequence[Entry | Leaves]) -> bytes:
    """Return a hash over all names, sizes and times that were listed; when a file was read is not a change of it."""
    plain = [
        entry[:5] if isinstance(entry, Leaves) else (*entry[:3], str.__str__(entry.type), entry.detail, entry.inode)
        for entry in entries
    ]
    return blake2b(marshal.dumps(plain), digest_size=16).digest()


def measure(entries: list[Entry | Leaves]) -> tuple[int, int]:
    """Return how many files were listed, and the time of the newest in µs; a file without a time may be of any."""
    files_count, newest_us = 0, 0
    for entry in entries:
        times = entry.modified_us if isinstance(entry, Leaves) else [_time_of(entry)]
        files_count += len(times)
        newest_us = _ANY_TIME if None in times else max(newest_us, max(times))  # type: ignore[type-var, assignment]
    return files_count, newest_us


def _time_of(entry: Entry) -> int | None:
    return entry.modified_us if entry.type in (Type.FILE, Type.ALIAS) else 0
