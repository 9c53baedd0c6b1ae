"""tonnage ncdu"""

from datetime import UTC, datetime

import click

from tonnage.cli.options import inventory_option, tags_option
from tonnage.cli.output_options import output_option


@click.command(
    epilog="""\b
Examples:
  tonnage ncdu | ncdu -f -
  tonnage ncdu -o registry.ncdu; gdu -f registry.ncdu"""
)
@tags_option
@inventory_option
@output_option()
def command(tags_from: str | None, inventory: str, output: str) -> None:
    """Put the inventory out as ncdu's export, to be browsed with ncdu or gdu.

    Shared layers are hard links: a folder's size is what it needs, its unique size (`u` in ncdu 2) what only it needs.
    """
    from tonnage.cli.output import put
    from tonnage.cli.streams import Content
    from tonnage.cli.tags import open_inventory
    from tonnage.show.ncdu import export

    with open_inventory(inventory, tags_from) as opened:
        text = "".join(export(opened, datetime.now(UTC)))
    put(text, output, Content.JSON)
