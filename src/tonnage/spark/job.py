"""The job: keys -> rows, manifests level by level, configurations; all of it as Parquet, and a mark when it is whole."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from tonnage.inventory import rows
from tonnage.inventory.statements import statements
from tonnage.scan.columns import table_of
from tonnage.scan.staged import MARK, PART, Mark, columns_for, mark_text
from tonnage.spark import workers
from tonnage.spark.keys import KeyTable
from tonnage.storage.opening import OpenOptions, open_bodies

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def scan(
    spark: "SparkSession", place: str, table: KeyTable, out: str, options: OpenOptions, *, thorough: bool = False
) -> Mark:
    """Read the registry at `place` whose keys are in a table; write its staged rows below `out`, where nothing is yet.

    With `thorough`, every link is read that its ETag does not prove. Raises TonnageError, and whatever Spark does.
    """
    started_at = datetime.now(UTC)
    storage, start = open_bodies(place, options, table.find_root)
    job = _Job(spark, out)
    placed = table.below(start).select(*workers.FOUND).mapInArrow(workers.place, workers.ddl(workers.PLACED))
    parts = placed.repartition(job.tasks_count, "part").sortWithinPartitions("part", "path")
    job.write("listing", parts, partial(workers.list_keys, storage=storage, thorough=thorough))
    read = partial(workers.read_bodies, storage=storage)
    while not (wanted := job.wanted("manifests").persist()).isEmpty():
        job.write(f"manifests-{len(job.stages) - 1}", wanted, partial(read, action="manifests"))
        wanted.unpersist()
    wanted.unpersist()
    job.write("configs", job.wanted("configs"), partial(read, action="configs"))
    mark = Mark(
        location=storage.location,
        started_at=started_at,
        finished_at=datetime.now(UTC),
        listed_at=table.listed_at,
        read_count=job.read_count(),
        stages=job.stages,
        rows_count=job.rows_count(),
    )
    spark.createDataFrame([(mark_text(mark),)], "value string").coalesce(1).write.text(f"{out}/{MARK}")
    return mark


class _Job:
    """What was written so far."""

    def __init__(self, spark: "SparkSession", out: str) -> None:
        self.spark = spark
        self.out = out.rstrip("/")
        self.stages: list[str] = []
        setting = spark.conf.get("spark.sql.shuffle.partitions") or ""
        self.tasks_count = int(setting) if setting.isdigit() else 200  # Databricks has `auto`
        """Said each time: what Spark would put together as small is little data, and much to do."""

    def write(self, stage: str, found: "DataFrame", work: Callable[..., Any]) -> None:
        """Write the rows that the work makes of what is found. Raises what Spark does, also if there are some already."""
        staged = found.mapInArrow(work, workers.ddl(workers.STAGED))
        staged.write.partitionBy("row_type").parquet(f"{self.out}/stage={stage}")
        self.stages.append(stage)

    def wanted(self, action: str) -> "DataFrame":
        """Return the digests of what is to be read next."""
        whole = self._rows()
        for name in rows.ALL:
            chosen = whole.where(f"row_type = '{name}'").select(*columns_for(name))
            chosen.createOrReplaceTempView(f"staged_{table_of(name)}")
        wanted = self.spark.sql(statements("staged")[f"wanted_{action}"].sql)
        return wanted.repartition(self.tasks_count, "digest")

    def rows_count(self) -> dict[str, int]:
        """Return how many rows of each type there are."""
        return {row["row_type"]: row["count"] for row in self._rows().groupBy("row_type").count().collect()}

    def read_count(self) -> int:
        """Return how many manifests and configurations were read."""
        read = self._rows().where(f"row_type = '{PART}' and part is null").groupBy().sum("files_count")
        return read.collect()[0][0] or 0

    def _rows(self) -> "DataFrame":
        reader = self.spark.read.schema(workers.ddl(workers.STAGED)).option("basePath", self.out)
        return reader.parquet(*(f"{self.out}/stage={stage}" for stage in self.stages))
