"""How the disk grew: classes stacked over the scans kept, the pace, and who grew."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from tonnage.inventory.database import Inventory
from tonnage.inventory.pace import DAYS, Volume, full_days, pace
from tonnage.web.snapshot import Snapshot, run

WIDTH, HEIGHT = 1000.0, 100.0
"""Of the drawing; it is stretched to whatever room there is."""
_LAYERS = ("tagged", "untagged", "orphaned", "uploads", "other")


class Moment(NamedTuple):
    """The bytes of each class at a scan."""

    at: datetime
    sizes: dict[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.sizes.values())


class Growth(NamedTuple):
    """What is drawn and said."""

    scans_count: int
    first_bytes: int
    last_bytes: int
    areas: Sequence[tuple[str, str]]
    """Class and points of a polygon, the lowest first."""
    ticks: Sequence[tuple[int, float]]
    """Bytes and how high they are, from the top, in percent."""
    days: Sequence[datetime]
    """What stands at the axis of time, evenly."""
    volume_y: float | None
    """How high the volume's size is drawn, from the top in percent; None if it is far away."""
    gained_bytes: int | None
    gained_days: int
    full_days: int | None
    grown: Sequence[tuple[str, int]]


def growth_of(snapshot: Snapshot, session: Inventory, volume: Volume | None) -> Growth:
    """Return the growth; of what there is only one scan of, nothing is drawn."""
    rows = snapshot.once("growth", lambda: run(session, "growth_classes").rows)
    grown = snapshot.once("grown", lambda: run(session, "growth_repositories", days=DAYS).rows)
    return growth(_moments(rows), volume, [(name, size_bytes) for name, size_bytes in grown])


def growth(moments: Sequence[Moment], volume: Volume | None, grown: Sequence[tuple[str, int]]) -> Growth:
    """Return what is drawn and said of the growth."""
    count = len(moments)
    if count < 2 or moments[0].at >= moments[-1].at:
        return Growth(count, 0, 0, (), (), (), None, None, 0, None, ())
    most = max(moment.total for moment in moments)
    shows_volume = volume is not None and volume.size_bytes <= 2 * most
    top = round_up(max(most, volume.size_bytes if volume and shows_volume else 0))
    start, end = moments[0].at, moments[-1].at
    gained, days = pace([(moment.at, moment.total) for moment in moments])
    return Growth(
        scans_count=count,
        first_bytes=moments[0].total,
        last_bytes=moments[-1].total,
        areas=_areas(moments, top),
        ticks=[(top * part // 2, 100.0 - 50.0 * part) for part in range(3)],
        days=[start + (end - start) * part / 3 for part in range(4)],
        volume_y=100 - 100 * volume.size_bytes / top if volume and shows_volume else None,
        gained_bytes=gained,
        gained_days=days,
        full_days=full_days(gained, days, volume),
        grown=grown,
    )


def _moments(rows: Sequence[tuple[int, datetime, str, int]]) -> list[Moment]:
    moments = []
    for (_, at), group in groupby(rows, key=lambda row: (row[0], row[1])):
        sizes: dict[str, int] = {}
        for _, _, klass, size_bytes in group:
            layer = klass if klass in _LAYERS else "other"
            sizes[layer] = sizes.get(layer, 0) + size_bytes
        moments.append(Moment(at, sizes))
    return moments


def _areas(moments: Sequence[Moment], top: int) -> list[tuple[str, str]]:
    start, seconds = moments[0].at, (moments[-1].at - moments[0].at).total_seconds()
    xs = [WIDTH * (moment.at - start).total_seconds() / seconds for moment in moments]
    below = [0] * len(moments)
    areas = []
    for layer in _LAYERS:
        above = [low + moment.sizes.get(layer, 0) for low, moment in zip(below, moments, strict=True)]
        if above != below:
            edge = [*zip(xs, above, strict=True), *reversed([*zip(xs, below, strict=True)])]
            points = " ".join(f"{x:.1f},{HEIGHT - HEIGHT * y / top:.2f}" for x, y in edge)
            areas.append(({"tagged": "alone"}.get(layer, layer), points))
        below = above
    return areas


def round_up(size_bytes: int) -> int:
    """Return the next size of one or two digits that halves well."""
    unit = 1
    while size_bytes > 1000 * unit:
        unit *= 1024
    for step in (
        2,
        4,
        6,
        8,
        10,
        12,
        16,
        20,
        30,
        40,
        50,
        60,
        80,
        100,
        120,
        160,
        200,
        300,
        400,
        500,
        600,
        800,
        1000,
        1024,
    ):
        if step * unit >= size_bytes:
            return step * unit
    return size_bytes
