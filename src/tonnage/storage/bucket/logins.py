"""How obstore logs in to GCS and Azure, for requests of our own.

obstore finds logins as the clouds' own programs do: keys, service accounts, managed identities, federated tokens. It
shows them to nobody but the server it asks. So it is asked to ask us: a listener on the loopback hears one request of
it, and what that carries is the login. What is signed for one request alone (the key of an account of Azure) is signed
here again.
"""

import base64
import hashlib
import hmac
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit
from urllib.request import getproxies, proxy_bypass

from obstore.exceptions import BaseError

from tonnage.storage.bucket.address import Address, Cloud
from tonnage.storage.bucket.connecting import azure_config, shared_options
from tonnage.storage.bucket.options import BucketOptions

AZURE_VERSION = "2023-11-03"
_KEY_VARIABLES = ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY")
_LOOPBACK = "127.0.0.1"


class NoLoginError(Exception):
    """There is a login, and no way to learn it."""


class Login(NamedTuple):
    """What obstore sends with a request: a header, or parameters of its address; neither where it needs no login."""

    authorization: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    """A shared access signature of Azure."""


def find_login(place: Address, options: BucketOptions) -> Login:
    """Return how obstore logs in to a bucket of GCS or Azure. Raises NoLoginError."""
    if options.anonymous:
        return Login()
    proxies = getproxies()
    if ("http" in proxies or "all" in proxies) and not proxy_bypass(_LOOPBACK):
        raise NoLoginError(f"HTTP_PROXY is set, and NO_PROXY has no {_LOOPBACK}")  # the proxy would learn it too
    with _listening() as (url, heard):
        store = _store_at(url, place, options)
        try:
            store.head("login")
        except (BaseError, OSError) as error:  # it is told that there is no such object
            if not heard:
                raise NoLoginError(str(error)) from error
    path, authorization = heard[0]
    return Login(authorization, tuple(parse_qsl(urlsplit(path).query, keep_blank_values=True)))


def azure_headers(login: Login, place: Address, options: BucketOptions, url: str) -> dict[str, str]:
    """Return the headers of a GET of Azure. Raises NoLoginError."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": AZURE_VERSION}
    if login.authorization.startswith("SharedKey "):
        config = azure_config(place, options, "")
        key = config.get("account_key") or next((os.environ[n] for n in _KEY_VARIABLES if os.environ.get(n)), "")
        if not key:
            raise NoLoginError("the account's key is not in the environment")
        headers["Authorization"] = (
            f"SharedKey {config['account_name']}:{_signature(config['account_name'], key, headers, url)}"
        )
    elif login.authorization:
        headers["Authorization"] = login.authorization
    return headers


def _signature(account: str, key: str, headers: dict[str, str], url: str) -> str:
    """Return the signature of a GET without a body (Azure, "Authorize with Shared Key", version 2009-09-19 and later)."""
    parts = urlsplit(url)
    pairs = sorted((name.lower(), value) for name, value in parse_qsl(parts.query, keep_blank_values=True))
    signed = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    resource = f"/{account}{parts.path}" + "".join(f"\n{name}:{value}" for name, value in pairs)
    text = "GET" + 12 * "\n" + signed + resource
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()


def _store_at(url: str, place: Address, options: BucketOptions) -> Any:
    """Return a store that logs in as that of the bucket does, and asks at a URL."""
    from obstore.store import AzureStore, GCSStore

    shared = shared_options(place, options, url)
    if place.cloud is Cloud.AZURE:
        config: Any = azure_config(place, options, url)
        return AzureStore(place.bucket, config=config, **shared)
    return GCSStore(place.bucket, config={"base_url": url}, **shared)


@contextmanager
def _listening() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Listen on the loopback; yield where, and the path and `Authorization` of each request."""
    heard: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            heard.append((self.path, self.headers.get("Authorization", "")))
            self.send_response(404)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer((_LOOPBACK, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{_LOOPBACK}:{server.server_port}", heard
    finally:
        server.shutdown()
        server.server_close()
