"""Ctrl-C, and being asked to end, while the database works."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def interruptible(connection: "duckdb.DuckDBPyConnection") -> Iterator[None]:
    """Have Ctrl-C end the statement that runs: DuckDB looks for it only now and then, and Python waits for DuckDB.

    The pipe is written to by Python's handler in C, at once. Until all is as it was, nothing else comes of the signal.
    """
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    interrupts: list[int] = []
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    listener = threading.Thread(target=_interrupt_when_told, args=(connection, reading), daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.close(writing)
        listener.join()
        os.close(reading)
    if interrupts:
        raise KeyboardInterrupt


def _interrupt_when_told(connection: "duckdb.DuckDBPyConnection", reading: int) -> None:
    """Interrupt the statement when a signal to end is written to the pipe, until its other end is closed."""
    while told := os.read(reading, 1):
        if told[0] in _ENDING:
            connection.interrupt()
