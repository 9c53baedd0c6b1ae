"""Rows -> inventory: staged, and then put into the tables by sql/load.

A digest is 71 characters and is named again and again, so it is staged as a number from the start: the place at which
it was first met. Numbers in the order of the text, which the inventory has, are given once all are known. What an
earlier inventory knows keeps its number there, so that its rows are carried over as they are.
"""

import re
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from arro3.core import Array, DataType
from arro3.core import Table as ArrowTable

from tonnage import rows
from tonnage.database import statements
from tonnage.scan.columns import Columns
from tonnage.storage import Format

if TYPE_CHECKING:
    import duckdb

ORDER = (
    "misnamed", "numbered", "digest", "repository", "blob", "revision", "tag", "tag_history", "layer_link", "extra_link",
    "upload", "upload_file", "multipart_upload", "old_version", "folder", "stray", "empty_folder", "manifest",
    "manifest_ref", "annotation", "image",
    "label", "history", "diff_id", "problem", "problem_kind", "reach", "revision_state", "usage",
    "problem_revision_without_blob", "problem_tag", "problem_dead_layer_link", "problem_missing",
    "problem_sha512_reference", "problem_unlinked_blob", "problem_unlinked_child", "problem_size_mismatch",
    "problem_kind_of_manifest", "problem_repository", "problem_upload", "problem_file_as_folder",
)  # fmt: skip
"""The files of sql/load in the order in which they build on each other, for a registry's own storage."""

LAYOUTS_ORDER = (
    "layout_revision", "layout_layer_link", "numbered",
    "digest", "repository", "blob", "revision", "tag", "layer_link", "layout_file", "upload", "upload_file", "folder",
    "stray", "empty_folder", "manifest", "manifest_ref", "annotation", "image", "label", "history", "diff_id", "problem",
    "problem_kind", "problem_layout_size", "problem_missing_index", "layout_copies", "layout_copied", "unlisted_blob",
    "reach", "revision_state", "usage", "problem_revision_without_blob", "problem_missing", "problem_unlinked_blob",
    "layout_problem",
)  # fmt: skip
"""The same for OCI image layouts."""

_ARROW = {str: DataType.string(), int: DataType.int64(), bool: DataType.bool(), rows.Digest: DataType.int32()}
_SQL = {str: "varchar", int: "bigint", bool: "boolean", rows.Digest: "integer"}
_KNOWN = "insert into staged_digest select digest_id, digest from earlier.store.digest where copy = 0"
_BATCH_ROWS = 20_000
"""Rows are kept until there are this many: inserting few costs as much as inserting many."""


class Staging:
    """Takes rows of all types in batches, in whatever order they come."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", *, is_rescan: bool = False) -> None:
        """Prepare it; for a rescan, the database `earlier` has the inventory to build upon."""
        self.connection = connection
        self.is_rescan = is_rescan
        self.numbers: dict[str, int] = {}
        """Every digest met, and its place."""
        self.known_count = 0
        """How many of them the database has."""
        self.columns = {kind: rows.column_types(kind) for kind in rows.ALL.values()}
        self.waiting: dict[type[rows.Row], list[list[Any]]] = {}
        for kind, columns in self.columns.items():
            described = ", ".join(f"{name} {_SQL[type_]}" for name, type_ in columns.items())
            part = ", part_id integer" if kind in rows.LISTING else ""
            connection.execute(f"create temp table {staged(kind)} ({described}{part})")
        connection.execute("create temp table staged_digest (staged_id integer, digest varchar)")

    def add(self, columns: Columns, part_id: int | None = None) -> None:
        """Add rows as columns by the name of their type; listing rows belong to a part."""
        for name, values in columns.items():
            kind = rows.ALL[name]
            extra = [[part_id] * len(values[0])] if kind in rows.LISTING else []
            waiting = self.waiting.setdefault(kind, [[] for _ in range(len(values) + len(extra))])
            for column, more in zip(waiting, [*values, *extra], strict=True):
                column.extend(more)
            if len(waiting[0]) >= _BATCH_ROWS:
                self._insert(kind, self.waiting.pop(kind))

    def flush(self) -> None:
        """Insert what is still waiting, and the digests met."""
        for kind, columns in self.waiting.items():
            self._insert(kind, columns)
        self.waiting.clear()
        self._know_earlier()
        digests = list(islice(self.numbers, self.known_count, None))
        self._append("staged_digest", {"staged_id": rows.Digest, "digest": str}, [self._numbers(digests), digests])
        self.known_count = len(self.numbers)

    def _insert(self, kind: type[rows.Row], columns: list[list[Any]]) -> None:
        types = dict(self.columns[kind])
        if kind in rows.LISTING:
            types["part_id"] = int
        self._know_earlier()
        earlier: list[Any] = []
        numbers: list[int | None] = []
        for position, type_ in enumerate(types.values()):
            if type_ is rows.Digest:
                if columns[position] != earlier:  # else a link that holds the digest its path spells, as nearly all do
                    earlier = columns[position]
                    numbers = self._numbers(earlier)
                columns[position] = numbers
        self._append(staged(kind), types, columns)

    def _append(self, table: str, types: dict[str, Any], columns: list[list[Any]]) -> None:
        arrays = [Array(values, type=_ARROW[type_]) for values, type_ in zip(columns, types.values(), strict=True)]
        batch = ArrowTable.from_arrays(arrays, names=list(types))  # noqa: F841 - read by the statement below
        self.connection.execute(f"insert into {table} select * from batch")

    def _numbers(self, digests: Sequence[str | None]) -> list[int | None]:
        numbers = self.numbers
        return [None if digest is None else numbers.setdefault(digest, len(numbers)) for digest in digests]

    def _know_earlier(self) -> None:
        """Begin with the digests of the earlier inventory: not before a row comes, as often none ever does."""
        if self.is_rescan and not self.numbers:
            self.connection.execute(_KNOWN)
            known = self.connection.execute("select digest from staged_digest order by staged_id").fetchall()
            self.numbers = {row[0]: number for number, row in enumerate(known)}
            self.known_count = len(self.numbers)


def staged(kind: type[rows.Row]) -> str:
    """Return the name of the staging table of a row type."""
    return "staged_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


def load(connection: "duckdb.DuckDBPyConnection", kind: str) -> None:
    """Fill the tables from what is staged of that kind of source, and work out what follows from it."""
    for name in LAYOUTS_ORDER if kind == Format.LAYOUTS else ORDER:
        connection.execute(statements("load")[name].sql)


def load_parts(connection: "duckdb.DuckDBPyConnection", parts: list[tuple[int, str, str, bytes, int]]) -> None:
    """Write down in which parts the storage was listed, and what each looked like."""
    types = (DataType.int64(), DataType.string(), DataType.string(), DataType.binary(), DataType.int64())
    columns = zip(*parts, strict=True)
    arrays = [Array(list(values), type=type_) for values, type_ in zip(columns, types, strict=True)]
    names = ["part_id", "prefix", "token", "fingerprint", "files_count"]
    batch = ArrowTable.from_arrays(arrays, names=names)  # noqa: F841 - read by the statement below
    connection.execute("insert into store.part select * from batch")
