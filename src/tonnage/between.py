"""A cheap set of units that frees a goal lying between two points of the frontier. Heuristic, pure.

Between two corners of the hull the problem is a knapsack on top of a closure: no quick exact method is known. So good sets
are built, and `closure.choose` says how far from the proven bound the best of them is. Every way of building one grows a
selection by whole groups (all units still missing to free some blob, which is how pairs and triples are found), and then
trims what turned out not to be needed. It starts from several points of the frontier around the goal, and goes on from the
best set by taking single groups out again.
"""

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from itertools import chain
from typing import NamedTuple


class Holdings(NamedTuple):
    """Blobs and the units that hold them, each set of holders once."""

    costs: Sequence[int]
    """Cost of each unit, in whole numbers."""
    sizes: Sequence[int]
    """Bytes of each blob."""
    holders: Sequence[Sequence[int]]
    """The units of each blob."""
    blobs_of: Sequence[Sequence[int]]
    """The blobs of each unit."""


class Selection:
    """A set of units, with what it frees and what it costs."""

    def __init__(self, holdings: Holdings, units: Iterable[int] = ()) -> None:
        self.holdings = holdings
        self.units: set[int] = set()
        self.missing = [len(units) for units in holdings.holders]
        """Holders of each blob that are not chosen; at 0 the blob is freed."""
        self.freed_bytes = 0
        self.cost = 0
        for unit in units:
            self.add(unit)

    def add(self, unit: int) -> None:
        """Choose a unit."""
        self.units.add(unit)
        self.cost += self.holdings.costs[unit]
        for blob in self.holdings.blobs_of[unit]:
            self.missing[blob] -= 1
            if not self.missing[blob]:
                self.freed_bytes += self.holdings.sizes[blob]

    def drop(self, unit: int) -> None:
        """Keep a unit after all."""
        self.units.remove(unit)
        self.cost -= self.holdings.costs[unit]
        for blob in self.holdings.blobs_of[unit]:
            if not self.missing[blob]:
                self.freed_bytes -= self.holdings.sizes[blob]
            self.missing[blob] += 1

    def loss(self, unit: int) -> int:
        """Return the bytes no longer freed if this chosen unit were kept."""
        return sum(self.holdings.sizes[blob] for blob in self.holdings.blobs_of[unit] if not self.missing[blob])

    def missing_of(self, blob: int) -> frozenset[int]:
        """Return the units that are still to be chosen for this blob to be freed."""
        return frozenset(unit for unit in self.holdings.holders[blob] if unit not in self.units)

    def gain(self, units: frozenset[int]) -> int:
        """Return the bytes freed more if these units were chosen too."""
        touched: dict[int, int] = {}
        for blob in chain.from_iterable(self.holdings.blobs_of[unit] for unit in units):
            touched[blob] = touched.get(blob, 0) + 1
        return sum(self.holdings.sizes[blob] for blob, count in touched.items() if count == self.missing[blob])


def trim(selection: Selection, goal_bytes: int, among: Iterable[int]) -> None:
    """Keep the units of these that cost most for what they free, as long as the goal is still reached."""
    costs, holders = selection.holdings.costs, selection.holdings.holders

    def entry(unit: int) -> tuple[float, int]:
        return selection.loss(unit) / costs[unit], unit

    queue = [entry(unit) for unit in among if costs[unit] and unit in selection.units]
    heapify(queue)
    while queue:
        rate, unit = heappop(queue)
        if unit not in selection.units or rate != entry(unit)[0]:
            continue  # superseded: it went, or came in again when its loss fell
        if selection.freed_bytes - selection.loss(unit) < goal_bytes:
            continue
        kept = [blob for blob in selection.holdings.blobs_of[unit] if not selection.missing[blob]]
        selection.drop(unit)
        for other in set(chain.from_iterable(holders[blob] for blob in kept)):
            if other in selection.units and costs[other]:
                heappush(queue, entry(other))


def grow(selection: Selection, goal_bytes: int, blobs: Sequence[int], avoid: frozenset[int] = frozenset()) -> bool:
    """Choose groups of units that free one of these blobs, best bytes per cost first, until the goal is reached."""
    costs = selection.holdings.costs
    while selection.freed_bytes < goal_bytes:
        wanted_bytes = goal_bytes - selection.freed_bytes
        best, best_rate = frozenset[int](), 0.0
        for group in {selection.missing_of(blob) for blob in blobs if selection.missing[blob]}:
            if group == avoid:
                continue
            rate = min(selection.gain(group), wanted_bytes) / (sum(costs[unit] for unit in group) or 1e-9)
            if rate > best_rate or (rate == best_rate and sorted(group) < sorted(best)):
                best, best_rate = group, rate
        if not best:
            return False
        for unit in sorted(best):
            selection.add(unit)
    return True
