"""The pages, without a browser: each answers, figures are those of the reports, and nothing runs that should not."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from starlette.testclient import TestClient

from pages import crawl, links_of, numbers_in, served, solve
from randomplans import random_tree
from scanning import scan_tree
from seeds import seeds
from tonnage.cli import program
from tonnage.inventory.database import Inventory
from tonnage.inventory.pace import Volume
from tonnage.inventory.reports import builtin_reports
from tonnage.plan import read_plan
from tonnage.sample import Builder
from tonnage.web.shell import HEADERS, Hosts
from tonnage.web.site import Scanning, Site

pytestmark = pytest.mark.slow

BROWSER = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
SCRIPT = {"Accept": "application/json", "Content-Type": "text/plain"}
PAGES = [
    "/", "/map", "/map?colour=age", "/map?show=shared", "/map/ml/", "/map/ml/training", "/map/team-a/?show=shared",
    "/image/ml/training:model-4", "/image/shop/checkout:2.5", "/free", "/basket", "/sql", "/sql?q=select+1",
    "/search", "/search?q=team", "/nowhere", "/layer/none", "/image/none:none", "/map/none", "/report/none",
    *(f"/report/{name}" for name, report in builtin_reports().items() if name != "why"),
]  # fmt: skip


@pytest.fixture(scope="module")
def page(demo_inventory: Path) -> Iterator[tuple[Site, TestClient]]:
    """The page over the demo."""
    with served(demo_inventory) as found:
        solve(found[0])
        yield found


@pytest.fixture(scope="module")
def client(page: tuple[Site, TestClient]) -> TestClient:
    """A client of the page over the demo."""
    return page[1]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers(client: TestClient, path: str, language: str) -> None:
    """Or says in the shell that there is no such thing; with the policy, and in the language that is asked for."""
    answer = client.get(path, headers={**BROWSER, "Accept-Language": language})
    assert answer.status_code == (
        404 if ("none" in path and "layer" not in path) or path == "/nowhere" else 400 if "none" in path else 200
    )
    assert f'<html lang="{language}"' in answer.text
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert not re.search(r' style="| on[a-z]+="|<script(?! src)|<style|javascript:', answer.text)
    assert len(re.findall("<h1", answer.text)) == 1


def test_every_link_answers(client: TestClient) -> None:
    """From the overview through all that it leads to."""
    found = crawl(client, "/", 130)
    assert len(found) > 100
    assert {path: status for path, status in found.items() if status not in (200, 303)} == {}


def test_links_go_below_the_prefix(demo_inventory: Path) -> None:
    """Behind a proxy that makes it reachable below a path, whether it leaves that path in the address or takes it away."""
    with served(demo_inventory, "/tonnage") as (_, client):
        for path in ("/tonnage/", "/tonnage/map/ml/training", "/map", "/report/tags", "/basket"):
            answer = client.get(path, headers=BROWSER)
            assert answer.status_code == 200
            inner = {link for link in links_of(answer.text) if not link.startswith("#")}
            assert inner and all(link.startswith("/tonnage/") for link in inner)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]"])
def test_its_own_names_are_answered(client: TestClient, host: str) -> None:
    """With and without a port."""
    assert client.get("/", headers={**BROWSER, "Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost@evil.example", "", "a/b"]
)
def test_foreign_names_are_refused(client: TestClient, host: str) -> None:
    """A page elsewhere may have its own name lead here, and would read the registry."""
    assert client.get("/", headers={"Host": host}).status_code == 421


def test_a_name_of_the_proxy_is_ours() -> None:
    """As --web.external-url says; where all of the machine is listened on, its addresses are too."""
    hosts = Hosts(["0.0.0.0"], "https://disk.example.com/x")
    assert hosts.accept("disk.example.com") and hosts.accept("10.1.2.3:8080") and not hosts.accept("other.example.com")


def test_what_another_site_sends_is_refused(client: TestClient) -> None:
    """Though it would change nothing."""
    answer = client.post("/basket", data={"targets": "a"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


# --- sums -----------------------------------------------------------------------------------------------------------


def test_the_bar_is_the_disk(page: tuple[Site, TestClient]) -> None:
    """The parts of the bar add up to the bytes of the scan."""
    site, _ = page
    assert site.snapshots.current is not None
    snapshot = site.snapshots.current
    assert sum(part.size_bytes or 0 for part in snapshot.classes) == snapshot.scan.size_bytes


def test_the_ladder_is_what_the_commands_say(page: tuple[Site, TestClient], demo_inventory: Path) -> None:
    """A collection frees what is orphaned; deleting all revisions without a tag frees what what-if says."""
    text = page[1].get("/", headers=BROWSER).text
    ladder = numbers_in(text[text.index('class="ladder"') :])
    with Inventory(str(demo_inventory)) as inventory:
        ((orphaned,),) = inventory.query("select sum(size_bytes) from orphaned where not is_pinned").rows
        untagged = [
            f"{name}@{digest}" for name, digest in inventory.query("select repository, digest from untagged").rows
        ]
    assert ladder[0] == orphaned
    assert ladder[4] == what_if(demo_inventory, untagged)["freed_bytes"]


def test_the_table_is_the_map(client: TestClient) -> None:
    """The rows add up to the line below them."""
    for path in ("/map", "/map/ml/", "/map/team-a/api"):
        text = client.get(path, headers=BROWSER).text
        *rows, together = numbers_in(text[text.index('id="table"') :])
        assert sum(rows) == together


def what_if(inventory: Path, targets: list[str]) -> dict[str, object]:
    """Return what `tonnage what-if --json` says."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        program.main(["what-if", *targets, "--json", "-i", str(inventory)], standalone_mode=False)
    found: list[dict[str, object]] = json.loads(out.getvalue())
    return found[0]


@pytest.mark.parametrize("seed", seeds(0, 2))
def test_tray_basket_and_plan_say_the_same(seed: int, tmp_path: Path) -> None:
    """And so does the command line, of random sets in random registries."""
    rng = Random(f"baskets {seed}")
    random_tree(rng, tmp_path / "registry")
    inventory = tmp_path / "tonnage.duckdb"
    scan_tree(tmp_path / "registry", inventory)
    with Inventory(str(inventory)) as opened:
        tags = opened.query("select repository || ':' || tag from tag where digest is not null order by 1").rows
        revisions = opened.query("select repository || '@' || digest from revision order by 1").rows
        repositories = opened.query("select distinct repository from revision order by 1").rows
    names = [name for (name,) in (*tags, *revisions, *repositories)]
    if not names:
        return
    with served(inventory) as (site, client):
        targets = rng.sample(names, rng.randint(1, min(len(names), 6)))
        expected = what_if(inventory, targets)["freed_bytes"]
        tray = client.post("/basket?map=", content="\n".join(targets), headers=SCRIPT)
        assert site.snapshots.current is not None
        if site.snapshots.current.refusal:
            assert tray.status_code == 409
            return
        assert tray.json()["freed_bytes"] == expected
        page = client.post("/basket", data={"targets": "\n".join(targets)}, headers=BROWSER)
        assert f'data-freed="{expected}"' in page.text
        download = client.post("/basket/plan.json", data={"targets": "\n".join(targets)}, headers=BROWSER)
        if download.status_code == 200:
            plan = read_plan(download.content)
            assert {item.repository for item in plan.items} <= {
                name.partition("@")[0].partition(":")[0] for name in names
            }


def test_the_effect_on_the_map_is_the_sum(page: tuple[Site, TestClient]) -> None:
    """The share of the whole disk's places that turns green is what the basket frees."""
    site, client = page
    assert site.snapshots.current is not None
    answer = client.post("/basket?map=", content="team-a/*\nml/notebook:cuda", headers=SCRIPT).json()
    root = site.snapshots.current.tree.root
    from tonnage.web.pages.map import key_of

    freed = sum(answer["shares"].get(key_of(child), 0) * child.size_bytes for child in root.children)
    assert answer["shares"]["shared|team-a|||tagged"] == 1.0
    assert abs(freed - answer["freed_bytes"]) < 0.001 * answer["freed_bytes"]


def test_a_set_is_not_a_sum(client: TestClient) -> None:
    """Two services of a team share a base that neither frees alone."""
    text = client.post("/basket", data={"targets": "team-a/api\nteam-a/worker"}, headers=BROWSER).text
    assert "more than one by one" in text and "Who keeps the rest" in text


def test_what_is_not_there_is_said(client: TestClient) -> None:
    """Beside what is."""
    text = client.post("/basket", data={"targets": "team-a/api\nno/such:tag\n@@"}, headers=BROWSER).text
    assert "no/such:tag" in text and "2 lines match nothing" in text
    answer = client.post("/basket/plan.json", data={"targets": "no/such:tag"}, headers=BROWSER)
    assert answer.status_code == 400 and "no/such:tag" in answer.text


# --- without a script -----------------------------------------------------------------------------------------------


def test_ticked_rows_and_whole_reports_are_taken(client: TestClient) -> None:
    """A form sends what is ticked; another all that a filter shows."""
    ticked = client.post("/basket", data={"target": ["ml/notebook:cuda", "ml/training:model-4"]}, headers=BROWSER).text
    assert "ml/notebook:cuda" in ticked and "2 tags" in re.sub("<.*?>", "", ticked).replace("  ", " ")
    whole = client.post(
        "/basket", data={"report": "tags", "q": "team-a/worker", "v_repository": "any"}, headers=BROWSER
    )
    assert whole.text.count("team-a/worker:") >= 13


def test_reports_are_filtered_sorted_and_paged(client: TestClient) -> None:
    """By the address alone; and as CSV and JSON just so."""
    rows = json.loads(client.get("/report/tags.json?q=shop/&sort=stored_bytes").text)
    sizes = [row["stored_bytes"] for row in rows]
    assert sizes == sorted(sizes) and {row["repository"].partition("/")[0] for row in rows} == {"shop"}
    assert client.get("/report/tags.csv?q=shop/&sort=-tag").text.count("\n") == len(rows) + 1
    second = client.get("/report/tags?page=2", headers=BROWSER).text
    assert "2 / 3" in second and 'rel="prev"' in second and 'rel="next"' in second
    assert "Nothing matches" in client.get("/report/tags?q=zzzz", headers=BROWSER).text
    assert client.get("/report/tags?sort=nothing", headers=BROWSER).status_code == 400


def test_unknown_sorts_last(client: TestClient) -> None:
    """Whichever way is sorted."""
    for sort in ("pushed_at", "-pushed_at"):
        rows = json.loads(client.get(f"/report/repositories.json?sort={sort}").text)
        assert rows[-1]["pushed_at"] is None and rows[0]["pushed_at"] is not None


def test_reports_are_those_of_the_command_line(client: TestClient, demo_inventory: Path) -> None:
    """Row for row."""
    from tonnage.inventory.reports import run_report

    with Inventory(str(demo_inventory)) as inventory:
        for name, report in builtin_reports().items():
            if name != "why":
                rows = json.loads(client.get(f"/report/{name}.json").text)
                assert len(rows) == len(run_report(inventory, report, {}).rows), name


def test_search_leads_to_the_one_thing_meant(client: TestClient) -> None:
    """A whole name, or the beginning of a digest."""
    assert client.get("/search?q=ml/training").headers["location"] == "/map/ml/training"
    assert client.get("/search?q=ml/training:model-4").headers["location"] == "/image/ml/training:model-4"
    assert client.get("/search?q=f15609d693a1").headers["location"].startswith("/layer/sha256:f15609d693a1")
    assert client.get("/search?q=team-a").status_code == 200


def test_language_and_theme_are_kept(demo_inventory: Path) -> None:
    """By a cookie, from the address that chose them."""
    with served(demo_inventory) as (_, client):
        assert '<html lang="zh-CN" data-theme="dark">' in client.get("/?lang=zh-CN&theme=dark", headers=BROWSER).text
        assert '<html lang="zh-CN" data-theme="dark">' in client.get("/map", headers=BROWSER).text
        assert '<html lang="en"' in client.get("/?lang=en", headers={**BROWSER, "Accept-Language": "zh"}).text


# --- limits ---------------------------------------------------------------------------------------------------------


def test_too_much_is_refused(client: TestClient) -> None:
    """A body of more than a megabyte, or more targets than are taken."""
    assert client.post("/basket", content="a" * 1_100_000, headers=SCRIPT).status_code == 413
    many = "\n".join(f"a:{number}" for number in range(20_001))
    assert client.post("/basket", content=many, headers=SCRIPT).status_code == 400


def test_many_at_once_get_their_own_answers(client: TestClient) -> None:
    """Temporary tables of one what-if are not seen by another."""
    sets = ["ml/training:model-4", "team-a/api", "ml/notebook:cuda", "shop/*"]
    alone = {text: client.post("/basket", content=text, headers=SCRIPT).json()["freed_bytes"] for text in sets}
    found: dict[int, tuple[str, int]] = {}

    def ask(number: int) -> None:
        text = sets[number % len(sets)]
        found[number] = (text, client.post("/basket", content=text, headers=SCRIPT).json()["freed_bytes"])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16 and all(alone[text] == freed for text, freed in found.values())


# --- states ---------------------------------------------------------------------------------------------------------


def test_states_of_the_scans(demo_inventory: Path) -> None:
    """Each has a shape and words of its own."""
    states = {
        Scanning(interval_seconds=1e9): "Up to date",
        Scanning(is_running=True, interval_seconds=1e9): "A rescan is running",
        Scanning(failure="disk on fire", interval_seconds=1e9): "The last scan failed: disk on fire",
        Scanning(interval_seconds=1.0): " old",
    }
    with served(demo_inventory) as (site, client):
        for scanning, words in states.items():
            site.scanning = lambda scanning=scanning: scanning  # type: ignore[misc]
            assert words in client.get("/", headers=BROWSER).text
        site.volume = lambda: Volume(48 * 2**30, 9 * 2**30)
        assert "free on the volume" in client.get("/", headers=BROWSER).text


def test_the_first_scan_is_waited_for(tmp_path: Path) -> None:
    """No figures yet, and the page comes again by itself."""
    with served(tmp_path / "none.duckdb") as (site, client):
        site.scanning = lambda: Scanning(is_running=True, files_count=12_400)
        answer = client.get("/", headers=BROWSER)
        assert (
            answer.status_code == 503 and "12,400 files so far" in answer.text and 'http-equiv="refresh"' in answer.text
        )
        site.scanning = lambda: None
        answer = client.get("/", headers=BROWSER)
        assert answer.status_code == 503 and "there is no inventory" in answer.text


def test_a_damaged_inventory_is_said(tmp_path: Path) -> None:
    """In the shell, with the next step."""
    (tmp_path / "tonnage.duckdb").write_bytes(b"\0" * 8 + b"DUCK" + b"\xff" * 4000)
    with served(tmp_path / "tonnage.duckdb") as (_, client):
        answer = client.get("/map", headers=BROWSER)
        assert answer.status_code == 503 and "cannot open" in answer.text


def test_an_empty_registry_has_pages(tmp_path: Path) -> None:
    """All of them, with the good news."""
    for name in ("blobs", "repositories"):
        (tmp_path / "registry" / "docker" / "registry" / "v2" / name).mkdir(parents=True)
    scan_tree(tmp_path / "registry", tmp_path / "tonnage.duckdb")
    with served(tmp_path / "tonnage.duckdb") as (_, client):
        assert "Nothing has been pushed yet" in client.get("/", headers=BROWSER).text
        assert {path: status for path, status in crawl(client, "/").items() if status not in (200, 303)} == {}
        assert "No blob is orphaned" in client.get("/report/orphans", headers=BROWSER).text


def test_a_newer_inventory_takes_over(demo_inventory: Path, tmp_path: Path) -> None:
    """Between two answers: what was begun is ended with the figures it began with."""
    path = tmp_path / "tonnage.duckdb"
    path.write_bytes(demo_inventory.read_bytes())
    with served(path) as (site, client):
        before = site.snapshots.current
        (tmp_path / "empty" / "blobs").mkdir(parents=True)
        (tmp_path / "empty" / "repositories").mkdir()
        scan_tree(tmp_path / "empty", tmp_path / "new.duckdb")
        (tmp_path / "new.duckdb").replace(path)
        assert "37.1" in client.get("/", headers=BROWSER).text
        site.snapshots.load()
        assert site.snapshots.current is not before
        assert "Nothing has been pushed yet" in client.get("/", headers=BROWSER).text
        assert before is not None
        with before.session() as session:
            assert session.query("select count(*) from tag").rows == [(108,)]


@pytest.mark.parametrize("grows", [True, False])
def test_growth_is_drawn_from_the_second_scan_on(grows: bool, registry: Builder, tmp_path: Path) -> None:
    """And says the pace only from a week of scans, or that there was none."""
    from datetime import UTC, datetime, timedelta

    path = tmp_path / "tonnage.duckdb"
    registry.repository("app").image([registry.layer(b"first")], tag="first")
    for days in (40, 10, 0):
        if grows:
            registry.repository("app").image([registry.layer(b"%d" % days)], tag=str(days))
        scan_tree(registry.root, path, now=lambda days=days: datetime(2026, 11, 29, tzinfo=UTC) - timedelta(days))
    with served(path) as (_, client):
        text = client.get("/", headers=BROWSER).text
    assert 'class="growth"' in text and "3 scans kept" in text
    assert ("in the last 10 days" in text, "As large as 10 days ago." in text) == (grows, not grows)


def test_what_a_page_takes_is_small(client: TestClient) -> None:
    """The script is ours and below 8 KB, both style sheets below 26 KB, and they never change under their address."""
    text = client.get("/", headers=BROWSER).text
    sizes = {}
    for link in re.findall(r'(/static/[^"]+)"', text):
        answer = client.get(link)
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
        sizes[link.rpartition("/")[2]] = len(answer.content)
    assert sizes["page.js"] < 8_192 and sizes["page.css"] + sizes["tokens.css"] < 26_000
