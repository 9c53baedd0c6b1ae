"""tonnage image"""

import click

from tonnage.cli.options import inventory_option, tags_option
from tonnage.cli.output_options import Asked, output_options


@click.command(
    epilog="""\b
Examples:
  tonnage image ml/training:model-4
  tonnage image shop/checkout:2.5 --platform linux/arm64 --json
  tonnage image app@sha256:4f4f…"""
)
@click.argument("name", metavar="REPOSITORY:TAG")
@click.option("--platform", metavar="OS/ARCH", help="Of an index: whose layers; else the first that it lists.")
@tags_option
@inventory_option
@output_options
def command(
    name: str,
    platform: str | None,
    tags_from: str | None,
    inventory: str,
    asked: Asked,
) -> None:
    """Show an image: its layers in order, who else holds them, and what deleting it alone frees.

    As JSON and CSV the layers, one row each.
    """
    from tonnage.cli.output import look, put_rows, show, width
    from tonnage.cli.tags import open_inventory
    from tonnage.planning.images import find, layers_table
    from tonnage.planning.images_text import describe

    with open_inventory(inventory, tags_from) as opened:
        image = find(opened, name, platform or "")
    if not asked.is_table:
        show(describe(image, width(), look(asked.output)), asked.output)
    else:
        put_rows(layers_table(image), asked)
