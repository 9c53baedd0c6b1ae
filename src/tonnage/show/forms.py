"""Rows -> what programs read, and documents for people: JSON, CSV, Markdown, HTML, Parquet, Excel. Pure: bytes come back.

Programs get exact integers, whole digests and UTC times, and unknown is null or empty. Markdown and HTML are for people,
and say what a table on the screen says, whole.
"""

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from html import escape
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from tonnage.errors import WriteError
from tonnage.formats.quoting import literal
from tonnage.inventory.database import Table, connect
from tonnage.inventory.values import as_query, plain_value, to_csv_value
from tonnage.show.render import cells_of, each_once, is_number

_ROWS_AT_ONCE = 20_000
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_KNOWN_TO_CSV = {str, int, type(None)}
_MOST_SHEET_ROWS = 1_048_575
_EXACT_IN_SHEETS = 2**53
"""Numbers of a sheet are floating; larger integers are written as text rather than as other numbers."""
_MARKDOWN = str.maketrans({character: "\\" + character for character in "\\`*_{}[]<>#|~"})
_STYLE = (
    "body{font:14px sans-serif}table{border-collapse:collapse}th,td{padding:.2em .8em;border-bottom:1px solid #ddd;"
    "text-align:left}.n{text-align:right;font-variant-numeric:tabular-nums}"
)


def to_json(table: Table) -> str:
    """Return an array of objects, one per row, with the columns as keys."""
    return "[\n" + ",\n".join("  " + row for row in _objects(table)) + "\n]\n" if table.rows else "[]\n"


def to_jsonl(table: Table) -> str:
    """Return an object a line, one per row."""
    return "".join(row + "\n" for row in _objects(table))


def _objects(table: Table) -> Iterator[str]:
    """Yield each row as an object."""
    # Of columns of one name the last is said, in the place of the first, as of the keys of a dictionary.
    numbers = {name: number for number, name in enumerate(table.columns)}
    keys = [encode_basestring(name) + ": " for name in numbers]
    for columns in _column_pieces(table):
        cells = [[key + cell for cell in _as_json(columns[at])] for key, at in zip(keys, numbers.values(), strict=True)]
        yield from ("{" + ", ".join(row) + "}" for row in zip(*cells, strict=True))


def _as_json(values: Sequence[Any]) -> Iterable[str]:
    """Return values as JSON: a column is of one type, and that is asked once."""
    match set(map(type, values)):
        case kinds if kinds == {str}:
            return map(encode_basestring, values)
        case kinds if kinds == {int}:
            return map(str, values)
        case _:
            return each_once(lambda value: _ENCODER.encode(plain_value(value)), values)


def _column_pieces(table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the columns of some thousand rows after the other: all of millions would be there twice."""
    for start in range(0, len(table.rows), _ROWS_AT_ONCE):
        yield list(zip(*table.rows[start : start + _ROWS_AT_ONCE], strict=True))


def to_csv(table: Table, delimiter: str = ",") -> str:
    """Return comma-separated values with a header line; unknown is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", delimiter=delimiter)
    writer.writerow(table.columns)
    for columns in _column_pieces(table):
        writer.writerows(zip(*map(_as_csv, columns), strict=True))
    return out.getvalue()


def _as_csv(values: Sequence[Any]) -> Sequence[Any]:
    """Return values as CSV has them: the writer knows text and whole numbers, and leaves unknown ones empty."""
    return values if set(map(type, values)) <= _KNOWN_TO_CSV else each_once(to_csv_value, values)


def to_tsv(table: Table) -> str:
    """Return values separated by tabs, else as CSV."""
    return to_csv(table, "\t")


def to_markdown(table: Table) -> str:
    """Return a table for an issue or a wiki. Nothing in a cell is markup."""
    heads, rows = cells_of(table)
    lines = ["---:" if is_number(*column) else "---" for column in zip(table.columns, table.types, strict=True)]
    cells = [[cell.translate(_MARKDOWN) for cell in row] for row in rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in [heads, lines, *cells])


def to_html(table: Table) -> str:
    """Return a page with nothing but the table. Nothing in a cell is markup."""
    heads, rows = cells_of(table)
    marks = [' class="n"' if is_number(*column) else "" for column in zip(table.columns, table.types, strict=True)]

    def line(kind: str, cells: list[str]) -> str:
        inner = "".join(f"<{kind}{mark}>{escape(cell)}</{kind}>" for mark, cell in zip(marks, cells, strict=True))
        return f"<tr>{inner}</tr>\n"

    body = "".join(line("td", row) for row in rows)
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>tonnage</title><style>{_STYLE}</style>\n'
        f"<table><thead>\n{line('th', heads)}</thead><tbody>\n{body}</tbody></table></html>\n"
    )


def to_parquet(table: Table) -> bytes:
    """Return a Parquet file with the types of the columns; what Parquet has no type for is text."""
    sql, parameters = as_query(table)
    with tempfile.TemporaryDirectory(prefix="tonnage-") as folder, connect() as connection:
        path = Path(folder) / "rows.parquet"
        connection.execute(f"copy ({sql}) to {literal(str(path))} (format parquet)", parameters)
        return path.read_bytes()


def to_xlsx(table: Table) -> bytes:
    """Return an Excel file of one sheet: numbers as numbers, times as times, and no text as a formula or a link.

    Raises WriteError for more rows than a sheet has.
    """
    from xlsxwriter import Workbook

    if len(table.rows) > _MOST_SHEET_ROWS:
        raise WriteError(f"a sheet has at most {_MOST_SHEET_ROWS:,} rows", "--limit takes fewer; parquet takes all")
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "remove_timezone": True}) as book:
        sheet, bold = book.add_worksheet("tonnage"), book.add_format({"bold": True})
        when = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for at, name in enumerate(table.columns):
            sheet.write_string(0, at, name, bold)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(table.rows, 1):
            for at, value in enumerate(row):
                _write_cell(sheet, number, at, value, when)
        sheet.autofit()
    return out.getvalue()


def _write_cell(sheet: Any, row: int, at: int, value: Any, when: Any) -> None:
    plain = plain_value(value)
    match plain:
        case None:
            return
        case bool():
            sheet.write_boolean(row, at, plain)
        case int() | float() if abs(plain) <= _EXACT_IN_SHEETS:
            sheet.write_number(row, at, plain)
        case _ if isinstance(value, date) and value.year >= 1900:
            sheet.write_datetime(row, at, value, when)
        case _:
            sheet.write_string(row, at, str(to_csv_value(value))[:32_767])


TEXT: dict[str, Callable[[Table], str]] = {
    "json": to_json,
    "jsonl": to_jsonl,
    "csv": to_csv,
    "tsv": to_tsv,
    "md": to_markdown,
    "html": to_html,
}
"""Forms that are text, by name."""
BINARY: dict[str, Callable[[Table], bytes]] = {"parquet": to_parquet, "xlsx": to_xlsx}
"""Forms that are bytes, by name."""
FORMS = ("table", *TEXT, *BINARY)
_ENDINGS = {**{f".{form}": form for form in (*TEXT, *BINARY)}, ".ndjson": "jsonl", ".htm": "html"}


def form_of(path: str) -> str | None:
    """Return the form that a file's name ends in; None for any other ending.

    >>> form_of("layers.JSON"), form_of("layers.txt")
    ('json', None)
    """
    return _ENDINGS.get(Path(path).suffix.lower())
