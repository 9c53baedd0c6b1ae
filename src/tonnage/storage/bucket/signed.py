"""Requests obstore has no call for: parts of uploads, old versions, and pages with keys it takes for no path.

obstore signs URLs of objects (`obstore.sign`), with whatever credentials it found: keys, a role, a web identity. It
signs the query of the URL too, and takes the URL from the endpoint it was told. So an endpoint that ends in a query
gives a signed URL of that query; the object's name becomes the value of a parameter that S3 leaves alone, as it does
all that begin with `x-` (S3 user guide, "Adding custom information to requests"). No second library for signatures,
and no second search for credentials.
"""

import json
import os
import random
import ssl
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import obstore
from obstore.exceptions import BaseError

from tonnage.storage.bucket.address import Address, Cloud
from tonnage.storage.bucket.connecting import ca_file, endpoint_of, s3_config, s3_credentials, s3_url
from tonnage.storage.bucket.counting import Counter
from tonnage.storage.bucket.failing import Failure, understand
from tonnage.storage.bucket.options import BucketOptions

_VALID = timedelta(minutes=5)
_IGNORED = "x-tonnage"
_AGAIN = {429, 500, 502, 503, 504}
_FIRST_WAIT_SECONDS = 0.1
_WAIT_SECONDS_LIMIT = 3.0
_GCS_URL = "https://storage.googleapis.com"


class RefusedError(Exception):
    """The answer is none of those asked for; `failure` says what it is."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.said)
        self.failure = failure


class SignedRequests:
    """Sends requests of one's own to a bucket of S3 or GCS. Raises RefusedError."""

    def __init__(self, place: Address, options: BucketOptions, counter: Counter) -> None:
        import httpx2

        self.place = place
        self.options = options
        self.counter = counter
        context = ssl.create_default_context()
        if ca := ca_file(place, options):
            context.load_verify_locations(ca)
        self.client = httpx2.Client(verify=context, timeout=options.timeout_seconds, headers={"User-Agent": "tonnage"})

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def get(self, query: Mapping[str, str], key: str = "") -> ElementTree.Element:
        """Return the document a query of the bucket, or of a key in it, is answered with."""
        url = self._url(query, key)
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
            asked |= {parameter: text(page, name) for parameter, name in marks.items()}

    def _send(self, url: str) -> ElementTree.Element | Failure:
        import httpx2

        self.counter.add(others=1)
        try:
            answer = self.client.get(url)
            if answer.status_code == 200:
                return _without_namespaces(ElementTree.fromstring(answer.content))
        except httpx2.HTTPError as error:
            return understand(OSError(f"connection: {error or type(error).__name__}"))
        except ElementTree.ParseError as error:
            return understand(OSError(f"status code: 502 {error}"))
        return understand(OSError(f"status code: {answer.status_code} {answer.text}"))

    def _url(self, query: Mapping[str, str], key: str) -> str:
        url = (
            f"{self._bucket_url()}/{quote(key)}?{urlencode(query)}"
            if key
            else f"{self._bucket_url()}?{urlencode(query)}"
        )
        store = None if self.options.anonymous else self._store(f"{url}&{_IGNORED}=")
        if store is None:
            return url
        try:
            return str(obstore.sign(store, "GET", "1", _VALID))
        except BaseError as error:
            raise RefusedError(understand(error)) from error

    def _bucket_url(self) -> str:
        endpoint = endpoint_of(self.place, self.options)
        if self.place.cloud is Cloud.S3:
            return s3_url(self.place, self.options, endpoint)
        return f"{endpoint or _GCS_URL}/{self.place.bucket}"

    def _store(self, url: str) -> Any:
        """Return a store whose objects have the URL that is to be signed; None where nothing is signed."""
        from obstore.store import GCSStore, S3Store

        if self.place.cloud is Cloud.S3:
            config = s3_config(self.place, self.options) | {"endpoint": url, "virtual_hosted_style_request": True}
            client: Any = {"allow_http": True}
            provider = s3_credentials(self.options)
            return S3Store(self.place.bucket, config=config, client_options=client, credential_provider=provider)
        named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS") or os.environ.get("GOOGLE_SERVICE_ACCOUNT")
        if endpoint_of(self.place, self.options) or not named:
            return None
        base = url.removesuffix(f"&{_IGNORED}=") + f"&{_IGNORED}="
        account = json.loads(Path(named).read_bytes()) | {"gcs_base_url": base}
        return GCSStore(self.place.bucket, config={"service_account_key": json.dumps(account)})


def text(element: ElementTree.Element, name: str) -> str:
    """Return the text of a child; nothing if there is none."""
    return element.findtext(name) or ""


def _without_namespaces(root: ElementTree.Element) -> ElementTree.Element:
    """Return the document with plain names: stores agree on those, and not on the namespace."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
