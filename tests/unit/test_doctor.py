"""`tonnage doctor`: each illness is found in its line, and every command it names works when copied."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from scanning import scan_tree
from tonnage.checks.doctor import Finding, State, examine, exit_code_of, to_text
from tonnage.cli import main
from tonnage.inventory.database import Inventory
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

SAFE = ["collection 2.x", "collection 3.x"]
RISKY = ["collection 2.x -m", "collection 3.x -m"]


def break_link(registry: Builder) -> None:
    """Leave a link empty, as a full disk does: every collection stops at it."""
    next((registry.v2 / "repositories").rglob("revisions/*/*/link")).write_bytes(b"")


def lose_tags(registry: Builder) -> None:
    """Leave what OpenShift has: revisions, and no folder of tags."""
    for folder in (registry.v2 / "repositories").rglob("_manifests/tags"):
        shutil.rmtree(folder)


ILLNESSES: dict[str, tuple[Callable[[Builder], object], list[str]]] = {
    "none": (lambda registry: None, []),
    "blocked": (break_link, [*SAFE, *RISKY, "tags"]),
    "unpurged": (
        lambda registry: registry.repository("app").upload(
            size_bytes=9, started=datetime.now() - timedelta(days=30)
        ),
        ["upload purging"],
    ),
    "tags elsewhere": (lose_tags, [*RISKY, "tags"]),
    "cache": (lambda registry: registry.write(registry.root / "scheduler-state.json", b"{}"), ["cache"]),
    "unmounted": (
        lambda registry: shutil.rmtree(registry.v2 / "blobs" / "sha256"), ["storage", "collection", "tags"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The inventories of a small registry, whole and with each illness: to be read, never changed."""
    found = {}
    for name, (spoil, _) in ILLNESSES.items():
        folder = tmp_path_factory.mktemp("a registry")
        registry = Builder(folder / "registry")
        for tag in "12":
            registry.repository("app").image([registry.layer(tag.encode())], tag=tag)
        spoil(registry)
        scan_tree(registry.root, folder / "tonnage.duckdb")
        found[name] = folder / "tonnage.duckdb"
    return found


def examined(path: Path, mounted: str = "relatime") -> list[Finding]:
    """Return the findings."""
    with Inventory(str(path)) as inventory:
        return examine(inventory, mounted=mounted, ending=f" -i {shlex.quote(str(path))}")


@pytest.mark.parametrize("name", ILLNESSES)
def test_each_illness_has_its_line(name: str, places: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else is called ill; each line that is not fine has a next step, and a command can be run as it stands."""
    findings = [found for found in examined(places[name]) if found.question != "access times"]
    ill = [found for found in findings if found.state is not State.FINE]
    assert sorted(found.question for found in ill) == sorted(ILLNESSES[name][1])
    assert all(found.advice or found.command for found in ill)
    assert exit_code_of(findings, delete_untagged=True) == (29 if ill else 0)
    for found in [found for found in ill if found.command][:1]:
        if found.command:
            assert found.command in to_text(findings, 40)
            words = shlex.split(found.command)
            with pytest.raises(SystemExit) as ended:
                main(words[1:])
            assert words[0] == "tonnage" and ended.value.code in (None, 0), capsys.readouterr().err


def test_what_is_unknown_is_not_fine(places: dict[str, Path], tmp_path: Path) -> None:
    """Over HTTP, without a search for strays, and of uses where the mount notes none."""
    changes = {
        "kind = 'registry', has_files = false, has_untagged = false": [
            "storage", "collection", "upload purging", "tags", "cache",
        ],
        "kind = 'storage'": ["storage"],
    }  # fmt: skip
    for change, unknown in changes.items():
        path = tmp_path / "other.duckdb"
        shutil.copy(places["none"], path)
        with duckdb.connect(str(path)) as database:
            database.execute(f"update store.source set {change}; update store.scan set is_searched = false")
        findings = examined(path, "noatime")
        assert [found.question for found in findings if found.state is State.UNKNOWN] == [*unknown, "access times"]
        assert exit_code_of(findings) == 29


def test_the_command(places: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Its exit code is about the collection that is meant."""

    def call(*words: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            main(["doctor", *words])
        return ended.value.code or 0, capsys.readouterr().out

    elsewhere = str(places["tags elsewhere"])
    code, out = call("-i", str(places["none"]), "--collector", "3", "--json")
    assert code == 0
    assert {row["question"] for row in json.loads(out)} >= {"storage", "collection 3.x", "collection 3.x -m", "tags"}
    assert call("-q", "-i", str(places["none"]), "-m") == (0, "")
    code, out = call("-i", elsewhere)
    assert code == 29 and "it would take all images" in out
