"""The exchange of an old inventory for a new one: written beside it, put in its place in one step, or never seen.

Killed at any moment, a scan leaves the old inventory as it was; what it left beside it, the next one removes.
"""

import contextlib
import gc
import os
import shutil
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tonnage.errors import (
    MORE_MEMORY,
    ForeignDatabaseError,
    InventoryVersionError,
    TonnageError,
    WriteError,
)
from tonnage.files import place_of, replacing
from tonnage.formats.quoting import is_utf_8
from tonnage.inventory.database import (
    ELSEWHERE,
    REPLACE_IT,
    attach,
    connect,
    damage_of,
    is_database,
    known_tables,
    logs_of,
)
from tonnage.inventory.failures import Failure, failure_of, system_reason
from tonnage.inventory.foreign import tables_of
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.inventory.statements import execute_where_needed, statements
from tonnage.scan.loading import PartRow, load, load_parts
from tonnage.scan.pulls import Pulls, add_uses

if TYPE_CHECKING:
    import duckdb


_TOTALS = ("scan", "scan_class", "scan_repository")
_TAKEN_OVER = (*_TOTALS, "pull", "pull_file", "pull_seen")
"""What a new inventory has from the one before, also where it has nothing else from it."""
_NEWER = "update tonnage, choose another place with -i, or give up what is in it with --replace"


@contextlib.contextmanager
def exchange(target: Path, location: str) -> Iterator[Path]:
    """Yield where to write the new inventory; when the block ends well, that takes the place of `target`.

    Raises WriteError if it may not be written there, or cannot, or another scan is doing so; the old file then stays.
    """
    place = place_of(target)
    _refuse_place(target, place, location)
    with replacing(target, patience_seconds=0) as new:
        try:
            yield new
        except Exception as error:
            raise _as_write_error(error, target, place) from error
        _refuse_unfinished(new, target)
        _remove_logs(place)  # before the exchange: they are of the old inventory, which is whole without them


def _as_write_error(error: Exception, target: Path, place: Path) -> Exception:
    """Return what the database failed at as a WriteError; any other error as it is."""
    import duckdb

    if not isinstance(error, (duckdb.Error, MemoryError)):
        return error
    match failure_of(error):
        case Failure.MEMORY:
            return WriteError(f"out of memory while writing `{target}`", f"{MORE_MEMORY}, or a larger --memory-limit")
        case Failure.SYSTEM:
            return WriteError(f"cannot write `{target}`: {system_reason(error)}", ELSEWHERE)
        case Failure.DAMAGE:
            if damage := damage_of(place):
                return WriteError(f"`{target}` is damaged: {damage}", REPLACE_IT)
            return WriteError(f"cannot write `{target}`: {str(error).partition(chr(10))[0]}", ELSEWHERE)
        case Failure.OTHER:
            return error


def _refuse_unfinished(new: Path, target: Path) -> None:
    """Refuse an inventory part of which is still in a log beside it, as the disk had no room to fold it in."""
    if any(log.exists() for log in logs_of(new)):
        raise WriteError(f"cannot write `{target}`: it could not be finished", ELSEWHERE)


def _remove_logs(place: Path) -> None:
    """Remove what another program that was killed has left: with a new inventory beside it, nobody could open that."""
    for log in logs_of(place):
        log.unlink(missing_ok=True)


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """Rows are many and have no cycles: looking for some among them costs a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class OtherPlace(Enum):
    """What becomes of an inventory that is of another place than the one that is scanned."""

    REFUSED = "refused"
    MOVED = "moved"
    """It is the same storage in a new place: the totals of earlier scans are kept, and everything is read."""
    REPLACED = "replaced"
    """It is given up, with the totals of earlier scans; so is one of the same place."""


class Previous(NamedTuple):
    """The scan that made the inventory which is to be replaced."""

    scan_id: int
    started_us: int
    is_searched: bool
    tonnage_version: str
    has_totals_only: bool
    """It was of the same storage in another place, or by another version: its totals count, and nothing else of it."""


def attach_previous(
    connection: "duckdb.DuckDBPyConnection", target: Path, new: Path, location: str, other_place: OtherPlace
) -> Previous | None:
    """Attach the inventory that is to be replaced as `earlier`, if it can be built upon: same tables, same place.

    Raises WriteError if it is of another place and that was not expected, or cannot be read although it is whole.
    """
    place = place_of(target)
    if not place.exists():
        return None
    try:
        attach(connection, str(_without_logs(place, new)), "earlier")
        return None if other_place is OtherPlace.REPLACED else _last_scan(connection, target, location, other_place)
    except InventoryVersionError:
        if other_place is OtherPlace.REFUSED:
            _refuse_other_version(connection, target, location)
        return _totals_of_older_version(connection, target, location, other_place)
    except TonnageError as error:
        _refuse_unread(error, target)
        connection.rollback()  # what fails in a transaction ends it; nothing was done in this one
        connection.begin()
        return None


def look_at_previous(target: Path, new: Path, location: str, other_place: OtherPlace) -> Previous | None:
    """Return what `attach_previous` does, and attach nothing."""
    if not place_of(target).exists():
        return None
    connection = connect()
    try:
        connection.begin()
        return attach_previous(connection, target, new, location, other_place)
    finally:
        connection.close()


def copy_previous(target: Path, new: Path) -> None:
    """Copy the inventory that is to be replaced to where the new one is written, to be changed there."""
    shutil.copyfile(place_of(target), new)


def _last_scan(
    connection: "duckdb.DuckDBPyConnection", target: Path, location: str, other_place: OtherPlace
) -> Previous | None:
    """Return the last scan of the inventory `earlier`. Raises WriteError if it is of another place, unexpectedly."""
    found = connection.execute(
        "select scan_id, epoch_us(started_at), is_searched, tonnage_version, location"
        " from earlier.store.scan order by scan_id desc limit 1"
    ).fetchall()
    if not found:
        return None
    ((scan_id, started_us, is_searched, version, old),) = found
    if old != location and other_place is OtherPlace.REFUSED:
        raise _other_place(target, old, scan_id, location)
    return Previous(scan_id, started_us, is_searched, version, has_totals_only=old != location)


def _refuse_other_version(connection: "duckdb.DuckDBPyConnection", target: Path, location: str) -> None:
    """Refuse an inventory of another place also where its tables are of another version. Raises WriteError."""
    import duckdb

    try:
        _last_scan(connection, target, location, OtherPlace.REFUSED)
    except duckdb.Error:  # that version did not note where it was
        connection.rollback()
        connection.begin()


def _totals_of_older_version(
    connection: "duckdb.DuckDBPyConnection", target: Path, location: str, other_place: OtherPlace
) -> Previous | None:
    """Return the last scan of an inventory of an older version if the tables that are taken over are the same in ours."""
    if other_place is OtherPlace.REPLACED:
        return None
    ((version,),) = connection.execute("select max(schema_version) from earlier.store.scan").fetchall()
    if version is not None and version > SCHEMA_VERSION:
        raise WriteError(f"`{target}` was made by a newer tonnage, and is not written over", _NEWER)
    tables, ours = tables_of(connection, "earlier"), known_tables()
    if version is None or any(tables.get(name) != ours[name] for name in _TAKEN_OVER):
        return None
    found = _last_scan(connection, target, location, other_place)
    return found._replace(has_totals_only=True) if found else None


def _other_place(target: Path, old: str, scans_count: int, location: str) -> WriteError:
    lost = f"{scans_count:,} scan{'s' if scans_count > 1 else ''}"
    return WriteError(
        f"`{target}` is the inventory of `{old}`, not of `{location}`",
        "choose another with -i; `tonnage scan` or `load` with --moved if it is the same storage in a new place, or with"
        f" --replace to give up its {lost}",
    )


def _without_logs(place: Path, new: Path) -> Path:
    """Return where to read an inventory as it was before a log was left beside it, which may be of another state of it."""
    if not any(log.exists() for log in logs_of(place)):
        return place
    alone = new.with_name("earlier")
    try:
        os.link(place, alone)
    except OSError:  # a file system without hard links
        shutil.copyfile(place, alone)
    return alone


def _refuse_unread(error: TonnageError, target: Path) -> None:
    """Refuse to replace an inventory that is not ours, or that is whole and cannot be read now. Raises WriteError."""
    import duckdb

    cause = error.__cause__
    if isinstance(error, WriteError):
        raise error
    if isinstance(error, ForeignDatabaseError):
        raise WriteError(f"{error}, and is not written over", ELSEWHERE) from error
    is_damaged = isinstance(cause, duckdb.Error) and failure_of(cause) in (Failure.DAMAGE, Failure.OTHER)
    if cause is not None and not is_damaged:
        raise WriteError(f"{error}, and is not written over", "see to it, or choose another place with -i") from error


def fill(
    connection: "duckdb.DuckDBPyConnection",
    source: dict[str, Any],
    parts: list[PartRow],
    facts: Callable[[], dict[str, Any]],
    *,
    takes_totals: bool,
    pulls: Pulls | None = None,
) -> None:
    """Work out what follows from the rows, and write down this scan's totals. `source`: what is known.

    With `takes_totals` those of earlier scans, and the pulls they read from logs, come from the inventory `earlier`;
    `pulls` is what logs say now.
    """
    connection.execute(statements("scan")["source"].sql, {"listed_at": None, "whole_bytes": None, **source})
    load(connection, source["kind"])
    load_parts(connection, parts)
    if takes_totals:
        for name in _TOTALS:
            connection.execute(f"insert into store.{name} select * from earlier.store.{name}")
        connection.execute(statements("scan")["keep_pulls"].sql)
    add_uses(connection, Pulls() if pulls is None else pulls, facts()["started_at"])
    write_summary(connection, facts, "summary")


def write_summary(connection: "duckdb.DuckDBPyConnection", facts: Callable[[], dict[str, Any]], what: str) -> None:
    """Write down the totals of a scan: a `summary` of what it found, or a `repeat` of what the one before it found.

    The facts are asked for last: when it ended is one of them. Totals of old scans are thinned out then.
    """
    wanted = statements("scan")
    for name in ("class", "repository"):
        connection.execute(wanted[f"{what}_{name}"].sql, {"scan_id": facts()["scan_id"]})
    connection.execute(wanted[what].sql, facts())
    execute_where_needed(connection, wanted["thinned"])


def _refuse_place(target: Path, place: Path, location: str) -> None:
    """Refuse to write into the registry, or over a file that is not a database. Raises WriteError."""
    if place.is_relative_to(location):
        raise WriteError(f"`{target}` lies inside the registry, which is only read", ELSEWHERE)
    if not is_utf_8(str(place)):
        raise WriteError(f"cannot write `{target}`: its name is not UTF-8, which the database needs", ELSEWHERE)
    try:
        is_ours = is_database(place) or not place.stat().st_size
    except FileNotFoundError:
        return
    except OSError as error:
        raise WriteError(f"cannot read `{target}`, to replace it: {error.strerror}", ELSEWHERE) from error
    if not is_ours:
        raise WriteError(f"`{target}` is there already and is not an inventory", ELSEWHERE)
