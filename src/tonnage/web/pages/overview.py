"""The first page: what fills the disk, what can go, how it grows, and who needs the most."""

from typing import Any, NamedTuple

from starlette.responses import Response

from tonnage.inventory.database import Inventory, Table
from tonnage.planning.next_steps import commands_after
from tonnage.web.asking import Ask
from tonnage.web.kept import View, page_of
from tonnage.web.links import Links
from tonnage.web.pages.growth import growth_of
from tonnage.web.pages.ladder import ladder_of
from tonnage.web.snapshot import Snapshot, run

_ROWS = 8
_LINKS = {
    "tagged": ("report", "repositories"),
    "shared": ("map", ""),
    "untagged": ("report", "untagged"),
    "orphaned": ("report", "orphans"),
    "uploads": ("report", "uploads"),
}
"""Where a class leads to; all others lead to what is left over."""
ORDER = ("tagged", "shared", "untagged", "orphaned", "uploads", "multipart", "versions", "links", "strays")
COLOURS = {"tagged": "alone", "shared": "shared", "untagged": "untagged", "orphaned": "orphaned", "uploads": "uploads"}


class Part(NamedTuple):
    """A class in the bar and its legend."""

    klass: str
    colour: str
    size_bytes: int | None
    files_count: int | None
    href: str


def parts_of(links: Links, snapshot: Snapshot) -> list[Part]:
    """Return the classes in the order of what it takes to free them."""
    found = []
    for total in sorted(snapshot.classes, key=lambda total: ORDER.index(total.klass)):
        kind, name = _LINKS.get(total.klass, ("report", "leftovers"))
        href = links("/map", show="shared") if kind == "map" else links.report(name)
        found.append(Part(total.klass, COLOURS.get(total.klass, "other"), total.size_bytes, total.files_count, href))
    return found


def top_of(snapshot: Snapshot, session: Inventory, ask: Ask, name: str) -> list[dict[str, object]]:
    """Return the first rows of a report as it is by default."""
    report = ask.site.reports()[name]
    rows = page_of(session, snapshot.kept.table_of(session, report, {}), View()).table
    return as_dicts(rows)[:_ROWS]


def as_dicts(table: Table) -> list[dict[str, object]]:
    """Return rows by the names of their columns."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _needed(row: dict[str, Any]) -> int:
    return (row["exclusive_bytes"] or 0) + (row["shared_bytes"] or 0)


def prepare(snapshot: Snapshot) -> None:
    """Work out what the page shows and no report has, as that takes long: the ladder, blockers, growth."""
    with snapshot.session() as session:
        ladder_of(snapshot, session)
        growth_of(snapshot, session, None)
        _odd(snapshot, session)


def _odd(snapshot: Snapshot, session: Inventory) -> dict[str, Any]:
    return {
        "blockers": snapshot.once("blockers", lambda: as_dicts(run(session, "blockers"))),
        "problems_count": snapshot.once("problems", lambda: run(session, "problems_count").rows[0][0]),
    }


def _collection(session: Inventory, registry_version: int) -> list[str]:
    """Return the commands of the registry's own collection."""
    return [line for line in commands_after(session, registry_version) if not line.startswith("tonnage ")]


def overview(ask: Ask) -> Response:
    """Return the page."""
    snapshot = ask.snapshot
    with snapshot.session() as session:
        ladder = ladder_of(snapshot, session)
        repositories = top_of(snapshot, session, ask, "repositories")
        volume = ask.site.volume()
        values = {
            "class_parts": parts_of(ask.site.links, snapshot),
            "whole": snapshot.known_bytes,
            "volume": volume,
            **_odd(snapshot, session),
            "ladder": ladder,
            "collect": snapshot.once("collect", lambda: _collection(session, ask.site.rules.registry_version)),
            "tags_hint": ask.site.solver.hint(snapshot, ladder),
            "growth": growth_of(snapshot, session, volume),
            "repositories": repositories,
            "repositories_scale": max((_needed(row) for row in repositories), default=1) or 1,
            "layers": top_of(snapshot, session, ask, "layers"),
        }
    return ask.page("overview.html", page="overview", **values)
