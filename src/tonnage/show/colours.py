"""Restrained colour: heads bold, what is shared dim, what is broken red; everything else is as the terminal has it.

Colour says nothing that words do not say too. Pure: whoever prints knows what it is printed to.
Sources: https://no-color.org, https://force-color.org.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_RESET = "\x1b[0m"
_DUMB = ("dumb", "unknown", "")
"""Terminals that say of themselves that they know no codes."""
_DIM = "shared_"
_BROKEN = {"severity": "error", "state": "act"}
_LOST = "lost_bytes"


class Look(NamedTuple):
    """The codes that a terminal is sent before what stands out; empty where nothing is to."""

    head: str = ""
    dim: str = ""
    broken: str = ""

    def of_cell(self, column: str, value: Any) -> str:
        """Return the code for a cell, by its column's name."""
        if column.startswith(_DIM):
            return self.dim
        return self.broken if (value and column == _LOST) or _BROKEN.get(column) == value is not None else ""


PLAIN = Look()
COLOURED = Look("\x1b[1m", "\x1b[2m", "\x1b[31m")
CODES = re.compile("|".join(re.escape(code) for code in (*COLOURED, _RESET)))
"""All that is ever sent."""


def look_for(environment: Mapping[str, str], is_terminal: bool) -> Look:
    """Return how to print. NO_COLOR is heard first, then FORCE_COLOR; else a terminal gets colour unless it is a dumb one.

    >>> look_for({"TERM": "xterm"}, True) == COLOURED, look_for({"TERM": "xterm", "NO_COLOR": "1"}, True) == PLAIN
    (True, True)
    """
    if environment.get("NO_COLOR"):
        return PLAIN
    if environment.get("FORCE_COLOR"):
        return COLOURED
    return COLOURED if is_terminal and environment.get("TERM", "") not in _DUMB else PLAIN


def painted(text: str, code: str) -> str:
    """Return text in a colour; the same text where there is no code for one.

    >>> painted("STOP", PLAIN.broken), painted("STOP", COLOURED.broken)
    ('STOP', '\\x1b[31mSTOP\\x1b[0m')
    """
    return f"{code}{text}{_RESET}" if code and text else text
