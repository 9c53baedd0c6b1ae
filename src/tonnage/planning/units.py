"""The cheapest set of deletions that frees so many bytes: the units of an inventory, put before the solver."""

from collections.abc import Iterable, Sequence

from tonnage.errors import TonnageError
from tonnage.plan import Frontier, FrontierPoint
from tonnage.planning.deletions import Deletions
from tonnage.sizes import format_size
from tonnage.solve import closure
from tonnage.solve.cheapest import Answer, Choice, cheapest

_UNTAGGED_COST = 0.1
"""A revision no tag leads to is missed by nobody; it must cost something, or the choice among them is arbitrary."""
_HALF_LIFE_DAYS = 180
"""With `older_is_cheaper`, a tag this much older costs half."""
_POINTS_NEAR, _POINTS_FAR = 40, 20
"""Points of the frontier that a plan keeps, up to twice the goal and beyond: enough to draw it."""


class GoalUnreachableError(TonnageError):
    """Even if all went that may go, the bytes wanted would not be freed."""

    exit_code = 13
    hint = "allow more: a policy that keeps less, fewer images in use"


class _Units:
    """What may go, numbered as the solver counts, and the blobs that only they hold."""

    def __init__(self, deletions: Deletions, older_is_cheaper: bool) -> None:
        for name in ("protect_young", "units", "unit_members"):
            deletions.run(name)
        rows = deletions.run("unit_costs").rows
        numbers = {unit_id: number for number, (unit_id, *_) in enumerate(rows)}
        self.names = [(repository, digest) for _, repository, digest, _, _ in rows]
        self.tags_counts = [int(tags_count) for *_, tags_count, _ in rows]
        self.problem = closure.Problem(
            [_cost(tags_count, age_seconds, older_is_cheaper) for *_, tags_count, age_seconds in rows],
            [
                (size_bytes, tuple(numbers[int(unit)] for unit in holders.split()))
                for holders, size_bytes in deletions.run("unit_holders").rows
            ],
        )

    def point(self, units: Iterable[int], freed_bytes: int, cost: float) -> FrontierPoint:
        """Return a set of units as a plan keeps it."""
        chosen = list(units)
        tags_count = sum(self.tags_counts[unit] for unit in chosen)
        return FrontierPoint(freed_bytes=freed_bytes, cost=float(cost), tags_count=tags_count, units_count=len(chosen))


def cheapest_units(deletions: Deletions, goal_bytes: int, *, older_is_cheaper: bool) -> Frontier:
    """Add the cheapest units found that free `goal_bytes` to the deletions; return where they lie on the frontier.

    What is orphaned counts towards the goal: it goes with the same collection. Raises GoalUnreachableError.
    """
    orphaned_bytes = int(deletions.run("orphaned_total").rows[0][0])
    units = _Units(deletions, older_is_cheaper)
    answer = cheapest(units.problem, max(goal_bytes - orphaned_bytes, 0))
    choice = answer.choice
    if choice is None:
        most = format_size(answer.points[-1].freed_bytes + orphaned_bytes)
        raise GoalUnreachableError(f"all that may go frees {most}, not {format_size(goal_bytes)}")
    reasons = _reasons(units.problem, choice)
    deletions.add_rows("gone", [(*units.names[unit], reasons[unit]) for unit in sorted(choice.units)])
    return _frontier(units, answer, choice, goal_bytes, orphaned_bytes)


def whole_frontier(deletions: Deletions, *, older_is_cheaper: bool) -> list[FrontierPoint]:
    """Return the frontier from nothing to all that may go, thinned to what can be drawn."""
    orphaned_bytes = int(deletions.run("orphaned_total").rows[0][0])
    units = _Units(deletions, older_is_cheaper)
    points = closure.thin(cheapest(units.problem, 0).points, _POINTS_NEAR + _POINTS_FAR)
    return [units.point(point.units, point.freed_bytes + orphaned_bytes, point.cost) for point in points]


def _frontier(units: _Units, answer: Answer, choice: Choice, goal_bytes: int, orphaned_bytes: int) -> Frontier:
    points = [
        units.point(point.units, point.freed_bytes + orphaned_bytes, point.cost)
        for point in _to_keep(answer.points, goal_bytes - orphaned_bytes)
    ]
    chosen = units.point(choice.units, choice.freed_bytes + orphaned_bytes, choice.cost)
    return Frontier(goal_bytes=goal_bytes, points=points, chosen=chosen, bound_cost=float(choice.bound))


def _to_keep(points: Sequence[closure.Point], goal_bytes: int) -> list[closure.Point]:
    """Return some of the points, those right below and above the goal and the ends among them."""
    reaching = next(at for at, point in enumerate(points) if point.freed_bytes >= goal_bytes)
    nearer = next((at for at, point in enumerate(points) if point.freed_bytes >= 2 * goal_bytes), len(points) - 1) + 1
    kept = {point.freed_bytes: point for point in points[max(reaching - 1, 0) : reaching + 1]}
    for part, count in ((points[:nearer], _POINTS_NEAR), (points[nearer - 1 :], _POINTS_FAR)):
        kept.update({point.freed_bytes: point for point in closure.thin(part, count)})
    return [kept[freed_bytes] for freed_bytes in sorted(kept)]


def _cost(tags_count: int, age_seconds: float | None, older_is_cheaper: bool) -> float:
    """Return what it costs that a unit goes: 1 for each tag, little without one, less with age if that is wanted."""
    cost = float(tags_count) or _UNTAGGED_COST
    if older_is_cheaper and age_seconds is not None and age_seconds > 0:
        cost *= 0.5 ** (age_seconds / 86400 / _HALF_LIFE_DAYS)
    return max(round(cost, 3), 0.001)


def _reasons(problem: closure.Problem, choice: Choice) -> dict[int, str]:
    """Return why each unit was chosen: what it frees, alone or with the others it shares blobs with."""
    freed = [(size_bytes, holders) for size_bytes, holders in problem.blobs if choice.units.issuperset(holders)]
    group_of = closure.connected(choice.units, [holders for _, holders in freed])
    sizes: dict[int, int] = {}
    counts: dict[int, int] = {}
    for size_bytes, holders in freed:
        sizes[group_of[holders[0]]] = sizes.get(group_of[holders[0]], 0) + size_bytes
    for unit in choice.units:
        counts[group_of[unit]] = counts.get(group_of[unit], 0) + 1
    return {
        unit: "frees much for its cost"
        if counts[group] == 1
        else f"one of {counts[group]:,} that together free {format_size(sizes[group])}"
        for unit, group in group_of.items()
    }
