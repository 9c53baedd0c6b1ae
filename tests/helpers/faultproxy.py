"""A proxy between the scan and a bucket that counts requests, and can make them fail in the ways networks and clouds do.

It speaks plain HTTP/1.1, one thread a connection, and knows a LIST from a GET by its query. A `Fault` looks at each
request and may say what becomes of it; signatures stay valid, as the `Host` header is passed on as it came.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit


class Asked(NamedTuple):
    """A request, as far as faults care."""

    kind: str
    """`list`, `get`, `head` or `other`."""
    path: str
    number: int
    """Counting from 1, among its kind."""


class Answer(NamedTuple):
    """An answer in place of the bucket's own."""

    status: int
    code: str
    is_reset: bool = False
    """Close the connection without an answer, or in the middle of the body where `after_bytes` says so."""
    stall_seconds: float = 0.0
    is_slow: bool = False
    """Pass the bucket's answer on, a little at a time."""


RESET = Answer(0, "", is_reset=True)
SLOW = Answer(0, "", is_slow=True)

Fault = Callable[[Asked], Answer | None]


@dataclass
class Proxy:
    """A running proxy."""

    url: str
    counts: Counter[str] = field(default_factory=Counter)
    fault: Fault = lambda asked: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str) -> int:
        """Count a request; return its number among its kind."""
        with self.lock:
            self.counts[kind] += 1
            return self.counts[kind]


def kind_of(method: str, path: str) -> str:
    """Return what a request to S3, GCS or Azure is."""
    query = parse_qs(urlsplit(path).query, keep_blank_values=True)
    if method == "HEAD":
        return "head"
    if method != "GET":
        return "other"
    if "list-type" in query or query.get("comp") == ["list"]:
        return "list"
    return "other" if {"uploads", "uploadId", "versioning", "versions"} & query.keys() else "get"


class _Handler(BaseHTTPRequestHandler):
    """Passes a request on, or answers with a fault."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        proxy, kind = self.server.proxy, kind_of(self.command, self.path)
        fault = proxy.fault(Asked(kind, urlsplit(self.path).path, proxy.note(kind)))
        if fault is None or fault.is_slow:
            self._pass_on(is_slow=fault is not None)
            return
        time.sleep(fault.stall_seconds)
        if fault.is_reset:
            self.close_connection = True
            self.connection.close()
            return
        self._refuse(fault)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

    def _refuse(self, fault: Answer) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{fault.code}</Code><Message>made up</Message></Error>".encode()
        self.send_response(fault.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _pass_on(self, *, is_slow: bool) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        upstream = http.client.HTTPConnection(urlsplit(self.server.endpoint).netloc, timeout=60)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(self.rfile.read(length) if length else None)
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                self.send_header(name, value)
        declared = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", declared or str(len(body)))
        self.end_headers()
        step = max(1, len(body) // 5) if is_slow else max(1, len(body))
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            if is_slow:
                self.wfile.flush()
                time.sleep(0.02)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    """Stands before a server at `endpoint`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, proxy: Proxy, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy, self.endpoint = proxy, endpoint

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that gave up is part of the game


@contextmanager
def proxy_before(endpoint: str) -> Iterator[Proxy]:
    """Run a proxy before a server until the block ends."""
    proxy = Proxy("")
    server = _Server(proxy, endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
