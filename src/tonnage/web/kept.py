"""Reports kept as tables in memory, so that a sorted, filtered page of one costs milliseconds.

The connection's own database in memory is seen by all sessions of a snapshot; the inventory's file is never written.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tonnage.errors import UsageError
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.reports import Report, bind, refuse_ignorance_of

if TYPE_CHECKING:
    from tonnage.web.snapshot import Snapshot

_OTHERS = 16
"""Reports with other values than the defaults that are kept, the last asked for."""
PAGE_ROWS = 50
_BATCH_ROWS = 2_000
_BEFORE = ("frees_alone_bytes",)
"""Columns that stand before `exclusive_bytes` on a page, as they answer what is asked there."""


class View(NamedTuple):
    """What of a report is asked for."""

    filter: str = ""
    sort: str = ""
    """A column's name, with `-` before it for the largest first; nothing for the report's own order."""
    page: int = 1

    @property
    def column(self) -> str:
        """The column that is sorted by."""
        return self.sort.removeprefix("-")


class Rows(NamedTuple):
    """A page of a report."""

    table: Table
    rows_count: int
    """That match the filter."""
    all_count: int
    scale: int
    """The largest value of the column that bars are drawn of, of all that match."""


class Kept:
    """Reports of one inventory, kept in memory."""

    def __init__(self) -> None:
        self.names: OrderedDict[str, str] = OrderedDict()
        self.lock = threading.Lock()

    def table_of(self, session: Inventory, report: Report, values: Mapping[str, str]) -> str:
        """Return the table a report's rows are in, run again if they are not there. Raises TonnageError."""
        refuse_ignorance_of(session, report)
        bound = bind(session, report, dict(values))
        key = hashlib.sha256(repr((report.sql, sorted(bound.items()))).encode()).hexdigest()[:16]
        name = f"memory.kept.r{key}"
        with self.lock:
            if key not in self.names:
                select = f"select row_number() over () as n__, * from ({_as_part(report.sql)})"
                session.query(f"create or replace table {name} as {select}", bound)
            self.names[key] = name
            self.names.move_to_end(key)
            return name

    def forget_some(self, session: Inventory, keep: int) -> None:
        """Drop the tables that were asked for longest ago."""
        with self.lock:
            while len(self.names) > keep + _OTHERS:
                _, name = self.names.popitem(last=False)
                session.query(f"drop table if exists {name}")


def _as_part(sql: str) -> str:
    """Return a statement as it may stand in brackets, whether it ends in a semicolon, a comment or both."""
    return sql.rstrip().removesuffix(";") + "\n"


def columns_of(session: Inventory, table: str) -> dict[str, str]:
    """Return the columns of a kept report with their types."""
    found = session.query(f"select * from {table} limit 0")
    names = dict(zip(found.columns, found.types, strict=True))
    first = {name: names[name] for name in _BEFORE if name in names and "exclusive_bytes" in names}
    return {
        inner: names[inner]
        for name in names
        if name != "n__" and name not in first
        for inner in ([*first, name] if name == "exclusive_bytes" else [name])
    }


def page_of(session: Inventory, table: str, view: View, measure: str = "") -> Rows:
    """Return a page of a kept report. Raises UsageError for a column that is not there."""
    columns = columns_of(session, table)
    where, values = _where(columns, view.filter)
    select = f"select {', '.join(map(quoted, columns))} from {table} {where} {_order(columns, view)}"
    offset = (max(view.page, 1) - 1) * PAGE_ROWS
    found = session.query(f"{select} limit {PAGE_ROWS} offset {offset}", values)
    scale = f"max({quoted(measure)})" if measure in columns else "0"
    ((rows_count, largest),) = session.query(f"select count(*), {scale} from {table} {where}", values).rows
    ((all_count,),) = session.query(f"select count(*) from {table}").rows
    return Rows(found, rows_count, all_count, int(largest or 0))


def all_of(session: Inventory, table: str, view: View, limit: int = 0) -> Table:
    """Return all that match, as a CSV or a basket wants them."""
    columns = columns_of(session, table)
    where, values = _where(columns, view.filter)
    ending = f" limit {limit}" if limit else ""
    return session.query(
        f"select {', '.join(map(quoted, columns))} from {table} {where} {_order(columns, view)}{ending}", values
    )


def _where(columns: Mapping[str, str], text: str) -> tuple[str, dict[str, object]]:
    """Return the condition of a filter: its text is in one of the columns of words, in whatever case."""
    words = [name for name, kind in columns.items() if kind == "VARCHAR"]
    if not text or not words:
        return "", {}
    parts = " or ".join(f"contains(lower({quoted(name)}), lower($filter))" for name in words)
    return f"where {parts}", {"filter": text}


def _order(columns: Mapping[str, str], view: View) -> str:
    if not view.sort:
        return "order by n__"
    if view.column not in columns:
        raise UsageError(f"there is no column `{view.column}` to sort by", f"its columns: {', '.join(columns)}")
    direction = "desc" if view.sort.startswith("-") else "asc"
    return f"order by {quoted(view.column)} {direction} nulls last, n__"


def quoted(name: str) -> str:
    """Return a name as SQL takes any."""
    return '"' + name.replace('"', '""') + '"'


def stream_of(snapshot: "Snapshot", table: str, view: View) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    """Yield all that match in batches, with the names of the columns."""
    with snapshot.session() as session:
        columns = columns_of(session, table)
        where, values = _where(columns, view.filter)
        select = f"select {', '.join(map(quoted, columns))} from {table} {where} {_order(columns, view)}"
        cursor = session.connection.execute(select, values or None)
        yield list(columns), cursor.fetchmany(_BATCH_ROWS)
        while rows := cursor.fetchmany(_BATCH_ROWS):
            yield list(columns), rows
