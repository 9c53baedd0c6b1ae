"""Rows -> inventory: staged, and then put into the tables by sql/load.

A digest is 71 characters and is named again and again, so it is staged as a number from the start: the place at which
it was first met. Numbers in the order of the text, which the inventory has, are given once all are known. What an
earlier inventory knows keeps its number there, so that its rows are carried over as they are.
"""

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from arro3.core import Array, DataType, RecordBatch
from arro3.core import Table as ArrowTable

from tonnage import rows
from tonnage.database import statements
from tonnage.scan.columns import Packed, types_of
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
        self.waiting: dict[str, list[RecordBatch]] = {}
        self.waiting_count: Counter[str] = Counter()
        for name in rows.ALL:
            described = ", ".join(f"{column} {_SQL[type_]}" for column, type_ in types_of(name).items())
            connection.execute(f"create temp table {staged(name)} ({described})")
        connection.execute("create temp table staged_digest (staged_id integer, digest varchar)")

    def add(self, packed: Packed) -> None:
        """Add rows, if there are any: a part that did not change has none."""
        if not packed.tables:
            return
        self._know_earlier()
        texts = Array(packed.texts, type=_ARROW[str])
        digests = Array(self._numbers(packed.digests), type=_ARROW[rows.Digest])
        for name, columns in packed.tables.items():
            types = types_of(name)
            arrays = [
                _unpack(column, type_, texts, digests) for column, type_ in zip(columns, types.values(), strict=True)
            ]
            batch = RecordBatch.from_arrays(arrays, names=list(types))
            self.waiting.setdefault(name, []).append(batch)
            self.waiting_count[name] += batch.num_rows
            if self.waiting_count[name] >= _BATCH_ROWS:
                self._insert(name)

    def flush(self) -> None:
        """Insert what is still waiting, and the digests met."""
        for name in list(self.waiting):
            self._insert(name)
        self._know_earlier()
        digests = list(islice(self.numbers, self.known_count, None))
        if digests:
            ids = Array.from_buffer(array("i", range(self.known_count, len(self.numbers))))
            batch = RecordBatch.from_arrays([ids, Array(digests, type=_ARROW[str])], names=["staged_id", "digest"])
            self._append("staged_digest", [batch])
        self.known_count = len(self.numbers)

    def _insert(self, name: str) -> None:
        self.waiting_count[name] = 0
        self._append(staged(name), self.waiting.pop(name))

    def _append(self, table: str, batches: list[RecordBatch]) -> None:
        whole = ArrowTable.from_batches(batches)  # noqa: F841 - read by the statement below
        self.connection.execute(f"insert into {table} select * from whole")

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


def _unpack(column: Any, type_: Any, texts: Array, digests: Array) -> Array:
    """Return a packed column as it is loaded."""
    if isinstance(column, list):
        return Array(column, type=_ARROW[type_])
    view = memoryview(column).cast("B")
    if type_ is int:
        return Array.from_buffer(view.cast("q"))
    if type_ is bool:
        return Array.from_buffer(view.cast("b")).cast(_ARROW[bool])
    return (digests if type_ is rows.Digest else texts).take(Array.from_buffer(view.cast("i")))


def staged(name: str) -> str:
    """Return the name of the staging table of a row type."""
    return "staged_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


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
