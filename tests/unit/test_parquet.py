"""An inventory as a folder of Parquet: opened as any, brought back whole, and no way to reach anything else."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from scanning import everything, scan_tree
from tonnage.errors import NoInventoryError, QueryError, TonnageError, WriteError
from tonnage.inventory.copies import bring_back
from tonnage.inventory.database import Inventory, compare, known_tables
from tonnage.inventory.parquet import write_folder
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.inventory.statements import statements
from tonnage.sample import Builder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lake(demo_inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's inventory as Parquet: to be read, never changed."""
    folder = tmp_path_factory.mktemp("lake") / "with ' in it"
    export(demo_inventory, folder)
    return folder


def export(inventory: Path, folder: Path) -> None:
    """Write an inventory as Parquet."""
    with Inventory(str(inventory)) as opened:
        write_folder(opened, folder)


def test_answers_are_the_same(lake: Path, demo_inventory: Path) -> None:
    """Of every report, and what `tonnage tables` lists."""
    with Inventory(str(demo_inventory)) as file, Inventory(str(lake)) as folder:
        [(digest,)] = file.query("select digest from layer order by size_bytes desc, digest limit 1").rows
        for report in builtin_reports().values():
            values = {p.name: digest for p in report.parameters if p.default is None}
            assert run_report(folder, report, values) == run_report(file, report, values), report.name
        tables = statements("catalog")["tables"].sql
        assert folder.query(tables) == file.query(tables)


def test_it_comes_back_whole(lake: Path, demo: Builder, demo_inventory: Path, tmp_path: Path) -> None:
    """Row for row; a scan goes on with it; and nothing is written over."""
    back = tmp_path / "back.duckdb"
    bring_back(str(lake), back)
    assert everything(back) == everything(demo_inventory)
    with pytest.raises(WriteError):
        bring_back(str(lake), back)
    assert not scan_tree(demo.root, back).is_full


def test_tags_kept_elsewhere_are_put_into_a_copy(lake: Path) -> None:
    """The files stay as they are."""
    with Inventory(str(lake), tags=[]) as opened:
        assert opened.query("select count(*) from tag").rows == [(0,)]
    with Inventory(str(lake)) as opened:
        assert opened.query("select count(*) > 0 from tag").rows == [(True,)]


def test_the_files_say_what_they_are(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their metadata, and by the views of the database beside them, from wherever the folder is."""
    monkeypatch.chdir(lake)
    with duckdb.connect("catalog.duckdb", read_only=True) as connection:
        [[count]] = connection.execute("select count(*) from blob").fetchall()
        found = connection.execute(
            "select decode(key), decode(value) from parquet_kv_metadata('scan.parquet')"
        ).fetchall()
    assert count > 0
    metadata = dict(found)
    assert metadata["tonnage.schema_version"] == str(SCHEMA_VERSION)
    assert metadata["tonnage.meaning"].startswith("Scans of this storage")
    assert '"finished_at": "' in metadata["tonnage.scan"]
    assert {path.stem for path in lake.glob("*.parquet")} == known_tables().keys()


def test_scans_beside_each_other_share_what_did_not_change(registry: Builder, tmp_path: Path) -> None:
    """The same files, under two names; and what came between them can be asked for."""
    inventory, history = tmp_path / "tonnage.duckdb", tmp_path / "history"
    history.mkdir()
    app = registry.repository("app")
    for number in (1, 2):
        app.image([registry.layer(size_bytes=1000 * number, seed="app")], tag=str(number))
        scan_tree(registry.root, inventory)
        export(inventory, history / f"scan={number}")
    one, two = history / "scan=1", history / "scan=2"
    shared = {path.stem for path in one.glob("*.parquet") if path.samefile(two / path.name)}
    assert "upload" in shared and "problem_kind" in shared
    assert not {"blob", "scan", "tag"} & shared
    assert compare(str(one), str(two), "layers").rows
    assert not compare(str(one), str(one), "layers").rows


def test_a_history_begins_with_its_first_scan(demo_inventory: Path, tmp_path: Path) -> None:
    """Its folder is made; asked for all of it, one of the scans is named."""
    for number in (1, 2):
        export(demo_inventory, tmp_path / "history" / f"scan={number}")
    with pytest.raises(NoInventoryError) as caught:
        Inventory(str(tmp_path / "history"))
    assert caught.value.next_step == f"name one of the 2 in it: {tmp_path}/history/scan=2"
    with pytest.raises(WriteError):
        export(demo_inventory, tmp_path / "not there" / "lake")
    (tmp_path / "history/scan=2/tag.parquet").unlink()
    with pytest.raises(NoInventoryError) as caught:
        Inventory(str(tmp_path / "history/scan=2"))
    assert caught.value.next_step == "export it again: tonnage export"


def _lacks_a_table(folder: Path) -> None:
    (folder / "blob.parquet").unlink()


def _has_another_table(folder: Path) -> None:
    shutil.copyfile(folder / "tag.parquet", folder / "blob.parquet")


def _is_cut_off(folder: Path) -> None:
    file = folder / "blob.parquet"
    file.write_bytes(file.read_bytes()[:-20])


def _leads_elsewhere(folder: Path) -> None:
    shutil.move(folder / "blob.parquet", folder.parent / "elsewhere.parquet")
    (folder / "blob.parquet").symlink_to(folder.parent / "elsewhere.parquet")


def _is_something_else(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


@pytest.mark.parametrize(
    "harm", [_lacks_a_table, _has_another_table, _is_cut_off, _leads_elsewhere, _is_something_else]
)
def test_what_is_not_an_inventory_is_refused(harm: Callable[[Path], None], lake: Path, tmp_path: Path) -> None:
    """Before anything is asked of it."""
    folder = tmp_path / "lake"
    shutil.copytree(lake, folder)
    harm(folder)
    with pytest.raises(NoInventoryError), Inventory(str(folder)):
        pass


def test_the_catalog_is_never_run(lake: Path, tmp_path: Path) -> None:
    """It may be anybody's; and a query reaches no file but those of the folder."""
    folder = tmp_path / "lake"
    shutil.copytree(lake, folder)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (folder / "catalog.duckdb").unlink()
    with duckdb.connect(str(folder / "catalog.duckdb")) as connection:
        connection.execute("create schema store")
        connection.execute(f"create view store.blob as select * from read_csv('{tmp_path}/secret.csv')")
    with Inventory(str(folder)) as opened:
        assert opened.query("select count(*) > 1 from blob").rows == [(True,)]
        for sql in (f"select * from read_csv('{tmp_path}/secret.csv')", f"copy (select 1) to '{tmp_path}/written'"):
            with pytest.raises(QueryError):
                opened.query(sql)


def test_a_failed_export_leaves_nothing(demo_inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one over something else is refused."""
    (tmp_path / "there").mkdir()
    with pytest.raises(WriteError, match="exists"):
        export(demo_inventory, tmp_path / "there")

    def fail(*_: object) -> None:
        raise TonnageError("no room")

    monkeypatch.setattr("tonnage.inventory.parquet._write_catalog", fail)
    with contextlib.suppress(TonnageError):
        export(demo_inventory, tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} <= {"there"} | {p.name for p in tmp_path.glob(".tonnage-*")}
    assert not (tmp_path / "new").exists()
