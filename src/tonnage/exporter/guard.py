"""What stands before every path: how often one may ask, who may ask, and headers that every answer has."""

import time
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tonnage.exporter.passwords import BusyError, Passwords
from tonnage.exporter.web import Web
from tonnage.exporter.webconfig import RateLimit

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="tonnage", charset="UTF-8"'}


class Guard:
    """An ASGI app around another."""

    def __init__(self, app: ASGIApp, web: Web, clock: Callable[[], float] = time.monotonic) -> None:
        self.app = app
        self.web = web
        self.passwords = Passwords()
        self.bucket = Bucket(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or have the app answer."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        config = self.web.config

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(config.headers)
            await send(message)

        answer = await self._decide(config.users, config.rate_limit, Headers(scope=scope))
        await (answer or self.app)(scope, receive, send_with_headers)

    async def _decide(self, users: Mapping[str, str], limit: RateLimit, headers: Headers) -> ASGIApp | None:
        """Return a refusal, or None for what may go on."""
        if not self.bucket.take(limit):
            return PlainTextResponse("too many requests\n", 429)
        try:
            if not users or await self.passwords.accept(users, headers.get("authorization", "")):
                return None
        except BusyError:
            return PlainTextResponse("too many logins at once\n", 429)
        return PlainTextResponse("unauthorized\n", 401, _CHALLENGE)


class Bucket:
    """Allows `burst` requests at once, and one more in each interval."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.tokens: float | None = None
        self.at = clock()

    def take(self, limit: RateLimit) -> bool:
        """Return whether one more request is within the limit, and count it."""
        if not limit.interval_seconds:
            return True
        now = self.clock()
        tokens = limit.burst if self.tokens is None else self.tokens + (now - self.at) / limit.interval_seconds
        self.tokens, self.at = min(float(limit.burst), tokens), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
