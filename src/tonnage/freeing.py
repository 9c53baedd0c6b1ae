"""The cheapest set of deletions that frees so many bytes: the units of an inventory, put before the solver."""

from typing import NamedTuple

from tonnage import closure
from tonnage.errors import TonnageError
from tonnage.sizes import format_size
from tonnage.what_if import Deletions

_UNTAGGED_COST = 0.1
"""A revision no tag leads to is missed by nobody; it must cost something, or the choice among them is arbitrary."""
_HALF_LIFE_DAYS = 180
"""With `older_is_cheaper`, a tag this much older costs half."""


class GoalUnreachableError(TonnageError):
    """Even if all went that may go, the bytes wanted would not be freed."""

    exit_code = 13
    hint = "allow more: a policy that keeps less, fewer images in use"


class Frontier(NamedTuple):
    """Where the choice was made: bytes freed against cost, and what is proven of the point chosen."""

    points: list[tuple[int, float]]
    """Freed bytes, what is orphaned already included, and the cost; ascending."""
    chosen: tuple[int, float]
    notes: list[str]


def cheapest_units(deletions: Deletions, goal_bytes: int, *, older_is_cheaper: bool) -> Frontier:
    """Add the cheapest units that free `goal_bytes` to the deletions; return where they lie on the frontier.

    What is orphaned counts towards the goal: it goes with the same collection. Raises GoalUnreachableError.
    """
    deletions.run("units")
    deletions.run("unit_members")
    orphaned_bytes = int(deletions.run("orphaned_total").rows[0][0])
    units = deletions.run("unit_costs").rows
    still_bytes = goal_bytes - orphaned_bytes
    if still_bytes <= 0:
        return Frontier(
            [(orphaned_bytes, 0.0)], (orphaned_bytes, 0.0), ["the next collection frees this without any deletion"]
        )
    numbers = {unit_id: number for number, (unit_id, *_) in enumerate(units)}
    blobs = [
        (size_bytes, tuple(numbers[int(unit)] for unit in holders.split()))
        for holders, size_bytes in deletions.run("unit_holders").rows
    ]
    problem = closure.Problem([_cost(tags, age, older_is_cheaper) for _, _, _, tags, age in units], blobs)
    points = closure.frontier(problem, goal_bytes=still_bytes)
    chosen = points[-1]
    if chosen.freed_bytes < still_bytes:
        most = format_size(chosen.freed_bytes + orphaned_bytes)
        raise GoalUnreachableError(f"all that may go frees {most}, not {format_size(goal_bytes)}")
    rows: list[tuple[object, ...]] = [
        (units[number][1], units[number][2], f"cheapest way to free {format_size(goal_bytes)}")
        for number in sorted(chosen.units)
    ]
    deletions.add_rows("gone", rows)
    ascending = [(point.freed_bytes + orphaned_bytes, float(point.cost)) for point in points]
    return Frontier(ascending, ascending[-1], [_proof(points, still_bytes)])


def _cost(tags_count: int, age_seconds: float | None, older_is_cheaper: bool) -> float:
    """Return what it costs that a unit goes: 1 for each tag, little without one, less with age if that is wanted."""
    cost = float(tags_count) or _UNTAGGED_COST
    if older_is_cheaper and age_seconds is not None and age_seconds > 0:
        cost *= 0.5 ** (age_seconds / 86400 / _HALF_LIFE_DAYS)
    return max(round(cost, 3), 0.001)


def _proof(points: list[closure.Point], goal_bytes: int) -> str:
    """Return what is proven of the last point: nothing frees as much for less; how little the goal itself may cost."""
    last, before = points[-1], points[-2]
    if last.freed_bytes == goal_bytes:
        return f"proven: nothing frees this for less than a cost of {float(last.cost):,.1f}"
    share = (goal_bytes - before.freed_bytes) / (last.freed_bytes - before.freed_bytes)
    bound = float(before.cost) + share * (float(last.cost) - float(before.cost))
    return (
        f"proven: nothing frees {format_size(last.freed_bytes)} for less than a cost of {float(last.cost):,.1f};"
        f" the goal itself may be had for {bound:,.1f} at the least"
    )
