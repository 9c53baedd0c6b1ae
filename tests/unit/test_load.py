"""Rows that something else than a scan has read: `load` makes the inventory of them that a scan would have made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import duckdb
import pytest

from console import run
from randomdamage import random_damage
from randomtrees import random_registry
from scanning import Rows, answer, column, differences, everything, files_below, scan_storage
from seeds import seeds
from staging import STARTED, put_mark, stage
from tonnage.errors import InventoryVersionError, StagedRowsError, WriteError
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.sample import Builder
from tonnage.scan.from_staged import load_staged
from tonnage.scan.replace import OtherPlace
from tonnage.storage.memory import MemoryStorage

pytestmark = pytest.mark.slow


def content(registry: Builder) -> dict[str, bytes]:
    """Return the files of a registry with something of each kind."""
    base = registry.layer(b"base")
    repo = registry.repository("org/app")
    repo.index([repo.image([base, registry.layer(b"mine")])], tag="1")
    repo.image([base], tag="2", labels={"x": "y"})
    registry.layer(b"orphaned")
    return files_below(registry.v2)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a small registry: to be read, never changed."""
    return content(Builder(tmp_path_factory.mktemp("registry")))


@pytest.fixture(scope="module")
def staged(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its rows: to be read, never changed."""
    return stage(MemoryStorage(files), files, tmp_path_factory.mktemp("staged") / "with ' in it")


@pytest.fixture(scope="module")
def loaded(staged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inventory of it: to be read, never changed."""
    inventory = tmp_path_factory.mktemp("loaded") / "i"
    load_staged(staged, str(inventory))
    return inventory


def listed(inventory: Path) -> dict[str, Rows]:
    """Return all rows but for what only keys from elsewhere leave unknown."""
    found = everything(inventory)
    return {view: [row for row in rows if "not_told" not in row] for view, rows in found.items()}


@pytest.mark.parametrize("seed", seeds(0, 2))
def test_it_is_what_a_scan_makes(seed: int, tmp_path: Path) -> None:
    """Row for row in every view, whatever is damaged; and a scan goes on where it stopped."""
    rng = Random(seed)
    registry = random_registry(rng, tmp_path / "registry")
    for _ in range(rng.randint(0, 4)):
        random_damage(rng, registry)
    found = {path: body for path, body in files_below(registry.v2).items() if path.isprintable()}
    storage = MemoryStorage(found)
    loaded, scanned = tmp_path / "loaded", tmp_path / "scanned"
    summary = load_staged(stage(storage, found, tmp_path / "rows", thorough=True), str(loaded))
    assert summary.read_count == scan_storage(storage, scanned).read_count
    assert differences(listed(loaded), listed(scanned)) == {}


def test_a_scan_goes_on_with_it(files: dict[str, bytes], staged: Path, loaded: Path, tmp_path: Path) -> None:
    """Each adds its totals to those of the scans before; another place's inventory is not replaced, unless it moved."""
    inventory = tmp_path / "i"
    shutil.copyfile(loaded, inventory)
    scan_storage(MemoryStorage(files), inventory)
    load_staged(staged, str(inventory))
    assert column(inventory, "select read_count from scan order by scan_id") == [5, 5, 5]
    scan_storage(MemoryStorage(files, "memory:other"), tmp_path / "other")
    with pytest.raises(WriteError, match="memory:other"):
        load_staged(staged, str(tmp_path / "other"))
    load_staged(staged, str(tmp_path / "other"), other_place=OtherPlace.MOVED)
    assert column(tmp_path / "other", "select location from scan order by scan_id") == ["memory:other", "memory:"]


def test_the_order_of_files_does_not_matter(staged: Path, loaded: Path, tmp_path: Path) -> None:
    """Digests, repositories and parts have the same numbers, however the rows came to be written."""
    other = tmp_path / "rows"
    shutil.copytree(staged, other)
    with duckdb.connect() as connection:
        for file in other.glob("*/row_type=*/*.parquet"):
            rows = f"select * from read_parquet('{file}', hive_partitioning = false) order by all"
            connection.execute(f"copy ({rows} desc) to '{file.with_name('z.parquet')}' (format parquet)")
            file.unlink()
    load_staged(other, str(tmp_path / "two"))
    for what in ("store.digest", "store.repository", "store.part", "store.layer_link", "store.manifest_ref"):
        one, two = (answer(place, f"select * from {what} order by all") for place in (loaded, tmp_path / "two"))
        assert one == two != []


def _is_not_there(folder: Path) -> None:
    shutil.rmtree(folder)


def _has_no_mark(folder: Path) -> None:
    shutil.rmtree(folder / "scan")


def _has_half_a_mark(folder: Path) -> None:
    put_mark(folder, '{"schema_version": 5, "location"')


def _is_of_something_else(folder: Path) -> None:
    put_mark(folder, json.dumps({"schema_version": SCHEMA_VERSION}))


def _names_other_folders(folder: Path) -> None:
    mark = json.loads((folder / "scan" / "part-00000.txt").read_text())
    put_mark(folder, json.dumps(mark | {"stages": ["../.."]}))


def _changes_the_mark(**changes: object) -> Callable[[Path], None]:
    """Return a harm that says something else in the mark."""

    def harm(folder: Path) -> None:
        mark = json.loads((folder / "scan" / "part-00000.txt").read_text())
        put_mark(folder, json.dumps(mark | changes))

    harm.__name__ = f"_says_{'_'.join(changes)}"
    return harm


def _changes_rows(stage: str, kind: str, sql: str) -> Callable[[Path], None]:
    """Return a harm that changes rows of a type, and counts them as a job would."""

    def harm(folder: Path) -> None:
        file = folder / f"stage={stage}" / f"row_type={kind}" / "part-0.parquet"
        mark = json.loads((folder / "scan" / "part-00000.txt").read_text())
        with duckdb.connect() as connection:
            connection.execute(f"create table t as from read_parquet('{file}', hive_partitioning = false)")
            [[before]] = connection.execute("select count(*) from t").fetchall()
            connection.execute(sql)
            [[after]] = connection.execute("select count(*) from t").fetchall()
            connection.execute(f"copy t to '{file}' (format parquet)")
        mark["rows_count"][kind] += after - before
        put_mark(folder, json.dumps(mark))

    harm.__name__ = f"_{kind}_{sql.partition(' ')[0]}"
    return harm


def _has_two_marks(folder: Path) -> None:
    shutil.copyfile(folder / "scan" / "part-00000.txt", folder / "scan" / "part-00001.txt")


def _has_a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "stage=listing" / "row_type=Blob" / "a.parquet")


def _has_a_name_that_is_no_text(folder: Path) -> None:
    (folder / "stage=listing" / "row_type=Blob" / os.fsdecode(b"\xff.parquet")).touch()


def _lacks_a_file(folder: Path) -> None:
    (folder / "stage=configs" / "row_type=Image" / "part-0.parquet").unlink()


def _has_a_file_cut_off(folder: Path) -> None:
    file = folder / "stage=listing" / "row_type=Blob" / "part-0.parquet"
    file.write_bytes(file.read_bytes()[:-20])


def _has_a_file_changed_inside(folder: Path) -> None:
    file = folder / "stage=listing" / "row_type=Blob" / "part-0.parquet"
    content = bytearray(file.read_bytes())
    content[4 : len(content) // 3] = bytes(len(content) // 3 - 4)
    file.write_bytes(content)


def _has_other_columns(folder: Path) -> None:
    file = folder / "stage=listing" / "row_type=Blob" / "part-0.parquet"
    file.unlink()
    duckdb.execute(f"copy (select 'a' as digest) to '{file}' (format parquet)")


@pytest.mark.parametrize(
    "harm",
    [
        _is_not_there, _has_no_mark, _has_half_a_mark, _is_of_something_else, _names_other_folders, _lacks_a_file,
        _has_a_file_cut_off, _has_a_file_changed_inside, _has_other_columns, _has_two_marks, _has_a_pipe,
        _has_a_name_that_is_no_text, _changes_the_mark(stages=[], rows_count={}), _changes_the_mark(read_count=1 << 70),
        _changes_the_mark(started_at="0001-01-01T00:00:00+14:00"), _changes_the_mark(started_at="2026-01-01T00:00:00"),
        _changes_the_mark(location=""), _changes_the_mark(schema_version="5"),
        _changes_rows("listing", "Part", "insert into t from t"),
        _changes_rows("manifests-0", "Manifest", "insert into t from t"),
        _changes_rows("configs", "Image", "insert into t from t"),
        _changes_rows("listing", "Part", "update t set fingerprint = null"),
        _changes_rows("listing", "Blob", "update t set size_bytes = 9223372036854775807"),
    ],
)  # fmt: skip
def test_what_is_not_whole_is_refused(harm: Callable[[Path], None], staged: Path, loaded: Path, tmp_path: Path) -> None:
    """With the folder's name, and the inventory before stays."""
    folder = tmp_path / "rows"
    shutil.copytree(staged, folder)
    harm(folder)
    shutil.copyfile(loaded, tmp_path / "i")
    with pytest.raises(StagedRowsError, match="rows"):
        load_staged(folder, str(tmp_path / "i"))
    assert (tmp_path / "i").read_bytes() == loaded.read_bytes()


def test_rows_of_another_version_are_refused(staged: Path, tmp_path: Path) -> None:
    """Newer or older: it says which, and what to do."""
    shutil.copytree(staged, tmp_path / "rows")
    mark = json.loads((tmp_path / "rows" / "scan" / "part-00000.txt").read_text())
    put_mark(tmp_path / "rows", json.dumps(mark | {"schema_version": SCHEMA_VERSION - 1}))
    with pytest.raises(
        InventoryVersionError, match=f"tables of version {SCHEMA_VERSION - 1}; this tonnage reads {SCHEMA_VERSION}"
    ):
        load_staged(tmp_path / "rows", str(tmp_path / "i"))


def test_the_command(staged: Path, tmp_path: Path) -> None:
    """It says what a scan says; what is not whole is a code of its own."""
    code, said = run("tonnage load ROWS -i i.duckdb", tmp_path, {"ROWS": f'"{staged}"'})
    assert code == 0 and "5 manifests and configurations read" in said and "i.duckdb is ready" in said
    assert column(tmp_path / "i.duckdb", "select started_at from scan") == [STARTED.replace(tzinfo=None)]
    assert run("tonnage load ROWS -q", tmp_path, {"ROWS": f'"{staged}"'}) == (0, "")
    code, said = run("tonnage load nowhere", tmp_path, {})
    assert code == 37 and "there is no folder `nowhere`" in said and "hint: " in said


def test_what_reads_needs_no_database() -> None:
    """A process that lists and reads pieces of a storage imports neither DuckDB nor what goes with it."""
    program = (
        "import sys\n"
        "from tonnage.scan import staged, staging\n"
        "from tonnage.storage import Keys\n"
        "from tonnage.storage.memory import MemoryStorage\n"
        "from tonnage.storage.opening import open_storage\n"
        "import tonnage.storage.local, tonnage.storage.bucket.storage\n"
        "storage = MemoryStorage({'blobs/sha256/ab/' + 'ab' * 32 + '/data': b'{}'})\n"
        "[path] = storage.files\n"
        "keys = staging.SortedKeys(['blobs/sha256/ab'], ['file'], [''], Keys([path], [2], [None], ['']))\n"
        "assert list(staging.stage_listing(storage, [keys], thorough=False))\n"
        "assert list(staging.stage_bodies(storage, 'manifests', ['sha256:' + 'ab' * 32]))\n"
        "assert not {'duckdb', 'pyarrow', 'pyspark', 'click'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
