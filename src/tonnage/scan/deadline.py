"""The end of a scan that takes too long, whatever it waits for: a dead disk, a server without end, a query.

At first as Ctrl-C ends it, so that everything is cleaned up. What does not hear that, such as a request in a library that is
not Python, is given a little longer; then the process ends as it is. What it leaves the next scan removes.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

from tonnage.errors import TookTooLongError

PATIENCE_SECONDS = 10.0
"""What is given to whoever has something to clean up."""
_INTERRUPTED = "Query interrupted"
"""What DuckDB makes of any exception from a signal's handler that comes in the middle of a query."""


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TookTooLongError once the block has taken so long; 0 is no limit. For the main thread."""
    if not seconds:
        yield
        return
    is_done, is_over = threading.Event(), threading.Event()
    error = TookTooLongError(f"the scan was not done within {seconds:g} s")

    def end(*_: Any) -> None:
        if not is_done.is_set():
            raise error

    before = signal.signal(signal.SIGALRM, end)
    watcher = threading.Thread(target=_watch, args=(seconds, is_done, is_over, error), daemon=True)
    watcher.start()
    try:
        try:
            yield
        finally:  # the signal comes once: here it may still end this line, and then not the one below
            is_done.set()
    except RuntimeError as interrupted:
        if is_over.is_set() and str(interrupted) == _INTERRUPTED:
            raise error from interrupted
        raise
    finally:
        is_done.set()
        watcher.join()  # a signal sent after the handler is gone would end the process
        signal.signal(signal.SIGALRM, before)


def _watch(seconds: float, is_done: threading.Event, is_over: threading.Event, error: TookTooLongError) -> None:
    """Wake the main thread when the time is over; end the process if that does not help."""
    if is_done.wait(seconds):
        return
    is_over.set()
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
    if not is_done.wait(PATIENCE_SECONDS):
        print(
            f"tonnage: {error.message}, and does not stop by itself\n\nhint: {error.next_step}",
            file=sys.stderr,
            flush=True,
        )
        os._exit(error.exit_code)
