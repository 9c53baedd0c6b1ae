"""tonnage plan"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonnage.cli.options import collector_option, inventory_option, tags_option
from tonnage.cli.output_options import output_option
from tonnage.cli.parsing import parse_with
from tonnage.sizes import parse_percent

if TYPE_CHECKING:
    from tonnage.inventory.database import Inventory
    from tonnage.plan import Plan


@click.command(
    epilog="""\b
Examples:
  tonnage plan 'team-a/*:pr-*' ml/notebook:cuda
  tonnage plan --policy policy.toml --in-use in-use.txt
  tonnage plan --free 500GiB --policy policy.toml
  tonnage plan --free-to 80%
  kubectl get pods -A -o json | tonnage plan --free 10GiB --in-use -

Nothing is deleted by this; tonnage apply follows the plan after a person has read it."""
)
@click.argument("targets", nargs=-1, metavar="[TARGET…]")
@click.option("--policy", metavar="FILE", help="Rules in TOML that say what is kept and what goes.")
@click.option(
    "--in-use", metavar="FILE", help="Images never to touch: a reference a line, or kubectl's JSON; - is stdin."
)
@click.option("--free", metavar="SIZE", help="Choose the cheapest deletions that free this much.")
@click.option(
    "--free-to",
    metavar="PERCENT",
    callback=parse_with(parse_percent),
    help="The same, until the volume is no fuller than this: 80%.",
)
@click.option("--older-is-cheaper", is_flag=True, help="With both: a tag costs half for each 180 days of age.")
@tags_option
@collector_option(default="2", show_default=True)
@output_option(default="plan.json", show_default=True, help="Where to; - is stdout.")
@click.option("--explain", is_flag=True, help="Print the whole plan for people as well.")
@inventory_option
def command(
    targets: tuple[str, ...],
    policy: str | None,
    in_use: str | None,
    free: str | None,
    free_to: float | None,
    older_is_cheaper: bool,
    tags_from: str | None,
    version: str,
    output: str,
    explain: bool,
    inventory: str,
) -> None:
    """Write a plan of what to delete: by name (REPO, REPO:TAG, REPO@DIGEST), by policy, or by the bytes wanted."""
    from tonnage.cli.hints import lasting, named
    from tonnage.cli.output import is_seen, put, read_text, show, talk, width
    from tonnage.cli.streams import Content
    from tonnage.cli.tags import read_tags
    from tonnage.formats.references import parse_in_use
    from tonnage.formats.targets import parse_target
    from tonnage.inventory.database import Inventory
    from tonnage.plan import write_plan
    from tonnage.planning import plan_text
    from tonnage.planning.planner import Wanted, make_plan
    from tonnage.planning.policy import parse_policy

    _refuse(bool(targets or policy), free, free_to)
    tags = read_tags(tags_from)
    wanted = Wanted(
        targets=tuple(parse_target(text) for text in targets),
        policy=parse_policy(read_text(policy)) if policy else None,
        in_use=tuple(parse_in_use(read_text(in_use))) if in_use else (),
        free_bytes=_bytes_wanted(free) if free else None,
        older_is_cheaper=older_is_cheaper,
        registry_version=int(version),
        given_tags_count=None if tags is None else len(set(tags)),
        plan_file=os.path.abspath("plan.json" if output == "-" else output),
        inventory=lasting(inventory),
    )
    with Inventory(inventory, tags=tags) as opened:
        wanted = wanted if free_to is None else wanted._replace(free_bytes=_bytes_to(opened, free_to))
        plan = make_plan(opened, wanted, datetime.now(UTC))
    put(write_plan(plan), output, Content.JSON)
    if explain:
        show(plan_text.explain(plan, width(), with_plot=is_seen(sys.stdout)))
    else:
        talk(summary(plan).rstrip())
    if output != "-":
        talk(f"\n{Path(output)} is ready to be read: tonnage explain {named(output)}")


def summary(plan: "Plan") -> str:
    """Return the plan on one screen: with its plot where that has a place too, as what to do next stands below it."""
    from tonnage.cli.output import height, is_seen, width
    from tonnage.planning.plan_text import summarize

    drawn = summarize(plan, width(), with_plot=is_seen(sys.stderr))
    return drawn if drawn.count("\n") < height() else summarize(plan, width(), with_plot=False)


def _refuse(has_names: bool, free: str | None, free_to: float | None) -> None:
    from tonnage.errors import UsageError

    if not (has_names or free or free_to is not None):
        raise UsageError("nothing to plan", "name targets, or give --policy, --free or --free-to")
    if free and free_to is not None:
        raise UsageError("both --free and --free-to", "give one of them")


def _bytes_to(inventory: "Inventory", percent: float) -> int:
    """Return what has to go until the volume of the storage is no fuller; 0 if it is not."""
    from tonnage.cli import volume
    from tonnage.cli.output import talk
    from tonnage.errors import NotKnownError
    from tonnage.inventory.pace import bytes_over
    from tonnage.layers.opening import place_in

    found = volume.volume_at(place_in(inventory))
    if found is None:
        raise NotKnownError(
            "how full the volume is: unknown; the storage is not in a folder here", "--free SIZE says what is to go"
        )
    wanted = bytes_over(found, percent)
    if not wanted:
        talk(f"the volume is no fuller than {percent:g}% as it is")
    return wanted


def _bytes_wanted(text: str) -> int:
    from tonnage.errors import UsageError
    from tonnage.sizes import parse_size

    try:
        return parse_size(text)
    except ValueError as error:
        raise UsageError(f"`--free`: {error}") from error
