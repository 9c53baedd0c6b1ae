"""A plan against the inventory of a later scan: what was predicted, what was measured, and why they differ."""

from typing import NamedTuple

from tonnage.database import Inventory, Table, statements
from tonnage.errors import TonnageError
from tonnage.knowledge import insist
from tonnage.plan import Action, Plan


class VerifyError(TonnageError):
    """The inventory cannot tell: it was made before the plan."""

    exit_code = 14
    hint = "collect, then scan again"


NOT_AS_PREDICTED = 16
"""Exit code of a verification that found a difference."""


class Verification(NamedTuple):
    """What came of a plan. Bytes are stored bytes of blobs."""

    predicted_bytes: int
    freed_bytes: int
    """Bytes of the predicted blobs that are gone."""
    items_count: int
    items_done_count: int
    findings: Table
    """What is not as predicted: columns finding, subject, size_bytes, cause. One row per finding."""

    @property
    def is_as_predicted(self) -> bool:
        """Whether everything went, to the byte."""
        return self.freed_bytes == self.predicted_bytes and not self.findings.rows


def verify(inventory: Inventory, plan: Plan) -> Verification:
    """Return what came of a plan. Raises VerifyError if the inventory is not later than the plan's."""
    insist(inventory, "files", "what a collection has freed")
    _refuse_old(inventory, plan)
    found = statements("verify")
    blobs = inventory.query(found["blobs"].sql, {"digests": list(plan.freed_blobs)}).rows
    deleted = [item for item in plan.items if item.action is Action.DELETE_MANIFEST]
    revisions = inventory.query(found["revisions"].sql, _keys(deleted, "digests", [i.digest for i in deleted])).rows
    untagged = [item for item in plan.items if item.action is Action.DELETE_TAG]
    tags = inventory.query(found["tags"].sql, _keys(untagged, "tags", [i.tags[0] for i in untagged])).rows
    rows: list[tuple[object, ...]] = []
    for repository, digest, state, names in revisions:
        cause = f"pushed again, or not deleted: {state}{f', tags {names}' if names else ''}"
        rows.append(("revision still there", f"{repository}@{digest}", None, cause))
    rows += [
        ("tag still there", f"{repository}:{tag}", None, f"points to {digest}") for repository, tag, digest in tags
    ]
    rows += [
        ("blob still there", digest, size_bytes, cause if example is None else f"{cause}: {example}")
        for digest, size_bytes, cause, example in blobs
    ]
    predicted_bytes = sum(plan.freed_blobs.values())
    still_bytes = sum(plan.freed_blobs[digest] for digest, *_ in blobs)
    columns = ["finding", "subject", "size_bytes", "cause"]
    return Verification(
        predicted_bytes=predicted_bytes,
        freed_bytes=predicted_bytes - still_bytes,
        items_count=len(plan.items),
        items_done_count=len(plan.items) - len(revisions) - len(tags),
        findings=Table(columns, ["VARCHAR", "VARCHAR", "BIGINT", "VARCHAR"], rows),
    )


def _keys(items: list, name: str, values: list[str]) -> dict[str, list[str]]:  # type: ignore[type-arg]
    return {"repositories": [item.repository for item in items], name: values}


def _refuse_old(inventory: Inventory, plan: Plan) -> None:
    ((location, scan_id),) = inventory.query("select location, scan_id from scan order by scan_id desc limit 1").rows
    if location != plan.source.location:
        raise VerifyError(f"the inventory is of `{location}`, the plan of `{plan.source.location}`")
    if scan_id <= plan.source.scan_id:
        raise VerifyError("the inventory is not later than the plan")
