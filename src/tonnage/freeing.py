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
        return Frontier([(orphaned_bytes, 0.0)], (orphaned_bytes, 0.0), ["the next collection frees this without any deletion"])
    numbers = {unit_id: number for number, (unit_id, *_) in enumerate(units)}
    blobs = [
        (size_bytes, tuple(numbers[int(unit)] for unit in holders.split()))
        for holders, size_bytes in deletions.run("unit_holders").rows
    ]
    problem = closure.Problem([_cost(tags, age, older_is_cheaper) for _, _, _, tags, age in units], blobs)
    choice = _choose(problem, still_bytes, orphaned_bytes)
    rows: list[tuple[object, ...]] = [
        (units[number][1], units[number][2], f"cheapest way to free {format_size(goal_bytes)}") for number in choice.units
    ]
    deletions.add_rows("gone", rows)
    points = [(point.freed_bytes + orphaned_bytes, float(point.cost)) for point in choice.points]
    return Frontier(points, (choice.freed_bytes + orphaned_bytes, float(choice.cost)), choice.notes)
