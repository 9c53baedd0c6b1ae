"""tonnage diff"""

import click

from tonnage.cli.options import Asked, output_options


@click.command(epilog="Example: tonnage diff monday.duckdb friday.duckdb --layers")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--layers", is_flag=True, help="The layers that came and went, not the repositories.")
@output_options
def command(old: str, new: str, layers: bool, asked: Asked) -> None:
    """Say who grew between two inventories, and by which layers."""
    from tonnage.cli.output import put_rows
    from tonnage.inventory.database import compare

    put_rows(compare(old, new, "layers" if layers else "repositories"), asked)
