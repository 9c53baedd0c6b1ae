"""Whether a report of an operator's own runs in other databases too: what in it is DuckDB's alone, and what to write.

DuckDB's own parser is asked, not a second one: it hands out what it read as JSON. Whatever is not in the common part is
found, so a function is named here once it was seen to answer alike in PostgreSQL 15.
"""

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tonnage.errors import QueryError
from tonnage.formats.quoting import literal
from tonnage.inventory.database import connect
from tonnage.inventory.reports import Report
from tonnage.inventory.template import make_empty

_COMMON = frozenset(
    """
    + - * / % || ~~ !~~ abs avg bool_and bool_or ceil coalesce count count_star cume_dist date_trunc dense_rank
    first_value floor greatest lag last_value lead least left length like_escape lower ltrim max min mod
    not_like_escape ntile nullif percent_rank power rank regexp_replace replace right round row_number rtrim
    split_part sqrt starts_with string_agg strpos substr substring sum trim unnest upper
    """.split()  # noqa: SIM905 -- a list of words reads as such
)
"""Functions and operators that mean the same everywhere."""
_INSTEAD = {
    "any_value": "min(…): any_value is new in PostgreSQL 16",
    "arg_max": "row_number() over (… order by …) in a subquery, and = 1",
    "arg_min": "row_number() over (… order by …) in a subquery, and = 1",
    "contains": "strpos(text, part) > 0",
    "//": "floor(a / b), with one of them cast to double precision",
    "~~*": "lower(text) like lower(pattern)",
    "epoch": "times themselves: they can be compared and subtracted",
    "len": "length(…)",
    "list": "string_agg(…)",
    "regexp_full_match": "like, or strpos(…)",
    "regexp_matches": "like, or strpos(…)",
    "strftime": "the time itself: it is put out in the form of ISO 8601",
    "suffix": "right(text, length(part)) = part",
}
_INTERVALS = frozenset(f"to_{unit}s" for unit in ("year", "month", "week", "day", "hour", "minute", "second"))
_TYPES = frozenset(
    ("BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "INTEGER", "INTERVAL", "SMALLINT", "TIMESTAMP", "VARCHAR")
)
_FROM_FIRST = re.compile(r"(?:\A|\()\s*from\b", re.IGNORECASE)
_DOUBLE = re.compile(r"\bas\s+double\b(?!\s+precision)|::\s*double\b(?!\s+precision)", re.IGNORECASE)
_NOT_CODE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)

Node = dict[str, Any]


class Finding(NamedTuple):
    """Something that another database would not read, or would read otherwise."""

    line: int | None
    what: str
    instead: str


def findings_in(sql: str) -> list[Finding]:
    """Return what in a query is DuckDB's alone, in the order of its lines. Raises QueryError if it cannot be parsed."""
    found = {finding for node in _nodes(_parse(sql)) for rule in _RULES for finding in rule(node, sql)}
    code = _NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), sql)
    for match in _FROM_FIRST.finditer(code):
        found.add(Finding(code.count("\n", 0, match.end()) + 1, "from without select", "select columns from …"))
    for match in _DOUBLE.finditer(code):
        found.add(Finding(code.count("\n", 0, match.start()) + 1, "double", "double precision"))
    return sorted(found, key=lambda finding: (finding.line or 0, finding.what))


def check_report(report: Report) -> list[Finding]:
    """Return what in a report is DuckDB's alone, once it is seen that its tables and columns are an inventory's.

    Raises QueryError where they are not, and UsageError for a default that cannot be one.
    """
    import duckdb

    found = findings_in(report.sql)
    values = {p.name: p.parse(p.default or ("" if p.type in ("text", "digest") else "0")) for p in report.parameters}
    with connect() as connection, tempfile.TemporaryDirectory(prefix="tonnage-") as folder:
        path = Path(folder, "empty.duckdb")
        make_empty(path, connection)
        connection.execute(f"attach {literal(str(path))} as inventory (read_only)")
        connection.execute("use inventory")
        try:
            connection.execute(f"explain {report.sql}", values).fetchall()  # finds its columns, and runs nothing
        except duckdb.Error as error:
            raise QueryError(str(error)) from error
    return found


def _parse(sql: str) -> Any:
    with connect() as connection:
        [[text]] = connection.execute("select json_serialize_sql($sql)", {"sql": sql}).fetchall()
    read = json.loads(text)
    if read["error"]:
        raise QueryError(read.get("error_message") or "it cannot be parsed")
    if len(read["statements"]) != 1:
        raise QueryError("it is not one query")
    return read


def _nodes(tree: Any) -> Iterator[Node]:
    """Yield all of a tree, each before what it has in it."""
    if isinstance(tree, dict):
        yield tree
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(child)


def _line_of(node: Node, sql: str) -> int | None:
    """Return the line in which a node begins. The parser counts bytes; what has no place is beyond the end."""
    text = sql.encode()
    place = node.get("query_location")
    return None if place is None or place > len(text) else text.count(b"\n", 0, place) + 1


def _functions(node: Node, sql: str) -> Iterator[Finding]:
    name = node.get("function_name")
    if name in _INTERVALS:
        yield Finding(_line_of(node, sql), "interval 1 day", "interval '1 day'")
    elif name and name not in _COMMON and not _is_of_interval(node):
        yield Finding(_line_of(node, sql), _spelled(name), _INSTEAD.get(name, "what both databases have"))


def _spelled(name: str) -> str:
    match name:
        case "list_value":
            return "[…]"
        case "struct_pack":
            return "{…}"
        case _:
            return name if not name.isidentifier() else f"{name}()"


def _is_of_interval(node: Node) -> bool:
    """Return whether the parser put a function into an interval by itself: nothing of the text is its own."""
    return node["function_name"] == "trunc" and not node.get("query_location_length", 1)


def _casts(node: Node, sql: str) -> Iterator[Finding]:
    type_ = node.get("type_expr") or node.get("cast_type") or {}
    name = type_.get("type_name") or type_.get("id") if isinstance(type_, dict) else None
    if node.get("class") == "CAST" and name and name.upper() not in _TYPES:
        yield Finding(
            _line_of(node, sql), f"cast to {name.lower()}", "bigint, double precision, varchar, timestamp, date"
        )
    if node.get("try_cast"):
        yield Finding(_line_of(node, sql), "try_cast", "cast")


def _selects(node: Node, sql: str) -> Iterator[Finding]:
    if node.get("aggregate_handling") == "FORCE_AGGREGATES":
        yield Finding(None, "group by all", "group the columns by name")
    if node.get("qualify"):
        yield Finding(_line_of(node["qualify"], sql), "qualify", "a subquery, and where around it")
    if node.get("sample"):
        yield Finding(None, "sample", "order by … limit …")


def _sources(node: Node, sql: str) -> Iterator[Finding]:
    source = node.get("from_table")
    for table in _nodes(source) if isinstance(source, dict) else ():
        if table.get("type") == "SUBQUERY" and table.get("class") is None and not table.get("alias"):
            yield Finding(_line_of(table, sql), "subquery without a name", "(select …) as name")
        if table.get("using_columns"):
            yield Finding(_line_of(table, sql), "join … using (…)", "join … on …")
        if table.get("join_type") in ("SEMI", "ANTI"):
            yield Finding(
                _line_of(table, sql), f"{table['join_type'].lower()} join", "where exists, or where not exists"
            )
        if table.get("ref_type") in ("ASOF", "POSITIONAL"):
            yield Finding(_line_of(table, sql), f"{table['ref_type'].lower()} join", "join … on …")


def _stars(node: Node, sql: str) -> Iterator[Finding]:
    if node.get("class") == "STAR" and (node.get("columns") or node.get("exclude_list") or node.get("replace_list")):
        yield Finding(_line_of(node, sql), "order by all, columns(…), * exclude or * replace", "the columns by name")


def _indexes(node: Node, sql: str) -> Iterator[Finding]:
    if node.get("type") in ("ARRAY_EXTRACT", "ARRAY_SLICE", "STRUCT_EXTRACT", "LAMBDA"):
        yield Finding(_line_of(node, sql), "lists and structs", "rows, one for each value")


_RULES: tuple[Callable[[Node, str], Iterator[Finding]], ...] = (
    _functions, _casts, _selects, _sources, _stars, _indexes,
)  # fmt: skip
