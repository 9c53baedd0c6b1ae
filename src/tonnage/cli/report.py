"""tonnage report"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonnage.cli.options import inventories_option
from tonnage.cli.output_options import Asked, output_options

if TYPE_CHECKING:
    from tonnage.inventory.reports import Report


@click.command(
    epilog="""\b
Examples:
  tonnage report old-tags.sql --set older_than=90d --json
  tonnage report old-tags.sql --check

A folder of such files becomes commands: TONNAGE_REPORTS=/etc/tonnage/reports tonnage old-tags"""
)
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the report.")
@click.option("--check", is_flag=True, help="Run nothing: say what in it PostgreSQL would not read, and what to write.")
@inventories_option
@output_options
def command(file: str, settings: tuple[str, ...], check: bool, inventories: tuple[str, ...], asked: Asked) -> None:
    """Run a report from an .sql file of your own."""
    from tonnage.cli.reports import run_and_put
    from tonnage.inventory.reports import read_report

    if check:
        _check(read_report(Path(file)), asked)
        return
    values = dict(setting.partition("=")[::2] for setting in settings)
    run_and_put(read_report(Path(file)), inventories, asked, values)


def _check(report: "Report", asked: Asked) -> None:
    """Print what in a report is DuckDB's alone; exit with 26 if anything is."""
    from tonnage.cli.output import put_table, talk
    from tonnage.errors import NOT_PORTABLE
    from tonnage.inventory.database import Table
    from tonnage.inventory.portability import Finding, check_report

    found = check_report(report)
    if not found and not asked.is_table:
        talk(f"`{report.name}` is for any database")
        return
    rows: list[tuple[object, ...]] = [tuple(finding) for finding in found]
    put_table(Table(list(Finding._fields), ["INTEGER", "VARCHAR", "VARCHAR"], rows), asked)
    if found:
        sys.exit(NOT_PORTABLE)
