"""The job: keys -> rows, manifests level by level, configurations; all of it as Parquet, and a mark when it is whole."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, Observation, SparkSession, functions

from tonnage.inventory import rows
from tonnage.inventory.statements import statements
from tonnage.scan.columns import table_of
from tonnage.scan.staged import MARK, Mark, all_columns, columns_for, mark_text
from tonnage.spark import workers
from tonnage.spark.keys import KeyTable
from tonnage.storage.opening import OpenOptions, open_bodies

_SQL = {str: "string", int: "bigint", bool: "boolean", bytes: "binary"}
_GROUPS_PER_TASK = 16  # enough that tasks come out alike, whichever of them Spark puts a group in


def scan(
    spark: SparkSession, place: str, table: KeyTable, out: str, options: OpenOptions, *, thorough: bool = False
) -> Mark:
    """Read the registry at `place` whose keys are in a table; write its staged rows below `out`, where nothing is yet.

    With `thorough`, every link is read that its ETag does not prove. Raises TonnageError, and whatever Spark does.
    """
    started_at = datetime.now(UTC)
    storage, start = open_bodies(place, options, table.find_root)
    job = _Job(spark, out)
    grouped = partial(workers.place, groups_count=_GROUPS_PER_TASK * job.tasks_count)
    keys = table.below(start).select(*workers.FOUND).mapInArrow(grouped, workers.GROUPED)
    work = partial(workers.list_keys, storage=storage, thorough=thorough)
    job.write("listing", keys.repartition(job.tasks_count, "group_id"), work)
    read = partial(workers.read_bodies, storage=storage)
    while job.write(f"manifests-{len(job.stages) - 1}", job.wanted("manifests"), partial(read, action="manifests")):
        pass
    job.write("configs", job.wanted("configs"), partial(read, action="configs"))
    rows_count, read_count = job.counts()
    mark = Mark(
        location=storage.location, started_at=started_at, finished_at=datetime.now(UTC), listed_at=table.listed_at,
        read_count=read_count, stages=job.stages, rows_count=rows_count,
    )  # fmt: skip
    spark.range(0, 1, 1, 1).select(functions.lit(mark_text(mark))).write.text(f"{out}/{MARK}")
    return mark


class _Job:
    """What was written so far."""

    def __init__(self, spark: SparkSession, out: str) -> None:
        self.spark = spark
        self.out = out.rstrip("/")
        self.stages: list[str] = []
        setting = spark.conf.get("spark.sql.shuffle.partitions") or ""
        self.tasks_count = int(setting) if setting.isdigit() else 200  # Databricks has `auto`

    def write(self, stage: str, found: DataFrame, work: Callable[..., Any]) -> bool:
        """Write what the work makes of what is found; return whether that was anything. Raises what Spark does."""
        seen = Observation()
        files = found.observe(seen, functions.count(functions.lit(1)).alias("count")).mapInArrow(work, workers.FILES)
        # Spark writes bytes as they are in one way only: as text, a line a file here, and what ends a line ends the file
        lines = files.selectExpr("row_type", "cast(content as string)").write.partitionBy("row_type")
        lines.option("maxRecordsPerFile", 1).text(f"{self.out}/stage={stage}", lineSep=workers.FILE_END)
        if seen.get["count"]:
            self.stages.append(stage)
        return bool(seen.get["count"])

    def wanted(self, action: str) -> DataFrame:
        """Return the digests of what is to be read next."""
        sql = statements("staged")[f"wanted_{action}"].sql
        whole = self._rows()
        for name in rows.ALL:
            if (view := f"staged_{table_of(name)}") in sql:
                whole.where(f"row_type = '{name}'").select(*columns_for(name)).createOrReplaceTempView(view)
        # Spark would leave the division of the query as it is, and put together what is little data and much to read
        return self.spark.sql(sql).repartition(self.tasks_count, functions.xxhash64("digest"))

    def counts(self) -> tuple[dict[str, int], int]:
        """Return how many rows of each type there are, and how many manifests and configurations were read."""
        read = functions.expr(
            "sum(files_count) filter (where fingerprint is null)"
        )  # what is read has no part, and none of it
        found = self._rows().groupBy("row_type").agg(functions.count(functions.lit(1)), read).collect()
        return {name: count for name, count, _ in found}, sum(files_count or 0 for *_, files_count in found)

    def _rows(self) -> DataFrame:
        columns = ", ".join(f"`{name}` {_SQL[type_]}" for name, type_ in all_columns().items())
        reader = self.spark.read.schema(f"row_type string, {columns}").option("basePath", self.out)
        return reader.parquet(*(f"{self.out}/stage={stage}" for stage in self.stages))
