"""What an inventory knows, what it cannot know, and what it should not be believed.

A registry asked over HTTP tells what tags lead to, and no more. What it does not tell is null in the tables, `?` in
reports, and never 0; what could only be answered with it is refused.

What is known may still mislead: a disk that is not mounted looks like a registry that lost its blobs, and a registry
that keeps its tags in a database looks like one that nobody needs. The view `doubt` is the one place that says when;
here it is put into words, for the card, reports, collections, plans and scripts alike.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, assert_never

from tonnage.errors import DoubtfulStorageError, NotKnownError
from tonnage.inventory.database import Inventory


class Knowledge(NamedTuple):
    """The one row of the table `source`."""

    kind: str
    """`storage`; `layouts`, where the storage is OCI image layouts; or `registry`: read over HTTP."""
    has_untagged: bool
    has_files: bool
    has_stored_sizes: bool
    has_uses: bool
    """Whether it is known of some revision since when it was not used."""

    @property
    def unknown(self) -> list[str]:
        """What is not known, in words; empty for a storage."""
        words = (
            (self.has_files, "the bytes on the disk"),
            (self.has_stored_sizes, "the stored sizes of layers"),
            (self.has_untagged, "untagged revisions"),
            (self.has_files, "orphaned blobs"),
            (self.has_files, "uploads"),
        )
        return [what for is_known, what in words if not is_known]


def knowledge_of(inventory: Inventory) -> Knowledge:
    """Return what the inventory knows."""
    return Knowledge(
        *inventory.query("select kind, has_untagged, has_files, has_stored_sizes, has_uses from source").rows[0]
    )


def insist(inventory: Inventory, need: str, what: str) -> None:
    """Raise NotKnownError unless the inventory has what is needed: `untagged`, `files`, `stored_sizes` or `uses`."""
    if getattr(knowledge_of(inventory), f"has_{need}"):
        return
    if need == "uses":
        raise NotKnownError(f"{what}: unknown; {_why_no_uses(inventory)}", _GIVE_PULLS)
    raise NotKnownError(f"{what}: unknown in an inventory that was read over HTTP")


def _why_no_uses(inventory: Inventory) -> str:
    found = inventory.query(
        "select source || ' ' || state from use_source order by source <> 'access times', source"
    ).rows
    return "; ".join(text for (text,) in found)


_GIVE_PULLS = "give logs that end about now to the scan, with --pulls-from FILE"
_GIVE_TAGS = "give them with --tags-from FILE: a line REPOSITORY:TAG@sha256:… each, or Harbor's database dump or URL"


class Doubt(StrEnum):
    """Why the storage should not be believed as it is. The values are those of the view `doubt`."""

    BLOBS_MISSING = "blobs_missing"
    REPOSITORIES_MISSING = "repositories_missing"
    REPOSITORIES_VANISHED = "repositories_vanished"
    SHRUNK = "shrunk"
    TAGS_ELSEWHERE = "tags_elsewhere"
    CACHE = "cache"


class Doubted(NamedTuple):
    """A row of the view `doubt`."""

    doubt: Doubt
    what: str
    found_count: int
    expected_count: int
    is_grave: bool
    """Whether something is most likely not mounted, or lost: then nothing is planned or cleaned up."""

    @property
    def text(self) -> str:
        """What is the matter, in words."""
        found, expected = f"{self.found_count:,}", f"{self.expected_count:,}"
        match self.doubt:
            case Doubt.BLOBS_MISSING:
                return f"{found} of {expected} revisions have lost their manifest: `blobs/` is not mounted, or replaced"
            case Doubt.REPOSITORIES_MISSING:
                return f"{expected} blobs and not one repository: `repositories/` is not mounted, or replaced"
            case Doubt.REPOSITORIES_VANISHED:
                return f"{found} of {expected} repositories with images are left since the scan before: not mounted, or lost"
            case Doubt.SHRUNK:
                return (
                    f"{found} {self.what} where the scan before found {expected}: something is missing, or was deleted"
                )
            case Doubt.TAGS_ELSEWHERE:
                return f"{found} tags for {expected} revisions: this registry keeps its tags elsewhere"
            case Doubt.CACHE:
                return "this is a pull-through cache: it fetches what is missing again, and deletes what expires"
        assert_never(self.doubt)

    @property
    def advice(self) -> str:
        """What to do about it."""
        match self.doubt:
            case Doubt.BLOBS_MISSING | Doubt.REPOSITORIES_MISSING:
                return "mount it, or restore it from a backup, and scan again; collect and delete nothing before"
            case Doubt.REPOSITORIES_VANISHED:
                return "mount what is missing; if that is all there should be, scan again to confirm it"
            case Doubt.SHRUNK:
                return "if nobody deleted that much, look for it before you collect"
            case Doubt.TAGS_ELSEWHERE:
                return _GIVE_TAGS
            case Doubt.CACHE:
                return "run no garbage collection on it, and delete nothing through its API, which refuses"
        assert_never(self.doubt)


_COLUMNS = "select doubt, what, found_count, expected_count, is_grave from doubt order by not is_grave, doubt"


def read_doubts(ask: Callable[[str], Sequence[tuple[Any, ...]]]) -> tuple[Doubted, ...]:
    """Return what is doubtful, the gravest first. `ask` answers a query with rows."""
    return tuple(Doubted(Doubt(doubt), *rest) for doubt, *rest in ask(_COLUMNS))


def doubts_of(inventory: Inventory) -> tuple[Doubted, ...]:
    """Return what is doubtful about the storage of an inventory, the gravest first."""
    return read_doubts(lambda sql: inventory.query(sql).rows)


def has_doubt(doubts: Iterable[Doubted], doubt: Doubt) -> bool:
    """Return whether a doubt is among them."""
    return any(found.doubt is doubt for found in doubts)


def gravest(doubts: Iterable[Doubted]) -> Doubted | None:
    """Return the first grave doubt; None if there is none."""
    return next((found for found in doubts if found.is_grave), None)


def refuse_doubtful(inventory: Inventory) -> None:
    """Raise DoubtfulStorageError where most of the storage is missing: what follows from that would be wrong."""
    refuse_grave(doubts_of(inventory))


def refuse_grave(doubts: Iterable[Doubted]) -> None:
    """Raise DoubtfulStorageError where one of the doubts is that."""
    if found := gravest(doubts):
        raise DoubtfulStorageError(found.text, found.advice)
