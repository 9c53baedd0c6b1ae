"""Logins, compared with bcrypt hashes. How long a refusal takes says nothing about which names there are.

A hash takes a tenth of a second by design, and as long as its cost says. So a login that is refused costs one hash of
each cost that any user has, whoever it names: the user's own hash for one of them, the hash of nobody for all others.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping

from tonnage.exporter.webconfig import cost_of

_REMEMBERED_LIMIT = 100
"""Logins remembered as right, and as many as wrong: no flood of wrong ones makes the right one slow again."""
_AT_ONCE = 2
"""Hashes at once; scrapes and the scan need the processor too."""
_WAITING_LIMIT = 16
"""Logins that wait for a hash; the next one is turned away."""
_NOBODY = "$2b${:02}$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
"""The hash of no password, for each cost."""


class BusyError(Exception):
    """Too many logins wait to be compared."""


class Passwords:
    """Compares logins, and remembers how it came out."""

    def __init__(self) -> None:
        self.key = os.urandom(32)
        self.right: dict[bytes, None] = {}
        """By a keyed hash of name, password and what it is compared with, so that no password stays in memory."""
        self.wrong: dict[bytes, None] = {}
        self.slots = asyncio.Semaphore(_AT_ONCE)
        self.waiting_count = 0

    async def accept(self, users: Mapping[str, str], authorization: str) -> bool:
        """Return whether a request's `Authorization` is that of a user. Raises BusyError."""
        name, password = parse_basic(authorization)
        if name is None or password is None:
            return False
        hashes = hashes_for(users, name)
        mark = self._mark(name, hashes, password)
        if mark not in self.right and mark not in self.wrong:
            is_right = await self._compare(password, hashes) and name in users
            _remember(self.right if is_right else self.wrong, mark)
        return mark in self.right

    def _mark(self, name: str, hashes: list[str], password: bytes) -> bytes:
        """Return what a login is remembered by."""
        return hmac.new(
            self.key, b"\0".join([name.encode(), *map(str.encode, hashes), password]), hashlib.sha256
        ).digest()

    async def _compare(self, password: bytes, hashes: list[str]) -> bool:
        if self.waiting_count >= _WAITING_LIMIT:
            raise BusyError
        self.waiting_count += 1
        try:
            async with self.slots:
                return await asyncio.to_thread(_is_first, password, hashes)
        finally:
            self.waiting_count -= 1


def hashes_for(users: Mapping[str, str], name: str) -> list[str]:
    """Return what a login is compared with: the user's own hash first, if there is one; one of each cost in all."""
    costs = sorted({cost_of(known) for known in users.values()})
    own = users.get(name)
    return ([own] if own else []) + [_NOBODY.format(cost) for cost in costs if own is None or cost != cost_of(own)]


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


def _remember(marks: dict[bytes, None], mark: bytes) -> None:
    while len(marks) >= _REMEMBERED_LIMIT:
        marks.pop(next(iter(marks)))
    marks[mark] = None


def _is_first(password: bytes, hashes: list[str]) -> bool:
    """Return whether the password is that of the first hash; all are computed."""
    import bcrypt

    try:
        first, *_ = [bcrypt.checkpw(password, expected.encode()) for expected in hashes]
        return first
    except ValueError:  # longer than 72 bytes, or with a null: no password that was ever hashed
        return False
