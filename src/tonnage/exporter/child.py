"""One child process that does one job. Whatever becomes of it is an outcome: nothing it does ends the exporter.

It may die of any signal, take too long, close its stdout and stay, say garbage or without end, or wait for a dead disk
so that not even SIGKILL is heard. It has a process group of its own, so that its workers go with it.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Sequence

from tonnage.errors import TonnageError
from tonnage.exporter.messages import KILLED, OTHER, TIMED_OUT, Job, Outcome, decode_outcome, encode_job

log = logging.getLogger("tonnage")

PATIENCE_SECONDS = 5.0
"""What a child is given to clean up; one that waits for a dead disk, or for a long query, does not hear."""
_LARGEST_BYTES = 1 << 30
"""An outcome: the metrics of some million repositories."""
_READ_BYTES = 1 << 20


class Child:
    """A process, from its start to its end."""

    def __init__(self, command: Sequence[str], clear_away: Callable[[], None], limit_seconds: float = 0.0) -> None:
        """`clear_away` removes what a killed process has left; a limit of 0 is none."""
        self.command = command
        self.clear_away = clear_away
        self.limit_seconds = limit_seconds
        self.process: asyncio.subprocess.Process | None = None
        self.reading: asyncio.Future[bytes] | None = None
        """What the process says on stdout, once that is closed by it and its workers."""
        self.is_stopping = False

    @property
    def is_running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self.process is not None and self.process.returncode is None

    async def do(self, job: Job) -> Outcome:
        """Have the job done, and return what came of it."""
        failure = await self._attempt(encode_job(job))
        said = await self._rest()
        return failure or outcome_of(self.process.returncode if self.process else None, said)

    async def _attempt(self, job: bytes) -> Outcome | None:
        """Return None once the process has ended by itself; if it did not or was never there, say why."""
        try:
            async with asyncio.timeout(self.limit_seconds or None):
                await self._run(job)
        except TimeoutError:
            await self.stop()
            return Outcome(reason=TIMED_OUT, message=f"it took longer than {self.limit_seconds:g} seconds")
        except Exception as error:  # no memory, thread, descriptor or process is left; or it says too much
            await self.stop()
            return Outcome(reason=OTHER, message=f"its process could not be started or heard: {error!r}")
        return None

    async def stop(self) -> None:
        """End the process: it is asked to, then killed with its workers; one that no signal reaches is left alone."""
        self.is_stopping = True
        if not self.is_running:
            return
        self._signal(signal.SIGTERM)
        if await self._ends_in_time():
            return
        log.warning("the scan does not stop, and is killed")
        self._signal(signal.SIGKILL, is_for_workers=True)
        if await self._ends_in_time():
            self._clean_up()
        else:
            log.error("the scan's process %s cannot be killed: it waits for a disk", self.process and self.process.pid)

    def _clean_up(self) -> None:
        try:
            self.clear_away()
        except TonnageError as error:  # another program writes there now, or nobody can
            log.warning("what the scan left is still there: %s", error.message)

    async def _run(self, job: bytes) -> None:
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=pipe, stdout=pipe, start_new_session=True
        )
        if self.is_stopping:
            self._signal(signal.SIGTERM)
        assert self.process.stdin and self.process.stdout
        self.reading = asyncio.ensure_future(_read(self.process.stdout))
        await _write(self.process.stdin, job)
        while self.is_running:
            await asyncio.wait({self.reading}, timeout=1)
            if self.reading.done() and not self.reading.exception():  # it is about to end, or not
                await asyncio.sleep(0.01)
            elif self.reading.done():
                self.reading.result()

    async def _rest(self) -> bytes:
        """Return what was said. A worker that keeps stdout open after the process has ended is killed."""
        if self.reading is None:
            return b""
        await asyncio.wait({self.reading}, timeout=PATIENCE_SECONDS)
        if not self.reading.done() and not self.is_running:
            self._signal(signal.SIGKILL, is_for_workers=True)
            await asyncio.wait({self.reading}, timeout=PATIENCE_SECONDS)
        self.reading.cancel()
        await asyncio.wait({self.reading})
        return b"" if self.reading.cancelled() or self.reading.exception() else self.reading.result()

    def _signal(self, number: signal.Signals, is_for_workers: bool = False) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if is_for_workers else os.kill)(self.process.pid, number)

    async def _ends_in_time(self) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self.is_running:
                    await asyncio.sleep(0.02)
        return not self.is_running


async def _write(stdin: asyncio.StreamWriter, job: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it ended, which its code will say
        stdin.write(job)
        await stdin.drain()
    stdin.close()


async def _read(stdout: asyncio.StreamReader) -> bytes:
    said = bytearray()
    while piece := await stdout.read(_READ_BYTES):
        said += piece
        if len(said) > _LARGEST_BYTES:
            raise ValueError(f"it said more than {_LARGEST_BYTES} bytes")
    return bytes(said)


def outcome_of(code: int | None, said: bytes) -> Outcome:
    """Return what a process that has ended makes of its job.

    >>> outcome_of(-9, b"").message, outcome_of(-35, b"").message
    ('its process ended by SIGKILL', 'its process ended by signal 35')
    """
    if code is not None and code < 0:
        return Outcome(reason=KILLED, message=f"its process ended by {_name_of(-code)}")
    if code:
        return Outcome(reason=OTHER, message=f"its process ended with {code}; what it said is above")
    try:
        return decode_outcome(said)
    except ValueError as error:
        return Outcome(reason=OTHER, message=str(error))


def _name_of(number: int) -> str:
    """Return a signal's name; most of the real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
