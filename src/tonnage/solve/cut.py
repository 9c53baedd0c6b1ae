"""The best set of units at one price: a minimum cut, exact in whole numbers of any size. Pure.

A *unit* is what can be deleted as a whole, at a cost; a blob is freed when all the units that hold it are gone. At a price
(bytes per unit of cost) the best set has the largest surplus: bytes freed less price times cost. To find it (maximum
closure as a minimum cut: Picard 1976, "Maximal closure of a graph and applications to combinatorial problems"), let each
blob share its bytes out among its holders, where a unit bears no more than price times cost. If all find room, no set has
a surplus. If not, the units left overloaded, with all that they could have shifted bytes to, are the smallest best set.
That set is unique, so two solvers cannot differ in it.

Measured on the images of .NET (46,910 units, 48,074 sets of holders, 168,379 pairs; 24,517 points, 11,694 cuts), CPU
seconds for the whole frontier, and on entangled random problems of 50,000 units with 0.35 and 1.06 million pairs:

    solver                        .NET  0.35 M  1.06 M  installed   limits
    this module                    0.8     9.4    16.3  0           none: Python's whole numbers
    OR-tools (Apache-2.0)          1.0     4.8     6.4  240 MB      64 bits
    SciPy maximum_flow (BSD)     0.01 to 0.07 a cut     215 MB      32 bits: bytes would have to be rounded

HiGHS solves it as a linear program in floating point, to a tolerance and not to the byte; igraph, PyMaxflow (GPL) and
pseudoflow (not for commercial use) have licences that do not fit. So the solver is here, and large cuts are given to
OR-tools where it is installed (the extra `plan`) and its 64 bits are enough.
"""

from collections.abc import Sequence
from itertools import chain
from math import gcd
from typing import Any, NamedTuple

_LARGE = 20_000
"""Pairs of blob and holder from which a cut is worth the import of OR-tools (0.05 s)."""
_BITS = 62
_DEAD = -1


class Network(NamedTuple):
    """Blobs and the units that hold them, units numbered from 0."""

    sizes: Sequence[int]
    """Bytes of each blob, above 0."""
    holders: Sequence[Sequence[int]]
    """The units of each blob, at least one."""
    costs: Sequence[int]
    """Cost of each unit, in whole numbers; 0 or more, and not all 0."""


def best_set(network: Network) -> list[int] | None:
    """Return the smallest set with the largest surplus at the price all bytes / all costs, ascending.

    None means that no set does better than that price: the units are worth the same, taken together or not at all.
    """
    freed_bytes, cost = sum(network.sizes), sum(network.costs)
    divisor = gcd(freed_bytes, cost)
    # Everything is multiplied by the denominator of the price: whole numbers, nothing to round.
    sizes = [size_bytes * (cost // divisor) for size_bytes in network.sizes]
    limits = [unit_cost * (freed_bytes // divisor) for unit_cost in network.costs]
    if sum(map(len, network.holders)) >= _LARGE and sum(sizes).bit_length() < _BITS:
        solver = _or_tools()
        if solver:
            return cut_by_or_tools(solver, sizes, network.holders, limits)
    return cut(sizes, network.holders, limits)


def cut(sizes: Sequence[int], holders: Sequence[Sequence[int]], limits: Sequence[int]) -> list[int] | None:
    """Return the overloaded units and all they could shift to; None if every byte finds room. Dinitz' algorithm."""
    loads = _Loads(sizes, holders, limits)
    while overloaded := loads.measure():
        for unit in overloaded:
            loads.relieve(unit)
    return loads.out_of_reach() or None


def cut_by_or_tools(
    max_flow: Any, sizes: Sequence[int], holders: Sequence[Sequence[int]], limits: Sequence[int]
) -> list[int] | None:
    """Return the same by the OR-tools module `max_flow`, where all sizes together fit into 62 bits."""
    flow = max_flow.SimpleMaxFlow()
    source, first_unit = len(sizes) + len(limits), len(sizes)
    for blob, size_bytes in enumerate(sizes):
        flow.add_arc_with_capacity(source, blob, size_bytes)
        for unit in holders[blob]:
            flow.add_arc_with_capacity(blob, first_unit + unit, size_bytes)
    for unit, limit in enumerate(limits):
        flow.add_arc_with_capacity(first_unit + unit, source + 1, limit)
    status = flow.solve(source, source + 1)
    if status != flow.OPTIMAL:
        raise ArithmeticError(f"OR-tools found no maximum flow: {status}")
    return sorted(node - first_unit for node in flow.get_source_side_min_cut() if first_unit <= node < source) or None


def _or_tools() -> Any:
    try:
        from ortools.graph.python import max_flow
    except ImportError:
        return None
    return max_flow


class _Loads:
    """Who bears how many bytes of which blob, and how far each overloaded unit is from one with room."""

    def __init__(self, sizes: Sequence[int], holders: Sequence[Sequence[int]], limits: Sequence[int]) -> None:
        self.holders = holders
        self.room = list(limits)
        """What a unit can still bear; below 0 it is overloaded."""
        self.borne: list[dict[int, int]] = [{} for _ in limits]
        """Bytes that a unit bears, by blob."""
        self.blobs_of: list[list[int]] = [[] for _ in limits]
        for blob, units in enumerate(holders):
            for unit in units:
                self.blobs_of[unit].append(blob)
        # Blobs with few holders first: the others have more places to go to.
        for blob in sorted(range(len(sizes)), key=lambda blob: len(holders[blob])):
            self._place(blob, sizes[blob])

    def _place(self, blob: int, rest: int) -> None:
        units = self.holders[blob]
        for unit in units:
            part = min(rest, self.room[unit])
            if part > 0:
                self._bear(unit, blob, part)
                rest -= part
        if rest:
            self._bear(units[0], blob, rest)

    def _bear(self, unit: int, blob: int, part: int) -> None:
        borne = self.borne[unit]
        borne[blob] = borne.get(blob, 0) + part
        self.room[unit] -= part

    def measure(self) -> list[int]:
        """Measure in shifts how far every unit is from one with room; return the overloaded within reach, near first."""
        self.distance = [0 if room > 0 else _DEAD for room in self.room]
        self.blob_distance = [_DEAD] * len(self.holders)
        self.position = [0] * len(self.holders)
        self.ways: dict[int, list[int]] = {}
        layer = [unit for unit, distance in enumerate(self.distance) if not distance]
        while layer:
            layer = self._measure_next(layer)
        overloaded = [unit for unit, room in enumerate(self.room) if room < 0 and self.distance[unit] > 0]
        return sorted(overloaded, key=self.distance.__getitem__)

    def _measure_next(self, layer: Sequence[int]) -> list[int]:
        """Return the units that can shift a blob onto one of this layer, and were not met before."""
        found = []
        distance, blob_distance, borne = self.distance, self.blob_distance, self.borne
        here = distance[layer[0]] + 1
        for blob in chain.from_iterable(self.blobs_of[unit] for unit in layer):
            if blob_distance[blob] == _DEAD:
                blob_distance[blob] = here
                for unit in self.holders[blob]:
                    if distance[unit] == _DEAD and blob in borne[unit]:
                        distance[unit] = here
                        found.append(unit)
        return found

    def relieve(self, start: int) -> None:
        """Shift bytes away from an overloaded unit, along shortest ways only, until it is not or none is left."""
        while self.room[start] < 0:
            way = self._way_from(start)
            if not way:
                return
            part = min(-self.room[start], self.room[way[-1][2]], *(self.borne[unit][blob] for unit, blob, _ in way))
            for unit, blob, other in way:
                self._bear(other, blob, part)
                self._bear(unit, blob, -part)
                if not self.borne[unit][blob]:
                    del self.borne[unit][blob]

    def _way_from(self, start: int) -> list[tuple[int, int, int]]:
        """Return shifts (from unit, blob, to unit) that end at a unit with room; empty if there is no way."""
        way: list[tuple[int, int, int]] = []
        unit = start
        while self.distance[unit]:
            step = self._step_from(unit)
            if step:
                way.append((unit, *step))
                unit = step[1]
            else:
                self.distance[unit] = _DEAD
                if not way:
                    break
                unit = way.pop()[0]
        return way

    def _step_from(self, unit: int) -> tuple[int, int] | None:
        """Return a blob and the unit, one shift nearer to room, that may take it over.

        A blob's targets are the same whoever shifts it, and one that is used up stays so until distances are measured
        again; that is why the position in its holders is kept.
        """
        here, borne = self.distance[unit], self.borne[unit]
        ways = self.ways.get(unit)
        if ways is None:
            ways = self.ways[unit] = [blob for blob in borne if self.blob_distance[blob] == here]
        while ways:
            blob = ways[-1]
            units = self.holders[blob]
            for position in range(self.position[blob], len(units) if blob in borne else 0):
                other = units[position]
                if self.distance[other] == here - 1 and (here > 1 or self.room[other] > 0):
                    self.position[blob] = position
                    return blob, other
            if blob in borne:
                self.position[blob] = len(units)
            ways.pop()
        return None

    def out_of_reach(self) -> list[int]:
        """Return the overloaded units and all to which they could shift, directly or not, ascending."""
        reached = [unit for unit, room in enumerate(self.room) if room < 0]
        seen = set(reached)
        for unit in reached:
            for other in chain.from_iterable(self.holders[blob] for blob in self.borne[unit]):
                if other not in seen:
                    seen.add(other)
                    reached.append(other)
        return sorted(reached)
