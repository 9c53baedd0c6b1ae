"""The login obstore uses is learnt from what it sends, whatever it is; no request leaves this machine."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from buckets import AZURE_ACCOUNT
from tonnage.storage.bucket.address import parse_address
from tonnage.storage.bucket.logins import Login, NoLoginError, azure_headers, find_login
from tonnage.storage.bucket.options import BucketOptions

pytestmark = pytest.mark.usefixtures("cloud_environment")

AZURE = parse_address("az://container")
GCS = parse_address("gs://bucket")
OPTIONS = BucketOptions(timeout_seconds=5.0)


@pytest.fixture
def authority() -> Iterator[str]:
    """A server that gives a token for an identity, as Microsoft's does."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            token = "of-the-identity" if "client_secret=hidden" in asked and "/of-mine/" in self.path else "none"
            body = json.dumps({"access_token": token, "expires_in": 3600, "token_type": "Bearer"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_identity_of_azure(authority: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its token is a header, and goes with each request."""
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
    settings = {"CLIENT_ID": "me", "CLIENT_SECRET": "hidden", "TENANT_ID": "of-mine", "AUTHORITY_HOST": authority}
    for name, value in settings.items():
        monkeypatch.setenv(f"AZURE_{name}", value)
    login = find_login(AZURE, OPTIONS)
    assert login == Login("Bearer of-the-identity")
    assert azure_headers(login, AZURE, OPTIONS, "https://x/c?comp=list")["Authorization"] == "Bearer of-the-identity"


def test_a_shared_access_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is parameters of the address, as they were given, and no header."""
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "sv=2020-12-06&sig=a%2Bb%3D&sp=rl")
    login = find_login(AZURE, OPTIONS)
    assert login == Login("", (("sv", "2020-12-06"), ("sig", "a+b="), ("sp", "rl")))
    assert "Authorization" not in azure_headers(login, AZURE, OPTIONS, "https://x/c?comp=list")


@pytest.mark.parametrize("has_connection_string", [False, True])
def test_the_key_of_an_account(monkeypatch: pytest.MonkeyPatch, has_connection_string: bool) -> None:
    """Each request is signed with it, wherever it comes from."""
    if has_connection_string:
        monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
        string = f"AccountName={AZURE_ACCOUNT};AccountKey=a2V5;EndpointSuffix=core.windows.net"
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", string)
    headers = azure_headers(find_login(AZURE, OPTIONS), AZURE, OPTIONS, "https://x/c?comp=list")
    assert headers["Authorization"].startswith(f"SharedKey {AZURE_ACCOUNT}:")


def test_a_service_account_of_google(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its token is for Google and not for who asked for it."""
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA"], check=True, capture_output=True, text=True)
    account = {
        "type": "service_account",
        "client_email": "me@x.test",
        "private_key": made.stdout,
        "private_key_id": "1",
    }
    (tmp_path / "account.json").write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    scheme, _, token = find_login(GCS, OPTIONS).authorization.partition(" ")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (scheme, claims["iss"]) == ("Bearer", "me@x.test")
    assert "127.0.0.1" not in json.dumps(claims)


def test_no_login_at_all() -> None:
    """For a public bucket there is nothing to learn, and nothing is asked."""
    assert find_login(GCS, OPTIONS._replace(anonymous=True)) == Login()


def test_a_proxy_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where requests to this machine too would go through a proxy, the login is not asked for."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(NoLoginError, match="NO_PROXY"):
        find_login(AZURE, OPTIONS)
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert find_login(AZURE, OPTIONS).authorization.startswith("SharedKey ")


def test_an_identity_that_gives_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and no request is sent without."""
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
    settings = {"CLIENT_ID": "me", "CLIENT_SECRET": "x", "TENANT_ID": "y", "AUTHORITY_HOST": "http://127.0.0.1:1"}
    for name, value in settings.items():
        monkeypatch.setenv(f"AZURE_{name}", value)
    with pytest.raises(NoLoginError):
        find_login(AZURE, OPTIONS._replace(timeout_seconds=1.0))
