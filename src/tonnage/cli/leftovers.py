"""tonnage leftovers --script: the report of this name can also write what it lists as a script to be reviewed."""

from typing import Any

import click

_DAYS = "7d"
"""What the registry's own purging takes for abandoned."""


def with_script(command: click.Command) -> click.Command:
    """Return the report's command with `--script` and `--older-than` added."""
    report = command.callback
    assert report is not None

    def run(script: bool, older_than: str, inventories: tuple[str, ...], output: str, **others: Any) -> None:
        if script:
            _write(_only(inventories), output, older_than)
        else:
            report(inventories=inventories, output=output, **others)

    command.callback = run
    command.params[:0] = [
        click.Option(
            ["--script"],
            is_flag=True,
            help="Write a shell script that removes what can be, each path looked at again; tonnage itself removes nothing.",
        ),
        click.Option(
            ["--older-than"],
            default=_DAYS,
            metavar="DAYS",
            show_default=True,
            help="With --script: uploads nothing was written to since.",
        ),
    ]
    command.epilog = "\b\nExamples:\n  tonnage leftovers\n  tonnage leftovers --script -o leftovers.sh"
    return command


def _only(inventories: tuple[str, ...]) -> str:
    from tonnage.errors import UsageError
    from tonnage.inventory.several import expanded

    found = expanded(inventories)
    if len(found) > 1:
        raise UsageError("`--script` is for one registry", "name one inventory")
    return found[0]


def _write(inventory: str, output: str, older_than: str) -> None:
    from tonnage.cli.output import put, talk
    from tonnage.errors import UsageError
    from tonnage.inventory.database import Inventory
    from tonnage.planning.leftovers import find_leftovers, script

    days = older_than.removesuffix("d")
    if not (days.isascii() and days.isdigit() and int(days)):
        raise UsageError(f"`--older-than`: `{older_than}` is not a number of days", "write it like 7d")
    with Inventory(inventory) as opened:
        found = find_leftovers(opened, int(days))
    put(script(found, int(days)), output)
    talk(
        "read it, set the registry to read-only, then: sh "
        f"{'leftovers.sh' if output == '-' else output}  (a dry run; --remove acts)"
    )
