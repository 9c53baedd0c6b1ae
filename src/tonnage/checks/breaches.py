"""What exceeds its limit, and what nobody can say: one breach each.

What is unknown is a breach of its own kind. A volume that is not mounted, a bucket that has no volume, or a history that
begins yesterday would otherwise pass for years as within their limits.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from tonnage.checks.limits import Age, Growth, Limits, Quota, Room
from tonnage.errors import LIMIT_BREACHED, LIMIT_UNKNOWN
from tonnage.formats.closest import meant
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.known import Knowledge, doubts_of, gravest, knowledge_of
from tonnage.inventory.names import names_of
from tonnage.inventory.pace import Volume
from tonnage.inventory.statements import statements
from tonnage.sizes import format_size

_TOLERANCE = 0.25
"""A scan counts as made a time ago if it was made that long ago but for this share: scans are never on the second."""
_UNITS = {"bytes": "BIGINT", "percent": "DOUBLE", "count": "BIGINT", "seconds": "BIGINT"}
"""What is measured, and its type: each has a column of its own, so that numbers stay exact."""
_DAY, _HOUR = 86400, 3600


class State(StrEnum):
    """What is the matter with a limit."""

    BREACHED = "breached"
    UNKNOWN = "unknown"


class Breach(NamedTuple):
    """A limit that does not hold, or of which it is unknown whether it does."""

    check: str
    """The option it was asked by, without its dashes."""
    state: State
    subject: str
    """What it is about: the storage's place, a repository, a kind of problem."""
    message: str
    limit: str
    """As it was written."""
    value: float | int | None
    """What was found, in the unit; null where it is unknown."""
    unit: str
    """One of the units of `_UNITS`."""


class Grown(NamedTuple):
    """What a storage gained before its newest scan."""

    seconds: float
    size_bytes: int
    is_whole: bool
    """Whether it is what was gained in about the time asked for; else it is the most known to be gained in less."""


class _Facts(NamedTuple):
    inventory: Inventory
    volume: Volume | None
    now: datetime
    location: str
    knowledge: Knowledge
    distrust: str
    """Why what was scanned is not to be believed; nothing where it is."""


def check(inventory: Inventory, limits: Limits, volume: Volume | None, now: datetime) -> list[Breach]:
    """Return what breaches its limit or is unknown, in the order of the options; nothing where all limits hold.

    `volume` is the room there is now, `now` is in UTC without a zone.
    """
    location = str(inventory.query(statements("card")["scan"].sql).rows[0][0])
    grave = gravest(doubts_of(inventory))
    facts = _Facts(inventory, volume, now, location, knowledge_of(inventory), grave.text if grave else "")
    found = [] if limits.free_below is None else list(_room(facts, limits.free_below))
    found += [breach for growth in limits.grown_over for breach in _growth(facts, growth)]
    found += [breach for quota in limits.repository_over for breach in _quota(facts, quota)]
    found += _blockers(facts) if limits.blocks_collection else ()
    found += [] if limits.older_than is None else _age(facts, limits.older_than)
    return found


def growth_of(sizes: Sequence[tuple[datetime, int]], seconds: float) -> Grown:
    """Return what was gained since the scan made nearest to so long before the newest one.

    Without one near it, what is known of less time is proof enough of a breach, and of nothing else. `sizes` are those
    of the scans, in their order, at least one.
    """
    (last_at, last_bytes), before = sizes[-1], sizes[:-1]
    scans = [((last_at - at).total_seconds(), last_bytes - size) for at, size in before]
    if near := [scan for scan in scans if abs(scan[0] - seconds) <= seconds * _TOLERANCE]:
        return Grown(*min(near, key=lambda scan: abs(scan[0] - seconds)), is_whole=True)
    younger = [scan for scan in scans if scan[0] <= seconds]
    return Grown(*max(younger, key=lambda scan: scan[1], default=(0.0, 0)), is_whole=False)


def exit_code_of(breaches: Sequence[Breach]) -> int:
    """Return how a check ends: what is breached goes before what is unknown."""
    states = {breach.state for breach in breaches}
    return LIMIT_BREACHED if State.BREACHED in states else LIMIT_UNKNOWN if states else 0


def to_table(breaches: Sequence[Breach]) -> Table:
    """Return breaches as rows: what was found is in the column of its unit."""
    columns = [*Breach._fields[:-2], *(f"found_{unit}" for unit in _UNITS)]
    rows = [(*b[:-2], *(b.value if b.unit == unit else None for unit in _UNITS)) for b in breaches]
    return Table(columns, ["VARCHAR"] * 5 + list(_UNITS.values()), rows)


def to_lines(breaches: Sequence[Breach]) -> str:
    """Return breaches for people, a line each, however narrow the screen: cron mails them."""
    return "".join(f"{breach.check}: {breach.subject}: {breach.message}\n" for breach in breaches)


def _room(facts: _Facts, limit: Room) -> Iterator[Breach]:
    volume = facts.volume
    unit = "bytes" if limit.percent is None else "percent"
    if volume is None or not volume.size_bytes:
        why = (
            "it is not on a disk" if "://" in facts.location else "its disk is not at hand, or the storage is not there"
        )
        yield _unknown("free-below", facts.location, f"how much room is free is unknown: {why}", limit.text, unit)
        return
    percent = 100 * volume.free_bytes / volume.size_bytes
    found: float = volume.free_bytes if limit.percent is None else percent
    if found < (limit.size_bytes if limit.percent is None else limit.percent):  # type: ignore[operator]
        text = f"{format_size(volume.free_bytes)} of {format_size(volume.size_bytes)} free, {percent:.1f} %, less than"
        yield _breached("free-below", facts.location, f"{text} {limit.text}", limit.text, found, unit)


def _growth(facts: _Facts, limit: Growth) -> Iterator[Breach]:
    sizes: list[tuple[datetime, int]] = facts.inventory.query(statements("card")["sizes"].sql).rows
    if facts.distrust or not facts.knowledge.has_files or not sizes:
        why = facts.distrust or "the bytes on the disk are unknown in an inventory that was read over HTTP"
        yield _unknown("grown-over", facts.location, f"how it grew is unknown: {why}", limit.text, "bytes")
        return
    found = growth_of(sizes, limit.seconds)
    if found.size_bytes > limit.size_bytes:
        text = f"grew by {format_size(found.size_bytes)} in {_span(found.seconds)}, more than {limit.text}"
        yield _breached("grown-over", facts.location, text, limit.text, found.size_bytes, "bytes")
    elif not found.is_whole:
        text = f"how it grew is unknown: no scan was made about {_span(limit.seconds)} before the last one"
        yield _unknown("grown-over", facts.location, text, limit.text, "bytes")


def _quota(facts: _Facts, limit: Quota) -> Iterator[Breach]:
    if facts.distrust:
        yield _unknown("repository-over", limit.glob, f"its bytes are unknown: {facts.distrust}", limit.text, "bytes")
        return
    rows = facts.inventory.query(statements("check")["repositories"].sql, {"repository": limit.like}).rows
    if not rows:
        known = names_of(facts.inventory, "repository")
        text = f"there is no such repository: {meant(limit.glob, known, 'tonnage repositories lists all')}"
        yield _unknown("repository-over", limit.glob, text, limit.text, "bytes")
    for repository, size in rows:
        if size > limit.size_bytes:
            text = f"needs {format_size(size)}, more than {limit.text.rpartition('=')[2]}"
            yield _breached("repository-over", repository, text, limit.text, size, "bytes")
    if rows and rows[0][1] <= limit.size_bytes and not facts.knowledge.has_untagged:
        text = f"how much is needed is unknown over HTTP; {format_size(rows[0][1])} at most as far as tags lead"
        yield _unknown("repository-over", limit.glob, text, limit.text, "bytes")


def _blockers(facts: _Facts) -> Iterator[Breach]:
    """Report each kind of problem that a collection stops at."""
    why = facts.distrust
    if not why and facts.knowledge.kind == "registry":
        why = "an inventory that was read over HTTP does not know what is stored"
    if not why and facts.knowledge.kind == "layouts":
        why = "the registry's collector does not run on OCI image layouts"
    if why:
        text = f"whether a collection can run is unknown: {why}"
        yield _unknown("blocks-collection", facts.location, text, "", "count")
        return
    for kind, count, collectors in facts.inventory.query(statements("card")["stops"].sql).rows:
        text = f"{count:,} problem{'' if count == 1 else 's'} would stop a collection by {collectors}"
        yield _breached("blocks-collection", str(kind), text, "", count, "count")


def _age(facts: _Facts, limit: Age) -> Iterator[Breach]:
    ((_, finished_at, *_),) = facts.inventory.query(statements("card")["scan"].sql).rows
    seconds = (facts.now - finished_at).total_seconds()
    if seconds > limit.seconds:
        text = f"the last scan was {_span(seconds)} ago, more than {limit.text}"
        yield _breached("older-than", facts.location, text, limit.text, round(seconds), "seconds")


def _span(seconds: float) -> str:
    """Return a time in the largest unit of which there are two.

    >>> _span(7 * 86400), _span(100_000), _span(600)
    ('7 days', '27 hours', '10 minutes')
    """
    for size, unit in ((_DAY, "days"), (_HOUR, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _breached(check: str, subject: str, text: str, limit: str, value: Any, unit: str) -> Breach:
    return Breach(check, State.BREACHED, subject, text, limit, value, unit)


def _unknown(check: str, subject: str, text: str, limit: str, unit: str) -> Breach:
    return Breach(check, State.UNKNOWN, subject, text, limit, None, unit)
