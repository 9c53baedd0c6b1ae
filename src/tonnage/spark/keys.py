"""A table of keys, in the columns that the job works with: an inventory report, or whatever Spark reads as a table.

The columns are found by their names, as the clouds have them; see storage/report_keys.py. What they hold is understood as
in storage/report.py, which does the same in DuckDB.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession, functions

from tonnage.errors import StorageUnreadableError
from tonnage.storage.bucket.options import BucketOptions
from tonnage.storage.report_files import Folder, Report, beside, open_report
from tonnage.storage.report_keys import BASE, columns_in, root_in


class KeyTable(NamedTuple):
    """Keys as they are found."""

    name: str
    """As the user named it."""
    rows: DataFrame
    """key, size, time_us, etag, is_current."""
    listed_at: datetime | None = None

    def find_root(self, bases: Sequence[str]) -> tuple[str, str]:
        """Return what the keys of the registry begin with, and the anchor in that. Raises StorageUnreadableError."""
        if not bases:
            base = self.rows.select(functions.regexp_extract("key", BASE, 1).alias("base")).where(
                self.rows.key.rlike(BASE)
            )
            bases = ("", *(row.base for row in base.take(1)))

        def has_below(start: str) -> bool:
            key = self.rows.key
            begins = key.startswith(f"{start}blobs/") | key.startswith(f"{start}repositories/")
            return not self.rows.where(begins).isEmpty()

        return root_in(self.name, bases, has_below)

    def below(self, start: str) -> DataFrame:
        """Return the keys that begin so, as the workers take them: see `workers.FOUND`. Delete markers are left out."""
        found = self.rows.where("is_current or size is not null")
        return found.where(found.key.startswith(start)).selectExpr(
            f"substring(key, {len(start) + 1}) as path", "coalesce(size, 0) as size", "time_us", "etag",
            "not is_current as is_old",
        )  # fmt: skip


def of_report(spark: SparkSession, address: str, options: BucketOptions) -> KeyTable:
    """Return the keys of an inventory report: its manifest, or one of its files. Spark reads the files where they are.

    Raises StorageUnreadableError and BucketError.
    """
    report = open_report(address, _Bucket(address, options) if "://" in address else _Disk(address))
    reader = spark.read.option("header", not report.names).option("escape", '"')
    found = reader.parquet(*report.files) if report.is_parquet else reader.csv(list(report.files))
    return _table(report, found.toDF(*report.names) if report.names else found)


def of_frame(rows: DataFrame, name: str = "the table of keys") -> KeyTable:
    """Return the keys of any table with columns for key, size, last change and ETag. Raises StorageUnreadableError."""
    return _table(Report(name, (), is_parquet=True), rows)


def _table(report: Report, found: DataFrame) -> KeyTable:
    columns = {
        column: f"`{name.replace('`', '``')}`" for column, name in columns_in(found.columns, report.name).items()
    }
    key = f"cast({columns['key']} as string)"
    etag = f"lower(trim(both '\"' from {columns['etag']}))" if "etag" in columns else "''"
    if "md5" in columns:  # Base64, where the cloud's ETag is not a hash
        etag = f"coalesce(lower(hex(try_to_binary({columns['md5']}, 'base64'))), {etag})"
    latest, deleted = (
        f"coalesce(try_cast({columns[column]} as boolean), {default})" if column in columns else default
        for column, default in (("is_latest", "true"), ("is_deleted", "false"))
    )
    if "snapshot" in columns:
        deleted = f"({deleted} or coalesce(cast({columns['snapshot']} as string), '') <> '')"
    time = f"unix_micros(try_cast({columns['time']} as timestamp))" if "time" in columns else "cast(null as bigint)"
    rows = found.selectExpr(
        f"{f'coalesce(try_url_decode({key}), {key})' if report.has_coded_keys else key} as key",
        f"try_cast({columns['size']} as bigint) as size",
        f"{time} as time_us",
        f"coalesce({etag}, '') as etag",
        f"{latest} and not {deleted} as is_current",
    ).where("key is not null")
    return KeyTable(report.name, rows, report.listed_at)


class _Disk(Folder):
    """A folder that all executors have; Spark's default may be another file system."""

    def itself(self) -> str:
        return f"file://{super().itself()}"

    def named(self, key: str) -> str:
        return f"file://{super().named(key)}"


class _Bucket:
    """A bucket, by the address of a file in it: the manifest is read here, the files that it names by Spark."""

    def __init__(self, address: str, options: BucketOptions) -> None:
        self.address = address
        self.options = options

    def content(self) -> bytes:
        from tonnage.storage.bucket.copying import BucketFolder

        return BucketFolder(self.address, self.options).content()

    def itself(self) -> str:
        return self.address

    def named(self, key: str) -> str:
        from tonnage.storage.bucket.address import parse_address
        from tonnage.storage.bucket.connecting import connect

        place = parse_address(self.address)
        store = connect(place, self.options)
        top = self.address[: len(self.address) - len(place.prefix)]
        for found in (key, *map(str, beside(PurePosixPath(place.prefix), key))):
            try:
                store.head(found)
            except FileNotFoundError:
                continue
            return f"{top}{found}"
        raise StorageUnreadableError(f"`{self.address}` names `{key}`, which is not in its bucket")
