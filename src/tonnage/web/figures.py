"""Figures as the page shows them: three digits and a unit, thousands with commas, shares that are never 0 % of something."""

from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from tonnage.show.printable import printable
from tonnage.sizes import format_size

_SHORT_DIGITS = 12


def size(size_bytes: int | None, sign: str = "") -> Markup:
    """Return a size, the exact bytes in its tooltip; unknown is `?`.

    >>> size(1536)
    Markup('<data value="1536" title="1,536 bytes">1.50 <small>KiB</small></data>')
    """
    if size_bytes is None:
        return Markup("?")
    value, _, unit = format_size(size_bytes).partition(" ")
    return Markup('<data value="{0}" title="{1} bytes">{2}{3} <small>{4}</small></data>').format(
        size_bytes, f"{size_bytes:,}", sign, value, unit
    )


def share(part: float | None, whole: float | None) -> str:
    """Return a share of a whole.

    >>> share(38, 100), share(6.52, 100), share(1, 10_000), share(0, 10), share(1, 0)
    ('38 %', '6.5 %', '<0.1 %', '0 %', '')
    """
    if part is None or not whole:
        return ""
    percent = 100 * part / whole
    if percent == 0:
        return "0 %"
    if percent < 0.1:
        return "<0.1 %"
    return f"{percent:.0f} %" if percent >= 9.95 else f"{percent:.1f} %"


def percent(part: float | None, whole: float | None) -> str:
    """Return a width for an attribute of SVG."""
    return f"{100 * (part or 0) / whole:.3f}%" if whole else "0%"


def count(number: int | None) -> str:
    """Return a count; unknown is `?`."""
    return "?" if number is None else f"{number:,}"


def day(moment: datetime | None) -> Markup:
    """Return a date, with its minute in the tooltip."""
    if moment is None:
        return Markup("?")
    return Markup('<time datetime="{0}Z" title="{1} UTC">{2}</time>').format(
        moment.isoformat(timespec="seconds"), moment.strftime("%Y-%m-%d %H:%M"), moment.strftime("%Y-%m-%d")
    )


def minute(moment: datetime | None) -> str:
    """Return a time to the minute."""
    return "?" if moment is None else moment.strftime("%Y-%m-%d %H:%M UTC")


def short(digest: str | None) -> str:
    """Return what tells a digest from others, as `tonnage why` takes it."""
    if not digest:
        return ""
    algorithm, _, digits = digest.partition(":")
    return digits[:_SHORT_DIGITS] if algorithm == "sha256" else f"{algorithm}:{digits[:_SHORT_DIGITS]}"


def words(value: Any) -> Markup:
    """Return a text that someone else wrote: markup escaped, and marks that are not visible made visible."""
    return escape(printable(str(value)).replace("\n", " "))


def chip(colour: str, name: str) -> Markup:
    """Return the name of a class beside its colour."""
    hatch = '<rect width="12" height="12" rx="3" fill="url(#hatch)"/>' if colour == "shared" else ""
    return Markup(
        '<span class="chip"><svg class="swatch" width="12" height="12" aria-hidden="true">'
        '<rect width="12" height="12" rx="3" class="f-{}"/>{}</svg>{}</span>'
    ).format(colour, Markup(hatch), name)
