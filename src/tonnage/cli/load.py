"""tonnage load"""

import sys

import click

from tonnage.cli.options import new_inventory_option
from tonnage.cli.source_options import memory_option, other_place, other_place_options


@click.command(
    epilog="""\b
Examples:
  tonnage load rows -i registry.duckdb
  tonnage load /mnt/lake/registry/2026-11-29 && tonnage

Exits with 0; with 3 if problems were found on the way: tonnage problems, unless --problems-ok;
with 37 if the folder is not whole."""
)
@click.argument("folder", metavar="DIR")
@new_inventory_option
@other_place_options
@memory_option
@click.option("--problems-ok", is_flag=True, help="Exit with 0 though problems were found, for scripts that go on.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no summary.")
def command(
    folder: str, inventory: str, moved: bool, replace: bool, memory_limit: int | None, problems_ok: bool, quiet: bool
) -> None:
    """Make an inventory of the rows in DIR, which something else than a scan has read: the job for Spark.

    DIR is all that it wrote, on a disk of this machine. The inventory is the one that `tonnage scan` would have made, and
    has the totals of the scans before it.
    """
    from pathlib import Path

    from tonnage.cli.hints import here
    from tonnage.cli.output import talk
    from tonnage.errors import PROBLEMS_FOUND
    from tonnage.monitor import Monitor, TerminalMonitor
    from tonnage.scan.from_staged import load_staged

    monitor = TerminalMonitor() if sys.stderr.isatty() and not quiet else Monitor()
    try:
        summary = load_staged(
            Path(folder),
            inventory,
            other_place=other_place(moved, replace),
            monitor=monitor,
            memory_bytes=memory_limit,
        )
    finally:
        monitor.end()
    if not quiet:
        talk(summary.describe(here(inventory)))
    sys.exit(0 if problems_ok and summary.exit_code == PROBLEMS_FOUND else summary.exit_code)
