"""The map: every byte drawn once, in the smallest area that holds all who need it; and the same as a table."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from starlette.responses import Response

from tonnage.web.asking import Ask, NotThereError
from tonnage.web.links import Links, target_of
from tonnage.web.snapshot import Snapshot, run
from tonnage.web.tree import GROUPS, Kind, Place
from tonnage.web.treemap import Cell, fitting, layout, only_child, shown_of
from tonnage.web.words import Words

SIZES = ((1220, 640), (760, 640), (364, 600))
"""Layouts in the page, of which a media query shows one: text is never scaled."""
_MANY_TAGS = 120
"""Of a repository with more digests than this, tags that begin alike are drawn together."""
_AGES = (30, 90, 180)
_TITLE, _TEXT = 12, 11
_ROW = 16
TABLE_ROWS = 200


class Label(NamedTuple):
    """A line of text in a cell."""

    x: float
    y: float
    text: str
    klass: str
    anchor: str = "start"


@dataclass(frozen=True)
class Drawn:
    """A cell with its colour, its words and where it leads to."""

    cell: Cell
    colour: str
    hatched: bool
    href: str
    target: str
    name: str
    labels: Sequence[Label]
    key: str
    """What tells its place from others, for the effect of a basket."""


class Line(NamedTuple):
    """A row of the table beside the map."""

    name: str
    colour: str
    href: str
    target: str
    size_bytes: int
    pushed_at: datetime | None
    things_count: int


def map_page(ask: Ask) -> Response:
    """Return the map of the disk, a namespace or a repository."""
    place = _asked(ask)
    if ask.query("show") == "shared":
        return _shared(ask, place)
    shown = grouped(place) if place.kind is Kind.REPOSITORY else place
    by_age = ask.query("colour") == "age"
    t = Words(ask.language)
    now = ask.snapshot.scan.finished_at
    drawings = [(*size, draw(shown, size, ask.site.links, t, now, by_age)) for size in SIZES]
    whole = ask.snapshot.known_bytes
    rest_count, rest_bytes = rest_of_lines(shown)
    return ask.page("map.html", page="map", place=place, trail=trail(ask.site.links, place), drawings=drawings,
                    lines=lines_of(shown, ask.site.links, t), whole=whole, by_age=by_age,
                    rest_count=rest_count, rest_bytes=rest_bytes)  # fmt: skip


def _asked(ask: Ask) -> Place:
    """Return the place an address names. Raises NotThereError."""
    rest = ask.rest("/map/") if ask.request.scope["path"].startswith("/map/") else ""
    repository, namespace = ask.query("repository"), ask.query("namespace")
    if rest.endswith("/"):
        namespace = rest[:-1]
    elif rest:
        repository = rest
    tree = ask.snapshot.tree
    place = tree.find(repository=repository, namespace=namespace)
    if place is None and repository:
        place = tree.find(namespace=repository)
    if place is None:
        raise NotThereError(repository or namespace)
    return place


def trail(links: Links, place: Place) -> list[tuple[str, str]]:
    """Return the places above, and this one, with their addresses."""
    steps = [("", links("/map"))]
    if place.namespace:
        steps.append((place.namespace, links.namespace(place.namespace)))
    if place.repository:
        steps.append((place.repository.removeprefix(f"{place.namespace}/"), links.repository(place.repository)))
    return steps


def grouped(place: Place) -> Place:
    """Return a repository with its tags grouped by what they begin with, where they are many."""
    revisions = [child for child in place.children if child.kind is Kind.REVISION]
    if len(revisions) <= _MANY_TAGS:
        return place
    groups: OrderedDict[str, Place] = OrderedDict()
    for child in revisions:
        prefix = prefix_of(child.tags[0]) if child.tags else ""
        group = groups.setdefault(prefix, Place(Kind.PREFIX, prefix, place.namespace, place.repository))
        group.children.append(child)
        group.size_bytes += child.size_bytes
        group.pushed_at = max(filter(None, (group.pushed_at, child.pushed_at)), default=None)
        group.tags_count += child.tags_count
    others = [child for child in place.children if child.kind is not Kind.REVISION]
    single = [group.children[0] if len(group.children) == 1 else group for group in groups.values()]
    children = sorted([*others, *single], key=lambda child: -child.size_bytes)
    return Place(place.kind, place.name, place.namespace, place.repository, size_bytes=place.size_bytes,
                 pushed_at=place.pushed_at, children=children)  # fmt: skip


def prefix_of(tag: str) -> str:
    """Return what tags of a kind begin with: letters up to the first digit, or digits up to the first dot.

    >>> prefix_of("pr-1234"), prefix_of("1.22.3"), prefix_of("nightly"), prefix_of("build-2026-01-01")
    ('pr-', '1.', 'nightly', 'build-')
    """
    digit = next((at for at, character in enumerate(tag) if character.isdigit()), len(tag))
    if digit:
        return tag[:digit]
    return tag.partition(".")[0] + ("." if "." in tag else "")


def draw(
    place: Place, size: tuple[int, int], links: Links, t: Words, now: datetime, by_age: bool = False
) -> list[Drawn]:
    """Return the cells of a place with their words."""
    return [_drawn(cell, place, links, t, now if by_age else None) for cell in layout(place, *size)]


def _drawn(cell: Cell, shown: Place, links: Links, t: Words, now: datetime | None) -> Drawn:
    place = cell.place
    colour = "rest" if cell.smaller_count else age_of(place, now) if now and not cell.is_group else COLOURS[place.kind]
    name = t("map.smaller", n=cell.smaller_count) if cell.smaller_count else name_of(place, t, shown)
    return Drawn(
        cell=cell,
        colour=f"group{cell.depth}" if cell.is_group else colour,
        hatched=place.kind is Kind.SHARED and not cell.smaller_count,
        href="#table" if cell.smaller_count and place is shown else href_of(place, links),
        target="" if cell.smaller_count else target(place),
        name=str(name),
        labels=list(_labels(cell, str(name), t)),
        key="" if cell.smaller_count else key_of(place),
    )


COLOURS = {
    Kind.DISK: "group",
    Kind.NAMESPACE: "alone",
    Kind.REPOSITORY: "alone",
    Kind.PREFIX: "alone",
    Kind.REVISION: "alone",
    Kind.SHARED: "shared",
    Kind.UNTAGGED: "untagged",
    Kind.ORPHANED: "orphaned",
    Kind.UPLOADS: "uploads",
    Kind.OTHER: "other",
}


def age_of(place: Place, now: datetime) -> str:
    """Return the step of age by the newest push of what is there."""
    if place.pushed_at is None:
        return "rest"
    days = (now - place.pushed_at) / timedelta(days=1)
    return f"age{next((step for step, limit in enumerate(_AGES) if days <= limit), len(_AGES))}"


def key_of(place: Place) -> str:
    """Return what tells a place from all others."""
    return "|".join((place.kind.value, place.namespace, place.repository, place.revision, place.name))


def target(place: Place) -> str:
    """Return what the basket takes for a place; nothing for what cannot be deleted as one."""
    if place.kind is Kind.REPOSITORY:
        return target_of(place.repository)
    if place.kind is Kind.NAMESPACE and target_of(place.namespace):
        return f"{target_of(place.namespace)}/*"
    if place.kind is Kind.PREFIX and place.name and target_of(place.repository, place.name):
        return target_of(place.repository, place.name) + "*"
    return target_of(place.repository, digest=place.revision) if place.kind is Kind.REVISION else ""


def name_of(place: Place, t: Words, shown: Place) -> str:
    """Return what a place is called on a map that shows another."""
    match place.kind:
        case Kind.REVISION:
            return _tags_name(place)
        case Kind.SHARED if place.repository:
            return t("map.shared_tags")
        case Kind.SHARED if place.namespace:
            return t("map.shared_in", name=place.namespace)
        case Kind.SHARED:
            return t("map.shared_between")
        case Kind.UNTAGGED if not place.repository:
            return t("map.untagged_shared")
        case Kind.REPOSITORY if shown.kind is not Kind.DISK or (place.namespace and not _is_alone(place, shown)):
            return place.repository.removeprefix(f"{place.namespace}/")
        case Kind.REPOSITORY | Kind.NAMESPACE:
            return place.name
        case Kind.PREFIX:
            return f"{place.name}*"
        case _:
            return t(f"class.{place.name}")


def _is_alone(place: Place, shown: Place) -> bool:
    parents = (child for child in shown.children if child.kind is Kind.NAMESPACE and child.name == place.namespace)
    return any(only_child(child) is place for child in parents)


def _tags_name(place: Place) -> str:
    more = place.tags_count - len(place.tags)
    if not place.tags:
        return place.revision.partition(":")[2][:12]
    return ", ".join(place.tags) + (f" +{more}" if more > 0 else "")


def href_of(place: Place, links: Links) -> str:
    """Return where a place leads to."""
    match place.kind:
        case Kind.NAMESPACE:
            return links.namespace(place.namespace)
        case Kind.REPOSITORY:
            return links.repository(place.repository)
        case Kind.PREFIX:
            return links.report("tags", repository=place.repository, q=place.name)
        case Kind.REVISION if place.tags:
            return links.tag(place.repository, place.tags[0])
        case Kind.REVISION:
            return links.revision(place.repository, place.revision)
        case Kind.SHARED if place.repository:
            return links.repository(place.repository, show="shared")
        case Kind.SHARED if place.namespace:
            return links.namespace(place.namespace, show="shared")
        case Kind.SHARED:
            return links("/map", show="shared")
        case Kind.UNTAGGED:
            return links.report("untagged", repository=place.repository or None)
        case Kind.ORPHANED:
            return links.report("orphans")
        case Kind.UPLOADS:
            return links.report("uploads")
        case _:
            return links.report("leftovers")


def _labels(cell: Cell, name: str, t: Words) -> list[Label]:
    """Return the lines that fit into a cell."""
    from tonnage.sizes import format_size

    box, size_text = cell.box, format_size(cell.size_bytes)
    if cell.is_group:
        wide = len(size_text) * _TEXT * 0.6
        has_size = box.width > wide + 90
        room = box.width - 14 - (wide + 10 if has_size else 0)
        labels = [Label(box.x + 7, box.y + 15, fitting(name, room, _TITLE), "t1")]
        return labels + ([Label(box.x + box.width - 7, box.y + 15, size_text, "t3", "end")] if has_size else [])
    if box.height < 18 or box.width < 26:
        return []
    labels = [Label(box.x + 8, box.y + 15, fitting(name, box.width - 14, _TITLE), "t1")]
    if box.height >= 18 + _ROW and fitting(size_text, box.width - 14, _TEXT) == size_text:
        labels.append(Label(box.x + 8, box.y + 15 + _ROW, size_text, "t2"))
    return labels if labels[0].text else []


def lines_of(place: Place, links: Links, t: Words) -> list[Line]:
    """Return the rows of the table: what is drawn, in the same order, then the rest one by one up to a limit."""
    sized = [only_child(child) for child in place.children if child.size_bytes > 0]
    return [
        Line(str(name_of(child, t, place)), COLOURS[child.kind], href_of(child, links), target(child), child.size_bytes,
             child.pushed_at, child.blobs_count)
        for child in sized[:TABLE_ROWS]
    ]  # fmt: skip


def rest_of_lines(place: Place) -> tuple[int, int]:
    """Return how many rows the table leaves out, and their bytes."""
    rest = [child.size_bytes for child in place.children if child.size_bytes > 0][TABLE_ROWS:]
    return len(rest), sum(rest)


def effect(snapshot: Snapshot, place: Place, freed: Mapping[int, int]) -> dict[str, float]:
    """Return what share of each drawn place would go, by its key; `freed` are bytes by the number of the place."""
    shown = grouped(place) if place.kind is Kind.REPOSITORY else place
    shares: dict[str, float] = {}
    todo = [(shown, 0)]
    while todo:
        above, depth = todo.pop()
        for child in shown_of(above).places:
            inner = only_child(child)
            gone = sum(freed.get(number, 0) for number in inner.all_ids())
            if gone and inner.size_bytes:
                shares[key_of(inner)] = round(min(gone / inner.size_bytes, 1), 4)
                if inner.kind in GROUPS and depth < 2:
                    todo.append((inner, depth + 1))
    return shares


def _shared(ask: Ask, place: Place) -> Response:
    """Return the page that lists what is shared right at a place."""
    leaves = [child for child in place.children if child.kind is Kind.SHARED]
    ids = [number for leaf in leaves for number in leaf.place_ids]
    with ask.snapshot.session() as session:
        rows = run(session, "shared_blobs", places=ids).rows
    return ask.page(
        "shared.html",
        page="map",
        place=place,
        trail=trail(ask.site.links, place),
        rows=rows,
        total=sum(leaf.size_bytes for leaf in leaves),
        blobs_count=sum(leaf.blobs_count for leaf in leaves),
    )
