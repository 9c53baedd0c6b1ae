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
_TABLES = """
select t.table_name, c.column_name, c.data_type
from duckdb_tables() as t
join duckdb_columns() as c using (database_name, schema_name, table_name)
where t.database_name = $database and t.schema_name = 'store'
order by t.table_name, c.column_index
"""


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
    """Return the base tables in the schema `store` of an attached database. Its catalog is read, and nothing is run."""
    found: dict[str, list[Column]] = {}
    for table, column, type_ in connection.execute(_TABLES, {"database": database}).fetchall():
        found.setdefault(table, []).append(Column(column, type_))
    return {table: tuple(columns) for table, columns in found.items()}
