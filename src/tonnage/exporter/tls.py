"""From the TLS section of a web configuration to contexts for connections, new ones when the files change."""

import contextlib
import os
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tonnage.exporter.files import read_file
from tonnage.exporter.webconfig import Tls, WebConfigError

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_CLIENTS = {
    "NoClientCert": ssl.CERT_NONE,
    "RequestClientCert": ssl.CERT_NONE,  # whatever the client answers is not looked at
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_CIPHERS = {
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
"""Go's names of ciphers up to TLS 1.2, and OpenSSL's."""
_FIXED_CIPHERS = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
"""Those of TLS 1.3, which are always on, in Go as well."""
_CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}


class ReloadingContext(ssl.SSLContext):
    """A context that hands each new connection to the context of the moment."""

    current: Callable[[], ssl.SSLContext]

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """Begin a connection, which is all that asyncio asks of a context."""
        return self.current().wrap_bio(*args, **options)


def reloading_context(current: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Return a context that is always the `current` one."""
    context = ReloadingContext(ssl.PROTOCOL_TLS_SERVER)
    context.current = current
    return context


def make_context(tls: Tls, path: str) -> ssl.SSLContext:
    """Return a context for connections from now on. Raises WebConfigError with the line of what is wrong."""

    def wrong(key: str, message: str) -> WebConfigError:
        return WebConfigError(f"`{path}` line {tls.lines.get(key, tls.lines[''])}: {message}")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.min_version]
    context.maximum_version = _VERSIONS[tls.max_version]
    _load_pair(context, tls, wrong)
    _load_clients(context, tls, wrong)
    _choose_ciphers(context, tls, wrong)
    _choose_curve(context, tls, wrong)
    return context


Wrong = Callable[[str, str], WebConfigError]


def _load_pair(context: ssl.SSLContext, tls: Tls, wrong: Wrong) -> None:
    """Load certificate and key. Which of them is wrong shows by reading them one after the other."""
    cert_name, key_name = ("cert_file" if tls.cert_file else "cert"), ("key_file" if tls.key_file else "key")
    cert = _pem(tls, cert_name, wrong)
    key = _pem(tls, key_name, wrong)
    if "-----BEGIN CERTIFICATE-----" not in cert:
        raise wrong(cert_name, "there is no certificate in it")
    if "PRIVATE KEY-----" not in key:
        raise wrong(key_name, "there is no private key in it")
    with _in_memory(cert) as cert_path, _in_memory(key) as key_path:
        try:
            context.load_cert_chain(cert_path, key_path, password=lambda: "")  # never ask a terminal for one
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "reason", "") or "it cannot be read"
            if reason == "KEY_VALUES_MISMATCH":
                raise wrong(key_name, "the key is not the one of the certificate") from error
            raise wrong(key_name, f"certificate and key cannot be used: {reason}") from error


@contextlib.contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """Yield the path of a file that is on no disk: only files can be loaded, and keys are not left lying about."""
    descriptor = os.memfd_create("tonnage")
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _pem(tls: Tls, name: str, wrong: Wrong) -> str:
    """Return a text of the configuration, or of the file it names."""
    value: str = getattr(tls, name)
    if not name.endswith("_file"):
        return value
    try:
        return read_file(value)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise wrong(name, f"cannot read `{value}`: {why}") from error


def _load_clients(context: ssl.SSLContext, tls: Tls, wrong: Wrong) -> None:
    context.verify_mode = _CLIENTS[tls.client_auth_type]
    if context.verify_mode is ssl.CERT_NONE:
        return
    name = "client_ca_file" if tls.client_ca_file else "client_ca"
    try:
        context.load_verify_locations(cadata=_pem(tls, name, wrong))
    except (ssl.SSLError, ValueError) as error:
        raise wrong(name, "there is no certificate of a CA in it") from error
    if tls.client_allowed_sans:
        context.sslobject_class = _checking(tls.client_allowed_sans)


def _checking(allowed: Sequence[str]) -> type[ssl.SSLObject]:
    """Return connections that end unless the client's certificate has one of these names."""

    class Checked(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            certificate = self.getpeercert() or {}
            names: Sequence[Any] = certificate.get("subjectAltName", ())
            if not any(value in allowed for _, value in names):
                raise ssl.SSLCertVerificationError("the client's certificate has none of the allowed names")

    return Checked


def _choose_ciphers(context: ssl.SSLContext, tls: Tls, wrong: Wrong) -> None:
    if unknown := [name for name in tls.cipher_suites if name not in _CIPHERS and name not in _FIXED_CIPHERS]:
        raise wrong("cipher_suites", f"there is no cipher `{unknown[0]}`")
    chosen = [_CIPHERS[name] for name in tls.cipher_suites if name in _CIPHERS]
    if chosen:
        context.set_ciphers(":".join(chosen))
    if not tls.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE


def _choose_curve(context: ssl.SSLContext, tls: Tls, wrong: Wrong) -> None:
    """Choose the one curve; a list of them is more than Python can tell OpenSSL."""
    if unknown := [name for name in tls.curve_preferences if name not in _CURVES]:
        raise wrong("curve_preferences", f"there is no curve `{unknown[0]}`; known are {', '.join(_CURVES)}")
    if len(tls.curve_preferences) > 1:
        raise wrong("curve_preferences", "only one curve can be named; without any, all good ones are offered")
    for name in tls.curve_preferences:
        try:
            context.set_ecdh_curve(_CURVES[name])
        except (ssl.SSLError, ValueError) as error:
            raise wrong("curve_preferences", f"this Python cannot be told to use `{name}` alone") from error
