"""The file of `--web.config.file`: what it may say, and what is told, with its line, of one that is wrong."""

from __future__ import annotations

import os
import ssl
import textwrap
from pathlib import Path

import pytest

from registryfronts import Certificate, make_certificate
from tonnage.exporter.web import Web, load
from tonnage.exporter.webconfig import RateLimit, WebConfigError, parse_web_config

HASH = "$2b$04$bFDboJo2P.jDDAyYhLPbwu17Ubut30/abr8F9VgSZHedxt5ZoESnG"
"""Of the password `secret`."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate and its key."""
    return make_certificate(tmp_path_factory.mktemp("certificate"), "ec")


@pytest.fixture
def folder(tmp_path: Path, certificate: Certificate) -> Path:
    """A folder with a certificate, its key, and the key of another."""
    (tmp_path / "cert.pem").write_bytes(certificate.certificate.read_bytes())
    (tmp_path / "key.pem").write_bytes(certificate.key.read_bytes())
    (tmp_path / "other").mkdir()
    (tmp_path / "other.pem").write_bytes(make_certificate(tmp_path / "other", "ec").key.read_bytes())
    return tmp_path


def write(folder: Path, text: str) -> str:
    """Write a configuration; return its path."""
    path = folder / "web.yml"
    path.write_text(textwrap.dedent(text))
    return str(path)


def test_all_that_it_may_say(folder: Path) -> None:
    """Files are found relative to it."""
    text = f"""\
        tls_server_config:
          cert_file: cert.pem
          key_file: key.pem
          client_ca_file: cert.pem
          client_auth_type: RequireAndVerifyClientCert
          client_allowed_sans: [prometheus.example.com]
          min_version: TLS12
          max_version: TLS13
          cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
          prefer_server_cipher_suites: false
          curve_preferences: [CurveP256]
        http_server_config:
          http2: true
          headers:
            X-Frame-Options: deny
            X-Content-Type-Options: nosniff
            Content-Security-Policy: ""
        basic_auth_users:
          reader: {HASH}
        rate_limit:
          interval: 500ms
          burst: 20
    """
    found = load(write(folder, text))
    assert found.config.users == {"reader": HASH}
    assert found.config.headers == {"X-Frame-Options": "deny", "X-Content-Type-Options": "nosniff"}
    assert found.config.rate_limit == RateLimit(0.5, 20)
    assert found.context is not None and found.context.verify_mode is ssl.CERT_REQUIRED
    assert {c["name"] for c in found.context.get_ciphers() if c["protocol"] == "TLSv1.2"} == {
        "ECDHE-ECDSA-AES128-GCM-SHA256"
    }


def test_certificate_and_key_may_stand_in_it(certificate: Certificate) -> None:
    """Then nothing is read beside it."""
    pems = (certificate.certificate.read_text(), certificate.key.read_text())
    cert, key = (textwrap.indent(pem, "    ") for pem in pems)
    config = parse_web_config(f"tls_server_config:\n  cert: |\n{cert}\n  key: |\n{key}\n", "web.yml")
    assert config.tls is not None and config.tls.files == []


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "basic_auth_users:\n"])
def test_an_empty_one_asks_for_nothing(folder: Path, text: str) -> None:
    """As with Prometheus' own programs."""
    assert load(write(folder, text)).config.users == {}


TLS = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"


@pytest.mark.parametrize(
    ("line", "complaint", "text"),
    [
        (1, "there is no key `basic_auth`; known here are tls_server_config", "basic_auth:\n  a: b\n"),
        (3, "there is no key `passphrase`", TLS.replace("key_file", "passphrase")),
        (3, "there is no key `X-Powered-By`", "http_server_config:\n  headers:\n    X-Powered-By: me\n"),
        (3, "`maybe` is none of deny, sameorigin", "http_server_config:\n  headers:\n    X-Frame-Options: maybe\n"),
        (2, "`yes please` is neither true nor false", "http_server_config:\n  http2: yes please\n"),
        (3, "the password of `b` is no bcrypt hash: htpasswd -nB b", f"basic_auth_users:\n  a: {HASH}\n  b: secret\n"),
        (3, "`a` is there twice", f"basic_auth_users:\n  a: {HASH}\n  a: {HASH}\n"),
        (1, "there are no users", "basic_auth_users: [a]\n"),
        (1, "there are no keys", "tls_server_config:\n  cert_file\nkey_file: x\n"),
        (3, "could not find expected ':'", "tls_server_config:\n  cert_file: a\n  key_file\n  b: c\n"),
        (1, "there are no keys", "just text\n"),
        (1, "`key_file` is missing", "tls_server_config:\n  cert_file: cert.pem\n"),
        (2, "cannot read", "tls_server_config:\n  cert_file: nowhere.pem\n  key_file: key.pem\n"),
        (3, "cannot read", "tls_server_config:\n  cert_file: cert.pem\n  key_file: nowhere.pem\n"),
        (2, "there is no certificate in it", "tls_server_config:\n  cert_file: key.pem\n  key_file: key.pem\n"),
        (3, "there is no private key in it", "tls_server_config:\n  cert_file: cert.pem\n  key_file: cert.pem\n"),
        (3, "the key is not the one of the certificate", TLS.replace("key.pem", "other.pem")),
        (4, "`cert` and `cert_file` are both there", TLS + "  cert: x\n"),
        (4, "`Require` is none of NoClientCert", TLS + "  client_auth_type: Require\n"),
        (4, "`RequireAnyClientCert` checks nothing", TLS + "  client_auth_type: RequireAnyClientCert\n"),
        (4, "needs a `client_ca_file`", TLS + "  client_auth_type: RequireAndVerifyClientCert\n"),
        (4, "a CA for clients, and `client_auth_type` is `NoClientCert`", TLS + "  client_ca_file: cert.pem\n"),
        (5, "no certificate of a CA", TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: key.pem\n"),
        (4, "it needs `client_auth_type: RequireAndVerifyClientCert`", TLS + "  client_allowed_sans: [a]\n"),
        (4, "`SSL30` is none of TLS10", TLS + "  min_version: SSL30\n"),
        (4, "`min_version` is above `max_version`", TLS + "  min_version: TLS13\n  max_version: TLS12\n"),
        (4, "there is no cipher `ROT13`", TLS + "  cipher_suites: [ROT13]\n"),
        (4, "there is no curve `Curve1`", TLS + "  curve_preferences: [Curve1]\n"),
        (4, "only one curve", TLS + "  curve_preferences: [CurveP256, CurveP384]\n"),
        (4, "there is no list", TLS + "  cipher_suites: one\n"),
        (2, "`soon` is no time", "rate_limit:\n  interval: soon\n"),
        (2, "`-1` is no number of requests", "rate_limit:\n  burst: -1\n"),
        (1, "found undefined alias", "a: *b\n"),
        (1, "", "&a [*a]\n"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(folder: Path, line: int, complaint: str, text: str) -> None:
    """So that nobody has to search; and nothing is served with less protection than was meant."""
    path = write(folder, text)
    with pytest.raises(WebConfigError) as refused:
        load(path)
    assert str(refused.value).startswith(f"`{path}` line {line}: ")
    assert complaint in str(refused.value)
    assert HASH not in str(refused.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_refused(folder: Path, content: bytes | None) -> None:
    """Missing, or no text."""
    if content is not None:
        (folder / "web.yml").write_bytes(content)
    with pytest.raises(WebConfigError, match=r"web\.yml"):
        Web(str(folder / "web.yml"))


def change(path: str, text: str) -> None:
    """Write a file, so that it shows that it changed."""
    Path(path).write_text(textwrap.dedent(text))
    os.utime(path, ns=(0, hash(text) % 10**15))


def test_a_change_is_taken_up(folder: Path) -> None:
    """Of the users, and of the certificate alone."""
    web = Web(write(folder, TLS + f"basic_auth_users:\n  a: {HASH}\n"))
    before = web.context()
    assert web.context() is before and web.has_tls
    change(str(folder / "web.yml"), TLS + f"basic_auth_users:\n  b: {HASH}\n")
    assert web.config.users.keys() == {"b"}
    before = web.context()
    os.utime(folder / "cert.pem", ns=(0, 1))
    assert web.context() is not before and web.is_good


@pytest.mark.parametrize("text", ["basic_auth_users: [", "", None])
def test_a_wrong_change_changes_nothing(folder: Path, text: str | None) -> None:
    """Whoever was let in is let in, nobody else is; it is told, and put right by the next right one."""
    right = TLS + f"basic_auth_users:\n  a: {HASH}\n"
    web = Web(path := write(folder, right))
    change(path, text) if text is not None else Path(path).unlink()
    assert web.config.users.keys() == {"a"} and not web.is_good
    change(path, right)
    assert web.config.users.keys() == {"a"} and web.is_good


def test_without_a_file_nobody_is_asked() -> None:
    """And nothing is encrypted."""
    web = Web(None)
    assert web.config.users == {} and not web.has_tls
