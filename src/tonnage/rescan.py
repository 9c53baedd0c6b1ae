"""Scan, and say what is found as metrics: the child process of the exporter, and where the two halves join.

A process of its own because a scan is work for a core, and would keep scrapes waiting for Python's lock; and because
whatever memory it took is given back when it ends. It reads a job from stdin, writes the outcome to stdout, and goes
at SIGTERM or with its parent, like a scan that is interrupted: the inventory stays as it was, nothing is left beside it.
"""

import ctypes
import logging
import os
import signal
import sys
import tempfile
from typing import Any

import msgspec

from tonnage.cli.pulls import read_pulls
from tonnage.cli.source_options import open_options
from tonnage.cli.tags import open_inventory
from tonnage.errors import (
    AccessError,
    BucketAccessError,
    BucketUnreachableError,
    NoBucketError,
    NoStorageError,
    RegistryError,
    RegistryUnreachableError,
    StorageIncompleteError,
    StorageUnreadableError,
    TonnageError,
    UsageError,
    WriteError,
)
from tonnage.exporter.events import waiting
from tonnage.exporter.expose import expose
from tonnage.exporter.messages import OTHER, Job, Outcome, decode_job, encode_outcome
from tonnage.inventory.database import Inventory
from tonnage.scan.pulls import Pulls
from tonnage.scan.replace import OtherPlace
from tonnage.scan.run import scan
from tonnage.storage import Storage
from tonnage.storage.memory import MemoryStorage
from tonnage.storage.opening import is_untouched, open_storage
from tonnage.storage.registry import RegistrySource

log = logging.getLogger("tonnage")

_REASONS: tuple[tuple[type[TonnageError], str], ...] = (
    (NoStorageError, "no_storage"),
    (NoBucketError, "no_storage"),
    (BucketUnreachableError, "unreachable"),
    (RegistryUnreachableError, "unreachable"),
    (BucketAccessError, "denied"),
    (AccessError, "denied"),
    (StorageUnreadableError, "unreadable"),
    (StorageIncompleteError, "incomplete"),
    (RegistryError, "unreadable"),
    (WriteError, "cannot_write"),
)
"""The first that fits: the particular before the general."""
_NICE = 10
"""Scrapes, and the registry beside which this runs, come first; a scan has time."""
_PR_SET_PDEATHSIG = 1
_INTERRUPTED = "Query interrupted"
"""What DuckDB makes of any exception from a signal's handler that comes in the middle of a query."""


def main() -> None:
    """Read a job from stdin, do it, write the outcome to stdout."""
    _go_with_parent()
    os.nice(_NICE)
    logging.basicConfig(format="%(levelname)s %(message)s")
    logging.getLogger("tonnage").setLevel(logging.INFO)  # not httpx2, which would log addresses signed for a bucket
    job = decode_job(sys.stdin.buffer.read())
    try:
        outcome = run(job)
    except RuntimeError as error:
        if str(error) != _INTERRUPTED:
            raise
        sys.exit(128 + signal.SIGTERM)
    sys.stdout.buffer.write(encode_outcome(outcome))
    sys.stdout.flush()


def _go_with_parent() -> None:
    """Be asked to go when asked to, or when the parent is gone: also one that was killed and could not ask."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(number: int, _frame: Any) -> None:
    """Go so that whoever has something to clear away does so, and is not broken off: each thread of a dying parent asks."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit(128 + number)


def run(job: Job) -> Outcome:
    """Do a job, and return what came of it; what a scan may fail with is reported, not raised."""
    try:
        location = _scan(job) if job.scans else _location(job)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is left to clear away; a query may end late, or never
        return _say(job, location)
    except NoStorageError as error:
        return _nothing_pushed(job) or _failed(error)
    except TonnageError as error:
        return _failed(error)


def _failed(error: TonnageError) -> Outcome:
    reason = next((reason for kind, reason in _REASONS if isinstance(error, kind)), OTHER)
    return Outcome(reason=reason, message=error.message, hint=error.next_step)


def _nothing_pushed(job: Job) -> Outcome | None:
    """Return the figures of a registry that nothing was pushed to, which are 0; None if it was another one before.

    A volume that is not mounted looks the same, but is not empty in the inventory. That is left as it is.
    """
    try:
        if _has_contents(job.inventory) or not is_untouched(job.address, open_options(**job.source)):
            return None
        log.info("nothing was pushed to `%s` yet", job.address)
        with tempfile.TemporaryDirectory() as folder:
            empty = msgspec.structs.replace(job, inventory=f"{folder}/inventory")
            scan(MemoryStorage({}, job.address), empty.inventory)
            return _say(empty, "")
    except TonnageError as error:
        return _failed(error)


def _has_contents(path: str) -> bool:
    """Return whether an inventory has anything in it. Raises TonnageError for a file that is not an inventory."""
    if not os.path.exists(path):
        return False
    with Inventory(path) as inventory:
        ((count,),) = inventory.query("select (select count(*) from blob) + (select count(*) from repository)").rows
        return bool(count)


def _scan(job: Job) -> str:
    storage = _open(job)
    other_place = OtherPlace.MOVED if job.is_moved else OtherPlace.REFUSED
    with waiting(job.events) as events:
        pulls = _pulls_in(events) if events else None
        scan(storage, job.inventory, thorough=job.thorough, other_place=other_place, pulls=pulls)
    return storage.location


def _pulls_in(events: str) -> Pulls | None:
    """Return what notifications tell; a file that a full disk or a crash left in pieces keeps no scan from its work."""
    try:
        return read_pulls([events])
    except UsageError as error:
        log.error("notifications are left out: %s", error.message)
        return None


def _open(job: Job) -> Storage | RegistrySource:
    return open_storage(job.address, open_options(**job.source))


def _location(job: Job) -> str:
    """Return where the storage is; nothing if it is not there, which is no reason to forget what is known of it."""
    try:
        return _open(job).location
    except TonnageError:
        return ""


def _say(job: Job, location: str) -> Outcome:
    """Return the exposition of the inventory, unless it is of another storage."""
    with open_inventory(job.inventory, job.tags_from) as inventory:
        ((scanned_at, found),) = inventory.query(
            "select epoch(finished_at), location from scan order by scan_id desc limit 1"
        ).rows
        if location and found != location:
            return Outcome(message=f"`{job.inventory}` is of `{found}`")
        return Outcome(expose(inventory, job), scanned_at)


if __name__ == "__main__":
    main()
