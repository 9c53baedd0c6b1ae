"""Storage -> inventory: list the parts, read what is new, load, and put the new inventory in the old one's place.

Content-addressed things never change: a rescan lists names again, and reads only manifests and configurations it has
not seen. It works in a copy of the inventory: what the earlier scan found in parts of the storage that did not change
stays, the rest is released and comes again, and what follows from all of it is worked out again.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tonnage import __version__
from tonnage.formats.layout import blob_path
from tonnage.inventory import rows
from tonnage.inventory.memory import MemoryLimit
from tonnage.inventory.statements import execute_where_needed, statements
from tonnage.inventory.writing import create, reopen, write_anew
from tonnage.monitor import Monitor
from tonnage.scan.columns import table_of
from tonnage.scan.fingerprints import trusted_before
from tonnage.scan.loading import Intake
from tonnage.scan.parts import EarlierScan, KnownPart, Listing
from tonnage.scan.pulls import Pulls, add_uses
from tonnage.scan.replace import (
    OtherPlace,
    Previous,
    attach_previous,
    collector_off,
    copy_previous,
    exchange,
    fill,
    look_at_previous,
    write_summary,
)
from tonnage.scan.summary import Summary, summarize
from tonnage.scan.threads import ThreadCrew
from tonnage.scan.workers import Crew, reading_tasks
from tonnage.storage import Format, Storage
from tonnage.storage.registry import RegistrySource
from tonnage.storage.report import ReportStorage

if TYPE_CHECKING:
    import duckdb

__all__ = ["OtherPlace", "Summary", "scan"]

_ALWAYS_US = 2**62
_GROWN = 1.25
"""A file that is so many times what it was is rewritten: what is gone from its middle leaves gaps."""
_GAPS_BYTES = 4_000_000
"""Less than that is not worth it, in however small a file."""
_JOINED_PART = -2
"""The part of blobs of layouts, as long as those of the earlier scan are kept apart from those of now."""


def scan(
    storage: Storage | RegistrySource,
    inventory: str,
    *,
    full: bool = False,
    thorough: bool = False,
    other_place: OtherPlace = OtherPlace.REFUSED,
    monitor: Monitor | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    workers_count: int | None = None,
    memory_bytes: int | None = None,
    pulls: Pulls | None = None,
) -> Summary:
    """Scan a storage or a registry into an inventory file, replacing it in one step at the end; return what was found.

    `full` reads everything again; `thorough` opens every folder in search of strays even in a large registry;
    `other_place` says what becomes of an inventory of another place; `memory_bytes` is what the database may hold;
    `pulls` is what logs tell of who used what.
    Raises TonnageError if the storage cannot be read at all or the result cannot be written; the old file then stays.
    """
    monitor = monitor or Monitor()
    limit = _memory_limit(memory_bytes, inventory)
    if isinstance(storage, RegistrySource):
        from tonnage.scan.over_http.run import scan_registry

        return scan_registry(
            storage, inventory, full=full, other_place=other_place, monitor=monitor, now=now, limit=limit, pulls=pulls
        )
    target = Path(inventory)
    with exchange(target, storage.location) as new, collector_off():
        is_large = storage.is_large()
        is_remote = storage.requests_at_once > 0
        crew = ThreadCrew(storage) if is_remote else Crew(storage, workers_count)
        if is_large:
            crew.start()
        with contextlib.closing(crew):
            run = _Run(storage, crew, thorough, thorough or not is_large, monitor, now)
            run.pulls = pulls
            if is_large and not is_remote and not target.exists():
                run.listing.find()  # all of them are listed: the workers need not wait for the database
            with run.opened(target, new, limit, full, other_place) as connection:
                run.fill()
                return summarize(connection, target)


def _memory_limit(given_bytes: int | None, inventory: str) -> MemoryLimit:
    """Return what the database may hold, to go by what is given and by an inventory that is there already."""
    try:
        return MemoryLimit(given_bytes, Path(inventory).stat().st_size)
    except OSError:
        return MemoryLimit(given_bytes)


class _Run:
    """One scan at work."""

    connection: "duckdb.DuckDBPyConnection"
    intake: Intake
    previous: Previous | None = None
    """Whose totals are kept, so that growth can be asked for."""
    earlier: EarlierScan | None = None
    """Upon which this scan builds."""
    whole_bytes: int | None = None
    """The size of that one's file when all of it was last rewritten."""
    pulls: Pulls | None = None
    """What logs tell, if some were given."""

    def __init__(
        self,
        storage: Storage,
        crew: Crew | ThreadCrew,
        thorough: bool,
        is_searched: bool,
        monitor: Monitor,
        now: Callable[[], datetime],
    ) -> None:
        self.storage = storage
        self.crew = crew
        self.is_searched = is_searched
        self.monitor = monitor
        self.now = now
        self.started_at = now()
        self.listing = Listing(storage, crew, monitor, thorough=thorough, is_searched=is_searched)
        self.listing.started_us = int(self.started_at.timestamp() * 1_000_000)
        self.read_count = 0

    @contextlib.contextmanager
    def opened(
        self, target: Path, new: Path, limit: MemoryLimit, full: bool, other_place: OtherPlace
    ) -> Iterator["duckdb.DuckDBPyConnection"]:
        """Open the inventory to fill: a copy of the earlier one if this scan can build upon that, else an empty one."""
        found = None if full else look_at_previous(target, new, self.storage.location, other_place)
        builds_upon = found is not None and self._can_build_upon(found)
        if builds_upon:
            copy_previous(target, new)
        with (reopen if builds_upon else create)(new, limit) as self.connection:
            if builds_upon and found:
                self.previous, self.earlier = found, _earlier(self.connection, found)
                ((whole_bytes,),) = self.connection.execute("select whole_bytes from store.source").fetchall()
                self.whole_bytes = whole_bytes or new.stat().st_size
            else:
                self.previous = attach_previous(self.connection, target, new, self.storage.location, other_place)
            self.intake = Intake(self.connection, limit, is_rescan=builds_upon)
            self.listing.begin(self.intake, self.earlier)
            yield self.connection
        if self.whole_bytes and new.stat().st_size > self.whole_bytes * _GROWN + _GAPS_BYTES:
            write_anew(new, limit)

    def _can_build_upon(self, previous: Previous) -> bool:
        """Return whether it is of the same place, made by the same program, and searched for strays where this one is."""
        is_ours = previous.tonnage_version == __version__ and not previous.has_totals_only
        return is_ours and previous.is_searched >= self.is_searched

    def fill(self) -> None:
        """List the storage, read what is new, and write down what was found."""
        has_changed = self.listing.finish()
        if not has_changed and self.earlier and not self._may_read_more():
            self.crew.close()
            self._execute("repeat_source", {"listed_at": self._listed_at()})
            if self.pulls is not None:
                add_uses(self.connection, self.pulls, self._facts()["started_at"])
            write_summary(self.connection, self._facts, "repeat")
            self.monitor.end()
            return
        self.intake.flush()
        if self.earlier:
            self._forget(self.earlier)
        elif self.storage.format is Format.LAYOUTS:
            self._execute("layout_blobs")
        self._execute("named_manifests")
        self._execute("named_configs")
        for action in ("manifests", "configs"):
            if self.earlier:
                self._execute(f"forget_{action}")
            while self._read(action):
                pass
        self._finish()

    def _may_read_more(self) -> bool:
        """Return whether a read failed that may go well now: neither permission nor a network shows in a listing."""
        return bool(self._execute("failed_reads").fetchall()[0][0])

    def _forget(self, earlier: EarlierScan) -> None:
        """Let go of what is not any more, and find out what need not be read again."""
        gone = [*self.listing.gone(), _JOINED_PART]
        self.connection.execute(
            "create temp table gone_part as select unnest($gone::integer[]) as part_id", {"gone": gone}
        )
        if self.storage.format is Format.LAYOUTS:
            self._execute("layout_joined")
            self._execute("layout_blobs")
        # Objects are put whole or not at all, so one with the same size and time is the same however new it is.
        is_disk = self.storage.requests_at_once == 0
        self._execute("settled", {"before_us": trusted_before(earlier.started_us) if is_disk else _ALWAYS_US})
        for kind in rows.LISTING:
            table = table_of(kind.__name__)
            self.connection.execute(f"delete from store.{table} where part_id in (select part_id from gone_part)")
        self._execute("forget_derived")
        for step in ("commit", "checkpoint", "begin"):  # the room of what is gone is taken by what comes
            self.connection.execute(step)

    def _read(self, action: str) -> bool:
        """Read what is wanted now; return whether anything was, as it may lead to more."""
        self._execute(f"wanted_{action}")
        to_read = execute_where_needed(self.connection, statements("scan")["to_read"])
        blobs = [(digest, path or blob_path(digest)) for digest, path in to_read]
        self.monitor.begin(f"reading {action}", len(blobs))
        for task in reading_tasks(self.storage, action, blobs):
            self.crew.submit(task)
        for result in self.crew.results():
            self.intake.add(result.rows)
            self.monitor.advance(result.files_count, result.files_count)
        self.intake.flush()
        self.read_count += len(blobs)
        return bool(blobs) and action == "manifests"

    def _execute(self, name: str, values: dict[str, Any] | None = None) -> "duckdb.DuckDBPyConnection":
        return self.connection.execute(statements("scan")[name].sql, values)

    def _finish(self) -> None:
        """Work out what follows, and write down the totals."""
        self.monitor.begin("loading", 1)
        self.crew.close()
        self.intake.finish()
        source: dict[str, Any] = {
            "kind": self.storage.format.value,
            "has_untagged": True,
            "has_files": True,
            "has_stored_sizes": True,
            "listed_at": self._listed_at(),
            "whole_bytes": self.whole_bytes,
        }
        takes_totals = self.previous is not None and self.earlier is None
        fill(self.connection, source, self.listing.rows(), self._facts, takes_totals=takes_totals, pulls=self.pulls)
        self.monitor.end()

    def _listed_at(self) -> datetime | None:
        """Return when the keys were listed, where that was before the scan."""
        listed_at = self.storage.report.listed_at if isinstance(self.storage, ReportStorage) else None
        return listed_at.replace(tzinfo=None) if listed_at else None

    def _facts(self) -> dict[str, Any]:
        return {
            "scan_id": self.previous.scan_id + 1 if self.previous else 1,
            "started_at": self.started_at.replace(tzinfo=None),
            "finished_at": self.now().replace(tzinfo=None),
            "location": self.storage.location,
            "tonnage_version": __version__,
            "schema_version": rows.SCHEMA_VERSION,
            "is_full": self.earlier is None,
            "is_searched": self.is_searched,
            "read_count": self.read_count,
        }


def _earlier(connection: "duckdb.DuckDBPyConnection", previous: Previous) -> EarlierScan:
    """Return what the inventory knows of the parts of the storage."""
    odd = dict(connection.execute(statements("scan")["odd_parts"].sql).fetchall())
    known = connection.execute(
        "select prefix, part_id, token, fingerprint, files_count, epoch_us(looked_at) from store.part"
    ).fetchall()
    parts = {
        prefix: KnownPart(part_id, token, fingerprint, files_count, looked_us, part_id in odd, odd.get(part_id, False))
        for prefix, part_id, token, fingerprint, files_count, looked_us in known
    }
    return EarlierScan(previous.started_us, previous.is_searched, parts)
