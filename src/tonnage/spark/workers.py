"""What runs on the executors: Arrow batches in and out, and in between the read half's own functions. For mapInArrow.

What passes through Spark costs there by rows and columns, more than to read it costs here. So it is packed: a row that
Spark carries is a stretch of keys as Arrow has them, or a whole Parquet file.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from zlib import crc32

import pyarrow as pa
from pyarrow import parquet

from tonnage.inventory import rows
from tonnage.scan.columns import types_of
from tonnage.scan.staged import PART, PART_COLUMNS
from tonnage.scan.staging import FoundKeys, SortedKeys, Staged, place_keys, stage_bodies, stage_listing
from tonnage.storage import Keys, Storage

_ARROW = {str: pa.string(), int: pa.int64(), bool: pa.bool_(), bytes: pa.binary()}
_KEYS_PER_PAGE, _PAGES_AT_ONCE, _ROWS_PER_FILE = 10_000, 20, 100_000
_NUMBERS = {"size": pa.int64(), "time_us": pa.int64()}
FOUND = ("path", "size", "time_us", "etag", "is_old")
"""The columns of keys as they are found."""
GROUPED, FILES = "group_id int, content binary", "row_type string, content binary"
"""Keys with their parts, some of those of one group; and files of rows of one type, each without its end."""
FILE_END = "PAR1"
_PLACED = pa.schema(dict.fromkeys(("part", "type", "detail", *FOUND[:4]), pa.large_string()) | _NUMBERS)


def place(batches: Iterable[pa.RecordBatch], groups_count: int) -> Iterator[pa.RecordBatch]:
    """Yield keys with the parts they belong to; all keys of a part are in one group."""
    found = (batch.to_pydict().values() for batch in batches)
    pages = place_keys(FoundKeys(Keys(*keys), are_old) for *keys, are_old in found)
    while some := list(islice(pages, _PAGES_AT_ONCE)):
        lists = ((page.parts, page.types, page.details, *page.keys) for page in some)
        tables = [pa.table(dict(zip(_PLACED.names, of, strict=True)), _PLACED) for of in lists]
        yield _packed("group_id", pa.int32(), _groups(pa.concat_tables(tables).combine_chunks(), groups_count))


def _groups(keys: pa.Table, groups_count: int) -> Iterator[tuple[int, bytes]]:
    """Yield the number of a group, and its keys."""
    parts = keys["part"].combine_chunks().dictionary_encode()
    of_parts = pa.array((crc32(part.encode()) % groups_count for part in parts.dictionary.to_pylist()), pa.int32())
    keys = keys.append_column("group_id", of_parts.take(parts.indices)).sort_by("group_id")
    start = 0
    for group in keys["group_id"].value_counts().to_pylist():  # in the order in which they come
        [batch] = keys.slice(start, group["counts"]).select(_PLACED.names).combine_chunks().to_batches()
        yield group["values"], batch.serialize().to_pybytes()
        start += group["counts"]


def list_keys(batches: Iterable[pa.RecordBatch], storage: Storage, thorough: bool) -> Iterator[pa.RecordBatch]:
    """Yield files with the rows of the keys of some groups, which are all here."""
    packed = (content.as_buffer() for batch in batches for content in batch.column(1))
    keys = pa.Table.from_batches((pa.ipc.read_record_batch(of, _PLACED) for of in packed), _PLACED).combine_chunks()
    ordered = keys.sort_by([("part", "ascending"), ("path", "ascending")]).to_batches(_KEYS_PER_PAGE)
    lists = (batch.to_pydict().values() for batch in ordered)
    pages = (SortedKeys(parts, types, details, Keys(*keys)) for parts, types, details, *keys in lists)
    return _files(stage_listing(storage, pages, thorough=thorough))


def read_bodies(batches: Iterable[pa.RecordBatch], storage: Storage, action: str) -> Iterator[pa.RecordBatch]:
    """Yield files with the rows of the manifests or configurations with these digests."""
    digests = (digest for batch in batches for digest in batch.column(0).to_pylist())
    return _files(stage_bodies(storage, action, digests))


def _packed(name: str, type_: pa.DataType, found: Iterable[tuple[Any, bytes]]) -> pa.RecordBatch:
    """Return what is packed with what is said of it, as Spark carries it."""
    names, contents = zip(*found, strict=True)
    return pa.record_batch({name: pa.array(names, type_), "content": pa.array(contents, pa.binary())})


def _files(staged: Iterable[Staged]) -> Iterator[pa.RecordBatch]:
    """Yield files of rows, each of one type."""
    waiting: dict[str, list[pa.RecordBatch]] = defaultdict(list)
    rows_count = Counter[str]()
    for name, batch in _of_types(staged):
        waiting[name].append(batch)
        rows_count[name] += batch.num_rows
        if rows_count[name] >= _ROWS_PER_FILE:
            del rows_count[name]
            yield _file(name, waiting.pop(name))
    yield from map(_file, waiting, waiting.values())


def _file(name: str, batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    out = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_batches(batches).combine_chunks(), out)
    return _packed("row_type", pa.string(), [(name, out.getvalue().to_pybytes()[: -len(FILE_END)])])


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
            yield PART, pa.record_batch([pa.array(of, _ARROW[type_]) for of, type_ in given], list(PART_COLUMNS))


def _array(type_: Any, column: Any, texts: dict[Any, pa.Array]) -> pa.Array:
    """Return a packed column, see `Packed`."""
    if isinstance(column, list):
        return pa.array(column, _ARROW[type_])
    view = memoryview(column).cast("B")
    of = pa.int64() if type_ is int else pa.int8() if type_ is bool else pa.int32()
    found = pa.Array.from_buffers(of, len(view) * 8 // of.bit_width, [None, pa.py_buffer(view)])
    return texts[type_].take(found) if type_ in texts else found.cast(_ARROW[type_])
