"""What must not be exceeded, as people write it: `10%`, `20GiB/7d`, `team-a/*=500GiB`. Pure."""

import re
from typing import NamedTuple

from tonnage.inventory.names import like_of
from tonnage.sizes import parse_seconds, parse_size

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)\s*%")


class Room(NamedTuple):
    """What must stay free of a volume: a share of it, or bytes."""

    text: str
    percent: float | None
    size_bytes: int | None


class Growth(NamedTuple):
    """How much a storage may gain in how long."""

    text: str
    size_bytes: int
    seconds: float


class Quota(NamedTuple):
    """How much each repository of a pattern may need."""

    text: str
    glob: str
    like: str
    size_bytes: int


class Age(NamedTuple):
    """How old the newest scan may be."""

    text: str
    seconds: float


class Limits(NamedTuple):
    """All that is to be checked; what is none or empty is not."""

    free_below: Room | None = None
    grown_over: tuple[Growth, ...] = ()
    repository_over: tuple[Quota, ...] = ()
    blocks_collection: bool = False
    older_than: Age | None = None


def parse_room(text: str) -> Room:
    """Return the room of `10%` or `50GiB`. Raises ValueError.

    >>> parse_room("10%").percent, parse_room("50GiB").size_bytes
    (10.0, 53687091200)
    """
    if match := _PERCENT.fullmatch(text.strip()):
        if float(match[1]) > 100:
            raise ValueError(f"`{text}` is more than all of a volume")
        return Room(text, float(match[1]), None)
    try:
        return Room(text, None, parse_size(text))
    except ValueError as error:
        raise ValueError(f"`{text}` is neither a share nor a size; write it like 10% or 50GiB") from error


def parse_growth(text: str) -> Growth:
    """Return the growth of `20GiB/7d`. Raises ValueError.

    >>> parse_growth("20GiB/7d")[1:]
    (21474836480, 604800.0)
    """
    size, slash, time = text.partition("/")
    if not slash:
        raise ValueError(f"`{text}` does not say in which time; write it like 20GiB/7d")
    seconds = parse_seconds(time)
    if not seconds:
        raise ValueError(f"`{text}`: nothing grows in no time; write it like 20GiB/7d")
    return Growth(text, parse_size(size), seconds)


def parse_quota(text: str) -> Quota:
    """Return the quota of `team-a/*=500GiB`. Raises ValueError.

    >>> parse_quota("team-a/*=500GiB")[1:]
    ('team-a/*', 'team-a/%', 536870912000)
    """
    glob, equals, size = text.rpartition("=")
    if not (glob and equals):
        raise ValueError(f"`{text}` is not a repository and a size; write it like 'team-a/*=500GiB'")
    return Quota(text, glob, like_of(glob), parse_size(size))


def parse_age(text: str) -> Age:
    """Return the age of `2d`. Raises ValueError."""
    return Age(text, parse_seconds(text))
