"""What stands before a registry: a proxy that records and breaks, a token server, certificates. All really run."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit


class Reply(NamedTuple):
    """An answer the proxy gives itself; the registry never sees the request."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Break(Enum):
    """How a connection ends."""

    BEFORE = auto()
    """The registry never sees the request."""
    AFTER = auto()
    """The registry answers, and nobody hears it."""
    WITHIN = auto()
    """The last byte of the answer is missing."""


Hook = Callable[[str, str], Reply | Break | None]
"""Is told method and path of each request; may answer it, break it, or do something else first."""


@dataclass(slots=True)
class Proxy:
    """A proxy that runs. Each request is recorded with the status that the registry gave; 0 if it never saw it."""

    host: str
    hook: Hook | None = None
    seen: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def count(self, method: str, status: int | None = None) -> int:
        """Return how many requests of a method were seen, of all or with this status."""
        return sum(entry[0] == method and status in (None, entry[2]) for entry in self.seen)

    def paths(self, method: str) -> list[str]:
        """Return the paths of a method's requests that the registry saw, in order."""
        return [path for seen, path, status in self.seen if seen == method and status]


@contextmanager
def running_proxy(upstream: str, hook: Hook | None = None) -> Iterator[Proxy]:
    """Run a proxy before the registry at `host:port`."""

    class Handler(_Quiet):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            verdict = proxy.hook(self.command, self.path) if proxy.hook else None
            if verdict is Break.BEFORE or isinstance(verdict, Reply):
                proxy.seen.append((self.command, self.path, 0))
                if isinstance(verdict, Reply):
                    self.answer(verdict.status, verdict.headers, verdict.body)
                else:
                    self.close_connection = True
                return
            connection = http.client.HTTPConnection(upstream, timeout=20)
            connection.request(self.command, self.path, body or None, dict(self.headers))
            answer = connection.getresponse()
            try:
                content = answer.read()
            except http.client.IncompleteRead as error:
                content, verdict = error.partial, Break.WITHIN
            proxy.seen.append((self.command, self.path, answer.status))
            if verdict is Break.AFTER:
                self.close_connection = True
                return
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP_HEADERS}
            length = int(answer.getheader("Content-Length") or 0) if self.command == "HEAD" else len(content)
            self.answer(answer.status, kept, content, length + (verdict is Break.WITHIN))
            self.close_connection = verdict is Break.WITHIN
            connection.close()

        do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = _serve

    with _serving(Handler) as host:
        proxy = Proxy(host, hook)
        yield proxy


class HidingTags:
    """A hook that lists tags as distribution 3.1.0 and 3.1.1 on S3 do, and deletes a tag alone as 3.x does.

    After a tag, the keys that begin with its name are skipped; a list begins after the key `last`. Keys are in the order
    of their bytes. `drops_query` is a cache before it that forgets `last` and `n`.
    """

    def __init__(self, root: Path, *, drops_query: bool = False, deletes_tags: bool = True) -> None:
        self._repositories = root / "docker/registry/v2/repositories"
        self._drops_query = drops_query
        self._deletes_tags = deletes_tags

    def __call__(self, method: str, path: str) -> Reply | None:
        url = urlsplit(path)
        repository, _, rest = url.path.removeprefix("/v2/").partition("/tags/list")
        if method == "GET" and not rest and url.path.endswith("/tags/list"):
            return self._list(repository, {} if self._drops_query else parse_qs(url.query))
        name, _, tag = url.path.removeprefix("/v2/").partition("/manifests/")
        if method == "DELETE" and tag and ":" not in tag and self._deletes_tags:
            folder = self._repositories / name / "_manifests/tags" / tag
            if not folder.exists():
                return Reply(404)
            shutil.rmtree(folder)
            return Reply(202)
        return None

    def _list(self, repository: str, query: Mapping[str, list[str]]) -> Reply:
        last, limit = query.get("last", [""])[0], int(query.get("n", ["1000"])[0])
        links = (self._repositories / repository / "_manifests/tags").glob("*/current/link")
        names = sorted((link.parent.parent.name for link in links), key=lambda name: f"{name}/".encode())
        shown: list[str] = []
        for name in names:
            if f"{name}/" > last and name > last and not (shown and name.startswith(shown[-1])):
                shown.append(name)
        page, headers = shown[:limit], {"Content-Type": "application/json"}
        if len(shown) > limit:
            headers["Link"] = f'</v2/{repository}/tags/list?last={page[-1]}&n={limit}>; rel="next"'
        return Reply(200, headers, json.dumps({"name": repository, "tags": page}).encode())


_HOP_HEADERS = frozenset({"connection", "transfer-encoding", "content-length"})


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes; the second would wait for 40 ms

    def answer(self, status: int, headers: Mapping[str, str], body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that signs itself, for 127.0.0.1, and its key."""

    certificate: Path
    key: Path


def make_certificate(folder: Path, kind: str = "rsa:2048") -> Certificate:
    """Let openssl make one. The token server needs RSA; elliptic curves (`ec`) are faster."""
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    options = ["-newkey", kind, *(["-pkeyopt", "ec_paramgen_curve:prime256v1"] if kind == "ec" else [])]
    names = ["-subj", "/CN=tonnage test", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    command = ["openssl", "req", "-x509", *options, "-nodes", "-days", "2", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return made


SERVICE, ISSUER = "the registry", "the issuer"


@dataclass(slots=True)
class TokenServer:
    """A token server that runs: `Authorization: Basic` in, signed tokens out."""

    url: str
    certificate: Certificate
    user: tuple[str, str]
    rights: frozenset[str]
    scopes: list[str] = field(default_factory=list)
    """What was asked for, in order."""
    stale_count: int = 0
    """So many of the next tokens have ended before they are given out."""

    @property
    def registry_config(self) -> dict[str, object]:
        """The `auth` section of a registry that trusts it."""
        bundle = str(self.certificate.certificate)
        return {"token": {"realm": self.url, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": bundle}}

    def token(self, scope: str) -> str:
        """Return a token for what of the scope the user has a right to."""
        self.scopes.append(scope)
        age_seconds = 3600 if self.stale_count > 0 else 0
        self.stale_count -= 1
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        granted = [action for action in actions.split(",") if action in self.rights]
        now = int(time.time()) - age_seconds
        claims = {"iss": ISSUER, "aud": SERVICE, "sub": self.user[0], "nbf": now - 10, "iat": now, "exp": now + 300}
        access = [{"type": kind, "name": name, "actions": granted}] if scope else []
        return self._sign({**claims, "jti": str(len(self.scopes)), "access": access})

    def _sign(self, claims: Mapping[str, object]) -> str:
        lines = self.certificate.certificate.read_text().splitlines()
        header = {"typ": "JWT", "alg": "RS256", "x5c": ["".join(line for line in lines if "-----" not in line)]}
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        command = ["openssl", "dgst", "-sha256", "-sign", str(self.certificate.key)]
        return f"{signed}.{_base64(subprocess.run(command, input=signed.encode(), capture_output=True).stdout)}"


@contextmanager
def running_token_server(
    folder: Path, user: tuple[str, str] = ("reader", "secret"), rights: str = "pull,push,delete,*"
) -> Iterator[TokenServer]:
    """Run a token server that knows one user."""

    class Handler(_Quiet):
        def do_GET(self) -> None:
            expected = base64.b64encode(":".join(server.user).encode()).decode()
            if self.headers.get("Authorization") != f"Basic {expected}":
                self.answer(401, {}, b'{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}')
                return
            scope = parse_qs(urlsplit(self.path).query).get("scope", [""])[0]
            self.answer(200, {"Content-Type": "application/json"}, json.dumps({"token": server.token(scope)}).encode())

    with _serving(Handler) as host:
        server = TokenServer(f"http://{host}/token", make_certificate(folder), user, frozenset(rights.split(",")))
        yield server


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
