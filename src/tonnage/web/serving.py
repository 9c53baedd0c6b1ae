"""The page of a finished inventory at work: sockets and server, ended by a signal."""

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tonnage.exporter.addresses import url_of
from tonnage.exporter.guard import Guard
from tonnage.exporter.serving import LimitedServer, signals_spent
from tonnage.exporter.state import State
from tonnage.exporter.web import Web
from tonnage.web.app import health_routes, make_app
from tonnage.web.asking import answering
from tonnage.web.pages.overview import overview
from tonnage.web.shell import Hosts, Shell
from tonnage.web.site import Scanning, Site


def app_of(site: Site, web: Web, hosts: Hosts, prefix: str, open_paths: Iterable[str] = ()) -> Guard:
    """Return the pages with all that stands around them."""
    return Guard(Shell(make_app(site, health_routes(site)), hosts, prefix, open_paths), web)


def routes_with_metrics(site: Site, metrics_routes: Sequence[BaseRoute]) -> list[BaseRoute]:
    """Return the exporter's routes with ours before its root: a browser gets the page there, everyone else the metrics."""
    others = [route for route in metrics_routes if getattr(route, "path", "") != "/"]
    metrics = next((route for route in metrics_routes if getattr(route, "path", "") == "/"), None)
    page = answering(site, overview)

    async def root(request: Request) -> Response:
        if metrics is None or "text/html" in request.headers.get("accept", ""):
            return await page(request)
        response: Response = await metrics.endpoint(request)  # type: ignore[attr-defined]
        return response

    return [*others, Route("/", root)]


def scanning_of(state: State) -> Scanning:
    """Return how the scans go, in the page's words."""
    failure = state.message if state.reason else ""
    return Scanning(state.is_running, failure, state.files_count, state.interval_seconds)


def serve(site: Site, web: Web, app: Guard, sockets: Sequence[socket.socket], on_start: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. `on_start` is told the address once it can be asked."""
    try:
        site.snapshots.start()
        asyncio.run(_serve(web, app, list(sockets), on_start))
    finally:
        stop(site)


def stop(site: Site) -> None:
    """End what runs beside the server."""
    site.snapshots.stop()
    site.sandbox.stop()
    site.solver.stop()


async def _serve(web: Web, app: Guard, sockets: list[socket.socket], on_start: Callable[[str], None]) -> None:
    server = LimitedServer(app, web)
    with signals_spent():
        serving = asyncio.create_task(server.serve(sockets))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        on_start(url_of(sockets[0], web.has_tls))
        await serving
