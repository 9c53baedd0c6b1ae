"""What dropping platforms everywhere would free: a set of images, as if every index were pushed again without them.

It is not a deletion that the API of a registry has: an index that stays would keep naming what went. So it is a figure to
decide by, and whoever decides pushes fewer platforms from then on, or the indexes again.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tonnage.errors import UsageError
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.statements import statements
from tonnage.sizes import format_size


class DroppedPlatforms(NamedTuple):
    """What dropping platforms comes to. Bytes are stored bytes of blobs."""

    totals: Table
    """One row: images, the indexes that list them, repositories, and the bytes needed, freed and shared."""
    blobs: Table
    """What is freed, the largest first. One row per blob."""


def drop_platforms(inventory: Inventory, platforms: Sequence[str]) -> DroppedPlatforms:
    """Return what dropping these platforms everywhere would free, as a set. Raises UsageError for one that no image has."""

    def run(name: str, **values: object) -> Table:
        return inventory.query(statements("plan")[name].sql, values)

    known = [platform for (platform,) in run("platforms_known").rows]
    for platform in platforms:
        if platform not in known:
            raise UsageError(f"no image is for `{platform}`", f"there are: {', '.join(known) or 'none'}")
    run("platform_set", platforms=list(platforms))
    return DroppedPlatforms(run("platform_totals", platforms=list(platforms)), run("platform_blobs"))


def describe(dropped: DroppedPlatforms) -> str:
    """Return the totals for people."""
    images, indexes, repositories, stored, freed, shared = dropped.totals.rows[0]
    lines = [
        f"{images:,} images in {repositories:,} repositories go, and {indexes:,} indexes are pushed again without them"
    ]
    amounts = ((stored, "they need"), (freed, "freed: nothing else needs it"), (shared, "stays: others need it too"))
    lines += [f"  {format_size(size):>10}  {what}" for size, what in amounts]
    return "\n".join(lines) + "\n"
