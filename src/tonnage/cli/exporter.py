"""tonnage exporter"""

import functools
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tonnage.cli.options import Command, collector_option, explicit_inventory, tags_option
from tonnage.cli.parsing import not_negative, parse_with
from tonnage.cli.source_options import open_options, refuse_others, source_options
from tonnage.sizes import parse_seconds

if TYPE_CHECKING:
    from tonnage.exporter.messages import Job
    from tonnage.exporter.serving import Front, Settings

_CHILD = (sys.executable, "-P", "-m", "tonnage.rescan")
"""What scans. `-P`: nothing is imported from the folder where it is called."""


_SHORTEST_SECONDS = 1.0
"""Between two scans: with less it would do nothing but scan."""


def parse_interval(text: str) -> float:
    """Return the seconds between two scans. Raises ValueError."""
    seconds = parse_seconds(text)
    if seconds < _SHORTEST_SECONDS:
        raise ValueError(f"`{text}` is less than a second, and would scan without a pause")
    return seconds


def parse_metrics_path(text: str) -> str:
    """Return a path of the server. Raises ValueError."""
    if not text.startswith("/") or text.startswith("/-/") or not set(text).isdisjoint("{}?#"):
        raise ValueError(f"`{text}` does not begin with /, is one of the exporter's own, or is not a path")
    return text


def check_source(place: str, source: dict[str, Any], tags_from: str | None) -> None:
    """Refuse what no scan could make sense of. Raises TonnageError; nothing is asked of the storage yet."""
    from tonnage.errors import UsageError
    from tonnage.storage.opening import check_address

    for option, file in (("--repositories", source["repositories"]), ("--tags-from", tags_from)):
        if file == "-":
            raise UsageError(f"{option} is read again for each scan, which stdin cannot be", "name a file")
    refuse_others(place, source["keys"])
    check_address(place, open_options(**source))


_SCAN_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("place", metavar="PLACE"),
    click.option(
        "-i",
        "--inventory",
        metavar="FILE",
        callback=explicit_inventory,
        help="The inventory, kept from start to start; its folder must be writable, also where the root file system is"
        " read-only. Else TONNAGE_INVENTORY, else a file of its own in the user's cache folder.",
    ),
    click.option(
        "--interval",
        default="5m",
        show_default=True,
        metavar="TIME",
        callback=parse_with(parse_interval),
        help="Between the end of a scan and the next one, give or take a tenth; at least 1s.",
    ),
    click.option(
        "--max-duration",
        default="1d",
        show_default=True,
        metavar="TIME",
        callback=parse_with(parse_seconds),
        help="End a scan that takes longer, such as one that waits for a dead disk; 0 for never.",
    ),
    click.option("--metrics", "metrics_folder", metavar="DIR", help="A folder of your own .sql files, each a metric."),
    click.option("--compat-metrics/--no-compat-metrics", default=True, help="The gauges of docker-registry-exporter."),
    click.option(
        "--tags-include", multiple=True, metavar="TARGET", help="Only these tags in them: REPO or REPO:TAG with *."
    ),
    click.option("--tags-exclude", multiple=True, metavar="TARGET", help="All but these."),
    click.option(
        "--max-series",
        default=0,
        metavar="N",
        callback=not_negative,
        help="At most so many series of them; the largest stay.",
    ),
    collector_option(help="Version of the registry that collects: to say what that would break."),
    click.option("-m", "--delete-untagged", is_flag=True, help="With the collector's option of this name."),
    click.option("--moved", is_flag=True, help="The inventory's storage is in a new place: keep its earlier totals."),
    tags_option,
    source_options,
)
_WEB_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--web.config.file", "web_config_path", metavar="FILE", help="TLS and users, in Prometheus' own format."
    ),
    click.option(
        "--web.telemetry-path",
        "metrics_path",
        default="/metrics",
        show_default=True,
        metavar="PATH",
        callback=parse_with(parse_metrics_path),
        help="Where the metrics are.",
    ),
    click.option(
        "--web.enable-events",
        "takes_events",
        is_flag=True,
        help="Let POST /-/events tell of pulls: a registry's events.",
    ),
    click.option("--web.enable-scan", "can_request_scan", is_flag=True, help="Let POST /-/scan begin a scan."),
)


def exporter_options(port: int) -> Callable[[Command], Command]:
    """Return what adds all that can be said about scans and metrics, for a command that serves them on a port."""
    listen_option = click.option(
        "--web.listen-address",
        "addresses",
        multiple=True,
        default=(f":{port}",),
        show_default=True,
        metavar="ADDRESS",
        help="Where to listen, such as 127.0.0.1:9187 or [::1]:9187. May be given several times.",
    )

    def decorate(command: Command) -> Command:
        for option in reversed((*_SCAN_OPTIONS, listen_option, *_WEB_OPTIONS)):
            command = option(command)
        return command

    return decorate


@click.command(
    epilog="""\b
Examples:
  tonnage exporter /var/lib/registry
  tonnage exporter /var/lib/registry --interval 15m --max-series 10000
  tonnage exporter /var/lib/registry --web.config.file web.yml
  tonnage exporter s3://registry-bucket --interval 1h
  tonnage exporter https://registry.example.com --interval 1h --credentials login.txt

The names of the metrics are in the reference: docs/reference/metrics.md. SIGHUP begins a scan at once."""
)
@exporter_options(port=8080)  # docker-registry-exporter's, whose place it takes
def command(**given: Any) -> None:
    """Serve what a registry's storage holds as metrics for Prometheus.

    PLACE, a folder, a bucket or a registry's URL as for `tonnage scan`, is scanned in the background; a scrape is
    answered from memory and never fails. It takes the place of docker-registry-exporter, and says what that left out:
    who holds which bytes, and what would be freed.
    """
    run(*prepare(**given))


def prepare(
    place: str,
    inventory: str | None,
    interval: float,
    max_duration: float,
    metrics_folder: str | None,
    compat_metrics: bool,
    tags_include: tuple[str, ...],
    tags_exclude: tuple[str, ...],
    max_series: int,
    version: str | None,
    delete_untagged: bool,
    moved: bool,
    thorough: bool,
    tags_from: str | None,
    addresses: tuple[str, ...],
    web_config_path: str | None,
    metrics_path: str,
    takes_events: bool,
    can_request_scan: bool,
    **source: Any,
) -> tuple["Settings", "Job"]:
    """Return how to serve, and what to scan. Raises TonnageError for what cannot be."""
    from tonnage.errors import UsageError
    from tonnage.exporter.cache_path import place_for
    from tonnage.exporter.messages import Job
    from tonnage.exporter.serving import Settings

    if delete_untagged and version is None:
        raise UsageError("whose collection?", "the registry's version: --collector 2 or --collector 3")
    check_source(place, source, tags_from)
    path = inventory or place_for(place)
    job = Job(
        address=place,
        inventory=path,
        events=f"{path}.events" if takes_events else None,
        source=source,
        tags_from=tags_from,
        thorough=thorough,
        metrics_folder=metrics_folder,
        is_compatible=compat_metrics,
        tags_include=tags_include,
        tags_exclude=tags_exclude,
        max_series=max_series,
        collector_version=int(version or 0),
        delete_untagged=delete_untagged,
        is_moved=moved,
    )
    return Settings(addresses, metrics_path, web_config_path, interval, can_request_scan, max_duration), job


def run(settings: "Settings", job: "Job", front: "Front | None" = None) -> None:
    """Serve until told to stop."""
    from tonnage.exporter.serving import serve
    from tonnage.files import remove_abandoned
    from tonnage.storage.volume import volume_of

    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO)
    unfinished = functools.partial(remove_abandoned, Path(job.inventory))
    serve(settings, job, _CHILD, functools.partial(volume_of, job.address), unfinished, front)
