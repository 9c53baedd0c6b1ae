"""How fast a storage grows, and when at that pace its volume is full. Pure."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

DAYS = 30
"""What the pace is taken from: the scans of the last days."""
_LEAST_DAYS, _MOST_DAYS = 7, 730


class Volume(NamedTuple):
    """The room of the storage's volume."""

    size_bytes: int
    free_bytes: int
    """What an ordinary user may still fill."""


def bytes_over(volume: Volume, percent: float) -> int:
    """Return what has to be freed until a volume is no fuller than so many percent; 0 if it is not.

    >>> bytes_over(Volume(1000, 100), 80), bytes_over(Volume(1000, 300), 80)
    (100, 0)
    """
    return max(math.ceil(volume.size_bytes * (1 - percent / 100)) - volume.free_bytes, 0)


def pace(sizes: Sequence[tuple[datetime, int]]) -> tuple[int | None, int]:
    """Return the bytes gained in the last days, and in how many: none of it from less than a week of scans.

    `sizes` are those of the scans, in their order.
    """
    if not sizes:
        return None, 0
    last_at, last_bytes = sizes[-1]
    first_at, first_bytes = next((at, size) for at, size in sizes if (last_at - at).days <= DAYS)
    days = (last_at - first_at).days
    return (last_bytes - first_bytes, days) if days >= _LEAST_DAYS else (None, days)


def full_days(gained_bytes: int | None, days: int, volume: Volume | None) -> int | None:
    """Return in how many days the volume is full; None if that is unknown, or far away."""
    if volume is None or not gained_bytes or gained_bytes <= 0:
        return None
    left = int(volume.free_bytes / (gained_bytes / days))
    return left if left < _MOST_DAYS else None
