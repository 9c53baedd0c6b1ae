"""Every report as a command of its own, its parameters as options."""

import os
from functools import cache

import click

from tonnage.cli.leftovers import with_script
from tonnage.cli.options import inventories_option, tags_option
from tonnage.cli.output_options import Asked, output_options
from tonnage.inventory.reports import Parameter, Report, builtin_reports, reports_in

_METAVARS = {
    "text": "TEXT",
    "integer": "N",
    "decimal": "PRICE",
    "bytes": "SIZE",
    "days": "DAYS",
    "digest": "DIGEST",
    "repository": "GLOB",
    "namespace": "GLOB",
    "tag": "GLOB",
    "kind": "KIND",
}
_NO_RESTRICTION = ("any", "0")
"""Defaults that restrict nothing, and that `--help` need not show."""


@cache
def all_reports() -> dict[str, Report]:
    """Return the built-in reports and the operator's own; an own one takes the place of a built-in of the same name."""
    return {**builtin_reports(), **reports_in(os.environ.get("TONNAGE_REPORTS"))}


def report_command(report: Report) -> click.Command:
    """Return the command that runs a report."""

    def run(tags_from: str | None, inventories: tuple[str, ...], asked: Asked, **values: str | None) -> None:
        given = {name: value for name, value in values.items() if value is not None}
        run_and_put(report, inventories, asked, given, tags_from)

    options = tags_option(inventories_option(output_options(run)))
    command = click.command(report.name, help=report.title, epilog=f"Example: {report.example}")(options)
    command.params[:0] = [_parameter(parameter) for parameter in report.parameters]
    return with_script(command) if report.name == "leftovers" else command


def run_and_put(
    report: Report, places: tuple[str, ...], asked: Asked, values: dict[str, str], tags_from: str | None = None
) -> None:
    """Run a report and put its rows out; a person is told what its defaults hide.

    Several inventories are asked one after the other, and their rows say of which they are.
    """
    from tonnage.inventory.several import expanded

    paths = expanded(places)
    if len(paths) > 1:
        _run_on_each(report, paths, asked, values, tags_from)
    else:
        _run_on_one(report, paths[0], asked, values, tags_from)


def _run_on_each(report: Report, paths: list[str], asked: Asked, values: dict[str, str], tags_from: str | None) -> None:
    from tonnage.cli.output import mention_doubts, put_table, talk
    from tonnage.cli.tags import ask_inventory
    from tonnage.errors import UsageError
    from tonnage.inventory.database import Table
    from tonnage.inventory.reports import Hidden, add_up, hidden_in_each, hides, run_report
    from tonnage.inventory.several import ask_each
    from tonnage.inventory.steering import steer_rows

    if tags_from:
        raise UsageError("`--tags-from` is for one registry", "name one inventory")

    def ask(path: str, name: str) -> Table:
        with ask_inventory(path, None) as inventory:
            table = run_report(inventory, report, values)
            mention_doubts(inventory, f"{name}: ")
        return table

    found = ask_each(paths, ask)
    for text in found.unanswered:
        talk(text)
    table = steer_rows(found.table, asked.steering)
    hidden: list[Hidden] = []
    if asked.form in (None, "table") and hides(report, values):
        for path, name in found.answered.items():
            with ask_inventory(path, None) as inventory:
                hidden += hidden_in_each(inventory, report, values, asked.steering.where, name)
    put_table(table, asked, add_up(hidden))


def _run_on_one(report: Report, path: str, asked: Asked, values: dict[str, str], tags_from: str | None) -> None:
    from tonnage.cli.output import mention_doubts, put_table, wanted
    from tonnage.cli.tags import ask_inventory
    from tonnage.inventory.reports import hidden_by_defaults, run_report, run_with_head

    with ask_inventory(path, tags_from) as inventory:
        is_for_person = asked.form in (None, "table")
        if is_for_person:
            table, head = run_with_head(inventory, report, values, wanted(asked))
        else:
            table, head = run_report(inventory, report, values, wanted(asked)), None
        hidden = hidden_by_defaults(inventory, report, values, table, asked.steering.where) if is_for_person else []
        mention_doubts(inventory)
    put_table(table, asked, hidden, head)


def _parameter(parameter: Parameter) -> click.Parameter:
    metavar = "|".join(parameter.choices) if parameter.is_open else _METAVARS.get(parameter.type)
    if parameter.default is None:
        return click.Argument([parameter.name], metavar=metavar)
    # The report itself has the default: what was not typed is not given, and what it hides is then said.
    said = "" if parameter.default in _NO_RESTRICTION else f"  [default: {parameter.default}]"
    return click.Option(
        [parameter.option],
        metavar=metavar,
        type=click.Choice(parameter.choices) if parameter.choices and not parameter.is_open else None,
        help=parameter.help[:1].upper() + parameter.help[1:] + "." + said,
    )
