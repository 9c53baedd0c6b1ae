"""tonnage explain"""

import sys

import click

from tonnage.cli.output_options import output_option


@click.command(epilog="Example: tonnage explain plan.json")
@click.argument("plan", metavar="PLAN")
@output_option()
def command(plan: str, output: str) -> None:
    """Print a plan for people: what goes and why, what stays and why, what it frees."""
    from tonnage.cli.output import is_seen, read_text, show, width
    from tonnage.plan import read_plan
    from tonnage.planning.plan_text import explain

    with_plot = output == "-" and is_seen(sys.stdout)
    show(explain(read_plan(read_text(plan).encode()), width(), with_plot=with_plot), output)
