"""Rows -> text for people, JSON and CSV for programs. Pure: it returns text and never prints.

The last word of a column's name is its unit, and tells how it is shown: `_bytes`, `_count`, `_at`, `_percent`.
"""

import csv
import io
import json
import re
from datetime import datetime
from typing import Any

from tonnage.database import Table
from tonnage.sizes import format_size, format_time

_DIGEST = re.compile(r"(sha\d+):([0-9a-f]{32,})")
_SHORT_DIGITS = 12
_NARROW = 12
"""No column is squeezed to less than this."""


def to_json(table: Table) -> str:
    """Return an array of objects, one per row, with the columns as keys and exact integers."""
    rows = [{name: _plain(value) for name, value in zip(table.columns, row, strict=True)} for row in table.rows]
    if not rows:
        return "[]\n"
    return "[\n" + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def to_csv(table: Table) -> str:
    """Return comma-separated values with a header line; unknown is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([["" if value is None else _plain(value) for value in row] for row in table.rows])
    return out.getvalue()


def to_text(table: Table, width: int = 80) -> str:
    """Return a table that fits `width` columns: numbers to the right, digests shortened, long text cut."""
    heads = [_head(name) for name in table.columns]
    cells = [[_shown(name, value) for name, value in zip(table.columns, row, strict=True)] for row in table.rows]
    widths = _fit([max(len(line[i]) for line in [heads, *cells]) for i in range(len(heads))], width)
    right = [_is_number(name, type_) for name, type_ in zip(table.columns, table.types, strict=True)]
    lines = [_line(heads, widths, right), *(_line(line, widths, right) for line in cells)]
    return "".join(line.rstrip() + "\n" for line in lines)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _head(name: str) -> str:
    for unit in ("_bytes", "_count", "_at", "_percent"):
        name = name.removesuffix(unit)
    return name.replace("_", " ").upper()


def _is_number(name: str, type_: str) -> bool:
    return type_ != "VARCHAR" and not name.endswith("_at") and type_ != "BOOLEAN"


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name.endswith("_bytes") and isinstance(value, int):
        return format_size(value)
    if name.endswith("_percent"):
        return f"{value:.1f} %"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, int):
        return f"{value:,}"
    return shorten_digests(" ".join(str(value).split()))


def shorten_digests(text: str) -> str:
    """Return the text with digests cut to what a person can tell apart; `tonnage why` takes them so."""
    return _DIGEST.sub(lambda match: f"{match[1]}:{match[2][:_SHORT_DIGITS]}", text)


def _fit(widths: list[int], width: int) -> list[int]:
    """Take from the widest columns until all of them fit."""
    widths = list(widths)
    while sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > _NARROW:
        widths[widths.index(max(widths))] -= 1
    return widths


def _line(cells: list[str], widths: list[int], right: list[bool]) -> str:
    shown = []
    for cell, width, is_right in zip(cells, widths, right, strict=True):
        text = cell if len(cell) <= width else cell[: width - 1] + "…"
        shown.append(text.rjust(width) if is_right else text.ljust(width))
    return "  ".join(shown)
