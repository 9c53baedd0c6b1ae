"""Rows as columns, which is how they travel between processes and how they are loaded."""

from typing import Any

Rows = dict[str, list[tuple[object, ...]]]
"""Row tuples by the name of their row type."""

Columns = dict[str, list[list[Any]]]
"""Columns of rows by the name of the row type."""


def columns_of(rows: Rows) -> Columns:
    """Return rows as columns."""
    return {name: [list(column) for column in zip(*values, strict=True)] for name, values in rows.items() if values}


def extend(columns: Columns, name: str, more: list[list[Any]]) -> None:
    """Add more rows of one type to the columns."""
    if name not in columns:
        columns[name] = more
        return
    for column, values in zip(columns[name], more, strict=True):
        column.extend(values)
