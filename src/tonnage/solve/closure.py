"""Which units to delete, to free most for the cost: the frontier of all best choices, and the choice for a goal. Pure.

A *unit* is deleted as a whole, at a cost; a blob is freed only when all units that hold it are gone, so what a set of
units frees is more than the sum of what each frees alone. That is the maximum-weight closure problem, or project
selection. At any price in bytes per unit of cost the set with the largest surplus (bytes freed less price times cost) is a
minimum cut, see `cut`. As the price falls these sets only grow, each one containing the one before (Picard 1976; Gallo,
Grigoriadis and Tarjan 1989): they are the corners of the upper hull of all that is possible in the plane of cost and bytes
freed, and no other set lies above the lines between them. That is what is proven of every point here, to the byte.

The way through all prices is divide and conquer (Eisner and Severance 1976). Take a connected group of units at the price
of the group as a whole. If no part of it has a surplus it is one *step*: all of it is chosen at that price, or nothing.
Else the part with the largest surplus belongs to higher prices, and the rest, with the part taken as gone, to lower ones;
both are smaller problems of the same kind, and fall apart into groups of their own. All steps in the order of their
prices are the frontier. On the images of .NET it has 24,517 points and takes about a second (`bench/closure.py`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cmp_to_key
from math import inf, isfinite, lcm
from typing import NamedTuple

from tonnage.solve.cut import Network, best_set


class Problem(NamedTuple):
    """Units that may go, numbered from 0, and the blobs that only they hold."""

    costs: Sequence[int | float]
    """Cost of each unit, 0 or more. A float is taken as the decimal it prints as: 0.1 is a tenth."""
    blobs: Sequence[tuple[int, Sequence[int]]]
    """Bytes, and the units that hold the blob: at least one. What others hold too cannot be freed, and is left out."""


@dataclass(frozen=True, slots=True)
class Point:
    """A set of units that no other set beats at its price: none frees more at this cost, none frees this for less."""

    freed_bytes: int
    cost: int | float
    price: float
    """Bytes freed per unit of cost by the last step that leads here; infinite for what costs nothing."""
    units_count: int
    _order: tuple[int, ...] = field(repr=False, compare=False)

    @property
    def units(self) -> frozenset[int]:
        """The units chosen. Those of the points before are all among them."""
        return frozenset(self._order[: self.units_count])


class Step(NamedTuple):
    """Units that are chosen together, on top of all steps before."""

    freed_bytes: int
    cost: int
    """In whole numbers, see `Exact.scale`."""
    units: tuple[int, ...]


class Exact(NamedTuple):
    """A problem in whole numbers, each set of holders once."""

    costs: list[int]
    scale: int
    """What costs were multiplied with."""
    blobs: dict[tuple[int, ...], int]
    """Bytes by holders, ascending."""


def frontier(problem: Problem) -> list[Point]:
    """Return the points from nothing to all that can be freed, each set within the next, freed bytes and cost ascending.

    Units that hold nothing are in no point. Raises ValueError for what is not a problem.
    """
    exact = make_exact(problem)
    return points_of(steps(exact), exact.scale)


def thin(points: Sequence[Point], max_points: int) -> list[Point]:
    """Return so many of the points at most, evenly over the bytes; the first and the last stay."""
    if len(points) <= max_points:
        return list(points)
    last, share = points[-1], points[-1].freed_bytes / (max_points - 1)
    kept = [points[0]]
    for point in points:
        if (
            point.freed_bytes >= share * len(kept)
            and len(kept) < max_points - 1
            and point != last
            and point != kept[-1]
        ):
            kept.append(point)
    return [*kept, last]


def make_exact(problem: Problem) -> Exact:
    """Return the problem in whole numbers. Raises ValueError for a cost or a holder that cannot be."""
    costs, scale = _whole(problem.costs)
    blobs: dict[tuple[int, ...], int] = {}
    for size_bytes, holders in problem.blobs:
        key = tuple(sorted(set(holders)))
        if not key or key[0] < 0 or key[-1] >= len(costs) or size_bytes < 0:
            raise ValueError(f"a blob of {size_bytes} bytes held by {key or 'nobody'}, of {len(costs)} units")
        if size_bytes:
            blobs[key] = blobs.get(key, 0) + size_bytes
    return Exact(costs, scale, blobs)


def _whole(costs: Sequence[int | float]) -> tuple[list[int], int]:
    exact: dict[int | float, Fraction] = {}
    for cost in set(costs):
        if not isfinite(cost) or cost < 0:
            raise ValueError(f"a cost of {cost}")
        exact[cost] = Fraction(cost if isinstance(cost, int) else str(cost))
    scale = lcm(*(value.denominator for value in exact.values()))
    whole = {cost: int(value * scale) for cost, value in exact.items()}
    return [whole[cost] for cost in costs], scale


def points_of(found: Iterable[Step], scale: int) -> list[Point]:
    """Return the points the steps lead to, nothing at all first."""
    found = list(found)
    order = tuple(unit for step in found for unit in step.units)
    points = [Point(0, 0, inf, 0, order)]
    freed_bytes = cost = count = 0
    for step in found:
        freed_bytes, cost, count = freed_bytes + step.freed_bytes, cost + step.cost, count + len(step.units)
        price = step.freed_bytes * scale / step.cost if step.cost else inf
        points.append(Point(freed_bytes, in_units(cost, scale), price, count, order))
    return points


def in_units(cost: int, scale: int) -> int | float:
    """Return a cost as the caller counts it: whole if it is whole."""
    return cost // scale if cost % scale == 0 else cost / scale


def steps(exact: Exact) -> list[Step]:
    """Return all steps, the most bytes per cost first; of equal ones the smaller first."""
    found = []
    groups = _groups(range(len(exact.costs)), exact.blobs)
    while groups:
        units, blobs = groups.pop()
        freed_bytes, cost = sum(blobs.values()), sum(exact.costs[unit] for unit in units)
        part = _best_part(exact.costs, units, blobs) if len(units) > 1 and cost else None
        if part is None:
            found.append(Step(freed_bytes, cost, tuple(units)))
        else:
            groups += _split(units, blobs, part)
    # A part has a price strictly above that of its group, the rest at most that: the order is one that can be gone.
    return sorted(found, key=cmp_to_key(_dearer_first))


def _dearer_first(a: Step, b: Step) -> int:
    by_price = b.freed_bytes * a.cost - a.freed_bytes * b.cost
    return by_price or (1 if (a.cost, a.units) > (b.cost, b.units) else -1)


def _best_part(costs: Sequence[int], units: Sequence[int], blobs: dict[tuple[int, ...], int]) -> set[int] | None:
    number = {unit: at for at, unit in enumerate(units)}
    network = Network(
        list(blobs.values()),
        [[number[unit] for unit in holders] for holders in blobs],
        [costs[unit] for unit in units],
    )
    part = best_set(network)
    return None if part is None else {units[at] for at in part}


_Group = tuple[list[int], dict[tuple[int, ...], int]]
"""Units that blobs connect, ascending, and their blobs."""


def _split(units: Sequence[int], blobs: dict[tuple[int, ...], int], part: Collection[int]) -> list[_Group]:
    """Return the groups of the part, and the groups of the rest once the part is gone."""
    freed: dict[tuple[int, ...], int] = {}
    left: dict[tuple[int, ...], int] = {}
    for holders, size_bytes in blobs.items():
        others = tuple(unit for unit in holders if unit not in part)
        if others:
            left[others] = left.get(others, 0) + size_bytes
        else:
            freed[holders] = size_bytes
    return _groups(sorted(part), freed) + _groups([unit for unit in units if unit not in part], left)


def _groups(units: Iterable[int], blobs: dict[tuple[int, ...], int]) -> list[_Group]:
    """Return the connected groups that have blobs at all; units that hold nothing are in none."""
    group_of = connected(units, blobs)
    members: dict[int, _Group] = {}
    for holders, size_bytes in blobs.items():
        members.setdefault(group_of[holders[0]], ([], {}))[1][holders] = size_bytes
    for unit, group in group_of.items():
        if group in members:
            members[group][0].append(unit)
    return list(members.values())


def connected(units: Iterable[int], holders_of_blobs: Iterable[Sequence[int]]) -> dict[int, int]:
    """Return the group of each unit, named by one of its units: units that hold a blob together are in one."""
    parent = {unit: unit for unit in units}

    def root(unit: int) -> int:
        while parent[unit] != unit:
            parent[unit] = parent[parent[unit]]
            unit = parent[unit]
        return unit

    for holders in holders_of_blobs:
        first = root(holders[0])
        for unit in holders[1:]:
            parent[root(unit)] = first
    return {unit: root(unit) for unit in parent}
