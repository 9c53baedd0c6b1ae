"""Requests obstore has no call for: parts of uploads, old versions, and pages with keys it takes for no path.

For S3 obstore signs URLs of objects (`obstore.sign`), with whatever credentials it found: keys, a role, a web identity. It
signs the query of the URL too, and takes the URL from the endpoint it was given. So an endpoint that ends in a query
gives a signed URL of that query; the object's name becomes the value of a parameter that S3 leaves alone, as it does
all that begin with `x-` (S3 user guide, "Adding custom information to requests"). No second library for signatures,
and no second search for credentials. Only for S3: the other clouds' logins obstore shows to nobody.
"""

import random
import ssl
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import obstore
from obstore.exceptions import BaseError

from tonnage.errors import BucketError
from tonnage.http_client import client
from tonnage.storage.bucket.address import Address
from tonnage.storage.bucket.connecting import (
    ca_file,
    endpoint_of,
    s3_config,
    s3_credentials,
    s3_url,
)
from tonnage.storage.bucket.counting import Counter
from tonnage.storage.bucket.errors import Failure, understand
from tonnage.storage.bucket.options import BucketOptions

_VALID = timedelta(minutes=5)
_IGNORED = "x-tonnage"
_AGAIN = {429, 500, 502, 503, 504}
_FIRST_WAIT_SECONDS = 0.1
_WAIT_SECONDS_LIMIT = 3.0
_BODY_BYTES_LIMIT = 64 * 1024 * 1024
SIZE_BYTES_LIMIT = 2**50
"""Far more than any cloud lets an object have; whoever says more lies."""


class RefusedError(Exception):
    """The answer is none of those asked for; `failure` says what it is."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.said)
        self.failure = failure


class SignedRequests:
    """Sends requests of one's own to a bucket of S3. Raises RefusedError."""

    def __init__(self, place: Address, options: BucketOptions, counter: Counter) -> None:
        self.place = place
        self.options = options
        self.counter = counter
        context = ssl.create_default_context()
        if ca := ca_file(place, options):
            context.load_verify_locations(ca)
        self.client = client(verify=context, timeout=options.timeout_seconds, headers={"User-Agent": "tonnage"})

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def get(self, query: Mapping[str, str], key: str = "") -> ElementTree.Element:
        """Return the document a query of the bucket, or of a key in it, is answered with."""
        is_list = "list-type" in query
        self.counter.add(lists=int(is_list), others=int(not is_list))
        url = s3_url(self.place, self.options, endpoint_of(self.place, self.options))
        url = self._signed_url(f"{url}/{quote(key)}" if key else url, query)
        deadline = time.monotonic() + self.options.timeout_seconds
        wait_seconds = _FIRST_WAIT_SECONDS
        while True:
            answer = self._send(url)
            if isinstance(answer, ElementTree.Element):
                return answer
            if (answer.status and answer.status not in _AGAIN) or time.monotonic() + wait_seconds > deadline:
                raise RefusedError(answer)
            time.sleep(wait_seconds * random.uniform(0.5, 1.0))
            wait_seconds = min(wait_seconds * 2, _WAIT_SECONDS_LIMIT)

    def pages(self, query: Mapping[str, str], key: str, marks: Mapping[str, str]) -> Iterator[ElementTree.Element]:
        """Yield the pages of a listing; `marks` are the parameters of the next one, and where their values stand."""
        asked = dict(query)
        while True:
            page = self.get(asked, key)
            yield page
            if text(page, "IsTruncated") != "true":
                return
            following = asked | {parameter: text(page, name) for parameter, name in marks.items()}
            if following == asked or not any(text(page, name) for name in marks.values()):
                raise RefusedError(CIRCLE)
            asked = following

    def _send(self, url: str) -> ElementTree.Element | Failure:
        import httpx2

        try:
            status, content = self._fetch(url)
            if status == 200:
                return _without_namespaces(ElementTree.fromstring(content))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return understand(OSError(f"connection: {error or type(error).__name__}"))
        except ElementTree.ParseError as error:
            return understand(OSError(f"status code: 502 {error}"))
        return understand(OSError(f"status code: {status} {content.decode(errors='replace')}"))

    def _fetch(self, url: str) -> tuple[int, bytes]:
        """Return status and body; one that comes a byte at a time does not come."""
        import httpx2

        deadline, pieces, size = time.monotonic() + self.options.timeout_seconds, [], 0
        with self.client.stream("GET", url) as answer:
            for piece in answer.iter_bytes():
                pieces.append(piece)
                size += len(piece)
                if time.monotonic() > deadline:
                    raise httpx2.ReadTimeout("timed out: the answer has no end")
                if size > _BODY_BYTES_LIMIT:
                    raise RefusedError(Failure(BucketError, f"an answer of more than {size >> 20} MiB", 0, False))
            return answer.status_code, b"".join(pieces)

    def _signed_url(self, base: str, query: Mapping[str, str]) -> str:
        from obstore.store import S3Store

        url = f"{base}?{urlencode(query)}"
        if self.options.anonymous:
            return url
        config: Any = s3_config(self.place, self.options)
        config |= {"endpoint": f"{url}&{_IGNORED}=", "virtual_hosted_style_request": True}
        client: Any = {"allow_http": True}
        provider = s3_credentials(self.options)
        store = S3Store(self.place.bucket, config=config, client_options=client, credential_provider=provider)
        try:
            return str(obstore.sign(store, "GET", "1", _VALID))
        except BaseError as error:
            raise RefusedError(understand(error)) from error


CIRCLE = Failure(BucketError, "a listing says that it goes on, and not where", 0, is_final=True)
"""A page says that there are more, and either not how to ask for them, or that they are asked for as this one was."""


def size_of(element: ElementTree.Element, name: str) -> int:
    """Return the size a child holds; 0 if there is none. Raises RefusedError for what is not a size."""
    written = text(element, name) or "0"
    if not (written.isascii() and written.isdecimal() and len(written) < 20 and int(written) < SIZE_BYTES_LIMIT):
        raise RefusedError(Failure(BucketError, f"it says that an object has `{written[:40]}` bytes", 0, is_final=True))
    return int(written)


def text(element: ElementTree.Element, name: str) -> str:
    """Return the text of a child; nothing if there is none."""
    return element.findtext(name) or ""


def _without_namespaces(root: ElementTree.Element) -> ElementTree.Element:
    """Return the document with plain names: stores agree on those, and not on the namespace."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
