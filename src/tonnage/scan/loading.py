"""Rows -> inventory: staged as text, then numbered and put into the tables by sql/load."""

import re
from typing import TYPE_CHECKING, Any

from arro3.core import Array, DataType
from arro3.core import Table as ArrowTable

from tonnage import rows
from tonnage.database import statements
from tonnage.scan.columns import Columns

if TYPE_CHECKING:
    import duckdb

ORDER = (
    "misnamed", "digest", "repository", "blob", "revision", "tag", "tag_history", "layer_link", "extra_link",
    "upload", "upload_file", "folder", "stray", "empty_folder", "manifest", "manifest_ref", "annotation", "image",
    "label", "history", "diff_id", "problem", "problem_kind", "reach", "revision_state", "usage",
    "problem_revision_without_blob", "problem_tag", "problem_dead_layer_link", "problem_missing",
    "problem_sha512_reference", "problem_unlinked_blob", "problem_size_mismatch", "problem_kind_of_manifest",
    "problem_repository", "problem_upload",
)  # fmt: skip
"""The files of sql/load in the order in which they build on each other."""

_ARROW = {str: DataType.string(), int: DataType.int64(), bool: DataType.bool()}
_SQL = {str: "varchar", int: "bigint", bool: "boolean"}
_BATCH_ROWS = 20_000
"""Rows are kept until there are this many: inserting few costs as much as inserting many."""


class Staging:
    """Takes rows of all types in batches, in whatever order they come."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection") -> None:
        self.connection = connection
        self.columns = {kind: rows.column_types(kind) for kind in rows.ALL.values()}
        self.waiting: dict[type[rows.Row], list[list[Any]]] = {}
        for kind, columns in self.columns.items():
            described = ", ".join(f"{name} {_SQL[type_]}" for name, type_ in columns.items())
            part = ", part_id integer" if kind in rows.LISTING else ""
            connection.execute(f"create temp table {staged(kind)} ({described}{part})")

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
        """Insert what is still waiting."""
        for kind, columns in self.waiting.items():
            self._insert(kind, columns)
        self.waiting.clear()

    def _insert(self, kind: type[rows.Row], columns: list[list[Any]]) -> None:
        types = dict(self.columns[kind])
        if kind in rows.LISTING:
            types["part_id"] = int
        arrays = [Array(values, type=_ARROW[type_]) for values, type_ in zip(columns, types.values(), strict=True)]
        batch = ArrowTable.from_arrays(arrays, names=list(types))  # noqa: F841 - read by the statement below
        self.connection.execute(f"insert into {staged(kind)} select * from batch")


def staged(kind: type[rows.Row]) -> str:
    """Return the name of the staging table of a row type."""
    return "staged_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


def load(connection: "duckdb.DuckDBPyConnection") -> None:
    """Fill the tables from what is staged, and work out what follows from it."""
    for name in ORDER:
        connection.execute(statements("load")[name].sql)


def load_parts(connection: "duckdb.DuckDBPyConnection", parts: list[tuple[int, str, str, bytes, int]]) -> None:
    """Write down in which parts the storage was listed, and what each looked like."""
    types = (DataType.int64(), DataType.string(), DataType.string(), DataType.binary(), DataType.int64())
    columns = zip(*parts, strict=True)
    arrays = [Array(list(values), type=type_) for values, type_ in zip(columns, types, strict=True)]
    names = ["part_id", "prefix", "token", "fingerprint", "files_count"]
    batch = ArrowTable.from_arrays(arrays, names=names)  # noqa: F841 - read by the statement below
    connection.execute("insert into store.part select * from batch")
