"""tonnage export"""

import sys
from typing import TYPE_CHECKING

import click

from tonnage.cli.hints import ready
from tonnage.cli.options import inventory_option
from tonnage.cli.places import is_in_bucket

if TYPE_CHECKING:
    from tonnage.inventory.database import Inventory
    from tonnage.monitor import Monitor


@click.command(
    epilog="""\b
Examples:
  tonnage export lake
  tonnage export history/scan=2026-11-29
  tonnage export s3://lake/history/scan=2026-11-29
  tonnage export --to postgresql://me@db/registries
  tonnage export --to 'postgresql://me@db/registries?schema=prod&sslmode=require'"""
)
@click.argument("folder", required=False, metavar="[DIR]")
@click.option("--to", "place", metavar="ADDRESS", help="postgresql://user@host/database?schema=NAME")
@click.option("-q", "--quiet", is_flag=True, help="No summary, no progress.")
@inventory_option
def command(folder: str | None, place: str | None, quiet: bool, inventory: str) -> None:
    """Write the inventory as Parquet into a new folder or bucket, or into a PostgreSQL of your own.

    A folder has a file for each table, and `-i DIR` opens it as any inventory. Of folders `scan=…` beside each other the
    newer ones share the files that did not change.

    DIR may be in a bucket: s3://bucket/prefix, gs://… or az://…, where nothing is yet, reached as the cloud's own
    variables say (AWS_ENDPOINT_URL and so on). A registry's own storage is refused.

    In PostgreSQL the views go into the schema `tonnage` or the one that is named, and the tables into another beside it.
    The one exported there before is replaced in one step; grants stay. A password comes from PGPASSWORD or ~/.pgpass.
    """
    from tonnage.cli.output import talk
    from tonnage.errors import UsageError
    from tonnage.inventory.database import Inventory
    from tonnage.inventory.postgresql.address import is_address

    if (folder is None) == (place is None):
        raise UsageError("one place is needed", "tonnage export DIR, or tonnage export --to postgresql://…")
    if folder and is_address(folder):
        raise UsageError("`--to` is missing before the address", "tonnage export --to postgresql://…")
    with Inventory(inventory) as opened:
        if place:
            said = _to_postgresql(opened, place, quiet)
        elif is_in_bucket(folder or ""):
            said = _to_bucket(opened, folder or "", quiet)
        else:
            said = _to_folder(opened, folder or "")
    if not quiet:
        talk(said)


def _to_folder(inventory: "Inventory", folder: str) -> str:
    from pathlib import Path

    from tonnage.inventory.parquet import write_folder

    rows_count = write_folder(inventory, Path(folder))
    return f"{rows_count:,} rows written\n{ready(folder)}"


def _to_bucket(inventory: "Inventory", place: str, quiet: bool) -> str:
    from tonnage.lake.writing import write_bucket
    from tonnage.sizes import format_size

    written = write_bucket(inventory, place, _monitor(quiet))
    shared = f", {written.shared_count} tables are as at the scan before" if written.shared_count else ""
    return f"{written.rows_count:,} rows written, {format_size(written.put_bytes)}{shared}\n{ready(written.location)}"


def _to_postgresql(inventory: "Inventory", place: str, quiet: bool) -> str:
    from tonnage.errors import UsageError
    from tonnage.inventory.postgresql.address import is_address
    from tonnage.inventory.postgresql.writing import write_postgresql

    if not is_address(place):
        raise UsageError(f"`--to`: `{place}` is not an address of PostgreSQL", "such as postgresql://me@host/database")
    written = write_postgresql(inventory, place, _monitor(quiet))
    left = "" if written.is_old_dropped else "; the one before is still read, and goes with the next export"
    return f"{written.rows_count:,} rows written{left}\n{ready(written.place)}"


def _monitor(quiet: bool) -> "Monitor":
    from tonnage.monitor import Monitor, TerminalMonitor

    return TerminalMonitor() if sys.stderr.isatty() and not quiet else Monitor()
