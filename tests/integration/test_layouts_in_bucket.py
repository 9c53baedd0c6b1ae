"""zot in a bucket: the same layouts as on a disk, found, listed and read there."""

from __future__ import annotations

from pathlib import Path

import pytest

from buckets import MotoStore
from imagelayouts import copied, write_layouts
from scanning import answer, column, files_below, problems, scan_storage
from tonnage.sample import Builder
from tonnage.storage.opening import OpenOptions, open_storage

pytestmark = pytest.mark.usefixtures("cloud_environment")


@pytest.mark.parametrize("prefix", ["", "some/where/"])
def test_layouts_in_a_bucket_are_those_on_a_disk(
    moto: MotoStore, registry: Builder, tmp_path: Path, prefix: str
) -> None:
    """As zot 2.1 deduplicates there: one object has the bytes, the others are empty; in as few requests as can be."""
    base = registry.layer(b"base" * 100)
    for name in ("org/one", "two"):
        repo = registry.repository(name)
        repo.index([repo.image([base], labels={"of": name})], tag="1")
    root = write_layouts(registry.v2, tmp_path / "zot", copied)
    (root / "two/blobs" / base.digest.replace(":", "/")).write_bytes(b"")
    address = moto.make({f"{prefix}{path}": content for path, content in files_below(root).items()})
    storage = open_storage(f"{address}/{prefix}".rstrip("/"), OpenOptions(bucket=moto.options))
    scan_storage(storage, tmp_path / "bucket.duckdb")
    scan_storage(open_storage(str(root)), tmp_path / "disk.duckdb")
    for sql in (
        "select repository, tag, digest from tag",
        "select repository, digest, state from revision",
        "select digest, size_bytes, class, repositories_count from blob_usage",
        "select repository, path, size_bytes from layout_file",
        "select class, size_bytes from class_total",
    ):
        found, expected = (sorted(answer(tmp_path / f"{name}.duckdb", sql)) for name in ("bucket", "disk"))
        assert found == expected
        assert found
    assert problems(tmp_path / "bucket.duckdb") == set()
    assert column(tmp_path / "bucket.duckdb", "select kind from source") == ["layouts"]


def test_one_layout_in_a_bucket(moto: MotoStore, registry: Builder, tmp_path: Path) -> None:
    """It is told from a registry by what lies beside its blobs."""
    registry.repository("app").image([registry.layer(b"base")], tag="1")
    root = write_layouts(registry.v2, tmp_path / "zot")
    address = moto.make({f"images/{path}": content for path, content in files_below(root).items()})
    scan_storage(open_storage(f"{address}/images/app", OpenOptions(bucket=moto.options)), tmp_path / "i")
    assert answer(tmp_path / "i", "select repository, tag from tag") == [("app", "1")]
