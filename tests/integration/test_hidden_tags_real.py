"""A registry whose lists leave out tags (distribution 3.1.0 and 3.1.1 on S3, played before the real 2.8.2): none is lost.

3.1.1 itself was seen to answer `last=<tag>/~` as the player does; it is not at hand as a program.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from test_apply import HASTY, cli

from realregistry import running_registry
from registryfronts import HidingTags, Proxy, Reply, running_proxy
from scanning import answer, column, scan_storage, scan_tree
from tonnage.apply import Kind, Outcome, Status, apply_plan, undo
from tonnage.formats.targets import parse_target
from tonnage.inventory.database import Inventory
from tonnage.plan import Plan
from tonnage.planning.planner import Wanted, make_plan
from tonnage.registry import ReadOnlyRegistry, Registry
from tonnage.sample import Builder
from tonnage.storage.registry import RegistrySource

pytestmark = pytest.mark.integration


def push(registry: Builder, repository: str, tags: str) -> None:
    """Push an image under several tags."""
    repo = registry.repository(repository)
    first, *others = tags.split()
    image = repo.image([registry.layer(f"{repository}{tags}".encode())], tag=first)
    for tag in others:
        repo.tag(tag, image.digest)


def scan(url: str, inventory: Path) -> None:
    """Scan over HTTP."""
    scan_storage(RegistrySource(url, requests_per_second=10_000.0), inventory)


def planned(inventory: Path, *targets: str, version: int = 2) -> Plan:
    """Plan."""
    with Inventory(str(inventory)) as opened:
        wanted = Wanted(targets=tuple(map(parse_target, targets)), registry_version=version)
        return make_plan(opened, wanted, datetime(2026, 11, 1, tzinfo=UTC))


def apply(plan: Plan, url: str, journal: Path, *, confirmed: bool = True) -> Outcome:
    """Apply."""
    kind = Registry if confirmed else ReadOnlyRegistry
    with kind.at(url, limits=HASTY, environment={"HOME": "/nowhere"}) as registry:
        return apply_plan(plan, registry, journal, confirmed=plan.id if confirmed else "")


def tags_on_disk(registry: Builder, repository: str) -> set[str]:
    """Return the tags a repository has."""
    return {path.name for path in (registry.repository(repository).path / "_manifests/tags").iterdir()}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Where scans write."""
    return tmp_path / "remote.duckdb"


@pytest.mark.parametrize("seed", range(6))
def test_a_scan_finds_every_tag(registry: Builder, inventory: Path, seed: int) -> None:
    """Those that hide behind others that hide too; each is a note."""
    rng = random.Random(seed)
    names = {rng.choice("0a_") + "".join(rng.choices("0a.-_", k=rng.randrange(4))) for _ in range(25)}
    push(registry, "app", " ".join(sorted(names)))
    with running_registry(registry.root) as server, running_proxy(server.host, HidingTags(registry.root)) as proxy:
        scan(proxy.url, inventory)
        listed = {path for path in proxy.paths("GET") if "tags/list" in path}
    assert not listed, "the player answers all lists"
    assert set(column(inventory, "select tag from tag")) == names
    assert set(column(inventory, "select kind from problem")) <= {"lost_name"}


def test_a_plan_over_http_does_not_take_a_hidden_tag(registry: Builder, inventory: Path, tmp_path: Path) -> None:
    """`0.1.20` is on the digest of `0.1.2`: with it known, 2.x cannot delete the one alone."""
    push(registry, "app", "0.1.2 0.1.20")
    push(registry, "app", "0.2.0")
    with running_registry(registry.root) as server, running_proxy(server.host, HidingTags(registry.root)) as proxy:
        scan(proxy.url, inventory)
        plan = planned(inventory, "app:0.1.2", "app:0.2.0")
        assert [item.tags for item in plan.items] == [["0.2.0"]]
        assert apply(plan, proxy.url, tmp_path / "j").count(Status.DONE) == 1
    assert tags_on_disk(registry, "app") == {"0.1.2", "0.1.20"}


def test_a_tag_that_hides_is_seen_before_the_call(registry: Builder, inventory: Path, tmp_path: Path) -> None:
    """It was pushed after the scan, of whatever the plan was made from."""
    push(registry, "app", "0.1.2")
    push(registry, "app", "0.2.0")
    scan_tree(registry.root, inventory)
    plan = planned(inventory, "app:0.1.2")
    registry.repository("app").tag("0.1.20", plan.items[0].digest)
    with running_registry(registry.root) as server, running_proxy(server.host, HidingTags(registry.root)) as proxy:
        outcome = apply(plan, proxy.url, tmp_path / "j")
    assert [found.kind for found in outcome.items] == [Kind.NEW_TAG]
    assert tags_on_disk(registry, "app") == {"0.1.2", "0.1.20", "0.2.0"}


class TestUnproven:
    """A list that nothing proves to be whole: the query does not reach the registry."""

    def served(self, registry: Builder, *, deletes_tags: bool) -> HidingTags:
        """Push two images, one with a tag that hides."""
        push(registry, "app", "0.1.2 0.1.20")
        push(registry, "app", "0.2.0")
        return HidingTags(registry.root, drops_query=True, deletes_tags=deletes_tags)

    def test_nothing_goes_by_its_digest(self, registry: Builder, inventory: Path, tmp_path: Path) -> None:
        """And 2.x cannot delete a tag alone, so nothing goes; the reason says what to do."""
        hook = self.served(registry, deletes_tags=False)
        with running_registry(registry.root) as server, running_proxy(server.host, hook) as proxy:
            scan(proxy.url, inventory)
            plan = planned(inventory, "app:0.1.2", "app:0.2.0")
            assert sorted(tag for item in plan.items for tag in item.tags) == ["0.1.2", "0.2.0"]
            rehearsed = apply(plan, proxy.url, tmp_path / "j", confirmed=False)
            outcome = apply(plan, proxy.url, tmp_path / "j")
        assert [found.kind for found in outcome.items] == [Kind.UNPROVEN] * 2
        assert [found.kind for found in rehearsed.items] == [Kind.UNPROVEN] * 2
        assert all("scan of the storage" in found.reason for found in outcome.items)
        assert tags_on_disk(registry, "app") == {"0.1.2", "0.1.20", "0.2.0"}

    def test_tags_go_alone_where_the_registry_can(self, registry: Builder, inventory: Path, tmp_path: Path) -> None:
        """And come back: the hidden tag keeps its image all the time."""
        hook = self.served(registry, deletes_tags=True)
        with running_registry(registry.root) as server, running_proxy(server.host, hook) as proxy:
            scan(proxy.url, inventory)
            plan = planned(inventory, "app:0.1.2", "app:0.2.0", version=3)
            outcome = apply(plan, proxy.url, tmp_path / "j")
            assert [found.status for found in outcome.items] == [Status.DONE] * 2
            assert tags_on_disk(registry, "app") == {"0.1.20"}
            assert server.get_manifest("app", "0.1.20").status == 200
            with Registry.at(proxy.url, limits=HASTY, environment={}) as client:
                assert undo(tmp_path / "j", client, confirmed=plan.id).left_count == 0
        assert tags_on_disk(registry, "app") == {"0.1.2", "0.1.20", "0.2.0"}

    @pytest.mark.parametrize("proof", ["its own list", "another list", "the user", "a scan of the storage"])
    def test_what_proves_it(self, registry: Builder, inventory: Path, tmp_path: Path, proof: str) -> None:
        """A tag and a longer one in any list; who knows the registry; or a plan that knows every tag."""
        push(registry, "app", "1.0")
        push(registry, "app", "latest latest2" if proof == "its own list" else "latest")
        push(registry, "other", "a a1" if proof == "another list" else "a")
        path = tmp_path / "plan.json"
        with running_registry(registry.root) as server:
            place = str(registry.root) if proof == "a scan of the storage" else server.url
            assert cli("scan", place, "-i", str(inventory), "--quiet") == 0
            assert cli("plan", "app:1.0", "-i", str(inventory), "-o", str(path)) == 0
            trust = ["--trust-tag-lists"] if proof == "the user" else []
            options = ["--registry", server.url, "--confirm", planned_id(path), *trust]
            assert cli("apply", str(path), *options) == 0
        assert "1.0" not in tags_on_disk(registry, "app")


def planned_id(path: Path) -> str:
    """Return the id of a plan in a file."""
    from tonnage.plan import read_plan

    return read_plan(path.read_bytes()).id


class TestHeads:
    """Registries and proxies that refuse HEAD for what GET gives."""

    @pytest.mark.parametrize("status", [403, 404, 405, 500, 501])
    def test_get_is_used_instead(self, registry: Builder, inventory: Path, tmp_path: Path, status: int) -> None:
        """To scan and to delete; what is really gone is gone."""
        push(registry, "app", "1 10")
        push(registry, "app", "2")

        def hook(method: str, path: str) -> Reply | None:
            return Reply(status) if method == "HEAD" and "/manifests/" in path else None

        with running_registry(registry.root) as server, running_proxy(server.host, hook) as proxy:
            scan(proxy.url, inventory)
            assert answer(inventory, "select count(*) from tag where digest is not null") == [(3,)]
            assert column(inventory, "select kind from problem") == []
            plan = planned(inventory, "app:2")
            assert [found.status for found in apply(plan, proxy.url, tmp_path / "j").items] == [Status.DONE]
            assert heads(proxy) <= 2 * 4 * (3 if status == 500 else 1), "a 500 is asked for three times"
        assert tags_on_disk(registry, "app") == {"1", "10"}


def heads(proxy: Proxy) -> int:
    """Return how many HEADs for manifests were sent: some at once, until GET is known to be needed."""
    return sum(method == "HEAD" for method, *_ in proxy.seen)


def test_digests_among_the_tags_are_left_out(registry: Builder, inventory: Path, tmp_path: Path) -> None:
    """Artifactory lists them; they are not tags, and a note says so."""
    import json

    push(registry, "app", "1 10")
    push(registry, "app", "2")

    def hook(method: str, path: str) -> Reply | None:
        if "/tags/list" not in path:
            return None
        listed = json.loads(server.get(path).body)
        digests = [server.get_manifest("app", tag).headers["Docker-Content-Digest"] for tag in listed["tags"]]
        body = json.dumps({"name": "app", "tags": listed["tags"] + digests}).encode()
        return Reply(200, {"Content-Type": "application/json"}, body)

    with running_registry(registry.root) as server, running_proxy(server.host, hook) as proxy:
        scan(proxy.url, inventory)
        assert set(column(inventory, "select tag from tag")) == {"1", "10", "2"}
        assert column(inventory, "select detail from problem") == ["2 digests among the tags, left out"]
        outcome = apply(planned(inventory, "app:2"), proxy.url, tmp_path / "j")
    assert [found.status for found in outcome.items] == [Status.DONE]
