"""Every report as a command of its own, its parameters as options."""

import os
from functools import cache
from typing import Any

import click

from tonnage.cli.options import inventory_option, output_options
from tonnage.reports import Parameter, Report, builtin_reports, reports_in

REPORTS_VARIABLE = "TONNAGE_REPORTS"
"""Names a folder with the operator's own reports."""

_METAVARS = {"text": "TEXT", "integer": "N", "bytes": "SIZE", "days": "DAYS", "digest": "DIGEST"}


@cache
def all_reports() -> dict[str, Report]:
    """Return the built-in reports and the operator's own; an own one takes the place of a built-in of the same name."""
    return {**builtin_reports(), **reports_in(os.environ.get(REPORTS_VARIABLE))}


def report_command(report: Report) -> click.Command:
    """Return the command that runs a report."""

    def run(inventory: str, form: str | None, output: str, limit: int | None, **values: str | None) -> None:
        run_and_put(report, inventory, form, output, limit, {k: v for k, v in values.items() if v is not None})

    command = click.command(report.name, help=report.title, epilog=_epilog(report))(inventory_option(output_options(run)))
    command.params[:0] = [_parameter(parameter) for parameter in report.parameters]
    return command


def run_and_put(
    report: Report, path: str, form: str | None, output: str, limit: int | None, values: dict[str, str]
) -> None:
    """Run a report and put its rows out."""
    from tonnage.cli.output import put_table
    from tonnage.database import Inventory
    from tonnage.reports import run_report

    with Inventory(path) as inventory:
        table = run_report(inventory, report, values)
    put_table(table, form, output, limit)


def _parameter(parameter: Parameter) -> click.Parameter:
    if parameter.default is None:
        return click.Argument([parameter.name], metavar=_METAVARS[parameter.type])
    shown: Any = {"show_default": parameter.default} if parameter.default not in ("any", "0") else {}
    name = f"--{parameter.name.replace('_', '-')}"
    return click.Option([name], metavar=_METAVARS[parameter.type], help=parameter.help[:1].upper() + parameter.help[1:] + ".", **shown)


def _epilog(report: Report) -> str:
    arguments = " sha256:4f4f" if any(p.default is None for p in report.parameters) else ""
    return f"Example: tonnage {report.name}{arguments} --json"
