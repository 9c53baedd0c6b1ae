"""A bucket of S3 on the loopback that answers as it should but for one habit. It serves the files of a folder.

Only what a scan asks for: listings (version 2) with prefix, start-after, token and delimiter; objects; the queries for open
uploads, versioning and versions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from dripping import drip

PAGE_SIZE = 7
_TIME = "2026-01-01T00:00:00.000Z"


class Page(NamedTuple):
    """What a listing answers with."""

    keys: list[tuple[str, str]]
    """Key and size, as text."""
    is_truncated: bool
    token: str
    number: int
    """Counting from 1."""


Habit = Callable[[Page], Page | None]
"""What becomes of a page; None where the connection is never answered to the end."""


class Bucket:
    """A running bucket."""

    def __init__(self, files: dict[str, bytes], habit: Habit) -> None:
        self.files = files
        self.habit = habit
        self.lists_count = 0
        self.url = ""
        self.uploads: list[str] = []
        """What each query for open uploads is answered with; the last one for ever."""
        self.drips = False
        """Whether objects are given a byte at a time, without end."""
        self.is_stopped = threading.Event()

    def page(self, query: dict[str, str]) -> Page | None:
        """Return a page of the listing."""
        self.lists_count += 1
        after = unquote(query.get("continuation-token", "")) or query.get("start-after", "")
        keys = sorted(key for key in self.files if key.startswith(query.get("prefix", "")) and key > after)
        size = min(PAGE_SIZE, int(query.get("max-keys", PAGE_SIZE)))
        chosen = [(key, str(len(self.files[key]))) for key in keys[:size]]
        is_truncated = len(keys) > size
        token = quote(chosen[-1][0], safe="") if is_truncated else ""
        return self.habit(Page(chosen, is_truncated, token, self.lists_count))


def listing(page: Page) -> bytes:
    """Return a page as XML."""
    items = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>{_TIME}</LastModified><Size>{size}</Size></Contents>"
        for key, size in page.keys
    )
    token = f"<NextContinuationToken>{escape(page.token)}</NextContinuationToken>" if page.token else ""
    truncated = str(page.is_truncated).lower()
    return f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{token}{items}</ListBucketResult>".encode()


class _Handler(BaseHTTPRequestHandler):
    """Answers as the bucket of its class."""

    bucket: Bucket
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        key = unquote(url.path).partition("/bucket")[2].lstrip("/")
        if key:
            self._object(key)
        elif "uploads" in query:
            self._send(
                200, self.bucket.uploads[0].encode() if self.bucket.uploads else b"<ListMultipartUploadsResult/>"
            )
            self.bucket.uploads[:] = self.bucket.uploads[1:] or self.bucket.uploads
        elif "versioning" in query:
            self._send(200, b"<VersioningConfiguration/>")
        elif "delimiter" in query:
            self._send(200, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        elif (page := self.bucket.page(query)) is None:
            self._drip()
        else:
            self._send(200, listing(page))

    do_HEAD = do_GET

    def _object(self, key: str) -> None:
        content = self.bucket.files.get(key)
        if content is None:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")
        elif self.bucket.drips:
            self._drip()
        else:
            self._send(200, content)

    def _drip(self) -> None:
        self._head(200, 1_000_000)
        drip(self, self.bucket.is_stopped)

    def _send(self, status: int, content: bytes) -> None:
        self._head(status, len(content))
        if self.command != "HEAD":
            self.wfile.write(content)

    def _head(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.send_header("ETag", '"0"')
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def lying_bucket(root: Path, habit: Habit = lambda page: page) -> Iterator[Bucket]:
    """Serve the files below a folder as the bucket `bucket`."""
    files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    bucket = Bucket(files, habit)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"bucket": bucket}))
    server.daemon_threads = True
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield bucket
    finally:
        bucket.is_stopped.set()
        server.shutdown()
        server.server_close()
