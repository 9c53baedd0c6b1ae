"""Rows -> inventory: into their tables as they come, by sql/rows, and what follows from them in the end, by sql/load.

A digest and a repository are numbers from the start.
"""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from arro3.core import Array, DataType, RecordBatch
from arro3.core import Table as ArrowTable

from tonnage.inventory import rows
from tonnage.inventory.memory import MemoryLimit
from tonnage.inventory.statements import execute_where_needed, statements
from tonnage.scan.columns import Packed, table_of, types_of
from tonnage.scan.numbering import Numbering
from tonnage.storage import Format

if TYPE_CHECKING:
    import duckdb

ORDER = (
    "misnamed", "repository", "blob", "tag", "upload", "problem", "problem_kind", "problem_kind_of_cache",
    "alias", "edge", "reach", "revision_state",
    "referrer_tag", "hold", "goes_with", "goes_alone", "pin", "repository_group", "usage", "deletion", "layer_step",
    "problem_revision_without_blob", "problem_tag", "problem_dead_layer_link", "problem_missing",
    "problem_sha512_reference", "problem_unlinked_blob", "problem_unlinked_child", "problem_size_mismatch", "problem_unseen",
    "problem_kind_of_manifest", "problem_repository", "problem_upload", "problem_file_as_folder",
)  # fmt: skip
"""The files of sql/load in the order in which they build on each other, for a registry's own storage."""

LAYOUTS_ORDER = (
    "layout_revision", "layout_layer_link", "repository", "blob", "tag", "upload", "problem",
    "problem_kind", "problem_layout_size", "problem_missing_index", "layout_copies", "layout_copied", "pin",
    "alias", "edge", "reach", "revision_state",
    "referrer_tag", "hold", "goes_with", "goes_alone", "repository_group", "usage", "deletion", "layer_step",
    "problem_revision_without_blob", "problem_missing",
    "problem_unlinked_blob", "layout_problem",
)  # fmt: skip
"""The same for OCI image layouts."""

_NUMBER = DataType.int32()
_ARROW = {
    str: DataType.string(),
    int: DataType.int64(),
    bool: DataType.bool(),
    rows.Digest: _NUMBER,
    rows.RepositoryName: _NUMBER,
}
_BATCH_ROWS = 81_920
"""Rows are kept until there are this many: inserting few costs as much as inserting many."""
_LOOKUPS_LIMIT = 20
"""So often digests are looked up in the earlier inventory; after that, all of its digests are read at once."""


class Intake:
    """Takes rows of all types in batches, in whatever order they come, and puts them into their tables."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", limit: MemoryLimit, *, is_rescan: bool = False) -> None:
        """Prepare it; for a rescan, the tables hold what an earlier scan found, whose numbers go on."""
        self.connection = connection
        self.limit = limit
        self.rows_count = 0
        self.is_rescan = is_rescan
        self.lookups_left = _LOOKUPS_LIMIT if is_rescan else 0
        self.numbering = Numbering()
        self.repositories: dict[str, int] = {}
        self.waiting: dict[str, list[RecordBatch]] = {}
        self.waiting_count: Counter[str] = Counter()
        if is_rescan:
            numbered = "select repository, repository_id from store.repository"
            self.repositories = dict(connection.execute(numbered).fetchall())
            self.numbering.start_at(self._highest("digest") + 1)
        self.next_repository = max(self.repositories.values(), default=-1) + 1

    def add(self, packed: Packed) -> None:
        """Add rows, if there are any: a part that did not change has none."""
        if not packed.tables:
            return
        texts = {
            str: Array(packed.texts, type=_ARROW[str]),
            rows.Digest: self._meet(packed.digests),
            rows.RepositoryName: self._name(packed.repositories),
        }
        for name, columns in packed.tables.items():
            types = types_of(name)
            arrays = [_unpack(column, type_, texts) for column, type_ in zip(columns, types.values(), strict=True)]
            self._wait(table_of(name), RecordBatch.from_arrays(arrays, names=list(types)))

    def flush(self) -> None:
        """Insert what is still waiting."""
        for table in list(self.waiting):
            self._insert(table)

    def finish(self) -> None:
        """Let go of digests that the earlier inventory knew and that nothing names any more."""
        self.flush()
        if self.is_rescan:
            self.connection.execute(statements("scan")["forget_digests"].sql)

    def _meet(self, digests: list[str | None]) -> Array:
        """Return the numbers of digests, the first of which is None, and keep the text of those that are new."""
        met: list[str] = digests[1:]  # type: ignore[assignment]
        if self.lookups_left and (unknown := self.numbering.unknown(met)):
            self._look_up(unknown)
        numbers, new = self.numbering.numbers_of(met)
        if new:
            self._wait("digest", _numbered("digest", new))
        return Array([None, *numbers], type=_NUMBER)

    def _look_up(self, digests: list[str]) -> None:
        """Take the numbers that digests have in the earlier inventory."""
        self.lookups_left -= 1
        wanted = "select digest_id, digest from store.digest where copy = 0"
        if self.lookups_left:
            wanted += " and digest in (select unnest($digests))"
        found = self.connection.execute(wanted, {"digests": digests} if self.lookups_left else None).fetchall()
        if found:
            self.numbering.give(found)

    def _name(self, repositories: list[str | None]) -> Array:
        """Return the numbers of repositories, the first of which is None."""
        new = [name for name in repositories[1:] if name not in self.repositories]
        if new:
            numbered = list(enumerate(new, self.next_repository))
            self.next_repository += len(new)
            self.repositories.update((name, number) for number, name in numbered)  # type: ignore[misc]
            self._wait("repository", _numbered("repository", numbered))
        return Array([None, *(self.repositories[name] for name in repositories[1:])], type=_NUMBER)  # type: ignore[index]

    def _wait(self, table: str, batch: RecordBatch) -> None:
        self.waiting.setdefault(table, []).append(batch)
        self.waiting_count[table] += batch.num_rows
        if self.waiting_count[table] >= _BATCH_ROWS:
            self._insert(table)

    def _insert(self, table: str) -> None:
        if table == "folder" and "repository" in self.waiting:
            self._insert("repository")  # which it is joined with
        if table not in self.waiting:
            return
        self.waiting_count[table] = 0
        whole = ArrowTable.from_batches(self.waiting.pop(table))
        insert(self.connection, statements("rows")[table].sql, whole)
        self.rows_count += whole.num_rows
        self.limit.fit(self.connection, self.rows_count)

    def _highest(self, what: str) -> int:
        found = self.connection.execute(f"select coalesce(max({what}_id), -1) from store.{what}").fetchall()
        return int(found[0][0])


def _numbered(what: str, numbered: Iterable[tuple[int, Any]]) -> RecordBatch:
    numbers, texts = zip(*numbered, strict=True)
    columns = [Array(numbers, type=_NUMBER), Array(texts, type=_ARROW[str])]
    return RecordBatch.from_arrays(columns, names=[f"{what}_id", what])


def _unpack(column: Any, type_: Any, texts: dict[Any, Array]) -> Array:
    """Return a packed column as it is loaded. `texts`: what the places in it stand for, by the type of the column."""
    if isinstance(column, list):
        return Array(column, type=_ARROW[type_])
    view = memoryview(column).cast("B")
    if type_ is int:
        return Array.from_buffer(view.cast("q"))
    if type_ is bool:
        return Array.from_buffer(view.cast("b")).cast(_ARROW[bool])
    return texts[type_].take(Array.from_buffer(view.cast("i")))


def load(connection: "duckdb.DuckDBPyConnection", kind: str) -> None:
    """Work out what follows from the rows of that kind of source."""
    for name in LAYOUTS_ORDER if kind == Format.LAYOUTS else ORDER:
        execute_where_needed(connection, statements("load")[name])


PartRow = tuple[int, str, str, bytes, int, int | None]
"""A part: number, prefix, token, fingerprint, number of files, and when its access times were asked for, in µs."""


def load_parts(connection: "duckdb.DuckDBPyConnection", parts: list[PartRow]) -> None:
    """Write down in which parts the storage was listed, and what each looked like."""
    text, number = DataType.string(), DataType.int64()
    types = (number, text, text, DataType.binary(), number, number)
    columns = zip(*parts, strict=True)
    arrays = [Array(list(values), type=type_) for values, type_ in zip(columns, types, strict=True)]
    names = ["part_id", "prefix", "token", "fingerprint", "files_count", "looked_at"]
    sql = "insert into store.part select * replace (make_timestamp(looked_at) as looked_at) from arrived"
    insert(connection, sql, ArrowTable.from_arrays(arrays, names=names))


def insert(connection: "duckdb.DuckDBPyConnection", sql: str, whole: ArrowTable) -> None:
    """Insert rows by a statement that takes them from `arrived`.

    They are registered, as DuckDB finds no variable of Python by itself once a connection is locked.
    """
    arrived = _Arrived(whole)
    connection.register("arrived", arrived)
    connection.execute(sql)
    connection.unregister("arrived")
    arrived.rows = None


class _Arrived:
    """Rows for the database to take. What was registered is remembered until its transaction ends; the rows need not be."""

    def __init__(self, rows: ArrowTable) -> None:
        self.rows: ArrowTable | None = rows

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the rows as a capsule of Arrow's, each time they are asked for."""
        return cast(ArrowTable, self.rows).__arrow_c_stream__(requested_schema)
