"""Our SQL as PostgreSQL reads it. Views, reports and metrics are written for both, so little is left to change.

A table's types have other names there. Parameters are `$name` with us and `$1` there. And an inventory is in two schemas
of its own there, so that several lie side by side: the views in the one that the operator named, the tables in another.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from tonnage.formats.quoting import identifier
from tonnage.inventory.postgresql.address import STORE

_TOKEN = re.compile(
    r"""(?P<kept>'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/)|\$(?P<name>[a-z_]\w*)|(?P<store>\bstore)\.(?=\w)""",
    re.DOTALL | re.IGNORECASE,
)
"""What is text or a comment, and not looked into; a parameter; the schema of the tables."""
_TYPES = {"varchar": 'text collate "C"', "blob": "bytea", "timestamp": "timestamp(6)"}
"""Text is compared by its bytes, as DuckDB does, whatever language the server's database is set to."""
_COLUMN_TYPE = re.compile(rf"(?<=[a-z_] )(?:{'|'.join(_TYPES)})\b")


class Bound(NamedTuple):
    """A statement for PostgreSQL, and the names of its parameters in the order of their numbers."""

    sql: str
    names: tuple[str, ...]


def to_postgresql(sql: str, schema: str, nulls: Collection[str] = ()) -> Bound:
    """Return a statement with its parameters numbered, its tables found in the schema, and without its semicolon.

    Parameters in `nulls` become the word: of one that is null the server cannot tell the type by its value.

    >>> to_postgresql("select '$x', d.digest from store.digest as d where d.digest = $x;", "prod")
    Bound(sql='select \\'$x\\', d.digest from "prod_store".digest as d where d.digest = $1', names=('x',))
    """
    names: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match["kept"]:
            return match["kept"]
        if match["store"]:
            return identifier(schema + STORE) + "."
        if match["name"] in nulls:
            return "null"
        if match["name"] not in names:
            names.append(match["name"])
        return f"${names.index(match['name']) + 1}"

    text = _TOKEN.sub(replace, sql)
    return Bound(_without_semicolon(text), tuple(names))


def _without_semicolon(sql: str) -> str:
    """Return a statement that can stand in brackets: no semicolon ends it, and no comment hides what follows."""
    code = sql.rstrip()
    while code.endswith(";"):
        code = code[:-1].rstrip()
    return code + "\n" if "--" in code.rpartition("\n")[2] else code


def statements_of(sql: str, schema: str) -> Iterator[str]:
    """Yield the statements of one of our files that makes a table or a view, one at a time, as PostgreSQL reads them."""
    import duckdb

    for statement in duckdb.extract_statements(sql):
        text, _ = to_postgresql(statement.query, schema)
        head, brackets, columns = text.partition("(")
        if " table " in head and "create" in head:
            columns = _COLUMN_TYPE.sub(lambda match: _TYPES[match[0]], columns)
        yield head + brackets + columns
