"""The rows of any query, restricted, sorted and cut to some of its columns: what every report can be asked for.

The query is not touched: it stands in brackets, and what is asked for stands around it. So it works for reports, for an
operator's own files, and for whatever is written next.

A condition is SQL that a person types. It is run where nothing can be written and no file be reached (see foreign.py);
all the same it has to be one expression by DuckDB's own parser, so that it cannot end the brackets it stands in.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from tonnage.errors import QueryError, UsageError
from tonnage.formats.closest import meant
from tonnage.formats.quoting import identifier, is_utf_8, literal
from tonnage.inventory.database import Table, answer, connect
from tonnage.inventory.foreign import lock_down
from tonnage.inventory.values import as_query

Ask = Callable[[str, dict[str, Any] | None], Table]
"""Answers a query with parameters; `Inventory.query` is one."""

_UNKNOWN_COLUMN = re.compile(r'Referenced column "([^"]+)" not found')
_MOST_ROWS = 2**60
"""More than there can be, and less than a database refuses."""
_HOW = "write one condition, like \"size_bytes > 1e9 and class = 'orphaned'\""


class Steering(NamedTuple):
    """What is asked for of a query's rows."""

    where: str = ""
    """A condition in SQL over the columns; nothing for all rows."""
    sort: tuple[str, ...] = ()
    """Columns to sort by, `-` before one for the largest first; rows equal in them keep the query's order."""
    columns: tuple[str, ...] = ()
    """The columns, in this order; none for all."""
    offset: int = 0
    """Rows to leave out first, where there is a limit."""
    limit: int = 0
    """No more rows than this; 0 for all. Millions of rows of which twenty are shown stay in the database."""


NOT_STEERED = Steering()


def steer(ask: Ask, sql: str, parameters: dict[str, Any], steering: Steering) -> Table:
    """Return the rows of a query as asked for. Unknown values are sorted last. Raises UsageError and QueryError."""
    if steering == NOT_STEERED:
        return ask(sql, parameters)
    if steering._replace(offset=0, limit=0) != NOT_STEERED:
        return _steered(ask, sql, parameters, steering, _columns_of(ask, sql, parameters))
    try:
        known = _columns_of(ask, sql, parameters)
        if not _are_renamed(known):
            return _steered(ask, sql, parameters, steering, known)
    except (QueryError, UsageError):
        pass  # what is wrong with it by itself, if anything, is said in its own words
    return ask(sql, parameters)


def _steered(ask: Ask, sql: str, parameters: dict[str, Any], steering: Steering, known: list[str]) -> Table:
    inner = _in_brackets(sql)
    shown = [_known(name, known, "--columns") for name in steering.columns] or known
    _check(steering.where)
    position = _unused("position", known)
    numbered = f"select *, row_number() over () as {identifier(position)} from {inner} as found"
    condition = f"where ({steering.where}\n)" if steering.where else ""
    order = [*(_order(term, known) for term in steering.sort), identifier(position)]
    selected = ", ".join(map(identifier, shown))
    rows = f"from ({numbered}) as found {condition} order by {', '.join(order)}"
    if not steering.limit:
        return _run(ask, f"select {selected} {rows}", parameters, known)
    limit, offset = min(steering.limit, _MOST_ROWS), min(steering.offset, _MOST_ROWS)
    cut = f"select {selected}, count(*) over () {rows} limit {limit} offset {offset}"
    found = _run(ask, cut, parameters, known)
    if found.rows or not steering.offset:
        whole_count = found.rows[0][-1] if found.rows else 0
    else:
        whole_count = count(ask, sql, parameters, steering.where)
    return Table(found.columns[:-1], found.types[:-1], [row[:-1] for row in found.rows], int(whole_count))


def steer_rows(table: Table, steering: Steering) -> Table:
    """Return the rows of an answer that no single query gave, as asked for. Raises UsageError and QueryError."""
    if steering == NOT_STEERED:
        return table
    sql, parameters = as_query(table)
    with connect() as connection:
        lock_down(connection)
        return steer(lambda sql, values: answer(connection, sql, values, "the rows"), sql, parameters, steering)


def labelled(sql: str, column: str, value: str) -> str:
    """Return a query whose rows have one column more in front, with the same text in each."""
    return f"select {literal(value)} as {identifier(column)}, found.* from {_in_brackets(sql)} as found"


def count(ask: Ask, sql: str, parameters: dict[str, Any], where: str) -> int:
    """Return how many rows of a query meet a condition that `steer` has taken."""
    condition = f"where ({where}\n)" if where else ""
    ((found,),) = ask(f"select count(*) from {_in_brackets(sql)} as found {condition}", parameters).rows
    return int(found)


def _in_brackets(sql: str) -> str:
    """Return a query as it may stand in another, whether it ends in a semicolon, a comment, or both."""
    lines = sql.rstrip().split("\n")  # splitlines() would also split at U+2028 and others, inside text and comments
    while lines and lines[-1].lstrip().startswith("--"):
        lines.pop()
    return "(" + "\n".join(lines).rstrip().removesuffix(";") + "\n)"


def _columns_of(ask: Ask, sql: str, parameters: dict[str, Any]) -> list[str]:
    try:
        return ask(f"select * from {_in_brackets(sql)} as found limit 0", parameters).columns
    except QueryError as error:
        if "Parser Error" not in error.message:
            raise
        raise UsageError("this is not one query, so it takes no --where, --sort or --columns") from error


def _are_renamed(known: list[str]) -> bool:
    """Return whether columns may have had the same name before they stood in brackets: `a, a` comes out as `a, a_1`."""
    names = {name.lower() for name in known}
    return any(re.sub(r"_\d+$", "", name) in names - {name} for name in names)


def _known(name: str, known: list[str], option: str) -> str:
    if name not in known:
        raise UsageError(
            f"`{option}`: there is no column `{name}`", meant(name, known, f"there are: {', '.join(known)}")
        )
    return name


def _order(term: str, known: list[str]) -> str:
    name = _known(term.removeprefix("-"), known, "--sort")
    return f"{identifier(name)} {'desc' if term.startswith('-') else 'asc'} nulls last"


def _unused(name: str, known: list[str]) -> str:
    """Return a name that no column has: DuckDB tells none apart by their case."""
    while name in {column.lower() for column in known}:
        name += "_"
    return name


def _check(where: str) -> None:
    """Raise UsageError unless a condition is one expression, by itself and in brackets, without parameters."""
    if not where:
        return
    if not is_utf_8(where):
        raise UsageError("`--where`: the condition is not UTF-8 text", _HOW)
    plain = _parsed("true")
    for form in (where, f"({where}\n)"):
        found = _parsed(form)
        if "error" in found:
            raise UsageError(f"`--where`: {found['error']}", _HOW)
        is_one = len(found["select"]) == 1 and not found["select"][0].get("alias")
        if not is_one or found["rest"] != plain["rest"]:
            raise UsageError(f"`--where`: `{where}` is not one condition", _HOW)


def _parsed(expression: str) -> dict[str, Any]:
    """Return what is selected, and what else there is in the statement, as the parser has it."""
    with connect() as connection:  # the parser is DuckDB's, wherever the rows are
        ((text,),) = connection.execute("select json_serialize_sql($sql)", {"sql": f"select {expression}\n"}).fetchall()
    found = json.loads(text)
    if found["error"]:
        return {"error": " ".join(found["error_message"].split())}
    if len(found["statements"]) != 1 or "select_list" not in found["statements"][0]["node"]:
        return {"select": [], "rest": None}
    return {"select": found["statements"][0]["node"].pop("select_list"), "rest": found["statements"]}


def _run(ask: Ask, sql: str, parameters: dict[str, Any], known: list[str]) -> Table:
    """Run the whole; what cannot be bound is the condition, as the query by itself could be."""
    try:
        return ask(sql, parameters)
    except QueryError as error:
        if found := _UNKNOWN_COLUMN.search(error.message):
            hint = meant(found[1], known, f"there are: {', '.join(known)}")
            raise UsageError(f"`--where`: there is no column `{found[1]}`", hint) from error
        if error.message.startswith(("Binder Error", "Catalog Error")):
            raise UsageError(f"`--where`: {error.message.partition(chr(10))[0]}", _HOW) from error
        raise
