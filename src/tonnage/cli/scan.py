"""tonnage scan"""

import sys
from datetime import UTC, datetime
from typing import Any

import click

from tonnage.cli.options import bucket_options, inventory_option, remote_options


@click.command(
    epilog="""\b
Examples:
  tonnage scan /var/lib/registry
  tonnage scan /var/lib/registry -i /srv/registry.duckdb
  tonnage scan s3://registry-bucket --count-requests
  tonnage scan s3://registry --endpoint https://minio.example.com
  tonnage scan s3://registry-bucket --keys s3://reports/daily/manifest.json
  tonnage scan https://registry.example.com

Exits with 0, or with 3 if it finished and found problems on the way: tonnage problems."""
)
@click.argument("place", metavar="PLACE")
@inventory_option
@click.option("--full", is_flag=True, help="Read everything anew; else only what is new since the last scan.")
@click.option("--thorough", is_flag=True, help="Open every folder, or read every link, in a large registry too.")
@click.option("--ignore-lockfile", is_flag=True, help="Scan although the registry keeps its metadata in a database.")
@click.option(
    "--count-requests",
    "says_requests",
    is_flag=True,
    help="Say what is asked of a bucket or a registry, and its price.",
)
@click.option("--keys", metavar="FILE", default="", help="An inventory report, in place of a listing: file or address.")
@bucket_options
@remote_options
@click.option("-q", "--quiet", is_flag=True, help="No progress, no summary.")
def command(
    place: str,
    inventory: str,
    full: bool,
    thorough: bool,
    ignore_lockfile: bool,
    says_requests: bool,
    keys: str,
    repositories: str | None,
    blob_sizes: bool,
    credentials: str,
    rate: float,
    concurrency: int,
    quiet: bool,
    **bucket: Any,
) -> None:
    """Read a registry's storage into an inventory. Nothing is ever written to the storage.

    PLACE is the folder of the registry, its root or docker/registry/v2 below it; or a bucket, as s3://BUCKET/PREFIX,
    gs://BUCKET/PREFIX, az://CONTAINER/PREFIX, or a cloud's own https:// address of one; or a registry that is only
    reached over HTTP, as https://registry.example.com. The folder may as well be an OCI image layout, or hold many, as
    zot's storage does.
    """
    from tonnage.cli.output import read_text, talk
    from tonnage.errors import PROBLEMS_FOUND
    from tonnage.monitor import Monitor, TerminalMonitor
    from tonnage.scan import scan
    from tonnage.storage.bucket.options import BucketOptions
    from tonnage.storage.opening import OpenOptions, open_storage
    from tonnage.storage.registry import RegistrySource, parse_repositories
    from tonnage.storage.report import ReportStorage, describe

    registry = RegistrySource(
        credentials_file=credentials,
        requests_per_second=rate,
        concurrency=concurrency,
        repositories=parse_repositories(read_text(repositories)) if repositories else None,
        asks_sizes=blob_sizes,
    )
    storage = open_storage(place, OpenOptions(ignore_lockfile, BucketOptions(**bucket), registry, keys))
    if isinstance(storage, ReportStorage) and not quiet:
        talk(describe(storage, datetime.now(UTC)))
    if says_requests and (expected := storage.describe_requests()):
        talk(expected)
    monitor = TerminalMonitor() if sys.stderr.isatty() and not quiet else Monitor()
    try:
        summary = scan(storage, inventory, full=full, thorough=thorough, monitor=monitor)
    finally:
        monitor.end()
        if says_requests and (spent := storage.describe_requests()):
            talk(spent)
    if not quiet:
        talk(summary.describe())
    if summary.problems_count:
        sys.exit(PROBLEMS_FOUND)
