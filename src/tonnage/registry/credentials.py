"""Who we are to a registry: from a file, the environment, or what `docker login` has left. Never from a flag.

Docker keeps logins in `config.json`: plainly below `auths`, or with a helper program `docker-credential-X` that is
named for one registry (`credHelpers`) or for all (`credsStore`).
"""

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tonnage.errors import AccessError, reason_of

USER_VARIABLE, PASSWORD_VARIABLE = "TONNAGE_REGISTRY_USER", "TONNAGE_REGISTRY_PASSWORD"

_DOCKER_HUB = "index.docker.io"
_DOCKER_HUB_HOSTS = frozenset({"docker.io", _DOCKER_HUB, "registry-1.docker.io", "registry.docker.io"})
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_HELPER_NAME = re.compile(r"[A-Za-z0-9._-]+\Z")
_HELPER_SECONDS = 60
_NOT_FOUND = "credentials not found"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login. Its secrets never show in messages."""

    username: str
    password: str = field(repr=False)
    source: str
    """Where it was found, for messages."""
    identity_token: str = field(default="", repr=False)
    """Instead of a password: a refresh token, good for the token server only."""
    registry_token: str = field(default="", repr=False)
    """Instead of all else: a bearer token, sent as it is."""


def find_credentials(host: str, file: str = "", environment: Mapping[str, str] | None = None) -> Credentials | None:
    """Return the login for a registry (`host` or `host:port`): of the file, else the environment, else docker's.

    None where there is none: many registries can be read without. Raises AccessError for a source that is broken.
    """
    environment = environment or {}
    if file:
        return read_credentials_file(Path(file), host)
    if (found := _from_environment(environment)) is not None:
        return found
    folder = environment.get("DOCKER_CONFIG") or str(Path(environment.get("HOME") or Path.home()) / ".docker")
    path = Path(folder) / "config.json"
    return _from_docker(_read_json(path), host, str(path)) if path.exists() else None


def read_credentials_file(path: Path, host: str) -> Credentials | None:
    """Return the login in a file: `user:password`, JSON with `username` and `password`, or docker's config.json."""
    content = _read(path)
    if content.lstrip().startswith("{"):
        document = _read_json(path)
        if "auths" in document or "credHelpers" in document or "credsStore" in document:
            return _from_docker(document, host, str(path))
        user, password = document.get("username"), document.get("password")
        if isinstance(user, str) and isinstance(password, str):
            return Credentials(user, password, str(path))
    elif len(lines := content.splitlines()) == 1 and ":" in content:
        user, _, password = lines[0].partition(":")
        return Credentials(user, password, str(path))
    raise AccessError(f"no credentials in `{path}`", 'write one line user:password, or {"username": …, "password": …}')


def _from_environment(environment: Mapping[str, str]) -> Credentials | None:
    user, password = environment.get(USER_VARIABLE, ""), environment.get(PASSWORD_VARIABLE, "")
    if bool(user) != bool(password):
        raise AccessError(f"only one of {USER_VARIABLE} and {PASSWORD_VARIABLE} is set", "set both, or none")
    return Credentials(user, password, "the environment") if user else None


def _from_docker(document: dict[str, Any], host: str, source: str) -> Credentials | None:
    """Return what docker would use for the host: its helper first, then what is written down."""
    host = _DOCKER_HUB if host in _DOCKER_HUB_HOSTS else host
    helper = _entry(document.get("credHelpers"), host) or document.get("credsStore")
    if isinstance(helper, str) and helper and (found := _ask_helper(helper, host)) is not None:
        return found
    entry = _entry(document.get("auths"), host)
    return _from_entry(entry, source) if isinstance(entry, dict) else None


def _entry(section: object, host: str) -> object:
    """Return the value for a host, whose key may be a URL as docker wrote them of old."""
    if not isinstance(section, dict):
        return None
    found = {re.sub(r"\A\w+://", "", str(key)).partition("/")[0]: value for key, value in section.items()}
    return section.get(host) or found.get(host)


def _from_entry(entry: dict[str, Any], source: str) -> Credentials | None:
    user, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if encoded := entry.get("auth"):
        try:
            user, _, password = base64.b64decode(str(encoded), validate=True).decode().rstrip("\0").partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise AccessError(f"`auth` in `{source}` is not Base64 of user:password") from error
    identity, token = str(entry.get("identitytoken") or ""), str(entry.get("registrytoken") or "")
    if not (user or identity or token):
        return None  # an empty entry says only that a helper keeps it
    return Credentials(user, password, source, identity, token)


def _ask_helper(name: str, host: str) -> Credentials | None:
    """Run `docker-credential-<name> get`: the server's name goes in, JSON comes out."""
    program = f"docker-credential-{name}"
    if not _HELPER_NAME.match(name):
        raise AccessError(f"`{program}` is not a name of a credential helper")
    server = _DOCKER_HUB_KEY if host == _DOCKER_HUB else host
    try:
        run = subprocess.run([program, "get"], input=server, capture_output=True, text=True, timeout=_HELPER_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AccessError(f"cannot run `{program}`: {reason_of(error)}", "docker's config.json names it") from error
    if run.returncode != 0:
        said = (run.stdout + run.stderr).strip()
        if _NOT_FOUND in said.lower():
            return None
        raise AccessError(f"`{program}` failed for `{server}`: {said or f'exit code {run.returncode}'}")
    try:
        answer = json.loads(run.stdout)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise AccessError(f"`{program}` does not answer as a credential helper") from error
    if user == "<token>":
        return Credentials("", "", program, identity_token=secret)
    return Credentials(user, secret, program)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AccessError(f"cannot read credentials from `{path}`: {reason_of(error)}") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(_read(path))
    except ValueError as error:
        raise AccessError(f"`{path}` is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise AccessError(f"`{path}` holds no JSON object")
    return document
