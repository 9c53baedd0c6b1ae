"""tonnage diff"""

import click

from tonnage.cli.output_options import Asked, output_options
from tonnage.cli.places import readable


@click.command(
    epilog="""\b
Examples:
  tonnage diff monday.duckdb friday.duckdb --layers
  tonnage diff origin.duckdb mirror.duckdb --lacks
  tonnage diff eu.duckdb us.duckdb --both --sort -size_bytes"""
)
@click.argument("old", metavar="OLD", callback=readable)
@click.argument("new", metavar="NEW", callback=readable)
@click.option("--layers", "name", flag_value="layers", help="The layers that came and went, not the repositories.")
@click.option("--both", "name", flag_value="both", help="Of two registries: the blobs that both store.")
@click.option("--lacks", "name", flag_value="lacks", help="The tags of OLD that NEW, a mirror, lacks or has otherwise.")
@output_options
def command(old: str, new: str, name: str | None, asked: Asked) -> None:
    """Say who grew between two inventories, and by which layers; or what two registries share, and what a mirror lacks."""
    from tonnage.cli.output import put_rows
    from tonnage.inventory.database import compare
    from tonnage.inventory.postgresql.address import insist_on_file

    for place in (old, new):
        insist_on_file(place)
    put_rows(compare(old, new, name or "repositories"), asked)
