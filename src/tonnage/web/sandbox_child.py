"""The process that runs one query of a stranger: opened, locked, asked, gone."""

import contextlib
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tonnage.errors import TonnageError
from tonnage.inventory.database import Inventory
from tonnage.web.children import become_child, say_ready
from tonnage.web.sandbox import MOST_ANSWER_BYTES, MOST_ROWS, Answer, Setting

if TYPE_CHECKING:
    import duckdb

_MEMORY_BYTES = 2_500_000_000
"""Of address space, most of which is never touched; the database is held to less."""
_DATABASE_MEMORY = "400MB"
_TAKEN = ("SELECT", "EXPLAIN")
_MOST_CELL = 10_000
"""Characters of a value that are shown."""


def main() -> None:
    """Open an inventory, wait for a query, answer it."""
    become_child(_MEMORY_BYTES)
    source = sys.stdin.buffer
    setting = msgspec.msgpack.decode(source.read(int.from_bytes(source.read(8), "big")), type=Setting)
    inventory: Inventory | TonnageError
    try:
        inventory = open_locked(setting)
    except TonnageError as error:
        inventory = error
    say_ready()
    asked = source.read()
    if asked:
        sys.stdout.buffer.write(msgspec.msgpack.encode(answer(inventory, msgspec.msgpack.decode(asked, type=str))))


def open_locked(setting: Setting) -> Inventory:
    """Return the inventory with as little allowed as there can be. Raises TonnageError."""
    settings = {"memory_limit": _DATABASE_MEMORY, "threads": "2", "temp_directory": ""}
    return Inventory(setting.path, tags=setting.tags, settings=settings)


def answer(inventory: Inventory | TonnageError, sql: str) -> Answer:
    """Return the rows of a query, or why it has none."""
    import duckdb

    if isinstance(inventory, TonnageError):
        return Answer(error=inventory.message)
    try:
        check(inventory.connection, sql)
        return _rows(inventory.connection.execute(sql))
    except (duckdb.Error, RuntimeError, ValueError) as error:
        return Answer(error=str(error))
    except MemoryError:
        return Answer(error="the query took more memory than it may, and was ended")


def check(connection: "duckdb.DuckDBPyConnection", sql: str) -> None:
    """Raise ValueError for all but one statement that only asks."""
    found = connection.extract_statements(sql)
    if len(found) != 1:
        raise ValueError("one statement at a time" if found else "there is no SQL in the query")
    kind = str(found[0].type).rpartition(".")[2]
    if kind not in _TAKEN:
        raise ValueError(f"only questions are taken here: SELECT and EXPLAIN, not {kind}")


def _rows(cursor: "duckdb.DuckDBPyConnection") -> Answer:
    described = cursor.description or []
    rows: list[list[Any]] = []
    used_bytes, is_cut = 0, False
    while not is_cut and (batch := cursor.fetchmany(200)):
        for row in batch:
            shown = [_plain(value) for value in row]
            used_bytes += sum(len(value) if isinstance(value, str) else 8 for value in shown)
            if len(rows) == MOST_ROWS or used_bytes > MOST_ANSWER_BYTES:
                is_cut = True
                break
            rows.append(shown)
    return Answer(columns=[d[0] for d in described], types=[str(d[1]) for d in described], rows=rows, is_cut=is_cut)


def _plain(value: Any) -> Any:
    """Return a value as it is sent: figures and words, all else as text of bounded length."""
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    text = value.isoformat() if isinstance(value, date) else value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= _MOST_CELL else text[:_MOST_CELL] + "…"


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
