"""Inventories made, changed and rewritten: what only a scan does, each time in one transaction."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tonnage.formats.quoting import literal
from tonnage.inventory.database import check, connect
from tonnage.inventory.foreign import lock_down
from tonnage.inventory.memory import MemoryLimit
from tonnage.inventory.template import OPTIONS, make_empty

if TYPE_CHECKING:
    import duckdb


@contextlib.contextmanager
def create(path: Path, limit: MemoryLimit | None = None) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Make an inventory without rows to be filled in one transaction; close it in the end. Raises duckdb.Error, OSError."""
    with _closing(path, limit) as connection:
        make_empty(path, connection)
        connection.execute(f"attach {literal(str(path))} as inventory ({OPTIONS})")
        with _changing(connection):
            yield connection


@contextlib.contextmanager
def reopen(path: Path, limit: MemoryLimit | None = None) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Open an inventory to be changed in one transaction; close it in the end. Raises duckdb.Error, OSError.

    Whoever made it: the connection is locked, and its tables are looked at, before anything is read.
    """
    with _closing(path, limit) as connection:
        connection.execute("set max_vacuum_tasks = 0")  # else it would take the tables for ones to be rewritten
        connection.execute(f"attach {literal(str(path))} as inventory")
        lock_down(connection)
        check(connection, str(path), "inventory")
        with _changing(connection):
            yield connection


def write_anew(path: Path, limit: MemoryLimit | None = None) -> None:
    """Rewrite an inventory, without the gaps of what is gone from it. Raises duckdb.Error, OSError."""
    grown = path.with_name("grown")
    path.rename(grown)
    with _closing(path, limit) as connection:
        connection.execute(f"attach {literal(str(grown))} as grown (read_only)")
        connection.execute(f"attach {literal(str(path))} as inventory ({OPTIONS})")
        lock_down(connection)
        connection.execute("copy from database grown to inventory")
        with _changing(connection):
            connection.execute("update store.source set whole_bytes = null")
    grown.unlink()


@contextlib.contextmanager
def _closing(path: Path, limit: MemoryLimit | None) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Yield a database that puts what it has no memory for beside an inventory, and close it in the end."""
    connection = connect(limit)
    try:
        connection.execute(f"set temp_directory = {literal(str(path) + '.tmp')}")
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def _changing(connection: "duckdb.DuckDBPyConnection") -> Iterator[None]:
    """Make one transaction of what is done to the attached inventory: each statement would be written by itself.

    It is detached in the end, which says, other than closing, that there is no room for it.
    """
    connection.execute("use inventory")
    connection.execute("begin")
    yield
    connection.execute("commit")
    connection.execute("use memory")
    connection.execute("detach inventory")
