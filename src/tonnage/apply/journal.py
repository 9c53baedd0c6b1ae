"""The journal: what was done to the registry, line by line, and the manifests as they were.

One line is on the disk before each call and one after it. So a program that is killed - or a machine that loses power -
leaves at most one call per repository of which it is not known whether the registry carried it out; the next run asks
the registry. A last line that was cut off is none: its call was never made, or its answer is asked for again.

Beside the journal `x.journal` lies the folder `x.manifests` with the bytes of every manifest, named by digest.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tonnage.errors import JournalError, WriteError
from tonnage.files import place_of, sync_folder, write_file
from tonnage.plan import Action, short_id
from tonnage.registry import RemoteManifest, has_digest

JOURNAL_VERSION = 2
_BEGINNING = b'{"event":"begun",'
_NO_JOURNAL = (
    "name another with --journal FILE, or move a damaged one away: apply looks at each item again, undo needs it"
)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    at: str = msgspec.field(default_factory=_now)


class Begun(_Line, frozen=True, kw_only=True, tag="begun"):
    """The first line: what the journal is of."""

    version: int = JOURNAL_VERSION
    plan: str
    registry: str


class Called(_Line, frozen=True, kw_only=True, tag="call"):
    """Before a call. Its manifest is saved already."""

    number: int
    """The item's place in the plan, from 1."""
    action: Action
    repository: str
    digest: str
    tags: list[str]
    """What pointed to the digest and goes with it."""
    media_type: str
    kind: str = ""
    seen: dict[str, str] = {}
    """Tags of the repository and where they led right before, as far as it is not what the lines above say."""
    unseen: list[str] = []
    """Those of the lines above that were no longer there."""
    missing: list[str] = []
    """What it leads to and the plan's scan did not find: with that missing it cannot be pushed again."""


class Lost(_Line, frozen=True, kw_only=True, tag="lost"):
    """A call took tags along that its item does not name; they are to be put back."""

    number: int
    tags: list[str]


class Done(_Line, frozen=True, kw_only=True, tag="done"):
    """After a call that was carried out."""

    number: int
    said: str


class Left(_Line, frozen=True, kw_only=True, tag="left"):
    """An item that was skipped or failed."""

    number: int
    status: str
    kind: str
    reason: str


class Restored(_Line, frozen=True, kw_only=True, tag="restored"):
    """What an item deleted is there again: it is no longer done."""

    number: int


Line = Begun | Called | Lost | Done | Left | Restored
_decode = msgspec.json.Decoder(Line).decode


@dataclass(slots=True)
class History:
    """What a journal says, taken together."""

    plan: str = ""
    registry: str = ""
    calls: dict[int, Called] = field(default_factory=dict)
    """Every call that was made and not taken back; the registry knows whether it was carried out."""
    done: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    """Calls that took tags along which are not back yet; the calls have them among their own."""
    seen: dict[str, dict[str, str]] = field(default_factory=dict)
    """Repository -> its tags and where they led, right before the last call in it."""

    def add(self, line: Line) -> None:
        """Take in the next line."""
        match line:
            case Begun():
                self.plan, self.registry = line.plan, line.registry
            case Called():
                self.calls[line.number] = line
                self._see(line)
            case Lost():
                self._lose(line)
            case Done():
                self.done.add(line.number)
            case Left():
                pass  # for people: a refused call may have been carried out in part, so it stays among the calls
            case Restored():
                self.calls.pop(line.number, None)
                self.done.discard(line.number)
                self.lost.discard(line.number)

    def _lose(self, line: Lost) -> None:
        if call := self.calls.get(line.number):
            tags = list(dict.fromkeys([*call.tags, *line.tags]))
            self.calls[line.number] = msgspec.structs.replace(call, tags=tags)
            self.lost.add(line.number)

    def _see(self, call: Called) -> None:
        seen = self.seen.setdefault(call.repository, {})
        seen.update(call.seen)
        for tag in call.unseen:
            seen.pop(tag, None)


def read_history(path: Path) -> History:
    """Return what a journal says; of one that is not there, nothing. Raises JournalError if it is damaged."""
    try:
        if path.exists() and not path.is_file():
            raise JournalError(f"`{path}` is not a file, and so not a journal", _NO_JOURNAL)
        content = path.read_bytes()
    except FileNotFoundError:
        return History()
    except OSError as error:
        raise JournalError(f"cannot read `{path}`: {error.strerror}") from error
    if content[: len(_BEGINNING)] != _BEGINNING[: len(content)]:
        raise JournalError(f"`{path}` is not a journal, or its first line is damaged", _NO_JOURNAL)
    history = History()
    for number, text in enumerate(content[: _whole_bytes(content)].splitlines(), 1):
        try:
            line = _decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise JournalError(f"line {number} of `{path}` is not a line of a journal: {error}", _NO_JOURNAL) from error
        if isinstance(line, Begun) and number > 1:
            raise JournalError(f"line {number} of `{path}` begins another journal", _NO_JOURNAL)
        if isinstance(line, Begun) and line.version > JOURNAL_VERSION:
            raise JournalError(f"`{path}` was written by a later tonnage")
        history.add(line)
    return history


class Journal:
    """A journal open for writing, by this program alone. Safe to use from several threads."""

    def __init__(self, path: Path, descriptor: int, history: History) -> None:
        self.path = path
        self.history = history
        """What it says, kept up to date with what is written."""
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def write(self, line: Line) -> None:
        """Add a line; when this returns it is on the disk. Raises JournalError."""
        content = msgspec.json.encode(line) + b"\n"
        try:
            with self._lock:
                if os.write(self._descriptor, content) != len(content):
                    raise OSError("written in part: is the disk full?")
                os.fsync(self._descriptor)
                self.history.add(line)
        except OSError as error:
            message = f"cannot write `{self.path}`: {error}"
            raise JournalError(message, "nothing is deleted without a journal") from error


@contextmanager
def open_journal(path: Path, plan: str, registry: str) -> Iterator[Journal]:
    """Open or begin the journal of a plan and a registry, and lock it. Raises JournalError."""
    try:
        place = place_of(path)
        is_new = not place.exists()
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK, 0o644)
    except WriteError as error:
        raise JournalError(error.message, "give this run another with --journal FILE") from error
    except OSError as error:
        raise JournalError(f"cannot write `{path}`: {error.strerror}") from error
    try:
        _lock(descriptor, path)
        history = read_history(path)  # before anything is cut: what was named may be another file
        _cut_torn_line(descriptor)
        journal = Journal(path, descriptor, history)
        if not history.plan:
            journal.write(Begun(plan=plan, registry=registry))
        elif (history.plan, history.registry) != (plan, registry):
            whose = f"plan {short_id(history.plan)} on `{history.registry}`"
            raise JournalError(f"`{path}` is the journal of {whose}", "give this run its own with --journal FILE")
        if is_new:
            sync_folder(place.parent)
        yield journal
    finally:
        os.close(descriptor)


def manifests_folder(journal: Path) -> Path:
    """Return where the manifests of a journal lie.

    >>> str(manifests_folder(Path("plan-1.journal")))
    'plan-1.manifests'
    """
    return journal.with_name(journal.name.removesuffix(".journal") + ".manifests")


def save_manifest(folder: Path, manifest: RemoteManifest) -> None:
    """Put a manifest's bytes on the disk, unless they are there. Raises JournalError."""
    path = _manifest_path(folder, manifest.digest)
    try:
        if path.exists() and has_digest(path.read_bytes(), manifest.digest, manifest.media_type):
            return
        folder.mkdir(exist_ok=True)
        write_file(path, manifest.content)
    except (OSError, WriteError) as error:
        raise JournalError(f"cannot save a manifest in `{folder}`: {error}", "nothing is deleted unsaved") from error


def load_manifest(folder: Path, call: Called) -> RemoteManifest | None:
    """Return the manifest of a call as it was saved; None if the file is missing or damaged."""
    try:
        content = _manifest_path(folder, call.digest).read_bytes()
    except OSError:
        return None
    is_whole = has_digest(content, call.digest, call.media_type)
    return RemoteManifest(call.digest, call.media_type, content) if is_whole else None


def _manifest_path(folder: Path, digest: str) -> Path:
    return folder / digest.replace(":", "-")


def _whole_bytes(content: bytes) -> int:
    """Return how long the part is that ends in a line's end."""
    return content.rfind(b"\n") + 1


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise JournalError(f"`{path}` is in use", "another apply or undo runs with it; wait for its end") from error


def _cut_torn_line(descriptor: int) -> None:
    content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    os.ftruncate(descriptor, _whole_bytes(content))
