"""One question of a browser, and how its answer is made: language, theme, the snapshot it began with."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from tonnage.errors import (
    DoubtfulStorageError,
    InventoryVersionError,
    NoInventoryError,
    NotKnownError,
    QueryError,
    TonnageError,
    UsageError,
)
from tonnage.web.links import rest_of
from tonnage.web.site import Site, state_of
from tonnage.web.snapshot import Snapshot
from tonnage.web.words import LANGUAGES, Words, choose

MOST_BYTES = 1_000_000
"""Of a body."""
THEMES = ("light", "dark")
_YEAR = 365 * 86_400


class NotThereError(TonnageError):
    """Something that is not, or no longer, in the inventory."""

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no `{what}` in this inventory")
        self.what = what


class TooLargeError(TonnageError):
    """More was sent than is taken."""


@dataclass
class Ask:
    """A question."""

    site: Site
    request: Request
    snapshot: Snapshot
    form: Mapping[str, list[str]]
    """What was sent in the body."""
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """The language of the answer: what was asked for, what was chosen before, what the browser prefers."""
        asked = self.query("lang") or self.request.cookies.get("tonnage_lang", "")
        return asked if asked in LANGUAGES else choose(self.request.headers.get("accept-language", ""))

    @property
    def theme(self) -> str:
        """The theme that was chosen, if one was."""
        asked = self.query("theme") or self.request.cookies.get("tonnage_theme", "")
        return asked if asked in THEMES else ""

    def query(self, name: str, otherwise: str = "") -> str:
        """Return a value of the address."""
        return self.request.query_params.get(name, otherwise)

    def rest(self, prefix: str) -> str:
        """Return the rest of the path as it was sent."""
        return rest_of(self.request.scope.get("raw_path") or self.request.url.path.encode(), prefix)

    def wants_json(self) -> bool:
        """Return whether a script asks."""
        return "application/json" in self.request.headers.get("accept", "")

    def here(self, **changes: str) -> str:
        """Return this page's address with some values of its query changed; empty ones are left out."""
        query = dict(self.request.query_params.items()) | changes
        for name in ("lang", "theme"):
            if name not in changes:
                query.pop(name, None)
        kept = {name: value for name, value in query.items() if value}
        raw = (self.request.scope.get("raw_path") or b"/").partition(b"?")[0].decode("ascii", "replace")
        return self.site.links.prefix + raw + (f"?{urlencode(kept)}" if kept else "")

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        return respond(self.site, self, template, status, self.snapshot, values)


Handler = Callable[[Ask], Response]


def respond(
    site: Site, ask: Ask, template: str, status: int, snapshot: Snapshot | None, values: Mapping[str, Any]
) -> Response:
    """Return a page in the shell, with the cookies of what was chosen by the address."""
    t = Words(ask.language)
    scanning = site.scanning()
    state = None
    if snapshot is not None:
        state = state_of(snapshot, scanning, time.time() - snapshot.scan.finished_at.timestamp())
    text = site.render(
        template, ask=ask, t=t, snapshot=snapshot, state=state, scanning=scanning, language=ask.language,
        other_language=next(name for name in LANGUAGES if name != ask.language), languages=LANGUAGES, theme=ask.theme,
        **values,
    )  # fmt: skip
    response = HTMLResponse(
        text, status, headers={"Cache-Control": "no-cache", "Vary": "Accept, Accept-Language, Cookie"}
    )
    for name, chosen in (("lang", ask.query("lang")), ("theme", ask.query("theme"))):
        if chosen in LANGUAGES or chosen in THEMES:
            response.set_cookie(f"tonnage_{name}", chosen, max_age=_YEAR, samesite="lax", path=f"{site.links.prefix}/")
    return response


def answering(site: Site, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that has a thread answer, and makes pages of what may go wrong."""

    async def endpoint(request: Request) -> Response:
        try:
            form = await _form(request)
        except TooLargeError as error:
            return PlainTextResponse(f"{error.message}\n", 413)
        return await run_in_threadpool(_answer, site, handler, request, form)

    return endpoint


def _answer(site: Site, handler: Handler, request: Request, form: Mapping[str, list[str]]) -> Response:
    snapshot = site.snapshots.current
    ask = Ask(site, request, snapshot, form)  # type: ignore[arg-type]  # without a snapshot only the shell is shown
    if snapshot is None:
        return _without_inventory(site, ask)
    try:
        return handler(ask)
    except TonnageError as error:
        if ask.wants_json():
            return PlainTextResponse(f"{error.message}\n", _status_of(error))
        return respond(site, ask, "error.html", _status_of(error), snapshot, {"error": error, "page": ""})


def _without_inventory(site: Site, ask: Ask) -> Response:
    error, scanning = site.snapshots.error, site.scanning()
    is_first = scanning is not None and (error is None or (type(error) is NoInventoryError and not scanning.failure))
    return respond(site, ask, "waiting.html" if is_first else "error.html", 503, None, {"error": error, "page": ""})


def _status_of(error: TonnageError) -> int:
    if isinstance(error, NotThereError):
        return 404
    if isinstance(error, (UsageError, QueryError)):
        return 400
    if isinstance(error, (NoInventoryError, InventoryVersionError)):
        return 503
    return 409 if isinstance(error, (NotKnownError, DoubtfulStorageError)) else 422


async def _form(request: Request) -> Mapping[str, list[str]]:
    """Return the fields of a body, sent as a form or as plain text (`targets`). Raises TooLargeError."""
    if request.method != "POST":
        return {}
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise TooLargeError(f"more than {MOST_BYTES:,} bytes were sent")
    text = body.decode("utf-8", "replace")
    if request.headers.get("content-type", "").startswith("text/plain"):
        return {"targets": [text]}
    return parse_qs(text, keep_blank_values=True, max_num_fields=30_000)
