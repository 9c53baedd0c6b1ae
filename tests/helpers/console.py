"""Sessions as the documents show them: fenced blocks marked `console`, where `$ ` begins a command and output follows.

A line with nothing but `…` stands for any lines. `<!-- exits with 7 -->` above a block says how its last command ends
(else it is 0, or 3 for "finished, but with problems"). `<!-- file: reports/old.sql -->` above a block of another kind
says that its text is that file, which later commands may use.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tonnage.cli import main
from tonnage.cli.options import SETTINGS

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOTE = re.compile(r"<!-- (file|exits with)[: ]+(\S+) -->\n$")
_TIMES = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "YYYY-MM-DD hh:mm"),
    (re.compile(r"\b\d+\.\d s\b"), "0.0 s"),
    (re.compile(r"\bPlan [0-9a-f]{12}\b"), "Plan 0123456789ab"),
    (re.compile(r"^(?:Not used since|They may have been used until) .*$", re.MULTILINE), "Not used since then"),
)
"""What differs from run to run: when it was, how long it took, and the plan that was made then."""


@dataclass(slots=True)
class Command:
    """A command, and what it is said to put out."""

    line: str
    output: str = ""
    exit_codes: tuple[int, ...] = (0, 3)


@dataclass(slots=True)
class Block:
    """A fenced block: a session, or the text of a file."""

    start: int
    end: int
    commands: list[Command] = field(default_factory=list)
    file: str = ""
    text: str = ""


def parse_blocks(document: str) -> Iterator[Block]:
    """Yield the sessions and the files of a Markdown document, in order."""
    for match in _FENCE.finditer(document):
        note = _NOTE.search(document, 0, match.start())
        kind, value = (note[1], note[2]) if note else ("", "")
        if match[1] == "console":
            commands = _parse_commands(match[2])
            if kind == "exits with":
                commands[-1].exit_codes = (int(value),)
            yield Block(match.start(2), match.end(2), commands)
        elif kind == "file":
            yield Block(match.start(2), match.end(2), file=value, text=match[2])


def _parse_commands(text: str) -> list[Command]:
    commands: list[Command] = []
    is_continued = False
    for line in text.splitlines(keepends=True):
        if is_continued:
            commands[-1].line += line
        elif line.startswith("$ "):
            commands.append(Command(line.removeprefix("$ ")))
        else:
            commands[-1].output += line
            continue
        is_continued = line.endswith("\\\n")
    return commands


def run(line: str, folder: Path, paths: Mapping[str, str]) -> tuple[int, str]:
    """Run a command in a folder; return its exit code and all it puts out. `paths` are swapped in, and back out."""
    for shown, real in paths.items():
        line = line.replace(shown, real)
    exit_code, output = (_call if _is_plain(line) else _run_in_shell)(line, folder)
    for shown, real in paths.items():
        output = output.replace(real, shown)
    return exit_code, output


def _is_plain(line: str) -> bool:
    """Return whether a line is a call of tonnage and nothing more: it then needs no process of its own."""
    words = list(shlex.shlex(line, posix=True, punctuation_chars=True))
    return words[0] == "tonnage" and not any(set(word) <= set("();<>|&") for word in words)


def _call(line: str, folder: Path) -> tuple[int, str]:
    out = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
        pytest.raises(SystemExit) as ended,
    ):
        patch.setenv("COLUMNS", "80")
        for name in SETTINGS:
            patch.delenv(name, raising=False)
        main(shlex.split(line.replace("\\\n", ""))[1:])
    return int(ended.value.code or 0), out.getvalue()


def _run_in_shell(line: str, folder: Path) -> tuple[int, str]:
    programs = Path(sys.executable).parent
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    environment = {**kept, "PATH": f"{programs}:{os.environ['PATH']}", "COLUMNS": "80"}
    command = ["bash", "-c", line]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.returncode, done.stdout


def is_as_shown(shown: str, output: str) -> bool:
    """Return whether the output is what the document shows; where it shows nothing, anything may come out."""
    if not shown.strip():
        return True
    lines = without_times(shown).splitlines(keepends=True)
    pattern = "".join(r"(?:.*\n)*" if line.strip() == "…" else re.escape(line) for line in lines)
    return re.fullmatch(pattern, without_times(output)) is not None


def without_times(text: str) -> str:
    """Return the text with what differs from run to run made equal."""
    for pattern, placeholder in _TIMES:
        text = pattern.sub(placeholder, text)
    return text


def with_output(document: str, block: Block) -> str:
    """Return the document with the outputs of one block put in again."""
    text = "".join(f"$ {command.line}{command.output}" for command in block.commands)
    return document[: block.start] + text + document[block.end :]
