"""What becomes of an inventory while a scan is killed, read beside, short of disk or memory, or sent to another place."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from scanning import (
    Watching,
    answer,
    column,
    everything,
    scan_tree,
)
from tonnage.errors import (
    InventoryVersionError,
    NoInventoryError,
    QueryError,
    StorageUnreadableError,
    TonnageError,
    WriteError,
)
from tonnage.inventory.database import Inventory
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.sample import Builder
from tonnage.scan.replace import exchange
from tonnage.scan.run import OtherPlace
from tonnage.storage.local import LocalStorage

pytestmark = pytest.mark.slow

LATER = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)

# --- interruption, readers, versions --------------------------------------------------------------------------------

SCAN = "import sys; from tonnage.scan.run import scan; from tonnage.storage.local import open_local\n"
CALL = "scan(open_local(sys.argv[1]), sys.argv[2], workers_count=1)\n"
AT_LINE = """
import os, signal
count, limit, what = 0, int(sys.argv[3]), getattr(signal, sys.argv[4])
def watch(frame, event, argument):
    global count
    if not frame.f_code.co_filename.endswith(("scan/run.py", "scan/loading.py", "inventory/database.py")):
        return None
    if event == "line":
        count += 1
        if count == limit:
            sys.settrace(None)
            os.kill(os.getpid(), what)
    return watch
sys.settrace(watch)
"""
"""Sends a signal to itself at the n-th line of the code that works with the database, whatever line that is."""


def scan_elsewhere(registry: Builder, inventory: Path, limit: int, what: str) -> subprocess.Popen[bytes]:
    """Begin a scan in a process of its own, which gets a signal at the `limit`-th line."""
    script = SCAN + AT_LINE + CALL + "print(count)"
    command = [sys.executable, "-c", script, str(registry.root), str(inventory), str(limit), what]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def count_lines(registry: Builder, inventory: Path) -> int:
    """Return how many lines a scan goes through."""
    process = scan_elsewhere(registry, inventory, 0, "SIGKILL")
    output, _ = process.communicate()
    assert process.returncode == 0
    return int(output)


def kill_at(registry: Builder, inventory: Path, line: int, *, may_end: bool = False) -> None:
    """Scan, and be killed at a line; or end before it: no two scans go through quite the same number of lines."""
    process = scan_elsewhere(registry, inventory, line, "SIGKILL")
    process.communicate()
    assert process.returncode == -signal.SIGKILL or (may_end and process.returncode == 0)


@pytest.fixture
def lines_count(registry: Builder, inventory: Path, grown: dict[str, Any], tmp_path: Path) -> int:
    """How many lines the scan goes through that follows."""
    copy = tmp_path / "copy/tonnage.duckdb"
    copy.parent.mkdir()
    copy.write_bytes(inventory.read_bytes())
    return count_lines(registry, copy)


def test_a_killed_scan_leaves_the_old_inventory(
    registry: Builder, inventory: Path, grown: dict[str, Any], lines_count: int, tmp_path: Path
) -> None:
    """kill -9 at any moment: the old inventory is intact and readable, and the next scan succeeds."""
    assert lines_count > 200
    for moment in (0.02, 0.2, 0.4, 0.6, 0.75, 0.9):
        kill_at(registry, inventory, round(moment * lines_count))
        assert everything(inventory) == grown
    scan_tree(registry.root, inventory)
    assert column(inventory, "select tag from tag order by tag") == ["1", "2", "3"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "registry", "tonnage.duckdb"]


def test_a_scan_killed_at_its_very_end(
    registry: Builder, inventory: Path, grown: dict[str, Any], lines_count: int
) -> None:
    """Around the moment of replacing, the inventory is the old one or the new one, whole."""
    old = inventory.read_bytes()
    for back in (30, 20, 12, 1):
        inventory.write_bytes(old)
        kill_at(registry, inventory, lines_count - back, may_end=back < 10)
        found = everything(inventory)
        assert found == grown or [row[1] for row in found["tag"]] == ["1", "2", "3"]


def test_a_killed_repetition_leaves_the_old_inventory(registry: Builder, inventory: Path, tmp_path: Path) -> None:
    """The same where nothing changed and the inventory is copied."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory, now=lambda: datetime.now(UTC) + timedelta(hours=1))
    before = everything(inventory)
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(inventory.read_bytes())
    last = count_lines(registry, copy)
    assert answer(copy, "select read_count, is_full from scan where scan_id = 2") == [(0, False)]
    for back in (60, 40, 30, 20):
        kill_at(registry, inventory, last - back)
        assert everything(inventory) == before
    scan_tree(registry.root, inventory)
    assert everything(inventory) == before


def test_two_scans_at_once(registry: Builder, inventory: Path, grown: dict[str, Any], lines_count: int) -> None:
    """The second one is refused with a hint, and neither harms the other."""
    process = scan_elsewhere(registry, inventory, lines_count // 2, "SIGSTOP")
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    try:
        with pytest.raises(WriteError) as caught:
            scan_tree(registry.root, inventory)
        assert caught.value.exit_code == 10
        assert caught.value.next_step
        assert everything(inventory) == grown
    finally:
        process.send_signal(signal.SIGCONT)
        process.communicate()
    assert process.returncode == 0
    assert column(inventory, "select tag from tag order by tag") == ["1", "2", "3"]


def test_readers_during_a_scan(registry: Builder, inventory: Path, grown: dict[str, Any]) -> None:
    """A reader from before keeps the old inventory; one that comes at any moment before the end reads it too."""
    with Inventory(str(inventory)) as early:
        seen = []
        scan_tree(registry.root, inventory, monitor=Watching(lambda: seen.append(everything(inventory))))
        assert len(seen) >= 3
        assert all(found == grown for found in seen)
        assert early.query("select tag from tag").rows == [("1",)]
    assert column(inventory, "select tag from tag order by tag") == ["1", "2", "3"]


def test_a_reader_in_another_process(registry: Builder, inventory: Path, grown: dict[str, Any]) -> None:
    """An inventory that someone has open can be replaced, and stays what it was for them."""
    script = (
        "import sys; from tonnage.inventory.database import Inventory\n"
        "with Inventory(sys.argv[1]) as inventory:\n"
        "    print(inventory.query('select tag from tag').rows, flush=True); sys.stdin.readline()\n"
        "    print(inventory.query('select tag, digest from tag').rows[0][0])"
    )
    command = [sys.executable, "-c", script, str(inventory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "[('1',)]\n"
        scan_tree(registry.root, inventory)
        assert reader.communicate("\n")[0] == "1\n"
    assert len(column(inventory, "select tag from tag")) == 3


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, SCHEMA_VERSION - 1, None])
def test_another_version_is_refused(registry: Builder, inventory: Path, version: int | None) -> None:
    """An inventory with other tables is not read; a scan replaces it, a newer one only with --replace."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    with duckdb.connect(str(inventory)) as connection:
        if version is None:
            connection.execute("delete from store.scan")
        else:
            connection.execute("update store.scan set schema_version = ?", [version])
    with pytest.raises(InventoryVersionError) as caught:
        Inventory(str(inventory))
    assert caught.value.exit_code == 8
    is_newer = version == SCHEMA_VERSION + 1
    assert ("update" if is_newer else "tonnage scan") in caught.value.next_step
    other_place = OtherPlace.REPLACED if is_newer else OtherPlace.REFUSED
    assert scan_tree(registry.root, inventory, other_place=other_place).is_full
    assert column(inventory, "select tag from tag") == ["1"]


@pytest.mark.parametrize(("change", "kept"), [("", 2), ("alter table store.pull add column more integer", 0)])
def test_totals_are_kept_from_one_version_to_the_next(
    registry: Builder, inventory: Path, change: str, kept: int
) -> None:
    """As long as the tables they are in are the same: growth is asked for over years."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    for _ in range(2):
        scan_tree(registry.root, inventory)
    totals = "select scan_id, started_at, files_count, size_bytes from scan order by scan_id"
    before = answer(inventory, totals)
    with duckdb.connect(str(inventory)) as connection:
        connection.execute("update store.scan set schema_version = schema_version - 1")
        connection.execute("alter table store.deletion drop column stored_bytes")
        connection.execute(change or "select 1")
    assert scan_tree(registry.root, inventory).is_full
    now = answer(inventory, totals)
    assert (now[:kept], len(now)) == (before[:kept], kept + 1)


def test_an_inventory_of_a_newer_version_is_not_written_over(registry: Builder, inventory: Path) -> None:
    """Its totals are in tables that this one does not know; whoever gives them up says so."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    with duckdb.connect(str(inventory)) as connection:
        connection.execute("update store.scan set schema_version = schema_version + 1")
    before = inventory.read_bytes()
    for other_place in (OtherPlace.REFUSED, OtherPlace.MOVED):
        with pytest.raises(WriteError, match="newer tonnage") as caught:
            scan_tree(registry.root, inventory, other_place=other_place)
        assert "--replace" in caught.value.next_step
        assert inventory.read_bytes() == before
    assert scan_tree(registry.root, inventory, other_place=OtherPlace.REPLACED).is_full


def test_a_damaged_inventory_is_replaced(registry: Builder, inventory: Path) -> None:
    """One that was cut short, or whose blocks are damaged, is no ground to build upon and none to stop at."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    whole = inventory.read_bytes()
    for damaged in (b"", whole[:4096], whole[:12288] + bytes(len(whole) - 12288)):
        inventory.write_bytes(damaged)
        assert scan_tree(registry.root, inventory).is_full
        assert column(inventory, "select tag from tag") == ["1"]


def damage_deep(inventory: Path) -> bytes:
    """Damage a block without which the inventory opens, and its totals cannot be read; return what is left."""
    whole, block_bytes, headers_bytes = inventory.read_bytes(), 262_144, 12_288
    for start in range(headers_bytes, len(whole), block_bytes):
        damaged = whole[:start] + bytes(block_bytes) + whole[start + block_bytes :]
        inventory.write_bytes(damaged)
        try:
            with Inventory(str(inventory)) as opened, pytest.raises(NoInventoryError, match="is damaged"):
                opened.query("select * from store.scan")
        except (NoInventoryError, pytest.fail.Exception):  # it does not open, or lacks nothing
            continue
        return damaged
    raise AssertionError("nothing in it can be damaged so")


def test_damage_deep_in_an_inventory_is_told_as_such(registry: Builder, inventory: Path) -> None:
    """It opens, so it is not thrown away unasked; that it cannot be built upon is no fault of the disk's free space."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    damaged = damage_deep(inventory)
    with pytest.raises(WriteError, match="is damaged") as caught:
        scan_tree(registry.root, inventory, full=True)
    assert caught.value.next_step == "remove it, and scan again"
    assert inventory.read_bytes() == damaged


def test_another_failure_is_not_taken_for_damage(
    registry: Builder, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The storage that cannot be read is what has to be told, whatever the old inventory is like."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)

    def fail(_: LocalStorage) -> None:
        whole = inventory.read_bytes()
        inventory.write_bytes(whole[: len(whole) // 2])
        raise StorageUnreadableError("not mounted")

    monkeypatch.setattr(LocalStorage, "parts", fail)
    with pytest.raises(StorageUnreadableError, match="not mounted"):
        scan_tree(registry.root, inventory, full=True)


def test_what_is_no_inventory(tmp_path: Path) -> None:
    """Nothing, a folder, a text, an empty file, another database: refused, each with a hint."""
    (tmp_path / "text").write_text("not a database")
    sqlite3.connect(tmp_path / "lite").execute("create table t (i)")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    with duckdb.connect(str(tmp_path / "other")) as connection:
        connection.execute("create table t (i integer)")
    for name in ("nothing", "text", "lite", "empty", "folder", "other"):
        with pytest.raises(NoInventoryError) as caught:
            Inventory(str(tmp_path / name))
        assert caught.value.next_step
        assert len(str(caught.value).splitlines()) == 1


def test_a_result_that_cannot_be_written(registry: Builder, tmp_path: Path) -> None:
    """A missing folder is told as such, and nothing is left behind."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    with pytest.raises(WriteError) as caught:
        scan_tree(registry.root, tmp_path / "missing/tonnage.duckdb")
    assert caught.value.exit_code == 10
    assert not (tmp_path / "missing").exists()


def test_only_an_inventory_is_overwritten(registry: Builder, tmp_path: Path) -> None:
    """A slip of the pen must not cost a file of another kind, nor the database of something else."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "folder").mkdir()
    with duckdb.connect(str(tmp_path / "sales")) as connection:
        connection.execute("create table t as select 'mine' as whose")
    for name in ("notes", "folder", "sales"):
        with pytest.raises(WriteError) as caught:
            scan_tree(registry.root, tmp_path / name)
        assert caught.value.next_step
    assert (tmp_path / "notes").read_text() == "mine"
    with duckdb.connect(str(tmp_path / "sales"), read_only=True) as connection:
        assert connection.execute("select whose from t").fetchall() == [("mine",)]


def test_an_inventory_inside_the_storage_is_refused(registry: Builder) -> None:
    """It would be written into the registry, and find itself."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    with pytest.raises(TonnageError):
        scan_tree(registry.root, registry.v2 / "tonnage.duckdb")


def test_a_scan_writes_nothing_into_the_storage(registry: Builder, inventory: Path) -> None:
    """No file, no folder, no time of change."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")

    def state() -> dict[str, tuple[int, int]]:
        paths = [registry.root, *registry.root.rglob("*")]
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_ctime_ns) for path in paths}

    before = state()
    scan_tree(registry.root, inventory)
    assert state() == before


def test_another_place_is_not_scanned_into_an_inventory_unasked(
    registry: Builder, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All growth history would go: refused before any work, with what to say for it."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    before = inventory.read_bytes()
    registry.root.rename(tmp_path / "moved")
    with monkeypatch.context() as patch, pytest.raises(WriteError, match="is the inventory of") as caught:
        patch.setattr(LocalStorage, "parts", None)
        scan_tree(tmp_path / "moved", inventory)
    assert (caught.value.exit_code, inventory.read_bytes()) == (10, before)
    assert all(word in caught.value.next_step for word in ("-i", "--moved", "--replace", "1 scan"))


@pytest.mark.parametrize(("other_place", "scans"), [(OtherPlace.MOVED, [1, 2]), (OtherPlace.REPLACED, [1])])
def test_another_place_is_scanned_when_asked(
    registry: Builder, inventory: Path, tmp_path: Path, other_place: OtherPlace, scans: list[int]
) -> None:
    """All is read; a storage that was moved keeps its history, one that replaces another begins its own."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    registry.root.rename(tmp_path / "moved")
    summary = scan_tree(tmp_path / "moved", inventory, other_place=other_place)
    assert (summary.is_full, summary.location) == (True, str(tmp_path / "moved/docker/registry/v2"))
    assert column(inventory, "select scan_id from scan order by scan_id") == scans
    assert not scan_tree(tmp_path / "moved", inventory).is_full


def test_a_log_left_beside_an_inventory_heals_with_the_next_scan(registry: Builder, inventory: Path) -> None:
    """Whatever state it is of; until then the hint is to scan, and the totals of earlier scans are kept."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    script = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute('create table mine (i int)');"
        "c.execute('insert into mine select * from range(9)'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, str(inventory)], check=False)
    log = inventory.with_name(inventory.name + ".wal")
    left = log.read_bytes()
    scan_tree(registry.root, inventory)
    assert not log.exists()
    log.write_bytes(left)  # it is of an inventory that is no more
    with pytest.raises(NoInventoryError) as caught:
        Inventory(str(inventory))
    assert "scan again" in caught.value.next_step
    scan_tree(registry.root, inventory)
    assert not log.exists()
    assert column(inventory, "select scan_id from scan order by scan_id") == [1, 2, 3]


def test_too_little_memory_is_not_damage(registry: Builder, inventory: Path) -> None:
    """Nobody is advised to remove an inventory for it, neither by a query nor by a scan."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    before = inventory.read_bytes()
    with Inventory(str(inventory)) as opened, pytest.raises(QueryError, match="not enough memory") as caught:
        opened.connection = duckdb.connect(config={"memory_limit": "10MB", "temp_directory": ""})
        opened.query("select list(a.range) from range(10000000) as a")
    assert "remove" not in caught.value.next_step
    for error in (MemoryError(), duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate")):
        with pytest.raises(WriteError, match="out of memory"), exchange(inventory, "elsewhere"):
            raise error
    assert inventory.read_bytes() == before


def test_a_full_disk_while_the_database_writes(registry: Builder, inventory: Path) -> None:
    """However DuckDB says so: one line, and the old inventory stays."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    before = inventory.read_bytes()
    said = 'Could not write file "x.wal": No space left on device'
    for kind in (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException):
        with pytest.raises(WriteError, match=r"No space left on device$"), exchange(inventory, "elsewhere"):
            raise kind(f"TransactionContext Error: Failed to commit: {said}")
    with pytest.raises(WriteError, match="could not be finished"), exchange(inventory, "elsewhere") as new:
        new.write_text("half")
        new.with_name("new.wal").write_text("the rest")
    assert (inventory.read_bytes(), [p.name for p in inventory.parent.glob(".ton*")]) == (before, [])


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounts small file systems")
@pytest.mark.parametrize("kibibytes", [16, 256, 2048, 5000, 6300, 8192])
def test_small_disks(kibibytes: int, demo: Builder, tmp_path: Path) -> None:
    """An inventory is there whole, or one line says why not and nothing is left of it."""
    options = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(tmp_path)]
    if subprocess.run(options, capture_output=True).returncode:
        pytest.skip("may not mount")
    try:
        command = [sys.executable, "-m", "tonnage", "scan", str(demo.root), "-i", str(tmp_path / "it.duckdb"), "-q"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, "Traceback" in done.stderr) in ((0, False), (10, False))
        assert os.listdir(tmp_path) == ([] if done.returncode else ["it.duckdb"])
        assert "No space left on device" in done.stderr or not done.returncode
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_name_the_database_cannot_take(registry: Builder, tmp_path: Path) -> None:
    """One that is not UTF-8, for reading and for writing."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.duckdb"))
    with pytest.raises(WriteError, match="not UTF-8"):
        scan_tree(registry.root, path)
    path.write_bytes(b"x")
    with pytest.raises(NoInventoryError, match="not UTF-8"):
        Inventory(str(path))


def test_an_inventory_that_another_program_writes_to_is_left_alone(registry: Builder, inventory: Path) -> None:
    """To replace it would lose what it holds of earlier scans, as it cannot be read; the message says who has it."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.readline()"
    command = [sys.executable, "-c", script, str(inventory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(WriteError, match=f"PID {writer.pid}"):
            scan_tree(registry.root, inventory)
        writer.communicate(b"\n")
    assert column(inventory, "select scan_id from scan") == [1]
