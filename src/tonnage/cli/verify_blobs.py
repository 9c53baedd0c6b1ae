"""tonnage verify-blobs"""

import os
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tonnage.cli.options import inventory_option, tags_option
from tonnage.cli.output_options import Asked, output_options
from tonnage.cli.parsing import not_negative, parse_with
from tonnage.cli.source_options import source_options
from tonnage.sizes import format_size, parse_seconds, parse_size

if TYPE_CHECKING:
    from tonnage.blobs.verifying import Verified, Wanted
    from tonnage.inventory.database import Inventory
    from tonnage.storage import Storage


_MOST_NICE = 19
"""The highest on Linux, which treats anything above as this; Python refuses what does not fit a C integer."""
_OWN = ("storage", "newest_first", "sample", "limit_rate", "max_duration", "journal", "again_after", "nice", "quiet")
"""Options of this command alone; the others say how to open the storage."""


def _sample(text: str) -> Any:
    from tonnage.blobs.choosing import parse_sample

    return parse_sample(text)


@click.command(
    epilog="""\b
Examples:
  tonnage verify-blobs --newest-first
  tonnage verify-blobs --sample 5% --limit-rate 50MiB --json
  tonnage verify-blobs --journal verified.jsonl --max-duration 2h --again-after 30d
  tonnage verify-blobs --storage s3://registry-bucket --sample 100GiB

Exits with 36 if a blob is not as its digest says, or cannot be read; the rows say whom it hits."""
)
@click.option("--storage", metavar="PLACE", help="Where the storage is; else where it was scanned.")
@click.option("--newest-first", is_flag=True, help="Read what was written last first; else by path.")
@click.option(
    "--sample",
    metavar="SHARE",
    callback=parse_with(_sample),
    help="Read blobs by chance, of so many bytes: 5%, 100GiB.",
)
@click.option("--limit-rate", metavar="SIZE", callback=parse_with(parse_size), help="Bytes per second: 50MiB.")
@click.option(
    "--max-duration", metavar="TIME", callback=parse_with(parse_seconds), help="Begin no blob after this: 2h."
)
@click.option("--journal", metavar="FILE", default="", help="Note what was verified, and go on where that ends.")
@click.option(
    "--again-after",
    metavar="TIME",
    callback=parse_with(parse_seconds),
    help="Read again what the journal has before: 30d.",
)
@click.option(
    "--nice",
    type=int,
    default=10,
    show_default=True,
    callback=not_negative,
    metavar="N",
    help="Give way so much to others.",
)
@click.option("-q", "--quiet", is_flag=True, help="No summary, no progress.")
@source_options
@tags_option
@inventory_option
@output_options
def command(inventory: str, tags_from: str | None, asked: Asked, thorough: bool, **options: Any) -> None:
    """Read the blobs that are stored and compare them with their digests.

    Of a folder or a bucket, as it is now; nothing is written to it. Blobs pushed since the scan are not read.
    """
    from tonnage.blobs.journal import open_journal
    from tonnage.blobs.verifying import verify_blobs
    from tonnage.cli.output import put_rows, talk
    from tonnage.cli.tags import open_inventory
    from tonnage.errors import BLOBS_DAMAGED
    from tonnage.monitor import Monitor, TerminalMonitor

    own = {name: options.pop(name) for name in _OWN}
    wanted = _wanted(own)
    monitor = TerminalMonitor() if sys.stderr.isatty() and not own["quiet"] else Monitor()
    os.nice(min(own["nice"], _MOST_NICE))
    with open_inventory(inventory, tags_from) as opened:
        storage = _open(opened, own["storage"], options)
        journal = open_journal(Path(own["journal"]), storage.location) if own["journal"] else nullcontext()
        with journal as notes:
            found = verify_blobs(opened, storage, wanted, notes, _now, monitor)
    if not own["quiet"]:
        talk(_summary(found))
    if found.problems.rows or asked.is_table or asked.output != "-":
        put_rows(found.problems, asked)
    if found.problems.rows:
        sys.exit(BLOBS_DAMAGED)


def _wanted(own: dict[str, Any]) -> "Wanted":
    from tonnage.blobs.verifying import Wanted
    from tonnage.errors import UsageError

    if own["again_after"] is not None and not own["journal"]:
        raise UsageError("`--again-after` is for a journal", "name one with --journal FILE")
    return Wanted(
        own["sample"], own["newest_first"], own["again_after"], own["limit_rate"] or None, own["max_duration"]
    )


def _open(inventory: "Inventory", place: str | None, source: dict[str, Any]) -> "Storage":
    """Return the storage that is meant. An address in an inventory is not followed by itself: it may be a stranger's."""
    from tonnage.cli.source_options import open_options, refuse_others
    from tonnage.errors import NotKnownError
    from tonnage.layers.opening import place_in
    from tonnage.storage.opening import open_storage
    from tonnage.storage.registry import RegistrySource

    place = place or place_in(inventory)
    if not place:
        raise NotKnownError("the storage is not here", "say where it is: --storage PLACE")
    refuse_others(place, source["keys"])
    opened = open_storage(place, open_options(**source))
    if isinstance(opened, RegistrySource):
        raise NotKnownError("what is stored: unknown over HTTP", "--storage takes the registry's folder, or its bucket")
    return opened


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _summary(found: "Verified") -> str:
    count = len(found.problems.rows)
    if not found.read_count and not found.left_count:
        return f"nothing to read: of {found.all_count:,} blobs {found.before_count:,} were verified before"
    bad = f"{count:,} not as their digest says" if count else "all as their digest says"
    lines = [f"{found.read_count:,} of {found.all_count:,} blobs read, {format_size(found.read_bytes)}: {bad}"]
    if found.before_count:
        lines.append(f"{found.before_count:,} were verified before, as the journal has it")
    if found.left_count:
        lines.append(f"time was up: {found.left_count:,} that were to be read are left")
    return "\n".join(lines)
