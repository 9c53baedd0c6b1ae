"""The script of leftovers, run for real: it removes what is still left over when it runs, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scanning import scan_tree
from tonnage.errors import UsageError
from tonnage.inventory.database import Inventory
from tonnage.planning.leftovers import Leftovers, find_leftovers, script
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)
NASTY = ("it's", 'a "b" $(touch owned) `touch owned`', "new\nline", "-rf", "ü x", "*", "\\")


def written(registry: Builder, days: int = 7) -> str:
    """Scan, and return the script."""
    inventory = registry.root.parent / "inventory.duckdb"
    scan_tree(registry.root, inventory)
    with Inventory(str(inventory)) as opened:
        return script(find_leftovers(opened, days), days)


def run(text: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script as a person would; it must not fail."""
    path = folder / "leftovers.sh"
    path.write_text(text)
    done = subprocess.run(["sh", str(path), *arguments], capture_output=True, text=True, cwd=folder, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def tree(root: Path) -> set[str]:
    """Return all paths below a folder."""
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def age(paths: Iterable[Path]) -> None:
    """Make paths, and all below them, as old as anything."""
    for path in paths:
        for below in (*path.rglob("*"), path):
            os.utime(below, (LONG_AGO.timestamp(),) * 2, follow_symlinks=False)


@pytest.fixture
def left(registry: Builder) -> Builder:
    """A registry with a stale and a fresh upload, a dead and a live link, old history, an emptied and a live repository."""
    registry.when = LONG_AGO
    app = registry.repository("app")
    gone = app.image([registry.layer(b"gone")], tag="1")
    app.image([registry.layer(b"here")], tag="1", labels={"a": "b"})
    app.delete(gone.digest)
    shutil.rmtree(registry.blob_path(registry.layer(b"gone").digest).parent)
    app.upload(size_bytes=100, started=LONG_AGO)
    registry.repository("emptied/below").image([registry.layer(b"below")], tag="1")
    emptied = registry.repository("emptied")
    emptied.link_layers([registry.layer(b"here")])
    registry.when = datetime.now(UTC)
    app.upload(size_bytes=100, started=registry.when - timedelta(hours=1))
    age([emptied.path])
    return registry


def test_a_dry_run_removes_nothing_and_names_the_rest(left: Builder) -> None:
    """Without --remove nothing changes."""
    before = tree(left.root)
    said = run(written(left), folder=left.root.parent)
    assert tree(left.root) == before
    assert said.stdout.count("would remove") == 4
    assert "4 would be removed" in said.stderr


def test_what_is_left_over_is_removed_and_nothing_else(left: Builder) -> None:
    """The stale upload, the dead link, the old history and the emptied repository go; a second run finds them gone."""
    before, text = tree(left.v2), written(left)
    run(text, "--remove", folder=left.root.parent)
    removed = before - tree(left.v2)
    tops = {path for path in removed if str(Path(path).parent) not in removed}
    kinds = sorted(path.split("/_")[-1].partition("/")[0] + path.count("emptied") * " of emptied" for path in tops)
    assert kinds == ["layers", "layers of emptied", "manifests", "uploads", "uploads of emptied"]
    assert (left.repository("emptied/below").path / "_manifests").exists()
    again = run(text, "--remove", folder=left.root.parent)
    assert "4 left alone, 0 failed, 0 removed" in again.stderr
    assert written(left).count("\nupload ") == 0


def test_what_came_back_to_life_stays(left: Builder) -> None:
    """Between the scan and the run an upload went on, a blob, a revision and a tag came back: all of it stays."""
    text = written(left)
    app = left.repository("app")
    (stale,) = (path.parent for path in app.path.glob("_uploads/*/startedat") if path.stat().st_mtime < 1.78e9)
    (stale / "data").write_bytes(b"more")
    left.write(left.blob_path(left.layer(b"gone").digest), b"gone")
    (history,) = (
        path for path in app.path.glob("_manifests/tags/1/index/sha256/*") if str(path.relative_to(left.v2)) in text
    )
    app.link(app.revision_link(f"sha256:{history.name}"), f"sha256:{history.name}")
    left.repository("emptied").image([left.layer(b"here")], tag="1")
    before = tree(left.root)
    said = run(text, "--remove", folder=left.root.parent)
    assert tree(left.root) == before
    assert said.stdout.count("stays") == 4


def test_nothing_outside_of_the_registry_is_touched(left: Builder) -> None:
    """Where a symbolic link has taken the place of a folder on the way, what it leads to stays."""
    text = written(left)
    outside = left.root.parent / "outside"
    for folder in (left.repository("app").path, left.repository("emptied").path):
        shutil.move(folder, outside / folder.name)
        folder.symlink_to(outside / folder.name)
    age([outside])
    before = tree(outside)
    said = run(text, "--remove", folder=left.root.parent)
    assert tree(outside) == before
    assert "0 removed" in said.stderr


def test_blobs_that_cannot_be_looked_at_are_not_gone(left: Builder) -> None:
    """With the folder of blobs not mounted no link is dead."""
    text = written(left)
    shutil.move(left.v2 / "blobs/sha256", left.root.parent / "elsewhere")
    (left.v2 / "blobs/sha256").write_bytes(b"")
    assert "its blob is there, or may be" in run(text, "--remove", folder=left.root.parent).stdout


@pytest.mark.parametrize("name", NASTY)
def test_any_name_is_only_a_name(registry: Builder, name: str) -> None:
    """Whatever a folder is called, it is removed as that, and nothing of it is run."""
    registry.when = LONG_AGO
    registry.repository("app").image([registry.layer(b"x")], tag="1")
    upload = registry.write(registry.repository("app").path / "_uploads" / name / "data", b"x").parent
    other = registry.write(registry.repository("app").path / "_uploads" / "other" / "data", b"x").parent
    age([upload])
    os.utime(other / "data")
    run(written(registry), "--remove", folder=registry.root.parent)
    assert not upload.exists() and other.exists()
    assert not list(registry.root.parent.rglob("owned"))


def test_paths_that_lead_out_are_left_out() -> None:
    """A bucket has no folders to remove, and no path has `..` in it."""
    with pytest.raises(UsageError, match="not a disk"):
        find_leftovers(_Fake("s3://bucket/registry"), 7)  # type: ignore[arg-type]
    assert find_leftovers(_Fake("/srv"), 7).paths["uploads"] == ["repositories/a/_uploads/1"]  # type: ignore[arg-type]


class _Fake:
    """An inventory that answers every question with the same paths."""

    def __init__(self, location: str) -> None:
        self.location = location

    def query(self, sql: str, values: object = None) -> object:
        from tonnage.inventory.database import Table

        if "from doubt" in sql:
            return Table([], [], [])
        if "from source" in sql:
            return Table([], [], [("storage", True, True, True, True)])
        if "location" in sql:
            return Table([], [], [(self.location, LONG_AGO)])
        return Table([], [], [("repositories/a/_uploads/1",), ("repositories/../../x",), ("repositories//x",)])


def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    """The script is one that a careful reader of shell has nothing to say against."""
    checker = shutil.which("shellcheck")
    if checker is None:
        if os.environ.get("CI") == "true":
            pytest.fail("shellcheck is missing")
        pytest.skip("shellcheck is missing")
    paths = {
        name: [f"repositories/{nasty}" for nasty in NASTY] for name in ("uploads", "layers", "history", "repositories")
    }
    path = tmp_path / "leftovers.sh"
    path.write_text(script(Leftovers("/var/lib/registry", "2026-01-02 03:04", paths), 7))
    done = subprocess.run([checker, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
