"""What the database may hold follows what is scanned, and ends at what the machine or the container has."""

import os
import weakref
from array import array
from pathlib import Path

import pytest
from arro3.core import Array
from arro3.core import Table as ArrowTable

from scanning import scan_tree
from tonnage.errors import WriteError
from tonnage.inventory.database import Inventory, connect
from tonnage.inventory.memory import THREADS_LIMIT, MemoryLimit, ceiling, reading_config, threads_count
from tonnage.sample import Builder
from tonnage.scan.loading import insert

pytestmark = pytest.mark.slow


def settings(connection: object) -> tuple[str, int]:
    found = connection.execute("select current_setting('memory_limit'), current_setting('threads')")  # type: ignore[attr-defined]
    return tuple(found.fetchone())


def test_it_grows_with_the_rows_and_ends_at_the_ceiling() -> None:
    limit = MemoryLimit()
    connection = connect(limit)
    before, threads = settings(connection)
    assert (before, threads, limit.bytes) == ("152.5 MiB", 1, 160_000_000)
    limit.fit(connection, 2_000_000)
    assert settings(connection) == (before, threads_count()) and threads_count() <= THREADS_LIMIT
    limit.fit(connection, 2_900_000)
    assert settings(connection)[0] == "221.2 MiB"
    limit.fit(connection, 10**9)
    assert limit.bytes == limit.ceiling_bytes == ceiling()
    connection.close()


def test_one_that_was_given_stays() -> None:
    limit = MemoryLimit(50_000_000, earlier_bytes=10**9)
    connection = connect(limit)
    limit.fit(connection, 10**9)
    assert settings(connection)[0] == "47.6 MiB"
    connection.close()


def test_the_earlier_inventory_tells_what_a_rescan_needs() -> None:
    assert MemoryLimit(earlier_bytes=1).bytes == 160_000_000
    assert MemoryLimit(earlier_bytes=100_000_000).bytes == min(500_000_000, ceiling())
    threads = [MemoryLimit(earlier_bytes=size_bytes).threads_count for size_bytes in (1, 100_000_000)]
    assert threads == [1, threads_count()]


@pytest.mark.parametrize(
    ("content", "expected"), [("max", None), ("4000000000", 1_000_000_000), ("100000000", 256_000_000)]
)
def test_a_container_has_a_ceiling_of_its_own(tmp_path: Path, content: str, expected: int | None) -> None:
    (tmp_path / "memory.max").write_text(f"{content}\n")
    found = ceiling((str(tmp_path / "memory.max"), str(tmp_path / "absent")))
    assert found == (expected or ceiling(()))


def test_what_only_answers_has_a_limit_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit goes to the folder for temporary files, and nothing of it stays."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with connect() as connection:
        bound = connection.execute("select current_setting('memory_limit')").fetchall()
        connection.execute(f"set memory_limit = '{ceiling() // 1_000_000}MB'")
        assert connection.execute("select current_setting('memory_limit')").fetchall() == bound
        connection.execute("set memory_limit = '30MB'")
        connection.execute("create temp table t as select hash(i) as h, i from range(3_000_000) r(i) order by h")
        assert connection.execute("select sum(size) > 0 from duckdb_temporary_files()").fetchall() == [(True,)]
        assert [path.name for path in tmp_path.iterdir()] == [f"tonnage-{os.getpid()}.tmp"]
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_is_an_error_with_a_next_step(demo: Builder, tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="out of memory"):
        scan_tree(demo.root, tmp_path / "i.duckdb", memory_bytes=1_000_000)


@pytest.mark.parametrize(("memory_bytes", "threads"), [(256_000_000, 4), (2_000_000_000, 31), (50_000_000, 1)])
def test_threads_are_as_many_as_the_memory_is_for(
    memory_bytes: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many cores there are: 8 threads cannot sort a million rows in 256 MB."""
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    assert reading_config(memory_bytes)["threads"] == threads


def test_rows_are_let_go_of_once_they_are_inserted() -> None:
    """Not only when the transaction ends: until then the database remembers all that was registered."""
    connection = connect(MemoryLimit())
    connection.execute("create table wanted (number bigint)")
    connection.begin()
    numbers = array("q", [1, 2, 3])
    rows = ArrowTable.from_arrays([Array.from_buffer(memoryview(numbers))], names=["number"])
    held = weakref.ref(numbers)
    insert(connection, "insert into wanted select number from arrived", rows)
    del numbers, rows
    assert connection.execute("select sum(number) from wanted").fetchall() == [(6,)]
    assert held() is None
    connection.close()


@pytest.mark.parametrize(
    ("size_bytes", "is_small"), [(1, True), (10_000_000, True), (10_000_001, False), (None, False)]
)
def test_a_small_inventory_is_asked_by_one_thread(
    size_bytes: int | None, is_small: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not a file, or is not there, may be of any size."""
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    if size_bytes is not None:
        (tmp_path / "i").touch()
        os.truncate(tmp_path / "i", size_bytes)
    assert reading_config(2_000_000_000, str(tmp_path / "i"))["threads"] == (1 if is_small else 8)
    assert reading_config(2_000_000_000, str(tmp_path))["threads"] == 8


def test_an_inventory_is_opened_so(demo_inventory: Path) -> None:
    """The demo is small."""
    with Inventory(str(demo_inventory)) as opened:
        assert opened.query("select current_setting('threads')").rows == [(1,)]
