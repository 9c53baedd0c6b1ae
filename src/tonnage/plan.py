"""The plan: what to delete, in which order, and why. A JSON document that a person reviews and `apply` follows.

It is the only thing `apply` knows: what is not an item of the plan is never deleted. It holds everything needed to
check each item again at the moment of the call, and to check afterwards that what was predicted is what happened.
"""

import hashlib
from enum import StrEnum

import msgspec

from tonnage.errors import TonnageError, UsageError

PLAN_VERSION = 3
"""Version of the document. A plan of a later version is refused; so are versions 1 and 2, whose ids are of less."""

_SHOWN_DIGITS = 12
"""So much of an id is shown to people, and in the names of files; it is never compared."""
_CONFIRMED_DIGITS = 32
"""So much of an id confirms a plan: two plans with the same 12 digits are made in seconds, on purpose."""


class PlanError(TonnageError):
    """The file is not a plan, or one that was changed after it was made."""

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
    """Which call it is."""
    repository: str
    """Where."""
    digest: str
    """Of the manifest; checked again at the moment of the call."""
    tags: list[str] = []
    """Tags that go with it: all that pointed to the digest, or the one tag that is deleted."""
    kind: str
    """image, index, artifact, schema1, unreadable."""
    reason: str
    """Why it goes."""
    size_bytes: int
    """Stored bytes it needs, shared ones included; what is freed is stated for the whole plan."""
    exclusive_bytes: int = 0
    """Those of them that nothing else in the registry needs, whatever else goes."""
    missing: list[str] = []
    """Digests that it needs, itself or through an index in it, and the repository does not have."""
    used_at: str | None = None
    """The last use that is known, UTC: it was used then, or later. Null where none is known."""
    unused_since_at: str | None = None
    """Since when it was surely not used, UTC. Null where that is unknown, or it may have been used until the scan."""

    @property
    def final_because(self) -> str:
        """Why it cannot be taken back: a registry refuses what lacks a part. Empty where nothing is known against it."""
        if self.missing:
            others = f" and {len(self.missing) - 1:,} more" if len(self.missing) > 1 else ""
            return f"`{self.missing[0]}`{others} is missing"
        return "a registry may refuse schema 1" if self.kind == "schema1" else ""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Something a rule would have taken and another kept."""

    repository: str
    """Where."""
    digest: str
    """Of the manifest."""
    tags: list[str] = []
    """Those that were considered; none for a manifest without a tag."""
    reason: str
    """Why it stays."""


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of collection frees after the plan was applied, in bytes of blobs."""

    collector: str
    """`2.x`, `2.x -m`, `3.x`, `3.x -m`; `safe` is what is unreferenced by OCI's meaning."""
    freed_bytes: int
    """Bytes of the blobs that it removes, those orphaned already included."""
    orphaned_bytes: int = 0
    """Bytes of those among them that were orphaned already: they go in any case."""
    freed_blobs_count: int
    """Number of these blobs."""
    is_at_most: bool = False
    """It may be less, down to nothing: revisions that nobody could list may need the same blobs."""
    broken_images_count: int = 0
    """Tagged images outside of the plan that would no longer pull completely after it."""
    broken_referrers_count: int = 0
    """Signatures, SBOMs and the like of images that stay, lost by it."""
    aborts_on: str | None = None
    """The file on which it would stop, if it would."""

    @property
    def harm(self) -> str | None:
        """Why it should not be run, in words; None if nothing speaks against it."""
        if self.aborts_on:
            return f"it would stop on {self.aborts_on}"
        broken = {
            ("tagged image", "tagged images"): self.broken_images_count,
            ("signature or other referrer", "signatures and other referrers"): self.broken_referrers_count,
        }
        lost = " and ".join(
            f"{count:,} {one if count == 1 else many}" for (one, many), count in broken.items() if count
        )
        return f"it would break {lost} outside of the plan" if lost else None


class FrontierPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A set of deletions, by what it frees and what it costs."""

    freed_bytes: int
    """What is orphaned already included."""
    cost: float
    """1 for each tag and 0.1 for a manifest without one; less with age where that was wanted."""
    tags_count: int
    """Tags that go."""
    units_count: int
    """Images and indexes, each with all that goes with it."""


class Frontier(msgspec.Struct, frozen=True, kw_only=True):
    """The best trade-offs between bytes and cost, and the choice that was made for a goal."""

    goal_bytes: int
    """The bytes wanted."""
    points: list[FrontierPoint]
    """From nothing to all that may go; each is proven: nothing frees as much for less, and nothing more for as much."""
    chosen: FrontierPoint
    """What the plan does."""
    bound_cost: float
    """Proven: nothing frees the bytes wanted for less."""

    @property
    def is_proven(self) -> bool:
        """Whether nothing cheaper than what was chosen frees the bytes wanted."""
        return self.bound_cost >= self.chosen.cost


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The scan the plan was made from."""

    location: str
    """What was scanned."""
    scan_id: int
    """Number of the scan in its inventory."""
    finished_at: str
    """When the scan was done, UTC."""
    stored_bytes: int | None
    """Bytes of all files; null where they were not listed."""
    blob_bytes: int | None = None
    """Bytes of all blobs; null where they were not listed."""
    unknown: list[str] = []
    """What this scan could not know, in words: over HTTP untagged revisions, orphaned blobs, and so on."""

    @property
    def is_over_http(self) -> bool:
        """Whether a registry was asked, whose lists are all that is known of its tags."""
        return self.location.startswith(("http://", "https://"))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan. `id` is a hash over all the rest: to confirm it is to confirm exactly this."""

    version: int = PLAN_VERSION
    """Of this document. It only grows; a reader refuses a later one."""
    id: str = ""
    """SHA-256 over all the rest: who confirms it confirms exactly this plan."""
    created_at: str
    """When it was made, UTC."""
    source: Source
    """The scan it was made from."""
    goal: str
    """In words: the policy, or the bytes wanted."""
    items: list[Item]
    """The calls, in their order."""
    kept: list[Kept] = []
    """What was considered and stays."""
    frontier: Frontier | None = None
    """Where bytes were wanted: the trade-offs there were."""
    collector: str = ""
    """The collection that is to follow, as the predictions name it."""
    predictions: list[Prediction] = []
    """What each kind of collection frees afterwards; `safe` first."""
    freed_blobs: dict[str, int] = {}
    """Blobs the safe collection frees after the plan, with their bytes, those orphaned already included."""
    taken_blobs: dict[str, int] = {}
    """Blobs the collection that is to follow takes besides, with their bytes; its rules are not those of the safe one."""
    left_blobs: list[str] = []
    """Blobs of the safe collection that it leaves."""
    commands: list[str] = []
    """What to run, one after the other; without a collection where that would do harm."""
    notes: list[str] = []
    """What a reader has to know before."""


def collected_blobs(plan: Plan) -> dict[str, int]:
    """Return the blobs that are predicted to go with the collection that is to follow, with their bytes."""
    left = set(plan.left_blobs)
    return {d: size for d, size in plan.freed_blobs.items() if d not in left} | plan.taken_blobs


def seal(plan: Plan) -> Plan:
    """Return the plan with its id."""
    return msgspec.structs.replace(plan, id=_id_of(plan))


def short_id(plan_id: str) -> str:
    """Return as much of a plan's id as people are shown.

    >>> short_id("3f9c01d2ab47e8b05c6d77aa10f2943e61bd8f0c4a5e92d3178b6c0f9e2d4a51")
    '3f9c01d2ab47'
    """
    return plan_id[:_SHOWN_DIGITS]


def confirm(plan_id: str, given: str) -> str:
    """Return the whole id that was confirmed by its beginning. Raises UsageError if it is another, or too short."""
    if not plan_id.startswith(given):
        raise UsageError(
            f"`{given}` was confirmed and this is plan {short_id(plan_id)}", "look at the plan, then confirm its id"
        )
    if len(given) < min(_CONFIRMED_DIGITS, len(plan_id)):
        raise UsageError(
            f"{len(given)} digits do not confirm a plan: another may begin with them",
            f"give the whole id, or at least {_CONFIRMED_DIGITS} digits of it: the plan has it as `id`",
        )
    return plan_id


def write_plan(plan: Plan) -> str:
    """Return the plan as JSON, a line per item, so that two plans can be compared by diff."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=1).decode() + "\n"


def prediction_of(plan: Plan, collector: str) -> Prediction | None:
    """Return what one kind of collection frees after the plan."""
    return next((prediction for prediction in plan.predictions if prediction.collector == collector), None)


def read_plan(content: bytes) -> Plan:
    """Return the plan of a document. Raises PlanError if it is none, of a later version, or changed since."""
    try:
        plan = msgspec.json.decode(content, type=Plan)
    except msgspec.MsgspecError as error:
        raise PlanError(f"not a plan: {error}") from error
    if plan.version > PLAN_VERSION:
        raise PlanError(f"the plan is of version {plan.version}; this tonnage reads {PLAN_VERSION}")
    if plan.version < PLAN_VERSION:
        raise PlanError(f"the plan is of version {plan.version}, made by an earlier tonnage")
    if plan.id != _id_of(plan):
        raise PlanError("the plan was changed after it was made")
    return plan


def _id_of(plan: Plan) -> str:
    content = msgspec.json.encode(msgspec.structs.replace(plan, id=""))
    return hashlib.sha256(content).hexdigest()
