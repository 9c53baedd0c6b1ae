"""`python -m tonnage.spark`, and what is handed to spark-submit."""

import re
from typing import Any

import click

from tonnage import errors
from tonnage.cli.source_options import bucket_options, open_options
from tonnage.errors import TonnageError, UsageError, WriteError


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  python -m tonnage.spark s3://registry s3a://lake/rows --keys s3a://reports/daily/manifest.json
  python -m tonnage.spark gs://registry gs://lake/rows --query "select * from metadata.registry"
  spark-submit --master yarn scan_job.py s3://registry s3a://lake/rows --keys s3a://reports/daily/manifest.json

and then, where the rows are on a disk:
  tonnage load rows""",
)
@click.argument("place", metavar="PLACE")
@click.argument("out", metavar="OUT")
@click.option("--keys", metavar="FILE", default="", help="An inventory report: its manifest.json, or one of its files.")
@click.option("--query", metavar="SQL", default="", help="Keys by Spark SQL: key, size, last_modified_date, e_tag.")
@click.option("--thorough", is_flag=True, help="Read every link that its ETag does not prove.")
@click.option("--follow-out", is_flag=True, help="Follow symbolic links of a folder that lead out of the storage.")
@click.option("--ignore-lockfile", is_flag=True, help="Go on although the registry keeps its metadata in a database.")
@bucket_options
def command(place: str, out: str, keys: str, query: str, thorough: bool, **source: Any) -> None:
    """Read a registry's storage on Apache Spark into rows, of which `tonnage load` makes an inventory.

    PLACE is as for `tonnage scan`: s3://, gs://, az://, or a folder that all executors have. OUT is where the rows go as
    Parquet, as Spark spells it, and is not there yet. Keys come from a table; nothing is listed.
    """
    from tonnage.cli.output import talk

    if bool(keys) == bool(query):
        raise UsageError("one table of keys is needed", "--keys FILE, or --query SQL")
    spark = _session()
    from tonnage.spark.job import scan
    from tonnage.spark.keys import of_frame, of_report

    options = open_options(**source)
    try:
        table = of_report(spark, keys, options.bucket) if keys else of_frame(spark.sql(query), query)
        mark = scan(spark, place, table, out, options, thorough=thorough)
    except TonnageError:
        raise
    except Exception as error:
        raise _as_ours(error, out) from error
    rows_count = sum(mark.rows_count.values())
    talk(
        f"{rows_count:,} rows, {mark.read_count:,} manifests and configurations read\n{out} is ready: tonnage load {out}"
    )


def _session() -> Any:
    """Return the session that spark-submit or a notebook has begun, or one of this process. Raises UsageError."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        from tonnage.extras import how_to_add

        raise UsageError("PySpark is not installed", how_to_add("spark")) from error
    spark = SparkSession.builder.appName("tonnage").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")  # what times in a CSV without a zone are in
    return spark


def _as_ours(error: Exception, out: str) -> Exception:
    """Return what Spark failed at as an error of ours, if it is one: found in the text of the worker's traceback."""
    text = str(error)
    if "PATH_ALREADY_EXISTS" in text:
        return WriteError(f"`{out}` exists", "name a place where nothing is yet, such as rows/2026-11-29")
    if found := re.search(r"tonnage\.errors\.(\w+): (.+)", text):
        kind = getattr(errors, found[1], TonnageError)
        return kind(found[2].strip()) if issubclass(kind, TonnageError) else error
    return error


def main() -> None:
    """Run the job."""
    from tonnage.cli import main as run

    run(command=command, name="python -m tonnage.spark")


if __name__ == "__main__":
    main()
