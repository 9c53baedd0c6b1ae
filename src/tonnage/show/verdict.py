"""What is the matter with a registry's storage, the gravest first, and what to do next: the head and the foot of the card.

Whatever is said is one row of a table of the inventory, or the room of the volume; nothing is weighed twice.
"""

from typing import NamedTuple

from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.known import Doubted, Knowledge, doubts_of, gravest, knowledge_of
from tonnage.inventory.pace import Volume, bytes_over, full_days, pace
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.inventory.statements import statements
from tonnage.sizes import format_size

_FULL, _NEARLY_FULL = 0.9, 0.8
"""Shares of a volume from which it is the first worry, and from which something has to go."""
_SOON_DAYS = 90


class Step(NamedTuple):
    """A command to run next, and why."""

    command: str
    why: str


class Finding(NamedTuple):
    """Something to be said."""

    name: str
    text: str
    step: Step | None = None


class Facts(NamedTuple):
    """What a verdict is made of."""

    inventory: Inventory
    knowledge: Knowledge
    doubts: tuple[Doubted, ...]
    overview: Table
    volume: Volume | None

    def ask(self, name: str) -> list[tuple[int, ...]]:
        """Return the rows of a statement of sql/card."""
        return self.inventory.query(statements("card")[name].sql).rows

    def bytes_of(self, klass: str) -> int:
        """Return the bytes of a class; 0 where there are none, or where they are unknown."""
        at, size = (self.overview.columns.index(name) for name in ("class", "size_bytes"))
        return next((row[size] or 0 for row in self.overview.rows if row[at] == klass), 0)


def facts_of(inventory: Inventory, volume: Volume | None) -> Facts:
    """Return the facts: those of the inventory, and the room there is now where that is known."""
    overview = run_report(inventory, builtin_reports()["overview"], {})
    return Facts(inventory, knowledge_of(inventory), doubts_of(inventory), overview, volume)


def verdict(facts: Facts) -> list[Finding]:
    """Return what is the matter, the gravest first. Of a storage that is not to be believed nothing more is said."""
    unknown = Finding("collection", "what a garbage collection would free is unknown")
    if gravest(facts.doubts):
        return [unknown, *_problems(facts)]
    if not facts.knowledge.has_files:
        return [unknown, *_untagged(facts), *_problems(facts)]
    room = _room(facts)
    is_full = facts.volume is not None and _used(facts.volume) >= _FULL
    return [
        *_stops(facts),
        *(room if is_full else []),
        *_orphaned(facts),
        *_untagged(facts),
        *_abandoned(facts),
        *(room if not is_full else []),
        *_problems(facts),
    ]


def _stops(facts: Facts) -> list[Finding]:
    rows = facts.ask("stops")
    if not rows:
        return []
    count, more = sum(row[1] for row in rows), f" and {_counted(len(rows) - 1, 'other kind')}" if len(rows) > 1 else ""
    collectors = sorted({name for row in rows for name in str(row[2]).split(", ")})
    text = f"{_counted(count, 'problem')} ({rows[0][0]}{more}) would stop a collection by {', '.join(collectors)}"
    return [Finding("stops", text, Step('problems --where "blocks_gc is not null"', "what stops the collection"))]


def _used(volume: Volume) -> float:
    return 1 - volume.free_bytes / volume.size_bytes if volume.size_bytes else 0.0


def _room(facts: Facts) -> list[Finding]:
    """Return how full the volume is, when it will be, and what has to go beyond what a collection frees."""
    volume = facts.volume
    if volume is None:
        return []
    gained, days = pace([(at, size) for at, size in facts.ask("sizes")])  # type: ignore[misc]
    left = full_days(gained, days, volume)
    when = (
        f"; at {format_size((gained or 0) // days)} a day it is full in {_counted(left, 'day')}"
        if left is not None
        else ""
    )
    text = f"{_used(volume):.0%} full, {format_size(volume.free_bytes)} of {format_size(volume.size_bytes)} free{when}"
    ((free, _),) = facts.ask("orphaned")
    if bytes_over(volume, 100 * _NEARLY_FULL) <= free or (left is not None and left > _SOON_DAYS):
        return [Finding("volume", text)]
    step = Step(f"plan --free-to {_NEARLY_FULL:.0%}", f"the cheapest deletions to get to {_NEARLY_FULL:.0%}")
    return [Finding("volume", text, step if facts.knowledge.has_untagged else None)]


def _orphaned(facts: Facts) -> list[Finding]:
    ((free, pinned),) = facts.ask("orphaned")
    found = []
    kept = f"; {format_size(pinned)} more may be needed by what could not be read" if pinned else ""
    step = None if facts.knowledge.kind == "layouts" else Step("gc --collector 2", "preview a collection (2.x, or 3)")
    if free or pinned:
        text = f"{format_size(free)} that nothing needs: a garbage collection frees it{kept}"
        found.append(Finding("orphaned", text, step))
    ((unlinked,),) = facts.ask("unlinked")
    if unlinked:
        listed = f"indexes list {_counted(unlinked, 'manifest')} that their repositories lack"
        found.append(Finding("unlinked", f"{listed}: the registry's own collection may take more", step))
    if kept_versions := facts.ask("versions"):
        size = format_size(kept_versions[0][0])
        found.append(
            Finding("versions", f"the bucket keeps what is freed, and it is paid for: {size} of old versions now")
        )
    return found


def _untagged(facts: Facts) -> list[Finding]:
    size = facts.bytes_of("untagged")
    if not size or not facts.knowledge.has_untagged:
        return []
    return [
        Finding(
            "untagged",
            f"{format_size(size)} that only untagged revisions need",
            Step("untagged", "what no tag leads to"),
        )
    ]


def _abandoned(facts: Facts) -> list[Finding]:
    ((count, size),) = facts.ask("abandoned")
    if not count:
        return []
    text = f"{format_size(size)} in {_counted(count, 'upload')} older than a week, which no collection takes"
    return [Finding("abandoned", text, Step("leftovers", "what no collection takes"))]


def _problems(facts: Facts) -> list[Finding]:
    rows = facts.ask("problems")
    if not rows:
        return []
    text = " and ".join(_counted(count, str(severity)) for severity, count in rows)
    where = "storage" if facts.knowledge.has_files else "registry"
    return [Finding("problems", f"{text} in the {where}", Step("problems", "what is odd, and what to do about it"))]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
