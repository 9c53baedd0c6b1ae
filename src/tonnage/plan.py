"""The plan: what to delete, in which order, and why. A JSON document that a person reviews and `apply` follows.

It is the only thing `apply` knows: what is not an item of the plan is never deleted. It holds everything needed to
check each item again at the moment of the call, and to check afterwards that what was predicted is what happened.
"""

import hashlib
from enum import StrEnum

import msgspec

from tonnage.errors import TonnageError

PLAN_VERSION = 1
"""Version of the document. It only grows; a plan of a later version is refused."""


class PlanError(TonnageError):
    """The file is no plan, or one that was changed after it was made."""

    exit_code = 11
    hint = "make a new one: tonnage plan"


class Action(StrEnum):
    """What is done to the registry."""

    DELETE_MANIFEST = "delete manifest"
    """DELETE by digest: the revision and every tag of its repository that points to it."""
    DELETE_TAG = "delete tag"
    """DELETE by tag: the tag alone, a sibling tag keeps the revision. Only 3.x can."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One call. Items are in the order of the calls: an index before its children, a subject before its referrers."""

    action: Action
    repository: str
    digest: str
    tags: list[str] = []
    """Tags that go with it: all that pointed to the digest, or the one tag that is deleted."""
    kind: str
    """image, index, artifact, schema1, unreadable."""
    reason: str
    size_bytes: int
    """Stored bytes it needs, shared ones included; what is freed is told for the whole plan."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Something a rule would have taken and another kept."""

    repository: str
    digest: str
    tags: list[str] = []
    reason: str


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of collection frees after the plan was applied, in bytes of blobs."""

    collector: str
    """`2.x`, `2.x -m`, `3.x`, `3.x -m`; `safe` is what is unreferenced by OCI's meaning."""
    freed_bytes: int
    freed_blobs_count: int
    is_at_most: bool = False
    """It may be less, down to nothing: revisions that nobody could list may need the same blobs."""
    broken_images_count: int = 0
    """Tagged images outside of the plan that would no longer pull completely after it."""
    aborts_on: str | None = None
    """The file on which it would stop, if it would."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The scan the plan was made from."""

    location: str
    scan_id: int
    finished_at: str
    stored_bytes: int | None
    """Bytes of all files; null where they were not listed."""
    unknown: list[str] = []
    """What this scan could not know, in words: over HTTP untagged revisions, orphaned blobs, and so on."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan. `id` is a hash over all the rest: to confirm it is to confirm exactly this."""

    version: int = PLAN_VERSION
    id: str = ""
    created_at: str
    source: Source
    goal: str
    """In words: the policy, or the bytes wanted."""
    items: list[Item]
    kept: list[Kept] = []
    predictions: list[Prediction] = []
    freed_blobs: dict[str, int] = {}
    """Blobs the safe collection frees after the plan, with their bytes, what is orphaned already included."""
    commands: list[str] = []
    notes: list[str] = []


def seal(plan: Plan) -> Plan:
    """Return the plan with its id."""
    return msgspec.structs.replace(plan, id=_id_of(plan))


def write_plan(plan: Plan) -> str:
    """Return the plan as JSON, a line per item, so that two plans can be compared by diff."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=1).decode() + "\n"


def read_plan(content: bytes) -> Plan:
    """Return the plan of a document. Raises PlanError if it is none, of a later version, or changed since."""
    try:
        plan = msgspec.json.decode(content, type=Plan)
    except msgspec.MsgspecError as error:
        raise PlanError(f"not a plan: {error}") from error
    if plan.version > PLAN_VERSION:
        raise PlanError(f"the plan is of version {plan.version}; this tonnage reads {PLAN_VERSION}")
    if plan.id != _id_of(plan):
        raise PlanError("the plan was changed after it was made")
    return plan


def _id_of(plan: Plan) -> str:
    content = msgspec.json.encode(msgspec.structs.replace(plan, id=""))
    return hashlib.sha256(content).hexdigest()[:12]
