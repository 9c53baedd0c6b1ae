"""A bucket whose keys come from a report is not listed at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from buckets import MotoStore
from reports import write_report
from scanning import TIMES, differences, everything, files_below, scan_storage
from tonnage.sample import Builder
from tonnage.storage.bucket.storage import BucketStorage, open_bucket
from tonnage.storage.opening import OpenOptions, open_storage
from tonnage.storage.report import ReportStorage

pytestmark = pytest.mark.usefixtures("cloud_environment")


def test_no_list_at_all(moto: MotoStore, registry: Builder, tmp_path: Path) -> None:
    """One GET for each manifest and configuration, none for tags, and the inventory is that of a listing."""
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
    assert (sent.lists_count, sent.gets_count, summary.read_count) == (0, 5, 5)
    scan_storage(open_bucket(address, moto.options), tmp_path / "listing.duckdb")
    found, expected = (
        everything(tmp_path / name, without=(*TIMES, "listed_at")) for name in ("report.duckdb", "listing.duckdb")
    )
    told = differences(found, expected)
    assert told.keys() == {"problem"}
    assert [row[0] for row in told["problem"][0]] == ["not_told"] and told["problem"][1] == []
