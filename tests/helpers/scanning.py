"""Scans for tests: a tree -> an inventory -> plain values to compare."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from tonnage.inventory.database import Inventory
from tonnage.monitor import Monitor
from tonnage.sample import Builder, Descriptor
from tonnage.scan.run import Summary, scan
from tonnage.storage import Storage
from tonnage.storage.local import open_local
from tonnage.storage.memory import MemoryStorage

Rows = list[tuple[Any, ...]]
TIMES = ("modified_at", "pushed_at")
"""Columns that tell when files were written, which a storage in memory does not know."""


READS = ("read_at", "looked_at", "used_at", "unused_since_at", "has_uses")
"""Columns that tell when something was read: that changes without anything being written, and a rescan need not see it."""


def scan_tree(root: Path, inventory: Path, **options: Any) -> Summary:
    """Scan the registry at `root`, in this process."""
    return scan_storage(open_local(str(root)), inventory, **options)


def scan_storage(storage: Storage, inventory: Path, **options: Any) -> Summary:
    """Scan any storage, in this process."""
    return scan(storage, str(inventory), **{"workers_count": 1, **options})


def answer(inventory: Path, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
    """Return the rows of a query."""
    with Inventory(str(inventory)) as opened:
        return opened.query(sql, dict(parameters or {})).rows


def column(inventory: Path, sql: str) -> list[Any]:
    """Return the rows of a query with one column."""
    return [value for (value,) in answer(inventory, sql)]


def everything(inventory: Path, *, without: Collection[str] = ()) -> dict[str, Rows]:
    """Return all rows of all views, in a fixed order; what is about the scans themselves, and about reads, is left out."""
    found = {}
    with Inventory(str(inventory)) as opened:
        views = opened.query(
            "select view_name from duckdb_views() where schema_name = 'main' and not internal order by view_name"
        ).rows
        for (view,) in views:
            if not view.startswith("scan") and view != "use_source":
                table = opened.query(f'from main."{view}"')
                kept = [number for number, name in enumerate(table.columns) if name not in (*without, *READS)]
                found[view] = sorted((tuple(row[number] for number in kept) for row in table.rows), key=repr)
    return found


def differences(one: Mapping[str, Rows], other: Mapping[str, Rows]) -> dict[str, tuple[Rows, Rows]]:
    """Return, for each view in which they differ, the rows that only the one and only the other has."""
    pairs = {view: (one.get(view, []), other.get(view, [])) for view in one.keys() | other.keys()}
    return {view: (_minus(a, b), _minus(b, a)) for view, (a, b) in pairs.items() if a != b}


def near(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row that equals one whose fractions were added up in another order."""
    return tuple(pytest.approx(value, rel=1e-12) if isinstance(value, float) else value for value in row)


def problems(inventory: Path) -> set[tuple[str, str]]:
    """Return kind and path of every problem."""
    return {(kind, path) for kind, path in answer(inventory, "select kind, path from problem")}


def check_sums(v2: Path, inventory: Path) -> None:
    """Check that every file is in one class, and that every grouping divides all bytes of the blobs."""
    files_count = sum(path.is_file() for path in v2.rglob("*"))
    [totals] = answer(inventory, "select sum(files_count), sum(size_bytes) from class_total")
    assert tuple(int(total or 0) for total in totals) == (files_count, bytes_below(v2))
    stored = sum(column(inventory, "select size_bytes from blob"))
    accounts = answer(inventory, 'select "grouping", exclusive_bytes, shared_bytes, unreferenced_bytes from accounting')
    assert {sum(parts) for _, *parts in accounts} <= {stored}
    for grouping, exclusive_bytes, _, _ in accounts:
        view = f"{grouping}_usage"
        assert sum(column(inventory, f"select coalesce(exclusive_bytes, 0) from {view}")) == exclusive_bytes


def files_below(folder: Path) -> dict[str, bytes]:
    """Return path and content of every file. Symbolic links are left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def bytes_below(folder: Path) -> int:
    """Return the bytes of all files, which is what an independent count of the disk gives."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def in_memory(v2: Path) -> MemoryStorage:
    """Return the same files as a storage in memory."""
    return MemoryStorage(files_below(v2))


def _minus(rows: Rows, others: Rows) -> Rows:
    left = list(rows)
    for row in others:
        if row in left:
            left.remove(row)
    return left


def config_of(registry: Builder, image: Descriptor) -> str:
    """Return the digest of an image's config."""
    document = json.loads(registry.blob_path(image.digest).read_bytes())
    return str(document["config"]["digest"])


class Watching(Monitor):
    """Calls back at each stretch of a scan, and keeps what it was told."""

    def __init__(self, callback: Any = lambda: None) -> None:
        self.callback = callback
        self.stretches: list[tuple[str, int]] = []
        self.steps = self.files_count = self.ends_count = 0

    def begin(self, what: str, total: int) -> None:
        self.stretches.append((what, total))
        self.callback()

    def advance(self, steps: int, files_count: int = 0) -> None:
        self.steps += steps
        self.files_count += files_count

    def end(self) -> None:
        self.ends_count += 1
