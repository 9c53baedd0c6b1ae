"""Clients that hold on: whatever they do, and however many there are, a scrape is answered and they are dropped in time.

The server is the exporter's own, in a thread, over real sockets; only its limits are lower.
"""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from prometheus_client.metrics_core import GaugeMetricFamily

from registryfronts import make_certificate
from tonnage.exporter import connections as module
from tonnage.exporter.app import Pages, make_app
from tonnage.exporter.connections import connections_limit
from tonnage.exporter.exposition import Exposition, render
from tonnage.exporter.guard import Guard
from tonnage.exporter.serving import LimitedServer
from tonnage.exporter.state import Live, State
from tonnage.exporter.throttle import Throttle
from tonnage.exporter.web import Web

pytestmark = pytest.mark.slow

LIMIT = 12
HELD_BYTES = 600_000
"""For one client at most: asyncio holds 512 KiB of what is sent inside of TLS before it makes the sender wait."""
REQUEST_SECONDS, ANSWER_SECONDS = 1.0, 2.0
SERIES_COUNT = 10_000
"""So many that an answer does not fit into what the system holds for a client that does not read."""


@pytest.fixture(scope="module")
def exposition() -> Exposition:
    """An answer of some megabytes."""
    family = GaugeMetricFamily("tonnage_tags", "Tags.", labels=("repository",))
    for number in range(SERIES_COUNT):
        family.add_metric((f"{'long' * 100}/{number}",), 1)
    return render([family])


class Running:
    """A server in a thread."""

    def __init__(self, web: Web, exposition: Exposition) -> None:
        self.web = web
        state = State(300, exposition, scanned_at=1.0, is_ready=True, reason="")
        pages = Pages(Live(state, web), "/metrics", lambda: None)
        self.server = LimitedServer(Guard(make_app(pages.routes()), web), web, LIMIT)
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve([self.listening])))
        self.thread.start()

    @property
    def clients_count(self) -> int:
        """How many are connected."""
        return len(self.server.clients.open)

    def stop(self) -> None:
        """Stop it as a signal does."""
        self.server.should_exit = True
        self.thread.join(10)
        assert not self.thread.is_alive()

    def connect(self) -> socket.socket:
        """Connect, with a small buffer for what is not read."""
        found = socket.socket()
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        found.settimeout(10)
        found.connect(("127.0.0.1", self.port))
        return found

    def ask(self, path: str = "/-/healthy") -> int:
        """Ask as a scraper does; return the status."""
        if self.web.has_tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            asking: http.client.HTTPConnection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=10, context=context
            )
        else:
            asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        asking.request("GET", path)
        answer = asking.getresponse()
        answer.read()
        asking.close()
        return answer.status


@pytest.fixture(autouse=True)
def _short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_SECONDS", REQUEST_SECONDS)
    monkeypatch.setattr(module, "ANSWER_SECONDS", ANSWER_SECONDS)


@pytest.fixture
def plain(exposition: Exposition) -> Iterator[Running]:
    """A server without TLS."""
    running = Running(Web(None), exposition)
    yield running
    running.stop()


@pytest.fixture
def encrypted(tmp_path: Path, exposition: Exposition) -> Iterator[Running]:
    """A server with TLS."""
    make_certificate(tmp_path, "ec")
    (tmp_path / "web.yml").write_text("tls_server_config:\n  cert_file: certificate.pem\n  key_file: key.pem\n")
    running = Running(Web(str(tmp_path / "web.yml")), exposition)
    yield running
    running.stop()


def says(text: bytes) -> Callable[[socket.socket], None]:
    """Return what says something, and then nothing."""

    def say(client: socket.socket) -> None:
        with suppress(OSError):
            client.sendall(text)

    return say


def handshaken(text: bytes) -> Callable[[socket.socket], None]:
    """Return what says something inside of TLS, and then nothing."""

    def say(client: socket.socket) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        inside = context.wrap_socket(client, do_handshake_on_connect=False, suppress_ragged_eofs=True)
        with suppress(OSError):
            inside.do_handshake()
            inside.sendall(text)
        kept.append(inside)

    return say


kept: list[socket.socket] = []
"""Sockets that must not be closed while a test runs."""
HEAD = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
HELLO = bytes.fromhex("16030100f8010000f40303") + b"x" * 40
CLIENTS = {
    "silent": says(b""),
    "half a head": says(HEAD + b"X: "),
    "half a body": says(b"POST /-/scan HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx"),
    "half a chunk": says(b"POST /-/scan HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx"),
    "announced body": says(b"POST /-/scan HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"),
    "reads nothing": says(HEAD + b"\r\n"),
    "asks on and reads nothing": says((HEAD + b"\r\n") * 200),
    "asks once and stays": says(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"),
    "another half": says(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nGET /"),
    "upgrades": says(HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"),
    "garbage": says(b"\0\1\2\r\n\r\n"),
    "an endless head": says(HEAD + b"X: " + b"a" * 300_000),
    "many headers": says(HEAD + b"".join(b"X%d: 1\r\n" % number for number in range(5000))),
    "HTTP/2": says(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
}
TLS_CLIENTS = {
    "silent": says(b""),
    "half a hello": says(HELLO),
    "not TLS": says(HEAD + b"\r\n"),
    "garbage": says(b"\x16\x03\x01\xff\xff" + b"\0" * 1000),
    "half a head inside": handshaken(HEAD),
    "reads nothing inside": handshaken(HEAD + b"\r\n"),
    "half a body inside": handshaken(b"POST /-/scan HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"),
}


def holds(running: Running, act: Callable[[socket.socket], None]) -> None:
    """Have many clients do this, ask beside them, and see them dropped."""
    with ExitStack() as clients:
        clients.callback(kept.clear)
        for _ in range(3 * LIMIT):
            act(clients.enter_context(running.connect()))
        started = time.monotonic()
        assert running.ask() == 200
        assert running.ask("/metrics") == 200
        assert time.monotonic() - started < 8
        assert running.clients_count <= LIMIT
        assert buffered_bytes(running) <= LIMIT * HELD_BYTES
        deadline = time.monotonic() + 15
        while running.clients_count:
            assert time.monotonic() < deadline, running.clients_count
            time.sleep(0.05)
        assert running.ask() == 200


def buffered_bytes(running: Running) -> int:
    """Return what is held for clients that have not read it."""
    return sum(one.transport.get_write_buffer_size() for one in list(running.server.clients.open) if one.transport)


@pytest.mark.parametrize("act", CLIENTS.values(), ids=CLIENTS.keys())
def test_no_clients_stop_a_scrape(plain: Running, act: Callable[[socket.socket], None]) -> None:
    """Three times as many as are let in; all of them are gone in their time, and cost next to nothing until then."""
    holds(plain, act)


@pytest.mark.parametrize("act", TLS_CLIENTS.values(), ids=TLS_CLIENTS.keys())
def test_no_clients_of_tls_stop_a_scrape(encrypted: Running, act: Callable[[socket.socket], None]) -> None:
    """In the middle of the handshake as after it."""
    holds(encrypted, act)


@pytest.mark.parametrize(
    "text", [HEAD + b"X: " + b"a" * 10_000, b"POST / HTTP/1.1\r\nContent-Length: 9999\r\n\r\n" + b"x" * 999]
)
def test_dripping_gains_no_time(plain: Running, text: bytes) -> None:
    """A byte now and then is not a request."""
    with plain.connect() as client:
        started = time.monotonic()
        with suppress(OSError):
            for byte in text:
                client.sendall(bytes([byte]))
                time.sleep(0.05)
                assert time.monotonic() - started < 10 * REQUEST_SECONDS
        assert time.monotonic() - started < 10 * REQUEST_SECONDS


def test_a_slow_reader_gets_all_of_it(plain: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the time it has for that, in pieces."""
    monkeypatch.setattr(module, "ANSWER_SECONDS", 60.0)
    with plain.connect() as client:
        client.sendall(HEAD + b"Connection: close\r\n\r\n")
        said = bytearray()
        while piece := client.recv(1 << 16):
            said += piece
            if len(said) < 500_000:
                time.sleep(0.005)
    head, _, body = bytes(said).partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head.lower() and body.count(b"tonnage_tags{") == SERIES_COUNT


def test_pipelined_requests_are_answered_in_turn(plain: Running) -> None:
    """Each of them, on one connection."""
    with plain.connect() as client:
        client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n" * 50 + b"GET /-/ready HTTP/1.0\r\n\r\n")
        said = b""
        while piece := client.recv(1 << 16):
            said += piece
    assert said.count(b"tonnage is healthy") == 50 and said.endswith(b"tonnage is ready\n")


def test_it_stops_whoever_holds_on(encrypted: Running) -> None:
    """Clients in the middle of a handshake, of a request and of an answer do not keep it from stopping."""
    with ExitStack() as clients:
        clients.callback(kept.clear)
        for act in TLS_CLIENTS.values():
            act(clients.enter_context(encrypted.connect()))
        started = time.monotonic()
        encrypted.stop()
        assert time.monotonic() - started < 8


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), OSError(12, "Cannot allocate memory")])
def test_accepting_goes_on_after_errors(
    plain: Running, error: OSError, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As soon as the system can; until then it is tried now and then, and not all the time."""
    accept, attempts = socket.socket.accept, [0]

    def failing(sock: socket.socket) -> tuple[socket.socket, object]:
        attempts[0] += 1
        if attempts[0] <= 2:
            raise error
        return accept(sock)

    monkeypatch.setattr(socket.socket, "accept", failing)
    assert plain.ask() == 200
    assert [record.getMessage() for record in caplog.records] == [f"cannot accept a connection: {error.strerror}"] * 2


@pytest.mark.parametrize(("files", "limit"), [(24, 8), (64, 8), (256, 192), (1024, 512), (1 << 20, 512), (-1, 512)])
def test_the_limit_leaves_descriptors_for_the_rest(files: int, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the shell allows."""
    monkeypatch.setattr("resource.getrlimit", lambda _: (files, files))
    assert connections_limit() == limit


def test_the_log_is_not_filled() -> None:
    """From each place ten messages a minute; what was left out is counted in the next."""
    now = [0.0]
    throttle = Throttle(lambda: now[0])

    def log(lineno: int) -> str | None:
        record = logging.LogRecord("uvicorn", logging.WARNING, "x.py", lineno, "Invalid %s", ("request",), None)
        return record.getMessage() if throttle.filter(record) else None

    assert [log(1) for _ in range(1000)] == ["Invalid request"] * 10 + [None] * 990
    assert log(2) == "Invalid request"
    now[0] = 60.0
    assert [log(1), log(2)] == ["Invalid request (990 more like it were left out)", "Invalid request"]
