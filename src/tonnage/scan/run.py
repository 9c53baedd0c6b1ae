"""Storage -> inventory: list the parts, read what is new, load, and put the new inventory in the old one's place.

Content-addressed things never change: a rescan lists names again, and reads only manifests and configurations it has
not seen. Parts of the storage in which no name, size or time changed are carried over from the earlier inventory.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tonnage import __version__
from tonnage.formats.layout import blob_path
from tonnage.formats.quoting import literal
from tonnage.inventory.database import connect, create
from tonnage.inventory.foreign import lock_down
from tonnage.inventory.memory import MemoryLimit
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.inventory.statements import statements
from tonnage.monitor import Monitor
from tonnage.scan.columns import in_part, pack
from tonnage.scan.listing import CLOCK_MARGIN_US, Earlier, fingerprint_of, rows_of
from tonnage.scan.loading import Staging
from tonnage.scan.replace import (
    OtherPlace,
    Summary,
    attach_previous,
    collector_off,
    exchange,
    fill,
    summarize,
    write_summary,
)
from tonnage.scan.threads import ThreadCrew
from tonnage.scan.workers import Crew, PartToList, Result, Task
from tonnage.storage import OPEN_ALL, OPEN_NONE, Entry, Format, Keys, Part, Storage
from tonnage.storage.registry import RegistrySource
from tonnage.storage.report import ReportStorage

if TYPE_CHECKING:
    import duckdb

__all__ = ["OtherPlace", "Summary", "scan"]

_LOOSE = ""
"""Prefix of the pseudo-part of what lies outside of all parts."""
_PARTS_PER_TASK = 8
"""Few, so that all workers have some to the end; to send and to load the rows of each by themselves costs more than to
list a small one.
"""
_BLOBS_PER_TASK = 500
_BLOBS_PER_WAIT = 10
"""The same where each is a request: few, so that all threads have some."""
_PARTS_EXPECTED = 300
"""For the progress of a listing that has no end in sight: the 256 folders of blobs, and some repositories."""
_ALWAYS_US = 2**63 - 1
_CARRY_LISTING = (
    "blob", "revision", "layer_link", "tag", "tag_history", "extra_link", "upload_file", "multipart_upload", "old_version",
    "stray", "empty_folder", "folder", "layout_file", "problem",
)  # fmt: skip
_CARRY_MANIFESTS = ("manifest", "manifest_ref", "annotation")
_CARRY_CONFIGS = ("image", "label", "history", "diff_id")


class _KnownPart(NamedTuple):
    part_id: int
    token: str
    fingerprint: bytes
    files_count: int
    is_odd: bool
    """It held something that does not belong: its folders are opened again."""
    has_failed: bool
    """Something in it could not be read, and may be now: nothing of it is carried over."""


@dataclass(slots=True)
class _ListedPart:
    part_id: int
    token: str
    fingerprint: bytes = b""
    files_count: int = 0
    is_carried: bool = False
    """Nothing changed in it: its rows come from the earlier inventory."""

    def carry(self, fingerprint: bytes, files_count: int) -> None:
        self.fingerprint, self.files_count, self.is_carried = fingerprint, files_count, True


class _EarlierScan(NamedTuple):
    """What the earlier inventory of the same storage knows."""

    scan_id: int
    started_us: int
    is_searched: bool
    is_moved: bool
    parts: dict[str, _KnownPart]


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
) -> Summary:
    """Scan a storage or a registry into an inventory file, replacing it in one step at the end; return what was found.

    `full` reads everything anew; `thorough` opens every folder in search of strays even in a large registry;
    `other_place` says what becomes of an inventory of another place; `memory_bytes` is what the database may hold.
    Raises TonnageError if the storage cannot be read at all or the result cannot be written; the old file then stays.
    """
    if isinstance(storage, RegistrySource):
        from tonnage.scan.over_http import scan_registry

        return scan_registry(
            storage,
            inventory,
            full=full,
            other_place=other_place,
            monitor=monitor or Monitor(),
            now=now,
            limit=_memory_limit(memory_bytes, inventory),
        )
    limit = _memory_limit(memory_bytes, inventory)
    target = Path(inventory)
    with exchange(target, storage.location) as new:
        is_large = storage.is_large()
        is_remote = storage.requests_at_once > 0
        crew = ThreadCrew(storage) if is_remote else Crew(storage, workers_count)
        if is_large:
            crew.start()
        try:
            with collector_off():
                run = _Run(storage, crew, full, thorough, is_large, monitor or Monitor(), now)
                if is_large and not is_remote and not target.exists():
                    run.find_parts()  # all of them are listed: the workers need not wait for the database
                with create(new, limit) as connection:
                    run.open(connection, limit, _attach_earlier(connection, target, new, storage.location, other_place))
                    changed = run.list_parts()
                    if changed:
                        run.read_contents()
                        summary = run.finish(target)
            if not changed:
                summary = run.repeat(target, new)
        finally:
            crew.close()
    return summary


def _memory_limit(given_bytes: int | None, inventory: str) -> MemoryLimit:
    """Return what the database may hold, to go by what is given and by an inventory that is there already."""
    try:
        return MemoryLimit(given_bytes, Path(inventory).stat().st_size)
    except OSError:
        return MemoryLimit(given_bytes)


class _Run:
    """One scan at work."""

    connection: "duckdb.DuckDBPyConnection"
    staging: Staging

    def __init__(
        self,
        storage: Storage,
        crew: Crew | ThreadCrew,
        full: bool,
        thorough: bool,
        is_large: bool,
        monitor: Monitor,
        now: Callable[[], datetime],
    ) -> None:
        self.storage = storage
        self.crew = crew
        self.full = full
        self.thorough = thorough
        self.is_searched = thorough or not is_large
        self.previous: _EarlierScan | None = None
        """Whose totals are kept, so that growth can be asked for."""
        self.earlier: _EarlierScan | None = None
        """Upon which this scan builds."""
        self.monitor = monitor
        self.now = now
        self.started_at = now()
        self.parts: dict[str, _ListedPart] = {}
        self.loose: list[Entry] = []
        self.read_count = 0

    def open(self, connection: "duckdb.DuckDBPyConnection", limit: MemoryLimit, previous: _EarlierScan | None) -> None:
        """Take the database to fill, and what the inventory knows that it is to replace."""
        self.connection = connection
        self.previous = previous
        is_same_place = previous is not None and not previous.is_moved
        if previous and is_same_place and not self.full and previous.is_searched >= self.is_searched:
            self.earlier = previous
        self.staging = Staging(connection, limit, is_rescan=self.earlier is not None)

    def find_parts(self) -> None:
        """Find the parts of the storage, and have those listed that may have changed."""
        parts = [Part(_LOOSE)]
        self.monitor.begin("listing", len(self.earlier.parts) if self.earlier else _PARTS_EXPECTED)
        for found in self.storage.parts():
            if isinstance(found, Entry):
                self.loose.append(found)
            elif found.keys is None:
                parts.append(found)
            else:
                self._sort_keys(found, found.keys)
        self.monitor.begin("listing", len(parts))
        first = len(self.parts)
        self.parts |= {part.prefix: _ListedPart(number, part.token) for number, part in enumerate(sorted(parts), first)}
        changed: list[PartToList] = []
        for part in sorted(parts[1:], key=lambda part: part.prefix.startswith("blobs")):  # long ones first
            known = self._known(part.prefix)
            if known and self._is_settled(part, known):
                self.parts[part.prefix].carry(known.fingerprint, known.files_count)
                self.monitor.advance(1, known.files_count)
            else:
                changed.append(self._to_list(part))
        for start in range(0, len(changed), _PARTS_PER_TASK):
            self.crew.submit(Task("list", tuple(changed[start : start + _PARTS_PER_TASK])))

    def list_parts(self) -> bool:
        """List the whole storage; return False if it is what it was at the earlier scan."""
        if not self.parts:
            self.find_parts()
        self._list_loose()
        for result in self.crew.results():
            self._add_listing(result)
        same_parts = self.earlier is not None and self.parts.keys() == self.earlier.parts.keys()
        if same_parts and all(part.is_carried for part in self.parts.values()) and not self._may_read_more():
            return False
        self._carry_listing()
        return True

    def _may_read_more(self) -> bool:
        """Return whether a read failed that may go well now: neither permission nor a network shows in a listing."""
        return bool(self._execute("failed_reads").fetchall()[0][0])

    def _sort_keys(self, part: Part, keys: Keys) -> None:
        """Have a part turned into rows whose listing is at hand, and take what is done already."""
        known = self._known(part.prefix)
        is_same = self.earlier and known and not known.is_odd and not self.thorough
        earlier = Earlier(known.fingerprint, self.earlier.started_us) if self.earlier and known and is_same else None
        self.parts[part.prefix] = _ListedPart(len(self.parts), part.token)
        unopened_before_us = OPEN_ALL if self.thorough else OPEN_NONE
        number = self.parts[part.prefix].part_id
        self.crew.submit(Task("list", (PartToList(part.prefix, number, unopened_before_us, earlier, keys),)))
        for result in self.crew.ready():
            self._add_listing(result)

    def _known(self, prefix: str) -> _KnownPart | None:
        return self.earlier.parts.get(prefix) if self.earlier else None

    def _list_loose(self) -> None:
        """Take what lies outside of all parts for a part of its own."""
        part = self.parts[_LOOSE]
        part.fingerprint, part.files_count = fingerprint_of(self.loose), len(self.loose)
        known = self._known(_LOOSE)
        if known and known.fingerprint == part.fingerprint and not known.has_failed:
            part.is_carried = True
        else:
            self.staging.add(pack(in_part(rows_of(self.storage, self.loose), part.part_id)))

    def _add_listing(self, result: Result) -> None:
        self.staging.add(result.rows)
        for prefix, fingerprint, files_count, is_same in result.parts:
            part = self.parts[prefix]
            part.fingerprint, part.files_count, part.is_carried = fingerprint, files_count, is_same
            self.monitor.advance(1, files_count)

    def _is_settled(self, part: Part, known: _KnownPart) -> bool:
        """In a large registry, a part with the same token as before holds the same names, and blobs never change.

        In others each blob is asked for all the same: it costs little, and damage shows. So it is where something was odd:
        a folder that was empty may be one into which a large layer was just being copied.
        """
        if self.is_searched or known.is_odd or not self.earlier or not part.token or part.token != known.token:
            return False
        return int(part.token) // 1000 < self.earlier.started_us - CLOCK_MARGIN_US

    def _to_list(self, part: Part) -> PartToList:
        number, known = self.parts[part.prefix].part_id, self._known(part.prefix)
        unopened_before_us = OPEN_ALL if self.is_searched else OPEN_NONE
        if not known or not self.earlier:
            return PartToList(part.prefix, number, unopened_before_us)
        if self.is_searched and not known.is_odd:
            unopened_before_us = self.earlier.started_us - CLOCK_MARGIN_US
        earlier = None if known.has_failed else Earlier(known.fingerprint, self.earlier.started_us)
        return PartToList(part.prefix, number, unopened_before_us, earlier)

    def _carry_listing(self) -> None:
        self.staging.flush()
        known = self.earlier.parts if self.earlier else {}
        pairs = [(part.part_id, known[prefix].part_id) for prefix, part in self.parts.items() if part.is_carried]
        if not pairs:
            return
        self.connection.execute("create temp table carried (part_id integer, earlier_id integer)")
        self.connection.execute(f"insert into carried values {', '.join(map(str, pairs))}")
        self._carry(_CARRY_LISTING)

    def _carry(self, names: tuple[str, ...]) -> None:
        for name in names:
            self.connection.execute(statements("carry")[name].sql)

    def read_contents(self) -> None:
        """Read manifests, the children of their indexes, and image configurations, unless an earlier scan did."""
        self.staging.flush()
        if self.storage.format is Format.LAYOUTS:
            self._execute("layout_blobs")
        if self.earlier:
            # Objects are put whole or not at all, so one with the same size and time is the same however new it is.
            is_disk = self.storage.requests_at_once == 0
            before_us = self.earlier.started_us - CLOCK_MARGIN_US if is_disk else _ALWAYS_US
            self._execute("settled", {"started_us": before_us})
        else:
            self._execute("nothing_settled")
        while self._read("manifests", _CARRY_MANIFESTS):
            pass
        self._read("configs", _CARRY_CONFIGS)

    def _read(self, action: str, carried: tuple[str, ...]) -> bool:
        """Carry or read what is wanted now; return whether anything was, as it may lead to more."""
        self._execute(f"wanted_{action}")
        self._execute("reused", {"action": action})
        if self.earlier:
            self._carry(carried)
        blobs = [(digest, path or blob_path(digest)) for digest, path in self._execute("to_read").fetchall()]
        self.monitor.begin(f"reading {action}", len(blobs))
        step = _BLOBS_PER_WAIT if self.storage.requests_at_once else _BLOBS_PER_TASK
        for start in range(0, len(blobs), step):
            self.crew.submit(Task(action, blobs=tuple(blobs[start : start + step])))
        for result in self.crew.results():
            self._add_contents(result)
        self.staging.flush()
        self.read_count += len(blobs)
        return bool(self.connection.execute("select count(*) from wanted").fetchall()[0][0])

    def _execute(self, name: str, values: dict[str, Any] | None = None) -> "duckdb.DuckDBPyConnection":
        return self.connection.execute(statements("scan")[name].sql, values)

    def _add_contents(self, result: Result) -> None:
        self.staging.add(result.rows)
        self.monitor.advance(result.files_count, result.files_count)

    def finish(self, target: Path) -> Summary:
        """Fill the tables, write down what this scan found, and return it."""
        self.monitor.begin("loading", 1)
        self.crew.close()
        self.staging.finish()
        listed = [(p.part_id, prefix, p.token, p.fingerprint, p.files_count) for prefix, p in self.parts.items()]
        source: dict[str, Any] = {
            "kind": self.storage.format.value,
            "has_untagged": True,
            "has_files": True,
            "has_stored_sizes": True,
            "listed_at": self._listed_at(),
        }
        fill(self.connection, source, listed, self._facts(), has_previous=self.previous is not None)
        self.monitor.end()
        return summarize(self.connection, target)

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
            "schema_version": SCHEMA_VERSION,
            "is_full": self.earlier is None,
            "is_searched": self.is_searched,
            "read_count": self.read_count,
        }

    def repeat(self, target: Path, new: Path) -> Summary:
        """Copy the earlier inventory, where nothing changed, add this scan to it, and return what it found."""
        self.crew.close()
        shutil.copyfile(target, new)
        connection = connect()
        try:
            connection.execute("set max_vacuum_tasks = 0")  # else it would take the tables for ones to be written anew
            connection.execute(f"attach {literal(str(new))} as inventory")
            lock_down(connection)
            connection.execute("use inventory")
            connection.execute(statements("scan")["repeat_source"].sql, {"listed_at": self._listed_at()})
            write_summary(connection, self._facts(), "repeat")
            self.monitor.end()
            summary = summarize(connection, target)
            connection.execute("use memory")
            connection.execute("detach inventory")  # which says, other than closing, that there is no room for it
            return summary
        finally:
            connection.close()


def _attach_earlier(
    connection: "duckdb.DuckDBPyConnection", target: Path, new: Path, location: str, other_place: OtherPlace
) -> _EarlierScan | None:
    """Attach the inventory that is to be replaced, if it can be built upon: same tables, same storage."""
    found = attach_previous(connection, target, new, location, other_place)
    if found is None:
        return None
    odd = dict(connection.execute(statements("scan")["odd_parts"].sql).fetchall())
    known = connection.execute(
        "select prefix, part_id, token, fingerprint, files_count from earlier.store.part"
    ).fetchall()
    parts = {
        prefix: _KnownPart(part_id, token, fingerprint, files_count, part_id in odd, odd.get(part_id, False))
        for prefix, part_id, token, fingerprint, files_count in known
    }
    return _EarlierScan(*found, parts)
