"""`tonnage serve`: rescans, metrics and the page in one process, and what the page says while the scans come and go."""

from __future__ import annotations

import html
import json
import re
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from exporting import Exporter, Faults, exporter, scans_count
from tonnage.plan import read_plan
from tonnage.sample import Builder

pytestmark = pytest.mark.integration

BROWSER = {"Accept": "text/html"}
_SECONDS = 60.0


def page_of(running: Exporter, path: str = "/") -> str:
    """Return the words of a page, whatever its status."""
    found = re.sub(r"<[^>]+>", " ", running.get(path, BROWSER).text.partition("<main")[2].partition("</main>")[0])
    return " ".join(html.unescape(found).split())


def files_of(said: str) -> str:
    """Return how many files the overview speaks of."""
    return re.findall(r"in ([\d,]+) files", said)[0]


def wait_for_page(running: Exporter, is_so: Callable[[str], bool]) -> str:
    """Return the overview once it says what is waited for."""
    ends = time.monotonic() + _SECONDS
    while not is_so(said := page_of(running)):
        assert time.monotonic() < ends, f"{said}\n{running.log.read_text()}"
        time.sleep(0.05)
    return said


def test_pages_and_metrics_while_scans_come_and_go(registry: Builder, tmp_path: Path) -> None:
    """The first scan is waited for; a rescan moves no figure; one that fails is said; the next one heals it."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    hold, faults = tmp_path / "hold", Faults(tmp_path / "faults.json")
    hold.touch()
    faults.set(held_by=hold)
    options = ("--interval=1h", "--web.enable-scan")
    with exporter(registry.root, tmp_path / "i.duckdb", *options, faults=faults.path, command="serve") as running:
        said = wait_for_page(running, lambda said: "The first scan is running" in said)
        assert "No figures yet" in said and "KiB" not in said
        assert [running.get(path, BROWSER).status for path in ("/", "/map", "/basket")] == [503, 503, 503]
        running.wait_for(lambda found: found["tonnage_scan_running"] == 1)
        hold.unlink()
        said = wait_for_page(running, lambda said: "Up to date" in said)
        before = files_of(said)
        assert running.get("/").text.startswith("# HELP"), "who is not a browser gets the metrics there"

        registry.repository("new").image([registry.layer(b"two")], tag="1")
        hold.touch()
        assert running.get("/-/scan", method="POST").status == 202
        said = wait_for_page(running, lambda said: "A rescan is running" in said)
        assert files_of(said) == before and running.get("/map/new", BROWSER).status == 404
        hold.unlink()
        said = wait_for_page(running, lambda said: "Up to date" in said and files_of(said) != before)
        assert running.get("/map/new", BROWSER).status == 200
        assert running.samples()['tonnage_tags{repository="new"}'] == 1

        away = registry.root.rename(tmp_path / "away")
        ended = scans_count(running.samples())
        assert running.get("/-/scan", method="POST").status == 202
        running.wait_for(lambda found: scans_count(found) > ended)
        said = wait_for_page(running, lambda said: "The last scan failed" in said)
        assert f"{registry.root}" in said and running.get("/map/new", BROWSER).status == 200
        away.rename(registry.root)
        running.scan()
        wait_for_page(running, lambda said: "Up to date" in said)


def test_what_is_kept_is_in_no_figure(registry: Builder, tmp_path: Path) -> None:
    """The tray, the basket and the plan leave out what the policy keeps and what is in use, and say so."""
    for tag in ("kept", "used", "goes"):
        registry.repository("app").image([registry.layer(size_bytes=1000, seed=tag)], tag=tag)
    (tmp_path / "policy.toml").write_text('[[rule]]\nrepositories = ["app"]\nkeep_tags = ["kept"]\n')
    (tmp_path / "in-use.txt").write_text("app:used\n")
    options = ("--policy", str(tmp_path / "policy.toml"), "--in-use", str(tmp_path / "in-use.txt"))
    with exporter(registry.root, tmp_path / "i.duckdb", *options, command="serve") as running:
        wait_for_page(running, lambda said: "Up to date" in said)
        assert running.get("/", {**BROWSER, "Host": "evil.example"}).status == 421
        assert running.get("/metrics", {"Host": "prometheus.example"}).status == 200
        tray = json.loads(send(running, "/basket", "app", "application/json"))
        page = send(running, "/basket", "app", "text/html")
        plan = read_plan(send(running, "/basket/plan.json", "app", "*/*").encode())
    assert [item.tags for item in plan.items] == [["goes"]]
    assert tray["freed_bytes"] == plan.predictions[0].freed_bytes > 1000
    assert f'data-freed="{tray["freed_bytes"]}"' in page and "in use: app:used" in page and "keep_tags" in page


def send(running: Exporter, path: str, targets: str, accept: str) -> str:
    """Return what is said of some targets."""
    headers = {"Content-Type": "text/plain", "Accept": accept}
    request = urllib.request.Request(running.urls[0] + path, data=targets.encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=20) as found:
        return str(found.read().decode())
