"""The file of `--web.config.file`: what it may say, and what is told, with its line, of one that is wrong."""

from __future__ import annotations

import contextlib
import os
import ssl
import textwrap
import time
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
        (3, "the password of `b` is not a bcrypt hash: htpasswd -nB b", f"basic_auth_users:\n  a: {HASH}\n  b: secret\n"),
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
        (2, "`soon` is not a time", "rate_limit:\n  interval: soon\n"),
        (2, "`-1` is not a number of requests", "rate_limit:\n  burst: -1\n"),
        (1, "`b`: anchors and aliases are not supported", "a: *b\n"),
        (1, "`a`: anchors and aliases are not supported", "&a [*a]\n"),
        (2, "`tag:yaml.org,2002:int`: tags are not supported", "basic_auth_users:\n  alice: !!int ''\n"),
        (1, "nested deeper than 10 levels", "[" * 3000),
        (2, "cannot be read; put text in quotes", "rate_limit:\n  interval: 2026-13-45\n"),
        (3, "characters no header can have", "http_server_config:\n  headers:\n    X-XSS-Protection: 测\n"),
        (2, "the hash of `a` has a cost of 31", f"basic_auth_users:\n  a: {HASH.replace('$04$', '$31$')}\n"),
        (2, "the hash of `a` has a cost of 3", f"basic_auth_users:\n  a: {HASH.replace('$04$', '$03$')}\n"),
        (2, "is not a bcrypt hash", f"basic_auth_users:\n  a: {HASH.replace('$2b$', '$2$')}\n"),
        (2, "is not a bcrypt hash", f"basic_auth_users:\n  a: {HASH[:28]}z{HASH[29:]}\n"),
        (2, "no path has a null character in it", 'tls_server_config:\n  cert_file: "a\\0b"\n  key_file: key.pem\n'),
        (2, "it is not a regular file", "tls_server_config:\n  cert_file: /dev/zero\n  key_file: key.pem\n"),
        (2, "Is a directory", "tls_server_config:\n  cert_file: .\n  key_file: key.pem\n"),
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
    web.refresh()
    assert web.context() is before and web.has_tls
    change(str(folder / "web.yml"), TLS + f"basic_auth_users:\n  b: {HASH}\n")
    web.refresh()
    assert web.config.users.keys() == {"b"}
    before = web.context()
    os.utime(folder / "cert.pem", ns=(0, 1))
    web.refresh()
    assert web.context() is not before and web.is_good


@pytest.mark.parametrize("text", ["basic_auth_users: [", "", None])
def test_a_wrong_change_changes_nothing(folder: Path, text: str | None) -> None:
    """Whoever was let in is let in, nobody else is; it is told, and put right by the next right one."""
    right = TLS + f"basic_auth_users:\n  a: {HASH}\n"
    web = Web(path := write(folder, right))
    change(path, text) if text is not None else Path(path).unlink()
    web.refresh()
    assert web.config.users.keys() == {"a"} and not web.is_good
    change(path, right)
    web.refresh()
    assert web.config.users.keys() == {"a"} and web.is_good


def test_without_a_file_nobody_is_asked() -> None:
    """And nothing is encrypted."""
    web = Web(None)
    assert web.config.users == {} and not web.has_tls


# --- what a change may not do ---------------------------------------------------------------------------------------

GUARDED = TLS + (
    "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: cert.pem\n  client_allowed_sans: [prometheus]\n"
    f"basic_auth_users:\n  a: {HASH}\n  b: {HASH}\n"
)


def asks_for_all(web: Web) -> bool:
    """Return whether TLS, a certificate of the right name and a login are asked for."""
    tls = web.config.tls
    is_tls = web.has_tls and web.context().verify_mode is ssl.CERT_REQUIRED
    return bool(is_tls and tls and tls.client_allowed_sans and web.config.users)


def test_wherever_it_is_cut_off_the_door_stays_shut(folder: Path) -> None:
    """As by a full disk, or while an editor writes it: at every byte."""
    web = Web(path := write(folder, GUARDED))
    for size in range(len(GUARDED)):
        change(path, GUARDED[:size])
        web.refresh()
        assert asks_for_all(web), GUARDED[:size]
    change(path, GUARDED)
    web.refresh()
    assert web.is_good and asks_for_all(web)


@pytest.mark.parametrize("line", GUARDED.splitlines())
def test_whichever_line_is_lost_the_door_stays_shut(folder: Path, line: str) -> None:
    """One of two users may go; the last one, the certificates, the names in them may not."""
    web = Web(path := write(folder, GUARDED))
    change(path, GUARDED.replace(line, ""))
    web.refresh()
    assert asks_for_all(web)
    assert web.is_good == (HASH in line)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "TLS is switched on and off"),
        (GUARDED[: GUARDED.index("basic_auth")], "the last user is removed"),
        (GUARDED[: GUARDED.index("basic_auth")] + "basic_auth_users: {}\n", "the last user is removed"),
        (GUARDED.replace("RequireAnd", "").replace("Cert\n", "CertIfGiven\n"), "needs"),
        (GUARDED.replace("  client_allowed_sans: [prometheus]\n", ""), "the last of `client_allowed_sans`"),
    ],
)
def test_what_lets_in_more_takes_a_restart(
    folder: Path, text: str, complaint: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And that is logged, once; after the restart it is in force."""
    web = Web(path := write(folder, GUARDED))
    change(path, text)
    for _ in range(3):
        web.refresh()
    [record] = caplog.records
    assert complaint in record.getMessage() and asks_for_all(web) and not web.is_good


def test_a_file_that_comes_later_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that a new configuration names, and that was not there when that was first read."""
    web = Web(path := write(folder, TLS))
    change(path, TLS.replace("cert.pem", "new.pem"))
    web.refresh()
    assert not web.is_good
    (folder / "new.pem").write_bytes((folder / "cert.pem").read_bytes())
    web.refresh()
    assert not web.is_good  # not tried again at once
    monkeypatch.setattr("tonnage.exporter.web._RETRY_SECONDS", 0)
    web.refresh()
    assert web.is_good and web.loaded.config.tls and web.loaded.config.tls.cert_file.endswith("new.pem")


ODD = (
    "!!int ''", "!!bool maybe", "!!python/object:os.system x", "!x y", "2026-13-45", "0b_", "0x_", "1:99:99", ".inf", "=",
    "<<", "~", '"\\0"', "- a", "[", "{", "}", "{a: {a: {a: a}}}", "? a", "!!binary x", "!!set {a}", "*a", "&a b", "&a [*a]",
    "9" * 5000, "9e999999", "1_000", "yes", "\t", "'", "|", ">", "%", "@", "`", "\x07", "\ud7ff", "''", "[[], {}, null]",
    "/dev/zero", "/dev/tty", "/proc/self/mem", ".", "a" * 300, "a\nb: c", "-9223372036854775809", "1e400",
)  # fmt: skip
PLACES = (
    "{}\n", "tls_server_config: {}\n", TLS + "  client_ca_file: {}\n", TLS + "  min_version: {}\n",
    TLS + "  cipher_suites: [{}]\n", TLS + "  client_allowed_sans: {}\n", TLS + "  curve_preferences: [{}]\n",
    "tls_server_config:\n  cert_file: {}\n  key_file: {}\n", "tls_server_config:\n  cert: {}\n  key: {}\n",
    "http_server_config:\n  http2: {}\n", "http_server_config:\n  headers:\n    X-XSS-Protection: {}\n",
    "basic_auth_users: {}\n", "basic_auth_users:\n  a: {}\n", "basic_auth_users:\n  {}: x\n",
    "rate_limit:\n  interval: {}\n", "rate_limit:\n  burst: {}\n", "{}: x\n",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_whatever_stands_there_is_read_or_refused(folder: Path, place: str) -> None:
    """Every odd value in every place: never another error, and never for long."""
    started = time.process_time()
    for odd in ODD:
        with contextlib.suppress(WebConfigError):
            load(write(folder, place.replace("{}", odd)))
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"b{i}: &b{i} [{','.join(['*a'] * 10)}]\n" for i in range(9)),
        "[" * 200_000,
        "a: " * 80_000,
        "x" * 10**6,
        "- " * 100_000,
        "{a: " * 50_000,
        "? " * 100_000,
    ],
)
def test_a_file_costs_no_more_than_its_length(folder: Path, text: str) -> None:
    """No multiplication, no nesting, no size that keeps a processor busy."""
    started = time.process_time()
    with pytest.raises(WebConfigError):
        load(write(folder, text))
    assert time.process_time() - started < 3


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    """In the place of the file as in that of a certificate."""
    os.mkfifo(folder / "pipe")
    for path in (str(folder / "pipe"), write(folder, TLS.replace("cert.pem", "pipe"))):
        with pytest.raises(WebConfigError, match="it is not a regular file"):
            load(path)
