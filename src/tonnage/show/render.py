"""Rows -> text for people, JSON and CSV for programs. Pure: it returns text and never prints.

The last word of a column's name is its unit, and tells how it is shown: `_bytes`, `_count`, `_at`, `_percent`, `_per_month`.

A table for people fits the terminal. Numbers, digests and ids are never cut, as a cut one is a wrong one. What gives
way, in this order: times lose their hour, long words their end, and where that is not enough the last columns are left
out; so a report names its columns in the order of their weight.

What is shown was written by whoever may push: control characters are spelled, or a build step could take over the
terminal.
"""

import csv
import io
import json
import re
import textwrap
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any, NamedTuple

from tonnage.inventory.database import Table
from tonnage.sizes import format_size, format_time

_ID = re.compile(r"sha\d+:[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"(sha\d+):([0-9a-f]{32,})")
_SHORT_DIGITS = 12
_GAP = 2
_MEASURES = ("_bytes", "_count", "_at", "_percent")
"""Of these everything has some: null is unknown. Elsewhere it may as well be none."""
_DATE = 10
_LEAST_WORDS, _LEAST_SENTENCE = 12, 24
"""Columns of words are not squeezed to less than this."""
_PROSE = {"meaning", "advice", "path", "detail", "blocks_gc", "rule", "because"}
"""Columns whose words matter to the last: they go over several lines rather than lose their end."""
_SENTENCES = {*_PROSE, "created_by", "cause", "reason"}


class _Column(NamedTuple):
    """A column of a text table: its head, its cells, and how narrow it may get."""

    head: str
    cells: list[str]
    full: int
    least: int
    is_number: bool = False
    is_time: bool = False
    is_prose: bool = False


def to_json(table: Table) -> str:
    """Return an array of objects, one per row, with the columns as keys and exact integers."""
    rows = [{name: plain_value(value) for name, value in zip(table.columns, row, strict=True)} for row in table.rows]
    if not rows:
        return "[]\n"
    return "[\n" + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def printable(text: str) -> str:
    """Return lines with all that is no visible character spelled: controls, and marks that turn a text's direction."""
    if text.isprintable():
        return text
    return "".join(
        mark if mark.isprintable() or mark == "\n" else mark.encode("unicode_escape").decode() for mark in text
    )


def to_csv(table: Table) -> str:
    """Return comma-separated values with a header line; unknown is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([[to_csv_value(value) for value in row] for row in table.rows])
    return out.getvalue()


def to_text(table: Table, width: int = 80) -> str:
    """Return a table for people that fits `width` characters, if need be without its last columns; see `left_out`."""
    columns = _columns(table)
    columns = columns[: _fitting(columns, width)]
    widths = _fit(columns, width)
    lines = [_line([column.head for column in columns], columns, widths)]
    for row in zip(*(column.cells for column in columns), strict=True):
        cells = [_lines(cell, column, at) for cell, column, at in zip(row, columns, widths, strict=True)]
        lines += [_line(line, columns, widths) for line in zip_longest(*cells, fillvalue="")]
    return "".join(line.rstrip() + "\n" for line in lines)


def left_out(table: Table, width: int = 80) -> list[str]:
    """Return the names of the columns that have no place in a text table of that width."""
    return table.columns[_fitting(_columns(table), width) :]


def shorten_digests(text: str) -> str:
    """Return the text with digests cut to what a person can tell apart; `tonnage why` takes them so."""
    return _DIGEST.sub(
        lambda match: f"{'' if match[1] == 'sha256' else match[1] + ':'}{match[2][:_SHORT_DIGITS]}", text
    )


def plain_value(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def to_csv_value(value: Any) -> Any:
    """Return a value as databases read it: true and false are words there, and not Python's."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else plain_value(value)


def _head(name: str) -> str:
    for unit in ("_bytes", "_count", "_at", "_percent"):
        name = name.removesuffix(unit)
    return printable(name.removeprefix("is_").replace("_", " ").upper()).replace("\n", " ")


def _columns(table: Table) -> list[_Column]:
    values = zip(*table.rows, strict=True) if table.rows else [()] * len(table.columns)
    return [_column(*facts) for facts in zip(table.columns, table.types, values, strict=True)]


def _column(name: str, type_: str, values: Sequence[Any]) -> _Column:
    head, cells = _head(name), [_shown(name, value) for value in values]
    full = max(map(_width, [head, *cells]))
    if name.endswith("_at"):
        return _Column(head, cells, full, min(full, max(_DATE, len(head))), is_time=True)
    if type_ not in ("VARCHAR", "BOOLEAN"):
        return _Column(head, cells, full, full, is_number=True)
    if type_ == "BOOLEAN" or all(value is None or _ID.fullmatch(value) for value in values):
        return _Column(head, cells, full, full)
    least = _LEAST_SENTENCE if name in _SENTENCES else _LEAST_WORDS
    return _Column(head, cells, full, min(full, least), is_prose=name in _PROSE)


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "?" if name.endswith(_MEASURES) else "-"
    if name.endswith("_bytes") and isinstance(value, int):
        return format_size(value)
    if name.endswith("_percent"):
        return f"{value:.1f} %"
    if name.endswith("_per_month"):
        return f"{value:,.2f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, int):
        return f"{value:,}"
    return shorten_digests(printable(" ".join(str(value).split())))


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese characters take two each, accents none."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fill(text: str, width: int) -> str:
    """Return as much of the beginning of a text as there is room for."""
    for end, character in enumerate(text):
        width -= _columns_of(character)
        if width < 0:
            return text[:end]
    return text


def _fitting(columns: list[_Column], width: int) -> int:
    """Return how many columns have a place, from the first; one always has."""
    count, used = 0, -_GAP
    for column in columns:
        used += column.least + _GAP
        if used > width and count:
            break
        count += 1
    return count


def _fit(columns: list[_Column], width: int) -> list[int]:
    """Return the columns' widths: cut times to dates first, then take from the widest that may get narrower."""
    widths = [column.full for column in columns]
    room = width - _GAP * (len(columns) - 1)
    if sum(widths) > room:
        widths = [column.least if column.is_time else column.full for column in columns]
    while sum(widths) > room:
        spare = [number for number, column in enumerate(columns) if widths[number] > column.least]
        if not spare:
            break
        widths[max(spare, key=widths.__getitem__)] -= 1
    return widths


def _lines(cell: str, column: _Column, width: int) -> list[str]:
    """Return a cell as the lines it takes."""
    if _width(cell) <= width:
        return [cell]
    if column.is_time:
        return [cell[:_DATE]]
    if column.is_prose:
        return textwrap.wrap(cell, width) if cell.isascii() else _wrap(cell, width)
    return [_fill(cell, width - 1) + "…"]


def _wrap(text: str, width: int) -> list[str]:
    """Return a text in lines that are filled to the end: where characters are wide, words are not told by spaces."""
    lines = []
    while text:
        lines.append(_fill(text, width) or text[:1])
        text = text[len(lines[-1]) :]
    return lines


def _line(cells: Sequence[str], columns: list[_Column], widths: list[int]) -> str:
    shown = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        text = cell if _width(cell) <= width else _fill(cell, width - 1) + "…"
        room = " " * (width - _width(text))
        shown.append(room + text if column.is_number else text + room)
    return (" " * _GAP).join(shown)
