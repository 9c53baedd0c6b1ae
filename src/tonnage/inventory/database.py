"""The door to SQL: inventories opened for reading."""

import contextlib
import copy
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tonnage.errors import (
    MORE_MEMORY,
    ForeignDatabaseError,
    InventoryVersionError,
    NoInventoryError,
    QueryError,
    TonnageError,
)
from tonnage.formats.quoting import identifier, is_utf_8, literal
from tonnage.inventory.failures import SYSTEM_HINT, Failure, failure_of, system_reason
from tonnage.inventory.foreign import Column, lock_down, parse_tables, tables_of
from tonnage.inventory.interrupts import interruptible
from tonnage.inventory.memory import MemoryLimit, reading_config
from tonnage.inventory.parquet import is_folder, open_folder, prefix_of
from tonnage.inventory.postgresql.address import is_address
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.inventory.statements import execute_where_needed, statements

if TYPE_CHECKING:
    import duckdb

DEFAULT_INVENTORY = "tonnage.duckdb"
ELSEWHERE = "choose another place with -i"
REPLACE_IT = "remove it, and scan again"
_NAME_BYTES = 255
"""The longest name of a file on every file system of Linux."""


class Table(NamedTuple):
    """The answer to a query: column names, their DuckDB types, and the rows."""

    columns: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]
    whole_count: int | None = None
    """How many rows there are, where no more than some of them were asked for."""

    @property
    def rows_count(self) -> int:
        """How many rows there are, also those that were not asked for."""
        return len(self.rows) if self.whole_count is None else self.whole_count


@cache
def known_tables() -> dict[str, tuple[Column, ...]]:
    """Return the tables of an inventory, with their columns in order."""
    return parse_tables(statement.sql for statement in statements("tables").values())


def connect(limit: MemoryLimit | None = None, place: str = "") -> "duckdb.DuckDBPyConnection":
    """Return a database in memory that fetches nothing from anywhere by itself; `place` is the inventory it opens."""
    import duckdb

    config: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    connection = duckdb.connect(config=config | (limit.config() if limit else reading_config(place=place)))
    connection.execute("set timezone = 'UTC'")
    return connection


class Inventory:
    """An inventory, opened for reading. Use as a context manager."""

    catalog = "catalog"
    """The folder of statements that list its tables and columns."""

    def __init__(
        self,
        path: str,
        tags: list[tuple[str, str, str]] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Open it; with `tags` (repository, tag, digest) these take the place of the ones in the storage.

        `settings` of the database are made before it is locked.
        """
        self.path = path
        self.connection = connect(place=path)
        self._copied: tempfile.TemporaryDirectory[str] | None = None
        try:
            for name, value in (settings or {}).items():
                self.connection.execute(f"set {name} = {literal(value)}")
            self._copied = _attach_or_copy(self.connection, path, tags is not None)
            if tags is not None:
                copy_with_tags(self.connection, tags)
            self.connection.execute("use inventory")
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> "Inventory":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        if self._copied:
            self._copied.cleanup()

    @contextlib.contextmanager
    def session(self) -> Iterator["Inventory"]:
        """Yield the same inventory for one of several at a time: temporary tables are its own."""
        session = copy.copy(self)
        session.connection = self.connection.cursor()
        try:
            session.connection.execute("use inventory")
            yield session
        finally:
            session.connection.close()

    def query(self, sql: str, parameters: dict[str, Any] | None = None) -> Table:
        """Return what one statement answers. Parameters are named `$name`. Raises QueryError."""
        return answer(self.connection, sql, parameters, self.path)


def answer(connection: "duckdb.DuckDBPyConnection", sql: str, parameters: dict[str, Any] | None, path: str) -> Table:
    """Return what one statement answers of the database that is called `path`. Raises QueryError and NoInventoryError."""
    import duckdb

    for text in (sql, *(parameters or {}).values()):
        if isinstance(text, str) and not is_utf_8(text):
            raise QueryError(f"`{text}` is not UTF-8 text", "no name and no query of an inventory has other bytes")
    try:
        with interruptible(connection):
            cursor = connection.execute(sql, parameters or None)
            if not cursor:  # what DuckDB answers where there are only comments
                raise QueryError("there is no SQL in the query")
            described = cursor.description or []
            return Table([d[0] for d in described], [str(d[1]) for d in described], cursor.fetchall())
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except (duckdb.Error, MemoryError) as error:
        raise _as_ours(error, path) from error


def _as_ours(error: Exception, path: str) -> TonnageError:
    """Return what a query of an inventory failed at: memory, the system, damage, or the query itself."""
    match failure_of(error):
        case Failure.MEMORY:
            return QueryError("there is not enough memory for this query", MORE_MEMORY)
        case Failure.SYSTEM:
            return NoInventoryError(f"cannot read `{path}`: {system_reason(error)}", SYSTEM_HINT)
        case Failure.DAMAGE:
            return NoInventoryError(f"`{path}` is damaged: {_first_line(error)}", REPLACE_IT)
        case Failure.OTHER:
            return QueryError(str(error))


def copy_with_tags(connection: "duckdb.DuckDBPyConnection", tags: list[tuple[str, str, str]]) -> None:
    """Copy the inventory `stored` into memory as `inventory`, with other tags, and what follows from them."""
    connection.execute("attach ':memory:' as inventory")
    connection.execute("copy from database stored to inventory")
    connection.execute("use inventory")
    columns = [list(column) for column in zip(*tags, strict=True)] or [[], [], []]
    values = dict(zip(("repositories", "tags", "digests"), columns, strict=True))
    connection.execute(statements("tags")["keep"].sql)
    connection.execute("delete from store.tag")
    connection.execute(statements("tags")["replace"].sql, values)
    connection.execute("update store.source set has_given_tags = true")
    connection.execute(statements("load")["edge"].sql)
    derived = ("revision_state", "referrer_tag", "hold", "goes_with", "repository_group", "usage", "deletion")
    for table in derived:
        connection.execute(f"delete from store.{table}")
    for name in (*derived[:4], "goes_alone", *derived[4:]):
        execute_where_needed(connection, statements("load")[name])


def _attach_or_copy(
    connection: "duckdb.DuckDBPyConnection", path: str, has_other_tags: bool
) -> tempfile.TemporaryDirectory[str] | None:
    """Attach an inventory, or a copy of one that is not a file and has to be; return the folder that the copy is in.

    With other tags it is attached as `stored`, and is to be copied once more.
    """
    name = "stored" if has_other_tags else "inventory"
    if not is_address(path) and not (has_other_tags and is_folder(path)):
        attach(connection, path, name)
        return None
    from tonnage.inventory.copies import copy_to_file

    folder = tempfile.TemporaryDirectory(prefix="tonnage-")
    try:
        copy = Path(folder.name, "tonnage.duckdb")
        copy_to_file(path, copy)
        attach(connection, str(copy), name)
    except BaseException:
        folder.cleanup()
        raise
    return folder


def compare(old: str, new: str, name: str) -> Table:
    """Return what sql/diff/<name>.sql answers over two inventories. Raises TonnageError."""
    connection = connect()
    try:
        attach_all(connection, {"old_inventory": old, "new_inventory": new})
        cursor = connection.execute(statements("diff")[name].sql)
        described = cursor.description or []
        return Table([d[0] for d in described], [str(d[1]) for d in described], cursor.fetchall())
    finally:
        connection.close()


def attach(connection: "duckdb.DuckDBPyConnection", path: str, name: str) -> None:
    """Attach an inventory read-only, as `attach_all` does."""
    attach_all(connection, {name: path})


def attach_all(connection: "duckdb.DuckDBPyConnection", paths: dict[str, str]) -> None:
    """Attach inventories read-only, by name, and lock the connection before anything in them is read.

    Raises NoInventoryError and InventoryVersionError.
    """
    import duckdb

    for name, path in paths.items():
        _attach(connection, path, name)
    try:
        lock_down(connection, [prefix_of(path) for path in paths.values() if is_folder(path)])
    except duckdb.Error as error:
        raise _cannot_open(", ".join(paths.values()), error) from error
    for name, path in paths.items():
        if is_folder(path):
            _open_folder(connection, path, name)
        else:
            check(connection, path, name)


def _open_folder(connection: "duckdb.DuckDBPyConnection", path: str, name: str) -> None:
    import duckdb

    try:
        open_folder(connection, path, name)
    except duckdb.Error as error:
        raise _cannot_open(path, error) from error


def _attach(connection: "duckdb.DuckDBPyConnection", path: str, name: str) -> None:
    import duckdb

    if not is_utf_8(path):
        raise NoInventoryError(f"cannot open `{path}`: its name is not UTF-8, which the database needs", "rename it")
    if is_folder(path):
        connection.execute(f"attach ':memory:' as {identifier(name)}")
        return
    try:
        is_ours = is_database(Path(path))
    except FileNotFoundError as error:
        raise NoInventoryError(f"there is no inventory at `{path}`") from error
    except OSError as error:
        raise NoInventoryError(f"cannot open `{path}`: {error.strerror}") from error
    if not is_ours:
        raise NoInventoryError(f"`{path}` is not an inventory")
    try:
        connection.execute(f"attach {literal(path)} as {identifier(name)} (read_only)")
    except duckdb.Error as error:
        raise _cannot_open(path, error) from error


def check(connection: "duckdb.DuckDBPyConnection", path: str, name: str) -> None:
    """See that an attached database has our tables, of this version: base tables, for a view would be run."""
    import duckdb

    try:
        tables = tables_of(connection, name)
        if "schema_version" not in {column.name for column in tables.get("scan", ())}:
            raise ForeignDatabaseError(f"`{path}` is the database of something else")
        ((version,),) = connection.execute(f"select max(schema_version) from {identifier(name)}.store.scan").fetchall()
    except duckdb.Error as error:
        raise _cannot_open(path, error) from error
    if version != SCHEMA_VERSION:
        raise InventoryVersionError(path, version, SCHEMA_VERSION)
    for table, columns in known_tables().items():
        if (found := tables.get(table)) != columns:
            what = "has constraints, defaults or types of its own" if found == () else "is not the table of that name"
            raise ForeignDatabaseError(f"`{path}` is not an inventory: `store.{table}` {what}")


def _cannot_open(path: str, error: Exception) -> NoInventoryError:
    """Return why an inventory cannot be opened, and what helps: it may be whole, and only the moment be wrong."""
    match failure_of(error):
        case Failure.MEMORY:
            return NoInventoryError(f"cannot open `{path}`: there is not enough memory", MORE_MEMORY)
        case Failure.SYSTEM:
            return NoInventoryError(f"cannot open `{path}`: {system_reason(error)}", SYSTEM_HINT)
        case _:
            has_log = any(log.exists() for log in logs_of(Path(path)))
            hint = "another program has left a log beside it; scan again, which removes that" if has_log else ""
            return NoInventoryError(f"cannot open `{path}`: {_first_line(error)}", hint)


def logs_of(path: Path) -> tuple[Path, ...]:
    """Return the logs in which DuckDB keeps what it has not yet written to a database; the longest names have none."""
    endings = [ending for ending in (".wal", ".wal.checkpoint") if len(os.fsencode(path.name + ending)) <= _NAME_BYTES]
    return tuple(path.with_name(path.name + ending) for ending in endings)


def damage_of(path: Path) -> str:
    """Return what is wrong with an inventory that opens; nothing where all of it can be read, or where it is not there."""
    import duckdb

    connection = connect()
    try:
        attach(connection, str(path), "inventory")
        for table in known_tables():
            connection.execute(f"select bit_xor(hash(t)) from inventory.store.{identifier(table)} as t")
    except TonnageError:
        return ""
    except duckdb.Error as error:
        return _first_line(error) if failure_of(error) is Failure.DAMAGE else ""
    finally:
        connection.close()
    return ""


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def is_database(path: Path) -> bool:
    """Return whether a file begins as those of DuckDB do, which would open others in its own way. Raises OSError.

    What is not a regular file is not opened: a pipe would never answer.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return False
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"
