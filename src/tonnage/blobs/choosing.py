"""Which blobs are read, and in which order. Pure but for the inventory that is asked.

A sample is taken by bytes: blobs in an order that chance gives, up to so many bytes. Every blob has the same chance to be
among them, and so has every byte; drawn by their size, the few largest would be read each time, and the many small never.
"""

import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tonnage.errors import NotKnownError
from tonnage.inventory.database import Inventory
from tonnage.inventory.known import knowledge_of
from tonnage.inventory.statements import statements
from tonnage.sizes import parse_size

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)\s*%")


class Blob(NamedTuple):
    """A file to be read."""

    digest: str
    path: str
    size_bytes: int
    modified_at: datetime | None


class Sample(NamedTuple):
    """How much is read: a share of all bytes, or so many."""

    percent: float | None
    size_bytes: int | None

    def bytes_of(self, total_bytes: int) -> int:
        """Return how many bytes that is."""
        return int(total_bytes * self.percent / 100) if self.percent is not None else self.size_bytes or 0


def parse_sample(text: str) -> Sample:
    """Return the sample of `5%` or `100GiB`. Raises ValueError.

    >>> parse_sample("5%").percent, parse_sample("100GiB").size_bytes
    (5.0, 107374182400)
    """
    if match := _SHARE.fullmatch(text.strip()):
        if not 0 < float(match[1]) <= 100:
            raise ValueError(f"`{text}` is not a share of the bytes; write it like 5% or 100GiB")
        return Sample(float(match[1]), None)
    try:
        return Sample(None, parse_size(text))
    except ValueError as error:
        raise ValueError(f"`{text}` is neither a share nor a size; write it like 5% or 100GiB") from error


def stored_blobs(inventory: Inventory) -> list[Blob]:
    """Return all there are, by path. Raises NotKnownError for an inventory that was read over HTTP."""
    if knowledge_of(inventory).kind == "registry":
        raise NotKnownError(
            "what is stored: unknown in an inventory that was read over HTTP",
            "scan the registry's storage: its folder, or its bucket",
        )
    return [Blob(*row) for row in inventory.query(statements("blobs")["stored"].sql).rows]


def left_over(blobs: Sequence[Blob], verified: dict[str, datetime], since: datetime | None) -> list[Blob]:
    """Return the blobs that were not verified, or before `since`, or before they were rewritten."""

    def is_done(blob: Blob) -> bool:
        at = verified.get(blob.path)
        return at is not None and (since is None or at >= since) and (blob.modified_at is None or at > blob.modified_at)

    return [blob for blob in blobs if not is_done(blob)]


def sampled(blobs: Sequence[Blob], sample: Sample, total_bytes: int, chance: random.Random) -> list[Blob]:
    """Return blobs by chance, of as many bytes as the sample has of `total_bytes`: at least one blob if there is any."""
    wanted, taken = sample.bytes_of(total_bytes), 0
    found: list[Blob] = []
    for blob in chance.sample(blobs, len(blobs)):
        if taken >= wanted:
            break
        found.append(blob)
        taken += blob.size_bytes
    return found


def newest_first(blobs: Sequence[Blob]) -> list[Blob]:
    """Return the blobs by when they were written, the last one first; those of which that is unknown come last."""
    never = datetime.min
    return sorted(blobs, key=lambda blob: (never if blob.modified_at is None else blob.modified_at, blob.path))[::-1]


def since_of(again_after_seconds: float | None, now: datetime) -> datetime | None:
    """Return before when a blob counts as not verified; None if once is for ever."""
    return None if again_after_seconds is None else now - timedelta(seconds=again_after_seconds)
