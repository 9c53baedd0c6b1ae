"""How a registry lets us in: Basic, or a bearer token fetched for a scope (distribution specification, "token").

A registry says with a 401 what it wants: `WWW-Authenticate: Bearer realm="…",service="…",scope="repository:a:delete"`.
The scopes are known beforehand, so after the first 401 a token is fetched before the call; where the registry names
another scope for the same call, its word counts.
"""

import base64
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from tonnage.errors import AccessError, RegistryError
from tonnage.registry.credentials import Credentials
from tonnage.registry.http import Answer, Wire

CLIENT_ID = "tonnage"
_DEFAULT_SECONDS = 60.0
"""How long a token is good that does not say (distribution specification)."""
_LONGEST_SECONDS = 1e9
_MARGIN_SECONDS = 10.0
"""A token is renewed this long before its end, so that none ends on the way."""

_SCHEME = re.compile(r"[\s,]*([A-Za-z][\w-]*)(?=\s|,|\Z)")
_PARAMETER = re.compile(r'[\s,]*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"=][^\s,"]*))')
_TOKEN68 = re.compile(r"\s+[\w.~+/-]+=*(?=\s*(?:,|\Z))")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in that a registry offers."""

    scheme: str
    """In lower case: basic, bearer, or one we do not know."""
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    r"""Return the challenges of `WWW-Authenticate` headers; several may stand in one, and commas inside of quotes.

    >>> parse_challenges(['Basic realm="a, b", Bearer realm="https://t/",service=r'])[1].parameters["service"]
    'r'
    """
    found: list[Challenge] = []
    for header in headers:
        position = 0
        while match := _SCHEME.match(header, position):
            scheme, position = match[1].lower(), match.end()
            parameters: dict[str, str] = {}
            while parameter := _PARAMETER.match(header, position):
                name, quoted, plain = parameter.groups()
                parameters[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
                position = parameter.end()
            if not parameters and (secret := _TOKEN68.match(header, position)):
                position = secret.end()
            found.append(Challenge(scheme, parameters))
    return found


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    ends_at: float


class Authenticator:
    """Keeps the way in and the tokens of one registry. Safe to use from several threads."""

    def __init__(
        self,
        wire: Wire,
        registry_url: str,
        find: Callable[[], Credentials | None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = wire
        self._registry_url = registry_url
        self._find = find
        self._now = now
        self._lock = threading.RLock()
        self._challenge: Challenge | None = None
        self._credentials: Credentials | None = None
        self._scopes: dict[str, str] = {}
        self._tokens: dict[str, _Token] = {}

    def header(self, scope: str) -> str | None:
        """Return the `Authorization` for a call of this scope; None as long as the registry has not asked for one."""
        with self._lock:
            if self._challenge is None:
                return None
            if self._challenge.scheme == "basic":
                return _basic(self._credentials) if self._credentials else None
            return f"Bearer {self._token(self._scopes.get(scope, scope))}"

    def learn(self, answer: Answer, scope: str, sent: str | None) -> None:
        """Take in a 401, so that `header` gives what was asked for. Raises AccessError if nothing else can be sent."""
        challenge = self._choose(answer)
        with self._lock:
            if self._challenge is None:
                self._credentials = self._find()
            self._challenge = challenge
            if challenge.scheme == "bearer" and not self._learn_scope(challenge, scope, sent):
                raise self.refusal(answer, scope)
            if sent is not None and sent == self.header(scope):
                raise self.refusal(answer, scope)
            if self.header(scope) is None:
                raise AccessError(f"`{self._registry_url}` wants a login")

    def refusal(self, answer: Answer, scope: str) -> AccessError:
        """Return the error for a 401 or 403 that no other token or password will change."""
        who = self._who()
        challenges = parse_challenges(answer.headers.get_list("www-authenticate"))
        lacks_right = any(c.parameters.get("error") == "insufficient_scope" for c in challenges)
        if answer.status == 403 or lacks_right:
            return AccessError(
                f"`{self._registry_url}` does not grant {who} `{scope or 'access'}` ({answer.describe()})",
                "give that user the right, or log in as one who has it",
            )
        if self._credentials is None:
            return AccessError(f"`{self._registry_url}` wants a login")
        message = f"`{self._registry_url}` refuses {who} ({answer.describe()})"
        return AccessError(message, "check the user and the password")

    def _who(self) -> str:
        if self._credentials is None:
            return "anonymous users"
        return f"user `{self._credentials.username or '<token>'}` (from {self._credentials.source})"

    def _choose(self, answer: Answer) -> Challenge:
        offered = {c.scheme: c for c in parse_challenges(answer.headers.get_list("www-authenticate"))}
        for scheme in ("bearer", "basic"):
            if scheme in offered:
                return offered[scheme]
        names = ", ".join(offered) or "none"
        raise AccessError(f"`{self._registry_url}` wants a login of a kind unknown here: {names}")

    def _learn_scope(self, challenge: Challenge, scope: str, sent: str | None) -> bool:
        """Take in which scope is wanted, and that a token is no good. Return whether another one could be better."""
        before = self._scopes.get(scope, scope)
        wanted = self._scopes[scope] = challenge.parameters.get("scope") or before
        if sent is None or wanted != before:
            return True
        if (token := self._tokens.get(wanted)) and sent == f"Bearer {token.value}":
            del self._tokens[wanted]  # it ended early, or the server's key has changed
        return challenge.parameters.get("error") != "insufficient_scope"

    def _token(self, scope: str) -> str:
        """Return a token for a scope, from the cache or the token server. One is fetched at a time."""
        credentials = self._credentials
        if credentials and credentials.registry_token:
            return credentials.registry_token
        token = self._tokens.get(scope)
        if token is None or token.ends_at <= self._now():
            token = self._tokens[scope] = self._fetch(scope, credentials)
        return token.value

    def _fetch(self, scope: str, credentials: Credentials | None) -> _Token:
        asked_at = self._now()
        answer = self._ask(scope, credentials)
        if answer.status in (400, 401, 403):
            raise AccessError(
                f"the token server `{self._realm()}` refuses {self._who()} ({answer.describe()})",
                "check the user and the password" if credentials else "",
            )
        document = _object(answer.body)
        value = document.get("token") or document.get("access_token")
        if answer.status != 200 or not (isinstance(value, str) and value.isascii() and value.isprintable()):
            raise RegistryError(f"the token server `{self._realm()}` gives no token ({answer.describe()})")
        seconds = document.get("expires_in")
        is_given = isinstance(seconds, int | float) and 0 < seconds < _LONGEST_SECONDS
        lasts = float(seconds or 0) if is_given else _DEFAULT_SECONDS
        return _Token(value, asked_at + lasts - min(_MARGIN_SECONDS, lasts / 2))

    def _ask(self, scope: str, credentials: Credentials | None) -> Answer:
        realm = self._realm()
        fields = {"service": self._parameter("service"), "scope": scope, "client_id": CLIENT_ID}
        fields = {name: value for name, value in fields.items() if value}
        if credentials and credentials.identity_token:
            form = {"grant_type": "refresh_token", "refresh_token": credentials.identity_token, **fields}
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return self._wire.exchange("POST", realm, headers, urlencode(form).encode())
        if credentials:
            fields["account"] = credentials.username
        headers = {"Authorization": _basic(credentials)} if credentials else {}
        return self._wire.exchange("GET", f"{realm}{'&' if '?' in realm else '?'}{urlencode(fields)}", headers)

    def _realm(self) -> str:
        """Return the token server's URL. A registry behind TLS may not have the password sent in the clear."""
        realm = self._parameter("realm")
        scheme = _scheme_of(realm)
        if not scheme:
            raise RegistryError(f"`{self._registry_url}` names no token server: realm `{realm}`")
        if scheme == "http" and urlsplit(self._registry_url).scheme == "https":
            raise AccessError(f"`{self._registry_url}` sends logins to a token server without TLS: `{realm}`")
        return realm

    def _parameter(self, name: str) -> str:
        return self._challenge.parameters.get(name, "") if self._challenge else ""


def _scheme_of(realm: str) -> str:
    """Return the scheme of a URL that can be asked; nothing for another text."""
    try:
        parts = urlsplit(realm)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        (parts.hostname or "").encode("idna")
        return parts.scheme if is_url and (parts.port is None or parts.port > 0) else ""
    except ValueError:  # half an IPv6 address, a port that is not a number
        return ""


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{credentials.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
