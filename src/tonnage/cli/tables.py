"""tonnage tables"""

import click

from tonnage.cli.options import inventory_option, output_options


@click.command(epilog="Example: tonnage tables blob_usage")
@click.argument("name", required=False, metavar="[TABLE]")
@inventory_option
@output_options
def command(name: str | None, inventory: str, form: str | None, output: str, limit: int | None) -> None:
    """List the tables of the inventory, or the columns of one, with what they mean.

    The meaning is in the database itself: any SQL tool shows it.
    """
    from tonnage.cli.output import put_table
    from tonnage.errors import UsageError
    from tonnage.inventory.database import Inventory
    from tonnage.inventory.statements import statements

    folder = statements("catalog")
    with Inventory(inventory) as opened:
        found = opened.query(folder["columns"].sql, {"name": name}) if name else opened.query(folder["tables"].sql)
    if name and not found.rows:
        raise UsageError(f"there is no table `{name}`", "`tonnage tables` lists them")
    put_table(found, form, output, limit or 0)
