"""JSON that is nested deeper than anybody reads it: what lies that deep is checked and left out, without recursion. Pure.

Go's encoding/json checks a whole document first, down to 10,000 levels, and then reads the fields it knows; none of
these is ten levels deep. Python's readers call themselves for each level and give up at about a thousand. So whatever
lies deeper than `KEPT_LEVELS` becomes an empty list, and any reader can take the rest.

The numbers left out count in one place alone: a document that is decoded as a whole, as schema 1 is, is refused for a
number that no float can hold. A list with such a number in it is left in the place of what held one.
"""

import re
from collections.abc import Callable
from math import isinf
from typing import TypeVar

LEVELS_LIMIT = 10_000
"""Go refuses a document that is nested deeper (encoding/json, scanner.go: maxNestingDepth)."""
KEPT_LEVELS = 64
_HARMLESS_COUNT = 400
"""With fewer lists and objects than this, a document is not nested deeper than Python's readers go."""

_TOKEN = re.compile(
    r'[ \t\n\r]*(?:([{}\[\],:])|("[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*")'
    r"|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(true|false|null))"
)
_BLANK = re.compile(r"[ \t\n\r]*\Z")
_INFINITE = "1e999"
_ENDS = {"[": "]", "{": "}"}


Decoded = TypeVar("Decoded")


def openings_count(content: bytes) -> int:
    """Return how many lists and objects may begin in a document: it is nested no deeper than that."""
    return content.count(b"[") + content.count(b"{")


def readable(content: bytes) -> str:
    """Return a document as text that any reader can take. Raises ValueError if it is not JSON, or too deep for Go."""
    text = content.decode("utf-8", "replace")
    return text if openings_count(content) < _HARMLESS_COUNT else shallow(text)


def decode(decoder: Callable[[bytes | str], Decoded], content: bytes) -> Decoded:
    """Return what a decoder reads, however deep what it does not look at is. Raises what it does, and ValueError."""
    try:
        return decoder(content)
    except RecursionError:
        return decoder(shallow(content.decode()))


def shallow(text: str) -> str:
    """Return a document with what lies deeper than `KEPT_LEVELS` left out. Raises ValueError as `readable` does.

    >>> deep = '{"a": 1, "b": ' + "[" * 5000 + "]" * 5000 + "}"
    >>> len(shallow(deep)) < 200
    True
    """
    return "".join(_Cutter(text).kept)


class _Cutter:
    """Goes over the tokens of a document once, with the open lists and objects on a stack."""

    def __init__(self, text: str) -> None:
        self.kept: list[str] = []
        self._open: list[str] = []
        self._wanted = "value"
        """What may come next: value, value or end, key, key or end, colon, comma or end, nothing."""
        self._has_infinite = False
        position = 0
        while match := _TOKEN.match(text, position):
            if not self._take(*match.groups()):
                break
            position = match.end()
        if self._wanted != "nothing" or not _BLANK.match(text, position):
            raise ValueError(f"something else was expected at character {position:,}")

    def _take(self, mark: str | None, text: str | None, number: str | None, word: str | None) -> bool:
        """Take a token; return whether it may come here."""
        if mark is None:
            return self._scalar(text, number, word)
        if mark in _ENDS:
            return self._begin(mark)
        if mark in "]}":
            return self._end(mark)
        if self._wanted != ("colon" if mark == ":" else "comma or end"):
            return False
        self._keep(mark)
        self._wanted = "value" if mark == ":" or self._open[-1] == "[" else "key"
        return True

    def _scalar(self, text: str | None, number: str | None, word: str | None) -> bool:
        if text is not None and self._wanted.startswith("key"):
            self._keep(text)
            self._wanted = "colon"
            return True
        if not self._wanted.startswith("value"):
            return False
        if number is not None and len(self._open) > KEPT_LEVELS and isinf(float(number)):
            self._has_infinite = True
        self._keep(text or number or word or "")
        self._done()
        return True

    def _begin(self, mark: str) -> bool:
        if not self._wanted.startswith("value"):
            return False
        self._open.append(mark)
        if len(self._open) > LEVELS_LIMIT:
            raise ValueError(f"nested deeper than {LEVELS_LIMIT:,} levels")
        self._keep(mark)
        self._wanted = "value or end" if mark == "[" else "key or end"
        return True

    def _end(self, mark: str) -> bool:
        if not self._open or _ENDS[self._open[-1]] != mark or not self._wanted.endswith("end"):
            return False
        self._keep(mark)
        if len(self._open) == KEPT_LEVELS + 1:
            self.kept.append(f"[{_INFINITE}]" if self._has_infinite else "[]")
            self._has_infinite = False
        self._open.pop()
        self._done()
        return True

    def _done(self) -> None:
        self._wanted = "comma or end" if self._open else "nothing"

    def _keep(self, token: str) -> None:
        if len(self._open) <= KEPT_LEVELS:
            self.kept.append(token)
