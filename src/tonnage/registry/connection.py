"""A registry as an address to send calls to: who we are, what may be sent at all, and what its refusals mean."""

import copy
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx2

from tonnage.errors import AccessError, RegistryError, RegistryUnreachableError, UsageError
from tonnage.registry.auth import Authenticator
from tonnage.registry.counts import Tally
from tonnage.registry.credentials import Credentials, find_credentials, read_credentials_file
from tonnage.registry.http import Answer, Limits, Wire

READING = frozenset({"GET", "HEAD"})
WRITING = READING | {"PUT", "DELETE"}

_LOGIN_TRIES = 3
"""Without a login, with one, and with another token if that one is refused."""

_LATER = frozenset({429, 502, 503, 504})


class Connection:
    """Sends calls to one registry, of the given methods and no others."""

    def __init__(
        self,
        url: str,
        methods: frozenset[str],
        *,
        credentials_file: str = "",
        ca_file: str = "",
        limits: Limits | None = None,
        transport: httpx2.BaseTransport | None = None,
        environment: Mapping[str, str] | None = None,
        tally: Tally | None = None,
    ) -> None:
        self.url = parse_registry_url(url)
        self._methods = methods
        self.wire = Wire(limits or Limits(), ca_file=ca_file, transport=transport, tally=tally)
        given = os.environ if environment is None else environment
        self._auth = Authenticator(self.wire, self.url, _finder(self.url, credentials_file, given))

    def call(
        self,
        method: str,
        path: str,
        scope: str = "",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        attempts_count: int = 0,
    ) -> Answer:
        """Return the answer to a call below `/v2/`. Raises for no answer, for "later" and for refused access."""
        if method not in self._methods:
            raise AssertionError(f"{method} must not be sent on this connection")
        target = f"{self.url}/v2/{path}{'?' + urlencode(query) if query else ''}"
        for _ in range(_LOGIN_TRIES):
            authorization = self._auth.header(scope)
            sent = {**(headers or {}), **({"Authorization": authorization} if authorization else {})}
            answer = self.wire.exchange(method, target, sent, content, attempts_count=attempts_count)
            if answer.status != 401:
                break
            self._auth.learn(answer, scope, authorization)
        if answer.status in (401, 403):
            raise self._auth.refusal(answer, scope)
        if answer.status in _LATER:
            asked = answer.headers.get("retry-after")
            wait = f", and asks to wait {asked} s" if asked else ""
            raise RegistryUnreachableError(f"`{self.url}` has no time ({answer.describe()}){wait}")
        return answer

    def restricted(self, methods: frozenset[str]) -> "Connection":
        """Return the same connection for fewer methods."""
        other = copy.copy(self)
        other._methods = self._methods & methods
        return other

    def unexpected(self, answer: Answer, what: str) -> RegistryError:
        """Return the error for an answer that the call does not allow."""
        return RegistryError(f"`{self.url}` answers {answer.describe()} to {what}")


def parse_registry_url(text: str) -> str:
    """Return `scheme://host[:port][/prefix]`. Without a scheme it is https. Raises UsageError.

    >>> parse_registry_url("registry.example.com/"), parse_registry_url("http://localhost:5000/v2/")
    ('https://registry.example.com', 'http://localhost:5000')
    """
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        has_port = parts.port is None or parts.port > 0
        (parts.hostname or "").encode("idna")  # what the resolver does with a name, and no error it would tell
    except ValueError:  # UnicodeError is one
        parts, has_port = urlsplit(""), False
    if "@" in parts.netloc:
        raise UsageError("a password in the URL is seen by everyone on this machine", AccessError.hint)
    if parts.scheme not in ("http", "https") or not parts.hostname or not has_port or parts.query or parts.fragment:
        raise UsageError(f"`{text}` is not a registry's URL", "write it like https://registry.example.com")
    prefix = parts.path.rstrip("/").removesuffix("/v2")
    return f"{parts.scheme}://{parts.netloc}{prefix}"


def _finder(url: str, file: str, environment: Mapping[str, str]) -> Callable[[], Credentials | None]:
    """Return how to find the login when the registry asks for one. A file that was named is read at once."""
    host = urlsplit(url).netloc
    if file:
        found = read_credentials_file(Path(file), host)
        return lambda: found
    return lambda: find_credentials(host, environment=environment)
