"""A registry over HTTP -> inventory: what its tags lead to, asked for politely, and nothing made up.

    catalog -> tags -> what each leads to -> referrers -> manifests by digest, down through indexes -> configurations
      -> layers' sizes

What is named by its digest never changes: a rescan asks again for names and for what tags lead to, and for no manifest
or configuration that an earlier scan read. Listings are known to lose names (docs/explanation/over-http.md): names
the earlier scan had and the listing lacks are asked for by name.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tonnage import __version__
from tonnage.inventory import rows
from tonnage.inventory.memory import MemoryLimit
from tonnage.inventory.statements import statements
from tonnage.inventory.writing import create
from tonnage.monitor import Monitor
from tonnage.registry.client import ReadOnlyRegistry
from tonnage.scan.loading import Intake, PartRow
from tonnage.scan.over_http.blobs import Blobs
from tonnage.scan.over_http.manifests import Manifests
from tonnage.scan.over_http.names import Names
from tonnage.scan.over_http.work import PART, Work
from tonnage.scan.pulls import Pulls
from tonnage.scan.replace import OtherPlace, Previous, attach_previous, exchange, fill
from tonnage.scan.summary import Summary, summarize
from tonnage.storage.registry import RegistrySource

if TYPE_CHECKING:
    import duckdb


def scan_registry(
    source: RegistrySource,
    inventory: str,
    *,
    full: bool,
    other_place: OtherPlace,
    monitor: Monitor,
    now: Callable[[], datetime],
    limit: MemoryLimit,
    pulls: Pulls | None = None,
) -> Summary:
    """Scan a registry into an inventory file, replacing it in one step at the end; return what was found.

    Raises TonnageError if the registry does not answer or lets nobody in; the old file then stays.
    """
    target = Path(inventory)
    with exchange(target, source.location) as new, source.open() as registry:
        registry.ping()
        with create(new, limit) as connection:
            previous = attach_previous(connection, target, new, source.location, other_place)
            is_rescan = previous is not None and not previous.has_totals_only and not full
            started_at = now()
            work = _start(source, registry, connection, limit, monitor, is_rescan)
            has_all_sizes = _read(work, has_earlier=previous is not None)

            def facts() -> dict[str, Any]:
                return _facts(work, previous, started_at, now())

            _finish(work, facts, has_all_sizes, takes_totals=previous is not None, pulls=pulls)
            summary = summarize(connection, target)
    return summary


def _start(
    source: RegistrySource,
    registry: ReadOnlyRegistry,
    connection: "duckdb.DuckDBPyConnection",
    limit: MemoryLimit,
    monitor: Monitor,
    is_rescan: bool,
) -> Work:
    """Make ready to take in rows; digests keep the numbers of the earlier scan."""
    if is_rescan:
        connection.execute(statements("scan")["reuse_digests"].sql)
    intake = Intake(connection, limit, is_rescan=is_rescan)
    return Work(source, registry, connection, intake, monitor, builds_on_earlier=is_rescan)


def _read(work: Work, *, has_earlier: bool) -> bool:
    """Ask for everything; return whether the sizes are those that are stored."""
    known: set[str] = set()
    if work.builds_on_earlier:
        known = {digest for (digest,) in work.execute("over_http_known").fetchall()}
    manifests = Manifests(work, Names(work, has_earlier=has_earlier).read(), known)
    manifests.read_referrers()
    manifests.read()
    blobs = Blobs(work, known)
    blobs.read_configs()
    blobs.add_sizes()
    return blobs.has_all_sizes


def _finish(
    work: Work, facts: Callable[[], dict[str, Any]], has_all_sizes: bool, *, takes_totals: bool, pulls: Pulls | None
) -> None:
    """Fill the tables and write down what this scan found, and what logs tell."""
    work.monitor.begin("loading", 1)
    work.intake.finish()
    source = {
        "kind": "registry",
        "has_untagged": False,
        "has_files": False,
        "has_stored_sizes": has_all_sizes,
    }
    parts: list[PartRow] = [(PART, "", "", b"", 0, None)]
    fill(work.connection, source, parts, facts, takes_totals=takes_totals, pulls=pulls)
    work.monitor.end()


def _facts(work: Work, previous: Previous | None, started_at: datetime, finished_at: datetime) -> dict[str, Any]:
    return {
        "scan_id": previous.scan_id + 1 if previous else 1,
        "started_at": started_at.replace(tzinfo=None),
        "finished_at": finished_at.replace(tzinfo=None),
        "location": work.source.location,
        "tonnage_version": __version__,
        "schema_version": rows.SCHEMA_VERSION,
        "is_full": not work.builds_on_earlier,
        "is_searched": False,
        "read_count": work.read_count,
    }
