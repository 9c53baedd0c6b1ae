"""tonnage scan"""

import sys

import click

from tonnage.cli.options import inventory_option


@click.command(
    epilog="""\b
Examples:
  tonnage scan /var/lib/registry
  tonnage scan /var/lib/registry -i /srv/registry.duckdb

Exits with 0, or with 3 if it finished and found problems on the way: tonnage problems."""
)
@click.argument("path", metavar="PATH")
@inventory_option
@click.option("--full", is_flag=True, help="Read everything anew; else only what is new since the last scan.")
@click.option("--thorough", is_flag=True, help="Open every folder in search of strays, in a large registry too.")
@click.option("--ignore-lockfile", is_flag=True, help="Scan although the registry keeps its metadata in a database.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no summary.")
def command(path: str, inventory: str, full: bool, thorough: bool, ignore_lockfile: bool, quiet: bool) -> None:
    """Read a registry's storage into an inventory. Nothing is ever written to the storage.

    PATH is the folder of the registry: its root, or docker/registry/v2 below it.
    """
    from tonnage.cli.output import talk
    from tonnage.errors import PROBLEMS_FOUND
    from tonnage.monitor import Monitor, TerminalMonitor
    from tonnage.scan import scan
    from tonnage.storage.opening import OpenOptions, open_storage

    storage = open_storage(path, OpenOptions(ignore_lockfile=ignore_lockfile))
    monitor = TerminalMonitor() if sys.stderr.isatty() and not quiet else Monitor()
    try:
        summary = scan(storage, inventory, full=full, thorough=thorough, monitor=monitor)
    finally:
        monitor.end()
    if not quiet:
        talk(summary.describe())
    if summary.problems_count:
        sys.exit(PROBLEMS_FOUND)
