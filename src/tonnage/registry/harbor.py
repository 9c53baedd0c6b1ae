"""Harbor's own API, for what its registry half does not know: the tags, and when an artifact was pulled last.

    /api/v2.0/repositories                                                    every repository the user may see
    /api/v2.0/projects/<project>/repositories/<repository>/artifacts          its artifacts, with their tags

Both come in pages. A slash in the repository's name is encoded twice (goharbor/harbor#12131).
"""

import base64
import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from tonnage.errors import AccessError, RegistryError
from tonnage.registry.connection import parse_registry_url
from tonnage.registry.credentials import find_credentials
from tonnage.registry.http import Answer, Limits, Wire

_PAGES_LIMIT = 10_000
_PAGE_SIZE = 100
"""What Harbor gives at most."""


def read_harbor_tags(
    url: str,
    *,
    credentials_file: str = "",
    ca_file: str = "",
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[tuple[str, str, str]]:
    """Return repository, tag and digest of every tag the user may see. Raises RegistryError and its subclasses."""
    found = read_harbor_artifacts(
        url, credentials_file=credentials_file, ca_file=ca_file, limits=limits, environment=environment
    )
    return [(name, tag, str(artifact.get("digest", ""))) for name, artifact in found for tag in _tags_of(artifact, url)]


def read_harbor_artifacts(
    url: str,
    *,
    credentials_file: str = "",
    ca_file: str = "",
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[tuple[str, dict[str, Any]]]:
    """Return every artifact the user may see, with its repository's name. Raises RegistryError and its subclasses."""
    base = parse_registry_url(url)
    given = os.environ if environment is None else environment
    login = find_credentials(urlsplit(base).netloc, credentials_file, given)
    headers = {"Accept": "application/json"}
    if login:
        pair = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    wire = Wire(limits or Limits(), ca_file=ca_file)
    try:
        return list(_artifacts(wire, f"{base}/api/v2.0", headers))
    finally:
        wire.close()


def _artifacts(wire: Wire, api: str, headers: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for repository in _pages(wire, f"{api}/repositories", headers):
        name = str(repository.get("name", ""))
        project, _, rest = name.partition("/")
        inner = quote(quote(rest, safe=""), safe="")
        path = f"{api}/projects/{quote(project, safe='')}/repositories/{inner}/artifacts"
        for artifact in _pages(wire, path, headers, "&with_tag=true"):
            yield name, artifact


def _pages(wire: Wire, url: str, headers: Mapping[str, str], more: str = "") -> Iterator[dict[str, Any]]:
    """Yield the objects of all pages. Raises RegistryError where these have no end."""
    before: list[dict[str, Any]] = []
    for page in range(1, _PAGES_LIMIT):
        answer = wire.exchange("GET", f"{url}?page={page}&page_size={_PAGE_SIZE}{more}", headers)
        found = _objects(answer, url)
        if found and found == before:
            break
        yield from found
        if len(found) < _PAGE_SIZE:
            return
        before = found
    raise RegistryError(f"`{url}` has no end: page {page} is not the last, or comes again")


def _tags_of(artifact: dict[str, Any], path: str) -> Iterator[str]:
    """Yield the names of an artifact's tags."""
    tags = artifact.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, dict) for tag in tags):
        raise RegistryError(f"`{path}` is not a list of Harbor's API: its tags are something else")
    yield from (str(tag.get("name", "")) for tag in tags)


def _objects(answer: Answer, url: str) -> list[dict[str, Any]]:
    if answer.status in (401, 403):
        raise AccessError(f"Harbor does not show `{url}` to this user ({answer.describe()})")
    try:
        found = msgspec.json.decode(answer.body) if answer.status == 200 else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise RegistryError(f"`{url}` is not a list of Harbor's API ({answer.describe()})")
    return found
