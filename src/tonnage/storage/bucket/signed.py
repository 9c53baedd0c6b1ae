"""Requests obstore has no call for: parts of uploads, old versions, and pages with keys it takes for no path.

For S3 obstore signs URLs of objects (`obstore.sign`), with whatever credentials it found: keys, a role, a web identity. It
signs the query of the URL too, and takes the URL from the endpoint it was told. So an endpoint that ends in a query
gives a signed URL of that query; the object's name becomes the value of a parameter that S3 leaves alone, as it does
all that begin with `x-` (S3 user guide, "Adding custom information to requests"). No second library for signatures,
and no second search for credentials. For GCS and Azure, see `logins`.
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

from tonnage.storage.bucket.address import Address, Cloud
from tonnage.storage.bucket.connecting import (
    azure_config,
    azure_url,
    ca_file,
    endpoint_of,
    s3_config,
    s3_credentials,
    s3_url,
)
from tonnage.storage.bucket.counting import Counter
from tonnage.storage.bucket.errors import Failure, understand
from tonnage.storage.bucket.logins import Login, azure_headers, find_login
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
    """Sends requests of one's own to a bucket. Raises RefusedError; NoLoginError where no way to log in is known."""

    def __init__(self, place: Address, options: BucketOptions, counter: Counter) -> None:
        import httpx2

        self.place = place
        self.options = options
        self.counter = counter
        context = ssl.create_default_context()
        if ca := ca_file(place, options):
            context.load_verify_locations(ca)
        self.login: Login | None = None
        self.login_until = 0.0
        self.client = httpx2.Client(verify=context, timeout=options.timeout_seconds, headers={"User-Agent": "tonnage"})

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def get(self, query: Mapping[str, str], key: str = "") -> ElementTree.Element:
        """Return the document a query of the bucket, or of a key in it, is answered with."""
        is_list = not query.keys().isdisjoint(("list-type", "comp"))
        self.counter.add(lists=int(is_list), others=int(not is_list))
        url, headers = self._request(query, key)
        deadline = time.monotonic() + self.options.timeout_seconds
        wait_seconds = _FIRST_WAIT_SECONDS
        while True:
            answer = self._send(url, headers)
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

    def _send(self, url: str, headers: Mapping[str, str]) -> ElementTree.Element | Failure:
        import httpx2

        try:
            answer = self.client.get(url, headers=headers)
            if answer.status_code == 200:
                return _without_namespaces(ElementTree.fromstring(answer.content))
        except httpx2.HTTPError as error:
            return understand(OSError(f"connection: {error or type(error).__name__}"))
        except ElementTree.ParseError as error:
            return understand(OSError(f"status code: 502 {error}"))
        return understand(OSError(f"status code: {answer.status_code} {answer.text}"))

    def _request(self, query: Mapping[str, str], key: str) -> tuple[str, dict[str, str]]:
        """Return URL and headers of a request. Raises NoLoginError, RefusedError."""
        match self.place.cloud:
            case Cloud.S3:
                url = s3_url(self.place, self.options, endpoint_of(self.place, self.options))
                return self._signed_url(f"{url}/{quote(key)}" if key else url, query), {}
            case Cloud.GCS:
                endpoint = endpoint_of(self.place, self.options)
                login = Login() if endpoint else self._login()  # as obstore does: an emulator has none
                url = f"{endpoint or _GCS_URL}/{self.place.bucket}?{urlencode(query)}"
                return url, {"Authorization": login.authorization} if login.authorization else {}
            case Cloud.AZURE:
                login = self._login()
                config = azure_config(self.place, self.options, endpoint_of(self.place, self.options))
                url = f"{azure_url(self.place, config)}?{urlencode([*query.items(), *login.parameters])}"
                return url, azure_headers(login, self.place, self.options, url)

    def _login(self) -> Login:
        """Return how obstore logs in, asked for again before it can have expired."""
        if self.login is None or time.monotonic() > self.login_until:
            self.login, self.login_until = (
                find_login(self.place, self.options),
                time.monotonic() + _VALID.total_seconds(),
            )
        return self.login

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


def text(element: ElementTree.Element, name: str) -> str:
    """Return the text of a child; nothing if there is none."""
    return element.findtext(name) or ""


def _without_namespaces(root: ElementTree.Element) -> ElementTree.Element:
    """Return the document with plain names: stores agree on those, and not on the namespace."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
