"""What runs on the executors: Arrow batches in and out, and in between the read half's own functions. For mapInArrow."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from tonnage.inventory import rows
from tonnage.scan.columns import types_of
from tonnage.scan.staged import PART, PART_COLUMNS, all_columns
from tonnage.scan.staging import FoundKeys, SortedKeys, Staged, place_keys, stage_bodies, stage_listing
from tonnage.storage import Keys, Storage

_ARROW = {str: pa.string(), int: pa.int64(), bool: pa.bool_(), bytes: pa.binary()}
_SQL = {pa.string(): "string", pa.int64(): "bigint", pa.bool_(): "boolean", pa.binary(): "binary"}
_ROWS_PER_BATCH = 5_000
FOUND = ("path", "size", "time_us", "etag", "is_old")
"""The columns of keys as they are found."""
PLACED = pa.schema(
    [
        (name, pa.int64() if name in ("size", "time_us") else pa.string())
        for name in ("part", "type", "detail", *FOUND[:4])
    ]
)
"""The columns of keys with their parts."""
STAGED = pa.schema([("row_type", pa.string()), *((name, _ARROW[type_]) for name, type_ in all_columns().items())])
"""The columns of staged rows."""


def ddl(schema: pa.Schema) -> str:
    """Return columns as Spark spells them."""
    return ", ".join(f"`{field.name}` {_SQL[field.type]}" for field in schema)


def place(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield keys with the parts they belong to."""
    for page in place_keys(FoundKeys(Keys(*of[:4]), of[4]) for of in map(_lists, batches)):
        lists = (page.parts, page.types, page.details, *page.keys)
        arrays = [pa.array(values, field.type) for values, field in zip(lists, PLACED, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=PLACED)


def list_keys(batches: Iterable[pa.RecordBatch], storage: Storage, thorough: bool) -> Iterator[pa.RecordBatch]:
    """Yield the rows of keys that are sorted by part and path."""
    pages = (SortedKeys(of[0], of[1], of[2], Keys(*of[3:])) for of in map(_lists, batches))
    return _batches(stage_listing(storage, pages, thorough=thorough))


def read_bodies(batches: Iterable[pa.RecordBatch], storage: Storage, action: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the manifests or configurations with these digests."""
    digests = (digest for batch in batches for digest in batch.column(0).to_pylist())
    return _batches(stage_bodies(storage, action, digests))


def _lists(batch: pa.RecordBatch) -> list[Any]:
    return [column.to_pylist() for column in batch.columns]


def _batches(staged: Iterable[Staged]) -> Iterator[pa.RecordBatch]:
    """Yield rows in batches that are worth their way, each of one type."""
    waiting: dict[str, list[pa.RecordBatch]] = {}
    waiting_count = 0
    for name, batch in _of_types(staged):
        waiting.setdefault(name, []).append(batch)
        waiting_count += batch.num_rows
        if waiting_count >= _ROWS_PER_BATCH:
            yield from _joined(waiting)
            waiting, waiting_count = {}, 0
    yield from _joined(waiting)


def _joined(waiting: dict[str, list[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    """Yield a batch for each type, in the columns of all."""
    for name, batches in waiting.items():
        [whole] = pa.Table.from_batches(batches).combine_chunks().to_batches()
        count = whole.num_rows
        given = {"row_type": pa.array([name] * count), **dict(zip(whole.schema.names, whole.columns, strict=True))}
        arrays = [given[of.name] if of.name in given else pa.nulls(count, of.type) for of in STAGED]
        yield pa.RecordBatch.from_arrays(arrays, schema=STAGED)


def _of_types(staged: Iterable[Staged]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield rows with the name of their type, in its own columns."""
    for of, parts, found in staged:
        texts = {str: of.texts, rows.Digest: of.digests, rows.RepositoryName: of.repositories}
        arrays_of = {type_: pa.array(values, pa.string()) for type_, values in texts.items()}
        for name, columns in of.tables.items():
            types = types_of(name)
            pairs = zip(types.values(), columns, strict=True)
            arrays = dict(zip(types, (_array(type_, column, arrays_of) for type_, column in pairs), strict=True))
            if "part_id" in arrays:
                numbers = arrays.pop("part_id").to_pylist()
                arrays["part"] = pa.array([None if at is None else parts[at] for at in numbers], pa.string())
            yield name, pa.RecordBatch.from_arrays(list(arrays.values()), list(arrays))
        if found:
            given = zip(zip(*found, strict=True), PART_COLUMNS.values(), strict=True)
            arrays_of_parts = [pa.array(values, _ARROW[type_]) for values, type_ in given]
            yield PART, pa.RecordBatch.from_arrays(arrays_of_parts, list(PART_COLUMNS))


def _array(type_: Any, column: Any, texts: dict[Any, pa.Array]) -> pa.Array:
    """Return a packed column, see `Packed`."""
    if isinstance(column, list):
        return pa.array(column, _ARROW[type_])
    view = memoryview(column).cast("B")
    of = pa.int64() if type_ is int else pa.int8() if type_ is bool else pa.int32()
    found = pa.Array.from_buffers(of, len(view) * 8 // of.bit_width, [None, pa.py_buffer(view)])
    return texts[type_].take(found) if type_ in texts else found.cast(_ARROW[type_])
