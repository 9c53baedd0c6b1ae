"""The colours of the page, as tokens.css has them: text can be read, and classes told apart by everyone."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "src/tonnage/web/static/tokens.css").read_text()
SCHEMES = ("light", "dark")
Colour = tuple[float, float, float]
TEXTS = ("text", "text-2", "text-3", "accent", "danger", "ok", "warn")
GROUNDS = ("bg", "surface", "sunken")
CLASSES = ("c-alone", "c-untagged", "c-orphaned", "c-uploads", "c-other")
TINTS = {"light": 0.22, "dark": 0.30}
_SIGHT = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""What is left of linear red, green and blue (Machado, Oliveira, Fernandes 2009, severity 1)."""


def token(name: str, scheme: str) -> Colour:
    """Return a colour in linear light."""
    found = re.search(rf"--{name}: light-dark\((#[0-9a-f]{{6}}), (#[0-9a-f]{{6}})\)", TOKENS)
    assert found, name
    text = found[1 + SCHEMES.index(scheme)]
    red, green, blue = (linear(int(text[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return red, green, blue


def linear(value: float) -> float:
    """Return a part of sRGB as light."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def encoded(value: float) -> float:
    """Return light as a part of sRGB."""
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, as WCAG has it."""
    light, dark = sorted((0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2] for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: Colour, ground: Colour, part: float) -> Colour:
    """Return `color-mix(in srgb, …)`."""
    red, green, blue = (
        linear(part * encoded(a) + (1 - part) * encoded(b)) for a, b in zip(colour, ground, strict=True)
    )
    return red, green, blue


def oklab(colour: Colour) -> Colour:
    """Return a colour where distances are those that eyes see."""
    r, g, b = colour
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def seen(colour: Colour, sight: str) -> Colour:
    """Return a colour as someone sees it."""
    rows = _SIGHT[sight]
    red, green, blue = (min(max(sum(a * b for a, b in zip(row, colour, strict=True)), 0.0), 1.0) for row in rows)
    return red, green, blue


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_can_be_read(scheme: str) -> None:
    """On every ground it stands on: 4.5 to 1 at least."""
    for text in TEXTS:
        for ground in GROUNDS:
            assert contrast(token(text, scheme), token(ground, scheme)) >= 4.5, (text, ground)
    assert contrast(token("accent-text", scheme), token("accent", scheme)) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_classes_stand_out(scheme: str) -> None:
    """3 to 1 on the surface, and the text on a cell of the map 4.5 to 1."""
    surface, text = token("surface", scheme), token("text", scheme)
    for name in (*CLASSES, "c-freed"):
        assert contrast(token(name, scheme), surface) >= 3, name
        assert contrast(text, mixed(token(name, scheme), surface, TINTS[scheme])) >= 4.5, name
    for name in ("a-0", "a-1", "a-2", "a-3"):
        assert contrast(text, mixed(token(name, scheme), surface, 0.5)) >= 4.5, name


@pytest.mark.parametrize("sight", _SIGHT)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_classes_are_told_apart(scheme: str, sight: str) -> None:
    """By whoever sees the colours of bytes, however they see red, green and blue."""
    for one, other in combinations(CLASSES, 2):
        first, second = (oklab(seen(token(name, scheme), sight)) for name in (one, other))
        distance = sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5
        assert distance >= 0.1, (one, other, distance)
