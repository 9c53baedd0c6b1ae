#!/usr/bin/env python3
"""Write docs/reference from the commands, the reports and the comments in the database; with `--check`, compare only.

Samples come from the registry of `tonnage demo`, scanned at a fixed moment, so that every run writes the same.
"""

import ast
import contextlib
import inspect
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import click

from tonnage import __version__, plan
from tonnage.cli import program
from tonnage.cli.options import SETTINGS
from tonnage.cli.topics import TOPICS
from tonnage.errors import EXIT_CODES
from tonnage.exporter.metrics import Metric, builtin_metrics, compat_metrics, run_metric
from tonnage.exporter.state import LIVE, LIVE_LABELS
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.reports import Parameter, Report, builtin_reports, parse_report, run_report
from tonnage.sample import build_demo
from tonnage.scan.run import scan
from tonnage.spark.__main__ import command as spark_job
from tonnage.storage.local import open_local

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
SCANNED_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WIDTH = 80
SAMPLE_ROWS = 5
GENERATED = "<!-- Written by scripts/generate_docs.py; `make docs` rewrites it. -->\n"
MAN = "../man/tonnage.1"
RELATION = re.compile(r"\b(?:from|join) ([a-z_]+)\b(?! as \()")


def main() -> None:
    """Write the pages, or with `--check` say which of them are stale or left over, and exit with 1."""
    with demo_inventory() as inventory:
        pages = {name: text if name == MAN else GENERATED + text for name, text in all_pages(inventory).items()}
    stale = [name for name, text in pages.items() if read(REFERENCE / name) != text]
    if "--check" in sys.argv:
        for name in stale:
            print(f"docs/reference/{name} is stale: make docs", file=sys.stderr)
        left = (
            {path.name for path in REFERENCE.glob("*.md")} - pages.keys() - {"licences.md"}
        )  # that has a script of its own
        for name in sorted(left):
            print(f"docs/reference/{name} is written by nothing: remove it", file=sys.stderr)
        sys.exit(1 if stale or left else 0)
    for name in stale:
        (REFERENCE / name).parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / name).write_text(pages[name], encoding="utf-8")
        print(f"docs/reference/{name} written")


def all_pages(inventory: Inventory) -> dict[str, str]:
    """Return the pages by file name."""
    return {
        "cli.md": cli_page(),
        "exit-codes.md": exit_codes_page(),
        "metrics.md": metrics_page(inventory),
        "plan.md": plan_page(),
        "problems.md": problems_page(inventory),
        "reports.md": reports_page(inventory),
        "tables.md": tables_page(inventory),
        MAN: man_page(),
    }


def read(path: Path) -> str:
    """Return what is in a file, nothing if it is not there."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


@contextlib.contextmanager
def demo_inventory() -> Iterator[Inventory]:
    """Build the demo registry, scan it, and open the inventory, for commands run meanwhile too: in its folder."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        path = str(Path(folder) / "tonnage.duckdb")
        build_demo(Path(folder) / "registry")
        scan(open_local(f"{folder}/registry"), path, now=lambda: SCANNED_AT)
        os.environ.pop("TONNAGE_REPORTS", None)
        os.environ.update(TONNAGE_INVENTORY=path, COLUMNS=str(WIDTH))
        try:
            with Inventory(path) as inventory:
                yield inventory
        finally:
            os.environ.clear()
            os.environ.update(before)


# --- the command line -----------------------------------------------------------------------------------------------


def cli_page() -> str:
    """Return the help of the program, of each command that is not a report, and of the job for Spark."""
    head = "# Commands\n\nEvery report is a command as well: see [reports](reports.md).\n"
    helps = [
        f"## {context.command_path}\n\n{fenced(context.get_help(), 'text')}"
        for context in commands()
        if context.info_name not in builtin_reports()
    ]
    spark = click.Context(
        spark_job, info_name="python -m tonnage.spark", terminal_width=WIDTH, **spark_job.context_settings
    )
    helps.append(f"## {spark.command_path}\n\n{fenced(spark.get_help(), 'text')}")
    settings = [f"| `{name}` | {sentence(meaning)} |" for name, meaning in SETTINGS.items()]
    return "\n".join([head, *helps, "## Environment\n", "| Variable | Meaning |", "|---|---|", *settings, ""])


def commands() -> Iterator[click.Context]:
    """Yield a context for the program and each command, those of groups too."""
    todo: list[tuple[click.Command, str, click.Context | None]] = [(program, "tonnage", None)]
    while todo:
        command, name, parent = todo.pop(0)
        context = click.Context(
            command, info_name=name, parent=parent, terminal_width=WIDTH, **command.context_settings
        )
        yield context
        if isinstance(command, click.Group):
            found = [(command.get_command(context, inner), inner) for inner in command.list_commands(context)]
            todo += [(inner, inner_name, context) for inner, inner_name in found if inner]


def man_page() -> str:
    """Return the manual page: the help of the program, its topics, and the help of each command and report."""
    head = f'.\\" Written by scripts/generate_docs.py\n.TH TONNAGE 1 "" "tonnage {__version__}" "User Commands"\n'
    name = f".SH NAME\ntonnage \\- {roff(program.help or '').splitlines()[0].rstrip('.').lower()}\n"
    topics = [(topic.upper(), found.text()) for topic, found in TOPICS.items() if topic not in ("commands", "reports")]
    helps = [(context.command_path, context.get_help()) for context in commands()]
    sections = [
        f".SH {roff(title)}\n.nf\n{roff(text.rstrip())}\n.fi\n" for title, text in [*helps[:1], *topics, *helps[1:]]
    ]
    return head + name + "".join(sections)


def roff(text: str) -> str:
    """Return text as roff prints it: backslashes, hyphens, and lines that would be requests."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", plain, flags=re.MULTILINE)


def exit_codes_page() -> str:
    """Return the page of exit codes."""
    rows = [f"| {code} | {sentence(meaning)} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(["# Exit codes\n", "| Code | Meaning |", "|---|---|", *rows]) + "\n"


# --- the plan -------------------------------------------------------------------------------------------------------


def plan_page() -> str:
    """Return what stands in a plan, struct by struct, from the words below each field in the code."""
    classes = [node for node in ast.parse(inspect.getsource(plan)).body if isinstance(node, ast.ClassDef)]
    structs = [node for node in classes if hasattr(getattr(plan, node.name), "__struct_fields__")]
    head = (
        f"# The plan\n\n`tonnage plan` writes it as JSON, version {plan.PLAN_VERSION}.\n"
        "`tonnage explain` prints it for people.\n"
        "It only grows: fields are added, and none changes its meaning.\n"
        f"An action is one of {', '.join(f'`{action}`' for action in plan.Action)}.\n"
    )
    return head + "".join(struct_section(struct) for struct in reversed(structs))


def struct_section(struct: ast.ClassDef) -> str:
    """Return the fields of a struct with their types and meanings. Raises KeyError for one without a meaning."""
    fields = [node for node in struct.body if isinstance(node, ast.AnnAssign)]
    below = dict(pairwise(struct.body))
    lines = [f"\n## {struct.name}\n", f"{ast.get_docstring(struct)}\n", "| Field | Type | Meaning |", "|---|---|---|"]
    for field in fields:
        words = below.get(field)
        if not (isinstance(words, ast.Expr) and isinstance(words.value, ast.Constant)):
            raise KeyError(f"{struct.name}.{ast.unparse(field.target)} has no meaning")
        type_ = ast.unparse(field.annotation).replace("|", "or")
        lines.append(f"| `{ast.unparse(field.target)}` | {type_} | {' '.join(str(words.value.value).split())} |")
    return "\n".join(lines) + "\n"


# --- reports --------------------------------------------------------------------------------------------------------


def reports_page(inventory: Inventory) -> str:
    """Return a section for each report."""
    reports = builtin_reports().values()
    head = (
        "# Reports\n\n"
        "Each report is a command, `tonnage NAME`, and one file of SQL.\n"
        "The samples show the registry of `tonnage demo`.\n"
        "All can be [sorted, filtered and exported](../how-to/steer-a-report.md), and take `--inventory`.\n\n"
    )
    index = "".join(f"- [{report.name}](#{report.name}): {sentence(report.question)}\n" for report in reports)
    return head + index + "".join(report_section(inventory, report) for report in reports)


def report_section(inventory: Inventory, report: Report) -> str:
    """Return the question, the parameters, the columns, a sample and the SQL of a report."""
    sample, table = run_example(inventory, report)
    meanings = column_meanings(inventory, report)
    columns = [f"| `{name}` | {meanings[name]} |" for name in table.columns]
    return "\n".join(
        [
            f"\n## {report.name}\n\n{one_sentence_a_line(report.title)}\n",
            *parameter_lines(report.parameters),
            "| Column | Meaning |",
            "|---|---|",
            *columns,
            "",
            fenced(f"$ {report.example}\n{sample}", "console"),
            f"<details><summary>SQL</summary>\n\n{fenced(report.sql, 'sql')}\n</details>\n",
        ]
    )


def parameter_lines(parameters: tuple[Parameter, ...]) -> list[str]:
    """Return the table of parameters, nothing where there are none."""
    if not parameters:
        return []
    rows = [f"| `{p.option}` | {kind_of(p)} | {sentence(p.help)} |" for p in parameters]
    return ["| Option | Value | Meaning |", "|---|---|---|", *rows, ""]


def kind_of(parameter: Parameter) -> str:
    """Return what may be given, and what holds without it."""
    kind = ", ".join(parameter.choices) or parameter.type
    return kind if parameter.default in (None, "any", "0") else f"{kind}; default {parameter.default}"


def run_example(inventory: Inventory, report: Report) -> tuple[str, Table]:
    """Return what the report's own example shows of the demo registry, and all its rows."""
    words = shlex.split(report.example)
    limit = [] if "--limit" in words else ["--limit", str(SAMPLE_ROWS)]
    sample = output_of([*words[1:], *limit])
    values = {p.name: words[2] if p.default is None else p.default for p in report.parameters}
    return sample, run_report(inventory, report, values)


def output_of(args: list[str]) -> str:
    """Return what a command writes to stdout."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        program.main(args, prog_name="tonnage", standalone_mode=False)
    return out.getvalue()


def column_meanings(inventory: Inventory, report: Report) -> dict[str, str]:
    """Return what the columns mean: as the report says, else as the views say that it reads, the first one first."""
    names = RELATION.findall(report.sql)
    found = inventory.query(
        "select table_name, column_name, comment from duckdb_columns()"
        " where schema_name = 'main' and comment is not null"
    ).rows
    ranked = sorted((row for row in found if row[0] in names), key=lambda row: -names.index(row[0]))
    own = {column: sentence(meaning) for column, meaning in report.columns.items()}
    return {column: cell(comment) for _, column, comment in ranked} | own


# --- metrics --------------------------------------------------------------------------------------------------------


def metrics_page(inventory: Inventory) -> str:
    """Return all that a scrape says: the metrics that are SQL, those that are not, and the old names."""
    head = (
        "# Metrics\n\n"
        "What `tonnage exporter` says.\n"
        "Sizes are bytes, times are seconds, and what is not known is left out, never 0.\n"
        "Beside these there are the `process_` metrics that every exporter has.\n"
    )
    live = [metric_row(name, kind, text, LIVE_LABELS.get(name, {})) for name, (kind, text) in LIVE.items()]
    return head + "".join(
        [
            metrics_section(
                "From the inventory", "Each is one file of SQL.", sql_metrics(inventory, builtin_metrics())
            ),
            metrics_section("Of the exporter itself", "Known at the moment of the scrape.", live),
            metrics_section(
                "Of docker-registry-exporter",
                "The names of the exporter that was here before; `--no-compat-metrics` leaves them out.",
                sql_metrics(inventory, compat_metrics()),
            ),
        ]
    )


def metrics_section(title: str, text: str, rows: list[str]) -> str:
    """Return a table of metrics."""
    return "\n".join(
        [f"\n## {title}\n\n{text}\n", "| Metric | Type | Meaning | Labels |", "|---|---|---|---|", *rows, ""]
    )


def sql_metrics(inventory: Inventory, metrics: dict[str, Metric]) -> list[str]:
    """Return a row for each metric, its labels explained by the file or by the views it reads."""
    rows = []
    for metric in metrics.values():
        meanings = column_meanings(inventory, parse_report(metric.name, metric.sql))
        labels = {name: metric.labels.get(name) or meanings[name] for name in run_metric(inventory, metric).label_names}
        rows.append(metric_row(metric.name, metric.type, metric.help, labels))
    return rows


def metric_row(name: str, kind: str, text: str, labels: dict[str, str]) -> str:
    """Return a row of the table of metrics."""
    explained = "<br>".join(f"`{label}`: {cell(meaning).rstrip('.')}" for label, meaning in labels.items())
    return f"| `{name}` | {kind} | {sentence(text)} | {explained} |"


# --- tables and problems --------------------------------------------------------------------------------------------


def tables_page(inventory: Inventory) -> str:
    """Return a section for each view of the inventory: that is what questions are put to."""
    tables = inventory.query(
        "select view_name, comment from duckdb_views()"
        " where schema_name = 'main' and not internal and database_name = current_database() order by view_name"
    ).rows
    head = (
        "# Tables\n\n"
        "What there is to ask in SQL; `tonnage tables` lists the same, from the comments in the database.\n"
        "Sizes are bytes, times are UTC, digests are text, and null is unknown, never 0.\n\n"
    )
    index = "".join(f"- [{name}](#{name})\n" for name, _ in tables)
    return head + index + "".join(table_section(inventory, *row) for row in tables)


def table_section(inventory: Inventory, name: str, comment: str) -> str:
    """Return what a row of a table is, and its columns."""
    columns = inventory.query(
        "select column_name, lower(data_type), comment from duckdb_columns()"
        " where schema_name = 'main' and database_name = current_database() and table_name = $name"
        " order by column_index",
        {"name": name},
    ).rows
    rows = [f"| `{column}` | {type_} | {cell(meaning)} |" for column, type_, meaning in columns]
    head = f"\n## {name}\n\n{one_sentence_a_line(comment)}\n"
    return "\n".join([head, "| Column | Type | Meaning |", "|---|---|---|", *rows]) + "\n"


def problems_page(inventory: Inventory) -> str:
    """Return all kinds of problems, the gravest first."""
    head = (
        "# Kinds of problems\n\n"
        "What can be odd in a storage; `tonnage problems` lists what is.\n"
        "The third column names the garbage collections of the registry that abort on it:\n"
        "2.x and 3.x, with `-m` where only those that delete untagged revisions do.\n"
    )
    return head + "".join(problem_section(inventory, severity) for severity in ("error", "warning", "note"))


def problem_section(inventory: Inventory, severity: str) -> str:
    """Return the kinds of one severity."""
    kinds = inventory.query(
        "select kind, meaning, coalesce(blocks_gc, ''), advice from problem_kind"
        " where severity = $severity order by kind",
        {"severity": severity},
    ).rows
    rows = ["| " + " | ".join([f"`{kind}`", *map(cell, facts)]) + " |" for kind, *facts in kinds]
    head = f"\n## {severity.capitalize()}s\n"
    return "\n".join([head, "| Kind | Meaning | Aborts | What to do |", "|---|---|---|---|", *rows]) + "\n"


# --- Markdown -------------------------------------------------------------------------------------------------------


def fenced(text: str, language: str) -> str:
    """Return a fenced block."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def cell(text: str) -> str:
    """Return the text as it may stand in a cell of a table."""
    return text.replace("|", "\\|")


def sentence(text: str) -> str:
    """Return the text with a capital and a full stop, for a cell."""
    return cell(text[:1].upper() + text[1:].rstrip(".") + ".") if text else ""


def one_sentence_a_line(text: str) -> str:
    """Return the text with each sentence on a line of its own."""
    return re.sub(r"(?<=\.) (?=[A-Z])", "\n", text)


if __name__ == "__main__":
    main()
