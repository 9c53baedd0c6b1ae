"""The real registry 2.8.2, scanned over HTTP: it agrees with a scan of its storage, and survives what HTTP can do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from realregistry import CREDENTIALS, HTPASSWD, running_registry
from realregistry import Registry as Server
from registryfronts import Break, Hook, Proxy, Reply, running_proxy, running_token_server
from scanning import Rows, answer, column, problems, scan_storage, scan_tree
from seeds import some
from tonnage.apply import apply_plan
from tonnage.cli import main
from tonnage.errors import AccessError, NotKnownError, RegistryError, RegistryUnreachableError
from tonnage.exporter.messages import Job
from tonnage.formats.targets import parse_target
from tonnage.inventory.database import Inventory
from tonnage.inventory.statements import statements
from tonnage.planning.planner import Wanted, make_plan
from tonnage.planning.verify import verify
from tonnage.registry import Registry
from tonnage.rescan import run
from tonnage.sample import Builder
from tonnage.sample.documents import OCI_INDEX, OCI_MANIFEST, Descriptor
from tonnage.storage.registry import RegistrySource

pytestmark = pytest.mark.integration

NAMES = ("foo/1st", "foo", "foo/bar", "foo-bar", "a/b/c", "zz")
"""Of which 2.8.2 loses some where a page ends between them."""
HTML = Reply(200, {"Content-Type": "text/html"}, b"<html>please log in</html>")

SAME = (
    "select repository, tag, digest from tag",
    "select repository, digest, state from revision where state in ('tag', 'index')",
    "select digest, size_bytes, role, references_count from blob_usage where class = 'tagged'",
    "select repository, digest, revision, state, kind from holder where state in ('tag', 'index')",
    "select * from manifest where digest in (select digest from revision where state in ('tag', 'index'))",
    "select * from manifest_ref where parent in (select digest from revision where state in ('tag', 'index'))",
    "select * from image where config_digest in (select digest from blob where class = 'tagged')",
    "select * from label where config_digest in (select digest from blob where class = 'tagged')",
    "select * from history where config_digest in (select digest from blob where class = 'tagged')",
    "select * from diff_id where config_digest in (select digest from blob where class = 'tagged')",
    "select repository, tag, stored_bytes, exclusive_bytes, created_at, tags_on_digest_count from tag_usage",
    "select repository, tags_count from repository_usage",
    "select repository, tag, reason from broken_tag",
)
"""What HTTP can know. Of referrers without a tag no registry 2.x or 3.x tells."""


def source(url: str, **options: Any) -> RegistrySource:
    """Return a registry that is asked without mercy."""
    return RegistrySource(url, **{"requests_per_second": 10_000.0, **options})


def known(inventory: Path, *, without: str = "") -> dict[str, Rows]:
    """Return everything that HTTP can know."""
    queries = [query for query in SAME if not without or without not in query]
    return {query: sorted(answer(inventory, query), key=repr) for query in queries}


def kinds(inventory: Path) -> list[str]:
    """Return the kinds of problems there are."""
    return sorted({kind for kind, _ in problems(inventory)})


@contextmanager
def proxied(registry: Builder, hook: Hook | None = None, **options: Any) -> Iterator[Proxy]:
    """Serve a storage, with a proxy before it that writes down what is asked."""
    with running_registry(registry.root, **options) as server, running_proxy(server.host, hook) as proxy:
        yield proxy


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Where the scan over HTTP writes."""
    return tmp_path / "remote.duckdb"


@pytest.fixture
def images(registry: Builder) -> Builder:
    """Some images that share a layer, an index, a referrer with a tag of its own; nothing untagged."""
    shared = registry.layer(b"shared")
    app = registry.repository("org/app")
    children = [app.image([shared, registry.layer(p.encode())], platform=p) for p in ("linux/amd64", "linux/arm64")]
    app.index(children, tag="multi")
    one = app.image([shared, registry.layer(b"one")], tag="1")
    app.tag("one", one.digest)
    app.image([registry.layer(b"signature")], subject=one, tag=f"sha256-{one.digest[7:]}.sig")
    registry.repository("org/web").image([shared, registry.layer(b"web")], tag="latest", docker=True)
    return registry


@pytest.fixture(scope="session")
def served_demo(demo: Builder) -> Iterator[Server]:
    """The demo's registry, running: to be read."""
    with running_registry(demo.root) as server:
        yield server


def test_it_agrees_with_the_storage(served_demo: Server, demo_inventory: Path, inventory: Path) -> None:
    """Of fifteen repositories with indexes, attestations, caches and much that is untagged: all that tags lead to."""
    found = scan_storage(source(served_demo.url), inventory)
    assert (found.is_whole, found.problems_count) == (False, 0)
    expected = known(demo_inventory, without="class = 'tagged'")
    assert known(inventory, without="class = 'tagged'") == expected
    held = "select distinct digest from holder where state in ('tag', 'index')"
    tagged = f"select digest, size_bytes, role from blob where digest in ({held}) order by digest"
    assert answer(inventory, tagged) == answer(demo_inventory, tagged)


def test_nothing_is_made_up(served_demo: Server, inventory: Path) -> None:
    """Whatever only files tell is null: in the classes, of repositories, as metrics."""
    scan_storage(source(served_demo.url), inventory)
    unknown = column(inventory, "select class from class_total where size_bytes is null and files_count is null")
    assert sorted(unknown) == ["links", "orphaned", "strays", "untagged", "uploads"]
    assert answer(inventory, "select distinct untagged_count, revisions_count, pushed_at from repository_usage") == [
        (None, None, None)
    ]
    assert answer(inventory, "select size_bytes, files_count from scan") == [(None, None)]
    with Inventory(str(inventory)) as opened:
        values = {name: opened.query(metric.sql) for name, metric in statements("metrics").items()}
    for name in (
        "tonnage_untagged_revisions",
        "tonnage_revisions",
        "tonnage_collectable_bytes",
        "tonnage_pinned_bytes",
    ):
        assert {row[values[name].columns.index("value")] for row in values[name].rows} == {None}, name
    disk = values["tonnage_disk_bytes"]
    known_classes = [row[0] for row in disk.rows if row[disk.columns.index("value")] is not None]
    assert known_classes == ["tagged"]


def test_the_exporter_serves_what_is_known(served_demo: Server, inventory: Path) -> None:
    """It scans a registry over HTTP like any storage, and has no series for what nobody could tell."""
    outcome = run(Job(address=served_demo.url, inventory=str(inventory)))
    text = str(outcome.exposition)
    assert 'tonnage_disk_bytes{class="tagged"}' in text and 'tonnage_tags{repository="data/etl"} 4.0' in text
    for series in ("tonnage_untagged_revisions{", "tonnage_collectable_bytes ", 'tonnage_disk_bytes{class="orphaned"}'):
        assert f"\n{series}" not in text and f"\\n{series}" not in text
    down = run(Job(address="http://127.0.0.1:9", inventory=str(inventory)))
    assert (down.exposition, down.reason) == (None, "unreachable")


def test_no_body_is_read_twice(images: Builder, inventory: Path) -> None:
    """A rescan asks for names and heads, and reads what is new since; it equals a scan of everything again."""
    with proxied(images) as proxy:
        scan_storage(source(proxy.url), inventory)
        first = known(inventory)
        proxy.seen.clear()
        assert scan_storage(source(proxy.url), inventory).read_count == 0
        bodies = [path for path in proxy.paths("GET") if "/manifests/" in path or "/blobs/" in path]
        assert len(bodies) == 1 and ":" not in bodies[0]  # the tag whose HEAD is held against its GET
        assert known(inventory) == first
        images.repository("org/new").image([images.layer(b"shared"), images.layer(b"new")], tag="1")
        assert scan_storage(source(proxy.url), inventory).read_count == 2
        again = known(inventory)
        scan_storage(source(proxy.url), inventory, full=True)
        assert known(inventory) == again
    assert {method for method, *_ in proxy.seen} <= {"GET", "HEAD"}


@pytest.mark.parametrize("page_size", some([1, 3, 100], 2))
@pytest.mark.parametrize("is_forced", [False, True], ids=["asked for", "forced"])
def test_pages_lose_nothing(registry: Builder, inventory: Path, page_size: int, is_forced: bool) -> None:
    """Neither if so small a page is asked for, nor if the registry allows no larger one."""
    for name in NAMES:
        repo = registry.repository(name)
        image = repo.image([registry.layer(name.encode())], tag="1")
        for tag in ("10", "1.0", "latest"):
            repo.tag(tag, image.digest)
    config = {"catalog": {"maxentries": page_size}} if is_forced else {}
    with running_registry(registry.root, extra_config=config) as server:
        found = scan_storage(source(server.url, **({} if is_forced else {"page_size": page_size})), inventory)
    scan_tree(registry.root, inventory.with_name("storage.duckdb"))
    assert known(inventory) == known(inventory.with_name("storage.duckdb"))
    assert found.problems_count == 0, problems(inventory)


def test_names_that_a_listing_hides_are_asked_for(images: Builder, inventory: Path) -> None:
    """A repository and a tag that the earlier scan had, and that are there all the same."""
    hidden = {"/v2/_catalog": b'{"repositories":["org/app"]}', "/v2/org/app/tags/list": b'{"tags":["1","multi"]}'}

    def hide(method: str, path: str) -> Reply | None:
        body = hidden.get(path.partition("?")[0])
        return Reply(200, {"Content-Type": "application/json"}, body) if body else None

    with running_registry(images.root) as server, running_proxy(server.host) as proxy:
        scan_storage(source(proxy.url), inventory)
        before = known(inventory)
        proxy.hook = hide
        scan_storage(source(proxy.url), inventory)
    assert known(inventory) == before
    assert sorted(column(inventory, "select path from problem where kind = 'lost_name'"))[0].startswith("/v2/org/app/")
    assert kinds(inventory) == ["lost_name"]


def test_a_crash_on_one_size_of_page_is_gone_round(images: Builder, inventory: Path) -> None:
    """3.x drops the connection where a page fills up before a parent: another size of page does not."""
    with proxied(images, lambda method, path: Break.BEFORE if path.endswith("_catalog?n=1000") else None) as proxy:
        scan_storage(source(proxy.url), inventory)
    assert column(inventory, "select repository from repository order by repository") == ["org/app", "org/web"]


@pytest.mark.parametrize("way", ["basic", "token"])
def test_it_logs_in(images: Builder, inventory: Path, tmp_path: Path, way: str) -> None:
    """With a password, or for tokens that allow to pull and nothing more."""
    login = tmp_path / "login"
    login.write_text(":".join(CREDENTIALS))
    with running_token_server(tmp_path, CREDENTIALS) as tokens:
        auth: Mapping[str, Any] = {"extra_config": {"auth": tokens.registry_config}}
        options: Mapping[str, Any] = auth if way == "token" else {"htpasswd": HTPASSWD}
        with running_registry(images.root, **options) as server:
            scan_storage(source(server.url, credentials_file=str(login)), inventory)
            login.write_text("reader:wrong")
            with pytest.raises(AccessError, match="refuses"):
                scan_storage(source(server.url, credentials_file=str(login)), inventory)
    scan_tree(images.root, tmp_path / "storage.duckdb")
    assert known(inventory) == known(tmp_path / "storage.duckdb")
    assert {scope.rpartition(":")[2] for scope in tokens.scopes if scope.startswith("repository")} <= {"pull"}


def test_the_command(images: Builder, inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`tonnage scan URL` with a login in a file: done, login refused, nobody there; each with its exit code and a word."""
    login = tmp_path / "login"
    options = ["-i", str(inventory), "--rate", "10000", "--credentials", str(login)]

    def scan(url: str, password: str) -> tuple[int, str]:
        login.write_text(f"reader:{password}")
        with pytest.raises(SystemExit) as ended:
            main(["scan", url, *options])
        return int(ended.value.code or 0), capsys.readouterr().err

    with running_registry(images.root, htpasswd=HTPASSWD) as server:
        done, refused = scan(server.url, "secret"), scan(server.url, "wrong")
    down = scan(server.url, "secret")
    assert (done[0], refused[0], down[0]) == (0, 22, 21)
    assert "tags lead to" in done[1] and "check the user and the password" in refused[1] and "cannot reach" in down[1]
    assert column(inventory, "select max(scan_id) from scan") == [1]


def test_what_is_counted_is_what_is_asked(images: Builder, inventory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The numbers of --count-requests are those a proxy sees, by kind, also of a scan that fails."""
    options = ["-i", str(inventory), "--rate", "10000", "--count-requests"]
    with proxied(images) as proxy:
        with pytest.raises(SystemExit):
            main(["scan", proxy.url, *options])
        said = capsys.readouterr().err
        heads = sum("/manifests/" in path for path in proxy.paths("HEAD"))
        reads = sum("/manifests/" in path for path in proxy.paths("GET"))
        blobs = sum("/blobs/" in path for path in proxy.paths("GET"))
        asked = f"{heads} manifest HEADs, {reads} manifest GETs, {blobs} blob GETs, 1 others"
        lists = "2 pages of the catalog, 3 pages of tags, 1 lists of referrers"
        assert f"sent {len(proxy.seen)} requests: {lists}, {asked}\n" in said
    with pytest.raises(SystemExit):
        main(["scan", proxy.url, *options])
    assert "sent 2 requests: 2 others" in capsys.readouterr().err


def test_a_busy_registry_is_waited_for(images: Builder, inventory: Path) -> None:
    """429 and 503 pass."""
    answers = iter([Reply(429, {"Retry-After": "0"}), Reply(503), *[None] * 1000])
    with proxied(images, lambda *_: next(answers)) as proxy:
        scan_storage(source(proxy.url), inventory)
    assert kinds(inventory) == []


def test_a_registry_that_goes_down_leaves_the_old_inventory(images: Builder, inventory: Path) -> None:
    """Figures of half a registry are worse than old ones; and nothing is left beside it."""
    with running_registry(images.root) as server, running_proxy(server.host) as proxy:
        scan_storage(source(proxy.url), inventory)
        before = inventory.read_bytes()
        proxy.hook = lambda method, path: Reply(503, {"Retry-After": "3600"}) if "/org/web/" in path else None
        with pytest.raises(RegistryUnreachableError, match="has no time"):
            scan_storage(source(proxy.url), inventory)
    with pytest.raises(RegistryUnreachableError, match="cannot reach"):
        scan_storage(source(proxy.url), inventory)
    assert inventory.read_bytes() == before
    assert [path.name for path in inventory.parent.glob("remote.duckdb*")] == ["remote.duckdb"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_scan_leaves_the_old_inventory(images: Builder, inventory: Path, how: signal.Signals) -> None:
    """Whether asked to end or killed; and the next scan is not in its way."""
    with running_registry(images.root) as server, running_proxy(server.host) as proxy:
        scan_storage(source(proxy.url), inventory)
        before = inventory.read_bytes()
        proxy.seen.clear()
        command = [sys.executable, "-m", "tonnage", "scan", proxy.url, "-i", str(inventory), "--rate", "4", "--full"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as scanning:
            while len(proxy.seen) < 4 and scanning.poll() is None:
                time.sleep(0.01)
            scanning.send_signal(how)
            assert scanning.wait(timeout=20) == (130 if how is signal.SIGINT else -how)
        assert inventory.read_bytes() == before
        assert bool(list(inventory.parent.glob(".tonnage-*"))) == (how is signal.SIGKILL)
        assert scan_storage(source(proxy.url), inventory).read_count == 0
    assert [path.name for path in inventory.parent.iterdir() if "tonnage" in path.name] == []
    assert [path.name for path in inventory.parent.glob("*duckdb*")] == ["remote.duckdb"]


def test_html_in_place_of_a_manifest(images: Builder, inventory: Path) -> None:
    """A proxy's page is not a manifest: the tag is told of, the rest counted."""
    with proxied(images, lambda method, path: HTML if path.endswith("/manifests/latest") else None) as proxy:
        scan_storage(source(proxy.url), inventory)
    assert problems(inventory) == {("unpullable_tag", "/v2/org/web/manifests/latest")}
    assert answer(inventory, "select digest from tag where tag = 'latest'") == [(None,)]
    assert len(column(inventory, "select tag from tag where digest is not null")) == 4


def test_html_in_place_of_lists(images: Builder, inventory: Path) -> None:
    """Of one repository's tags it is a problem; of all repositories, or of the catalog, it is the end."""
    with proxied(images, lambda method, path: HTML if "/org/web/tags" in path else None) as proxy:
        scan_storage(source(proxy.url), inventory)
        assert kinds(inventory) == ["unlisted_tags"]
        proxy.hook = lambda method, path: HTML if "_catalog" in path else None
        with pytest.raises(RegistryError, match="not JSON"):
            scan_storage(source(proxy.url), inventory)
        proxy.hook = lambda method, path: HTML if path.endswith("/tags/list") or "/tags/list?" in path else None
        for repositories in (None, ("org/web",)):
            with pytest.raises(RegistryError, match="the tags of no repository can be listed"):
                scan_storage(source(proxy.url, repositories=repositories), inventory)
    assert kinds(inventory) == ["unlisted_tags"]


def test_html_in_the_storage(images: Builder, inventory: Path) -> None:
    """A manifest's file that holds no manifest: the registry answers with an error, and the tag is told of."""
    [(digest,)] = [(d,) for d in images.repositories["org/web"].revisions]
    images.blob_path(digest).write_bytes(b"<html>")
    with running_registry(images.root) as server:
        scan_storage(source(server.url), inventory)
    assert kinds(inventory) == ["unpullable_tag"]
    assert answer(inventory, "select digest from tag where tag = 'latest'") == [(None,)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_manifest_that_vanishes(images: Builder, inventory: Path, when: str) -> None:
    """Deleted after the tags were listed, or after its tag was asked for: the tag is gone, and that is said."""
    server: Server
    [digest] = images.repositories["org/web"].revisions

    def delete(method: str, path: str) -> None:
        reference = "latest" if when == "before" else digest
        if path.endswith(f"/manifests/{reference}") and method != "DELETE":
            server.delete_manifest("org/web", digest)

    with running_registry(images.root) as server, running_proxy(server.host, delete) as proxy:
        scan_storage(source(proxy.url), inventory)
    assert kinds(inventory) == ["vanished"]
    assert column(inventory, "select tag from tag where repository = 'org/web'") == []


def test_a_catalog_that_is_denied(images: Builder, inventory: Path) -> None:
    """The error says what to do, and that works: the repositories are named."""
    with proxied(images, lambda method, path: Reply(403) if "_catalog" in path else None) as proxy:
        with pytest.raises(AccessError) as caught:
            scan_storage(source(proxy.url), inventory)
        assert "--repositories FILE" in caught.value.next_step
        scan_storage(source(proxy.url, repositories=("org/app", "org/web")), inventory)
    scan_tree(images.root, inventory.with_name("storage.duckdb"))
    assert known(inventory) == known(inventory.with_name("storage.duckdb"))


def test_a_repository_that_was_named_and_is_not_there(images: Builder, inventory: Path) -> None:
    """A name with a typing error is told, and not taken for an empty repository."""
    with running_registry(images.root) as server:
        scan_storage(source(server.url, repositories=("org/web", "org/wbe")), inventory)
    assert problems(inventory) == {("unlisted_tags", "/v2/org/wbe/tags/list")}


def test_redirects_to_where_blobs_are(images: Builder, inventory: Path) -> None:
    """Registries on buckets send clients there for configurations; the login is not sent along."""
    with running_registry(images.root) as server, running_proxy(server.host) as bucket:

        def elsewhere(method: str, path: str) -> Reply | None:
            return Reply(307, {"Location": bucket.url + path}) if "/blobs/" in path else None

        with running_proxy(server.host, elsewhere) as proxy:
            scan_storage(source(proxy.url), inventory)
    assert bucket.count("GET") == 5 and kinds(inventory) == []


def test_layers_are_asked_for_on_demand(images: Builder, inventory: Path) -> None:
    """Manifests are believed; with `asks_sizes` a layer that is missing or of another size shows, as in the storage."""
    gone, short = images.layer(b"one").digest, images.layer(b"web").digest
    images.blob_path(gone).unlink()
    images.blob_path(short).write_bytes(b"w")
    with proxied(images) as proxy:
        scan_storage(source(proxy.url), inventory)
        assert kinds(inventory) == [] and not any(column(inventory, "select has_stored_sizes from source"))
        scan_storage(source(proxy.url, asks_sizes=True), inventory)
        assert column(inventory, "select has_stored_sizes from source") == [True]
        proxy.seen.clear()
        scan_storage(source(proxy.url, asks_sizes=True), inventory)
    assert [path for path in proxy.paths("HEAD") if "/blobs/" in path] == [f"/v2/org/app/blobs/{gone}"]
    scan_tree(images.root, inventory.with_name("storage.duckdb"))
    ours = "select kind, path, digest from problem where kind in ('missing_blob', 'size_mismatch') order by all"
    assert answer(inventory, ours) == answer(inventory.with_name("storage.duckdb"), ours)
    assert known(inventory) == known(inventory.with_name("storage.duckdb"))


def test_a_plan_over_tags_is_carried_out(images: Builder, inventory: Path, tmp_path: Path) -> None:
    """Scan, plan, apply and scan again, all over HTTP: the tags are gone, and what they shared is still served."""
    wanted = Wanted(targets=(parse_target("org/app:multi"), parse_target("org/web")))
    with running_registry(images.root) as server:
        scan_storage(source(server.url), inventory)
        with Inventory(str(inventory)) as opened:
            plan = make_plan(opened, wanted, datetime.now(UTC))
        assert [(p.collector, p.is_at_most) for p in plan.predictions] == [("safe", True)]
        assert plan.source.unknown and plan.commands[0].endswith(f"--registry {server.url}")
        with Registry.at(server.url, environment={"HOME": "/nowhere"}) as registry:
            registry.habits.has_sound_lists = True  # as `--trust-tag-lists`: no list here proves it
            outcome = apply_plan(plan, registry, tmp_path / "journal", confirmed=plan.id)
        scan_storage(source(server.url), inventory)
    assert outcome.left_count == 0
    assert column(inventory, "select distinct repository from tag") == ["org/app"]
    assert column(inventory, "select tag from tag where digest is not null order by tag")[:2] == ["1", "one"]
    assert images.layer(b"shared").digest in column(inventory, "select digest from layer")
    with Inventory(str(inventory)) as opened, pytest.raises(NotKnownError, match="what a collection has freed"):
        verify(opened, plan)


# --- referrers ------------------------------------------------------------------------------------------------------


def referrers_of(registry: Builder, page_size: int = 1000, broken: str = "") -> Hook:
    """Answer for the referrers of each manifest as the OCI distribution specification 1.1 has it, in pages of a size."""
    scan_tree(registry.root, registry.root.parent / "referrers.duckdb")
    found = answer(
        registry.root.parent / "referrers.duckdb",
        "select r.repository, m.subject, m.digest, m.size_bytes, coalesce(m.media_type, '')"
        " from manifest as m join revision as r on r.digest = m.digest where m.subject is not null",
    )

    def hook(method: str, path: str) -> Reply | None:
        url = urlsplit(path)
        repository, _, digest = url.path.removeprefix("/v2/").partition("/referrers/")
        if not digest:
            return None
        if digest == broken:
            return Reply(500)
        start = int(dict(parse_qsl(url.query)).get("next", 0))
        all_of = [row for row in found if row[:2] == (repository, digest)]
        page = all_of[start : start + page_size]
        manifests = [{"mediaType": row[4], "digest": row[2], "size": row[3]} for row in page]
        more = f'<{url.path}?next={start + page_size}>; rel="next"' if start + page_size < len(all_of) else ""
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
        return Reply(200, {"Content-Type": OCI_INDEX} | ({"Link": more} if more else {}), json.dumps(index).encode())

    return hook


@pytest.fixture
def signed(images: Builder) -> Builder:
    """Images with referrers that no tag leads to: two of a tagged one, one of an index, a signature of an SBOM."""
    app = images.repository("org/app")
    one = app.image([images.layer(b"signed")], tag="signed")
    multi = app.index([one], tag="signed-index")
    sbom = app.image([images.layer(b"sbom")], subject=one, artifact_type="application/spdx+json")
    for subject in (one, multi, sbom):
        app.image([images.layer(f"signature of {subject.digest}".encode())], subject=subject)
    return images


def with_referrers(inventory: Path) -> dict[str, Rows]:
    """Return everything that HTTP can know of a registry that tells referrers."""
    told = "state in ('tag', 'index', 'referrer')"
    queries = [query.replace("state in ('tag', 'index')", told) for query in SAME]
    return {query: sorted(answer(inventory, query), key=repr) for query in queries}


@pytest.mark.parametrize("page_size", [1, 1000])
def test_referrers_are_asked_for_where_a_registry_tells_them(signed: Builder, inventory: Path, page_size: int) -> None:
    """Then a scan agrees with one of the storage on them too; a rescan reads only what was signed since."""
    hook = referrers_of(signed, page_size)
    with proxied(signed, hook) as proxy:
        scan_storage(source(proxy.url), inventory)
        scan_tree(signed.root, inventory.parent / "storage.duckdb")
        assert with_referrers(inventory) == with_referrers(inventory.parent / "storage.duckdb")
        assert column(inventory, "select count(*) from revision where state = 'referrer'") == [4]
        assert kinds(inventory) == []
        app = signed.repository("org/app")
        [subject] = column(inventory, "select digest from tag where tag = 'signed'")
        app.image([signed.layer(b"late")], subject=Descriptor(OCI_MANIFEST, subject, 1))
        proxy.hook = referrers_of(signed, page_size)
        assert scan_storage(source(proxy.url), inventory).read_count == 2
        scan_tree(signed.root, inventory.parent / "storage.duckdb")
        assert with_referrers(inventory) == with_referrers(inventory.parent / "storage.duckdb")


@pytest.mark.parametrize("has_call", [True, False])
def test_one_question_for_each_tagged_manifest(signed: Builder, inventory: Path, has_call: bool) -> None:
    """And for each referrer found; none for what only stands for referrers. Without the call: one question in all."""
    tell = referrers_of(signed)
    with proxied(signed, tell if has_call else None) as proxy:
        scan_storage(source(proxy.url), inventory)
        asked = [path for _, path, _ in proxy.seen if "/referrers/" in path]
    tagged = column(inventory, "select count(distinct digest) from tag where tag not like 'sha256-%'")[0]
    referrers = column(inventory, "select count(*) from manifest where subject is not null")[0]
    assert len(asked) == (tagged + referrers if has_call else 1)
    assert kinds(inventory) == []


def test_referrers_that_cannot_be_listed_are_a_note(signed: Builder, inventory: Path) -> None:
    """The rest is told all the same."""
    scan_tree(signed.root, inventory.parent / "storage.duckdb")
    tagged = "select max(digest) from tag where repository = 'org/app' and tag not like 'sha256-%'"
    [broken] = column(inventory.parent / "storage.duckdb", tagged)
    with proxied(signed, referrers_of(signed, broken=broken)) as proxy:
        scan_storage(source(proxy.url), inventory)
    assert problems(inventory) == {("odd_listing", f"/v2/org/app/referrers/{broken}")}
    assert column(inventory, "select count(*) > 0 from revision where state = 'referrer'") == [True]


def test_a_pull_through_cache(images: Builder, inventory: Path, tmp_path: Path) -> None:
    """It is asked like any other registry, and lists what it has fetched."""
    with running_registry(images.root) as origin:
        config = {"proxy": {"remoteurl": origin.url}}
        with running_registry(tmp_path / "cache", extra_config=config) as cache:
            assert cache.get_manifest("org/app", "multi").status == 200
            scan_storage(source(cache.url, repositories=("org/app", "org/web")), inventory)
    scan_tree(images.root, tmp_path / "storage.duckdb")
    assert known(inventory) == known(tmp_path / "storage.duckdb")
