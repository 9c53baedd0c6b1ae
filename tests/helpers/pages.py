"""The page over an inventory, asked in this process, without a browser."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urldefrag

from starlette.testclient import TestClient

from tonnage.cli.page import Wishes, site_of
from tonnage.exporter.web import Web
from tonnage.web.serving import app_of, stop
from tonnage.web.shell import Hosts
from tonnage.web.site import Site
from tonnage.web.solver import Solution

_HREF = re.compile(r'(?:href|action|src)="([^"]*)"')


@contextmanager
def served(
    inventory: Path, prefix: str = "", storage: str | None = "", **wishes: str
) -> Iterator[tuple[Site, TestClient]]:
    """Yield the site over an inventory and a client of it; `storage` is empty for none at hand."""
    site = site_of(str(inventory), prefix, Wishes(storage=storage, **wishes))
    site.snapshots.load()
    app = app_of(site, Web(None), Hosts(["127.0.0.1"]), prefix)
    try:
        yield site, TestClient(app, base_url="http://localhost", follow_redirects=False)
    finally:
        stop(site)


def links_of(text: str) -> set[str]:
    """Return all addresses in a page."""
    return {urldefrag(html.unescape(found))[0] for found in _HREF.findall(text)} - {""}


def crawl(
    client: TestClient, start: str, most: int = 400, look: Callable[[str, str], None] = lambda path, text: None
) -> dict[str, int]:
    """Follow links from a page, every address once; return the status of each. Sorting and downloads are passed over.

    `look` is shown each address and its page as they come: to ask for a page costs more than to look at it.
    """
    todo, found = [start], {}
    while todo and len(found) < most:
        path = todo.pop(0)
        if path in found:
            continue
        answer = client.get(path)
        found[path] = answer.status_code
        assert "Internal Server Error" not in answer.text, path
        if answer.headers["content-type"].startswith("text/html"):
            look(path, answer.text)
            without_forms = re.sub(r'action="[^"]*"', "", answer.text)  # a form's address wants what is filled in
            todo += sorted(link for link in links_of(without_forms) if _is_worth(link) and link not in found)
        elif answer.status_code in (303, 307):
            todo.append(answer.headers["location"])
    return found


def _is_worth(link: str) -> bool:
    return not re.search(r"[?&](?:sort|page|lang|theme|bytes|files)=|\.(?:csv|json|txt)\b|^/sql|^/free", link)


def numbers_in(text: str) -> list[int]:
    """Return the exact values of all figures of a page."""
    return [int(value) for value in re.findall(r'<data value="(-?\d+)"', text)]


def solve(site: Site, goal_bytes: int = 0) -> Solution:
    """Return what the solver says, however long it takes."""
    snapshot = site.snapshots.current
    assert snapshot is not None
    found = site.solver.ask(snapshot, goal_bytes, False, 60)
    assert found is not None
    return found
