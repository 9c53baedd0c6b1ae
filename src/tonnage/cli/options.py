"""Options that mean the same everywhere."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

INVENTORY_HELP = "The inventory; else TONNAGE_INVENTORY, else tonnage.duckdb here."
_LIMIT_HELP = "Rows at most; 0 is all. Without it 20 on the screen, all as JSON, as CSV and in a file."

Command = TypeVar("Command", bound=Callable[..., Any])


def inventory_option(command: Command) -> Command:
    """Add `--inventory`, for every command that reads or writes one."""
    return click.option(
        "-i",
        "--inventory",
        metavar="FILE",
        default=lambda: click.get_current_context().obj,  # what stands before the command's name, see `program`
        help=INVENTORY_HELP,
    )(command)


def output_options(command: Command) -> Command:
    """Add how rows are put out: `--json`, `--csv`, `-o`, `--limit`."""
    for option in (
        click.option("--limit", type=int, callback=_not_negative, metavar="N", help=_LIMIT_HELP),
        click.option("-o", "--output", metavar="FILE", default="-", help="Write to a file; - is stdout."),
        click.option("--csv", "form", flag_value="csv", help="Comma-separated values."),
        click.option("--json", "form", flag_value="json", help="One array of objects, with exact integers."),
    ):
        command = option(command)
    return command


def _not_negative(ctx: click.Context, parameter: click.Parameter, value: int | None) -> int | None:
    """Refuse less than 0. (`click.IntRange` would put `[x>=0]` into every help.)"""
    if value is not None and value < 0:
        raise click.BadParameter("it is less than 0", ctx, parameter)
    return value
