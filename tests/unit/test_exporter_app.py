"""The exporter's pages, asked in this process: who gets what, and who does not."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.metrics_core import GaugeMetricFamily
from starlette.testclient import TestClient

from tonnage import rescan
from tonnage.errors import NoStorageError
from tonnage.exporter.addresses import AddressError, listen, parse_address, url_of
from tonnage.exporter.app import Pages, make_app
from tonnage.exporter.cache_path import place_for
from tonnage.exporter.events import append, kept_of
from tonnage.exporter.exposition import Exposition, render
from tonnage.exporter.guard import Bucket, Guard
from tonnage.exporter.messages import Job
from tonnage.exporter.state import LIVE, Live, State, Volume
from tonnage.exporter.web import Web
from tonnage.exporter.webconfig import RateLimit
from tonnage.inventory.database import Inventory
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

HASH = "$2b$04$bFDboJo2P.jDDAyYhLPbwu17Ubut30/abr8F9VgSZHedxt5ZoESnG"
PATHS = ("/", "/metrics", "/-/healthy", "/-/ready", "/-/scan", "/-/events", "/nowhere", "/metrics/", "//")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"

Ask = Callable[..., TestClient]


@pytest.fixture
def state() -> State:
    """Figures of a scan that is done."""
    exposition = render([GaugeMetricFamily("tonnage_tags", "Tags.", value=7)])
    return State(300, exposition, scanned_at=time.time() - 60, is_ready=True, reason="", succeeded_count=1)


@pytest.fixture
def asked() -> list[str]:
    """What was asked for by POST."""
    return []


@pytest.fixture
def client(state: State, asked: list[str]) -> Iterator[Ask]:
    """Return clients of an exporter."""

    def make(
        web: Web | None = None, path: str = "/metrics", can_scan: bool = False, events: Path | None = None
    ) -> TestClient:
        web = web or Web(None)
        pages = Pages(
            Live(state, web), path, (lambda: asked.append("scan")) if can_scan else None, events and str(events)
        )
        return TestClient(Guard(make_app(pages.routes()), web))

    yield make


def web_of(folder: Path, text: str) -> Web:
    """Return a web configuration of this text."""
    (folder / "web.yml").write_text(text)
    return Web(str(folder / "web.yml"))


# --- what is answered -----------------------------------------------------------------------------------------------


def test_curl_gets_metrics_and_a_browser_a_page(client: Ask) -> None:
    """At the root, as people's notes show it; at the path of the metrics everyone gets them."""
    exporter = client()
    for path in ("/", "/metrics"):
        answer = exporter.get(path, headers={"Accept": "*/*"})
        assert answer.status_code == 200
        assert "\ntonnage_tags 7.0\n" in answer.text and "\ntonnage_scan_success 1.0\n" in answer.text
    page = exporter.get("/", headers={"Accept": BROWSER})
    assert page.headers["content-type"].startswith("text/html") and '<a href="metrics">' in page.text
    assert "tonnage_tags 7" in exporter.get("/metrics", headers={"Accept": BROWSER}).text


def test_the_metrics_may_be_elsewhere(client: Ask) -> None:
    """Then they are nowhere else but at the root; and there is no redirect to guess them by."""
    exporter = client(path="/probe/metrics")
    assert "tonnage_tags 7" in exporter.get("/probe/metrics").text
    assert exporter.get("/metrics").status_code == 404
    assert exporter.get("/probe/metrics/", follow_redirects=False).status_code == 404
    assert '<a href="probe/metrics">' in exporter.get("/", headers={"Accept": BROWSER}).text
    assert "tonnage_tags 7" in client(path="/").get("/", headers={"Accept": BROWSER}).text


def test_formats_are_chosen_by_the_client(client: Ask) -> None:
    """OpenMetrics where it is asked for, with its end; the text format where nothing else is."""
    answer = client().get("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n") and answer.text.count("# EOF") == 1 and "\ntonnage_tags 7.0\n" in answer.text
    plain = client().get("/metrics", headers={"Accept": ""})
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_it_is_packed_for_who_takes_that(client: Ask) -> None:
    """And not for others."""
    packed = client().get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip" and "\ntonnage_tags 7.0\n" in packed.text
    plain = client().get("/metrics", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.text.startswith("# HELP tonnage_tags")


def test_names_are_chosen(client: Ask) -> None:
    """Of both parts, the inventory's and the live one."""
    answer = client().get("/metrics?name[]=tonnage_tags&name[]=tonnage_scan_success")
    samples = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert samples == ["tonnage_tags 7.0", "tonnage_scan_success 1.0"]


def test_ready_once_there_is_something_to_say(client: Ask, state: State) -> None:
    """Healthy all the time."""
    assert (client().get("/-/healthy").status_code, client().get("/-/ready").status_code) == (200, 200)
    state.is_ready = False
    assert (client().get("/-/healthy").status_code, client().get("/-/ready").status_code) == (200, 503)
    assert client().get("/metrics").status_code == 200


def test_a_scan_is_begun_only_where_that_is_enabled(client: Ask, asked: list[str]) -> None:
    """By POST alone: links and pictures in pages of others must not begin one."""
    assert client().post("/-/scan").status_code == 403
    assert client(can_scan=True).get("/-/scan").status_code == 405
    assert asked == []
    assert client(can_scan=True).post("/-/scan").status_code == 202
    assert asked == ["scan"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_everything_else_only_reads(client: Ask, method: str) -> None:
    """Other methods are refused."""
    for path in ("/", "/metrics", "/-/healthy", "/-/ready"):
        assert client(can_scan=True).request(method, path).status_code == 405


# --- what is only known now -----------------------------------------------------------------------------------------


def said(state: State, web: Web | None = None, clock: float | None = None) -> dict[str, float]:
    """Return the live samples without labels."""
    live = Live(state, web or Web(None), clock=lambda: time.monotonic() if clock is None else clock)
    return {s.name: s.value for family in live.families().collect() for s in family.samples if not s.labels}


def test_before_the_first_scan_nothing_is_made_up() -> None:
    """No success and no failure, no age, no volume."""
    found = said(State(300))
    assert {name for name in found if name in LIVE} == {"tonnage_scan_running", "tonnage_scan_interval_seconds"}


def test_the_age_grows_while_scans_fail(tmp_path: Path) -> None:
    """It is that of the figures; the reason is one of those that are listed."""
    state = State(300, Exposition(), scanned_at=9.0, aged_from=400.0, reason="no_storage", failed_count=2)
    found = said(state, web_of(tmp_path, ""), clock=1000.0)
    assert found["tonnage_scan_age_seconds"] == 600 and found["tonnage_scan_success"] == 0
    assert found["tonnage_web_config_reload_success"] == 1
    families = {family.name: family.samples for family in Live(state, Web(None)).families().collect()}
    reasons = {sample.labels["reason"]: sample.value for sample in families["tonnage_scan_failure"]}
    assert {reason for reason, value in reasons.items() if value} == {"no_storage"} and len(reasons) > 4


@pytest.mark.parametrize("jump_seconds", [-1e9, -3600.0, 3600.0, 1e9])
def test_figures_grow_old_whatever_the_clock_does(jump_seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be set back or forward after a scan; what was scanned in a future is as old as what was scanned now."""
    state, clock = State(300), time.time
    state.take(Exposition(), clock() - 50)
    monkeypatch.setattr(time, "time", lambda: clock() + jump_seconds)
    assert 50 <= said(state)["tonnage_scan_age_seconds"] < 60
    state.take(Exposition(), clock() + jump_seconds + 7)
    assert 0 <= said(state)["tonnage_scan_age_seconds"] < 10


def test_a_volume_that_no_longer_answers_is_unknown() -> None:
    """What was measured too long ago says nothing about now."""
    found = said(State(300, volume=Volume(100, 40, time.monotonic())))
    assert (found["tonnage_volume_size_bytes"], found["tonnage_volume_free_bytes"]) == (100, 40)
    assert "tonnage_volume_free_bytes" not in said(State(300, volume=Volume(100, 40, time.monotonic() - 100)))


def test_what_is_live_is_documented(tmp_path: Path) -> None:
    """Each with the type and the help that the reference shows."""
    state = State(
        300, Exposition(), 1.0, 1.0, True, True, reason="", duration_seconds=1.0, volume=Volume(1, 1, time.monotonic())
    )
    found = {
        f"{family.name}_total" if family.type == "counter" else family.name: (family.type, family.documentation)
        for family in Live(state, web_of(tmp_path, "")).families().collect()
        if family.name.startswith("tonnage_")
    }
    of_figures = {f"tonnage_{name}" for name in ("query_success", "query_duration_seconds", "dropped_series")}
    of_figures.add("tonnage_collection_broken")
    assert found == {name: meaning for name, meaning in LIVE.items() if name not in of_figures}


# --- who may ask ----------------------------------------------------------------------------------------------------


def test_without_a_login_no_path_says_anything(client: Ask, tmp_path: Path) -> None:
    """Also not whether there is such a path, and not by another method."""
    exporter = client(web_of(tmp_path, f"basic_auth_users:\n  reader: {HASH}\n"), can_scan=True)
    for path in PATHS:
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            answer = exporter.request(method, path)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Basic ")
            assert answer.text in ("unauthorized\n", "")


@pytest.mark.parametrize(
    ("name", "password", "status"),
    [("reader", "secret", 200), ("reader", "Secret", 401), ("reader", "", 401), ("other", "secret", 401),
     ("", "", 401), ("reader", "s" * 100, 401), ("reader", "secret\0", 401)],
)  # fmt: skip
def test_a_login_is_compared(client: Ask, tmp_path: Path, name: str, password: str, status: int) -> None:
    """The second time as the first."""
    exporter = client(web_of(tmp_path, f"basic_auth_users:\n  reader: {HASH}\n"))
    for _ in range(2):
        assert exporter.get("/metrics", auth=(name, password)).status_code == status


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic c2VjcmV0", "Bearer cmVhZGVyOnNlY3JldA==", "Basic /w=="])
def test_a_login_that_is_none_is_refused(client: Ask, tmp_path: Path, header: str) -> None:
    """Whatever stands there."""
    exporter = client(web_of(tmp_path, f"basic_auth_users:\n  reader: {HASH}\n"))
    assert exporter.get("/metrics", headers={"Authorization": header}).status_code == 401


def test_a_login_is_remembered_and_not_its_password(tmp_path: Path, state: State) -> None:
    """A hash takes a tenth of a second by design; with another hash the login counts no more."""
    web = web_of(tmp_path, f"basic_auth_users:\n  reader: {HASH}\n")
    guard = Guard(make_app(Pages(Live(state, web), "/metrics", None).routes()), web)
    exporter = TestClient(guard)
    for number in range(150):
        exporter.get("/metrics", auth=("reader", str(number)))
    assert exporter.get("/metrics", auth=("reader", "secret")).status_code == 200
    known = [*guard.passwords.right, *guard.passwords.wrong]
    assert len(known) == 101 and b"secret" not in b"".join(known)
    (tmp_path / "web.yml").write_text(f"basic_auth_users:\n  reader: {HASH[:-1]}a\n# changed\n")
    web.refresh()
    assert exporter.get("/metrics", auth=("reader", "secret")).status_code == 401


def test_headers_are_in_every_answer(client: Ask, tmp_path: Path) -> None:
    """In refusals and in what is not found too."""
    text = f"http_server_config:\n  headers:\n    X-Frame-Options: deny\nbasic_auth_users:\n  reader: {HASH}\n"
    exporter = client(web_of(tmp_path, text))
    for path in PATHS:
        assert exporter.get(path).headers["x-frame-options"] == "deny"
        assert exporter.get(path, auth=("reader", "secret")).headers["x-frame-options"] == "deny"


def test_the_rate_is_limited() -> None:
    """A burst at once, then one in each interval; an interval of 0 is no limit."""
    now = [0.0]
    bucket, limit = Bucket(lambda: now[0]), RateLimit(2.0, 3)
    assert [bucket.take(limit) for _ in range(4)] == [True, True, True, False]
    now[0] = 2.0
    assert [bucket.take(limit) for _ in range(2)] == [True, False]
    now[0] = 100.0
    assert [bucket.take(limit) for _ in range(4)] == [True, True, True, False]
    assert all(bucket.take(RateLimit()) for _ in range(10))


def test_too_many_requests_are_told_so(client: Ask, tmp_path: Path) -> None:
    """With the status that says it."""
    exporter = client(web_of(tmp_path, "rate_limit:\n  interval: 1h\n  burst: 2\n"))
    assert [exporter.get("/-/healthy").status_code for _ in range(3)] == [200, 200, 429]


# --- where it listens, and where the inventory is -------------------------------------------------------------------


@pytest.mark.parametrize("text", ["8080", "localhost", ":port", "::1:80", "[::1", "a:99999", ":", "1.2.3.4:-1", "x:٣"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    """With how to write it."""
    with pytest.raises(Exception, match="is not an address to listen on"):
        parse_address(text)


def test_several_addresses_at_once() -> None:
    """All of them, or none."""
    sockets = listen(["127.0.0.1:0", "localhost:0", ":0"])
    port = sockets[0].getsockname()[1]
    assert url_of(sockets[0], False) == f"http://127.0.0.1:{port}"
    with pytest.raises(AddressError, match=f"cannot listen on `127.0.0.1:{port}`: Address already in use"):
        listen([":0", f"127.0.0.1:{port}"])
    for found in sockets:
        found.close()


def test_the_inventory_has_a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same after a restart, another for another registry; in a folder that nobody else can write to."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    place = place_for("/srv/a", cache)
    assert place == place_for("/srv/a/", cache) != place_for("/srv/b", cache)
    assert place.startswith(str(tmp_path / "cache/tonnage"))
    (tmp_path / "cache/tonnage").chmod(0o777)
    assert place_for("/srv/a", cache).startswith(str(tmp_path / "tmp"))
    assert place_for("/srv/a", {"HOME": "/proc"}).startswith(str(tmp_path / "tmp"))


# --- notifications --------------------------------------------------------------------------------------------------

EVENT = {
    "id": "e1", "timestamp": "2026-11-29T10:00:00.5Z", "action": "pull", "actor": {"name": "alice"},
    "request": {"addr": "192.0.2.7", "useragent": "docker/24", "method": "GET"},
    "target": {"digest": f"sha256:{'ab' * 32}", "repository": "app", "tag": "1", "url": "http://r/v2/app/manifests/1"},
}  # fmt: skip


def test_events_are_kept_for_a_scan(client: Ask, tmp_path: Path) -> None:
    """Where switched on; what was pulled, and neither from where nor by whom. What are none are refused, and so is much."""
    events = tmp_path / "it.duckdb.events"
    assert client().post("/-/events", json={"events": [EVENT]}).status_code == 403
    exporter = client(events=events)
    assert exporter.get("/-/events").status_code == 405
    for _ in range(2):
        assert exporter.post("/-/events", json={"events": [EVENT]}).status_code == 202
    kept = events.read_text()
    assert len(kept.splitlines()) == 2 and EVENT["id"] in kept and "docker/24" in kept
    assert "192.0.2.7" not in kept and "alice" not in kept
    for wrong in (
        b"",
        b"[]",
        b"{}",
        b'{"events": []}',
        b'{"events": [1]}',
        b'{"events": [{"target": {}}]}',
        b"[" * 9999,
    ):
        assert exporter.post("/-/events", content=wrong).status_code == 400, wrong
    assert exporter.post("/-/events", content=b"x" * ((1 << 20) + 1)).status_code == 413
    assert events.read_text() == kept
    with events.open("ab") as file:
        file.truncate(64 << 20)
    assert exporter.post("/-/events", json={"events": [EVENT]}).status_code == 507
    events.unlink()
    events.mkdir()
    assert exporter.post("/-/events", json={"events": [EVENT]}).status_code == 503


def test_an_event_that_is_written_in_part_is_taken_back(tmp_path: Path) -> None:
    """The disk fills in the middle of a line: it is refused, and the next one does not hang on to its beginning."""
    path = tmp_path / "it.duckdb.events"
    append(str(path), "first\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (9, hard))
    try:
        with pytest.raises(OSError, match="in part"):
            append(str(path), "second\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    append(str(path), "third\n")
    assert path.read_text() == "first\nthird\n"


def test_events_need_the_login(client: Ask, tmp_path: Path) -> None:
    """That of the web configuration."""
    events = tmp_path / "it.duckdb.events"
    exporter = client(web_of(tmp_path, f"basic_auth_users:\n  registry: {HASH}\n"), events=events)
    assert exporter.post("/-/events", json={"events": [EVENT]}).status_code == 401
    assert not events.exists()


def test_a_scan_counts_events_once(registry: Builder, tmp_path: Path) -> None:
    """They wait for one that ends well, and are gone with it; a second time they are known; rubbish stops no scan."""
    digest = registry.repository("app").image([registry.layer(b"one")], tag="1").digest
    inventory, events = str(tmp_path / "it.duckdb"), str(tmp_path / "it.duckdb.events")
    line = kept_of(json.dumps({"events": [{**EVENT, "target": {**EVENT["target"], "digest": digest}}]}).encode())  # type: ignore[dict-item]
    append(events, line)
    job = Job(str(tmp_path / "nowhere"), inventory, events=events)
    with pytest.raises(NoStorageError):
        rescan._scan(job)
    assert Path(events).exists()
    for again in (line, line, "rubbish\n"):
        append(events, again)
        rescan._scan(Job(str(registry.root), inventory, events=events))
        assert not Path(events).exists() and not Path(f"{events}.read").exists()
        with Inventory(inventory) as opened:
            found = opened.query("select repository, reference, pulls_count from pull").rows
        assert found == [("app", digest, 1)]
    Path(f"{events}.read").write_text(line)  # a scan that failed left it
    append(events, line)
    rescan._scan(Job(str(registry.root), inventory, events=events))
    assert Path(events).exists() and not Path(f"{events}.read").exists()
