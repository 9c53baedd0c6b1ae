"""What the exporter and the child process that scans for it tell each other."""

import hashlib
import json
from typing import Any

import msgspec

from tonnage.exporter.exposition import Exposition


class Job(msgspec.Struct, frozen=True):
    """What the child is to do."""

    address: str
    inventory: str
    source: dict[str, Any] = {}
    """How to open it, as the command line says it."""
    thorough: bool = False
    tags_from: str | None = None
    """Where tags are kept that are not in the storage."""
    metrics_folder: str | None = None
    is_compatible: bool = True
    """With the four gauges of the exporter that was here before."""
    tags_include: tuple[str, ...] = ()
    tags_exclude: tuple[str, ...] = ()
    max_series: int = 0
    collector_version: int = 0
    """Of the registry whose collection is said of what it would break: 2, 3, or 0 for none."""
    delete_untagged: bool = False
    """Whether that collection is one with -m."""
    is_moved: bool = False
    """The inventory may be of the same storage in another place."""
    events: str | None = None
    """Where notifications wait for a scan."""
    scans: bool = True
    """If not, only what is in the inventory already is said."""


def encode_job(job: Job) -> bytes:
    """Return a job for the child. A path need not be text, and what it has instead of it is a surrogate, as in Python."""
    return json.dumps(msgspec.to_builtins(job)).encode()


def decode_job(encoded: bytes) -> Job:
    """Return the job."""
    return msgspec.convert(json.loads(encoded), Job)


class Outcome(msgspec.Struct, frozen=True):
    """What came of it."""

    exposition: Exposition | None = None
    """Null where there is nothing to say: the figures of before stay."""
    scanned_at: float | None = None
    """When the inventory's last scan was done, seconds since 1970."""
    reason: str = ""
    """Why the scan failed, one of `REASONS`; empty if it did not."""
    message: str = ""
    hint: str = ""
    """What to do about it."""


_MARK = b"tonnage outcome\n"


def encode_outcome(outcome: Outcome) -> bytes:
    """Return an outcome for the parent, after a mark and a checksum."""
    encoded = msgspec.msgpack.encode(outcome)
    return _MARK + hashlib.sha256(encoded).digest() + encoded


def decode_outcome(said: bytes) -> Outcome:
    """Return the outcome. Raises ValueError for anything else, which no decoder gets to see.

    Decoders are made for data, and msgspec's miscounts Python's recursion when it meets garbage that is nested deeply.
    """
    checksum, encoded = said[len(_MARK) : len(_MARK) + 32], said[len(_MARK) + 32 :]
    if not said.startswith(_MARK) or hashlib.sha256(encoded).digest() != checksum:
        raise ValueError(f"its process said {len(said)} bytes that are not an outcome")
    return msgspec.msgpack.decode(encoded, type=Outcome)


KILLED, TIMED_OUT, OTHER = "killed", "timed_out", "other"
REASONS = {
    "no_storage": "there is no registry storage there: deleted, not mounted, no such bucket",
    "unreadable": "the storage is there and cannot be read",
    "unreachable": "the bucket or the registry gives no answer, or none but to come later",
    "denied": "the bucket or the registry refuses the login, or it may not list or read",
    "incomplete": "the registry keeps its metadata in a database",
    "cannot_write": "the inventory cannot be written",
    KILLED: "the scan was killed, as by a lack of memory",
    TIMED_OUT: "the scan took longer than --max-duration and was ended",
    OTHER: "something else; the log says what",
}
"""Why a scan fails."""
