"""tonnage tables"""

import click

from tonnage.cli.options import inventory_option
from tonnage.cli.output_options import Asked, output_options


@click.command(epilog="Example: tonnage tables blob_usage")
@click.argument("name", required=False, metavar="[TABLE]")
@inventory_option
@output_options
def command(name: str | None, inventory: str, asked: Asked) -> None:
    """List the tables of the inventory, or the columns of one, with what they mean.

    The meaning is in the database itself: any SQL tool shows it.
    """
    from tonnage.cli.output import put_rows
    from tonnage.cli.tags import ask_inventory
    from tonnage.errors import UsageError
    from tonnage.formats.closest import meant
    from tonnage.inventory.statements import statements

    with ask_inventory(inventory, None) as opened:
        folder = statements(opened.catalog)
        tables = opened.query(folder["tables"].sql)
        found = opened.query(folder["columns"].sql, {"name": name}) if name else tables
    if name and not found.rows:
        names = [str(row[0]) for row in tables.rows]
        raise UsageError(f"there is no table `{name}`", meant(name, names, "`tonnage tables` lists them"))
    put_rows(found, asked._replace(limit=asked.limit or 0))
