"""Inventory reports for tests, as each cloud writes them, of whatever files there are."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote_plus

import duckdb

LISTED_AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
S3_SCHEMA = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass"
KINDS = ("s3 parquet", "s3 csv", "s3 parquet alone", "gcs csv", "gcs parquet", "azure csv", "azure parquet")

Row = tuple[object, ...]


def write_report(
    kind: str,
    files: Mapping[str, bytes],
    folder: Path,
    *,
    old: Mapping[str, bytes] | None = None,
    container: str = "bucket",
) -> Path:
    """Write a report of the objects; return what is passed to --keys. `old` are versions that are not current."""
    cloud, form, *alone = kind.split()
    if cloud == "azure":  # which puts the container before each name
        files, old = ({f"{container}/{key}": files[key] for key in files} for files in (files, old or {}))
    rows, names = {"s3": _s3, "gcs": _gcs, "azure": _azure}[cloud](files, old or {}, coded=kind == "s3 csv")
    suffix = "parquet" if form == "parquet" else "csv.gz"
    half = len(rows) // 2 if not alone else len(rows)
    data = folder / "data"
    data.mkdir(parents=True)
    paths = []
    for number, piece in enumerate([rows[:half], rows[half:]] if not alone else [rows]):
        paths.append(data / f"{number}.{suffix}")
        _write(piece, names, paths[-1], has_header=cloud != "s3")
    if alone:
        return paths[0]
    keys = [f"reports/bucket/daily/data/{path.name}" for path in paths]
    manifest: dict[str, object] = {
        "s3": {
            "sourceBucket": "bucket", "version": "2016-11-30", "creationTimestamp": str(int(LISTED_AT.timestamp() * 1000)),
            "fileFormat": "Parquet" if form == "parquet" else "CSV",
            "fileSchema": "message s3.inventory { … }" if form == "parquet" else S3_SCHEMA,
            "files": [{"key": key, "size": 1} for key in keys],
        },
        "gcs": {"snapshot_time": LISTED_AT.isoformat(), "report_shards_file_names": [path.name for path in paths]},
        "azure": {"inventoryStartTime": LISTED_AT.isoformat(), "files": [{"blob": key, "size": 1} for key in keys]},
    }[cloud]  # fmt: skip
    (folder / "2026-11-20T03-00Z").mkdir()
    path = folder / "2026-11-20T03-00Z" / "manifest.json"
    path.write_text(json.dumps(manifest))
    return path


def _write(rows: list[Row], names: str, path: Path, *, has_header: bool) -> None:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create table report ({names})")
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into report values ({marks})", rows)
        options = (
            "format parquet" if path.suffix == ".parquet" else f"format csv, header {has_header}, compression gzip"
        )
        connection.execute(f"copy report to '{path}' ({options})")


def _s3(files: Mapping[str, bytes], old: Mapping[str, bytes], *, coded: bool) -> tuple[list[Row], str]:
    def row(key: str, content: bytes, is_latest: bool) -> Row:
        name = quote_plus(key, safe="/") if coded else key
        md5 = hashlib.md5(content).hexdigest()
        return ("bucket", name, f"v{is_latest}", is_latest, False, len(content), WRITTEN, md5, "STANDARD")

    rows = [row(key, content, True) for key, content in files.items()]
    rows += [row(key, content, False) for key, content in old.items()]
    if old:
        rows.append(("bucket", f"{next(iter(old))}.gone", "v", True, True, None, WRITTEN, None, None))
    names = (
        "bucket varchar, key varchar, version_id varchar, is_latest boolean, is_delete_marker boolean, size bigint,"
        " last_modified_date timestamptz, e_tag varchar, storage_class varchar"
    )
    return rows, names


def _gcs(files: Mapping[str, bytes], old: Mapping[str, bytes], *, coded: bool) -> tuple[list[Row], str]:
    rows: list[Row] = [
        ("bucket", key, len(content), WRITTEN, _md5(content), "CKih16GJycICEAE=") for key, content in files.items()
    ]
    return rows, 'bucket varchar, name varchar, size bigint, updated timestamptz, "md5Hash" varchar, etag varchar'


def _azure(files: Mapping[str, bytes], old: Mapping[str, bytes], *, coded: bool) -> tuple[list[Row], str]:
    rows: list[Row] = [
        (key, WRITTEN, len(content), _md5(content), "0x8D9", True, None) for key, content in files.items()
    ]
    rows += [(key, WRITTEN, len(content), _md5(content), "0x8D8", None, "2026") for key, content in old.items()]
    names = (
        '"Name" varchar, "Last-Modified" timestamptz, "Content-Length" bigint, "Content-MD5" varchar, "Etag" varchar,'
        ' "IsCurrentVersion" boolean, "Snapshot" varchar'
    )
    return rows, names


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()
