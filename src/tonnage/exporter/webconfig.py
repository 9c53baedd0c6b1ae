"""The file of `--web.config.file`, as all of Prometheus' own programs read it (exporter-toolkit): TLS and users.

What is wrong in it is reported with its line. A key that is not known, or asks for what cannot be done, is refused: a file
that was meant to protect must not be read as one that protects less.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tonnage.errors import UsageError
from tonnage.formats.yamllines import Node, WrongYamlError, parse_yaml
from tonnage.sizes import parse_seconds

_BCRYPT = re.compile(r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
"""With a salt of 128 bits, the last of its 22 characters has two bits only."""
_HEADERS: dict[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": (),
    "Strict-Transport-Security": (),
}
"""Headers that may be set, and the values they may have, if not any."""
_COSTS = range(4, 17)
"""What a login may cost: each more doubles its time; 16 is some seconds, 4 the least there is."""


class WebConfigError(UsageError):
    """The file is wrong; the message names the line."""

    hint = "the format: https://prometheus.io/docs/prometheus/latest/configuration/https/"


class Tls(NamedTuple):
    """`tls_server_config`, with the lines of its keys for what only shows when it is used."""

    lines: dict[str, int]
    cert: str = ""
    key: str = ""
    client_ca: str = ""
    cert_file: str = ""
    key_file: str = ""
    client_ca_file: str = ""
    client_auth_type: str = "NoClientCert"
    client_allowed_sans: tuple[str, ...] = ()
    min_version: str = "TLS12"
    max_version: str = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: tuple[str, ...] = ()

    @property
    def asks_for_certificates(self) -> bool:
        """Whether only clients with a certificate come in."""
        return self.client_auth_type in _VERIFIED

    @property
    def files(self) -> list[str]:
        """The files it names."""
        return [path for path in (self.cert_file, self.key_file, self.client_ca_file) if path]


class RateLimit(NamedTuple):
    """`rate_limit`: one request in each interval, and `burst` at once; an interval of 0 is no limit."""

    interval_seconds: float = 0.0
    burst: int = 0


class WebConfig(NamedTuple):
    """All that the file says."""

    tls: Tls | None = None
    users: dict[str, str] = {}  # noqa: RUF012 - nobody changes it
    """Name -> bcrypt hash of the password; without any, nobody is asked."""
    headers: dict[str, str] = {}  # noqa: RUF012
    rate_limit: RateLimit = RateLimit()


def parse_web_config(text: str, path: str) -> WebConfig:
    """Return what the file says. Raises WebConfigError, naming the line."""
    try:
        document = parse_yaml(text)
        sections = _mapping(document, _SECTIONS) if document.value is not None else {}
        http = sections.get("http_server_config", {})
        return WebConfig(
            _tls(sections["tls_server_config"], Path(path).parent) if "tls_server_config" in sections else None,
            sections.get("basic_auth_users", {}),
            {name: value for name, value in http.get("headers", {}).items() if value},
            RateLimit(**sections.get("rate_limit", {})),
        )
    except WrongYamlError as error:
        raise WebConfigError(f"`{path}` line {error.line}: {error}") from error


# --- what may be where ----------------------------------------------------------------------------------------------

Reader = Callable[[Node], Any]


def _mapping(node: Node, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Return what is read of each key; all must be known."""
    if not isinstance(node.value, dict):
        raise WrongYamlError(node.line, f"there are no keys; known are {', '.join(readers)}")
    found = {}
    for key, child in node.value.items():
        if key not in readers:
            raise WrongYamlError(child.line, f"there is no key `{key}`; known here are {', '.join(readers)}")
        if child.value is not None:
            found[key] = readers[key](child)
    return found


def _text(node: Node) -> str:
    if not isinstance(node.value, str):
        raise WrongYamlError(node.line, f"`{node.value}` is not a text; put it in quotes")
    return node.value


def _truth(node: Node) -> bool:
    if not isinstance(node.value, bool):
        raise WrongYamlError(node.line, f"`{node.value}` is neither true nor false")
    return node.value


def _texts(node: Node) -> tuple[str, ...]:
    if not isinstance(node.value, list):
        raise WrongYamlError(node.line, "there is no list")
    return tuple(_text(child) for child in node.value)


def _one_of(*choices: str) -> Reader:
    def read(node: Node) -> str:
        if node.value not in choices:
            raise WrongYamlError(node.line, f"`{node.value}` is none of {', '.join(choices)}")
        return str(node.value)

    return read


def _header(name: str) -> Reader:
    def read(node: Node) -> str:
        value, choices = _text(node), _HEADERS[name]
        if value and choices and value.lower() not in choices:
            raise WrongYamlError(node.line, f"`{value}` is none of {', '.join(choices)}")
        if not (value.isprintable() and value.isascii()):
            raise WrongYamlError(node.line, f"`{name}` has characters no header can have")
        return value

    return read


def _users(node: Node) -> dict[str, str]:
    """Return the users' hashes. They are not repeated in messages."""
    if not isinstance(node.value, dict):
        raise WrongYamlError(node.line, "there are no users: write NAME: HASH")
    for name, child in node.value.items():
        if not isinstance(child.value, str) or not _BCRYPT.fullmatch(child.value):
            raise WrongYamlError(child.line, f"the password of `{name}` is not a bcrypt hash: htpasswd -nB {name}")
        if ":" in name:
            raise WrongYamlError(child.line, f"the name `{name}` has a colon in it, which no user can log in with")
        if cost_of(child.value) not in _COSTS:
            raise WrongYamlError(
                child.line, f"the hash of `{name}` has a cost of {cost_of(child.value)}, not of 4 to 16"
            )
    return {name: child.value for name, child in node.value.items()}


def cost_of(bcrypt_hash: str) -> int:
    """Return the cost of a bcrypt hash.

    >>> cost_of("$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG")
    10
    """
    return int(bcrypt_hash.split("$")[2])


def _client_auth_type(node: Node) -> str:
    choice: str = _one_of("NoClientCert", "RequestClientCert", "VerifyClientCertIfGiven", *_ANY, *_VERIFIED)(node)
    if choice in _ANY:
        verified = " or ".join(_VERIFIED)
        raise WrongYamlError(node.line, f"`{choice}` checks nothing and is not supported; use {verified}")
    return choice


def _interval(node: Node) -> float:
    try:
        return parse_seconds(str(node.value))
    except ValueError as error:
        raise WrongYamlError(node.line, str(error)) from error


def _burst(node: Node) -> int:
    if not isinstance(node.value, int) or isinstance(node.value, bool) or node.value < 0:
        raise WrongYamlError(node.line, f"`{node.value}` is not a number of requests")
    return node.value


_ANY, _VERIFIED = ("RequireAnyClientCert",), ("RequireAndVerifyClientCert",)
_VERSIONS = _one_of("TLS10", "TLS11", "TLS12", "TLS13")
_TLS: dict[str, Reader] = {
    **dict.fromkeys(("cert", "key", "client_ca", "cert_file", "key_file", "client_ca_file"), _text),
    "client_auth_type": _client_auth_type,
    "client_allowed_sans": _texts,
    "min_version": _VERSIONS,
    "max_version": _VERSIONS,
    "cipher_suites": _texts,
    "prefer_server_cipher_suites": _truth,
    "curve_preferences": _texts,
}
_HTTP: dict[str, Reader] = {
    "http2": _truth,  # may be offered, need not: this server speaks HTTP/1.1
    "headers": lambda node: _mapping(node, {name: _header(name) for name in _HEADERS}),
}


def _tls_section(node: Node) -> tuple[dict[str, Any], dict[str, int]]:
    values = _mapping(node, _TLS)
    return values, {"": node.line, **{key: child.line for key, child in node.value.items()}}


_SECTIONS: dict[str, Reader] = {
    "tls_server_config": _tls_section,
    "http_server_config": lambda node: _mapping(node, _HTTP),
    "basic_auth_users": _users,
    "rate_limit": lambda node: {
        {"interval": "interval_seconds"}.get(key, key): value
        for key, value in _mapping(node, {"interval": _interval, "burst": _burst}).items()
    },
}


def _tls(section: tuple[dict[str, Any], dict[str, int]], folder: Path) -> Tls | None:
    """Return the TLS section, its files relative to the folder of the configuration."""
    values, lines = section
    files = {key: str(folder / path) for key, path in values.items() if key.endswith("_file") and path}
    tls = Tls(lines, **{**values, **files})
    for name in ("cert", "key", "client_ca"):
        if name in values and f"{name}_file" in values:
            raise WrongYamlError(lines[name], f"`{name}` and `{name}_file` are both there")
    for name in ("cert", "key"):
        if not (getattr(tls, name) or getattr(tls, f"{name}_file")):
            raise WrongYamlError(lines[""], f"`{name}_file` is missing")
    _check_clients(tls)
    return tls


def _check_clients(tls: Tls) -> None:
    """Refuse settings about clients' certificates that contradict each other."""
    has_ca, verifies = bool(tls.client_ca or tls.client_ca_file), "Verify" in tls.client_auth_type
    ca_line = tls.lines.get("client_ca_file", tls.lines.get("client_ca", 0))
    if verifies and not has_ca:
        raise WrongYamlError(tls.lines["client_auth_type"], f"`{tls.client_auth_type}` needs a `client_ca_file`")
    if has_ca and not verifies:
        raise WrongYamlError(ca_line, f"a CA for clients, and `client_auth_type` is `{tls.client_auth_type}`")
    if tls.client_allowed_sans and tls.client_auth_type not in _VERIFIED:
        raise WrongYamlError(tls.lines["client_allowed_sans"], f"it needs `client_auth_type: {_VERIFIED[0]}`")
    if tls.min_version > tls.max_version:
        raise WrongYamlError(tls.lines.get("min_version", tls.lines[""]), "`min_version` is above `max_version`")
