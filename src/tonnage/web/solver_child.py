"""The process that works out the cheapest set for a goal."""

import sys
from datetime import UTC, datetime

import msgspec

from tonnage.errors import TonnageError
from tonnage.formats.references import parse_in_use
from tonnage.inventory.database import Inventory
from tonnage.planning.planner import Wanted, frontier_of, make_plan
from tonnage.planning.policy import parse_policy
from tonnage.web.children import become_child
from tonnage.web.solver import Point, Question, Solution

_MEMORY_BYTES = 8_000_000_000


def main() -> None:
    """Read a question, answer it."""
    become_child(_MEMORY_BYTES)
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(msgspec.msgpack.encode(solve(question)))


def solve(question: Question) -> Solution:
    """Return the frontier, and the plan for the goal if there is one."""
    try:
        with Inventory(question.path, tags=question.tags) as inventory:
            wanted = _wanted(question)
            points = frontier_of(inventory, wanted, datetime.now(UTC))
            plan = make_plan(inventory, wanted, datetime.now(UTC), predicts=False) if question.goal_bytes else None
    except TonnageError as error:
        return Solution(error=error.message, hint=error.next_step)
    return Solution(points=[Point(point.freed_bytes, point.tags_count) for point in points], plan=plan)


def _wanted(question: Question) -> Wanted:
    return Wanted(
        policy=parse_policy(question.policy) if question.policy else None,
        in_use=tuple(parse_in_use(question.in_use)) if question.in_use else (),
        free_bytes=question.goal_bytes,
        older_is_cheaper=question.older_is_cheaper,
        registry_version=question.registry_version,
        given_tags_count=None if question.tags is None else len(set(question.tags)),
    )


if __name__ == "__main__":
    main()
