"""A bucket whose keys come from a report is not listed at all."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from buckets import AzuriteStore, MotoStore
from faultproxy import Answer, proxy_before
from reports import write_report
from scanning import TIMES, differences, everything, files_below, scan_storage
from tonnage.errors import BucketAccessError, NoBucketError, StorageUnreadableError, TonnageError, WriteError
from tonnage.sample import Builder
from tonnage.storage.bucket import copying
from tonnage.storage.bucket.storage import BucketStorage, open_bucket
from tonnage.storage.opening import OpenOptions, open_storage
from tonnage.storage.report import ReportStorage

pytestmark = pytest.mark.usefixtures("cloud_environment")


def test_no_list_at_all(moto: MotoStore, registry: Builder, tmp_path: Path) -> None:
    """One GET for each manifest and configuration, one for a cache's file, and the inventory is that of a listing."""
    repo = registry.repository("org/app")
    repo.index([repo.image([registry.layer(b"one")])], tag="1")
    repo.image([registry.layer(b"two")], tag="2", labels={"x": "y"})
    files = files_below(registry.root)
    address = moto.make(files)
    report = write_report("s3 parquet", files, tmp_path / "report")
    storage = open_storage(address, OpenOptions(bucket=moto.options, keys=str(report)))
    assert isinstance(storage, ReportStorage) and isinstance(storage.bodies, BucketStorage)
    summary = scan_storage(storage, tmp_path / "report.duckdb")
    sent = storage.bodies.counter.sent
    assert (sent.lists_count, sent.gets_count, summary.read_count) == (0, 5 + 1, 5)
    scan_storage(open_bucket(address, moto.options), tmp_path / "listing.duckdb")
    found, expected = (
        everything(tmp_path / name, without=(*TIMES, "listed_at")) for name in ("report.duckdb", "listing.duckdb")
    )
    told = differences(found, expected)
    assert told.keys() == {"problem"}
    assert [row[0] for row in told["problem"][0]] == ["not_told"] and told["problem"][1] == []


# --- reports in a bucket, where each cloud delivers them ---------------------------------------------------------------


def delivered(store: Any, report: Path) -> str:
    """Put a report into a bucket of its own, as the cloud does; return the manifest's address."""
    folder = report.parents[1]
    address = store.make({f"reports/bucket/daily/{path}": content for path, content in files_below(folder).items()})
    return f"{address}/reports/bucket/daily/{report.relative_to(folder)}"


def filled(registry: Builder) -> dict[str, bytes]:
    """Fill a registry; return its files."""
    repo = registry.repository("org/app")
    repo.index([repo.image([registry.layer(b"one")])], tag="1")
    repo.image([registry.layer(b"two")], tag="2", labels={"x": "y"})
    return files_below(registry.root)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("moto", "s3 csv"), ("moto", "s3 parquet alone"), ("gcs", "gcs csv"), ("azurite", "azure parquet")],
)
def test_a_report_in_a_bucket_of_its_own(
    name: str,
    kind: str,
    request: pytest.FixtureRequest,
    registry: Builder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its files are copied piece by piece, give the inventory of a listing, are counted, and go when the scan ends."""
    monkeypatch.setattr(copying, "_PIECE_BYTES", 1000)
    store: Any = request.getfixturevalue(name)
    files = filled(registry)
    address = store.make(files)
    report = write_report(kind, files, tmp_path / "report", container=address[5:])
    storage = open_storage(address, OpenOptions(bucket=store.options, keys=delivered(store, report)))
    assert isinstance(storage, ReportStorage) and isinstance(storage.bodies, BucketStorage)
    assert isinstance(storage.copies, copying.BucketFolder)
    copies, spent = Path(storage.copies.copies.name), storage.bodies.counter.sent.gets_count
    assert list(copies.iterdir()) and spent > len(storage.report.files)
    scan_storage(storage, tmp_path / "report.duckdb")
    assert storage.bodies.counter.sent.lists_count == 0
    scan_storage(open_bucket(address, store.options), tmp_path / "listing.duckdb")
    found, expected = (
        everything(tmp_path / name, without=(*TIMES, "listed_at")) for name in ("report.duckdb", "listing.duckdb")
    )
    assert differences(found, expected).keys() <= {"problem"}
    del storage
    assert not copies.exists()


def test_a_report_of_keys_that_begin_with_a_slash(azurite: AzuriteStore, registry: Builder, tmp_path: Path) -> None:
    """As 2.x writes them on Azure: its bodies are read there."""
    files = filled(registry)
    address = azurite.make({})
    for key, content in files.items():
        azurite.put_raw(address, f"/{key}", content)
    slashed = {f"/{key}": content for key, content in files.items()}
    report = write_report("azure csv", slashed, tmp_path / "report", container=address[5:])
    scan_storage(
        open_storage(address, OpenOptions(bucket=azurite.options, keys=str(report))), tmp_path / "report.duckdb"
    )
    scan_storage(open_bucket(address, azurite.options), tmp_path / "listing.duckdb")
    found, expected = (
        everything(tmp_path / name, without=(*TIMES, "listed_at")) for name in ("report.duckdb", "listing.duckdb")
    )
    assert differences(found, expected).keys() == {"problem"}


def test_what_keeps_a_report_from_being_read(
    moto: MotoStore, registry: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with an error that names what is missing: the bucket, the manifest, a data file, a right, room for the copy."""
    files = filled(registry)
    address = moto.make(files)
    manifest = delivered(moto, write_report("s3 csv", files, tmp_path / "report"))

    def refused(keys: str, endpoint: str = "") -> TonnageError:
        options = moto.options._replace(endpoint=endpoint or moto.options.endpoint, timeout_seconds=3.0)
        with pytest.raises(TonnageError) as caught:
            open_storage(address, OpenOptions(bucket=options, keys=keys))
        return caught.value

    no_bucket = refused("s3://no-such-bucket/daily/manifest.json")
    assert type(no_bucket) is NoBucketError and "no-such-bucket" in no_bucket.message
    no_manifest = refused(manifest.replace("manifest", "other"))
    assert type(no_manifest) is StorageUnreadableError and "other.json" in no_manifest.message
    with proxy_before(moto.options.endpoint) as proxy:
        proxy.fault = lambda asked: Answer(403, "AccessDenied") if ".csv" in asked.path else None
        assert type(refused(manifest, proxy.url)) is BucketAccessError
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
        assert type(refused(manifest)) is WriteError
    moto.remove(manifest, "reports/bucket/daily/data/1.csv.gz")
    assert "daily/data/1.csv.gz" in refused(manifest).message
