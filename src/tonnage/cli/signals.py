"""Being asked to end: SIGTERM and SIGHUP end the program as Ctrl-C does, so that what it had begun is removed."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP)


class EndedError(SystemExit):
    """The program was asked to end. It is an exit, which nobody takes for a failure of what was under way."""


@contextlib.contextmanager
def ending_at_signals() -> Iterator[list[int]]:
    """Raise EndedError at the first signal to end; yield a list that it is put in, as libraries may hide the error."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def end(number: int, _frame: FrameType | None) -> None:
        for other in taken:
            signal.signal(other, signal.SIG_IGN)  # a second one would break off what removes our files
        received.append(number)
        raise EndedError(128 + number)

    before = {number: signal.getsignal(number) for number in ENDING}
    taken = [number for number, handler in before.items() if handler is signal.SIG_DFL]  # nohup has SIGHUP ignored
    for number in taken:
        signal.signal(number, end)
    try:
        yield received
    finally:
        for number in taken:
            signal.signal(number, before[number])
