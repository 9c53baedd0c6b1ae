"""What stands before every path: how often one may ask, who may ask, and headers that every answer has."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
import time
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tonnage.exporter.web import Web
from tonnage.exporter.webconfig import RateLimit

_KNOWN_LIMIT = 100
"""Passwords remembered as right or wrong; a bcrypt hash takes a tenth of a second by design."""
_NOBODY = "$2b$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
"""The hash of no password: an unknown name takes as long to refuse as a wrong password."""


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
        if users and not await self.passwords.accept(users, headers.get("authorization", "")):
            challenge = {"WWW-Authenticate": 'Basic realm="tonnage", charset="UTF-8"'}
            return PlainTextResponse("unauthorized\n", 401, challenge)
        return None


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


class Passwords:
    """Compares passwords with bcrypt hashes, in a thread, and remembers how it came out."""

    def __init__(self) -> None:
        self.key = os.urandom(32)
        self.known: dict[bytes, bool] = {}
        """By a keyed hash of name, password and what it is compared with, so that no password stays in memory."""

    async def accept(self, users: Mapping[str, str], authorization: str) -> bool:
        """Return whether a request's `Authorization` is that of a user."""
        name, password = parse_basic(authorization)
        if name is None or password is None:
            return False
        expected = users.get(name, _NOBODY)
        mark = hmac.new(self.key, b"\0".join([name.encode(), expected.encode(), password]), hashlib.sha256).digest()
        if mark not in self.known:
            is_right = await asyncio.to_thread(_is_right, password, expected) and name in users
            while len(self.known) >= _KNOWN_LIMIT:
                self.known.pop(next(iter(self.known)))
            self.known[mark] = is_right
        return self.known[mark]


def parse_basic(authorization: str) -> tuple[str | None, bytes | None]:
    """Return name and password of a Basic login, or None for both.

    >>> parse_basic("Basic cmVhZGVyOmE6Yg==")
    ('reader', b'a:b')
    >>> parse_basic("Bearer cmVhZGVyOmE6Yg==")
    (None, None)
    """
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (name.decode(), password) if colon else (None, None)
    except (binascii.Error, UnicodeDecodeError):
        return None, None


def _is_right(password: bytes, expected: str) -> bool:
    import bcrypt

    try:
        return bcrypt.checkpw(password, expected.encode())
    except ValueError:  # longer than 72 bytes, or with a null: no password that was ever hashed
        return False
