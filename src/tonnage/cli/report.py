"""tonnage report"""

from pathlib import Path

import click

from tonnage.cli.options import Asked, inventory_option, output_options


@click.command(
    epilog="""\b
Example:
  tonnage report old-tags.sql --set older_than=90d --json

A folder of such files becomes commands: TONNAGE_REPORTS=/etc/tonnage/reports tonnage old-tags"""
)
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the report.")
@inventory_option
@output_options
def command(file: str, settings: tuple[str, ...], inventory: str, asked: Asked) -> None:
    """Run a report from an .sql file of your own."""
    from tonnage.cli.reports import run_and_put
    from tonnage.inventory.reports import read_report

    values = dict(setting.partition("=")[::2] for setting in settings)
    run_and_put(read_report(Path(file)), inventory, asked, values)
