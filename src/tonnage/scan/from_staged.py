"""Staged rows in a folder -> inventory: the statements that a scan's own rows go through, over Parquet.

The other way for rows to get here is `Intake`, batch by batch as a scan reads. Here all of them are there, so the database
gives the numbers of digests, repositories and parts, in the order of their texts: the same folder gives the same inventory,
in whatever order its files were written.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tonnage.errors import StagedRowsError
from tonnage.formats.quoting import identifier, is_utf_8, literal
from tonnage.inventory import rows
from tonnage.inventory.failures import Failure, failure_of
from tonnage.inventory.memory import MemoryLimit
from tonnage.inventory.statements import statements
from tonnage.inventory.writing import create
from tonnage.monitor import Monitor
from tonnage.scan.columns import table_of, types_of
from tonnage.scan.loading import PartRow
from tonnage.scan.replace import (
    OtherPlace,
    Previous,
    attach_previous,
    collector_off,
    exchange,
    fill,
    look_at_previous,
)
from tonnage.scan.staged import PART, Mark, columns_for, read_mark
from tonnage.scan.summary import Summary, summarize
from tonnage.storage import Format

if TYPE_CHECKING:
    import duckdb

_TIMES_A_SCAN = 2
"""So much memory for a row: the database numbers the texts, which a scan does in its own process."""
_TYPES = {str: "VARCHAR", int: "BIGINT", bool: "BOOLEAN", bytes: "BLOB"}


def load_staged(
    folder: Path,
    inventory: str,
    *,
    other_place: OtherPlace = OtherPlace.REFUSED,
    monitor: Monitor | None = None,
    memory_bytes: int | None = None,
) -> Summary:
    """Make an inventory of staged rows, replacing the one before in one step at the end; return what was found.

    Totals of earlier scans are kept, as a scan keeps them. Raises StagedRowsError if the folder is not what was written,
    InventoryVersionError if it is of another version, and what a scan raises; the old inventory then stays.
    """
    monitor = monitor or Monitor()
    mark = read_mark(folder)
    target, limit = Path(inventory), MemoryLimit(memory_bytes)
    with exchange(target, mark.location) as new, collector_off():
        previous = look_at_previous(target, new, mark.location, other_place)
        with create(new, limit) as connection:
            limit.fit(connection, _TIMES_A_SCAN * sum(mark.rows_count.values()))
            monitor.begin("loading", len(rows.ALL) + 1)
            with _reading(folder):
                parts = _take(connection, _Staged(folder, mark), monitor)
            if previous:  # now, as what somebody else may have written locks the connection
                attach_previous(connection, target, new, mark.location, other_place)
            with _working_out(folder):
                fill(
                    connection, _source(mark), parts, lambda: _facts(mark, previous), takes_totals=previous is not None
                )
            monitor.end()
            return summarize(connection, target)


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Say of what is wrong with the files in the folder that they are."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        text = str(error).partition("\n")[0]
        is_here = failure_of(error) in (Failure.DAMAGE, Failure.OTHER) or str(folder.resolve()) in text
        if failure_of(error) is Failure.MEMORY or not is_here:
            raise
        raise StagedRowsError(f"`{folder}` cannot be read: {text}") from error


@contextmanager
def _working_out(folder: Path) -> Iterator[None]:
    """Say of values that tables do not take, or whose sum is too large, that the folder has them."""
    import duckdb

    try:
        yield
    except (duckdb.ConstraintException, duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        text = str(error).partition("\n")[0]
        raise StagedRowsError(f"`{folder}` has values that no registry has: {text}") from error


class _Staged:
    """The files of a folder."""

    def __init__(self, folder: Path, mark: Mark) -> None:
        self.folder = folder
        self.mark = mark

    def source(self, name: str) -> str:
        """Return a SELECT of the rows of a type, in which every column has the type it should. Raises StagedRowsError."""
        found = [self.folder.resolve() / f"stage={stage}" / f"row_type={name}" for stage in self.mark.stages]
        files = [_named_file(file) for place in found for file in sorted(place.glob("[!._]*"))]
        columns = columns_for(name)
        if not files:
            nothing = ", ".join(f"null::{_TYPES[type_]} as {identifier(column)}" for column, type_ in columns.items())
            return f"select {nothing} where false"
        wanted = ", ".join(map(identifier, columns))
        return f"select {wanted} from read_parquet([{', '.join(map(literal, files))}], hive_partitioning = false)"


def _named_file(file: Path) -> str:
    """Return the name of a file for the database. Raises StagedRowsError for what it would wait for, or cannot name."""
    if not os.path.isfile(file):
        raise StagedRowsError(f"`{file}` is not a file")
    if not is_utf_8(str(file)):
        raise StagedRowsError(f"cannot read `{file}`: its name is not UTF-8, which the database needs")
    return str(file)


def _take(connection: "duckdb.DuckDBPyConnection", staged: _Staged, monitor: Monitor) -> list[PartRow]:
    """Put all rows into their tables; return those of the parts."""
    for name in (PART, *rows.ALL):
        source = staged.source(name)
        _check(connection, staged, name, source)
        connection.execute(f"create temp view {_view(name)} as {source}")
    if doubled := connection.execute(statements("staged")["doubled"].sql).fetchone():
        raise StagedRowsError(f"`{staged.folder}` has rows of type {doubled[0]} twice: `{doubled[1]}`")
    for what, type_ in (("digest", rows.Digest), ("repository", rows.RepositoryName)):
        connection.execute(f"create temp view named as {_named(type_)}")
        connection.execute(statements("staged")[what].sql)
        connection.execute("drop view named")
    connection.execute(statements("staged")["part_number"].sql)
    monitor.advance(1)
    for name in rows.ALL:
        connection.execute(f"create or replace temp view arrived as {_numbered(name)}")
        connection.execute(statements("rows")[table_of(name)].sql)
        monitor.advance(1, staged.mark.rows_count.get(name, 0))
    connection.execute("drop view arrived")
    parts = connection.execute(statements("staged")["parts"].sql).fetchall()
    if not parts:
        raise StagedRowsError(f"`{staged.folder}` is not whole: it has no rows of a listing")
    return parts


def _check(connection: "duckdb.DuckDBPyConnection", staged: _Staged, name: str, source: str) -> None:
    """Raise StagedRowsError if a type has other columns, or not as many rows as were written."""
    described = connection.execute(f"describe {source}").fetchall()
    found = {column: type_ for column, type_, *_ in described}
    if found != {column: _TYPES[type_] for column, type_ in columns_for(name).items()}:
        raise StagedRowsError(f"`{staged.folder}` has rows of type {name} with other columns: {found}")
    [[count]] = connection.execute(f"select count(*) from ({source})").fetchall()
    if count != staged.mark.rows_count.get(name, 0):
        written = staged.mark.rows_count.get(name, 0)
        raise StagedRowsError(
            f"`{staged.folder}` is not whole: it has {count:,} of the {written:,} rows of type {name} that were written"
        )


def _view(name: str) -> str:
    return f"staged_{table_of(name)}"


def _named(type_: Any) -> str:
    """Return a SELECT of what all columns of a type name: digests, or repositories."""
    columns = [(name, column) for name in rows.ALL for column, of in types_of(name).items() if of == type_]
    return " union ".join(f"select {column} as text from {_view(name)}" for name, column in columns)


def _numbered(name: str) -> str:
    """Return a SELECT of the rows of a type with numbers for the texts that have one, as sql/rows takes them."""
    chosen, joined = [], []
    for at, (column, type_) in enumerate(types_of(name).items()):
        if column == "part_id":
            chosen.append("p.part_id")
            joined.append("left join part_number as p on p.part = s.part")
        elif type_ in (rows.Digest, rows.RepositoryName):
            what = "digest" if type_ == rows.Digest else "repository"
            chosen.append(f"t{at}.{what}_id as {column}")
            joined.append(f"left join store.{what} as t{at} on t{at}.{what} = s.{column}")
        else:
            chosen.append(f"s.{identifier(column)}")
    return f"select {', '.join(chosen)} from {_view(name)} as s {' '.join(joined)}"


def _source(mark: Mark) -> dict[str, Any]:
    listed_at = mark.listed_at
    known = dict.fromkeys(("has_untagged", "has_files", "has_stored_sizes"), True)
    return {"kind": Format.REGISTRY.value, **known, "listed_at": _utc(listed_at) if listed_at else None}


def _facts(mark: Mark, previous: Previous | None) -> dict[str, Any]:
    return {
        "scan_id": previous.scan_id + 1 if previous else 1,
        "started_at": _utc(mark.started_at),
        "finished_at": _utc(mark.finished_at),
        "location": mark.location,
        "tonnage_version": mark.tonnage_version,
        "schema_version": mark.schema_version,
        "is_full": True,
        "is_searched": True,
        "read_count": mark.read_count,
    }


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)
