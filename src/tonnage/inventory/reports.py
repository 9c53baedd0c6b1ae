"""Reports: each is one .sql file, ours or an operator's own, with its title and parameters in its first lines.

    -- Layers with few references and a large size. One row per layer.
    -- $max_references integer 2: at most this many revisions name the layer directly
    -- references_count: revisions whose manifest names it directly
    -- Needs: files
    -- Example: tonnage layers --max-references 1
    select …

A parameter is `$name type default: text`; types are text, integer, decimal, bytes, days and digest; names of what there
is (repository, namespace, tag, kind), which are globs, for `like $name escape '!'`; or the words to choose from as
`one|other`, where `label:KEY` is any word that begins with `label:`. Without a default it must be given, and the default
`any` is no restriction. A default that hides rows says what hides none, as `2..any`; of an integer, `any` is null.
`Needs` says without which knowledge (see knowledge.py) the report would call none what is only unknown: `files`,
`untagged`, `uses`; it is then refused.
A column is explained by `name: text`, unless it is a column of a view and has its meaning from there.
From this one file come the command, its help, its options, the table, the JSON, the page and the docs.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tonnage.errors import UsageError
from tonnage.formats.closest import meant
from tonnage.formats.targets import CUT
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.known import insist
from tonnage.inventory.names import ANY, insist_on_name, is_name_type, like_of
from tonnage.inventory.statements import statements
from tonnage.inventory.steering import NOT_STEERED, Steering, count, labelled, steer
from tonnage.sizes import parse_size

REGISTRY = "registry"
"""The column that says of which inventory a row is, where several are asked."""
_WORD = r"[\w-]+(?::[A-Z]+)?"
_PARAMETER = re.compile(rf"-- \$(\w+) ({_WORD}(?:\|{_WORD})*)(?: (\S+?)(?:\.\.(\S+))?)?: (.+)")
_TYPES = ("text", "integer", "decimal", "bytes", "days", "digest")
_DECIMAL = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
_COLUMN = re.compile(r"-- ([a-z_]+): (.+)")
_NEED = re.compile(r"-- Needs: (files|untagged|uses)")
_EXAMPLE = re.compile(r"-- Example: (.+)")


class Parameter(NamedTuple):
    """A parameter of a report."""

    name: str
    type: str
    default: str | None
    widest: str | None
    """What hides nothing, where the default hides something."""
    help: str

    @property
    def choices(self) -> list[str]:
        """The words that may be given; none where any may."""
        if "|" not in self.type:
            return []
        words = self.type.split("|")
        return [self.default, *words] if self.default and self.default not in words else words

    @property
    def is_open(self) -> bool:
        """Whether one of the choices stands for many words, as `label:KEY`."""
        return any(":" in choice for choice in self.choices)

    @property
    def option(self) -> str:
        """How it is given on the command line; one that must be given has no option."""
        return self.name if self.default is None else f"--{self.name.replace('_', '-')}"

    def parse(self, text: str) -> object:
        """Return the value to bind. Raises UsageError."""
        try:
            return self._value(text)
        except ValueError as error:
            raise UsageError(f"`{self.option}`: {error}") from error

    def _value(self, text: str) -> object:
        match self.type:
            case "integer" if text == self.widest == ANY:
                return None
            case "integer":
                return _parse_count(text, "write it like 2")
            case "decimal":
                return _parse_decimal(text)
            case "days":
                return _parse_count(text.removesuffix("d"), "write it like 90d")
            case "bytes":
                return parse_size(text)
        if is_name_type(self.type):
            return like_of(text)
        if self.choices and not any(is_choice(text, choice) for choice in self.choices):
            raise ValueError(f"`{text}` is none of {', '.join(self.choices)}")
        return text


def _parse_count(text: str, advice: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"`{text}` is not a whole number; {advice}")
    return int(text)


def _parse_decimal(text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"`{text}` is not a decimal number; write it like 0.023")
    return float(text)


def is_choice(text: str, choice: str) -> bool:
    """Return whether a text is what a choice allows: that word, or for `label:KEY` any that begins with `label:`."""
    beginning, colon, _ = choice.partition(":")
    return text == choice if not colon else text.startswith(f"{beginning}:") and len(text) > len(beginning) + 1


class Report(NamedTuple):
    """A report: what a row is, its parameters, its SQL."""

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    columns: dict[str, str]
    example: str
    sql: str
    needs: tuple[str, ...] = ()
    """What the inventory has to know, else the report is refused."""

    @property
    def question(self) -> str:
        """The title's first clause, for lists of reports."""
        return re.split(r"[.:;] ", self.title, maxsplit=1)[0].rstrip(".")


def parse_report(name: str, sql: str) -> Report:
    """Return the report a file holds. Without a comment in the first line its title is its name."""
    lines = [line.strip() for line in sql.splitlines()]
    title = lines[0].removeprefix("--").strip() if lines and lines[0].startswith("--") else name
    found = (Parameter(*match.groups()) for line in lines if (match := _PARAMETER.fullmatch(line)))
    parameters = tuple(p for p in found if p.type in _TYPES or p.choices or is_name_type(p.type))
    columns = {match[1]: match[2] for line in lines if (match := _COLUMN.fullmatch(line))}
    examples = [match[1] for line in lines if (match := _EXAMPLE.fullmatch(line))]
    needs = tuple(match[1] for line in lines if (match := _NEED.fullmatch(line)))
    return Report(name, title, parameters, columns, examples[0] if examples else f"tonnage {name}", sql, needs)


@cache
def builtin_reports() -> dict[str, Report]:
    """Return the reports that come with tonnage, by name."""
    return {name: parse_report(name, statement.sql) for name, statement in statements("reports").items()}


def reports_in(folder: str | None) -> dict[str, Report]:
    """Return the reports of an operator's own folder, by name. Raises UsageError if it cannot be read."""
    if not folder:
        return {}
    try:
        found = sorted(path for path in Path(folder).iterdir() if path.suffix == ".sql")
    except OSError as error:
        raise UsageError(f"cannot read the reports in `{folder}`: {error.strerror}") from error
    return {path.stem: read_report(path) for path in found}


def read_report(path: Path) -> Report:
    """Return the report in a file. Raises UsageError if it cannot be read."""
    try:
        return parse_report(path.stem, path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"`{path}` is not UTF-8 text") from error


def run_report(inventory: Inventory, report: Report, values: dict[str, str], steering: Steering = NOT_STEERED) -> Table:
    """Return the rows of a report. `values` are as typed; defaults fill in. Raises UsageError, QueryError, NotKnownError."""
    refuse_ignorance_of(inventory, report)
    return steer(inventory.query, report.sql, bind(inventory, report, values), steering)


def run_with_head(
    inventory: Inventory, report: Report, values: dict[str, str], steering: Steering = NOT_STEERED
) -> tuple[Table, Table | None]:
    """Return the rows, and what stands above them for a person: one row on what was asked about; None for most."""
    if report.name not in statements("heads") or report is not builtin_reports().get(report.name):
        return run_report(inventory, report, values, steering), None
    refuse_ignorance_of(inventory, report)
    bound = bind(inventory, report, values)
    head = inventory.query(statements("heads")[report.name].sql, bound)
    return steer(inventory.query, report.sql, bound, steering), head


class Hidden(NamedTuple):
    """What the default of a parameter hides."""

    option: str
    default: str
    widest: str
    rows_count: int


def hides(report: Report, values: dict[str, str]) -> bool:
    """Return whether a default that nobody asked for hides rows."""
    return any(parameter.widest and parameter.name not in values for parameter in report.parameters)


def hidden_by_defaults(
    inventory: Inventory, report: Report, values: dict[str, str], shown: Table, where: str
) -> list[Hidden]:
    """Return what each default hides that nobody asked for, by itself; `where` is the condition that holds all the same."""
    return _hidden(inventory, report, values, shown.rows_count, where)


def _hidden(inventory: Inventory, report: Report, values: dict[str, str], shown_count: int, where: str) -> list[Hidden]:
    found = []
    for parameter in report.parameters:
        if parameter.widest and parameter.name not in values:
            wide = bind(inventory, report, {**values, parameter.name: parameter.widest})
            more = count(inventory.query, report.sql, wide, where) - shown_count
            if more > 0:
                found.append(Hidden(parameter.option, parameter.default or "", parameter.widest, more))
    return found


def hidden_in_each(inventory: Inventory, report: Report, values: dict[str, str], where: str, name: str) -> list[Hidden]:
    """Return what defaults hide of one inventory's rows among several; the condition may ask for its `name`."""
    alone = report._replace(sql=labelled(report.sql, REGISTRY, name))
    shown = count(inventory.query, alone.sql, bind(inventory, report, values), where)
    return _hidden(inventory, alone, values, shown, where)


def add_up(found: Iterable[Hidden]) -> list[Hidden]:
    """Return what each default hides of all inventories together."""
    total: dict[str, Hidden] = {}
    for hidden in found:
        before = total.get(hidden.option)
        total[hidden.option] = hidden._replace(rows_count=hidden.rows_count + (before.rows_count if before else 0))
    return list(total.values())


def refuse_ignorance_of(inventory: Inventory, report: Report) -> None:
    """Raise NotKnownError for a report that needs what the inventory does not know."""
    for need in report.needs:
        insist(inventory, need, report.question[:1].lower() + report.question[1:])


def bind(inventory: Inventory, report: Report, values: dict[str, str]) -> dict[str, Any]:
    """Return the values of a report's parameters, as typed or by default. Raises UsageError."""
    bound: dict[str, Any] = {}
    if unknown := values.keys() - {parameter.name for parameter in report.parameters}:
        known = ", ".join(parameter.name for parameter in report.parameters) or "none"
        hint = meant(min(unknown), (parameter.name for parameter in report.parameters), f"its parameters: {known}")
        raise UsageError(f"`{report.name}` has no parameter `{min(unknown)}`", hint)
    for parameter in report.parameters:
        text = values.get(parameter.name, parameter.default)
        if text is None:
            raise UsageError(f"`{report.name}` needs a {parameter.name}")
        value = parameter.parse(text)
        if is_name_type(parameter.type):
            insist_on_name(inventory, parameter.type, text, parameter.option)
        bound[parameter.name] = find_digest(inventory, text) if parameter.type == "digest" else value
    return bound


def find_digest(inventory: Inventory, text: str) -> str:
    """Return the one digest that is meant. Raises UsageError.

    `text` is its beginning, with or without `sha256:`, cut as reports print it; or REPOSITORY:TAG, or REPOSITORY@DIGEST.
    """
    if tagged := _digest_of_tag(inventory, text):
        return tagged
    text = text.rpartition("@")[2].rstrip(CUT)
    start = text if ":" in text else f"sha256:{text}"
    found = inventory.query(
        "select digest from store.digest where starts_with(digest, $start) order by digest limit 3", {"start": start}
    ).rows
    if not found:
        raise UsageError(f"no digest begins with `{text}`", 'all there are: tonnage sql "from blob" --json')
    if len(found) > 1 and found[0][0] != start:
        raise UsageError(f"several digests begin with `{text}`", f"for one: {found[0][0]}")
    return str(found[0][0])


def _digest_of_tag(inventory: Inventory, text: str) -> str:
    """Return what a tag leads to; nothing for a text that is not one."""
    repository, _, tag = text.rpartition(":")
    found = inventory.query(
        "select digest from tag where repository = $repository and tag = $tag", {"repository": repository, "tag": tag}
    ).rows
    return str(found[0][0]) if found else ""
