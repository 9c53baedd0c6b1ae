"""Several registries in one question: each answers as it does alone, and its rows say which it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scanning import scan_tree
from tonnage.cli import main
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.parquet import write_folder
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.inventory.several import ask_each, registry_names
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

Call = Callable[..., tuple[object, str, str]]
ROWS = ("--json", "--limit", "0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the inventories of a registry and of its mirror, and what is not one: to be read, never changed."""
    folder = tmp_path_factory.mktemp("inventories")
    for name, tags in (("origin", "123"), ("mirror", "12")):
        registry = Builder(folder / f"{name} storage")
        base = registry.layer(b"base" * 1000)
        for tag in tags:
            registry.repository("app").image([base, registry.layer(tag.encode() * 500)], tag=tag)
        if name == "mirror":
            registry.repository("app").image([base, registry.layer(b"another")], tag="2")
            registry.repository("own").image([base], tag="1")
        scan_tree(registry.root, folder / f"{name}.duckdb")
    (folder / "notes.duckdb").write_text("not a database")
    return folder


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Call:
    """Calls the program in the folder; returns how it ends and what it says."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TONNAGE_INVENTORY", raising=False)

    def run(*words: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        return ended.value.code or 0, *capsys.readouterr()

    return run


def test_every_report_is_the_union_of_its_answers(folder: Path) -> None:
    """Those to come included: the columns after `registry` are the report's, the rows those of each in turn."""
    paths = [str(folder / f"{name}.duckdb") for name in ("mirror", "origin")]
    with Inventory(paths[0]) as mirror, Inventory(paths[1]) as origin:
        opened = dict(zip(paths, (mirror, origin), strict=True))
        ((digest,),) = origin.query("select digest from layer order by size_bytes desc, digest limit 1").rows
        for report in builtin_reports().values():
            if "uses" in report.needs:
                continue  # nothing was used here
            values = {parameter.name: digest for parameter in report.parameters if parameter.default is None}
            alone = {path: run_report(inventory, report, values) for path, inventory in opened.items()}
            found = ask_each(paths, lambda path, _, alone=alone: alone[path]).table
            assert found.columns == ["registry", *alone[paths[0]].columns]
            expected = [(Path(path).stem, *row) for path, table in alone.items() for row in table.rows]
            assert found.rows == expected, report.name


@pytest.mark.parametrize(
    "name", sorted(name for name, report in builtin_reports().items() if "uses" not in report.needs)
)
def test_every_report_is_asked_of_an_export(name: str, call: Call, folder: Path, tmp_path: Path) -> None:
    """Its folder is one inventory, although the catalog in it is a database; so it is beside others."""
    with Inventory(str(folder / "origin.duckdb")) as inventory:
        write_folder(inventory, lake := tmp_path / "lake")
        ((digest,),) = inventory.query("select digest from layer order by size_bytes desc, digest limit 1").rows
    words = [name, *(digest for parameter in builtin_reports()[name].parameters if parameter.default is None), "--json"]
    expected = call(*words, "-i", "origin.duckdb")
    assert call(*words, "-i", str(lake)) == expected
    assert expected[0] == 0
    both = call(*words, "-i", str(lake), "-i", "origin.duckdb")
    assert len(json.loads(both[1])) == 2 * len(json.loads(expected[1]))


def test_an_export_that_is_not_whole_is_called_one(call: Call, folder: Path, tmp_path: Path) -> None:
    """Whichever of its files is missing: its catalog alone is never asked."""
    with Inventory(str(folder / "origin.duckdb")) as inventory:
        write_folder(inventory, lake := tmp_path / "lake")
    (lake / "scan.parquet").unlink()
    code, out, err = call("overview", "-i", str(lake))
    assert (code, out) == (7, "") and "`scan.parquet`: No such file" in err and "export it again" in err


def test_the_command_line(call: Call, folder: Path) -> None:
    """Named one by one or as a folder; steered as one answer; what one cannot answer is said, and none is an error."""
    named = call("tags", "-i", "mirror.duckdb", "-i", "origin.duckdb", *ROWS)
    assert named == call("tags", "-i", ".", *ROWS)
    rows = json.loads(named[1])
    assert [(row["registry"], row["repository"], row["tag"]) for row in rows].count(("origin", "app", "3")) == 1
    assert {row["registry"] for row in rows} == {"mirror", "origin"} and len(rows) == 6
    code, out, _ = call(
        "tags", "-i", ".", "--where", "registry = 'origin'", "--sort", "-tag", "--columns", "tag", *ROWS
    )
    assert (code, [row["tag"] for row in json.loads(out)]) == (0, ["3", "2", "1"])
    code, out, err = call("tags", "-i", ".", "--repository", "own", *ROWS)
    assert (code, len(json.loads(out))) == (0, 1)
    assert err == "origin: `--repository`: there is no repository `own`\n"
    assert call("tags", "-i", ".", "--repository", "nobody")[0] == 2
    assert call("unused", "-i", ".")[0] == 12
    assert call("tags", "-i", ".", "-i", "nowhere.duckdb")[0] == 7
    assert call("leftovers", "-i", ".", "--script")[0] == 2
    assert call("tags", "-i", ".", "-o", "origin.duckdb")[0] == 10
    (folder / "own.sql").write_text("-- Tags. One row per tag.\nselect tag from tag order by tag")
    assert len(json.loads(call("report", "own.sql", "-i", ".", *ROWS)[1])) == 6


def test_one_that_cannot_be_read_is_said(call: Call, folder: Path) -> None:
    """It is not left out in silence; one that is no longer there is none."""
    broken, gone = folder / "broken.duckdb", folder / "gone.duckdb"
    gone.symlink_to("nowhere")
    broken.symlink_to("/proc/self/mem")
    try:
        code, _, err = call("tags", "-i", ".", *ROWS)
        assert (code, "cannot open `broken.duckdb`: Input/output error" in err) == (7, True)
        broken.unlink()
        assert call("tags", "-i", ".", *ROWS) == call("tags", "-i", "mirror.duckdb", "-i", "origin.duckdb", *ROWS)
    finally:
        broken.unlink(missing_ok=True)
        gone.unlink()


def test_what_defaults_hide_is_said_of_all(call: Call) -> None:
    """Added up over all, within the condition, which may ask for the registry; to people, of what they did not ask for."""
    wide = json.loads(call("layers", "-i", ".", "--max-references", "any", *ROWS)[1])
    hidden = [row for row in wide if row["references_count"] > 2]
    for where, expected in (
        ("true", hidden),
        ("registry = 'mirror'", [r for r in hidden if r["registry"] == "mirror"]),
    ):
        _, _, err = call("layers", "-i", ".", "--where", where)
        assert err == f"{len(expected)} more with --max-references any (default: 2)\n" and expected
    assert call("layers", "-i", ".", "--json")[2] == call("layers", "-i", ".", "--max-references", "2")[2] == ""
    code, _, err = call("layers", "-i", ".", "--where", "registri = 'mirror'")
    assert (code, "did you mean `registry`?" in err) == (2, True)


def test_one_is_asked_as_ever(call: Call) -> None:
    """No column more; also where a folder has one inventory only."""
    alone = call("tags", "-i", "origin.duckdb", "--json")
    assert "registry" not in json.loads(alone[1])[0]
    os.makedirs("one", exist_ok=True)
    if not os.path.exists("one/origin.duckdb"):
        os.link("origin.duckdb", "one/origin.duckdb")
    assert call("tags", "-i", "one", "--json") == alone


def test_what_two_store_and_what_a_mirror_lacks(call: Call) -> None:
    """A blob that both have; a tag that is not there, one that leads elsewhere, and the bytes to be pushed for each."""
    both = json.loads(call("diff", "origin.duckdb", "mirror.duckdb", "--both", *ROWS)[1])
    assert both[0]["size_bytes"] == max(row["size_bytes"] for row in both)
    assert (both[0]["repositories_count"], both[0]["other_repositories_count"]) == (1, 2)
    lacks = json.loads(call("diff", "origin.duckdb", "mirror.duckdb", "--lacks", *ROWS)[1])
    assert [(row["tag"], row["state"]) for row in lacks] == [("3", "lacking"), ("2", "other digest")]
    with Inventory("origin.duckdb") as origin:
        config_and_manifest = origin.query("select sum(size_bytes) from blob where role in ('config', 'manifest')").rows
    assert lacks[0]["push_bytes"] == 500 + config_and_manifest[0][0] // 3
    assert lacks[1]["other_digest"] and lacks[1]["push_bytes"] == 0
    back = json.loads(call("diff", "mirror.duckdb", "origin.duckdb", "--lacks", *ROWS)[1])
    assert {(row["repository"], row["tag"]) for row in back} == {("app", "2"), ("own", "1")}


def test_names() -> None:
    """A login is not among them."""
    assert registry_names(["postgresql://me:secret@db.example.com/it?schema=eu"]) == ["db.example.com/it?schema=eu"]
    assert ask_each(["a.duckdb"], lambda path, name: Table(["x"], ["VARCHAR"], [(name,)])).table.rows == [("a", "a")]
