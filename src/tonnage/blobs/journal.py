"""What was verified, and when: a line for each blob, so that a run that was ended goes on where it was.

A line is written once a blob is read. What was lost with the machine is read again, so lines are not forced to the disk.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from tonnage.errors import JournalError, WriteError
from tonnage.files import place_of

_HEAD = "tonnage verify-blobs"
_OTHER = "name another with --journal FILE"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Journal:
    """A journal that is open, by this program alone."""

    def __init__(self, file: IO[str], path: Path, verified: dict[str, datetime]) -> None:
        self.file, self.path = file, path
        self.verified = verified
        """Paths whose bytes were those of their digest, and when they were read, UTC."""

    def add(self, path: str, at: datetime, problem: str | None) -> None:
        """Add a line. Raises JournalError."""
        self._write({"path": path, "at": at.strftime(_TIME), "problem": problem})

    def _write(self, line: dict[str, object]) -> None:
        try:
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()
        except OSError as error:
            raise JournalError(f"cannot write `{self.path}`: {error.strerror}", _OTHER) from error


@contextmanager
def open_journal(path: Path, location: str) -> Iterator[Journal]:
    """Open or begin the journal of a storage. Raises JournalError for another's, and for what is not one."""
    try:
        place = place_of(path)
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o644)
    except WriteError as error:
        raise JournalError(error.message, _OTHER) from error
    except OSError as error:
        raise JournalError(f"cannot write `{path}`: {error.strerror}", _OTHER) from error
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalError(f"`{path}` is in use", "another verify-blobs runs with it; wait for its end") from error
        verified, end = _read(file, path, location)
        file.seek(end)
        file.truncate()
        journal = Journal(file, path, verified)
        if not end:
            journal._write({"journal": _HEAD, "location": location})
        yield journal


def _read(file: IO[str], path: Path, location: str) -> tuple[dict[str, datetime], int]:
    """Return what was verified, and where the last whole line ends: one that was cut off is read again."""
    verified: dict[str, datetime] = {}
    try:
        text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise JournalError(f"`{path}` is not a journal of verify-blobs", _OTHER) from error
    whole = text[: text.rfind("\n") + 1]
    if text and not whole:
        raise JournalError(f"`{path}` is not a journal of verify-blobs", _OTHER)
    for number, line in enumerate(whole.splitlines()):
        try:
            found = json.loads(line)
            if number == 0:
                _refuse_other(found, path, location)
            elif found["problem"] is None:
                verified[found["path"]] = datetime.strptime(found["at"], _TIME)
            else:
                verified.pop(found["path"], None)
        except (ValueError, TypeError, KeyError) as error:
            raise JournalError(f"line {number + 1} of `{path}` is not of a journal of verify-blobs", _OTHER) from error
    return verified, len(whole.encode())


def _refuse_other(head: dict[str, str], path: Path, location: str) -> None:
    if head["journal"] != _HEAD:
        raise ValueError
    if head["location"] != location:
        raise JournalError(f"`{path}` is the journal of `{head['location']}`", _OTHER)
