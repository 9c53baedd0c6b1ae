"""Names as an attacker would write them, everywhere a name can stand: shown, never run, and every link answers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from pages import crawl, served
from scanning import scan_tree
from tonnage.sample import Builder, Descriptor
from tonnage.web.links import Links, parse_image, rest_of, target_of

pytestmark = pytest.mark.slow

BROWSER = {"Accept": "text/html"}
SCRIPT = "<script>alert(1)</script>"
TAGS = (
    "<img src=x onerror=alert(1)>", '"onmouseover="alert(1)', "'><svg onload=alert(1)>", "javascript:alert(1)", "a:b", "a@b",
    "%2f", "%252e%252e", "..", "-", "?q=1", "#top", "a b", "*", "[x]", "\u202egpj.exe", "{{7*7}}", "{% raw %}", "&amp;",
    "漢字",    "x" * 250, "line\nbreak", "\x1b[31mred",
)  # fmt: skip
REPOSITORIES = (
    "a/<b>x",
    'q"uote',
    "javascript:alert(1)",
    "a:b/c@d",
    "%2e%2e/up",
    "Ünï/code",
    "plain/app",
    "a b/c d",
    "\u202erev",
)
STEPS = (
    SCRIPT,
    "RUN echo '</svg><script>alert(2)</script>'",
    "javascript:alert(1)",
    "x" * 4000,
    "\u202etxt",
    "${7*7}{{7*7}}",
)


def build(root: Path) -> Builder:
    """Build a registry of names that no client could have pushed, as a storage may hold them all the same."""
    registry = Builder(root)
    for number, name in enumerate(REPOSITORIES):
        repository = registry.repository(name)
        for at, tag in enumerate(TAGS if number < 3 else TAGS[:4]):
            step = STEPS[at % len(STEPS)]
            layer: Descriptor = registry.layer(b"%d %d" % (number, at % 5))
            repository.image(
                [layer],
                tag=tag if "/" not in tag and tag != ".." else f"t{at}",
                labels={SCRIPT: SCRIPT},
                history=[{"created_by": step}],
            )
    registry.stray(f"{SCRIPT.replace('/', '')}.txt", b"stray")
    return registry


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the page over it."""
    folder = tmp_path_factory.mktemp("hostile")
    build(folder / "registry")
    scan_tree(folder / "registry", folder / "tonnage.duckdb")
    with served(folder / "tonnage.duckdb") as (_, client):
        yield client


def markup_of(text: str) -> list[str]:
    """Return the tags of a page."""
    return re.findall(r"<[a-zA-Z][^>]*>", text)


def test_every_link_answers_and_nothing_runs(hostile: TestClient) -> None:
    """All pages that the overview leads to: no element, no attribute, no address comes from a name."""
    found = crawl(hostile, "/", 120, nothing_runs)
    assert len(found) > 100
    assert {path: status for path, status in found.items() if status not in (200, 303)} == {}
    kinds = {"report": 10, "map": 9, "image": 20, "layer": 5}
    assert {kind for kind, least in kinds.items() if sum(f"/{kind}" in path for path in found) >= least} == {*kinds}


def nothing_runs(path: str, text: str) -> None:
    """Fail if anything of a page comes from a name but words."""
    assert SCRIPT not in text
    for tag in markup_of(text):
        assert not re.search(r"""\son\w+\s*=(?![^"]*"[^"]*$)""", re.sub(r'"[^"]*"', '""', tag)), (path, tag)
        for address in re.findall(r'(?:href|src|action)="([^"]*)"', tag):
            assert re.match(r"/|#|$", html.unescape(address)), (path, address)
    assert not re.search(r"<script(?! src=\"/static/)|<img|<iframe|<object", text)
    shown = re.sub(
        r'(?:value|data-[a-z]+)="[^"]*"|<textarea.*?</textarea>', "", text, flags=re.DOTALL
    )  # what is sent back
    assert "\u202e" not in shown and "\x1b" not in shown, path


def test_names_lead_to_themselves() -> None:
    """The address of a name, read back, is that name."""
    links = Links()
    for repository in REPOSITORIES:
        for tag in TAGS:
            address = links.tag(repository, tag)
            if address.startswith("/image/"):
                assert parse_image(rest_of(address.encode(), "/image/")) == (repository, tag, "")
            else:
                query = dict(part.split("=", 1) for part in address.partition("?")[2].split("&"))
                assert [unquote(query[name].replace("+", " ")) for name in ("repository", "tag")] == [repository, tag]


def test_targets_name_exactly_one_thing() -> None:
    """Or are not offered: what the basket takes for a name with a `*` in it is not a pattern."""
    from tonnage.formats.targets import parse_target

    assert target_of("a:b", "x") == "" and target_of("a", "b\nc") == "" and target_of("a", "b@c") == ""
    target = parse_target(target_of("app", "[x]*"))
    assert re.fullmatch(target.tag_regex or "", "[x]*") and not re.fullmatch(target.tag_regex or "", "xx")


@pytest.mark.parametrize(
    "path", ["/map/%00", "/image/a%2fb:c", "/layer/../x", "/report/..%2f", "/static/x/../../y", "//evil", "/map//"]
)
def test_odd_addresses_are_answered(hostile: TestClient, path: str) -> None:
    """With a page that says there is no such thing."""
    assert hostile.get(path, headers=BROWSER).status_code in (200, 400, 404)
