"""Rectangles for a place of the map: areas are bytes, groups have a header, what is too small is one cell. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import squarify

from tonnage.web.tree import GROUPS, Kind, Place

LEAST_SHARE = 0.0015
"""Of the place it is in; what has less is drawn together."""
MOST_CELLS = 60
"""In one group."""
DEPTH = 3
"""Groups in groups: namespace, repository, digests."""
HEADER = 22.0
_GAP = 1.0
_PADDING = 2.5
_LEAST_SIDE = 1.2
_LEAST_GROUP = (34.0, 40.0)
"""Width and height below which a group is drawn as one cell."""


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    def inside(self, left: float, top: float, right: float, bottom: float) -> "Box":
        """Return what is left of it within margins."""
        return Box(self.x + left, self.y + top, max(self.width - left - right, 0), max(self.height - top - bottom, 0))

    @property
    def is_seen(self) -> bool:
        """Whether it is large enough to be drawn."""
        return self.width >= _LEAST_SIDE and self.height >= _LEAST_SIDE


@dataclass(frozen=True)
class Cell:
    """Something drawn: a place, alone or as a group with a header, or the rest of a group."""

    box: Box
    place: Place
    depth: int = 0
    is_group: bool = False
    smaller_count: int = 0
    """More than 0: this is the rest of the place, so many things too small to be drawn."""
    smaller_bytes: int = 0

    @property
    def size_bytes(self) -> int:
        """The bytes its area stands for."""
        return self.smaller_bytes if self.smaller_count else self.place.size_bytes


@dataclass(frozen=True)
class Shown:
    """The children of a place that are drawn, and what the others come to."""

    places: Sequence[Place]
    smaller_count: int
    smaller_bytes: int


def shown_of(place: Place) -> Shown:
    """Return what is drawn of a place's children, the largest first. A rest of one is drawn as itself."""
    sized = [child for child in place.children if child.size_bytes > 0]
    drawn = [child for child in sized if child.size_bytes >= LEAST_SHARE * place.size_bytes][:MOST_CELLS]
    rest = sized[len(drawn) :]
    if len(rest) == 1 and len(drawn) < MOST_CELLS:
        drawn, rest = sized, []
    return Shown(drawn, len(rest), sum(child.size_bytes for child in rest))


def layout(place: Place, width: float, height: float) -> list[Cell]:
    """Return the cells of a place, groups before what is in them."""
    return list(_cells(place, Box(0, 0, width, height), 0)) if place.size_bytes else []


def _cells(place: Place, box: Box, depth: int) -> Iterator[Cell]:
    shown = shown_of(place)
    parts = [Cell(box, child, depth) for child in shown.places]
    if shown.smaller_count and shown.smaller_bytes:
        parts.append(Cell(box, place, depth, False, shown.smaller_count, shown.smaller_bytes))
    parts.sort(key=lambda cell: -cell.size_bytes)
    boxes = _boxes([cell.size_bytes for cell in parts], box)
    for cell, found in zip(parts, boxes, strict=True):
        inner = found.inside(_GAP, _GAP, _GAP, _GAP)
        if inner.is_seen:
            yield from _drawn(replace(cell, box=inner), depth)


def _drawn(cell: Cell, depth: int) -> Iterator[Cell]:
    """Yield a cell, or a group with what is in it. A namespace of nothing but one repository is that repository."""
    place = only_child(cell.place) if not cell.smaller_count else cell.place
    cell = replace(cell, place=place)
    is_large = cell.box.width >= _LEAST_GROUP[0] and cell.box.height >= _LEAST_GROUP[1]
    if cell.smaller_count or place.kind not in GROUPS or depth + 1 >= DEPTH or not is_large or not place.children:
        yield cell
        return
    yield replace(cell, is_group=True)
    inner = cell.box.inside(_PADDING - _GAP, HEADER - _GAP, _PADDING - _GAP, _PADDING - _GAP)
    yield from _cells(place, inner, depth + 1)


def only_child(place: Place) -> Place:
    """Return the one repository of a namespace that has nothing else, else the place itself."""
    if place.kind is not Kind.NAMESPACE:
        return place
    sized = list(islice((child for child in place.children if child.size_bytes > 0), 2))  # of what may be thousands
    if len(sized) == 1 and sized[0].kind is Kind.REPOSITORY:
        return sized[0]
    return place


def _boxes(sizes: Sequence[int], box: Box) -> list[Box]:
    """Return a rectangle for each size, all of them more than 0 and the largest first."""
    if not sizes or box.width <= 0 or box.height <= 0:
        return [Box(box.x, box.y, 0, 0) for _ in sizes]
    areas = squarify.normalize_sizes(sizes, box.width, box.height)
    found = squarify.squarify(areas, box.x, box.y, box.width, box.height)
    return [Box(cell["x"], cell["y"], cell["dx"], cell["dy"]) for cell in found]


def fitting(text: str, width: float, size: float) -> str:
    """Return as much of a text as about fits a width in pixels, an ellipsis after it if that is not all; maybe nothing.

    A Chinese character is as wide as it is high, others about 0.56 of that.
    """
    used = 0.0
    for end, character in enumerate(text):
        used += (
            size if ord(character) > 0x2E80 else size * (0.62 if character.isupper() or character in "mwMW@%" else 0.56)
        )
        if used > width:
            kept = text[: max(end - 1, 0)].rstrip()
            return f"{kept}…" if len(kept) >= 2 else ""
    return text
