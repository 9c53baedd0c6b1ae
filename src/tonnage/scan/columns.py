"""Rows as columns, which is how they are made, and packed, which is how they travel between processes.

What a row says in words it mostly says again and again: a packed batch has each text once, and columns of its places.
"""

import re
import struct
from array import array
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from itertools import count
from typing import Any, NamedTuple

from tonnage.inventory import rows as row_types

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


def in_part(columns: Columns, number: int | None) -> Columns:
    """Add the number of the part they were listed in to rows of a listing, None for what was found elsewhere."""
    for name, values in columns.items():
        if row_types.ALL[name] in row_types.LISTING:
            values.append([number] * len(values[0]))
    return columns


def rows_count(columns: Columns) -> int:
    """Return how many rows there are."""
    return sum(len(values[0]) for values in columns.values())


class Packed(NamedTuple):
    """A batch of rows of several types. It consists of what `marshal` can write."""

    texts: list[str | None]
    """Each text once. The first is None."""
    digests: list[str | None]
    """The same for the columns of digests."""
    repositories: list[str | None]
    """The same for the columns of repositories."""
    tables: dict[str, list[Any]]
    """By row type, its columns: places in those lists as 32-bit integers, numbers as 64-bit ones, truths as 8-bit ones.

    A column of numbers or truths some of which are unknown is a list.
    """


class Packing:
    """A batch that is packed as its columns become known."""

    def __init__(self) -> None:
        self._texts, self._digests, self._repositories = _numbering(), _numbering(), _numbering()
        self._places = {
            str: self._texts,
            row_types.Digest: self._digests,
            row_types.RepositoryName: self._repositories,
        }
        self._tables: dict[str, list[Any]] = {}

    def add(self, name: str, columns: Mapping[str, Any], rows_count: int) -> None:
        """Add the rows of one type: their columns by name. A column that is left out is unknown, or false.

        What is packed already, in bytes or an array, is taken as it is: see `place_of`.
        """
        if rows_count:
            types = types_of(name).items()
            self._tables[name] = [self._packed(type_, columns.get(column), rows_count) for column, type_ in types]

    def place_of(self, type_: Any, value: str | None) -> int:
        """Return the place of a text, or of a digest, for who packs a column that repeats it."""
        return self._places[type_][value]

    def done(self) -> Packed:
        """Return the batch."""
        return Packed(list(self._texts), list(self._digests), list(self._repositories), self._tables)

    def _packed(self, type_: Any, column: Any, rows_count: int) -> Any:
        if isinstance(column, (bytes, array)):
            return column
        if type_ in self._places:
            return bytes(4 * rows_count) if column is None else _places(column, self._places[type_])
        if column is None:
            return bytes(rows_count) if type_ is bool else [None] * rows_count
        return _numbers(column, "q" if type_ is int else "b")


def pack(columns: Columns) -> Packed:
    """Pack columns."""
    packing = Packing()
    for name, values in columns.items():
        packing.add(name, dict(zip(types_of(name), values, strict=True)), len(values[0]))
    return packing.done()


@cache
def types_of(name: str) -> dict[str, Any]:
    """Return the columns of a row type, with `part_id` for rows of a listing, and what each is: see `column_types`."""
    kind = row_types.ALL[name]
    part: dict[str, Any] = {"part_id": int} if kind in row_types.LISTING else {}
    return row_types.column_types(kind) | part


def table_of(name: str) -> str:
    """Return the name of the table of a row type."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _numbering() -> dict[str | None, int]:
    """Return what numbers each text that it is asked for, in the order in which they come. The first is None."""
    numbers: dict[str | None, int] = defaultdict(count(1).__next__)
    numbers[None] = 0
    return numbers


def _places(column: list[Any], known: dict[str | None, int]) -> bytes:
    return struct.pack(f"{len(column)}i", *map(known.__getitem__, column))


def _numbers(column: list[Any], code: str) -> "array[int] | list[Any]":
    try:
        return array(code, column)
    except TypeError:  # there is a None among them
        return column
