"""SQL that strangers wrote, run in a process of its own for each query, which is killed when its time is up.

The connection of the command line is not enough for them: it takes no file and no setting, but databases in memory that
stay for all, and there are expressions that no interrupt ends. One child waits, warm; at most two run.
"""

import threading
import time
from typing import Any, NamedTuple

import msgspec

from tonnage.errors import QueryError, TonnageError
from tonnage.web.children import Child
from tonnage.web.snapshot import Snapshot, Tags

SECONDS = 10.0
MOST_ROWS = 10_000
MOST_ANSWER_BYTES = 10_000_000
_AT_ONCE = 2
_START_SECONDS = 60.0
"""For a process to open the inventory, on a busy machine: the query's own time begins after it."""
_WAIT_SECONDS = 2.0
"""For a place, before one is told that others are being served."""


class BusyError(TonnageError):
    """Others' queries are running."""

    hint = "wait a moment, and run it again"


class Setting(msgspec.Struct, frozen=True):
    """What the child opens before it is asked."""

    path: str
    tags: list[tuple[str, str, str]] | None = None


class Answer(msgspec.Struct, frozen=True):
    """What came of a query."""

    error: str = ""
    columns: list[str] = []
    types: list[str] = []
    rows: list[list[Any]] = []
    is_cut: bool = False
    """There are more rows, or more bytes, than are given."""


class Result(NamedTuple):
    """An answer, and how long it took."""

    answer: Answer
    milliseconds: int


class Sandbox:
    """Runs queries, each in a child of its own."""

    def __init__(self) -> None:
        self.places = threading.BoundedSemaphore(_AT_ONCE)
        self.lock = threading.Lock()
        self.spare: tuple[Setting, Child] | None = None

    def run(self, snapshot: Snapshot, sql: str) -> Result:
        """Return what a query answers. Raises QueryError, and BusyError where too many are asked at once."""
        if not self.places.acquire(timeout=_WAIT_SECONDS):
            raise BusyError("two queries are running, and no more are run at once")
        try:
            child = self._take(setting_of(snapshot.path, snapshot.tags))
            if not child.is_ready(_START_SECONDS):
                raise BusyError("the process that answers did not start in time")
            started = time.monotonic()
            child.tell(msgspec.msgpack.encode(sql), is_all=True)
            said = child.answer(SECONDS, 2 * MOST_ANSWER_BYTES)
            took = int(1000 * (time.monotonic() - started))
        finally:
            self.places.release()
        self.warm(snapshot)
        return Result(_read(said), took)

    def warm(self, snapshot: Snapshot) -> None:
        """Have a child wait, the inventory opened."""
        wanted = setting_of(snapshot.path, snapshot.tags)
        with self.lock:
            if self.spare is None:
                self.spare = (wanted, _start(wanted))

    def stop(self) -> None:
        """End the child that waits: at the end, or as it has an inventory open that another took the place of."""
        with self.lock:
            spare, self.spare = self.spare, None
        if spare is not None:
            spare[1].end()

    def _take(self, wanted: Setting) -> Child:
        with self.lock:
            spare, self.spare = self.spare, None
        if spare is not None and spare[0] == wanted and spare[1].process.poll() is None:
            return spare[1]
        if spare is not None:
            spare[1].end()
        return _start(wanted)


def setting_of(path: str, tags: Tags | None) -> Setting:
    """Return what a child is to open."""
    return Setting(path, None if tags is None else list(tags))


def _start(setting: Setting) -> Child:
    child = Child("tonnage.web.sandbox_child")
    message = msgspec.msgpack.encode(setting)
    child.tell(len(message).to_bytes(8, "big") + message, is_all=False)
    return child


def _read(said: bytes | None) -> Answer:
    """Return the answer of a child; one that was killed, or that ended otherwise, gave none. Raises QueryError."""
    if said is None:
        raise QueryError(
            f"the query took more than {SECONDS:.0f} seconds, and was ended", "ask for less, or use tonnage sql"
        )
    try:
        answer = msgspec.msgpack.decode(said, type=Answer)
    except msgspec.MsgspecError as error:
        raise QueryError(
            "the query took more memory than it may, and was ended", "ask for less, or use tonnage sql"
        ) from error
    if answer.error:
        raise QueryError(answer.error)
    return answer
