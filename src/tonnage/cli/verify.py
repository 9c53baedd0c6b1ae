"""tonnage verify"""

import sys

import click

from tonnage.cli.options import inventory_option
from tonnage.cli.output_options import Asked, output_options


@click.command(epilog="Example: tonnage scan /var/lib/registry && tonnage verify plan.json")
@click.argument("plan", metavar="PLAN")
@inventory_option
@output_options
def command(plan: str, inventory: str, asked: Asked) -> None:
    """Compare a plan with the inventory of a scan made after the collection, to the byte.

    Exits with 0 if all went as predicted, with 16 if not; the rows say what did not, and why.
    """
    from tonnage.cli.output import put_rows, read_text, talk
    from tonnage.cli.tags import ask_inventory
    from tonnage.plan import read_plan
    from tonnage.planning.verify import NOT_AS_PREDICTED, verify

    with ask_inventory(inventory, None) as opened:
        found = verify(opened, read_plan(read_text(plan).encode()))
    talk(
        f"predicted {found.predicted_bytes:,} bytes, freed {found.freed_bytes:,};"
        f" {found.items_done_count:,} of {found.items_count:,} deletions done"
    )
    for note in found.notes:
        talk(f"note: {note}: tonnage gc --list difference says why")
    if found.is_as_predicted:
        talk("as predicted, to the byte")
        return
    put_rows(found.findings, asked)
    sys.exit(NOT_AS_PREDICTED)
