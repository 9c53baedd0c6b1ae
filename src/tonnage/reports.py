"""Reports: each is one .sql file, ours or an operator's own, with its title and parameters in its first lines.

    -- Layers with few references and a large size. One row per layer.
    -- $max_references integer 2: at most this many revisions name the layer directly
    select …

A parameter is `$name type default: text`; types are text, integer, bytes, days and digest; without a default it must
be given. From this one file come the command, its help, its options, the table, the JSON, the page and the docs.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tonnage.database import Inventory, Table, statements
from tonnage.errors import QueryError, UsageError
from tonnage.sizes import parse_size

_PARAMETER = re.compile(r"-- \$(\w+) (text|integer|bytes|days|digest)(?: (\S+))?: (.+)")


class Parameter(NamedTuple):
    """A parameter of a report."""

    name: str
    type: str
    default: str | None
    help: str

    def parse(self, text: str) -> object:
        """Return the value to bind. Raises UsageError."""
        try:
            match self.type:
                case "integer":
                    return int(text)
                case "days":
                    return int(text.removesuffix("d"))
                case "bytes":
                    return parse_size(text)
                case _:
                    return text
        except ValueError as error:
            raise UsageError(f"--{self.name.replace('_', '-')}: {error}") from error


class Report(NamedTuple):
    """A report: what a row is, its parameters, its SQL."""

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    sql: str


def parse_report(name: str, sql: str) -> Report:
    """Return the report a file holds. Without a comment in the first line its title is its name."""
    lines = sql.splitlines()
    title = lines[0].removeprefix("--").strip() if lines and lines[0].startswith("--") else name
    parameters = [Parameter(*match.groups()) for line in lines if (match := _PARAMETER.fullmatch(line.strip()))]
    return Report(name, title, tuple(parameters), sql)


@cache
def builtin_reports() -> dict[str, Report]:
    """Return the reports that come with tonnage, by name."""
    return {name: parse_report(name, statement.sql) for name, statement in statements("reports").items()}


def reports_in(folder: str | None) -> dict[str, Report]:
    """Return the reports of an operator's own folder, by name. Raises UsageError if it cannot be read."""
    if not folder:
        return {}
    try:
        found = sorted(Path(folder).glob("*.sql"))
        return {path.stem: parse_report(path.stem, path.read_text(encoding="utf-8")) for path in found}
    except OSError as error:
        raise UsageError(f"cannot read the reports in `{folder}`: {error.strerror}") from error


def run_report(inventory: Inventory, report: Report, values: dict[str, str]) -> Table:
    """Return the rows of a report. `values` are as typed; defaults fill in. Raises UsageError and QueryError."""
    bound: dict[str, Any] = {}
    for parameter in report.parameters:
        text = values.get(parameter.name, parameter.default)
        if text is None:
            raise UsageError(f"`{report.name}` needs a {parameter.name}")
        value = parameter.parse(text)
        bound[parameter.name] = find_digest(inventory, text) if parameter.type == "digest" else value
    return inventory.query(report.sql, bound)


def find_digest(inventory: Inventory, text: str) -> str:
    """Return the one blob or reference whose digest begins with `text`, with or without `sha256:`. Raises QueryError."""
    start = text if ":" in text else f"sha256:{text}"
    found = inventory.query(
        "select digest from store.digest where starts_with(digest, $start) order by digest limit 3", {"start": start}
    ).rows
    if not found:
        raise QueryError(f"no digest begins with `{text}`", "digests are shown in full by --json")
    if len(found) > 1 and found[0][0] != start:
        raise QueryError(f"several digests begin with `{text}`", f"for one: {found[0][0]}")
    return str(found[0][0])
