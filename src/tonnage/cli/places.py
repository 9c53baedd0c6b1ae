"""Where an inventory is that a command reads: a place in a bucket is copied first, and the copy goes with the command."""

from pathlib import Path
from typing import Any

import click

_COPIED = "tonnage.copied"


def readable(ctx: click.Context, _: click.Parameter, value: Any) -> Any:
    """Return a place, or several, as they can be opened. Raises TonnageError."""
    return tuple(_readable(ctx, place) for place in value) if isinstance(value, tuple) else _readable(ctx, value)


def _readable(ctx: click.Context, place: str) -> str:
    if not is_in_bucket(place):
        return place
    from tempfile import TemporaryDirectory

    from tonnage.lake.reading import fetch
    from tonnage.storage.bucket.address import parse_address

    parse_address(place)  # or its last name may not be one for a folder
    copied: dict[str, str] = ctx.find_root().meta.setdefault(_COPIED, {})
    above = ctx.with_resource(TemporaryDirectory(prefix="tonnage-"))
    folder = Path(above, Path(place.rstrip("/")).name)  # by the last of the names, reports of several call it
    folder.mkdir()
    fetch(place, folder)
    copied[str(folder)] = place
    return str(folder)


def is_in_bucket(place: str) -> bool:
    """Return whether a place is in a bucket."""
    if "://" not in place:
        return False
    from tonnage.storage.bucket.address import is_bucket

    return is_bucket(place)


def as_file(place: str) -> str:
    """Return a file with what is at an address of PostgreSQL, which goes with the command; any other place as it is."""
    from tonnage.inventory.postgresql.address import is_address, parse_address

    if not is_address(place):
        return place
    from tempfile import TemporaryDirectory

    from tonnage.inventory.copies import copy_to_file

    ctx = click.get_current_context()
    file = Path(ctx.with_resource(TemporaryDirectory(prefix="tonnage-")), "tonnage.duckdb")
    copy_to_file(place, file)
    copied: dict[str, str] = ctx.find_root().meta.setdefault(_COPIED, {})
    copied[str(file)] = parse_address(place).text
    return str(file)


def as_named(place: str) -> str:
    """Return a place as it was named, if this is the copy of one."""
    ctx = click.get_current_context(silent=True)
    return ctx.find_root().meta.get(_COPIED, {}).get(place, place) if ctx else place


def only_here(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return a place that is written to. Raises UsageError for one in a bucket, or in PostgreSQL."""
    from tonnage.errors import UsageError
    from tonnage.inventory.postgresql.address import is_address

    if is_address(value):  # not repeated, as it may have a password in it
        raise UsageError(
            "an inventory in PostgreSQL cannot be written to", "name a file with -i; tonnage export --to puts it there"
        )
    if is_in_bucket(value):
        raise UsageError(f"`{value}` cannot be written to", "name a file with -i; tonnage export puts it into a bucket")
    return value
