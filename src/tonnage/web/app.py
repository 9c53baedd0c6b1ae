"""The addresses of all pages."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tonnage.web.asking import Ask, Handler, NotThereError, answering
from tonnage.web.pages.basket import basket, plan_download
from tonnage.web.pages.free import free_page
from tonnage.web.pages.image import image_page
from tonnage.web.pages.layer import layer_page
from tonnage.web.pages.map import map_page
from tonnage.web.pages.overview import overview
from tonnage.web.pages.report import report_page
from tonnage.web.pages.search import search
from tonnage.web.pages.sql import sql_page
from tonnage.web.site import Site, static_files

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}

PAGES: tuple[tuple[str, Handler, tuple[str, ...]], ...] = (
    ("/", overview, ("GET",)),
    ("/map", map_page, ("GET",)),
    ("/map/{rest:path}", map_page, ("GET",)),
    ("/report/{rest:path}", report_page, ("GET",)),
    ("/image", image_page, ("GET",)),
    ("/image/{rest:path}", image_page, ("GET",)),
    ("/layer/{rest:path}", layer_page, ("GET",)),
    ("/free", free_page, ("GET",)),
    ("/basket", basket, ("GET", "POST")),
    ("/basket/plan.json", plan_download, ("POST",)),
    ("/sql", sql_page, ("GET",)),
    ("/sql.csv", sql_page, ("GET",)),
    ("/sql.json", sql_page, ("GET",)),
    ("/search", search, ("GET",)),
)


def routes_of(site: Site) -> list[BaseRoute]:
    """Return the routes of all pages."""
    routes: list[BaseRoute] = [
        Route(path, answering(site, handler), methods=list(methods)) for path, handler, methods in PAGES
    ]
    return [*routes, Route("/static/{version}/{name}", _static), Route("/-/inventory", _inventory(site))]


def make_app(site: Site, others: list[BaseRoute]) -> Starlette:
    """Return the app: pages, other routes before them, and a page for what is not there."""
    nowhere = Route("/{rest:path}", answering(site, _nowhere))
    app = Starlette(routes=[*others, *routes_of(site), nowhere])
    app.router.redirect_slashes = False
    return app


def health_routes(site: Site) -> list[BaseRoute]:
    """Return the two routes by which a program learns whether this one is well, where no exporter has them."""

    async def healthy(_request: Request) -> Response:
        return PlainTextResponse("tonnage is healthy\n")

    async def ready(_request: Request) -> Response:
        is_ready = site.snapshots.current is not None
        return PlainTextResponse(
            "tonnage is ready\n" if is_ready else "there is no inventory yet\n", 200 if is_ready else 503
        )

    return [Route("/-/healthy", healthy), Route("/-/ready", ready)]


def _nowhere(ask: Ask) -> Response:
    raise NotThereError(ask.rest("/"))


def _inventory(site: Site) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        snapshot = site.snapshots.current
        return JSONResponse(
            {"scan": snapshot.scan.scan_id if snapshot else None}, headers={"Cache-Control": "no-store"}
        )

    return endpoint


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    content = static_files().get(name)
    if content is None:
        return PlainTextResponse("there is no such file\n", 404)
    return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=_FOREVER)
