"""Staged rows for tests: what the job for Spark writes, by the same pure functions, written here by DuckDB."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from arro3.core import Array, DataType, Table

from tonnage.formats.quoting import literal
from tonnage.inventory import rows
from tonnage.inventory.statements import statements
from tonnage.scan.columns import table_of, types_of
from tonnage.scan.staged import MARK, PART, Mark, columns_for, mark_text
from tonnage.scan.staging import FoundKeys, SortedKeys, Staged, place_keys, stage_bodies, stage_listing
from tonnage.storage import Keys, Storage

STARTED = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
_ARROW = {str: DataType.string(), int: DataType.int64(), bool: DataType.bool(), bytes: DataType.binary()}
Rows = dict[str, list[dict[str, Any]]]
"""Rows by the name of their type."""


def stage(storage: Storage, files: Mapping[str, bytes], folder: Path, *, thorough: bool = False) -> Path:
    """Read a storage whose objects are known, and write the folder of rows: all of it, and the mark."""
    stages = {"listing": _plain(stage_listing(storage, _pages(files), thorough=thorough))}
    while wanted := _wanted("manifests", stages):
        stages[f"manifests-{len(stages) - 1}"] = _plain(stage_bodies(storage, "manifests", wanted))
    stages["configs"] = _plain(stage_bodies(storage, "configs", _wanted("configs", stages)))
    for name, wrote in stages.items():
        write(folder / f"stage={name}", wrote)
    read_count = sum(row["files_count"] for wrote in stages.values() for row in wrote[PART] if row["part"] is None)
    counts = {kind: sum(len(wrote[kind]) for wrote in stages.values()) for kind in (PART, *rows.ALL)}
    mark = Mark(
        location=storage.location, started_at=STARTED, finished_at=STARTED, listed_at=None, read_count=read_count,
        stages=list(stages), rows_count=counts,
    )  # fmt: skip
    put_mark(folder, mark_text(mark))
    return folder


def _wanted(action: str, stages: Mapping[str, Rows]) -> list[str]:
    """Return what is to be read next, by the statement that the job asks."""
    with duckdb.connect() as connection:
        for kind in rows.ALL:
            found = [row for wrote in stages.values() for row in wrote[kind]]
            connection.register(f"staged_{table_of(kind)}", _table(columns_for(kind), found))
        return sorted(
            digest for (digest,) in connection.execute(statements("staged")[f"wanted_{action}"].sql).fetchall()
        )


def put_mark(folder: Path, text: str) -> None:
    """Write the mark, as Spark names its files."""
    (folder / MARK).mkdir(parents=True, exist_ok=True)
    (folder / MARK / "part-00000.txt").write_text(text + "\n")
    (folder / MARK / "_SUCCESS").touch()


def write(stage: Path, found: Rows) -> None:
    """Write the files of one stage."""
    with duckdb.connect() as connection:
        for kind, items in found.items():
            place = stage / f"row_type={kind}"
            place.mkdir(parents=True)
            connection.register("found", _table(columns_for(kind), items))
            file = literal(str(place / "part-0.parquet"))
            connection.execute(f"copy (select * from found) to {file} (format parquet)")
            connection.unregister("found")


def _table(columns: Mapping[str, Any], items: list[dict[str, Any]]) -> Table:
    """Return rows as an Arrow table."""
    arrays = [Array([item.get(column) for item in items], type=_ARROW[type_]) for column, type_ in columns.items()]
    return Table.from_arrays(arrays, names=list(columns))


def _pages(files: Mapping[str, bytes]) -> Iterator[SortedKeys]:
    """Yield the table of keys in pages of a few rows, sorted by part and path."""
    paths, sizes = list(files), [len(content) for content in files.values()]
    nothing: list[int | None] = [None] * len(paths)
    whole = FoundKeys(Keys(paths, sizes, nothing, [""] * len(paths)), [False] * len(paths))
    rows = [row for page in place_keys([whole, whole._replace(keys=whole.keys.choose([]))]) for row in _rows(page)]
    rows.sort(key=lambda row: (row[0], row[3]))
    for start in range(0, len(rows), 7):
        parts, types, details, *keys = map(list, zip(*rows[start : start + 7], strict=True))
        yield SortedKeys(parts, types, details, Keys(*keys))


def _rows(page: SortedKeys) -> Iterator[tuple[Any, ...]]:
    return zip(page.parts, page.types, page.details, *page.keys, strict=True)


def _plain(staged: Iterable[Staged]) -> Rows:
    """Return rows as dictionaries, parts by their prefixes."""
    found: Rows = defaultdict(list)
    for batch in staged:
        texts = {str: batch.rows.texts, rows.Digest: batch.rows.digests, rows.RepositoryName: batch.rows.repositories}
        for name, columns in batch.rows.tables.items():
            lists = [_unpacked(of, column, texts) for of, column in zip(types_of(name).values(), columns, strict=True)]
            for values in zip(*lists, strict=True):
                row = dict(zip(types_of(name), values, strict=True))
                if (number := row.pop("part_id", None)) is not None:
                    row["part"] = batch.parts[number]
                found[name].append(row)
        found[PART] += [{"part": part, "fingerprint": print_, "files_count": n} for part, print_, n in batch.found]
    return found


def _unpacked(type_: Any, column: Any, texts: Mapping[Any, list[str | None]]) -> list[Any]:
    if isinstance(column, list):
        return column
    view = memoryview(column).cast("B")
    if type_ in texts:
        return [texts[type_][place] for place in view.cast("i")]
    return list(view.cast("q")) if type_ is int else [bool(value) for value in view]
