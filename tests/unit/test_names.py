"""Names and places: what the scan calls odd is what the collectors stop on, by one vocabulary."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scanning import answer, column, problems, scan_tree
from tonnage.formats.names import collectors_that_refuse, is_repository_name
from tonnage.gc.preview import preview
from tonnage.inventory.database import Inventory
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

LONG_AFTER_HOST = "example.com/" + "/".join(["x" * 82, "y" * 82, "z" * 80])


@pytest.mark.parametrize(
    "name",
    ["a", "org/app", "foo/1st", "a.b", "a_b", "a__b", "a---b", "Foo/bar", "Foo.Example.com/a/b", "1", "x" * 255],
)
def test_legal_repository_names(name: str) -> None:
    """What the registry's own collector can parse, a first part that looks like a host included."""
    assert collectors_that_refuse(name) == []


@pytest.mark.parametrize(
    "name",
    ["Foo", "a/Foo", "a/-x", "a/x___y", "a/x-", "a..b", "-a", "_a", "a b", "é", "", "a/", "/a", "a//b", "x" * 256, "a\n"]
)  # fmt: skip
def test_illegal_repository_names(name: str) -> None:
    """On one of these the registry's collector stops."""
    assert collectors_that_refuse(name) == [2, 3]


def test_a_port_is_legal_and_no_path() -> None:
    """The storage driver refuses what the parser of names would take."""
    assert is_repository_name("host:5000/app", 2) and collectors_that_refuse("host:5000/app") == [2, 3]


@pytest.mark.parametrize("name", ["app", "App-", "a/x___y", "host:5000/app", "Foo/bar", LONG_AFTER_HOST])
def test_problems_and_previews_agree(registry: Builder, tmp_path: Path, name: str) -> None:
    """The versions that `problems` says stop on a name are those whose preview stops."""
    registry.repository(name).image([registry.layer(b"1")], tag="1")
    scan_tree(registry.root, tmp_path / "i.duckdb")
    found = column(tmp_path / "i.duckdb", "select blocks_gc from problem where kind = 'bad_repository_name'")
    with Inventory(str(tmp_path / "i.duckdb")) as inventory:
        collectors = [(version, has_m) for version in (2, 3) for has_m in (False, True)]
        stops = [preview(inventory, *collector) for collector in collectors]
    assert ", ".join(p.collector.name for p in stops if p.stop) == (found[0] if found else "")


@pytest.mark.parametrize("copy", ["_manifests.old", "_backup", "_backup/deep", "_layers.bak"])
def test_a_copy_kept_inside_a_repository(registry: Builder, tmp_path: Path, copy: str) -> None:
    """The registry passes it over, and so nothing in it stops a collection, or is read as a manifest."""
    app = registry.repository("app")
    app.image([registry.layer(b"1")], tag="1")
    (app.path / "_manifests/tags/file").write_text("x")
    shutil.copytree(app.path, tmp_path / "copy")
    (app.path / "_manifests/tags/file").unlink()
    shutil.copytree(tmp_path / "copy", app.path / copy)
    scan_tree(registry.root, tmp_path / "i.duckdb")
    assert {kind for kind, _ in problems(tmp_path / "i.duckdb")} == {"stray"}
    assert answer(tmp_path / "i.duckdb", "select count(*) from problem where blocks_gc is not null") == [(0,)]
    with Inventory(str(tmp_path / "i.duckdb")) as inventory:
        assert [preview(inventory, version, True).stop for version in (2, 3)] == [None, None]


def test_a_copy_beside_the_repositories(registry: Builder, tmp_path: Path) -> None:
    """`repositories.bak` and `blobs-old` are strays: nobody reads a link in them."""
    registry.repository("app").image([registry.layer(b"1")], tag="1")
    for name, kept in (("repositories", "repositories.bak"), ("blobs", "blobs-old")):
        shutil.copytree(registry.v2 / name, registry.v2 / kept)
    scan_tree(registry.root, tmp_path / "i.duckdb")
    assert {kind for kind, _ in problems(tmp_path / "i.duckdb")} == {"stray"}


def test_a_stop_on_a_tarsum_blob_names_what_is_there(registry: Builder, tmp_path: Path) -> None:
    """The collector asks for the digest elsewhere, and does not find it; what is to be moved away is the file."""
    registry.repository("app").image([registry.layer(b"1")], tag="1")
    path = f"blobs/tarsum/v1/sha256/ab/ab{'1' * 62}/data"
    registry.stray(path, b"t" * 8000)
    scan_tree(registry.root, tmp_path / "i.duckdb")
    with Inventory(str(tmp_path / "i.duckdb")) as inventory:
        for version in (2, 3):
            found = preview(inventory, version)
            assert found.stop is not None
            assert (found.stop.path, found.advice) == (path, "Move the file away.")
