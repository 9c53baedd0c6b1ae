"""A plan against the inventory of a later scan: what was predicted, what was measured, and why they differ."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tonnage.errors import TonnageError
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.known import insist
from tonnage.inventory.statements import statements
from tonnage.plan import Action, Item, Plan, collected_blobs
from tonnage.sizes import format_size


class VerifyError(TonnageError):
    """The inventory cannot tell: it was made before the plan."""

    exit_code = 14
    hint = "collect, then scan again"


NOT_AS_PREDICTED = 16
"""Exit code of a verification that found a difference."""


class Verification(NamedTuple):
    """What came of a plan. Bytes are stored bytes of blobs."""

    predicted_bytes: int
    """What the plan predicted for the collection that was to follow it."""
    freed_bytes: int
    """Bytes of the predicted blobs that are gone."""
    items_count: int
    items_done_count: int
    notes: list[str]
    """Why what was predicted is not what is safe to free, if it is not."""
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
    deleted = [item for item in plan.items if item.action is Action.DELETE_MANIFEST]
    untagged = [item for item in plan.items if item.action is Action.DELETE_TAG]
    revisions = _ask(inventory, "revisions", **_keys(deleted, "digests", [item.digest for item in deleted]))
    tags = _ask(inventory, "tags", **_keys(untagged, "tags", [item.tags[0] for item in untagged]))
    predicted = collected_blobs(plan)
    blobs = _ask(inventory, "blobs", digests=list(predicted))
    predicted_bytes = sum(predicted.values())
    freed_bytes = predicted_bytes - sum(predicted[digest] for digest, *_ in blobs)
    return Verification(
        predicted_bytes=predicted_bytes,
        freed_bytes=freed_bytes,
        items_count=len(plan.items),
        items_done_count=len(plan.items) - len(revisions) - len(tags),
        notes=_notes(plan),
        findings=Table(
            ["finding", "subject", "size_bytes", "cause"],
            ["VARCHAR", "VARCHAR", "BIGINT", "VARCHAR"],
            [
                *(_revision_finding(*row) for row in revisions),
                *(("tag still there", f"{name}:{tag}", None, f"points to {digest}") for name, tag, digest in tags),
                *(_blob_finding(*row) for row in blobs),
                *_unpredicted(inventory, plan, freed_bytes),
            ],
        ),
    )


def _notes(plan: Plan) -> list[str]:
    """Return how the rules of the plan's collector differ from what is safe to free, as `orphans` and the card say it."""
    taken_bytes, left_bytes = (
        sum(plan.taken_blobs.values()),
        sum(plan.freed_blobs[digest] for digest in plan.left_blobs),
    )
    taken, left = _blobs(len(plan.taken_blobs), taken_bytes), _blobs(len(plan.left_blobs), left_bytes)
    notes = {
        f"{plan.collector} was to take {taken} that something still refers to": plan.taken_blobs,
        f"{plan.collector} was to leave {left} that nothing needs": plan.left_blobs,
    }
    return [note for note, blobs in notes.items() if blobs]


def _blobs(count: int, size_bytes: int) -> str:
    return f"{count:,} blob{'' if count == 1 else 's'} ({format_size(size_bytes)})"


_Finding = tuple[str, str, int | None, str]


def _revision_finding(repository: str, digest: str, state: str, tags: str | None) -> _Finding:
    cause = f"pushed again, or not deleted: {state}{f', tags {tags}' if tags else ''}"
    return "revision still there", f"{repository}@{digest}", None, cause


def _blob_finding(digest: str, size_bytes: int, cause: str, example: str | None) -> _Finding:
    return "blob still there", digest, size_bytes, cause if example is None else f"{cause}: {example}"


def _unpredicted(inventory: Inventory, plan: Plan, freed_bytes: int) -> list[_Finding]:
    """Return what left the disk besides, if anything did: all that was there, less what is, and is not new."""
    if plan.source.blob_bytes is None:
        return []
    ((blob_bytes, new_bytes),) = _ask(inventory, "now", since=_moment(plan))
    other_bytes = plan.source.blob_bytes - freed_bytes - (blob_bytes - new_bytes)
    if other_bytes <= 0:
        return []
    cause = (
        f"something else was deleted as well, or the collection was another than the plan's {plan.collector}: with -m?"
    )
    return [("blobs gone that were to stay", f"{other_bytes:,} bytes", other_bytes, cause)]


def _ask(inventory: Inventory, name: str, **values: object) -> list[tuple[Any, ...]]:
    return inventory.query(statements("verify")[name].sql, values).rows


def _keys(items: Sequence[Item], name: str, values: list[str]) -> dict[str, list[str]]:
    return {"repositories": [item.repository for item in items], name: values}


def _refuse_old(inventory: Inventory, plan: Plan) -> None:
    """Refuse an inventory of before. The number of a scan does not show it: an inventory recreated begins with 1 again."""
    ((location, is_later),) = _ask(inventory, "scan", since=_moment(plan))
    if location != plan.source.location:
        message = f"the inventory is of `{location}`, the plan of `{plan.source.location}`"
        raise VerifyError(message, "pass the inventory of the plan's storage with -i FILE")
    if not is_later:
        raise VerifyError("the inventory is not later than the plan")


def _moment(plan: Plan) -> str:
    """Return when the plan's scan was done, as the database reads it."""
    return plan.source.finished_at.removesuffix("Z")
