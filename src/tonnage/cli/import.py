"""tonnage import"""

import click

from tonnage.cli.options import new_inventory_option
from tonnage.cli.places import readable


@click.command(
    epilog="""\b
Examples:
  tonnage import lake -i fast.duckdb
  tonnage import s3://lake/history/scan=2026-11-29 -i fast.duckdb
  tonnage import 'postgresql://me@db/registries?schema=prod' -i prod.duckdb"""
)
@click.argument("place", metavar="PLACE", callback=readable)
@new_inventory_option
def command(place: str, inventory: str) -> None:
    """Bring an inventory back that `tonnage export` put elsewhere, into a file that is not there yet.

    What works in steps, as the page and many plans, is faster on a file. Scans go on with it where the old one stopped.
    """
    from pathlib import Path

    from tonnage.cli.hints import ready
    from tonnage.cli.output import talk
    from tonnage.inventory.copies import bring_back

    bring_back(place, Path(inventory))
    talk(ready(inventory))
