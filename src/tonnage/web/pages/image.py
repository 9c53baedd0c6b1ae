"""An image: what deleting it alone frees, its layers as bars, and who else holds them."""

from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response

from tonnage.planning.images import Holder, Image, Layer, look_at
from tonnage.web.asking import Ask, NotThereError
from tonnage.web.links import parse_image, target_of
from tonnage.web.treemap import fitting

_WIDTH, _STACK, _HOLDERS_X = 1000.0, 365.0, 725.0
_NARROW_STACK = 264.0
"""What a phone of 320 pixels has room for."""
_LEAST, _GAP, _LEAST_LABELLED = 5.0, 3.0, 14.0
_HOLDERS, _HOLDER_HEIGHT = 9, 39.0
_LEAST_RIBBON = 2.0


class Block(NamedTuple):
    """A layer as it is drawn."""

    layer: Layer
    y: float
    height: float
    label: str
    short_label: str
    """For a phone, where the stack stands alone."""


class Ribbon(NamedTuple):
    """What joins a run of neighbouring layers with a holder."""

    path: str
    number: int
    """Of the holder."""


class Entry(NamedTuple):
    """A holder as it is drawn."""

    holder: Holder
    y: float
    height: float
    is_here: bool


class Drawing(NamedTuple):
    """The layers, and who else holds them."""

    width: float
    height: float
    stack: float
    stack_height: float
    holders_x: float
    blocks: Sequence[Block]
    ribbons: Sequence[Ribbon]
    entries: Sequence[Entry]
    more_count: int


def image_page(ask: Ask) -> Response:
    """Return the page of an image, named by its tag or digest."""
    if ask.request.scope["path"].startswith("/image/"):
        repository, tag, digest = parse_image(ask.rest("/image/"))
    else:
        repository, tag, digest = (ask.query(name) for name in ("repository", "tag", "digest"))
    with ask.snapshot.session() as session:
        image = look_at(session, repository, tag, digest, ask.query("platform"))
    if image is None:
        raise NotThereError(f"{repository}@{digest}" if digest else f"{repository}:{tag}")
    others = [name for name in image.found.tags if name != tag]
    target = target_of(repository, tag) if tag else target_of(repository, digest=image.found.digest)
    return ask.page("image.html", page="map", image=image, tag=tag, others=others, target=target, drawing=draw(image))


def draw(image: Image) -> Drawing:
    """Return the drawing; heights are bytes, and a layer is never too thin to be seen."""
    whole = image.layer_bytes or 1
    room = max(352.0, min(_HOLDERS, len(image.holders)) * _HOLDER_HEIGHT)
    blocks: list[Block] = []
    y = 0.0
    for layer in image.layers:
        height = max(room * (layer.size_bytes or 0) / whole, _LEAST)
        step = (layer.created_by or layer.digest.partition(":")[2][:12]) if height >= _LEAST_LABELLED else ""
        blocks.append(Block(layer, y, height, fitting(step, _STACK - 100, 12), fitting(step, _NARROW_STACK - 90, 12)))
        y += height + _GAP
    ordered = sorted(image.holders, key=lambda holder: holder.repository != image.repository)
    entries, ribbons = _holders(ordered[:_HOLDERS], blocks, image, room / whole)
    height = max(y, len(entries) * _HOLDER_HEIGHT)
    return Drawing(_WIDTH, height, _STACK, y, _HOLDERS_X, blocks, ribbons, entries, max(len(ordered) - _HOLDERS, 0))


def _holders(
    holders: Sequence[Holder], blocks: Sequence[Block], image: Image, scale: float
) -> tuple[list[Entry], list[Ribbon]]:
    entries, ribbons = [], []
    for number, holder in enumerate(holders):
        height = min(max(holder.size_bytes * scale, _LEAST_RIBBON), _HOLDER_HEIGHT - 9)
        top = number * _HOLDER_HEIGHT + 4
        entries.append(Entry(holder, top, _HOLDER_HEIGHT - 9, holder.repository == image.repository))
        middle = top + (_HOLDER_HEIGHT - 9) / 2
        for first, last in runs_of(holder.positions):
            run = [block for block in blocks if first <= block.layer.position <= last]
            if run:
                ribbons.append(
                    Ribbon(
                        _curve(run[0].y, run[-1].y + run[-1].height, middle - height / 2, middle + height / 2), number
                    )
                )
    return entries, ribbons


def runs_of(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Return runs of neighbouring positions.

    >>> runs_of([0, 1, 2, 5])
    [(0, 2), (5, 5)]
    """
    runs: list[tuple[int, int]] = []
    for position in sorted(set(positions)):
        if runs and position == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], position)
        else:
            runs.append((position, position))
    return runs


def _curve(top: float, bottom: float, end_top: float, end_bottom: float) -> str:
    left, right = _STACK, _HOLDERS_X
    middle = (left + right) / 2
    return (
        f"M{left:.1f} {top:.1f}C{middle:.1f} {top:.1f} {middle:.1f} {end_top:.1f} {right:.1f} {end_top:.1f}"
        f"L{right:.1f} {end_bottom:.1f}C{middle:.1f} {end_bottom:.1f} {middle:.1f} {bottom:.1f} {left:.1f} {bottom:.1f}Z"
    )
