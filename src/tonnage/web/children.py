"""Child processes that answer one question each and go: what a stranger asks, or what may take long, is done there."""

import contextlib
import os
import resource
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

_READY = b"\x06"
_LOOK_SECONDS = 1.0


class Child:
    """A process that waits for one question on stdin."""

    def __init__(self, module: str) -> None:
        command: Sequence[str] = (sys.executable, "-P", "-m", module)
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)

    def tell(self, message: bytes, *, is_all: bool) -> None:
        """Send something; after all of it nothing more can be sent. One that has died is noticed when it answers."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(message)
            self.process.stdin.flush()
            if is_all:
                self.process.stdin.close()
        except BrokenPipeError:
            pass

    def is_ready(self, seconds: float) -> bool:
        """Return whether it says in this time that it can be asked: the byte that `say_ready` sends. Else it is killed."""
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if selector.select(seconds) and os.read(self.process.stdout.fileno(), 1) == _READY:
                return True
        self.end()
        return False

    def answer(self, seconds: float, most_bytes: int) -> bytes | None:
        """Return all it says; None if it takes longer or says more: then it is killed."""
        assert self.process.stdout is not None
        ends, said = time.monotonic() + seconds, bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while (left := ends - time.monotonic()) > 0 and len(said) <= most_bytes:
                if selector.select(left):
                    piece = os.read(self.process.stdout.fileno(), 65_536)
                    if not piece:
                        self.end()
                        return bytes(said)
                    said += piece
        self.end()
        return None

    def end(self) -> None:
        """Kill it, and free what it held."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def say_ready() -> None:
    """Tell the parent that it may ask: run in a child."""
    sys.stdout.buffer.write(_READY)
    sys.stdout.buffer.flush()


def become_child(most_bytes: int) -> None:
    """Go with the parent, take no more memory than this, and leave processor time to others: run first in a child."""
    threading.Thread(target=_go_with, args=(os.getppid(),), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _go_with(parent: int) -> None:
    """End the process when its parent is gone.

    Linux would send a signal for that (PR_SET_PDEATHSIG), but sends it when the thread that started the child ends: a
    server's threads come and go, and the child that waits for the next question would go with them.
    """
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)
