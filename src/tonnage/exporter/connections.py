"""The clients that are connected: how many there may be, and for how long each is waited for.

    accepted ── TLS ──▶ waited for ── a whole request ──▶ answered ── all taken ──▶ waited for …
        └───── 10 s ────────┴───────────── 10 s                └──── 120 s

A client that does not get on in its time is dropped. When there are too many, the one that has been waited for longest
is dropped for the next: so whoever asks at once, as Prometheus does, is answered, however many others hold on.
"""

import asyncio
import logging
import resource
import socket
import ssl
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger("tonnage")

REQUEST_SECONDS = 10.0
"""What a client is given for its TLS handshake, and then for each whole request."""
ANSWER_SECONDS = 120.0
"""What it is given to take an answer: more than any scrape may take."""
_MOST = 512
_KEPT_FREE = 64
"""Descriptors for all else: sockets that listen, the child's pipes, files that are read."""
_FEWEST = 8
_AT_ONCE = 64
"""Connections taken in one go, before others get a word in."""
_PAUSE_SECONDS = 0.5
"""Until the next attempt to accept where the system has nothing left to do it with."""


def connections_limit() -> int:
    """Return how many clients may be connected, so that descriptors never run out."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else max(_FEWEST, min(_MOST, soft - _KEPT_FREE))


class Connections:
    """All that are connected, the one that has been where it is for longest first."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.open: dict[Connection, None] = {}

    def make_room(self) -> None:
        """Drop whoever has been waited for longest, or else who has been taking an answer for longest."""
        while len(self.open) >= self.limit:
            waiting = next((one for one in self.open if not one.is_answered), None)
            (waiting or next(iter(self.open))).drop()

    def admit(self, connection: "Connection") -> None:
        """Take in another."""
        self.make_room()
        self.open[connection] = None

    def moved_on(self, connection: "Connection") -> None:
        """Put one last that has got on."""
        if self.open.pop(connection, self) is None:
            self.open[connection] = None

    def leave(self, connection: "Connection") -> None:
        """Forget one."""
        self.open.pop(connection, None)


class Connection(H11Protocol):
    """One client. What it is given time for ends with a timer, which only progress resets."""

    def __init__(self, connections: Connections, **options: Any) -> None:
        super().__init__(**options)
        self.others = connections
        self.task: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.stage: object = None

    @property
    def is_answered(self) -> bool:
        """Whether an answer is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def drop(self) -> None:
        """End it at once, whatever it is at."""
        self.others.leave(self)
        if self.timer:
            self.timer.cancel()
        if self.task and not self.task.done():
            self.task.cancel()  # it is at its handshake
        elif self.transport:
            self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for its first request."""
        super().connection_made(transport)
        self._move_on()

    def handle_events(self) -> None:
        """Take in what it said."""
        super().handle_events()
        self._move_on()

    def on_response_complete(self) -> None:
        """Wait for its next request."""
        super().on_response_complete()
        self._move_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.others.leave(self)
        if self.timer:
            self.timer.cancel()
        super().connection_lost(exc)

    def _move_on(self) -> None:
        """Give it new time if it has got on: to another request, or from waiting to an answer, or back."""
        stage = (self.cycle, self.is_answered)
        if stage != self.stage and self in self.others.open:
            self.stage = stage
            if self.timer:
                self.timer.cancel()
            self.timer = self.loop.call_later(ANSWER_SECONDS if self.is_answered else REQUEST_SECONDS, self.drop)
            self.others.moved_on(self)


class Listener:
    """Accepts connections on a socket; in the place of asyncio's, which has neither a limit nor patience with errors."""

    def __init__(self, sock: socket.socket, make: Callable[[], Connection], context: ssl.SSLContext | None) -> None:
        self.sock = sock
        self.make = make
        self.context = context
        self.loop = asyncio.get_running_loop()
        self.pause: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        self._start()

    def close(self) -> None:
        """Accept no more."""
        if self.pause:
            self.pause.cancel()
        self.loop.remove_reader(self.sock.fileno())
        self.sock.close()

    async def wait_closed(self) -> None:
        """Return: nothing is left to wait for."""

    def _start(self) -> None:
        self.pause = None
        self.loop.add_reader(self.sock.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, _ = self.sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no descriptor, no memory: it stays so for a while
                log.warning("cannot accept a connection: %s", error.strerror)
                self.loop.remove_reader(self.sock.fileno())
                self.pause = self.loop.call_later(_PAUSE_SECONDS, self._start)
                return
            connection = self.make()
            connection.others.admit(connection)
            connection.task = self.loop.create_task(self._begin(connection, accepted))

    async def _begin(self, connection: Connection, accepted: socket.socket) -> None:
        """Do the handshake, if there is one; from then on the connection is called."""
        seconds = REQUEST_SECONDS if self.context else None
        try:
            await self.loop.connect_accepted_socket(
                lambda: connection, accepted, ssl=self.context, ssl_handshake_timeout=seconds
            )
        except OSError as error:  # a client's certificate, or something else than TLS, or nothing
            log.debug("no connection: %s", error)
            connection.others.leave(connection)
        except asyncio.CancelledError:
            accepted.close()
