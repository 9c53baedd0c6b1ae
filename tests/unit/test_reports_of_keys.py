"""Inventory reports in place of a listing: each cloud's, in each format, give the inventory that a listing gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reports import KINDS, LISTED_AT, S3_SCHEMA, write_report
from scanning import (
    TIMES,
    Rows,
    answer,
    column,
    differences,
    everything,
    files_below,
    in_memory,
    problems,
    scan_storage,
)
from tonnage.errors import StorageUnreadableError
from tonnage.sample import Builder
from tonnage.storage.opening import OpenOptions, open_storage
from tonnage.storage.report import ReportStorage, describe

pytestmark = pytest.mark.slow


@pytest.fixture
def content(registry: Builder) -> Builder:
    """A registry with something of each kind."""
    base = registry.layer(b"base")
    repo = registry.repository("org/app")
    repo.index([repo.image([base, registry.layer(b"mine")])], tag="1")
    repo.image([base], tag="2", labels={"x": "y"})
    registry.repository("other").image([base], tag="2")
    registry.layer(b"orphaned")
    registry.stray("repositories/org/app/odd name+&%.txt", b"stray")
    return registry


def storage_of(registry: Builder, report: Path) -> ReportStorage:
    """Return the storage whose keys are in a report, and whose bodies on the disk."""
    storage = open_storage(str(registry.root), OpenOptions(keys=str(report)))
    assert isinstance(storage, ReportStorage)
    return storage


def without_report(inventory: Path) -> dict[str, Rows]:
    """Return all rows but for what only a listing or only a report can tell."""
    found = everything(inventory, without=(*TIMES, "listed_at"))
    return {view: [row for row in rows if "not_told" not in row] for view, rows in found.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_gives_what_a_listing_gives(content: Builder, tmp_path: Path, kind: str) -> None:
    """Row for row, but for the times of files, which storage in memory has not."""
    report = write_report(kind, files_below(content.root), tmp_path / "report")
    scan_storage(storage_of(content, report), tmp_path / "report.duckdb")
    scan_storage(in_memory(content.v2), tmp_path / "listing.duckdb")
    assert without_report(tmp_path / "report.duckdb") == without_report(tmp_path / "listing.duckdb")


def test_a_rescan_with_a_newer_report_reads_what_is_new(content: Builder, tmp_path: Path) -> None:
    """And equals a fresh scan."""
    first = write_report("s3 csv", files_below(content.root), tmp_path / "first")
    scan_storage(storage_of(content, first), tmp_path / "i")
    content.repository("org/app").image([content.layer(b"new")], tag="3")
    second = write_report("s3 csv", files_below(content.root), tmp_path / "second")
    assert scan_storage(storage_of(content, second), tmp_path / "i").read_count == 2
    scan_storage(storage_of(content, second), tmp_path / "fresh")
    assert differences(everything(tmp_path / "i"), everything(tmp_path / "fresh")) == {}


def test_a_newer_report_of_the_same_keys_is_as_new_as_it_says(content: Builder, tmp_path: Path) -> None:
    """Nothing is read, and the inventory says when the keys were listed this time; never, where they are listed now."""
    report = write_report("s3 csv", files_below(content.root), tmp_path / "report")
    scan_storage(storage_of(content, report), tmp_path / "i")
    later = {**json.loads(report.read_text()), "creationTimestamp": "1795575600000"}
    report.write_text(json.dumps(later))
    assert scan_storage(storage_of(content, report), tmp_path / "i").read_count == 0
    assert column(tmp_path / "i", "select listed_at from source") == [datetime(2026, 11, 25, 3, 0)]
    scan_storage(open_storage(str(content.root)), tmp_path / "i")
    assert column(tmp_path / "i", "select listed_at from source") == [None]


def test_old_versions_are_counted_apart(content: Builder, tmp_path: Path) -> None:
    """They keep the bytes of what was deleted; delete markers are not objects."""
    files = files_below(content.root)
    old = dict.fromkeys(list(files)[:3], b"x" * 1000)
    for kind in ("s3 csv", "azure parquet"):
        storage = storage_of(content, write_report(kind, files, tmp_path / kind, old=old))
        scan_storage(storage, tmp_path / "i")
        assert column(tmp_path / "i", "select size_bytes from old_version") == [1000] * 3
        assert ("versioned_bucket", "") in {(kind, path or "") for kind, path in problems(tmp_path / "i")}


def test_the_age_of_a_report_is_said(content: Builder, tmp_path: Path) -> None:
    """Beside the summary, and in the inventory."""
    storage = storage_of(content, write_report("s3 csv", files_below(content.root), tmp_path / "report"))
    assert describe(storage, LISTED_AT + timedelta(hours=30)) == "keys as of 2026-11-20 03:00 UTC, 30 hours old"
    scan_storage(storage, tmp_path / "i")
    assert column(tmp_path / "i", "select listed_at from source") == [datetime(2026, 11, 20, 3, 0)]


def test_keys_that_are_no_paths_are_named(content: Builder, tmp_path: Path) -> None:
    """As a listing names them; an empty object that stands for a folder is none."""
    odd = {
        "docker/registry/v2/a//b": b"12345",
        "docker/registry/v2/repositories/../x": b"1",
        "docker/registry/v2/a/": b"2",
    }
    files = {**files_below(content.root), **odd, "docker/registry/v2/repositories/": b""}
    scan_storage(storage_of(content, write_report("gcs parquet", files, tmp_path / "report")), tmp_path / "i")
    named = {path for kind, path in problems(tmp_path / "i") if kind == "odd_key"}
    assert named == {"a//b", "repositories/../x", "a/"}
    sizes = "select path, size_bytes from stray where path in ('a//b', 'a/')"
    assert answer(tmp_path / "i", sizes) == [("a/", 1), ("a//b", 5)]


def test_a_stale_report_is_problems(content: Builder, tmp_path: Path) -> None:
    """Manifests that are gone since are named, and the rest is counted."""
    report = write_report("gcs csv", files_below(content.root), tmp_path / "report")
    repo = content.repository("other")
    [digest] = repo.revisions
    content.blob_path(digest).unlink()
    scan_storage(storage_of(content, report), tmp_path / "i")
    assert {kind for kind, _ in problems(tmp_path / "i")} >= {"vanished"}
    assert answer(tmp_path / "i", "select tag from tag order by 1") == [("1",), ("2",), ("2",)]


def test_what_is_no_report_is_told(content: Builder, tmp_path: Path) -> None:
    """ORC, a missing file, another bucket's report, a text, nothing: each with what to do."""
    manifest = {"fileFormat": "ORC", "fileSchema": "struct<>", "files": [], "creationTimestamp": "1"}
    (tmp_path / "orc.json").write_text(json.dumps(manifest))
    gone = {**manifest, "fileFormat": "CSV", "fileSchema": S3_SCHEMA, "files": [{"key": "a/b/c.csv.gz"}]}
    (tmp_path / "gone.json").write_text(json.dumps(gone))
    (tmp_path / "page.json").write_text("<html>")
    (tmp_path / "text.csv").write_text("one,two\n1,2\n")
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    other = write_report("gcs csv", {"somewhere/else": b"x", "and/more": b"y"}, tmp_path / "other")
    for path, said in (
        (tmp_path / "orc.json", "ORC"), (tmp_path / "gone.json", "c.csv.gz"), (tmp_path / "page.json", "page.json"),
        (tmp_path / "text.csv", "columns"), (tmp_path / "x.parquet", "x.parquet"), (tmp_path / "nothing", "nothing"),
        (other, "no keys of a registry"),
    ):  # fmt: skip
        with pytest.raises(StorageUnreadableError, match=said):
            storage_of(content, path)


def test_a_report_is_asked_for_now(content: Builder, tmp_path: Path) -> None:
    """A data file by itself does not say when it was made."""
    storage = storage_of(content, write_report("s3 parquet alone", files_below(content.root), tmp_path / "report"))
    assert "does not say when" in describe(storage, datetime.now(UTC))
