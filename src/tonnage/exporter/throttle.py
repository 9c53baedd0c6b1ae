"""A log that no client can fill: of each kind of message some a minute are let through, and the rest is counted."""

import logging
import time
from collections.abc import Callable

_SECONDS = 60.0
_BURST = 10


class Throttle(logging.Filter):
    """Lets through ten messages a minute from each place in the code, and says with the next how many were left out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.clock = clock
        self.counts: dict[tuple[str, int], tuple[float, int]] = {}
        """When the minute of a place began, and how many messages there were in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a message is let through."""
        place, now = (record.pathname, record.lineno), self.clock()
        began, count = self.counts.get(place, (now, 0))
        if now - began >= _SECONDS:
            if count > _BURST:
                record.msg, record.args = f"{record.getMessage()} ({count - _BURST} more like it were left out)", ()
            began, count = now, 0
        self.counts[place] = (began, count + 1)
        return count < _BURST
