"""How a worker process is started: by which method, and without an interrupt that nobody would take."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker


@contextlib.contextmanager
def no_interrupt(method: str) -> Iterator[None]:
    """Keep Ctrl-C, which goes to all processes of a terminal, from a worker until it can say that it takes none.

    To ours it comes when that is started. The tracker unblocks signals as it starts, so it has to be there before.
    """
    if method == "spawn":
        resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_method() -> str:
    """Fork where that is safe: nothing else runs in this process, and no database was opened; it saves the imports."""
    alone = threading.active_count() == 1 and "duckdb" not in sys.modules and sys.platform == "linux"
    return "fork" if alone else "spawn"
