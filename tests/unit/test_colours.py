"""Colour and ages: only where a person wants them, on every report, and never in place of words."""

from __future__ import annotations

import itertools
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.show.colours import CODES, COLOURED, PLAIN, look_for
from tonnage.show.printable import printable_in_colour
from tonnage.show.render import to_text
from tonnage.sizes import format_age

NOW = datetime(2026, 11, 29, 12)
WIDTHS = (None, 40, 80, 200)


@pytest.fixture(scope="module")
def opened(demo_inventory: Path) -> Iterator[Inventory]:
    """The inventory, opened once."""
    with Inventory(str(demo_inventory)) as inventory:
        yield inventory


def answer(name: str, inventory: Inventory) -> Table:
    """Return a report's rows; what must be given is a digest that many need."""
    report = builtin_reports()[name]
    ((digest,),) = inventory.query("select digest from blob_usage order by references_count desc, digest limit 1").rows
    given = {parameter.name: digest for parameter in report.parameters if parameter.default is None}
    return run_report(inventory, report, given)


@pytest.mark.parametrize("name", sorted(builtin_reports()))
def test_every_report_is_the_same_in_colour(name: str, opened: Inventory) -> None:
    """Without the codes it is the plain text, at any width; heads are bold, and what is shared is dim."""
    table = answer(name, opened)
    for width in WIDTHS:
        plain, coloured = to_text(table, width), to_text(table, width, COLOURED)
        assert (CODES.sub("", coloured), "\x1b" in plain) == (plain, False)
        heads, *rows = coloured.splitlines()
        assert heads.count(COLOURED.head) == len(re.split(r" {2,}", plain.splitlines()[0].strip()))
        assert not any(COLOURED.head in row for row in rows)
        is_shared = bool(table.rows) and re.search(r"\bSHARED\b", plain.splitlines()[0])
        assert bool(is_shared) == any(COLOURED.dim in row for row in rows)


@pytest.mark.parametrize("name", sorted(builtin_reports()))
def test_every_report_says_ages(name: str, opened: Inventory) -> None:
    """Beside each time that is known, and nowhere else."""
    table = answer(name, opened)
    cells = [cell for row in table.rows for cell in row if isinstance(cell, datetime)]
    text = to_text(table, None, now=NOW)
    assert len(re.findall(r"\d\d:\d\d, (?:\d+ \w+ ago|in \d+ \w+|just now)", text)) == len(cells)


def test_what_is_broken_is_red() -> None:
    """An error, what is lost, what is to be done; not a warning, and not what is unknown."""
    names = ["severity", "lost_bytes", "state", "shared_bytes"]
    rows = [("error", 7, "act", 1), ("warning", 0, "fine", None), (None, None, None, None)]
    _, broken, fine, unknown = to_text(
        Table(names, ["VARCHAR", "BIGINT", "VARCHAR", "BIGINT"], rows), 80, COLOURED
    ).splitlines()
    counts = [[line.count(code) for code in (COLOURED.broken, COLOURED.dim)] for line in (broken, fine, unknown)]
    assert counts == [[3, 1], [0, 1], [0, 1]]


def test_when_there_is_colour() -> None:
    """NO_COLOR is heard first, then FORCE_COLOR, then the terminal; an empty variable says nothing."""
    for no, force, term, is_terminal in itertools.product(
        (None, "", "1"), (None, "", "1"), ("xterm", "dumb", None), (True, False)
    ):
        given = {"NO_COLOR": no, "FORCE_COLOR": force, "TERM": term}
        wanted = not no and (bool(force) or (is_terminal and term == "xterm"))
        found = look_for({name: value for name, value in given.items() if value is not None}, is_terminal)
        assert found == (COLOURED if wanted else PLAIN), (given, is_terminal)


def test_codes_of_others_are_spelled_among_ours() -> None:
    """A pusher's codes are text, in a cell and in a sentence."""
    hostile = "\x1b]0;owned\x07\x1b[2J\x1b[1;31mred"
    shown = to_text(Table(["tag"], ["VARCHAR"], [("\x1b[31m" + hostile,)]), None, COLOURED)
    assert "\x1b" not in shown.splitlines()[1]
    assert printable_in_colour(f"\x1b[1m{hostile}\x1b[0m\n").count("\x1b") == 2


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (59, "just now"), (60, "1 minute ago"), (3599, "59 minutes ago"), (3600, "1 hour ago"), (47 * 3600, "47 hours ago"),
        (2 * 86400, "2 days ago"), (59.9 * 86400, "59 days ago"), (61 * 86400, "2 months ago"),
        (364 * 86400, "11 months ago"),
        (729 * 86400, "23 months ago"), (730 * 86400, "2 years ago"), (-59, "just now"), (-86400, "in 24 hours"),
    ],
)  # fmt: skip
def test_ages(seconds: float, text: str) -> None:
    """As people say them: whole units, never more than has passed; a clock may be ahead."""
    assert format_age(NOW - timedelta(seconds=seconds), NOW) == text


def test_a_terminal_gets_colour_and_a_file_none(demo_inventory: Path, tmp_path: Path) -> None:
    """The real program on a real terminal: the card and its verdict; what goes to a file is plain."""
    settings = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24", "TONNAGE_INVENTORY": str(demo_inventory)}
    screen, terminal = pty.openpty()
    command = f"{sys.executable} -m tonnage; {sys.executable} -m tonnage doctor -o {tmp_path / 'it.txt'}"
    with subprocess.Popen(["sh", "-c", command], stdout=terminal, stderr=terminal, env=settings):
        os.close(terminal)
        shown = b""
        while piece := _read(screen):
            shown += piece
    os.close(screen)
    text = shown.decode()
    assert re.search(r"\x1b\[1mREPOSITORY\x1b\[0m +\x1b\[1mEXCLUSIVE\x1b\[0m", text)
    assert re.search(r"\x1b\[2m *[0-9.]+ [KMG]iB\x1b\[0m", text)
    assert "\x1b" not in CODES.sub("", text)
    assert "\x1b" not in (tmp_path / "it.txt").read_text()


def _read(screen: int) -> bytes:
    try:
        return os.read(screen, 65536)
    except OSError:  # how Linux says that the other end was closed
        return b""
