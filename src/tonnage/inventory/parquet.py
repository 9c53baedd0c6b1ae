"""An inventory as a folder of Parquet: a file for each table, for whatever reads Parquet, and opened as any inventory.

In each file's metadata are the version of the tables, what the table and its columns mean; in `scan.parquet` the scan too.
Beside them lies `catalog.duckdb`, a database of views only, for people with the duckdb program. It is never opened here:
what is in a folder may be anybody's, so the views are recreated, of our own SQL, over files that are read as data.
"""

import contextlib
import filecmp
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tonnage import __version__
from tonnage.errors import ForeignDatabaseError, InventoryVersionError, NoInventoryError, WriteError, reason_of
from tonnage.files import new_folder
from tonnage.formats.quoting import identifier, literal
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.inventory.template import OPTIONS, views_in_order

if TYPE_CHECKING:
    import duckdb

    from tonnage.inventory.database import Inventory

_CATALOG = "catalog.duckdb"
_HISTORY = "scan="
"""How the folders begin that stand beside each other for the scans of one storage, as Hive names partitions."""


def is_folder(path: str) -> bool:
    """Return whether a place is a folder, which may be an inventory as Parquet."""
    return os.path.isdir(path)


def is_export(path: str) -> bool:
    """Return whether a folder has a file of an export, and so is to be opened as one, whether it is whole or not."""
    from tonnage.inventory.database import known_tables

    return any(os.path.lexists(os.path.join(path, f"{table}.parquet")) for table in known_tables())


def write_folder(inventory: "Inventory", folder: Path) -> int:
    """Write an inventory as Parquet into a folder that is not there yet: all of it, or nothing. Return how many rows it has.

    A table that is the same as in the newest `scan=…` beside it is not stored again: the file is the same one.
    Raises WriteError and QueryError.
    """
    from tonnage.inventory.database import connect

    if os.path.lexists(folder):
        raise WriteError(f"`{folder}` exists", "name a folder that is not there, such as history/scan=2026-11-29")
    before = _newest_beside(folder)
    begins_history = folder.name.startswith(_HISTORY)
    with new_folder(folder, makes_parent=begins_history) as new, connect() as writer:
        rows_count = _write_tables(inventory, new, writer)
        for file in sorted(new.iterdir()):
            _share(file, before)
        _write_catalog(writer, new / _CATALOG)
    return rows_count


def write_files(inventory: "Inventory", folder: Path) -> int:
    """Write an inventory's tables as Parquet into an empty folder. Return how many rows it has. Raises QueryError."""
    from tonnage.inventory.database import connect

    with connect() as writer:
        return _write_tables(inventory, folder, writer)


def _write_tables(inventory: "Inventory", folder: Path, writer: "duckdb.DuckDBPyConnection") -> int:
    from arro3.core import RecordBatchReader

    from tonnage.inventory.database import known_tables

    metadata = _metadata(inventory)
    rows_count = 0
    for table in known_tables():
        # As Arrow: the inventory's own connection can write no file.
        rows = inventory.connection.sql(f"select * from store.{identifier(table)}")
        writer.register("found", RecordBatchReader.from_stream(rows))
        options = f"format parquet, compression zstd, kv_metadata {_spelled(metadata[table])}"
        file = literal(str(folder / f"{table}.parquet"))
        [[count]] = writer.execute(f"copy (select * from found) to {file} ({options})").fetchall()
        writer.unregister("found")
        rows_count += count
    return rows_count


def _metadata(inventory: "Inventory") -> dict[str, dict[str, str]]:
    """Return what the metadata of each table's file says, by table."""
    from tonnage.inventory.database import known_tables

    meanings = inventory.query("select table_name, comment from duckdb_tables() where schema_name = 'store'").rows
    columns: dict[str, dict[str, str]] = {table: {} for table in known_tables()}
    for table, column, comment in inventory.query(
        "select table_name, column_name, comment from duckdb_columns() where schema_name = 'store'"
        " order by table_name, column_index"
    ).rows:
        columns.setdefault(table, {})[column] = comment
    by_table = dict(meanings)
    found = {
        table: {
            "tonnage.schema_version": str(SCHEMA_VERSION),
            "tonnage.version": __version__,
            "tonnage.meaning": str(by_table.get(table) or ""),
            "tonnage.columns": json.dumps(columns[table], ensure_ascii=False),
        }
        for table in known_tables()
    }
    found["scan"]["tonnage.scan"] = json.dumps(scan_of(inventory), ensure_ascii=False)
    return found


def scan_of(inventory: "Inventory") -> dict[str, str | int]:
    """Return place, number and time of the scan that made an inventory."""
    [row] = inventory.query("select location, scan_id, finished_at from scan order by scan_id desc limit 1").rows
    return {"location": row[0], "scan_id": row[1], "finished_at": f"{row[2].isoformat()}Z"}


def _spelled(metadata: dict[str, str]) -> str:
    return "{" + ", ".join(f"{literal(name)}: {literal(value)}" for name, value in metadata.items()) + "}"


def _newest_beside(folder: Path) -> Path | None:
    """Return the export of the scan before, where folders are named for their scans."""
    if not folder.name.startswith(_HISTORY):
        return None
    beside = (path for path in folder.absolute().parent.glob(f"{_HISTORY}*") if path.name < folder.name)
    return max(beside, key=lambda path: path.name, default=None)


def _share(file: Path, before: Path | None) -> None:
    """Make a file another name of the one before it, if they are the same; where that cannot be, there are two."""
    same = before / file.name if before else None
    if same and same.is_file() and not same.is_symlink() and filecmp.cmp(same, file, shallow=False):
        with contextlib.suppress(OSError):
            link = file.with_suffix(".link")
            os.link(same, link)
            os.replace(link, file)


def _write_catalog(connection: "duckdb.DuckDBPyConnection", path: Path) -> None:
    """Write a database of views over the files beside it: opened in the folder, it is an inventory to the duckdb program."""
    connection.execute(f"attach {literal(str(path))} as catalog_file ({OPTIONS})")
    connection.execute("set file_search_path = " + literal(str(path.parent)))
    _make_views(connection, "catalog_file", "")
    connection.execute("detach catalog_file")


def _make_views(connection: "duckdb.DuckDBPyConnection", database: str, prefix: str) -> None:
    """Make our tables as views over files that begin with `prefix`, and our views over these."""
    from tonnage.inventory.database import known_tables

    connection.execute(f"use {identifier(database)}")
    connection.execute("begin")
    connection.execute("create schema store")
    for table, columns in known_tables().items():
        names = ", ".join(identifier(column.name) for column in columns)
        source = read_file(f"{prefix}{table}.parquet")
        connection.execute(f"create view store.{identifier(table)} as select {names} from {source}")
    for sql in views_in_order():
        connection.execute(sql)
    connection.execute("commit")
    connection.execute("use memory")


def read_file(file: str) -> str:
    """Return what reads a file in SQL. The folder's name may be `scan=…`: that is not a column of the table."""
    return f"read_parquet({literal(file)}, hive_partitioning = false)"


def _files_of(path: str) -> Iterator[Path]:
    """Yield the files of an inventory in a folder. Raises NoInventoryError if one is not there, or is not a regular file."""
    from tonnage.inventory.database import known_tables

    for table in known_tables():
        file = Path(path, f"{table}.parquet")
        try:
            is_regular = stat.S_ISREG(file.lstat().st_mode)
        except OSError as error:
            message = f"`{path}` is not an inventory: `{file.name}`: {reason_of(error)}"
            raise NoInventoryError(message, _hint_for(path)) from error
        if not is_regular:
            message = f"`{path}` is not an inventory: `{file.name}` is not a regular file"
            raise NoInventoryError(message, _hint_for(path))
        yield file


def _hint_for(path: str) -> str:
    """Return what helps where a folder is not an export, or not a whole one; nothing where that is to scan."""
    if scans := sorted(beside.name for beside in Path(path).glob(f"{_HISTORY}*")):
        return f"name one of the {len(scans):,} in it: {Path(path, scans[-1])}"
    return "export it again: tonnage export" if is_export(path) else ""


def prefix_of(path: str) -> str:
    """Return what the names of the files in a folder begin with, for the database."""
    return str(Path(path).resolve()) + "/"


def open_folder(connection: "duckdb.DuckDBPyConnection", path: str, database: str) -> None:
    """Make an inventory of the files in a folder, in a database in memory that is attached and may read that folder only.

    Raises NoInventoryError, ForeignDatabaseError and InventoryVersionError.
    """
    from tonnage.inventory.database import known_tables

    for file in _files_of(path):
        source = read_file(prefix_of(path) + file.name)
        described = connection.execute(f"describe select * from {source}").fetchall()
        if tuple((name, type_) for name, type_, *_ in described) != tuple(known_tables()[file.stem]):
            raise ForeignDatabaseError(f"`{path}` is not an inventory: `{file.name}` is not the table of that name")
    scan = read_file(f"{prefix_of(path)}scan.parquet")
    [[version]] = connection.execute(f"select max(schema_version) from {scan}").fetchall()
    if version != SCHEMA_VERSION:
        raise InventoryVersionError(path, version, SCHEMA_VERSION)
    _make_views(connection, database, prefix_of(path))
