"""Addresses of pages. Names come from whoever may push: no other place makes an address from one. Pure.

A name of ordinary characters goes into the path, so that addresses can be read; every other one into the query.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlencode

_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_PLAIN_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


class Links:
    """Makes addresses below a prefix, such as `/tonnage` behind a proxy; empty where there is none."""

    def __init__(self, prefix: str = "", static_version: str = "0") -> None:
        self.prefix = prefix
        self.static_version = static_version

    def __call__(self, path: str = "/", **query: object) -> str:
        """Return the address of a page of ours, with a query of what is not empty."""
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return self.prefix + quote(path) + (f"?{urlencode(given)}" if given else "")

    def static(self, name: str) -> str:
        """Return the address of a file that never changes under that address."""
        return f"{self.prefix}/static/{self.static_version}/{name}"

    def repository(self, name: str, **query: object) -> str:
        """Return the map of a repository."""
        return self(f"/map/{name}", **query) if _PLAIN.fullmatch(name) else self("/map", repository=name, **query)

    def namespace(self, name: str, **query: object) -> str:
        """Return the map of a namespace; the slash at the end tells it from a repository of the same name."""
        return self(f"/map/{name}/", **query) if _PLAIN.fullmatch(name) else self("/map", namespace=name, **query)

    def tag(self, repository: str, tag: str, **query: object) -> str:
        """Return the page of an image by its tag."""
        if _PLAIN.fullmatch(repository) and _PLAIN_TAG.fullmatch(tag):
            return self.prefix + quote(f"/image/{repository}") + ":" + quote(tag) + _query(query)
        return self("/image", repository=repository, tag=tag, **query)

    def revision(self, repository: str, digest: str, **query: object) -> str:
        """Return the page of an image by its digest."""
        if _PLAIN.fullmatch(repository):
            return self.prefix + quote(f"/image/{repository}") + "@" + quote(digest, safe=":") + _query(query)
        return self("/image", repository=repository, digest=digest, **query)

    def layer(self, digest: str, **query: object) -> str:
        """Return the page of a blob."""
        return self.prefix + "/layer/" + quote(digest, safe=":") + _query(query)

    def report(self, name: str, **query: object) -> str:
        """Return the page of a report."""
        return self.prefix + "/report/" + quote(name, safe="") + _query(query)


def _query(query: Mapping[str, object]) -> str:
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"?{urlencode(given)}" if given else ""


def rest_of(raw_path: bytes, prefix: str) -> str:
    """Return what follows a prefix of the path as it was sent, decoded once: a `%2F` in a name stays one name's.

    >>> rest_of(b"/map/team-a/api", "/map/")
    'team-a/api'
    """
    path = raw_path.partition(b"?")[0].decode("ascii", "replace")
    return unquote(path[len(prefix) :], errors="replace")


def parse_image(text: str) -> tuple[str, str, str]:
    """Return repository, tag and digest, of which one is empty.

    >>> parse_image("team-a/api:1.2"), parse_image("app@sha256:4f4f")
    (('team-a/api', '1.2', ''), ('app', '', 'sha256:4f4f'))
    """
    repository, at, digest = text.partition("@")
    if at:
        return repository, "", digest
    repository, _, tag = text.partition(":")
    return repository, tag, ""


def target_of(repository: str, tag: str | None = None, digest: str | None = None) -> str:
    """Return what `tonnage what-if` takes for exactly this; nothing for a name that cannot be written there."""
    if not repository or ":" in repository or "@" in repository or _is_torn(repository) or _is_torn(tag or ""):
        return ""
    if digest:
        return f"{_literal(repository)}@{digest}"
    if tag and "@" in tag:
        return ""
    return _literal(repository) + (f":{_literal(tag)}" if tag else "")


def _is_torn(text: str) -> bool:
    """Return whether a text would not survive being one of several lines."""
    return text != text.strip() or bool(text.splitlines()[1:])


def _literal(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)
