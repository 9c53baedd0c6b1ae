"""What can go, the least missed first. Each gain is that of a set, with the steps before it done."""

from typing import NamedTuple

from tonnage.inventory.database import Inventory
from tonnage.planning.deletions import Deletions
from tonnage.web.snapshot import Snapshot, run


class Step(NamedTuple):
    """A step of the ladder."""

    key: str
    gain_bytes: int
    left_bytes: int
    things_count: int


def ladder_of(snapshot: Snapshot, session: Inventory) -> list[Step]:
    """Return the steps that gain something; none where nothing can be planned, or where too little is known."""
    if snapshot.refusal or snapshot.is_partial:
        return []
    steps: list[Step] = snapshot.once("ladder", lambda: _steps(snapshot, session))
    return steps


def _steps(snapshot: Snapshot, session: Inventory) -> list[Step]:
    orphaned, untagged = _gains(session)
    uploads = sum(part.size_bytes or 0 for part in snapshot.classes if part.klass == "uploads")
    left = snapshot.known_bytes
    steps = []
    for key, gain, things in (
        ("collect", orphaned, snapshot.counts.orphaned),
        ("uploads", uploads, snapshot.counts.upload_files),
        ("untagged", untagged, snapshot.counts.untagged),
    ):
        left -= gain
        if gain:
            steps.append(Step(key, gain, left, things))
    return steps


def _gains(session: Inventory) -> tuple[int, int]:
    """Return what a collection frees, and what it frees more once the revisions without a tag are gone."""
    deletions = Deletions(session)
    rows = run(session, "untagged_revisions").rows
    deletions.add_rows("gone", [(repository, digest, "untagged") for repository, digest in rows])
    deletions.settle()
    totals = deletions.totals()
    return totals.orphaned_bytes or 0, totals.freed_bytes
