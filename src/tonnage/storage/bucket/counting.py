"""Requests: how many were sent, and what they cost.

Counted where they are decided on, so what is tried again after a failure counts once, as the clouds bill it.
"""

import threading
from typing import NamedTuple

from tonnage.storage import Keys
from tonnage.storage.bucket.address import Cloud
from tonnage.storage.bucket.listing import blobs_expected


class Price(NamedTuple):
    """US dollars for a thousand requests, standard storage, without taxes and agreements."""

    list_dollars: float
    get_dollars: float


PRICES = {
    Cloud.S3: Price(0.005, 0.0004),
    Cloud.GCS: Price(0.005, 0.0004),
    Cloud.AZURE: Price(0.0055, 0.00044),
}
"""As the clouds listed them in 2026: S3 Standard in us-east-1, GCS Standard in a region, Azure Hot LRS in East US."""

KEYS_PER_LIST = {Cloud.S3: 1000, Cloud.GCS: 1000, Cloud.AZURE: 5000}
"""Keys in one answer, at most."""


class Requests(NamedTuple):
    """Numbers of requests."""

    lists_count: int
    gets_count: int
    others_count: int = 0
    """Of an object's head, of versioning, of the parts of an upload: billed as gets or lists, and few."""

    def price_dollars(self, cloud: Cloud) -> float:
        """Return what they cost at the list price."""
        price = PRICES[cloud]
        return (
            self.lists_count * price.list_dollars + (self.gets_count + self.others_count) * price.get_dollars
        ) / 1000

    def describe(self, cloud: Cloud) -> str:
        """Return the numbers and the price in a few words."""
        others = f", {self.others_count:,} others" if self.others_count else ""
        dollars = f"${self.price_dollars(cloud):.4f} at the list price"
        return f"{self.lists_count:,} LISTs, {self.gets_count:,} GETs{others}: about {dollars}"


def foresee(expected: Requests, cloud: Cloud) -> str:
    """Return in a line what a scan will send."""
    return f"a first scan takes some {expected.describe(cloud)}; a rescan reads what is new"


_KEYS_PER_BLOB = 3
_READ_PER_BLOB = 0.5
"""About, where images have few layers: a blob has a layer link, and the link of a revision or a tag beside it; and of
four blobs of an image one is the manifest and one its configuration."""


def expect(first: Keys, cloud: Cloud) -> Requests:
    """Return about how many requests a first scan will send, from the first page of its listing."""
    blobs_count = blobs_expected(first)
    keys_count = max(len(first.paths), blobs_count * _KEYS_PER_BLOB if len(first.paths) == 1000 else 0)
    return Requests(-(-keys_count // KEYS_PER_LIST[cloud]), expect_reads(blobs_count).gets_count)


def expect_reads(blobs_count: int) -> Requests:
    """Return about how many of so many blobs a first scan reads."""
    return Requests(0, int(blobs_count * _READ_PER_BLOB))


class Counter:
    """Counts requests from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent = [0, 0, 0]

    def add(self, *, lists: int = 0, gets: int = 0, others: int = 0) -> None:
        """Note requests."""
        with self._lock:
            for position, count in enumerate((lists, gets, others)):
                self._sent[position] += count

    @property
    def sent(self) -> Requests:
        """What was sent until now."""
        with self._lock:
            return Requests(*self._sent)
