"""A registry through Apache Spark: the same inventory as by one machine, whatever is wrong with it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import sparkdriver
from buckets import FolderStore
from faultproxy import Answer, proxy_before
from oddregistry import answers, odd_registry
from reports import KINDS, LISTED_AT, write_report
from scanning import answer, column, differences, everything, files_below, problems, scan_storage
from seeds import FACTOR
from sparkdriver import Driver
from tonnage.inventory.database import Inventory
from tonnage.sample import Builder
from tonnage.scan.from_staged import load_staged
from tonnage.storage import OLD_VERSIONS, Part
from tonnage.storage.opening import OpenOptions, open_storage
from tonnage.storage.report import ReportStorage

pytestmark = [pytest.mark.slow, pytest.mark.integration]
ROOT = "docker/registry/v2/"
TAGS_COUNT = 60 if FACTOR == 1 else 10_000


def compare(loaded: Path, scanned: Path) -> None:
    """Check that two inventories have the same rows in every view, and the same answer to every report."""
    assert differences(everything(loaded), everything(scanned)) == {}
    assert answer(loaded, "select listed_at from source") == answer(scanned, "select listed_at from source")
    with Inventory(str(loaded)) as one, Inventory(str(scanned)) as other:
        said, expected = answers(one), answers(other)
    for name in expected.keys() - {"growth"}:  # which says when
        assert said[name] == expected[name], name


def test_it_is_what_one_machine_makes(spark: Driver, tmp_path: Path) -> None:
    """Row for row: damage, odd keys, old versions and all; what cannot be read is a problem there too.

    The next scan by one machine reads nothing again; the same place is not written twice.
    """
    registry = odd_registry(tmp_path / "registry", TAGS_COUNT)
    files = files_below(registry.root)
    odd = {f"{ROOT}a//b": b"12345", f"{ROOT}repositories/../x": b"1", f"{ROOT}a/": b"2", f"{ROOT}repositories/": b""}
    old = dict.fromkeys([*list(files)[:3], f"{ROOT}gone"], b"x" * 1000)
    report = write_report("s3 csv", files | odd, tmp_path / "report", old=old)
    job = (str(registry.root), str(tmp_path / "rows"), "--keys", str(report))
    code, said = spark.job(*job)
    assert code == 0 and "manifests and configurations read" in said, said
    loaded, scanned = tmp_path / "loaded.duckdb", tmp_path / "scanned.duckdb"
    summary = load_staged(tmp_path / "rows", str(loaded))
    storage = open_storage(str(registry.root), OpenOptions(keys=str(report)))
    one = scan_storage(storage, scanned)
    assert (summary.files_count, summary.read_count, summary.problems_count, summary.doubts) == (
        one.files_count, one.read_count, one.problems_count, one.doubts,
    )  # fmt: skip
    compare(loaded, scanned)
    kinds = {kind for kind, _ in problems(loaded)}
    assert kinds >= {
        "odd_key",
        "versioned_bucket",
        "unreadable_manifest",
        "digest_mismatch",
        "empty_tag_link",
        "not_told",
    }
    assert column(loaded, "select listed_at from source") == [LISTED_AT.replace(tzinfo=None)]
    again = [scan_storage(storage, place).read_count for place in (loaded, scanned)]
    assert again[0] == again[1] < 10
    compare(loaded, scanned)
    code, said = spark.job(*job)
    assert code == 10 and f"`{tmp_path}/rows` exists" in said


def test_bodies_come_from_a_bucket_that_throttles(
    spark: Driver, rclone_md5: FolderStore, tmp_path: Path, cloud_environment: None
) -> None:
    """By the executors, each with its own login; keys from any table, as S3 Metadata has them."""
    registry = odd_registry(tmp_path / "registry", TAGS_COUNT)
    files = {f"some/where/{key}": content for key, content in files_below(registry.root).items()}
    address = rclone_md5.make(files)
    report = write_report("s3 parquet alone", files, tmp_path / "report")
    query = f"select key, size, last_modified_date as last_modified, e_tag from parquet.`{report}`"
    with proxy_before(rclone_md5.options.endpoint) as proxy:
        proxy.fault = lambda asked: Answer(503, "SlowDown") if asked.number % 4 == 0 else None
        endpoint = ("--endpoint", proxy.url, "--requests-at-once", "4")
        code, said = spark.job(f"{address}/some/where", str(tmp_path / "rows"), "--query", query, *endpoint)
        assert code == 0, said
        assert proxy.counts["list"] == 0 < proxy.counts["get"]
        proxy.fault = lambda asked: Answer(403, "AccessDenied")
        code, said = spark.job(f"{address}/some/where", str(tmp_path / "none"), "--query", query, *endpoint)
        assert code == 32 and "tonnage: " in said and "Traceback" not in said, said
    load_staged(tmp_path / "rows", str(tmp_path / "loaded.duckdb"))
    options = OpenOptions(keys=str(report), bucket=rclone_md5.options)
    scan_storage(open_storage(f"{address}/some/where", options), tmp_path / "scanned.duckdb")
    compare(tmp_path / "loaded.duckdb", tmp_path / "scanned.duckdb")


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_has_the_same_keys(kind: str, spark: Driver, tmp_path: Path) -> None:
    """Each cloud's, in each format, as DuckDB reads it: keys, sizes, times, ETags, and which are old."""
    files = {
        f"{ROOT}blobs/sha256/ab/{'ab' * 32}/data": b"x",
        f"{ROOT}repositories/a/_x/odd + name%.txt": b"odd",
        "x": b"",
    }
    old = {f"{ROOT}blobs/sha256/ab/{'ab' * 32}/data": b"before"}
    (tmp_path / ROOT / "blobs").mkdir(parents=True)
    report = write_report(kind, files, tmp_path / "report", old=old, container="registry")
    storage = open_storage(str(tmp_path), OpenOptions(keys=str(report)))
    assert isinstance(storage, ReportStorage)
    wanted = [
        (*key, part.prefix.startswith(OLD_VERSIONS))
        for part in storage.parts()
        if isinstance(part, Part) and part.keys
        for key in zip(*part.keys, strict=True)
    ]
    assert sorted(spark.keys(report, storage.prefix)) == sorted(wanted)
    assert len(wanted) == (2 if kind.startswith("gcs") else 3)  # which has no old versions


def test_what_is_not_a_table_of_keys_is_refused(spark: Driver, tmp_path: Path) -> None:
    """With what to do, before anything is read or written."""
    (tmp_path / ROOT / "blobs").mkdir(parents=True)
    for arguments, code, text in (
        (("--query", "select 1 as one"), 5, "no columns of keys"),
        (("--query", "select 'x' as key, 1 as size"), 5, "no keys of a registry"),
        (("--keys", str(tmp_path / "nothing.json")), 5, "nothing.json"),
        ((), 2, "--keys FILE"),
    ):
        found, said = spark.job(str(tmp_path), str(tmp_path / "rows"), *arguments)
        assert (found, text in said) == (code, True), said
    assert not (tmp_path / "rows").exists()


def test_a_lost_executor_loses_nothing(tmp_path: Path) -> None:
    """One of two real executors is killed while it lists: its tasks run again elsewhere, and the rows are the same."""
    sparkdriver.guard()
    registry = Builder(tmp_path / "registry")
    for name in ("app", "org/app"):
        for number in range(3):
            registry.repository(name).image([registry.layer(b"base"), registry.layer(b"%d" % number)], tag=str(number))
    report = write_report("s3 csv", files_below(registry.root), tmp_path / "report")
    (tmp_path / "scan_job.py").write_text("from tonnage.spark.__main__ import main\n\nmain()\n")
    job = (str(registry.root), str(tmp_path / "rows"), "--keys", str(report))
    with sparkdriver.submitted(tmp_path / "scan_job.py", *job, master="local-cluster[2,1,1024]") as process:
        deadline = time.monotonic() + sparkdriver.START_SECONDS
        while not (tmp_path / "rows" / "stage=listing" / "_temporary").exists() or not sparkdriver.executors_of(
            process
        ):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(sparkdriver.executors_of(process)[0], signal.SIGKILL)
        said, _ = process.communicate(timeout=250)
    assert process.returncode == 0 and "Lost executor" in said, said
    load_staged(tmp_path / "rows", str(tmp_path / "loaded.duckdb"))
    scan_storage(open_storage(str(registry.root), OpenOptions(keys=str(report))), tmp_path / "scanned.duckdb")
    compare(tmp_path / "loaded.duckdb", tmp_path / "scanned.duckdb")
