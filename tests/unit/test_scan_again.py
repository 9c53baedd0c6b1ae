"""A scan again: what it need not read, what it must, and what it keeps of the scans before it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import tonnage.scan.fingerprints
import tonnage.scan.loading
import tonnage.scan.run
from scanning import (
    answer,
    column,
    config_of,
    differences,
    everything,
    problems,
    scan_tree,
)
from tonnage.sample import Builder, Descriptor, documents
from tonnage.storage.local import LocalStorage

pytestmark = pytest.mark.slow

LATER = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)

# --- scanning again -------------------------------------------------------------------------------------------------


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are read from disk, as they are read."""
    paths: list[str] = []
    read = LocalStorage.read

    def note(self: LocalStorage, path: str, limit_bytes: int) -> bytes:
        paths.append(path)
        return read(self, path, limit_bytes)

    monkeypatch.setattr(LocalStorage, "read", note)
    return paths


@pytest.fixture
def exact_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the clock of the file system to the millisecond: tests cannot wait for two seconds."""
    monkeypatch.setattr(tonnage.scan.fingerprints, "CLOCK_MARGIN_US", 0)


@contextmanager
def pause() -> Iterator[None]:
    """Keep what is within apart from what comes before and after, by more than a tick of the clock."""
    time.sleep(0.02)
    yield
    time.sleep(0.02)


@pytest.mark.usefixtures("exact_clock")
def test_nothing_new_reads_nothing(registry: Builder, inventory: Path, reads: list[str]) -> None:
    """A second scan reads no file, and adds itself to the scans."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    with pause():
        first = scan_tree(registry.root, inventory)
    before = everything(inventory)
    assert (first.is_full, first.read_count) == (True, 2)
    reads.clear()
    second = scan_tree(registry.root, inventory)
    assert (second.is_full, second.read_count, reads) == (False, 0, [])
    assert second[2:4] == first[2:4]
    assert everything(inventory) == before
    assert column(inventory, "select scan_id from scan order by scan_id") == [1, 2]


@pytest.mark.usefixtures("exact_clock")
def test_only_what_is_new_is_read(registry: Builder, inventory: Path, reads: list[str], tmp_path: Path) -> None:
    """After a push: the new manifest, the new config and the links beside them; other repositories stay unread."""
    repo, other = registry.repository("app"), registry.repository("other")
    for number in range(5):
        repo.image([registry.layer(b"%d" % number)], tag=str(number))
        other.image([registry.layer(b"other %d" % number)], tag=str(number))
    with pause():
        scan_tree(registry.root, inventory)
    registry.when = datetime.now(UTC)
    image = repo.image([registry.layer(b"new")], tag="new")
    reads.clear()
    summary = scan_tree(registry.root, inventory)
    blobs = {path for path in reads if path.startswith("blobs/")}
    new = {image.digest, config_of(registry, image)}
    assert (summary.read_count, blobs) == (2, {str(registry.blob_path(d).relative_to(registry.v2)) for d in new})
    assert not any(path.startswith("repositories/other/") for path in reads)
    scan_tree(registry.root, tmp_path / "fresh.duckdb", full=True)
    assert differences(everything(inventory), everything(tmp_path / "fresh.duckdb")) == {}


@pytest.mark.usefixtures("exact_clock")
def test_what_was_read_as_one_thing_is_read_again_as_another(
    registry: Builder, inventory: Path, tmp_path: Path
) -> None:
    """A tag now leads to a configuration, and a configuration is now what was only a manifest: as a fresh scan says."""
    repo = registry.repository("app")
    one, other = repo.image([registry.layer(b"one")], tag="1"), repo.image([registry.layer(b"two")], tag="2")
    scan_tree(registry.root, inventory)
    config = Descriptor(documents.OCI_CONFIG, config_of(registry, one), 1)
    repo.link(repo.revision_link(config.digest), config.digest)
    repo.tag("1", config.digest)
    repo.manifest(documents.image_manifest(replace(config, digest=other.digest), []), tag="3")
    scan_tree(registry.root, inventory)
    scan_tree(registry.root, tmp_path / "fresh")
    assert differences(everything(inventory), everything(tmp_path / "fresh")) == {}
    read = "select count(*) from manifest where kind = 'unreadable' union all select count(*) from image"
    assert column(inventory, read) == [1, 3]


@pytest.mark.usefixtures("exact_clock")
@pytest.mark.parametrize(
    ("what", "is_large"),
    [("tag", False), ("revision", True), ("layer", False), ("layer", True), ("manifest", True), ("config", False)],
)
def test_what_could_not_be_read_is_read_again(
    registry: Builder, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, is_large: bool
) -> None:
    """That permission was given shows in no name, size or time of a file."""
    monkeypatch.setattr(LocalStorage, "is_large", lambda _: is_large)
    repo = registry.repository("app")
    layer = registry.layer(b"one")
    image = repo.image([layer], tag="1")
    config = registry.blob_path(config_of(registry, image))
    paths = {
        "tag": repo.tag_link("1"), "revision": repo.revision_link(image.digest), "layer": repo.layer_link(layer.digest),
        "manifest": registry.blob_path(image.digest), "config": config,
    }  # fmt: skip
    read = LocalStorage.read

    def refuse(self: LocalStorage, path: str, limit_bytes: int) -> bytes:
        if path == str(paths[what].relative_to(registry.v2)):
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(self, path, limit_bytes)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "read", refuse)
        scan_tree(registry.root, inventory)
        assert bool(problems(inventory)) != (is_large and what == "layer")
    scan_tree(registry.root, inventory)
    scan_tree(registry.root, tmp_path / "fresh")
    assert differences(everything(inventory), everything(tmp_path / "fresh")) == {}
    assert problems(inventory) == set()


@pytest.mark.usefixtures("exact_clock")
def test_a_blob_that_comes_into_its_empty_folder_is_seen(
    registry: Builder, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large registry that is being restored has folders whose file is not there yet; nothing above them changes."""
    monkeypatch.setattr(LocalStorage, "is_large", lambda _: True)
    layer = registry.layer(b"one")
    registry.repository("app").image([layer], tag="1")
    registry.blob_path(layer.digest).rename(registry.root / "elsewhere")
    with pause():
        scan_tree(registry.root, inventory)
    assert {kind for kind, _ in problems(inventory)} == {"missing_blob", "dead_layer_link"}
    (registry.root / "elsewhere").rename(registry.blob_path(layer.digest))
    scan_tree(registry.root, inventory)
    assert problems(inventory) == set()


@pytest.mark.parametrize(
    "folder", ["blobs", "blobs/sha256", "repositories/app/_manifests/revisions", "repositories/app/_layers"]
)
def test_what_lies_where_nothing_can_be_read_is_not_called_gone(
    registry: Builder, inventory: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """That it cannot be read is told once; whether anything in it is missing is not known."""
    repo = registry.repository("app")
    children = [repo.image([registry.layer(b"one")]), repo.image([registry.layer(b"two")], tag="1")]
    repo.index(children, tag="latest")
    scan_dir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path) == str(registry.v2 / folder):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scan_dir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    scan_tree(registry.root, inventory)
    assert problems(inventory) == {("unreadable", folder)}


@pytest.mark.usefixtures("exact_clock")
def test_a_file_that_grew_by_gaps_is_written_anew(
    registry: Builder, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rescan deletes and adds rows in a copy of the file; what it says stays that of a fresh scan."""
    repo = registry.repository("app")
    repo.image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    whole_bytes = inventory.stat().st_size
    for number, limit_bytes in enumerate((10**9, -(10**9))):
        monkeypatch.setattr(tonnage.scan.run, "_GAPS_BYTES", limit_bytes)
        registry.repository(f"aaa/{number}").image([registry.layer(b"%d" % number)], tag="new")  # before all others
        assert not scan_tree(registry.root, inventory).is_full
        scan_tree(registry.root, tmp_path / "fresh", full=True)
        assert differences(everything(inventory), everything(tmp_path / "fresh")) == {}
        assert column(inventory, "select whole_bytes from store.source") == [whole_bytes if limit_bytes > 0 else None]


def test_another_version_of_tonnage_builds_upon_nothing(
    registry: Builder, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have read the same bytes in another way. The totals of scans are kept."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    with monkeypatch.context() as patch:
        patch.setattr(tonnage.scan.run, "__version__", "0.0.1")
        scan_tree(registry.root, inventory)
    assert scan_tree(registry.root, inventory).is_full
    assert column(inventory, "select tonnage_version = '0.0.1' from scan order by scan_id") == [True, False]


@pytest.mark.usefixtures("exact_clock")
def test_full_reads_everything_anew(registry: Builder, inventory: Path, reads: list[str]) -> None:
    """`--full` builds upon nothing."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    with pause():
        scan_tree(registry.root, inventory)
    everything_read = sorted(reads)
    reads.clear()
    summary = scan_tree(registry.root, inventory, full=True)
    assert (summary.is_full, summary.read_count) == (True, 2)
    assert sorted(reads) == everything_read


def test_a_change_in_the_moment_of_a_scan_is_seen(registry: Builder, inventory: Path) -> None:
    """Without a margin between change and scan nothing is taken for unchanged."""
    repo = registry.repository("app")
    registry.when = datetime.now(UTC)
    one = repo.image([registry.layer(b"one")], tag="1")
    two = repo.image([registry.layer(b"two")], tag="2")
    scan_tree(registry.root, inventory)
    when = repo.tag_link("1").stat()
    repo.link(repo.tag_link("1"), two.digest)
    os.utime(repo.tag_link("1"), ns=(when.st_atime_ns, when.st_mtime_ns))
    scan_tree(registry.root, inventory)
    assert one.digest != two.digest
    assert column(inventory, "select digest from tag where tag = '1'") == [two.digest]


def test_growth_is_kept(registry: Builder, inventory: Path, grown: dict[str, Any]) -> None:
    """Each scan leaves its totals by class and by repository."""
    scan_tree(registry.root, inventory)
    repositories = answer(inventory, "select scan_id, repository, tags_count from scan_repository order by all")
    assert repositories == [(1, "app", 1), (2, "app", 2), (2, "other", 1)]
    for scan_id in (1, 2):
        total = f"(select cast(sum(size_bytes) as bigint) from scan_class where scan_id = {scan_id})"
        assert column(inventory, f"select {total} = size_bytes from scan where scan_id = {scan_id}") == [True]
    assert grown["tag"]


def test_growth_is_kept_by_a_full_scan(registry: Builder, inventory: Path, grown: dict[str, Any]) -> None:
    """`--full` reads everything again, and still adds itself to the scans before it."""
    scan_tree(registry.root, inventory, full=True)
    assert column(inventory, "select scan_id from scan order by scan_id") == [1, 2]
