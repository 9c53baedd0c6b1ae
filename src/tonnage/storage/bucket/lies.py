"""Stores that answer and lie: listings that go round in circles, and listings that never give a key.

obstore follows whatever a page says is next, for ever if need be, and shows nobody the tokens. What it yields shows it.
"""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

from tonnage.errors import BucketError, BucketUnreachableError
from tonnage.storage import Keys

Found = TypeVar("Found")


class Circles:
    """Looks for pages that come again."""

    def __init__(self, location: str) -> None:
        self.location = location
        self.seen: set[int] = set()

    def look_at(self, page: Keys) -> None:
        """Note a page. Raises BucketError for one that was there before, or that has a key twice."""
        if not page.paths:
            return
        mark = hash((page.paths[0], page.paths[-1], len(page.paths)))
        if mark in self.seen or _has_twins(page):
            raise BucketError(f"`{self.location}`: the listing goes round in circles at `{page.paths[0]}`")
        self.seen.add(mark)


def _has_twins(page: Keys) -> bool:
    """Return whether a key is there twice; without what may be markers of folders, whose slash obstore takes off."""
    if len(set(page.paths)) == len(page.paths):
        return False
    filled = [path for path, size in zip(page.paths, page.sizes, strict=True) if size]
    return len(set(filled)) < len(filled)


def within(seconds: float, call: Callable[[], Found]) -> Found:
    """Return what a call returns, or raise what it raises; BucketUnreachableError if that takes longer.

    Such a call waits outside of Python, where nothing ends it: its thread is left behind, and goes with the process.
    """
    answers: SimpleQueue[tuple[Found | None, BaseException | None]] = SimpleQueue()

    def work() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=work, daemon=True).start()
    try:
        found, error = answers.get(timeout=seconds)
    except Empty:
        raise BucketUnreachableError(f"a listing gives no key for {seconds:g} s") from None
    if error is not None:
        raise error
    return found  # type: ignore[return-value]
