"""Tags that a registry leaves out of its list, and how they are found all the same.

distribution 3.1.0 and 3.1.1 on S3 skip, after a tag, every key that begins with its name: where there is `0.1.2`, the
list has no `0.1.20`. Keys are in the order of their bytes with `/` after the name, so what is skipped goes on with one
of `0-9A-Za-z_`; `0.1.2-rc` comes before `0.1.2/` and is listed.

- A page that holds both `0.1.2` and `0.1.20` comes from a server without that fault.
- A list that begins after `0.1.2/~` shows what hides behind `0.1.2`, for `/` and `~` are in no tag's name. What it
  shows may hide others in turn.
- A server that does not begin where it was asked to proves nothing. distribution 2.8 is one: it has neither the fault
  nor pages of tags, and cannot be told apart from a cache before 3.1 that drops the query.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

_GOES_ON = re.compile("[0-9A-Za-z_]")
PAGE_SIZE = 100
_PAGES_LIMIT = 10_000


class Behind(NamedTuple):
    """What was found behind the names of a list."""

    names: list[str]
    is_proven: bool
    """Whether the list and `names` together are known to be all there is."""


def has_tag_and_longer(page: Iterable[str]) -> bool:
    """Return whether a page holds a tag and another that the fault would hide behind it.

    >>> has_tag_and_longer(["0.1.2", "0.1.20"]), has_tag_and_longer(["0.1.2", "0.1.2-rc"])
    (True, False)
    """
    in_key_order = sorted(f"{name}/" for name in page if name)
    return any(
        after.startswith(before[:-1]) and _GOES_ON.match(after, len(before) - 1)
        for before, after in pairwise(in_key_order)
    )


def look_behind(page_after: Callable[[str], list[str] | None], listed: Sequence[str]) -> Behind:
    """Return the tags that hide behind those listed, and behind each other.

    `page_after` returns up to PAGE_SIZE names of a list that begins after a name, or None if the server refuses.
    """
    found = dict.fromkeys(listed)
    listed_count = len(found)
    greatest = max(listed, default="")
    waiting = list(listed)
    is_proven = True
    while waiting and is_proven:
        names = _names_behind(page_after, waiting.pop(), greatest)
        is_proven = names is not None
        new = [name for name in names or () if name not in found]
        found.update(dict.fromkeys(new))
        waiting += new
    return Behind(list(found)[listed_count:], is_proven)


def _names_behind(page_after: Callable[[str], list[str] | None], tag: str, greatest: str) -> list[str] | None:
    """Return the names right behind a tag, and some after them; None if the server does not begin there."""
    found: list[str] = []
    start = f"{tag}/~"
    for _ in range(_PAGES_LIMIT):
        page = page_after(start)
        if page is None or any(name <= start for name in page) or (not page and greatest > start):
            return None
        found += page
        if len(page) < PAGE_SIZE or not page[-1].startswith(tag):
            return found
        start = page[-1]
    return None
