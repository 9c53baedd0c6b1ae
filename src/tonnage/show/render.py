"""Rows -> a table for people. Pure: it returns text and never prints. What programs read is in `forms.py`.

The last word of a column's name is its unit, and tells how it is shown: `_bytes`, `_count`, `_at`, `_percent`, `_per_month`.

A table for people fits the terminal. Numbers, digests and ids are never cut, as a cut one is a wrong one. What gives
way, in this order: times lose their hour, long words their end, names their middle, as both ends tell them apart; and
where that is not enough the last columns are left out, so a report names its columns in the order of their weight.
Where there is no terminal, there is nothing to fit, and digests are whole.

What is shown was written by whoever may push: control characters are escaped, or a build step could take over the
terminal.
"""

import re
import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any, NamedTuple

from tonnage.inventory.database import Table
from tonnage.show.colours import PLAIN, Look, painted
from tonnage.show.printable import printable
from tonnage.sizes import format_age, format_size, format_time

_ID = re.compile(r"sha\d+:[0-9a-f]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"(sha\d+):([0-9a-f]{32,})")
_SHORT_DIGITS = 12
_GAP = 2
_MEASURES = ("_bytes", "_count", "_at", "_percent")
"""Of these everything has some: null is unknown. Elsewhere it may as well be none."""
_NUMBERS = (int, float, Decimal)
_ONE_WHERE_EQUAL = {str, int, bool, datetime}
"""Types whose equal values are written alike, unlike 0.0 and -0.0, 1 and true, or times of two zones."""
_DATE = 10
_LEAST_WORDS, _LEAST_SENTENCE, _LEAST_NAME = 12, 24, 24
"""Columns of words are not squeezed to less than this."""
_NAMES = {"repository", "tag", "image", "namespace", "registry"}
"""Columns that say what a row is about: they give way last, and in the middle."""
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
    is_name: bool = False
    codes: Sequence[str] = ()
    """The colour of each cell; none where all are plain."""


def to_text(table: Table, width: int | None = 80, look: Look = PLAIN, now: datetime | None = None) -> str:
    """Return a table for people that fits `width` characters, if need be without its last columns; see `left_out`.

    Without a width everything is in it, and digests are whole. With `now`, UTC, every time has its age beside it.
    """
    columns = _columns(table, is_whole=width is None, look=look, now=now)
    columns = columns[: _fitting(columns, width)]
    widths = _fit(columns, width)
    lines = [_line([column.head for column in columns], columns, widths, [look.head] * len(columns))]
    if not any(column.is_prose and column.full > at for column, at in zip(columns, widths, strict=True)):
        cells_in_line = zip(*map(_padded, columns, widths), strict=True)
        return "".join(line.rstrip() + "\n" for line in [*lines, *map((" " * _GAP).join, cells_in_line)])
    for number, row in enumerate(zip(*(column.cells for column in columns), strict=True)):
        codes = [column.codes[number] if column.codes else "" for column in columns]
        cells = [_lines(cell, column, at) for cell, column, at in zip(row, columns, widths, strict=True)]
        lines += [_line(line, columns, widths, codes) for line in zip_longest(*cells, fillvalue="")]
    return "".join(line.rstrip() + "\n" for line in lines)


def left_out(table: Table, width: int | None = 80) -> list[str]:
    """Return the names of the columns that have no place in a text table of that width."""
    return table.columns[_fitting(_columns(table), width) :] if width is not None else []


def cells_of(table: Table) -> tuple[list[str], list[list[str]]]:
    """Return the heads and the rows of a table for people, whole, as other forms for people want them."""
    columns = _columns(table, is_whole=True)
    return [column.head for column in columns], [list(row) for row in zip(*(c.cells for c in columns), strict=True)]


def is_number(name: str, type_: str) -> bool:
    """Return whether a column is of numbers: these stand to the right."""
    return type_ not in ("VARCHAR", "BOOLEAN") and not name.endswith("_at")


def shorten_digests(text: str) -> str:
    """Return the text with digests cut to what a person can tell apart; `tonnage why` takes them so."""
    return _DIGEST.sub(
        lambda match: f"{'' if match[1] == 'sha256' else match[1] + ':'}{match[2][:_SHORT_DIGITS]}", text
    )


def _head(name: str) -> str:
    for unit in ("_bytes", "_count", "_at", "_percent"):
        name = name.removesuffix(unit)
    return printable(name.removeprefix("is_").replace("_", " ").upper()).replace("\n", " ")


def _columns(table: Table, *, is_whole: bool = False, look: Look = PLAIN, now: datetime | None = None) -> list[_Column]:
    values = zip(*table.rows, strict=True) if table.rows else [()] * len(table.columns)
    columns = []
    for name, type_, cells in zip(table.columns, table.types, values, strict=True):
        column = _column(name, type_, cells, _shown(name, cells, is_whole=is_whole, now=now))
        codes = [look.of_cell(name, value) for value in cells] if look != PLAIN else []
        columns.append(column._replace(codes=codes) if any(codes) else column)
    return columns


def _column(name: str, type_: str, values: Sequence[Any], cells: list[str]) -> _Column:
    head = _head(name)
    full = max(map(_width, {head, *cells}))
    if name.endswith("_at"):
        return _Column(head, cells, full, min(full, max(_DATE, len(head))), is_time=True)
    if is_number(name, type_):
        return _Column(head, cells, full, full, is_number=True)
    if type_ == "BOOLEAN" or all(value is None or _ID.fullmatch(str(value)) for value in values):
        return _Column(head, cells, full, full)
    if name in _NAMES:
        return _Column(head, cells, full, min(full, _LEAST_NAME), is_name=True)
    least = _LEAST_SENTENCE if name in _SENTENCES else _LEAST_WORDS
    return _Column(head, cells, full, min(full, least), is_prose=name in _PROSE)


def _shown(name: str, values: Sequence[Any], *, is_whole: bool, now: datetime | None) -> list[str]:
    """Return the values of a column as they are shown: there may be millions, so its name is read once."""
    missing = "?" if name.endswith(_MEASURES) else "-"
    is_size, is_share, is_pace = map(name.endswith, ("_bytes", "_percent", "_per_month"))

    def shown(value: Any) -> str:
        if value is None:
            return missing
        if isinstance(value, bool):
            return "yes" if value else "no"
        if is_size and isinstance(value, int):
            return format_size(value)
        if is_share and isinstance(value, _NUMBERS):
            return f"{value:.1f} %"
        if is_pace and isinstance(value, _NUMBERS):
            return f"{value:,.2f}"
        if isinstance(value, datetime):
            return format_time(value) + (f", {format_age(value, now)}" if now else "")
        if isinstance(value, int):
            return f"{value:,}"
        text = printable(" ".join(str(value).split()))
        return text if is_whole else shorten_digests(text)

    return each_once(shown, values)


def each_once(convert: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    """Return what becomes of each value: for one that repeats, as times and sizes do, it is worked out once."""
    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) > 1 or not kinds <= _ONE_WHERE_EQUAL:
        return [convert(value) for value in values]
    made = {value: convert(value) for value in set(values)}
    return [made[value] for value in values]


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese characters take two each, accents none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fill(text: str, width: int) -> str:
    """Return as much of the beginning of a text as there is room for; what is seen as one character stays one."""
    if text.isascii():
        return text[: max(width, 0)]
    return text[: _end_of(_spans(text), width)]


def _fill_from_end(text: str, width: int) -> str:
    if text.isascii():
        return text[max(len(text) - width, 0) :] if width > 0 else ""
    backwards = [(len(text) - end, len(text) - start, cells) for start, end, cells in reversed(_spans(text))]
    return text[len(text) - _end_of(backwards, width) :]


def _spans(text: str) -> list[tuple[int, int, int]]:
    """Return what is seen as one character each: where it begins and ends in the text, and the columns it takes."""
    from rich.cells import split_graphemes

    return split_graphemes(text)[0]


def _end_of(spans: list[tuple[int, int, int]], width: int) -> int:
    """Return where the last character ends that there is room for."""
    found = 0
    for _, end, cells in spans:
        width -= cells
        if width < 0:
            break
        found = end
    return found


def _fitting(columns: list[_Column], width: int | None) -> int:
    """Return how many columns have a place, from the first; one always has."""
    if width is None:
        return len(columns)
    count, used = 0, -_GAP
    for column in columns:
        used += column.least + _GAP
        if used > width and count:
            break
        count += 1
    return count


def _fit(columns: list[_Column], width: int | None) -> list[int]:
    """Return the columns' widths: cut times to dates first, then take from the widest words, and from names last."""
    widths = [column.full for column in columns]
    if width is None:
        return widths
    room = width - _GAP * (len(columns) - 1)
    if sum(widths) > room:
        widths = [column.least if column.is_time else column.full for column in columns]
    for of_names in (False, True):
        while sum(widths) > room:
            spare = [
                number
                for number, column in enumerate(columns)
                if widths[number] > column.least and column.is_name <= of_names
            ]
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
    if column.is_name:
        return [_without_middle(cell, width)]
    return [_fill(cell, width - 1) + "…"]


def _without_middle(text: str, width: int) -> str:
    """Return both ends of a text."""
    return _fill(text, width // 2) + "…" + _fill_from_end(text, width - 1 - width // 2)


def _wrap(text: str, width: int) -> list[str]:
    """Return a text in lines that are filled to the end: where characters are wide, no spaces separate words."""
    lines = []
    while text:
        lines.append(_fill(text, width) or text[:1])
        text = text[len(lines[-1]) :]
    return lines


def _padded(column: _Column, width: int) -> list[str]:
    """Return the cells of a column in which each takes one line, cut and filled up to its width, each text once."""

    def padded(cell: str, code: str = "") -> str:
        text = _lines(cell, column, width)[0]
        room = " " * (width - _width(text))
        return room + painted(text, code) if column.is_number else painted(text, code) + room

    if not column.codes:
        return each_once(padded, column.cells)
    pairs = list(zip(column.cells, column.codes, strict=True))
    made = {pair: padded(*pair) for pair in set(pairs)}
    return [made[pair] for pair in pairs]


def _line(cells: Sequence[str], columns: list[_Column], widths: list[int], codes: Sequence[str]) -> str:
    shown = []
    for cell, column, width, code in zip(cells, columns, widths, codes, strict=True):
        text = cell if _width(cell) <= width else _fill(cell, width - 1) + "…"
        room = " " * (width - _width(text))
        text = painted(text, code)
        shown.append(room + text if column.is_number else text + room)
    return (" " * _GAP).join(shown)
