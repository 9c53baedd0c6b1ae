"""What stands around every page: the address it was asked at, the prefix of a proxy, the policy for browsers."""

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tonnage.errors import UsageError

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Hosts:
    """Names by which this server may be asked. Any other is a page elsewhere that had its own name lead here."""

    def __init__(self, listening: Iterable[str], external_url: str = "") -> None:
        """`listening` are hosts listened on; an empty one, or one of all addresses, is all of the machine."""
        hosts = {host.lower() for host in listening}
        self.is_everywhere = bool(hosts & {"", "0.0.0.0", "::"})
        self.names = {"localhost"} | hosts
        if self.is_everywhere:
            self.names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
        if external_url:
            self.names.add((urlsplit(external_url).hostname or "").lower())

    def accept(self, host: str) -> bool:
        """Return whether a Host header is one of ours.

        >>> hosts = Hosts(["127.0.0.1"], "https://disk.example.com/tonnage")
        >>> [hosts.accept(host) for host in ("127.0.0.1:8080", "localhost", "[::1]:80", "disk.example.com", "evil.example")]
        [True, True, True, True, False]
        """
        name = (urlsplit(f"//{host}").hostname or "").lower() if not set(host) & set("/?#@\\") else ""
        if name in self.names:
            return bool(name)
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.is_everywhere or address.is_loopback


def parse_external_url(text: str) -> str:
    """Return the path below which the pages are, without a slash at its end. Raises UsageError."""
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(
            f"`{text}` is not an address to be reached at", "write it like https://disk.example.com/tonnage"
        )
    return parts.path.rstrip("/")


class Shell:
    """An ASGI app around the pages."""

    def __init__(self, app: ASGIApp, hosts: Hosts, prefix: str = "", open_paths: Iterable[str] = ()) -> None:
        """`open_paths` are answered whatever the host: figures for programs, which no browser is fooled into reading."""
        self.app = app
        self.hosts = hosts
        self.prefix = prefix
        self.open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or have the app answer."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        scope = self._without_prefix(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, send_with_headers)

    def _without_prefix(self, scope: Scope) -> Scope:
        """Return what was asked, as if there were no proxy: one may leave the prefix in the path, or take it away."""
        path, raw = scope["path"], scope.get("raw_path") or scope["path"].encode()
        if not self.prefix or not (path == self.prefix or path.startswith(f"{self.prefix}/")):
            return scope
        return {**scope, "path": path[len(self.prefix) :] or "/", "raw_path": raw[len(self.prefix) :] or b"/"}

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        if scope["path"] not in self.open_paths and not self.hosts.accept(headers.get("host", "")):
            hint = "give the address it is reached at with --web.external-url"
            return PlainTextResponse(f"this is not a name of this server; {hint}\n", 421)
        site = headers.get("sec-fetch-site")
        if scope["method"] == "POST" and site not in (None, "same-origin", "none"):
            return PlainTextResponse("sent from another site\n", 403)
        return None
