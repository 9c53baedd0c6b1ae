"""tonnage serve"""

from typing import TYPE_CHECKING, Any

import click

from tonnage.cli.exporter import exporter_options, prepare, run

if TYPE_CHECKING:
    from tonnage.cli.page import Wishes
    from tonnage.exporter.messages import Job
    from tonnage.exporter.serving import Front, Settings
    from tonnage.exporter.state import State

PORT = 10087
"""Of the numbers that exporters divide among themselves, lest two on one machine want the same:
https://github.com/prometheus/prometheus/wiki/Default-port-allocations. 9100 to 9999 are taken."""


@click.command(
    epilog="""\b
Examples:
  tonnage serve /var/lib/registry
  tonnage serve /var/lib/registry --web.listen-address 127.0.0.1:10087 --interval 15m
  tonnage serve s3://registry-bucket --web.config.file web.yml --web.external-url https://disk.example.com/tonnage

A browser gets the page, Prometheus its metrics, both at the same address. Nothing is ever deleted. Whoever may open the
page sees the names of all repositories, and build steps: give it users with --web.config.file, or let it listen here."""
)
@exporter_options(PORT)
@click.option(
    "--policy", metavar="FILE", help="Rules that say what is kept: for the set that is chosen, and for plans."
)
@click.option("--in-use", metavar="FILE", help="Images never to touch: a reference a line, or kubectl's JSON.")
@click.option("--web.external-url", "external_url", default="", metavar="URL", help="Where a proxy makes it reachable.")
def command(policy: str | None, in_use: str | None, external_url: str, **given: Any) -> None:
    """Scan a storage again and again, and serve what it holds: as the page for people, as metrics for Prometheus.

    It is `tonnage exporter` and `tonnage web` in one process. PLACE is a folder, a bucket or a registry's URL.
    """
    from tonnage.cli.page import Wishes
    from tonnage.web.shell import parse_external_url

    prefix = parse_external_url(external_url)
    settings, job = prepare(**given)
    wishes = Wishes(
        tags_from=job.tags_from,
        policy=policy,
        in_use=in_use,
        registry_version=job.collector_version or 2,
        storage=job.address,
    )
    run(settings, job, _front(settings, job, wishes, prefix, external_url))


def _front(settings: "Settings", job: "Job", wishes: "Wishes", prefix: str, external_url: str) -> "Front":
    """Return the pages, to be served beside the metrics."""
    from tonnage.cli.page import site_of
    from tonnage.exporter.serving import Front
    from tonnage.inventory.pace import Volume
    from tonnage.web.app import make_app
    from tonnage.web.serving import routes_with_metrics, scanning_of, stop
    from tonnage.web.shell import Hosts, Shell

    site = site_of(job.inventory, prefix, wishes, source=job.source)
    site.metrics_path = settings.metrics_path

    def make(routes: Any, sockets: Any, state: "State") -> Shell:
        site.scanning = lambda: scanning_of(state)
        site.volume = lambda: Volume(state.volume.size_bytes, state.volume.free_bytes) if state.volume else None
        open_paths = (settings.metrics_path, "/-/healthy", "/-/ready", "/-/scan", "/-/events")
        hosts = Hosts([sock.getsockname()[0] for sock in sockets], external_url)
        return Shell(make_app(site, routes_with_metrics(site, routes)), hosts, prefix, open_paths)

    return Front(make, site.snapshots.start, lambda: stop(site))
