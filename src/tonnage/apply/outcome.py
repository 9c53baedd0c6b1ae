"""What became of a plan's items. Pure."""

from collections import Counter
from enum import StrEnum

import msgspec

from tonnage.plan import Item

OUTCOME_VERSION = 1


class Status(StrEnum):
    """How an item ended."""

    DONE = "done"
    READY = "ready"
    """Would be done: the outcome of a dry run."""
    SKIPPED = "skipped"
    """The registry is not as the plan has it, so nothing was done."""
    FAILED = "failed"
    """The registry refused, or could not."""


class Kind(StrEnum):
    """Why an item was skipped or failed."""

    GONE = "gone"
    """The manifest is no longer in the repository."""
    TAG_GONE = "tag gone"
    TAG_MOVED = "tag moved"
    NEW_TAG = "new tag"
    """A tag that the plan does not know points to the digest."""
    NO_SIBLING = "no sibling tag"
    """A tag was to be deleted alone, and it is the last one on its digest."""
    IN_INDEX = "in a tagged index"
    """A tag outside of the plan leads to it through an index."""
    HELD = "held"
    """Its index or its subject stays, against the plan; so it stays too."""
    UNREADABLE = "unreadable"
    """The registry cannot give the manifest, so it can be neither checked nor saved."""
    UNREADABLE_TAG = "unreadable tag"
    """Something in the repository cannot be read and may lead to the digest."""
    UNSUPPORTED = "unsupported"
    """This registry cannot delete a tag alone."""
    UNPROVEN = "unproven list"
    """Other tags may lead to it: the plan knows no more than the registry lists, and that may hide some."""
    PUT_BACK = "put back"
    """Somebody led a tag to it right before it was deleted; it is there again, with that tag."""
    LOST = "lost"
    """The same, and it could not be put back."""
    NOT_DELETED = "not deleted"
    """The registry accepted the call and has it all the same."""
    ACCESS = "access"
    REFUSED = "refused"
    """An answer that is not a success, or a broken one."""
    BLOBS_GONE = "blobs gone"
    """Undo: what the manifest refers to was collected."""
    MISSING_BEFORE = "missing before"
    """Undo: what the manifest refers to was missing already when the plan was made."""
    CHILD_GONE = "child gone"
    """Undo: an index whose child is not there."""
    TAG_TAKEN = "tag taken"
    """Undo: the tag points to something else by now."""
    NO_BACKUP = "no backup"


class ItemOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One item's end."""

    number: int
    """Its place in the plan, from 1."""
    item: Item
    status: Status
    kind: Kind | None = None
    reason: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a plan, item by item in its order. Its JSON only grows."""

    version: int = OUTCOME_VERSION
    plan: str
    registry: str
    is_dry_run: bool
    items: list[ItemOutcome]
    journal: str = ""
    notes: list[str] = []
    """What was seen beside the items, and could not be put right or made sure of."""

    def count(self, status: Status) -> int:
        """Return how many items ended so."""
        return Counter(outcome.status for outcome in self.items)[status]

    @property
    def left_count(self) -> int:
        """How many items were skipped or failed."""
        return self.count(Status.SKIPPED) + self.count(Status.FAILED)


def skipped(number: int, item: Item, kind: Kind, reason: str) -> ItemOutcome:
    """Return the outcome of an item that was left out."""
    return ItemOutcome(number=number, item=item, status=Status.SKIPPED, kind=kind, reason=reason)


def failed(number: int, item: Item, kind: Kind, reason: str) -> ItemOutcome:
    """Return the outcome of an item that did not work."""
    return ItemOutcome(number=number, item=item, status=Status.FAILED, kind=kind, reason=reason)
