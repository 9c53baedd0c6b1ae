"""The pages of the exporter. They only read what is in memory; `routes` is what another app may take into its own."""

import logging
from collections.abc import Callable, Sequence
from html import escape

from prometheus_client.exposition import gzip_accepted
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from tonnage import __version__
from tonnage.exporter.events import BODY_BYTES, FullError, NotEventsError, append, kept_of
from tonnage.exporter.exposition import answer, gzipped
from tonnage.exporter.state import Live

log = logging.getLogger("tonnage")

_PIECE_BYTES = 1 << 16
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>tonnage exporter</title><link rel="icon" href="data:,"></head>
<body>
<h1>tonnage exporter {version}</h1>
<p>What fills a container registry's disk, for Prometheus.</p>
<ul>
<li><a href="{path}">Metrics</a></li>
<li><a href="-/healthy">Healthy</a>, <a href="-/ready">ready</a></li>
</ul>
</body>
</html>
"""


class Pieces(Response):
    """An answer that is handed over piece by piece, as it is taken: a slow client costs one piece, not a copy of all."""

    def __init__(self, parts: Sequence[bytes], headers: dict[str, str]) -> None:
        super().__init__(headers={**headers, "Content-Length": str(sum(map(len, parts)))})
        self.parts = parts

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        for part in self.parts:
            for start in range(0, len(part), _PIECE_BYTES):
                piece = part[start : start + _PIECE_BYTES]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class Pages:
    """Answers requests from the figures of the moment."""

    def __init__(
        self, live: Live, metrics_path: str, request_scan: Callable[[], None] | None, events: str | None = None
    ) -> None:
        """`request_scan` is what a POST to `/-/scan` calls, `events` the file for one to `/-/events`; None: not at all."""
        self.live = live
        self.metrics_path = metrics_path
        self.request_scan = request_scan
        self.events_path = events

    async def metrics(self, request: Request) -> Response:
        """Return the metrics: from memory, whatever the storage does."""
        names = request.query_params.getlist("name[]")
        accept, encodings = (request.headers.get(name, "") for name in ("accept", "accept-encoding"))
        body, tail, content_type = answer(self.live.state.exposition, self.live.families(), accept, names)
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        if gzip_accepted(encodings):
            return Pieces(gzipped(body, tail), {**headers, "Content-Encoding": "gzip"})
        return Pieces((body.plain, tail), headers)

    async def root(self, request: Request) -> Response:
        """Return a page for a browser, the metrics for everyone else."""
        if "text/html" not in request.headers.get("accept", ""):
            return await self.metrics(request)
        page = _PAGE.format(version=escape(__version__), path=escape(self.metrics_path.lstrip("/"), quote=True))
        return HTMLResponse(page, headers={"Vary": "Accept"})

    async def healthy(self, _request: Request) -> Response:
        """Return 200 as long as anything is answered at all."""
        return PlainTextResponse("tonnage is healthy\n")

    async def ready(self, _request: Request) -> Response:
        """Return 200 once there are figures, or once a first scan has failed, which the metrics then tell."""
        if self.live.state.is_ready:
            return PlainTextResponse("tonnage is ready\n")
        return PlainTextResponse("the first scan is not done yet\n", 503)

    async def scan(self, _request: Request) -> Response:
        """Ask for a scan; it is begun once none is running."""
        if self.request_scan is None:
            return PlainTextResponse("scans on request are switched off: --web.enable-scan\n", 403)
        self.request_scan()
        return PlainTextResponse("a scan will be begun\n", 202)

    async def events(self, request: Request) -> Response:
        """Take in a registry's notifications, for the next scan. What is not 202 is sent again by the registry."""
        if self.events_path is None:
            return PlainTextResponse("events are switched off: --web.enable-events\n", 403)
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BYTES:
                return PlainTextResponse(f"more than {BODY_BYTES} bytes\n", 413, {"Connection": "close"})
        try:
            await run_in_threadpool(append, self.events_path, kept_of(body))
        except NotEventsError as error:
            return PlainTextResponse(f"{error}\n", 400)
        except FullError as error:
            return PlainTextResponse(f"{error}\n", 507)
        except OSError as error:
            log.error("cannot keep events in `%s`: %s", self.events_path, error.strerror or error)
            return PlainTextResponse("the events cannot be kept\n", 503)
        return PlainTextResponse("the next scan counts them\n", 202)

    def routes(self) -> list[BaseRoute]:
        """Return the routes; the metrics come first, as their path may be `/`."""
        return [
            Route(self.metrics_path, self.metrics),
            Route("/", self.root),
            Route("/-/healthy", self.healthy),
            Route("/-/ready", self.ready),
            Route("/-/scan", self.scan, methods=["POST"]),
            Route("/-/events", self.events, methods=["POST"]),
        ]


def make_app(routes: Sequence[BaseRoute]) -> Starlette:
    """Return an app of these routes and no others: no redirects to guessed paths."""
    app = Starlette(routes=list(routes))
    app.router.redirect_slashes = False
    return app
