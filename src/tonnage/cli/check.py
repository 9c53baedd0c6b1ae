"""tonnage check"""

import sys
from datetime import UTC, datetime
from typing import Any

import click

from tonnage.checks.limits import Limits, parse_age, parse_growth, parse_quota, parse_room
from tonnage.cli.options import inventory_option, tags_option
from tonnage.cli.output_options import Asked, output_options
from tonnage.cli.parsing import parse_each_with, parse_with


@click.command(
    epilog="""\b
Examples:
  tonnage check --free-below 10% --older-than 2d
  tonnage check --grown-over 20GiB/7d --repository-over 'team-a/*=500GiB' --json
  tonnage check --blocks-collection || echo "do not collect"

Prints a line for each breach, and nothing where all limits hold.
Exits with 27 if a limit is breached; else with 28 if of one nobody can say; else with 0."""
)
@click.option(
    "--free-below",
    metavar="ROOM",
    callback=parse_with(parse_room),
    help="Less room than this is free on the storage's volume now: a share or a size, like 10% or 50GiB.",
)
@click.option(
    "--grown-over",
    multiple=True,
    metavar="SIZE/TIME",
    callback=parse_each_with(parse_growth),
    help="The storage grew by more than this in that time, from scan to scan: 20GiB/7d.",
)
@click.option(
    "--repository-over",
    multiple=True,
    metavar="GLOB=SIZE",
    callback=parse_each_with(parse_quota),
    help="A repository needs more than this, shared layers included: 'team-a/*=500GiB'.",
)
@click.option("--blocks-collection", is_flag=True, help="Something in the storage would stop a garbage collection.")
@click.option(
    "--older-than", metavar="TIME", callback=parse_with(parse_age), help="The last scan is older than this: 2d, 12h."
)
@tags_option
@inventory_option
@output_options
def command(tags_from: str | None, inventory: str, asked: Asked, **limits: Any) -> None:
    """Compare the inventory with limits, for cron and CI: a line for each that is breached, or that nobody can tell."""
    from tonnage.checks.breaches import check, exit_code_of, to_lines, to_table
    from tonnage.cli import volume
    from tonnage.cli.output import put_rows, show
    from tonnage.cli.tags import ask_inventory
    from tonnage.errors import UsageError
    from tonnage.layers.opening import place_in

    wanted = Limits(**limits)
    if wanted == Limits():
        raise UsageError("nothing to check", "give a limit, such as --free-below 10%")
    with ask_inventory(inventory, tags_from) as opened:
        found = check(opened, wanted, volume.volume_at(place_in(opened)), datetime.now(UTC).replace(tzinfo=None))
    if asked.is_table:
        put_rows(to_table(found), asked)
    else:
        show(to_lines(found), asked.output)
    sys.exit(exit_code_of(found))
