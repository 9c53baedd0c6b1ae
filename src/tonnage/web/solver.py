"""The cheapest set that frees so many bytes, worked out in a child process with a clock, and kept per inventory.

A page does not wait long for it: it says that it is being worked out, and asks again.
"""

import threading
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tonnage.plan import Plan
from tonnage.web.children import Child
from tonnage.web.pages.ladder import Step
from tonnage.web.site import Rules
from tonnage.web.snapshot import Snapshot

SECONDS = 120.0
_PATIENCE_SECONDS = 2.0
_MOST_BYTES = 100_000_000
_KEPT = 24


class Question(msgspec.Struct, frozen=True):
    """What the child is asked."""

    path: str
    goal_bytes: int
    """0 for the frontier alone."""
    older_is_cheaper: bool = False
    tags: list[tuple[str, str, str]] | None = None
    policy: str = ""
    in_use: str = ""
    registry_version: int = 2


class Point(msgspec.Struct, frozen=True):
    """A set of deletions on the frontier."""

    freed_bytes: int
    tags_count: int


class Solution(msgspec.Struct, frozen=True):
    """What came of it."""

    error: str = ""
    hint: str = ""
    points: list[Point] = []
    """Of the whole frontier, from nothing to all that may go."""
    plan: Plan | None = None


class Work(NamedTuple):
    """A question that is being worked on, or was."""

    done: threading.Event
    found: list[Solution]


class Solver:
    """Answers questions, one at a time, and keeps the answers of the snapshot of the moment."""

    def __init__(self, rules: Rules = Rules()) -> None:  # noqa: B008 - an immutable value
        self.rules = rules
        self.lock = threading.Lock()
        self.one_at_a_time = threading.Lock()
        self.works: dict[tuple[int, Question], Work] = {}
        self.child: Child | None = None

    def ask(
        self, snapshot: Snapshot, goal_bytes: int, older_is_cheaper: bool, seconds: float = _PATIENCE_SECONDS
    ) -> Solution | None:
        """Return the answer; None if it is still being worked out when the patience is at an end."""
        work = self._begin(snapshot, self._question(snapshot, goal_bytes, older_is_cheaper))
        return work.found[0] if work.done.wait(seconds) else None

    def hint(self, snapshot: Snapshot, ladder: Sequence[Step]) -> int | None:
        """Return how many tags half of what is left after the steps before goes with; None as long as nobody knows."""
        if (not ladder and not snapshot.counts.tags) or snapshot.refusal or snapshot.is_partial:
            return None
        solution = self.ask(snapshot, 0, False, 0)
        left = ladder[-1].left_bytes if ladder else snapshot.known_bytes
        before = sum(step.gain_bytes for step in ladder if step.key != "uploads")
        points = solution.points if solution else []
        return next((point.tags_count for point in points if point.freed_bytes >= before + left / 2), None)

    def stop(self) -> None:
        """End what is being worked out."""
        with self.lock:
            self.works.clear()
            child = self.child
        if child is not None:
            child.process.kill()

    def _question(self, snapshot: Snapshot, goal_bytes: int, older_is_cheaper: bool) -> Question:
        return Question(
            path=snapshot.path,
            goal_bytes=goal_bytes,
            older_is_cheaper=older_is_cheaper,
            tags=None if snapshot.tags is None else list(snapshot.tags),
            policy=self.rules.policy,
            in_use=self.rules.in_use,
            registry_version=self.rules.registry_version,
        )

    def _begin(self, snapshot: Snapshot, question: Question) -> Work:
        key = (id(snapshot), msgspec.structs.replace(question, tags=None))
        with self.lock:
            if key not in self.works:
                while len(self.works) >= _KEPT:
                    self.works.pop(next(iter(self.works)))
                self.works[key] = Work(threading.Event(), [])
                threading.Thread(target=self._work, args=(self.works[key], question), daemon=True).start()
            return self.works[key]

    def _work(self, work: Work, question: Question) -> None:
        with self.one_at_a_time:
            child = self.child = Child("tonnage.web.solver_child")
            child.tell(msgspec.msgpack.encode(question), is_all=True)
            said = child.answer(SECONDS, _MOST_BYTES)
            self.child = None
        try:
            found = Solution(error=f"it took more than {SECONDS:.0f} seconds") if said is None else _read(said)
        except msgspec.MsgspecError:
            found = Solution(error="the process that worked it out ended early")
        work.found.append(found)
        work.done.set()


def _read(said: bytes) -> Solution:
    return msgspec.msgpack.decode(said, type=Solution)
