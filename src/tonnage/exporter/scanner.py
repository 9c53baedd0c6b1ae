"""Scans in the background, each in a child process, again and again; what they find takes the old figures' place.

A scan that fails changes nothing but what is said about scans. When the exporter stops, the child is asked to stop,
cleans up what it had begun, and is killed if that takes too long.
"""

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from tonnage.exporter.child import Child
from tonnage.exporter.messages import TIMED_OUT, Job, Outcome
from tonnage.exporter.state import State, Volume

log = logging.getLogger("tonnage")

_JITTER = 0.1
"""Part of the interval by which it varies: exporters that were started together do not stay together."""
_VOLUME_SECONDS = 15.0
"""Between two looks at the volume's room."""


class Scanner:
    """Runs the child: at the start, after each interval, and when asked to."""

    def __init__(
        self,
        command: Sequence[str],
        job: Job,
        state: State,
        measure: Callable[[], tuple[int, int] | None] = lambda: None,
        clear_away: Callable[[], None] = lambda: None,
        limit_seconds: float = 0.0,
    ) -> None:
        """`command` starts the child, which reads a job from stdin; `measure` returns the volume's size and free bytes.

        `clear_away` removes what a child left that had to be killed; it has `limit_seconds` for a job, 0 for any time.
        """
        self.job = job
        self.state = state
        self.measure = measure
        self.make_child = partial(Child, command, clear_away, limit_seconds)
        self.requested = asyncio.Event()
        self.child = self.make_child()
        self.is_stopping = False

    def request(self) -> None:
        """Ask for a scan as soon as none is running."""
        self.requested.set()

    async def run(self) -> None:
        """Say what the old inventory says, then scan until told to stop."""
        threading.Thread(target=self._watch_volume, daemon=True).start()
        self._take(await self._do(msgspec.structs.replace(self.job, scans=False)))
        while not self.is_stopping:
            await self._scan()
            await self._pause()

    async def stop(self) -> None:
        """Stop the child, and start no other."""
        self.is_stopping = True
        self.request()
        await self.child.stop()

    async def _pause(self) -> None:
        seconds = self.state.interval_seconds * random.uniform(1 - _JITTER, 1 + _JITTER)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.requested.wait(), seconds)

    async def _scan(self) -> None:
        if self.is_stopping:
            return
        self.requested.clear()
        started = time.monotonic()
        self.state.is_running = True
        outcome = await self._do(self.job)
        self.state.is_running = False
        if self.is_stopping:
            return
        self.state.duration_seconds = time.monotonic() - started
        self.state.reason, self.state.message = outcome.reason, outcome.message
        self.state.is_ready = True
        self._take(outcome)
        if outcome.reason:
            self.state.failed_count += 1
            said = "; ".join(filter(None, (outcome.message, " ".join(outcome.hint.split()))))
            log.error("the scan failed (%s): %s", outcome.reason, said)
        else:
            self.state.succeeded_count += 1
            log.info("scanned in %.1f s", self.state.duration_seconds)

    def _take(self, outcome: Outcome) -> None:
        """Put new figures in the old ones' place, if there are any."""
        if outcome.exposition is not None:
            self.state.take(outcome.exposition, outcome.scanned_at)

    async def _do(self, job: Job) -> Outcome:
        """Have a child do a job; there is never more than one, not even while one cannot be killed."""
        if self.is_stopping:
            return Outcome()
        if self.child.is_running:
            return Outcome(
                reason=TIMED_OUT, message="the process of the last scan waits for a disk, and cannot be ended"
            )
        self.child = self.make_child()
        return await self.child.do(job)

    def _watch_volume(self) -> None:
        """Look at the volume from time to time: for a thread that nobody waits for, as a dead volume never answers."""
        while not self.is_stopping:
            try:
                found = self.measure()
            except OSError:
                found = None
            self.state.volume = found and Volume(*found, time.monotonic())
            time.sleep(_VOLUME_SECONDS)
