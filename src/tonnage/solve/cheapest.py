"""The cheapest set of units that frees so many bytes: the frontier where it has a point for it, a search between two. Pure.

A point of the frontier (see `closure`) is the best there is for the bytes it frees. A goal between two points is another
matter: the best set for it need not be on the frontier, and to find it is as hard as to pack a knapsack. So two things are
told apart. What is *proven*: the line between the two points bounds the cost of every set from below, and as costs are
multiples of some smallest coin, so does the next such multiple above it. What is *searched*: the cheapest set found.

The search starts with the first point that reaches the goal, and asks for less:

1. What is to be cheaper than the best set known cannot free a blob whose holders cost more than that together. Without
   such blobs the frontier has other points, and the line between them is another bound, as long as it is about sets that
   are cheaper than the best known.
2. The same with the point below the goal taken as given, and only what is on top of it to be found. This is no bound: the
   best set need not contain that point.
3. Of what was found, units are let go as long as the goal is met without them.

Where the bound comes up to the cost of the best set, that set is proven to be the best.
"""

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from math import gcd, inf
from typing import NamedTuple

from tonnage.solve.closure import Exact, Point, Problem, Step, in_units, make_exact, points_of, steps


class Choice(NamedTuple):
    """A set of units that frees the bytes wanted, and what is known of it."""

    units: frozenset[int]
    freed_bytes: int
    cost: int | float
    bound: int | float
    """Proven: no set that frees the bytes wanted costs less."""

    @property
    def is_proven(self) -> bool:
        """Whether no cheaper set frees the bytes wanted."""
        return self.bound == self.cost


class Answer(NamedTuple):
    """The choice for a goal, and the frontier it was made on."""

    points: list[Point]
    choice: Choice | None
    """None where all units together do not free the bytes wanted."""


def cheapest(problem: Problem, goal_bytes: int) -> Answer:
    """Return the cheapest set found that frees `goal_bytes` (0 or more), and what no set can do it for."""
    exact = make_exact(problem)
    found = steps(exact)
    points = points_of(found, exact.scale)
    if goal_bytes == 0:
        return Answer(points, Choice(frozenset(), 0, 0, 0))
    bracket = _bracket(found, goal_bytes)
    if bracket is None:
        return Answer(points, None)
    search = _Search(exact, goal_bytes)
    best, bound = search.run(bracket)
    freed_bytes, cost = search.freed_bytes(best), search.cost(best)
    choice = Choice(best, freed_bytes, in_units(cost, exact.scale), in_units(bound, exact.scale))
    return Answer(points, choice)


_ROUNDS_LIMIT = 8
"""Each takes as long as the frontier itself, and most of what can be had comes with the first."""


class _Bracket(NamedTuple):
    """The steps that do not reach a goal, and the one that does."""

    below: Sequence[Step]
    step: Step
    still_bytes: int
    """What the steps below leave to be freed."""

    @property
    def units(self) -> frozenset[int]:
        return frozenset(unit for step in (*self.below, self.step) for unit in step.units)


def _bracket(found: Sequence[Step], goal_bytes: int) -> _Bracket | None:
    """Return the steps around a goal; None if all of them do not reach it."""
    still_bytes = goal_bytes
    for at, step in enumerate(found):
        if step.freed_bytes >= still_bytes:
            return _Bracket(found[:at], step, still_bytes)
        still_bytes -= step.freed_bytes
    return None


class _Search:
    """The search for one goal, in whole numbers."""

    def __init__(self, exact: Exact, goal_bytes: int) -> None:
        self.exact = exact
        self.goal_bytes = goal_bytes
        self.coin = gcd(*exact.costs)
        """Every cost is a multiple of it."""

    def run(self, bracket: _Bracket) -> tuple[frozenset[int], int]:
        """Return the best set found, and the bound. `bracket` is that of the whole frontier."""
        best, bound = self._without_needless(bracket.units), self._line(bracket)
        best, bound = self._improve(frozenset(), best, bound)
        below = frozenset(unit for step in bracket.below for unit in step.units)
        best, _ = self._improve(below, best, bound)
        return best, bound

    def cost(self, units: Iterable[int]) -> int:
        """Return what units cost together."""
        return sum(self.exact.costs[unit] for unit in units)

    def freed_bytes(self, units: frozenset[int]) -> int:
        """Return what units free together."""
        return sum(size_bytes for holders, size_bytes in self.exact.blobs.items() if units.issuperset(holders))

    def _improve(self, given: frozenset[int], best: frozenset[int], bound: int) -> tuple[frozenset[int], int]:
        """Return the best of the sets that contain `given`, each asked to cost less than the one before; and the bound.

        Only where nothing is given does the bound change: what is found out then holds for all sets.
        """
        for _ in range(_ROUNDS_LIMIT):
            limit = self.cost(best) - self.cost(given)
            if bound == self.cost(best) or limit <= 0:
                break
            bracket = _bracket(steps(self._rest(given, limit)), self.goal_bytes - self.freed_bytes(given))
            if not given:
                bound = min(self.cost(best), max(bound, self._line(bracket) if bracket else self.cost(best)))
            if bracket is None:
                break
            other = self._without_needless(given | bracket.units)
            if self.cost(other) >= self.cost(best):
                break
            best = other
        return best, bound

    def _rest(self, given: frozenset[int], limit: int) -> Exact:
        """Return the problem that is left once `given` is gone, without blobs whose holders cost `limit` or more."""
        blobs: dict[tuple[int, ...], int] = {}
        for holders, size_bytes in self.exact.blobs.items():
            left = tuple(unit for unit in holders if unit not in given) if given else holders
            if left and self.cost(left) < limit:
                blobs[left] = blobs.get(left, 0) + size_bytes
        return self.exact._replace(blobs=blobs)

    def _line(self, bracket: _Bracket) -> int:
        """Return the least cost there can be on or above the line between the two points, at the goal."""
        step = bracket.step
        parts = self.cost(unit for s in bracket.below for unit in s.units) * step.freed_bytes
        parts += step.cost * bracket.still_bytes
        return -(-parts // (step.freed_bytes * self.coin)) * self.coin

    def _without_needless(self, units: frozenset[int]) -> frozenset[int]:
        """Return the set without units that the goal is met without, those first that cost much and free little."""
        freed = {holders: size for holders, size in self.exact.blobs.items() if units.issuperset(holders)}
        spare_bytes = sum(freed.values()) - self.goal_bytes
        held: dict[int, list[tuple[int, ...]]] = {unit: [] for unit in units}
        for holders in freed:
            for unit in holders:
                held[unit].append(holders)
        lost = {unit: sum(freed[holders] for holders in blobs) for unit, blobs in held.items()}
        queue = [self._needed(unit, lost[unit]) for unit in units]
        heapify(queue)
        chosen = set(units)
        while queue:
            entry = heappop(queue)
            unit = entry[1]
            if unit not in chosen or entry != self._needed(unit, lost[unit]) or lost[unit] > spare_bytes:
                continue
            chosen.remove(unit)
            spare_bytes -= lost[unit]
            for holders in held[unit]:
                size_bytes = freed.pop(holders, 0)
                for other in holders if size_bytes else ():
                    lost[other] -= size_bytes
                    heappush(queue, self._needed(other, lost[other]))
        return frozenset(chosen)

    def _needed(self, unit: int, lost_bytes: int) -> tuple[float, int]:
        """Return how much a unit is needed: what would be lost without it, for what it costs."""
        return lost_bytes / self.exact.costs[unit] if self.exact.costs[unit] else inf, unit
