"""tonnage sql"""

import sys

import click

from tonnage.cli.options import inventory_option, tags_option
from tonnage.cli.output_options import Asked, output_options


@click.command(
    epilog="""\b
Examples:
  tonnage sql "select repository, count(*) as tags_count from tag group by all order by all"
  echo "from class_total" | tonnage sql - --json"""
)
@click.argument("query", metavar="QUERY")
@tags_option
@inventory_option
@output_options
def command(query: str, tags_from: str | None, inventory: str, asked: Asked) -> None:
    """Ask the inventory anything, in SQL (DuckDB's). QUERY - reads it from stdin; `tonnage tables` says what there is.

    The inventory is opened for reading only, and the query can reach no other file. One in PostgreSQL is asked there, in
    PostgreSQL's SQL, with the rights of whoever is logged in.
    """
    from tonnage.cli.output import put_table
    from tonnage.cli.tags import ask_inventory
    from tonnage.inventory.steering import steer

    with ask_inventory(inventory, tags_from) as opened:
        table = steer(opened.query, sys.stdin.read() if query == "-" else query, {}, asked.steering)
    put_table(table, asked)
