"""A registry over HTTP on the loopback that answers as it should but for one habit. It has two repositories of one image."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from dripping import drip

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


class Reply(NamedTuple):
    """An answer. With `drips` its body comes a byte at a time, and has no end."""

    status: int = 200
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b"{}"
    drips: bool = False


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


Habit = Callable[["Registry", Asked, Reply], Reply]


def digest_of(content: bytes) -> str:
    """Return the digest of bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Registry:
    """What the registry holds."""

    def __init__(self, habit: Habit) -> None:
        self.habit = habit
        self.url = ""
        self.requests_count = 0
        self.is_stopped = threading.Event()
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        for name in ("app", "web"):
            self.tags[name] = {"1": self.image(name)}

    def image(self, seed: str, size: Any = 5) -> str:
        """Add an image; return its digest. `size` is what its layer is declared to have."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "note": seed}).encode()
        self.blobs[digest_of(config)] = config
        layer = {"mediaType": LAYER, "digest": digest_of(seed.encode()), "size": size}
        described = {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)}
        return self.manifest(MANIFEST, {"config": described, "layers": [layer]})

    def index(self, *children: str) -> str:
        """Add an index of manifests; return its digest."""
        entries = [
            {"mediaType": self.manifests[c][0], "digest": c, "size": len(self.manifests[c][1])} for c in children
        ]
        return self.manifest(INDEX, {"manifests": entries})

    def manifest(self, media_type: str, document: dict[str, Any]) -> str:
        """Add a manifest; return its digest."""
        body = json.dumps({"schemaVersion": 2, "mediaType": media_type, **document}).encode()
        self.manifests[digest_of(body)] = (media_type, body)
        return digest_of(body)

    def answer(self, asked: Asked) -> Reply:
        """Return what is answered."""
        self.requests_count += 1
        return self.habit(self, asked, self._honest(asked))

    def _honest(self, asked: Asked) -> Reply:
        parts = asked.path.removeprefix("/v2/").split("/")
        match parts:
            case [""]:
                return Reply()
            case ["_catalog"]:
                return json_reply({"repositories": sorted(self.tags)})
            case [name, "tags", "list"] if name in self.tags:
                return json_reply({"name": name, "tags": sorted(self.tags[name])})
            case [name, "manifests", reference]:
                return self._manifest(self.tags.get(name, {}).get(reference, reference))
            case [_, "blobs", digest] if digest in self.blobs:
                return Reply(body=self.blobs[digest])
            case _:
                return Reply(404)

    def _manifest(self, digest: str) -> Reply:
        if digest not in self.manifests:
            return Reply(404)
        media_type, body = self.manifests[digest]
        return Reply(200, {"Content-Type": media_type, "Docker-Content-Digest": digest}, body)


def json_reply(document: Any, **headers: str) -> Reply:
    """Return an answer in JSON."""
    return Reply(200, {"Content-Type": "application/json", **headers}, json.dumps(document).encode())


def _handler(registry: Registry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = dict(parse_qsl(url.query, keep_blank_values=True))
            reply = registry.answer(Asked(self.command, url.path, query, dict(self.headers)))
            self.send_response(reply.status)
            lengths = {} if "Content-Length" in reply.headers else {"Content-Length": str(len(reply.body))}
            for name, value in (
                reply.headers | lengths | ({"Content-Length": "1000000"} if reply.drips else {})
            ).items():
                self.send_header(name, value)
            self.end_headers()
            if reply.drips:
                drip(self, registry.is_stopped)
            elif self.command != "HEAD":
                self.wfile.write(reply.body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@contextmanager
def lying_registry(habit: Habit = lambda registry, asked, reply: reply) -> Iterator[Registry]:
    """Serve a registry with a habit."""
    registry = Registry(habit)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(registry))
    server.daemon_threads = True
    registry.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield registry
    finally:
        registry.is_stopped.set()
        server.shutdown()
        server.server_close()
