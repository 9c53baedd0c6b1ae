"""What an option's text is read by and refused with, before a command begins."""

from collections.abc import Callable
from typing import Any

import click

_MOST = 1_000_000


def parse_with(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """Return a callback that reads an option's text, if it is given, and refuses it with what `parse` says."""

    def callback(ctx: click.Context, parameter: click.Parameter, value: str | None) -> Any:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, parameter) from error

    return callback


def parse_each_with(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], Any]:
    """Return the same for an option that may be given several times."""
    parse_one = parse_with(parse)
    return lambda ctx, parameter, values: tuple(parse_one(ctx, parameter, value) for value in values)


def not_negative(ctx: click.Context, parameter: click.Parameter, value: int | None) -> int | None:
    """Refuse less than 0. (`click.IntRange` would put `[x>=0]` into every help.)"""
    if value is not None and value < 0:
        raise click.BadParameter("it is less than 0", ctx, parameter)
    return value


def more_than_0(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Refuse 0, less, what is not a number, and more than anybody can mean."""
    if value is not None and not 0 < value <= _MOST:
        raise click.BadParameter(
            "it is not more than 0" if not value > 0 else f"it is more than {_MOST:,}", ctx, parameter
        )
    return value
