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
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tonnage.plan import read_plan
from tonnage.sample import build_demo
from tonnage.scan.run import scan
from tonnage.storage.local import open_local

CHROMIUM = shutil.which("chromium") or ""
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PAGES = {
    "overview": "/", "map": "/map", "repository": "/map/team-a/api", "shared": "/map?show=shared", "report": "/report/tags",
    "problems": "/report/problems", "image": "/image/ml/training:model-4", "index": "/image/shop/checkout:2.5",
    "layer": "/layer/46e9a1d5dcc6",
    "free": "/free?bytes=12GiB", "basket": "/basket", "sql": "/sql?q=select+repository+from+tag",
    "search": "/search?q=team", "nowhere": "/nowhere",
}  # fmt: skip
WIDTHS = (1280, 390, 320)
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
NOW = datetime(2026, 11, 29, 4, 16, tzinfo=UTC)

expect.set_options(timeout=60_000)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason="no chromium: apt-get install chromium")]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo, scanned on several days, served by the program itself."""
    folder = tmp_path_factory.mktemp("browser")
    build_demo(folder / "registry")
    for days in (90, 60, 30, 0):
        scan(
            open_local(str(folder / "registry")),
            str(folder / "tonnage.duckdb"),
            now=lambda days=days: NOW - timedelta(days),
        )
    with duckdb.connect(
        str(folder / "tonnage.duckdb")
    ) as inventory:  # pictures show a place that tells nothing of this one
        inventory.execute("update store.scan set location = '/var/lib/registry/docker/registry/v2'")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tonnage", "web", str(folder / "tonnage.duckdb"), "--no-browser",
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


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page(width: int, theme: str, language: str, browser: Browser, url: str, accept: bool) -> None:
    """Answers; says nothing on the console; asks nobody else; does not scroll sideways; and axe finds nothing."""
    options = {"viewport": {"width": width, "height": 860}, "color_scheme": theme, "locale": language}
    with browser.new_context(**options) as context:  # type: ignore[arg-type]
        watched = Watched(context, url)
        page = context.new_page()
        for name, path in PAGES.items():
            visit(page, url + path)
            found = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert found[0] <= found[1], (name, found)
            violations = Axe().run(page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"][:200]) for each in violations] == [], name
            if accept and language == "en" and (width, theme) in ((1280, "light"), (390, "dark")):
                picture(page, f"{name}-{'wide' if width == 1280 else 'phone'}")
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
        with page.expect_download() as download:
            page.get_by_role("button", name="Download plan.json").click()
        plan = read_plan(Path(download.value.path()).read_bytes())
        assert any(item.tags == ["model-4"] for item in plan.items)
        page.get_by_label("Take out team-a/*").click()
        expect(page.locator(".figures")).to_contain_text("1.18")
        assert page.evaluate("document.querySelector('#basket-link').textContent") == "Basket 1"
        assert watched.complaints == []


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


def test_one_file(browser: Browser, url: str, tmp_path: Path) -> None:
    """It has a way into its maps, and asks nothing."""
    build_demo(tmp_path / "registry")
    scan(open_local(str(tmp_path / "registry")), str(tmp_path / "tonnage.duckdb"))
    command = [
        sys.executable,
        "-m",
        "tonnage",
        "page",
        "-i",
        str(tmp_path / "tonnage.duckdb"),
        "-o",
        str(tmp_path / "report.html"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "report.html").stat().st_size < 5_000_000
    with browser.new_context(viewport={"width": 1280, "height": 860}) as context:
        watched = Watched(context, "file://")
        page = context.new_page()
        page.goto(f"file://{tmp_path}/report.html")
        page.locator("#m0 a.cell", has_text="ml").first.click(position={"x": 60, "y": 10})
        expect(page.locator("section:target h2")).to_contain_text("ml")
        expect(page.locator("#m0")).to_be_hidden()
        assert watched.complaints == [] and page.locator("script").count() == 0
