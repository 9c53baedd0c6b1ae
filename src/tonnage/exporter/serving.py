"""The exporter at work: sockets, server and scanner, begun together and ended together by a signal."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import uvicorn
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from tonnage.exporter.addresses import listen, url_of
from tonnage.exporter.app import Pages, make_app
from tonnage.exporter.connections import Connection, Connections, Listener, connections_limit
from tonnage.exporter.expose import selection_of, wanted_metrics
from tonnage.exporter.guard import Guard
from tonnage.exporter.messages import Job
from tonnage.exporter.scanner import Scanner
from tonnage.exporter.state import Live, State
from tonnage.exporter.throttle import Throttle
from tonnage.exporter.tls import reloading_context
from tonnage.exporter.web import Web

log = logging.getLogger("tonnage")

_SHUTDOWN_SECONDS = 3
"""What answers under way are given to be finished."""


class Settings(NamedTuple):
    """How to serve."""

    addresses: Sequence[str] = (":8080",)
    metrics_path: str = "/metrics"
    web_config_path: str | None = None
    interval_seconds: float = 300.0
    can_request_scan: bool = False
    """A POST to `/-/scan` begins a scan."""
    limit_seconds: float = 0.0
    """How long a scan may take; 0 is for ever."""


class Front(NamedTuple):
    """What is served beside the metrics, of whoever serves more than them."""

    make_app: Callable[[list[BaseRoute], Sequence[socket.socket], State], ASGIApp]
    """From the exporter's own routes, the sockets and how the scans go to the whole app."""
    start: Callable[[], None]
    stop: Callable[[], None]


def serve(
    settings: Settings,
    job: Job,
    command: Sequence[str],
    measure: Callable[[], tuple[int, int] | None],
    clear_away: Callable[[], None],
    front: Front | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Raises TonnageError for settings that are wrong, before anything is begun.

    `command` starts the child that does a job, `measure` returns size and free bytes of the storage's volume, and
    `clear_away` removes what a killed child has left.
    """
    wanted_metrics(job)
    selection_of(job)
    web = Web(settings.web_config_path)
    sockets = listen(settings.addresses)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Throttle())
    web.watch()
    state = State(settings.interval_seconds)
    scanner = Scanner(command, job, state, measure, clear_away, settings.limit_seconds)
    if front is None:
        return asyncio.run(_serve(settings, web, sockets, scanner, Live(state, web), None))
    front.start()
    try:
        asyncio.run(_serve(settings, web, sockets, scanner, Live(state, web), front))
    finally:
        front.stop()


async def _serve(
    settings: Settings, web: Web, sockets: list[socket.socket], scanner: Scanner, live: Live, front: Front | None
) -> None:
    pages = Pages(
        live, settings.metrics_path, scanner.request if settings.can_request_scan else None, scanner.job.events
    )
    app = front.make_app(pages.routes(), sockets, live.state) if front else make_app(pages.routes())
    server = LimitedServer(Guard(app, web), web)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, scanner.request)
    scanning = asyncio.create_task(scanner.run())
    scanning.add_done_callback(lambda task: _end(server, task))
    log.info("listening on %s", ", ".join(url_of(found, web.has_tls) for found in sockets))
    with signals_spent():
        await server.serve(sockets)
        await scanner.stop()
        await scanning
    log.info("stopped")


def _end(server: uvicorn.Server, scanning: "asyncio.Task[None]") -> None:
    """End the server with the scanner: without one, figures would grow old and nobody be told."""
    server.should_exit = True
    if not scanning.cancelled() and scanning.exception():
        log.critical("the scanner failed", exc_info=scanning.exception())


class LimitedServer(uvicorn.Server):
    """uvicorn with listeners of our own, which know a limit."""

    def __init__(self, app: Guard, web: Web, limit: int | None = None) -> None:
        super().__init__(_config(app))
        self.web = web
        self.clients = Connections(limit or connections_limit())

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on these sockets."""
        make = partial(Connection, self.clients, config=self.config, server_state=self.server_state, app_state={})
        context = reloading_context(self.web.context) if self.web.has_tls else None
        self.servers = [Listener(sock, make, context) for sock in sockets or []]  # type: ignore[misc]
        self.started = True


def _config(app: Guard) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


@contextlib.contextmanager
def signals_spent() -> Iterator[None]:
    """uvicorn ends at a signal, and then raises it again for whoever was there before: for nobody, as it is spent."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
