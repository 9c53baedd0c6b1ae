"""Notifications of a registry, taken in by POST and kept in a file beside the inventory until a scan has read them.

What is kept of an event is what a scan makes of it: what was pulled, and when. From where and by whom is thrown away
at the door. A scan that fails leaves the file for the next one; one that read it twice counts nothing twice, as events
have ids.
"""

import contextlib
import fcntl
import json
import logging
import os
from collections.abc import Iterator
from typing import Any

from tonnage.formats.pulls import parse_line

log = logging.getLogger("tonnage")

BODY_BYTES = 1 << 20
"""What a request may have: an envelope of distribution's has about a KiB an event, and few events."""
_FILE_BYTES = 64 << 20
"""What may wait for a scan. A registry sends again what is not taken."""
_KEPT = {"id": None, "timestamp": None, "action": None, "target": ("mediaType", "digest", "repository", "url")}
_FORM = "notifications"


class NotEventsError(ValueError):
    """What came is not an envelope of events."""


class FullError(OSError):
    """As much is waiting for a scan as may."""


def kept_of(body: bytes) -> str:
    """Return an envelope as a line of what is kept of it. Raises NotEventsError."""
    try:
        document = json.loads(body)
        line = json.dumps({"events": [_kept(event) for event in document["events"]]})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotEventsError("this is not an envelope of events") from error
    parsed = parse_line(line)
    if parsed is None or parsed.source != _FORM:
        raise NotEventsError("these are not events of a registry")
    return line + "\n"


def _kept(event: dict[str, Any]) -> dict[str, Any]:
    kept = {name: event[name] for name, inner in _KEPT.items() if inner is None and name in event}
    target = event["target"]
    kept["target"] = {name: target[name] for name in _KEPT["target"] or () if name in target}
    kept["request"] = {"useragent": str((event.get("request") or {}).get("useragent", ""))}
    return kept


def append(path: str, line: str) -> None:
    """Add a line to the file. Raises FullError, and OSError if it cannot be written."""
    with _locked(path) as descriptor:
        before, content = os.fstat(descriptor).st_size, line.encode()
        if before + len(content) > _FILE_BYTES:
            raise FullError("too many events wait for a scan")
        if os.write(descriptor, content) != len(content):
            os.ftruncate(descriptor, before)  # else the next line would be lost with this one
            raise OSError("written in part: is the disk full?")


@contextlib.contextmanager
def _locked(path: str) -> Iterator[int]:
    """Yield the file, locked, and still the one of that name: whoever takes it away renames it under the lock."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_still(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _is_still(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def waiting(path: str | None) -> Iterator[str | None]:
    """Yield a file of the events that wait, None without any; it goes when the block ends well."""
    taken = f"{path}.read"
    if path and not os.path.exists(taken) and os.path.exists(path):  # else one that a scan left that failed comes first
        with _locked(path):
            os.rename(path, taken)
    if not path or not os.path.exists(taken):
        yield None
        return
    yield taken
    os.unlink(taken)
