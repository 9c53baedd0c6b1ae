"""Rows -> inventory: staged, and then put into the tables by sql/load. A digest is a number from the start."""

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from arro3.core import Array, DataType, RecordBatch
from arro3.core import Table as ArrowTable

from tonnage.inventory import rows
from tonnage.inventory.memory import MemoryLimit
from tonnage.inventory.statements import statements
from tonnage.scan.columns import Packed, types_of
from tonnage.scan.numbering import Numbering
from tonnage.storage import Format

if TYPE_CHECKING:
    import duckdb

ORDER = (
    "misnamed", "digest", "repository", "blob", "revision", "tag", "tag_history", "layer_link", "extra_link",
    "upload", "upload_file", "multipart_upload", "old_version", "folder", "stray", "empty_folder", "manifest",
    "manifest_ref", "annotation", "image",
    "label", "history", "diff_id", "problem", "problem_kind", "problem_kind_of_cache",
    "alias", "edge", "reach", "revision_state",
    "referrer_tag", "hold", "goes_with", "pin", "usage",
    "problem_revision_without_blob", "problem_tag", "problem_dead_layer_link", "problem_missing",
    "problem_sha512_reference", "problem_unlinked_blob", "problem_unlinked_child", "problem_size_mismatch", "problem_unseen",
    "problem_kind_of_manifest", "problem_repository", "problem_upload", "problem_file_as_folder",
)  # fmt: skip
"""The files of sql/load in the order in which they build on each other, for a registry's own storage."""

LAYOUTS_ORDER = (
    "layout_revision", "layout_layer_link",
    "digest", "repository", "blob", "revision", "tag", "layer_link", "layout_file", "upload", "upload_file", "folder",
    "stray", "empty_folder", "manifest", "manifest_ref", "annotation", "image", "label", "history", "diff_id", "problem",
    "problem_kind", "problem_layout_size", "problem_missing_index", "layout_copies", "layout_copied", "pin",
    "alias", "edge", "reach", "revision_state", "referrer_tag", "hold", "goes_with", "usage",
    "problem_revision_without_blob", "problem_missing",
    "problem_unlinked_blob", "layout_problem",
)  # fmt: skip
"""The same for OCI image layouts."""

_ARROW = {str: DataType.string(), int: DataType.int64(), bool: DataType.bool(), rows.Digest: DataType.int32()}
_SQL = {str: "varchar", int: "bigint", bool: "boolean", rows.Digest: "integer"}
_BATCH_ROWS = 20_000
"""Rows are kept until there are this many: inserting few costs as much as inserting many."""


class Staging:
    """Takes rows of all types in batches, in whatever order they come."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", limit: MemoryLimit, *, is_rescan: bool = False) -> None:
        """Prepare it; for a rescan, the database `earlier` has the inventory to build upon."""
        self.connection = connection
        self.limit = limit
        self.rows_count = 0
        self.is_rescan = is_rescan
        self.knows_earlier = not is_rescan
        self.numbering = Numbering()
        self.waiting: dict[str, list[RecordBatch]] = {}
        self.waiting_count: Counter[str] = Counter()
        for name in rows.ALL:
            described = ", ".join(f"{column} {_SQL[type_]}" for column, type_ in types_of(name).items())
            connection.execute(f"create temp table {staged(name)} ({described})")
        self._execute("digests")

    def add(self, packed: Packed) -> None:
        """Add rows, if there are any: a part that did not change has none."""
        if not packed.tables:
            return
        self._know_earlier()
        texts = Array(packed.texts, type=_ARROW[str])
        digests = self._meet(packed.digests)
        for name, columns in packed.tables.items():
            types = types_of(name)
            arrays = [
                _unpack(column, type_, texts, digests) for column, type_ in zip(columns, types.values(), strict=True)
            ]
            self._wait(staged(name), RecordBatch.from_arrays(arrays, names=list(types)))

    def flush(self) -> None:
        """Insert what is still waiting."""
        self._know_earlier()
        for table in list(self.waiting):
            self._insert(table)

    def finish(self) -> None:
        """Let go of digests that the earlier inventory knew and that nothing names any more."""
        self.flush()
        if self.is_rescan:
            self._execute("digests_forgotten")

    def _meet(self, digests: list[str | None]) -> Array:
        """Return the numbers of digests, the first of which is None, and keep the text of those that are new."""
        numbers, new = self.numbering.numbers_of(digests[1:])  # type: ignore[arg-type]
        if new:
            ids, texts = zip(*new, strict=True)
            met = [Array(ids, type=_ARROW[rows.Digest]), Array(texts, type=_ARROW[str])]
            self._wait("staged_digest", RecordBatch.from_arrays(met, names=["digest_id", "digest"]))
        return Array([None, *numbers], type=_ARROW[rows.Digest])

    def _wait(self, table: str, batch: RecordBatch) -> None:
        self.waiting.setdefault(table, []).append(batch)
        self.waiting_count[table] += batch.num_rows
        if self.waiting_count[table] >= _BATCH_ROWS:
            self._insert(table)

    def _insert(self, table: str) -> None:
        self.waiting_count[table] = 0
        whole = ArrowTable.from_batches(self.waiting.pop(table))
        insert(self.connection, table, whole)
        self.rows_count += whole.num_rows
        self.limit.fit(self.connection, self.rows_count)

    def _know_earlier(self) -> None:
        """Go on with the numbers of the earlier inventory: what is carried over is named by them.

        Not before it is needed, as often nothing changed.
        """
        if self.knows_earlier:
            return
        self.knows_earlier = True
        self._execute("known")
        if known := self.connection.execute("select digest_id, digest from staged_digest").fetchall():
            self.numbering.continue_from(known)

    def _execute(self, name: str) -> "duckdb.DuckDBPyConnection":
        return self.connection.execute(statements("scan")[name].sql)


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
    insert(connection, "store.part", ArrowTable.from_arrays(arrays, names=names))


def insert(connection: "duckdb.DuckDBPyConnection", table: str, whole: ArrowTable) -> None:
    """Insert rows. They are registered, as DuckDB finds no variable of Python by itself once a connection is locked."""
    connection.register("arrived", whole)
    connection.execute(f"insert into {table} select * from arrived")
    connection.unregister("arrived")
