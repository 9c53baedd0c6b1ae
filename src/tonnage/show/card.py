"""The card: what is the matter, what fills the disk, what to do next, on one screen. Built from the reports."""

from textwrap import fill

from tonnage.inventory.database import Table
from tonnage.inventory.known import Doubted
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.inventory.statements import statements
from tonnage.show.colours import PLAIN, Look, painted
from tonnage.show.render import to_text
from tonnage.show.verdict import Facts, Finding, Step, verdict
from tonnage.sizes import format_size, format_time

_TOP = 5
_LEAST_ROWS = 2
_STEPS, _MOST_STEPS = 3, 4
_BROKEN = ("stops",)
"""Findings that somebody has to act on before anything else."""
_REPOSITORY_COLUMNS = ("repository", "exclusive_bytes", "shared_bytes", "tags_count", "untagged_count")
_LAYER_COLUMNS = ("digest", "size_bytes", "references_count", "class", "created_by")
_MORE = (
    Step("repositories", "who needs the most"),
    Step("layers --min-size 500MiB", "large layers that hardly anything refers to"),
    Step("why DIGEST", "who needs a layer, and the build step that made it"),
)
"""Steps that always make sense, after those that follow from what was found."""


def card(facts: Facts, width: int = 80, height: int | None = None, ending: str = "", look: Look = PLAIN) -> str:
    """Return the card as text. It takes `height` lines where they suffice for the verdict; without, what it needs.

    `ending` is what every command it proposes has to end in, as ` -i FILE`.
    """
    findings = verdict(facts)
    head = "".join(_doubted(doubted, width, look) for doubted in facts.doubts) + _headline(facts, width)
    head += "".join(_finding(finding, findings, width, look) for finding in findings) or "nothing stands out\n"
    head += f"\n{to_text(facts.overview, width, look)}"
    foot = _next(findings, width, ending)
    room = None if height is None else height - 1 - (head + foot).count("\n")
    return head + _tops(facts, width, room, look) + foot


def _headline(facts: Facts, width: int) -> str:
    ((location, finished_at, size_bytes, files_count, is_searched),) = facts.inventory.query(
        statements("card")["scan"].sql
    ).rows
    if not facts.knowledge.has_files:
        unknown = fill(f"Known as far as tags lead. Unknown: {', '.join(facts.knowledge.unknown)}", width)
        return f"{location}, scanned {format_time(finished_at)} UTC over HTTP\n{unknown}\n\n"
    searched = "" if is_searched else "\nStrays inside digest folders were not searched for: tonnage scan --thorough"
    return (
        f"{location}, scanned {format_time(finished_at)} UTC\n"
        f"{format_size(size_bytes)} in {files_count:,} files{searched}\n\n"
    )


def _doubted(doubted: Doubted, width: int, look: Look) -> str:
    """Return a doubt with what to do about it; what is grave begins with capitals, so that nobody reads past it."""
    head = "STOP: " if doubted.is_grave else "note: "
    lines = [fill(head + doubted.text, width), fill(doubted.advice, width)]
    text = "\n".join(lines) + "\n\n"
    return text.replace(head, painted(head, look.broken), 1) if doubted.is_grave else text


def _finding(finding: Finding, findings: list[Finding], width: int, look: Look) -> str:
    indent = max(len(other.name) for other in findings) + 2
    text = fill(f"{finding.name:{indent}}{finding.text}", width, subsequent_indent=" " * indent) + "\n"
    return painted(finding.name, look.broken) + text[len(finding.name) :] if finding.name in _BROKEN else text


def _tops(facts: Facts, width: int, room: int | None, look: Look) -> str:
    """Return the worst offenders, as many as there is room for: repositories first."""
    reports = builtin_reports()
    both = room is None or room >= 2 * (2 + _LEAST_ROWS)
    count = _TOP if room is None else min(_TOP, (room - 4) // 2 if both else room - 2)
    if count < 1:
        return ""
    repositories = run_report(facts.inventory, reports["repositories"], {})
    found = "\n" + to_text(_columns(repositories, _REPOSITORY_COLUMNS, count), width, look)
    if both:
        layers = run_report(facts.inventory, reports["layers"], {})
        found += "\n" + to_text(_columns(layers, _LAYER_COLUMNS, count), width, look)
    return found


def _columns(table: Table, names: tuple[str, ...], count: int) -> Table:
    """Return some columns of the first rows."""
    positions = [table.columns.index(name) for name in names]
    rows = [tuple(row[i] for i in positions) for row in table.rows[:count]]
    return Table(list(names), [table.types[i] for i in positions], rows)


def _next(findings: list[Finding], width: int, ending: str) -> str:
    """Return the commands to run next: each once, those of the gravest findings first. Where there is no room, no why."""
    steps = list(dict.fromkeys(finding.step for finding in findings if finding.step))
    more = [step for step in _MORE if step not in steps]
    shown = steps[:_MOST_STEPS] if len(steps) >= _STEPS else [*steps, *more][:_STEPS]
    lines = [(f"  tonnage {step.command}{ending}", step.why) for step in shown]
    widest = max(len(command) for command, _ in lines)
    fitting = [command if widest + 2 + len(why) > width else f"{command:{widest}}  {why}" for command, why in lines]
    return "\nNext:\n" + "".join(f"{line}\n" for line in fitting)
