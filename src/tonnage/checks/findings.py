"""What became of the questions that `doctor` asks: as rows, as text, and as an exit code."""

from collections.abc import Sequence
from enum import StrEnum
from textwrap import fill
from typing import NamedTuple

from tonnage.errors import DOCTOR_WARNS
from tonnage.inventory.database import Table
from tonnage.show.colours import PLAIN, Look, painted

_STEP = " " * 9
"""Below the question it belongs to."""
_COLUMNS = ("question", "state", "finding", "advice", "command")


class State(StrEnum):
    """What becomes of a question."""

    FINE = "fine"
    ACT = "act"
    UNKNOWN = "unknown"


class Finding(NamedTuple):
    """The answer to a question."""

    question: str
    state: State
    finding: str
    advice: str = ""
    """What to do, in words; empty where the command says it all."""
    command: str | None = None
    """What to run next, as it may be copied."""
    matters: bool = True
    """Whether a collection is better not run before it is fine."""


def exit_code_of(findings: Sequence[Finding], delete_untagged: bool = False) -> int:
    """Return how it ends: with 0 where all is fine that matters to a collection, which is with `-m` only if said so."""
    matters = (f for f in findings if f.matters and (delete_untagged or not f.question.endswith("-m")))
    return 0 if all(found.state is State.FINE for found in matters) else DOCTOR_WARNS


def to_table(findings: Sequence[Finding]) -> Table:
    """Return findings as rows."""
    rows = [(f.question, str(f.state), f.finding, f.advice, f.command) for f in findings]
    return Table(list(_COLUMNS), ["VARCHAR"] * len(_COLUMNS), rows)


def to_text(findings: Sequence[Finding], width: int = 80, look: Look = PLAIN) -> str:
    """Return findings for people: what is, then what to do, a command whole however narrow the screen."""
    widest = max(len(found.question) for found in findings)
    lines = []
    for found in findings:
        head = f"{found.state:7}  {found.question:{widest}}  "
        text = fill(f"{head}{found.finding}", width, subsequent_indent=" " * len(head))
        lines.append(painted(found.state, look.of_cell("state", found.state)) + text[len(found.state) :])
        if found.state is not State.FINE:
            lines += [
                fill(text, width, initial_indent=_STEP, subsequent_indent=_STEP) for text in (found.advice,) if text
            ]
            lines += [f"{_STEP}{found.command}"] if found.command else []
    return "".join(f"{line}\n" for line in lines)
