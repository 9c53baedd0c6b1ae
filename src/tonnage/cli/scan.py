"""tonnage scan"""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tonnage.cli.options import new_inventory_option
from tonnage.cli.parsing import parse_with
from tonnage.cli.source_options import (
    memory_option,
    open_options,
    other_place,
    other_place_options,
    refuse_others,
    source_options,
)
from tonnage.sizes import parse_seconds

if TYPE_CHECKING:
    from tonnage.scan.summary import Summary
    from tonnage.storage import Storage
    from tonnage.storage.registry import RegistrySource


@click.command(
    epilog="""\b
Examples:
  tonnage scan /var/lib/registry
  tonnage scan /var/lib/registry -i /srv/registry.duckdb
  tonnage scan s3://registry-bucket --count-requests
  tonnage scan s3://registry --endpoint https://minio.example.com
  tonnage scan s3://registry-bucket --keys s3://reports/daily/manifest.json
  tonnage scan https://registry.example.com

Exits with 0; with 3 if it finished and found problems on the way: tonnage problems,
unless --problems-ok; with 18 if most of the storage is not there, such as a disk that is not mounted."""
)
@click.argument("place", metavar="PLACE")
@new_inventory_option
@click.option("--full", is_flag=True, help="Read everything again; else only what is new since the last scan.")
@other_place_options
@click.option(
    "--count-requests",
    "says_requests",
    is_flag=True,
    help="Say what is asked of a bucket or a registry, and its price.",
)
@click.option(
    "--max-duration",
    default="0",
    metavar="TIME",
    callback=parse_with(parse_seconds),
    help="End a scan that takes longer, such as 30m or 12h, whatever it waits for.",
)
@memory_option
@click.option(
    "--pulls-from",
    "pull_places",
    multiple=True,
    metavar="FILE",
    help="What was pulled when: access log, notifications, S3 log, Harbor's dump or URL; - is stdin. May be given again.",
)
@source_options
@click.option("--problems-ok", is_flag=True, help="Exit with 0 though problems were found, for scripts that go on.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no summary.")
def command(
    place: str,
    inventory: str,
    full: bool,
    moved: bool,
    replace: bool,
    thorough: bool,
    says_requests: bool,
    max_duration: float,
    memory_limit: int | None,
    pull_places: tuple[str, ...],
    problems_ok: bool,
    quiet: bool,
    **source: Any,
) -> None:
    """Read a registry's storage into an inventory. Nothing is ever written to the storage.

    PLACE is the folder of the registry, its root or docker/registry/v2 below it; or a bucket, as s3://BUCKET/PREFIX,
    gs://BUCKET/PREFIX, az://CONTAINER/PREFIX, or a cloud's own https:// address of one; or a registry that is only
    reached over HTTP, as https://registry.example.com. The folder may as well be an OCI image layout, or hold many, as
    zot's storage does.
    """
    from tonnage.cli.hints import here
    from tonnage.cli.output import talk
    from tonnage.cli.pulls import read_pulls
    from tonnage.errors import PROBLEMS_FOUND
    from tonnage.scan.deadline import within
    from tonnage.storage.opening import open_storage

    wanted = {"full": full, "thorough": thorough, "memory_bytes": memory_limit}
    wanted_place = other_place(moved, replace)
    refuse_others(place, source["keys"])
    pulls = read_pulls(pull_places)
    for file in () if quiet or not pulls else pulls.files:
        talk(file.describe())
    with within(max_duration):
        storage = open_storage(place, open_options(**source))
        summary = _scan(storage, inventory, says_requests, quiet, other_place=wanted_place, pulls=pulls, **wanted)
    if not quiet:
        talk(summary.describe(here(inventory)))
    sys.exit(0 if problems_ok and summary.exit_code == PROBLEMS_FOUND else summary.exit_code)


def _scan(
    storage: "Storage | RegistrySource", inventory: str, says_requests: bool, quiet: bool, **wanted: Any
) -> "Summary":
    """Scan, and say meanwhile what is asked for: how far it is, what a report of keys is worth, how many requests."""
    from tonnage.cli.output import talk
    from tonnage.monitor import Monitor, TerminalMonitor
    from tonnage.scan.run import scan
    from tonnage.storage.report import ReportStorage, describe

    monitor = TerminalMonitor() if sys.stderr.isatty() and not quiet else Monitor()
    if isinstance(storage, ReportStorage) and not quiet:
        talk(describe(storage, datetime.now(UTC)))
    if says_requests and (expected := storage.describe_requests()):
        talk(expected)
    try:
        return scan(storage, inventory, monitor=monitor, **wanted)
    finally:
        monitor.end()
        if says_requests and (spent := storage.describe_requests()):
            talk(spent)
