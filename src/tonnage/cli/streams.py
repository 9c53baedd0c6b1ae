"""Standard output as it really is: a full disk, a pipe nobody reads, closed, or of an encoding that lacks characters.

Whatever is printed goes through `Stdout`, click's help included, so its failures are kept apart from those of anything else.
"""

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any, TextIO

from tonnage.errors import WriteError
from tonnage.show.printable import printable

_IN_ASCII = str.maketrans({"…": "~", "·": "-", "●": "*", "┤": "|"})
"""Our own signs, as one character each: tables stay aligned."""
_OUTSIDE_ASCII = re.compile(r"[^\x00-\x7f]")


class Content(Enum):
    """What a text is, and so what is done where the output's encoding lacks one of its characters."""

    PEOPLE = "people"
    """It is escaped: a person can do with that."""
    JSON = "json"
    """It is escaped as JSON does it: programs read the same."""
    EXACT = "exact"
    """It is refused: another character would be another value, or another file's name in a script."""


class NobodyReadsError(Exception):
    """The reader of stdout has seen enough: `tonnage … | head`. That is not a failure."""


class Stdout:
    """Stdout, whose failures are errors of ours, and which takes any text."""

    encoding = "utf-8"
    """What click is to see: past a stream in ASCII it would write to what is behind that."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._open(), name)

    def write(self, text: str) -> int:
        """Write text for people. Raises WriteError and NobodyReadsError."""
        self.put(text, Content.PEOPLE)
        return len(text)

    def put(self, text: str, content: Content) -> None:
        """Write text as the encoding can hold it. Raises WriteError and NobodyReadsError."""
        if not isinstance(text, str):  # click tries out what it is given
            raise TypeError("stdout takes text")
        if text:  # to write nothing fails on a full disk, and click takes no error of that for an answer
            stream = self._open()
            is_seen = content is not Content.PEOPLE and stream.isatty()
            # What a terminal would obey, or what would turn a line around, is escaped as JSON does it.
            shown = printable(text, "\t\r\n", _escaped) if is_seen else text
            fitting = fitted(shown, stream, content)
            with _failing(stream):
                stream.write(fitting)

    def put_bytes(self, content: bytes) -> None:
        """Write bytes past the encoding. Raises WriteError and NobodyReadsError."""
        stream = self._open()
        with _failing(stream):
            stream.flush()
            stream.buffer.write(content)
            stream.buffer.flush()

    def flush(self) -> None:
        """Raise WriteError or NobodyReadsError if what was written finds no place."""
        if self._stream is not None:
            with _failing(self._stream):
                self._stream.flush()

    def isatty(self) -> bool:
        """Return whether a person looks on."""
        return self._stream is not None and self._stream.isatty()

    def _open(self) -> TextIO:
        if self._stream is None:
            raise WriteError("cannot write to stdout: it is closed", "write to a file with -o FILE")
        return self._stream


@contextlib.contextmanager
def own_streams() -> Iterator[None]:
    """Have stdout's failures be errors of ours, and stderr be there, as long as the block runs."""
    _open_closed()
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdout = Stdout(sys.stdout)
    with contextlib.ExitStack() as stack:
        if sys.stderr is None:
            sys.stderr = stack.enter_context(open(os.devnull, "w"))
        if sys.stdin is None:
            sys.stdin = stack.enter_context(open(os.devnull))
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = before


def fitted(text: str, stream: TextIO, content: Content) -> str:
    """Return text as the stream's encoding can hold it. Raises WriteError if that cannot be done."""
    encoding, errors = stream.encoding or "utf-8", stream.errors or "strict"
    try:
        text.encode(encoding, errors)
    except UnicodeEncodeError as error:
        lacking = text[error.start]
    else:
        return text
    match content:
        case Content.PEOPLE:
            return text.translate(_IN_ASCII).encode(encoding, "backslashreplace").decode(encoding)
        case Content.JSON:
            return _OUTSIDE_ASCII.sub(lambda found: _escaped(found[0]), text)
        case Content.EXACT:
            raise WriteError(
                f"cannot write to stdout: its encoding, {encoding}, has no {lacking!a}",
                "write UTF-8 to a file with -o FILE, or set PYTHONIOENCODING=utf-8",
            )


def _escaped(mark: str) -> str:
    """Return a character as JSON escapes it: beyond the first 65,536 as two halves."""
    units = mark.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


@contextlib.contextmanager
def _failing(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        _give_up(stream)
        raise NobodyReadsError from error
    except OSError as error:
        _give_up(stream)
        raise WriteError(f"cannot write to stdout: {error.strerror or error}") from error


def _give_up(stream: TextIO) -> None:
    """Have what is still to be flushed go nowhere, or Python would fail at it once more at the very end."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _open_closed() -> None:
    """Keep the numbers of streams that were closed from being given to files: what is printed would go there."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
