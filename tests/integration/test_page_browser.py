"""The page in a real browser, its policy on: every page in both themes, three widths, two languages.

Chromium's pictures of the pages in the documents are made here too: `pytest --accept`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from seeds import FACTOR
from tonnage.cli import program
from tonnage.plan import Plan, read_plan
from tonnage.sample import Builder
from tonnage.scan.run import scan
from tonnage.storage.local import open_local

CHROMIUM = shutil.which("chromium") or ""
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
QUERY = """select repository, count(*) as tags_count, max(pushed_at) as last_pushed_at
from tag_usage
group by repository
order by tags_count desc, repository"""
PAGES = {
    "overview": "/", "map": "/map", "repository": "/map/team-a/api", "shared": "/map?show=shared",
    "report": "/report/tags?q=shop", "problems": "/report/problems",
    "image": "/image/ml/training:model-4", "index": "/image/shop/checkout:2.5",
    "layer": "/layer/46e9a1d5dcc6", "free": "/free?bytes=12GiB", "basket": "/basket",
    "sql": f"/sql?{urlencode({'q': QUERY})}", "search": "/search?q=team", "nowhere": "/nowhere",
}  # fmt: skip
LANGUAGES, THEMES, WIDTHS = ("en", "zh-CN"), ("light", "dark"), (1280, 390, 320)
LOOKED_AT = {"en": (0, 4), "zh-CN": (2,)}
"""Of the combinations of theme and width, those that axe looks at in each run."""
TAKEN = {("light", 1280): "wide", ("dark", 390): "phone"}
"""Pictures in the documents."""
FIND_VIOLATIONS = """axe.run({resultTypes: ["violations"]}).then(
  (found) => found.violations.map((each) => [each.id, each.nodes[0].html.slice(0, 200)]))"""
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
NOW = datetime(2026, 11, 29, 4, 16, tzinfo=UTC)
SCANS = 12

expect.set_options(timeout=60_000)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason="no chromium: apt-get install chromium")]


@pytest.fixture(scope="module")
def inventory(demo: Builder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, scanned, with a past that grew; pictures of it tell nothing of the place where they are made."""
    path = tmp_path_factory.mktemp("browser") / "tonnage.duckdb"
    scan(open_local(str(demo.root)), str(path), now=lambda: NOW)
    with duckdb.connect(str(path)) as connection:
        for table in ("scan", "scan_class", "scan_repository"):
            connection.execute(f"update store.{table} set scan_id = ?", [SCANS])
        connection.execute("update store.scan set location = '/var/lib/registry/docker/registry/v2'")
        for number in range(SCANS):
            _remember(connection, number)
    return path


def _remember(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """Add an earlier scan: all was less, and a collection in the middle took what was orphaned."""
    days, part = 90 * (SCANS - number) // SCANS, 0.4 + 0.6 * number / SCANS
    orphaned = (number % (SCANS // 2)) / (SCANS // 2)
    values = {"number": number, "days": days, "part": part, "orphaned": orphaned, "last": SCANS}
    for statement in (
        """insert into store.scan select * replace ($number as scan_id, finished_at - to_days($days) as finished_at)
        from store.scan where scan_id = $last""",
        """insert into store.scan_class select $number, class, files_count,
        cast(size_bytes * case class when 'orphaned' then $orphaned else $part end as bigint)
        from store.scan_class where scan_id = $last""",
        """insert into store.scan_repository select * replace ($number as scan_id, cast(stored_bytes * $part as bigint)
        as stored_bytes) from store.scan_repository where scan_id = $last""",
    ):
        used = {name: value for name, value in values.items() if f"${name}" in statement}
        connection.execute(statement, used)


@pytest.fixture(scope="module")
def url(inventory: Path) -> Iterator[str]:
    """The address at which the program itself serves the page."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tonnage", "web", str(inventory), "--no-browser",
               "--web.listen-address", f"127.0.0.1:{port}"]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        _wait_until_ready(address)
        yield address
        process.terminate()


def _wait_until_ready(address: str) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        try:
            urllib.request.urlopen(f"{address}/-/ready", timeout=5).close()
            urllib.request.urlopen(f"{address}/free?bytes=12GiB", timeout=30).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the page is not served")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser of its own."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(FLAGS), env={**os.environ, "HOME": str(tmp_path_factory.mktemp("home"))}
        )
        yield found
        found.close()


class Watched:
    """A context whose pages may say nothing on the console, fail nowhere and ask nobody else."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.complaints: list[str] = []
        context.set_default_timeout(60_000)
        context.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("request", lambda request: self._check(request.url, url))

    def _check(self, asked: str, url: str) -> None:
        if not asked.startswith((url, "data:")):
            self.complaints.append(f"foreign: {asked}")


def visit(page: Page, address: str) -> None:
    """Open a page, and wait until what it works out is there."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == (404 if address.endswith("/nowhere") else 200), address
    if "/free" in address:
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator(".plot")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page(language: str, half: int, browser: Browser, url: str, accept: bool) -> None:
    """Answers; says nothing on the console; asks nobody else; in all themes and widths it never scrolls sideways.

    Theme and width are switched under the open page: the server knows of neither. axe, which takes most of the time,
    looks at each page in both themes, all widths and both languages, and at all combinations of them where there is time.
    """
    with browser.new_context(viewport={"width": 1280, "height": 860}, locale=language) as context:
        watched = Watched(context, url)
        page = context.new_page()
        for name, path in list(PAGES.items())[half::2]:
            visit(page, url + path)
            page.evaluate(AXE_SCRIPT)
            for number, (theme, width) in enumerate(product(THEMES, WIDTHS)):
                page.emulate_media(color_scheme=theme)
                page.set_viewport_size({"width": width, "height": 860})
                found = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
                assert found[0] <= found[1], (name, theme, found)
                if FACTOR > 1 or number in LOOKED_AT[language]:
                    assert page.evaluate(FIND_VIOLATIONS) == [], (name, theme, width)
                if accept and language == "en" and (theme, width) in TAKEN:
                    picture(page, f"{name}-{TAKEN[theme, width]}")
        expected = [text for text in watched.complaints if "404" not in text]
        assert expected == []


def picture(page: Page, name: str) -> None:
    """Put a picture of the page into the documents."""
    PICTURES.mkdir(exist_ok=True)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=PICTURES / f"{name}.png", full_page=name.startswith("overview"))


def test_the_basket_lives_from_page_to_page(browser: Browser, url: str, accept: bool) -> None:
    """Ticked on one page, counted on the next, seen on the map, reviewed, and left with a plan."""
    with browser.new_context(viewport={"width": 1280, "height": 860}, locale="en") as context:
        watched = Watched(context, url)
        page = context.new_page()
        visit(page, f"{url}/map")
        page.get_by_label("Put team-a into the basket").check()
        expect(page.locator("#tray-frees")).to_contain_text("Frees 2.33 GiB")
        expect(page.locator(".m1 .cell[data-key='shared|team-a|||tagged'] .goes")).to_be_visible()
        if accept:
            picture(page, "map-basket-wide")
        visit(page, f"{url}/image/ml/training:model-4")
        page.get_by_role("button", name="Add to the basket").click()
        expect(page.locator("#tray-frees")).to_contain_text("Frees 3.51 GiB")
        page.get_by_role("link", name="Review the basket").click()
        expect(page.locator(".figures")).to_contain_text("3.51")
        expect(page.locator("#tray")).to_be_hidden()
        if accept:
            picture(page, "basket-full-wide")
        plan = downloaded(page)
        assert any(item.tags == ["model-4"] for item in plan.items)
        page.get_by_label("Take out team-a/*").click()
        expect(page.locator(".figures")).to_contain_text("1.18")
        assert page.evaluate("document.querySelector('#basket-link').textContent") == "Basket 1"
        assert watched.complaints == []


def test_someone_new_leaves_with_a_plan(browser: Browser, url: str) -> None:
    """From the first page by what can be clicked there alone: all that no tag leads to, then a set chosen by its size."""
    with browser.new_context(viewport={"width": 1280, "height": 860}, locale="en") as context:
        page = context.new_page()
        visit(page, f"{url}/")
        page.get_by_role("link", name="Delete revisions that no tag leads to").click()
        page.get_by_role("button", name="Put all 114 into the basket").click()
        expect(page.locator("#tray-frees")).to_contain_text("Frees 6.86 GiB")
        page.get_by_role("link", name="Review the basket").click()
        assert len(downloaded(page).items) == 114
        page.get_by_role("link", name="tonnage").click()
        page.get_by_role("link", name="Choose…").click()
        page.get_by_label("Free", exact=True).fill("12 GiB")
        page.get_by_role("button", name="Choose").click()
        page.get_by_role("button", name="Put it into the basket").click()
        page.get_by_role("link", name="Review the basket").click()
        plan = downloaded(page)
        assert plan.predictions[0].freed_bytes >= 12 << 30
        said = page.locator(".next").inner_text()
        assert "tonnage explain plan.json" in said and all(line in said for line in plan.commands)


def downloaded(page: Page) -> Plan:
    """Return the plan that the basket's page gives."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download plan.json").click()
    return read_plan(Path(download.value.path()).read_bytes())


def test_keys(browser: Browser, url: str) -> None:
    """Search, into the basket, up; and none while typing."""
    with browser.new_context(viewport={"width": 1280, "height": 860}, locale="en") as context:
        page = context.new_page()
        visit(page, f"{url}/map/ml/training")
        page.locator(".m1 .cell[data-target]").first.focus()
        page.keyboard.press("b")
        expect(page.locator("#tray-frees")).to_contain_text("Frees")
        page.keyboard.press("/")
        page.keyboard.type("bu?")
        assert page.input_value("#search") == "bu?"
        page.locator("h1").click()
        page.keyboard.press("u")
        page.wait_for_url(f"{url}/map/ml/")


def test_without_script(browser: Browser, url: str) -> None:
    """Into the map and out, sort, filter, page, ask by ticked rows, and leave with a plan."""
    with browser.new_context(
        java_script_enabled=False, viewport={"width": 1280, "height": 860}, locale="en"
    ) as context:
        page = context.new_page()
        page.goto(f"{url}/map")
        page.locator("#table a", has_text="ml").first.click()
        page.locator("#table a", has_text="training").click()
        page.locator("h1 a", has_text="ml").click()
        assert page.url.endswith("/map/ml/")
        page.goto(f"{url}/report/tags")
        page.fill(".tools input[name=q]", "team-a")
        page.click("text=Apply")
        page.click("thead >> text=Tag")
        assert "q=team-a" in page.url and "sort=" in page.url
        page.check("tbody tr:nth-child(1) input")
        page.click("text=What would these free")
        expect(page.locator(".figures")).to_be_visible()
        with page.expect_download() as download:
            page.click("text=Download plan.json")
        read_plan(Path(download.value.path()).read_bytes())


def test_one_file(browser: Browser, inventory: Path, tmp_path: Path) -> None:
    """It has a way into its maps, and asks nothing."""
    program.main(["page", "-i", str(inventory), "-o", str(tmp_path / "report.html")], standalone_mode=False)
    assert (tmp_path / "report.html").stat().st_size < 5_000_000
    with browser.new_context(viewport={"width": 1280, "height": 860}) as context:
        watched = Watched(context, "file://")
        page = context.new_page()
        page.goto(f"file://{tmp_path}/report.html")
        page.locator("#m0 a.cell", has_text="ml").first.click(position={"x": 60, "y": 10})
        expect(page.locator("section:target h2")).to_contain_text("ml")
        expect(page.locator("#m0")).to_be_hidden()
        assert watched.complaints == [] and page.locator("script").count() == 0
