"""An inventory is data, whoever made the file: what is in it may name anything, and view anything.

So a connection is locked before anything is read from the file, and nothing is taken for a table of ours but a base
table of that name: a view in its place would be run, with the rights of whoever opens it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tonnage.formats.quoting import literal

if TYPE_CHECKING:
    import duckdb

_CREATE_TABLE = re.compile(r"^create table store\.(\w+) \((.*?)\);$", re.DOTALL | re.MULTILINE)
_OF_ONE = re.compile(r"\((.*)\);$", re.DOTALL)
_COLUMN = re.compile(r'("?)(\w+)\1 (\w+)( NOT NULL)?')
_TABLES = """
select table_name, sql
from duckdb_tables()
where database_name = $database and schema_name = 'store'
order by table_name
"""
"""Its `duckdb_columns` would bind every view of every database first, which takes twenty times as long."""


class Column(NamedTuple):
    """A column of a table, with its type in DuckDB's words."""

    name: str
    type: str


def lock_down(connection: "duckdb.DuckDBPyConnection", folders: Sequence[str] = ()) -> None:
    """Let no query reach a file, a setting or another database, whoever wrote it. What is attached stays so.

    Files in `folders`, whose names end in a slash, can still be read.
    """
    if folders:
        connection.execute(f"set allowed_directories = [{', '.join(map(literal, folders))}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def parse_tables(statements: Iterable[str]) -> dict[str, tuple[Column, ...]]:
    """Return the tables that statements of ours create, with their columns in order."""
    found = filter(None, map(_CREATE_TABLE.search, statements))
    return {match[1]: _columns(match[2]) for match in found}


def _columns(described: str) -> tuple[Column, ...]:
    """Return the columns between the brackets of a `create table`; none of our types has a comma in it."""
    words = (column.split() for column in described.split(","))
    return tuple(Column(name, type_.upper()) for name, type_, *_ in words)


def tables_of(connection: "duckdb.DuckDBPyConnection", database: str) -> dict[str, tuple[Column, ...]]:
    """Return the base tables in the schema `store` of an attached database. Its catalog is read, and nothing is run.

    The columns are those the database says to create the table with; a table that needs more than names, types and
    `not null` is none of ours, and comes without any.
    """
    found = connection.execute(_TABLES, {"database": database}).fetchall()
    return {table: _created_columns(sql) for table, sql in found}


def _created_columns(sql: str) -> tuple[Column, ...]:
    described = _OF_ONE.search(sql)
    columns = [_COLUMN.fullmatch(column) for column in described[1].split(", ")] if described else []
    return tuple(Column(column[2], column[3]) for column in columns if column) if all(columns) else ()
