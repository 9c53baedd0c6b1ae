"""Scans in the background, each in a child process, again and again; what they find takes the old figures' place.

A scan that fails changes nothing but what is said about scans. When the exporter stops, the child is asked to stop,
clears away what it had begun, and is killed if that takes too long.
"""

import asyncio
import contextlib
import logging
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from tonnage.exporter.messages import KILLED, OTHER, Job, Outcome
from tonnage.exporter.state import State, Volume

log = logging.getLogger("tonnage")

_JITTER = 0.1
"""Part of the interval by which it varies: exporters that were started together do not stay together."""
_PATIENCE_SECONDS = 5.0
"""What a child is given to clear away; one that waits for a dead disk, or for a long query, does not hear."""
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
    ) -> None:
        """`command` starts the child, which reads a job from stdin; `measure` returns the volume's size and free bytes.

        `clear_away` removes what a child left that had to be killed.
        """
        self.command = command
        self.job = job
        self.state = state
        self.measure = measure
        self.clear_away = clear_away
        self.requested = asyncio.Event()
        self.child: asyncio.subprocess.Process | None = None
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
        if self.child and self.child.returncode is None:
            self.child.terminate()
            try:
                await asyncio.wait_for(self.child.wait(), _PATIENCE_SECONDS)
            except TimeoutError:
                log.warning("the scan does not stop, and is killed")
                self.child.kill()
                await self.child.wait()
                self.clear_away()

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
        self.state.reason = outcome.reason
        self.state.is_ready = True
        self._take(outcome)
        if outcome.reason:
            self.state.failed_count += 1
            log.error("the scan failed (%s): %s", outcome.reason, outcome.message)
        else:
            self.state.succeeded_count += 1
            log.info("scanned in %.1f s", self.state.duration_seconds)

    def _take(self, outcome: Outcome) -> None:
        """Put new figures in the old ones' place, if there are any."""
        if outcome.exposition is not None:
            self.state.exposition = outcome.exposition
            self.state.scanned_at = outcome.scanned_at
            self.state.is_ready = True

    async def _do(self, job: Job) -> Outcome:
        """Have a child do a job; whatever may become of the child is an outcome."""
        pipe = asyncio.subprocess.PIPE
        try:
            self.child = await asyncio.create_subprocess_exec(*self.command, stdin=pipe, stdout=pipe)
            if self.is_stopping:
                self.child.terminate()
            said, _ = await self.child.communicate(msgspec.json.encode(job))
        except OSError as error:
            return Outcome(reason=OTHER, message=f"no process for the scan can be started: {error.strerror}")
        code = self.child.returncode
        if code == 0:
            return msgspec.msgpack.decode(said, type=Outcome)
        if code is not None and code < 0:
            return Outcome(reason=KILLED, message=f"its process ended by {signal.Signals(-code).name}")
        return Outcome(reason=OTHER, message=f"its process ended with {code}; what it said is above")

    def _watch_volume(self) -> None:
        """Look at the volume from time to time: for a thread that nobody waits for, as a dead volume never answers."""
        while not self.is_stopping:
            try:
                found = self.measure()
            except OSError:
                found = None
            self.state.volume = found and Volume(*found, time.monotonic())
            time.sleep(_VOLUME_SECONDS)
