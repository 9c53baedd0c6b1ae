"""What the exporter and the child process that scans for it tell each other."""

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
    scans: bool = True
    """If not, only what is in the inventory already is said."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of it."""

    exposition: Exposition | None = None
    """Null where there is nothing to say: the figures of before stay."""
    scanned_at: float | None = None
    """When the inventory's last scan was done, seconds since 1970."""
    reason: str = ""
    """Why the scan failed, one of `REASONS`; empty if it did not."""
    message: str = ""


KILLED, OTHER = "killed", "other"
REASONS = {
    "no_storage": "there is no registry storage there: deleted, not mounted, no such bucket",
    "unreadable": "the storage is there and cannot be read",
    "unreachable": "the bucket or the registry gives no answer, or none but to come later",
    "denied": "the bucket or the registry refuses the login, or it may not list or read",
    "incomplete": "the registry keeps its metadata in a database",
    "cannot_write": "the inventory cannot be written",
    KILLED: "the scan was killed, as by a lack of memory",
    OTHER: "something else; the log says what",
}
"""Why a scan fails."""
