"""Plans are carried out on the real registry 2.8.2, and taken back, whatever happens in between."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from realregistry import HTPASSWD, collect, running_registry
from realregistry import Registry as Server
from registryfronts import Break, Hook, Proxy, Reply, make_certificate, running_proxy, running_token_server
from seeds import seeds
from tonnage.apply import Kind, Outcome, Status, apply_plan, default_journal, undo
from tonnage.cli import main
from tonnage.errors import AccessError, DeletionRefusedError, JournalError, RegistryError, UsageError
from tonnage.plan import Action, Item, Plan, Source, read_plan, seal, write_plan
from tonnage.registry import Limits, ReadOnlyRegistry, Registry
from tonnage.sample import Builder, documents
from tonnage.sample.builder import Repository
from tonnage.sample.documents import Descriptor

pytestmark = pytest.mark.integration

HASTY = Limits(requests_per_second=10_000, pause_seconds=0.01)
LOGIN = {"TONNAGE_REGISTRY_USER": "reader", "TONNAGE_REGISTRY_PASSWORD": "secret"}
CACHE = {"storage": {"cache": {"blobdescriptor": "inmemory"}}}
"""As in Debian's shipped configuration: the registry then believes in blobs that were collected."""


class Story:
    """A registry with several kinds of images in two repositories, and a plan that takes some of them."""

    def __init__(self, root: Path) -> None:
        self.builder = Builder(root)
        shared = self.builder.layer(b"shared")
        app, web = self.builder.repository("org/app"), self.builder.repository("org/web")
        self.app = app
        self.children = [self.image(app, shared, name, platform=f"linux/{name}") for name in ("amd64", "arm64")]
        self.children.append(app.attestation(self.children[0]))
        self.index = app.index(self.children, tag="multi")
        self.one = self.image(app, shared, "one", tag="1")
        app.tag("one", self.one.digest)
        self.signature = app.image([self.builder.layer(b"signature")], subject=self.one)
        self.two = self.image(app, shared, "two", tag="2")
        self.old = self.image(web, shared, "old", tag="old")
        self.new = self.image(web, shared, "new", tag="new")

    def image(self, repo: Repository, shared: Descriptor, name: str, **options: Any) -> Descriptor:
        """Push an image of the shared layer and one of its own."""
        return repo.image([shared, self.builder.layer(f"{repo.name} {name}".encode())], docker=name == "old", **options)

    def plan(self) -> Plan:
        """Return a plan for all but `org/app:2` and `org/web:new`."""
        app = [(self.index, ["multi"]), *((child, []) for child in self.children)]
        app += [(self.one, ["1", "one"]), (self.signature, [])]
        return plan_of(*(item(digest, "org/app", tags) for digest, tags in app), item(self.old, "org/web", ["old"]))


def item(manifest: Descriptor | str, repository: str, tags: list[str], action: Action = Action.DELETE_MANIFEST) -> Item:
    """Return an item of a plan."""
    digest = manifest if isinstance(manifest, str) else manifest.digest
    return Item(
        action=action, repository=repository, digest=digest, tags=tags, kind="image", reason="to see", size_bytes=1
    )


def plan_of(*items: Item) -> Plan:
    """Return a plan of these items."""
    source = Source(location="x", scan_id=1, finished_at="2026-01-01T00:00:00Z", stored_bytes=1)
    return seal(Plan(created_at="2026-01-01T00:00:00Z", source=source, goal="a test", items=list(items)))


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A registry's storage, and the plan for it."""
    return Story(tmp_path / "registry")


@contextmanager
def proxied(story: Story, hook: Hook | None = None, **options: Any) -> Iterator[tuple[Server, Proxy]]:
    """Serve a story's storage, with a proxy before it that writes down what is asked."""
    with running_registry(story.builder.root, **options) as server, running_proxy(server.host, hook) as proxy:
        yield server, proxy


def run(
    plan: Plan,
    url: str,
    journal: Path,
    *,
    confirmed: bool = True,
    environment: Mapping[str, str] | None = None,
    **at: Any,
) -> Outcome:
    """Apply a plan."""
    kind = Registry if confirmed else ReadOnlyRegistry
    with kind.at(url, limits=HASTY, environment=environment or {"HOME": "/nowhere"}, **at) as registry:
        return apply_plan(plan, registry, journal, confirmed=plan.id if confirmed else "")


def take_back(url: str, journal: Path, plan: Plan, *, confirmed: bool = True) -> Outcome:
    """Undo a plan."""
    with Registry.at(url, limits=HASTY, environment={"HOME": "/nowhere"}) as registry:
        return undo(journal, registry, confirmed=plan.id if confirmed else "")


def statuses(outcome: Outcome) -> list[str]:
    """Return how each item ended, and why."""
    return [str(found.kind or found.status) for found in outcome.items]


def tags_of(server: Server, repository: str) -> dict[str, str]:
    """Return where the tags of a repository lead."""
    names = json.loads(server.get(f"/v2/{repository}/tags/list").body).get("tags") or []
    answers = {name: server.get_manifest(repository, name) for name in names}
    return {name: documents.digest_of(answer.body) for name, answer in answers.items() if answer.status == 200}


def pulls(server: Server, repository: str, reference: str) -> bool:
    """Return whether all of an image, or of all images of an index, comes back byte for byte."""
    answer = server.get_manifest(repository, reference)
    if answer.status != 200:
        return False
    manifest = json.loads(answer.body)
    blobs = [manifest.get("config"), *manifest.get("layers", [])]
    bodies = {blob["digest"]: server.get(f"/v2/{repository}/blobs/{blob['digest']}").body for blob in blobs if blob}
    are_whole = all(documents.digest_of(body) == digest for digest, body in bodies.items())
    return are_whole and all(pulls(server, repository, child["digest"]) for child in manifest.get("manifests", []))


def tree(root: Path) -> dict[str, bytes]:
    """Return every file of a storage."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def links(root: Path) -> set[str]:
    """Return the links of revisions and tags. The links of layers to manifests, which 2.8.2 removes, are not needed."""
    return {path for path in tree(root) if path.endswith("/link") and "/_manifests/" in path}


def cli(*arguments: str) -> int:
    """Run the program; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


@pytest.fixture
def files(story: Story, tmp_path: Path) -> tuple[Path, Path]:
    """The plan in a file, and where its journal will be."""
    path = tmp_path / "plan.json"
    path.write_text(write_plan(story.plan()))
    return path, default_journal(path, story.plan())


class TestApply:
    """What a plan says goes, in its order, and nothing else."""

    def test_what_the_plan_says_goes_and_the_rest_stays_whole(self, story: Story, tmp_path: Path) -> None:
        """After the collection too: deleted manifests are gone with their own layers, the others pull completely."""
        plan = story.plan()
        with proxied(story) as (server, proxy):
            outcome = run(plan, proxy.url, tmp_path / "j")
            assert statuses(outcome) == ["done"] * 7
            assert tags_of(server, "org/app") == {"2": story.two.digest}
            assert tags_of(server, "org/web") == {"new": story.new.digest}
        of_app = [path.rpartition("/")[2] for path in proxy.paths("DELETE") if "org/app" in path]
        assert of_app == [found.digest for found in plan.items if found.repository == "org/app"]
        assert proxy.count("PUT") == 0
        collected = collect(story.builder.root)
        assert {found.digest for found in plan.items} <= collected.eligible_blobs
        with running_registry(story.builder.root) as server:
            assert pulls(server, "org/app", "2")
            assert pulls(server, "org/web", "new")

    def test_a_dry_run_says_the_same_and_changes_nothing(self, story: Story, tmp_path: Path) -> None:
        """It sends GET and HEAD only, writes no journal, and takes each item for deleted when it looks at the next."""
        before = tree(story.builder.root)
        with proxied(story) as (_, proxy):
            outcome = run(story.plan(), proxy.url, tmp_path / "j", confirmed=False)
        assert statuses(outcome) == ["ready"] * 7
        assert {method for method, _, _ in proxy.seen} == {"GET", "HEAD"}
        assert tree(story.builder.root) == before
        assert not (tmp_path / "j").exists()

    @pytest.mark.parametrize("seed", seeds(0, 3))
    def test_no_dry_run_ever_sends_a_change(self, story: Story, tmp_path: Path, seed: int) -> None:
        """Whatever the plan: items left out, twice, in any order, with tags and digests that are wrong or none's."""
        rng = random.Random(seed)
        digests = [found.digest for found in story.plan().items] + [documents.digest_of(b"none")]
        tags = [[], ["multi"], ["1"], ["1", "one"], ["2"], ["gone"]]
        items = [
            item(rng.choice(digests), rng.choice(["org/app", "org/web", "none"]), rng.choice(tags), action)
            for action in rng.choices(list(Action), k=12)
            if action is Action.DELETE_MANIFEST or (tags := [["1"], ["one"], ["gone"]])
        ]
        with proxied(story) as (_, proxy), Registry.at(proxy.url, limits=HASTY, environment={}) as registry:
            plan = plan_of(*items)
            apply_plan(plan, registry, tmp_path / "j")  # a Registry, which could
        assert proxy.seen
        assert {method for method, _, _ in proxy.seen} <= {"GET", "HEAD"}

    def test_only_this_plan_can_be_confirmed(self, story: Story, tmp_path: Path) -> None:
        """Another id, or a registry that is only read, is refused before anything is sent."""
        plan = story.plan()
        with proxied(story) as (_, proxy), Registry.at(proxy.url, environment={}) as registry:
            with pytest.raises(UsageError, match="was confirmed and this is plan"):
                apply_plan(plan, registry, tmp_path / "j", confirmed="another")
            with pytest.raises(TypeError):
                apply_plan(plan, registry.as_read_only(), tmp_path / "j", confirmed=plan.id)
        assert proxy.count("DELETE") == 0

    def test_a_tag_alone_cannot_go_from_2_x(self, story: Story, tmp_path: Path) -> None:
        """The item is skipped and says why; the last tag of a digest is not even tried."""
        plan = plan_of(
            item(story.one, "org/app", ["one"], Action.DELETE_TAG), item(story.two, "org/app", ["2"], Action.DELETE_TAG)
        )
        with proxied(story) as (server, proxy):
            outcome = run(plan, proxy.url, tmp_path / "j")
            assert statuses(outcome) == [Kind.UNSUPPORTED, Kind.NO_SIBLING]
            assert "DIGEST_INVALID" in outcome.items[0].reason
            assert proxy.count("DELETE") == 1
            assert tags_of(server, "org/app")["one"] == story.one.digest

    def test_a_tag_alone_goes_from_3_x_and_comes_back(self, story: Story, tmp_path: Path) -> None:
        """Its sibling keeps the revision. The deletion itself is played here: 2.8.2 has none."""

        def hook(method: str, path: str) -> Reply | None:
            if method != "DELETE":
                return None
            assert path == "/v2/org/app/manifests/one"
            story.app.untag("one")
            return Reply(202)

        plan = plan_of(item(story.one, "org/app", ["one"], Action.DELETE_TAG))
        with proxied(story, hook) as (server, proxy):
            before = tags_of(server, "org/app")
            assert statuses(run(plan, proxy.url, tmp_path / "j")) == ["done"]
            assert tags_of(server, "org/app") == {tag: digest for tag, digest in before.items() if tag != "one"}
            assert statuses(take_back(proxy.url, tmp_path / "j", plan)) == ["done"]
            assert tags_of(server, "org/app") == before

    def test_schema_1_is_saved_and_deleted(self, story: Story, tmp_path: Path) -> None:
        """The registry signs it again each time it is read; its digest is that of what was signed."""
        old = story.app.schema1([story.builder.layer(b"very old")], tag="schema1")
        with proxied(story) as (_, proxy):
            assert statuses(run(plan_of(item(old, "org/app", ["schema1"])), proxy.url, tmp_path / "j")) == ["done"]


class TestRecheck:
    """An item goes only if it is as the plan has it at the moment of its call."""

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ("delete index", ["gone", *["done"] * 6]),
            ("delete one", [*["done"] * 4, "gone", "done", "done"]),
            ("move multi", ["tag moved", *["held"] * 3, *["done"] * 3]),
            ("move one", [*["done"] * 4, "tag moved", "held", "done"]),
            ("new tag on index", ["new tag", *["held"] * 3, *["done"] * 3]),
            ("new tag on child", ["done", "done", "new tag", *["done"] * 4]),
            ("new index", ["done", "in a tagged index", "done", "done", *["done"] * 3]),
            ("nested index", ["done", "in a tagged index", "done", "done", *["done"] * 3]),
            ("remove tag one", [*["done"] * 4, "tag gone", "held", "done"]),
            ("garbage tag", ["unreadable tag", *["held"] * 3, "unreadable tag", "held", "done"]),
            ("garbage index", ["unreadable", *["unreadable tag"] * 4, "held", "done"]),
            ("garbage name", ["done"] * 7),
        ],
    )
    def test_what_was_changed_since_the_plan_stays(
        self, story: Story, tmp_path: Path, change: str, expected: list[str]
    ) -> None:
        """And with it what is its own: the children of an index, the signature of an image. The rest goes."""
        with proxied(story) as (server, proxy):
            CHANGES[change](story, server)
            rehearsed = run(story.plan(), proxy.url, tmp_path / "j", confirmed=False)
            outcome = run(story.plan(), proxy.url, tmp_path / "j")
            assert statuses(outcome) == expected
            assert statuses(rehearsed) == ["ready" if ended == "done" else ended for ended in expected]
            assert all(found.reason for found in outcome.items if found.kind)
            assert pulls(server, "org/app", "2") and pulls(server, "org/web", "new")
            for tag in tags_of(server, "org/app"):
                assert "garbage" in change or pulls(server, "org/app", tag)

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ("move one", [*["done"] * 4, "tag moved", "held", "done"]),
            ("new tag on child", ["done", "done", "new tag", *["done"] * 4]),
            ("new index", ["done", "in a tagged index", "done", "done", *["done"] * 3]),
        ],
    )
    def test_what_is_changed_during_the_run_stays(
        self, story: Story, tmp_path: Path, change: str, expected: list[str]
    ) -> None:
        """The change comes with the first DELETE, when all tags had been resolved already."""
        servers: list[Server] = []

        def hook(method: str, path: str) -> None:
            if method == "DELETE" and servers and "org/app" in path:
                CHANGES[change](story, servers.pop())

        with proxied(story, hook) as (server, proxy):
            servers.append(server)
            assert statuses(run(story.plan(), proxy.url, tmp_path / "j")) == expected

    def test_tags_that_are_old_are_resolved_anew(self, story: Story, tmp_path: Path) -> None:
        """A tag that existed and is moved onto the digest is in no list of new names."""
        from tonnage.apply.current_tags import CurrentTags
        from tonnage.apply.recheck import Recheck, Skip

        with (
            proxied(story) as (server, proxy),
            ReadOnlyRegistry.at(proxy.url, limits=HASTY, environment={}) as registry,
        ):
            now = [0.0]
            recheck = Recheck(registry, CurrentTags(registry, "org/app", now=lambda: now[0]))
            recheck.examine(item(story.index, "org/app", ["multi"]))
            server.put_manifest("org/app", "2", server.get_manifest("org/app", "1").body, documents.OCI_MANIFEST)
            now[0] = 61.0
            found = recheck.examine(item(story.one, "org/app", ["1", "one"]))
        assert isinstance(found, Skip) and found.kind is Kind.NEW_TAG


def _push_again(server: Server, reference: str, tag: str) -> None:
    """Push a manifest of `org/app` under another tag."""
    found = server.get_manifest("org/app", reference)
    assert server.put_manifest("org/app", tag, found.body, found.headers["Content-Type"]).status == 201


def _damage(story: Story, manifest: Descriptor) -> None:
    """Write over a manifest's bytes."""
    story.builder.blob_path(manifest.digest).write_bytes(b"garbage")


def _nested_index(story: Story, server: Server) -> None:
    """Push an index of an index of a planned child."""
    inner = server.push_index("org/app", [story.children[0]])
    server.push_index("org/app", [inner], tag="outer")


CHANGES: dict[str, Callable[[Story, Server], object]] = {
    "delete index": lambda story, server: server.delete_manifest("org/app", story.index.digest),
    "delete one": lambda story, server: server.delete_manifest("org/app", story.one.digest),
    "move multi": lambda story, server: _push_again(server, "2", "multi"),
    "move one": lambda story, server: _push_again(server, "2", "one"),
    "new tag on index": lambda story, server: _push_again(server, "multi", "multi-2"),
    "new tag on child": lambda story, server: _push_again(server, story.children[1].digest, "arm"),
    "new index": lambda story, server: server.push_index("org/app", [story.children[0], story.two], tag="mix"),
    "nested index": _nested_index,
    "remove tag one": lambda story, server: story.app.untag("one"),
    "garbage tag": lambda story, server: _damage(story, story.app.image([], tag="damaged", history=[])),
    "garbage index": lambda story, server: _damage(story, story.index),
    "garbage name": lambda story, server: (story.app.path / "_manifests/tags/x+y").mkdir(),
}


class TestAccess:
    """Who may, and what a registry that refuses is told of."""

    def test_basic_auth_from_docker_config(
        self, files: tuple[Path, Path], story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The login is found in docker's file; a wrong one ends with 22 before anything is deleted."""
        plan, _ = files
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        with running_registry(story.builder.root, htpasswd=HTPASSWD) as server:
            for password, expected in (("wrong", 22), ("secret", 0)):
                login = {"auths": {server.host: {"username": "reader", "password": password}}}
                (tmp_path / "config.json").write_text(json.dumps(login))
                options = ("--registry", server.url, "--confirm", story.plan().id, "--rate", "5000")
                assert cli("apply", str(plan), *options) == expected
            assert tags_of(server, "org/app") == {"2": story.two.digest}

    def test_no_login_and_a_wrong_one_are_told_apart(self, story: Story, tmp_path: Path) -> None:
        """Each message has the next step."""
        with running_registry(story.builder.root, htpasswd=HTPASSWD) as server:
            with pytest.raises(AccessError, match="wants a login") as none:
                run(story.plan(), server.url, tmp_path / "j")
            with pytest.raises(AccessError, match=r"refuses user `reader` \(from the environment\)") as wrong:
                run(story.plan(), server.url, tmp_path / "j", environment={**LOGIN, "TONNAGE_REGISTRY_PASSWORD": "x"})
        assert "docker login" in none.value.next_step
        assert "password" in wrong.value.next_step

    def test_token_auth(self, story: Story, tmp_path: Path) -> None:
        """A dry run asks for the right to pull only; the run for that to delete, once per repository."""
        with (
            running_token_server(tmp_path) as tokens,
            running_registry(story.builder.root, extra_config={"auth": tokens.registry_config}) as server,
        ):
            run(story.plan(), server.url, tmp_path / "j", confirmed=False, environment=LOGIN)
            assert set(tokens.scopes) == {"", "repository:org/app:pull", "repository:org/web:pull"}
            tokens.scopes.clear()
            tokens.stale_count = 1
            assert statuses(run(story.plan(), server.url, tmp_path / "j", environment=LOGIN)) == ["done"] * 7
            assert sorted(tokens.scopes) == [
                "",
                "",
                "repository:org/app:delete",
                "repository:org/app:pull",
                "repository:org/web:delete",
                "repository:org/web:pull",
            ]

    def test_a_right_that_lacks_is_named(self, story: Story, tmp_path: Path) -> None:
        """And so is a user the token server does not know."""
        with (
            running_token_server(tmp_path, rights="pull") as tokens,
            running_registry(story.builder.root, extra_config={"auth": tokens.registry_config}) as server,
        ):
            with pytest.raises(AccessError, match=r"does not grant user `reader` .* `repository:org/\w+:delete`"):
                run(story.plan(), server.url, tmp_path / "j", environment=LOGIN)
            with pytest.raises(AccessError, match=r"token server .* refuses user `reader`"):
                run(story.plan(), server.url, tmp_path / "j", environment={**LOGIN, "TONNAGE_REGISTRY_PASSWORD": "x"})

    @pytest.mark.parametrize(
        ("options", "expected", "hint"),
        [
            ({"readonly": True}, "is read-only", "storage.maintenance.readonly.enabled: false"),
            ({"delete": False}, "deletion is switched off", "storage.delete.enabled: true"),
        ],
    )
    def test_a_registry_that_deletes_nothing_says_what_to_change(
        self, story: Story, tmp_path: Path, options: dict[str, bool], expected: str, hint: str
    ) -> None:
        """Both answer 405; the first one ends the run."""
        with proxied(story, **options) as (_, proxy):
            with pytest.raises(DeletionRefusedError, match=expected) as caught:
                run(story.plan(), proxy.url, tmp_path / "j")
            assert hint in caught.value.next_step
            assert 1 <= proxy.count("DELETE") <= 2, "one for each repository under way"
            assert statuses(run(story.plan(), proxy.url, tmp_path / "j", confirmed=False)) == ["ready"] * 7

    def test_an_own_authority(self, story: Story, tmp_path: Path) -> None:
        """Without its certificate the error says so; each mix-up of http and https says what to write."""
        made = make_certificate(tmp_path, "ec")
        tls = {"http": {"tls": {"certificate": str(made.certificate), "key": str(made.key)}}}
        with running_registry(story.builder.root, extra_config=tls) as server:
            secure = f"https://{server.host}"
            with pytest.raises(RegistryError, match="not trusted") as caught:
                run(story.plan(), secure, tmp_path / "j")
            assert "--ca" in caught.value.next_step
            with pytest.raises(RegistryError, match="speaks TLS"):
                run(story.plan(), server.url, tmp_path / "j")
            outcome = run(story.plan(), secure, tmp_path / "j", ca_file=str(made.certificate))
            assert statuses(outcome) == ["done"] * 7
        with running_registry(story.builder.root) as server, pytest.raises(RegistryError, match="does not speak TLS"):
            run(story.plan(), f"https://{server.host}", tmp_path / "j")
        with pytest.raises(UsageError, match="as certificates"):
            run(story.plan(), secure, tmp_path / "j", ca_file=str(made.key))


class TestListings:
    """Catalog and tags, from a server that loses some."""

    names = ("a", "foo", "foo/1st", "foo/bar", "foo/bar/baz", "foo-bar", "foo.z", "z", "z/y")

    @pytest.mark.parametrize("page_size", [1, 2, 3, 5, 100])
    def test_no_repository_and_no_tag_is_lost(self, registry: Builder, page_size: int) -> None:
        """2.8.2 loses `foo` after `foo/1st` at the end of a page, and its link to the next page with it."""
        for number, name in enumerate(self.names):
            repo = registry.repository(name)
            image = repo.image([registry.layer(b"layer")], tag="latest")
            for extra in range(number):
                repo.tag(f"1.{extra}", image.digest)
        with (
            running_registry(registry.root) as server,
            ReadOnlyRegistry.at(server.url, limits=HASTY, environment={}) as client,
        ):
            assert sorted(client.list_repositories(page_size).names) == sorted(self.names)
            for number, name in enumerate(self.names):
                tags = client.list_tags(name, page_size)
                assert sorted(tags.names) == [*(f"1.{extra}" for extra in range(number)), "latest"]
                assert tags.is_complete


class TestFaults:
    """Faults that pass are waited out; a program that is killed goes on."""

    def test_throttling_and_lost_answers_are_survived(self, story: Story, tmp_path: Path) -> None:
        """Every third request fails, each time otherwise; still each item goes, and by one DELETE that succeeds."""
        faults = [Reply(429, {"Retry-After": "0"}), Break.BEFORE, Reply(503), Break.AFTER, Reply(502)]
        asked = iter(range(10**6))

        def hook(method: str, path: str) -> Reply | Break | None:
            number = next(asked)
            return faults[number // 3 % len(faults)] if number % 3 == 2 else None

        with proxied(story, hook) as (server, proxy):
            assert statuses(run(story.plan(), proxy.url, tmp_path / "j")) == ["done"] * 7
            assert tags_of(server, "org/app") == {"2": story.two.digest}
        assert proxy.count("DELETE", 202) == 7

    def test_a_lost_answer_to_a_deletion_counts_as_done(self, story: Story, tmp_path: Path) -> None:
        """Every first DELETE is carried out and never answered: the second finds nothing."""
        heard: set[str] = set()

        def hook(method: str, path: str) -> Break | None:
            is_first = method == "DELETE" and path not in heard
            heard.add(path if method == "DELETE" else "")
            return Break.AFTER if is_first else None

        with proxied(story, hook) as (_, proxy):
            assert statuses(run(story.plan(), proxy.url, tmp_path / "j")) == ["done"] * 7
        assert (proxy.count("DELETE", 202), proxy.count("DELETE", 404)) == (7, 7)

    def test_a_dead_registry_stops_the_run(self, story: Story, tmp_path: Path) -> None:
        """The error says how far it came; the next run does the rest."""
        alive = [True]

        def hook(method: str, path: str) -> Break | None:
            alive[0] = alive[0] and proxy.count("DELETE", 202) < 2
            return None if alive[0] else Break.BEFORE

        with proxied(story, hook) as (_, proxy):
            with pytest.raises(RegistryError) as caught:
                run(story.plan(), proxy.url, tmp_path / "j")
            done_count = proxy.count("DELETE", 202)
            assert 2 <= done_count <= 3, "one more may have been under way in the other repository"
            looked_after_count = int(re.findall(r"(\d+) of 7 items are done", caught.value.message)[0])
            assert done_count - 2 <= looked_after_count <= done_count, (
                "of the last in each repository nobody has seen it"
            )
            proxy.hook = None
            outcome = run(story.plan(), proxy.url, tmp_path / "j")
        assert statuses(outcome) == ["done"] * 7
        assert sum(found.reason == "in an earlier run" for found in outcome.items) == looked_after_count
        assert proxy.count("DELETE", 202) == 7

    def test_killed_at_any_point_it_goes_on(self, story: Story, files: tuple[Path, Path]) -> None:
        """SIGKILL before a DELETE arrives, after it and before its answer, and between two: no item is done twice."""
        plan, journal = files
        points = ["before", "after", "between", "after", "before", "between"]
        running: list[subprocess.Popen[bytes]] = []
        lost: list[str] = []

        def hook(method: str, path: str) -> Break | None:
            point = points[len(running) - 1] if len(running) <= len(points) else ""
            is_delete = method == "DELETE"
            if running[-1].poll() is not None:
                return Break.BEFORE
            if not point or is_delete != (point != "between") or (point == "between" and not deleted(running)):
                return None
            running[-1].kill()
            running[-1].wait()
            if point == "after":
                assert server.delete_manifest("/".join(path.split("/")[2:4]), path.rpartition("/")[2]).status == 202
                lost.append(path)
            return Break.BEFORE

        def deleted(runs: list[subprocess.Popen[bytes]]) -> bool:
            return proxy.count("DELETE", 202) + len(lost) > marks[len(runs) - 1]

        marks: list[int] = []
        with proxied(story, hook) as (server, proxy):
            while not running or running[-1].wait() < 0:
                marks.append(proxy.count("DELETE", 202) + len(lost))
                running.append(start("apply", str(plan), "--registry", proxy.url, "--confirm", story.plan().id))
            assert running[-1].returncode == 0
            assert tags_of(server, "org/app") == {"2": story.two.digest}
            assert pulls(server, "org/app", "2") and pulls(server, "org/web", "new")
        assert [run.returncode for run in running] == [-signal.SIGKILL] * len(points) + [0]
        assert proxy.count("DELETE", 202) + len(lost) == 7
        assert sorted(proxy.paths("DELETE") + lost) == sorted({*proxy.paths("DELETE"), *lost}), "none was sent twice"
        events = [json.loads(line) for line in journal.read_text().splitlines()]
        assert sorted(event["number"] for event in events if event["event"] == "done") == [1, 2, 3, 4, 5, 6, 7]
        assert [e["said"] for e in events if e["event"] == "done"].count("gone after an interrupted call") >= len(lost)

    def test_interrupted_by_hand_it_stops_soon(self, story: Story, files: tuple[Path, Path]) -> None:
        """Ctrl-C while the registry asks for patience: exit code 130, no traceback, and the journal is whole."""
        plan, journal = files
        running: list[subprocess.Popen[bytes]] = []

        def hook(method: str, path: str) -> Reply | None:
            if proxy.count("DELETE", 202) < 1 or method != "DELETE":
                return None
            running[-1].send_signal(signal.SIGINT)
            return Reply(429, {"Retry-After": "60"})

        with proxied(story, hook) as (_, proxy):
            running.append(start("apply", str(plan), "--registry", proxy.url, "--confirm", story.plan().id))
            assert running[-1].wait(timeout=60) == 130
            assert running[-1].stderr
            assert b"Traceback" not in running[-1].stderr.read()
            proxy.hook = None
            assert statuses(run(story.plan(), proxy.url, journal)) == ["done"] * 7


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start the program in a process of its own."""
    command = [sys.executable, "-c", "from tonnage.cli import main; main()", *arguments, "--rate", "5000", "-q"]
    environment = {**os.environ, "HOME": "/nowhere"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class TestJournal:
    """One journal for one plan on one registry, and for one program at a time."""

    def test_a_journal_serves_one_plan_and_one_registry(self, story: Story, tmp_path: Path) -> None:
        """Another plan needs another journal, and undo the same registry."""
        with proxied(story) as (server, proxy):
            run(story.plan(), proxy.url, tmp_path / "j")
            with pytest.raises(JournalError, match="is the journal of plan"):
                run(plan_of(item(story.two, "org/app", ["2"])), proxy.url, tmp_path / "j")
            with pytest.raises(JournalError, match="is of the registry"):
                take_back(server.url, tmp_path / "j", story.plan())
            assert tags_of(server, "org/app") == {"2": story.two.digest}

    def test_two_at_once_are_refused(self, story: Story, tmp_path: Path) -> None:
        """The second says that the journal is in use."""
        from tonnage.apply.journal import open_journal

        with proxied(story) as (_, proxy), open_journal(tmp_path / "j", story.plan().id, proxy.url):
            with pytest.raises(JournalError, match="is in use"):
                run(story.plan(), proxy.url, tmp_path / "j")
            assert proxy.count("DELETE") == 0

    @pytest.mark.parametrize("torn", [b'{"event":"done","num', b'{"event":"call"', b"\xff"])
    def test_a_torn_last_line_is_cut(self, story: Story, tmp_path: Path, torn: bytes) -> None:
        """As a crash leaves it. A broken line in the middle is an error."""
        journal = tmp_path / "j"
        with proxied(story) as (_, proxy):
            run(story.plan(), proxy.url, journal)
            whole = journal.read_bytes()
            journal.write_bytes(whole + torn)
            assert statuses(run(story.plan(), proxy.url, journal)) == ["done"] * 7
            assert journal.read_bytes() == whole
            first, *others = whole.splitlines(keepends=True)
            journal.write_bytes(b"".join([first, torn, b"\n", *others]))
            with pytest.raises(JournalError, match="line 2 of"):
                run(story.plan(), proxy.url, journal)

    @pytest.mark.parametrize("content", [b"a file of somebody's", b"\n\0", b"{}", b'{"event":"call"}\n{"ev', b"\n"])
    def test_another_file_is_no_journal_and_stays_as_it_is(self, story: Story, tmp_path: Path, content: bytes) -> None:
        """Nothing is cut from it, nothing added to it, and nothing deleted with it."""
        named = tmp_path / "named"
        named.write_bytes(content)
        with proxied(story) as (_, proxy):
            with pytest.raises(JournalError, match="is not a journal"):
                run(story.plan(), proxy.url, named)
            assert proxy.count("DELETE") == 0
        assert named.read_bytes() == content

    def test_journals_put_together_are_none(self, story: Story, tmp_path: Path) -> None:
        """What the one has done is not what the other has."""
        with proxied(story) as (_, proxy):
            run(plan_of(), proxy.url, tmp_path / "other")
            run(story.plan(), proxy.url, tmp_path / "j")
            (tmp_path / "both").write_bytes((tmp_path / "j").read_bytes() + (tmp_path / "other").read_bytes())
            with pytest.raises(JournalError, match="begins another"):
                take_back(proxy.url, tmp_path / "both", story.plan())

    def test_nothing_is_deleted_without_a_journal_and_a_backup(self, story: Story, tmp_path: Path) -> None:
        """A folder that cannot be written ends the run before the first call."""
        (tmp_path / "j.manifests").write_text("a file where the folder should be")
        with proxied(story) as (_, proxy):
            with pytest.raises(JournalError, match="cannot write"):
                run(story.plan(), proxy.url, tmp_path / "none" / "j")
            with pytest.raises(JournalError, match="cannot save a manifest"):
                run(story.plan(), proxy.url, tmp_path / "j.journal")
            assert proxy.count("DELETE") == 0


class TestUndo:
    """Until the registry collects, everything can be brought back."""

    @pytest.mark.parametrize("extra", [{}, CACHE], ids=["plain", "with cache"])
    def test_before_the_collection_all_comes_back(self, story: Story, tmp_path: Path, extra: dict[str, Any]) -> None:
        """Every tag and every manifest, byte for byte; a collection then frees no more than before."""
        root = story.builder.root
        links_before, before = links(root), collect(root, dry_run=True)
        with proxied(story, extra_config=extra) as (server, proxy):
            tags = {name: tags_of(server, name) for name in ("org/app", "org/web")}
            run(story.plan(), proxy.url, tmp_path / "j")
            assert statuses(take_back(proxy.url, tmp_path / "j", story.plan(), confirmed=False)) == ["ready"] * 7
            assert proxy.count("PUT") == 0
            assert statuses(take_back(proxy.url, tmp_path / "j", story.plan())) == ["done"] * 7
            assert {name: tags_of(server, name) for name in tags} == tags
            for found in story.plan().items:
                assert pulls(server, found.repository, found.digest)
            assert statuses(take_back(proxy.url, tmp_path / "j", story.plan())) == [], "nothing is left to take back"
        assert links(root) == links_before
        assert collect(root, dry_run=True) == before

    def test_what_was_taken_back_can_be_applied_again(self, story: Story, tmp_path: Path) -> None:
        """The journal knows that it is no longer done."""
        with proxied(story) as (server, proxy):
            run(story.plan(), proxy.url, tmp_path / "j")
            take_back(proxy.url, tmp_path / "j", story.plan())
            assert statuses(run(story.plan(), proxy.url, tmp_path / "j")) == ["done"] * 7
            assert tags_of(server, "org/app") == {"2": story.two.digest}

    @pytest.mark.parametrize("is_restarted", [True, False])
    @pytest.mark.parametrize("extra", [{}, CACHE], ids=["plain", "with cache"])
    def test_after_the_collection_it_fails_clearly(
        self, story: Story, tmp_path: Path, extra: dict[str, Any], is_restarted: bool
    ) -> None:
        """Also where the registry was not restarted and its cache would have taken the push: nothing broken is made."""
        plan, root = story.plan(), story.builder.root
        with proxied(story, extra_config=extra) as (server, proxy):
            for found in plan.items:
                pulls(server, found.repository, found.digest)  # so that the cache knows every blob
            run(plan, proxy.url, tmp_path / "j")
            assert collect(root).exit_code == 0
            url = proxy.url
            if not is_restarted:
                self.check_failure(take_back(url, tmp_path / "j", plan), server)
        if is_restarted:
            port = int(url.rpartition(":")[2])
            with running_registry(root, extra_config={**extra, "http": {"addr": f"127.0.0.1:{port}"}}) as server:
                self.check_failure(take_back(url, tmp_path / "j", plan), server)

    def check_failure(self, outcome: Outcome, server: Server) -> None:
        """Nothing was restored, nothing is broken, and the reason names a blob."""
        assert all(found.status is Status.FAILED for found in outcome.items), statuses(outcome)
        assert {found.kind for found in outcome.items} <= {Kind.BLOBS_GONE, Kind.CHILD_GONE, Kind.REFUSED}
        image = next(found for found in outcome.items if found.item.tags == ["old"])
        assert image.kind is Kind.BLOBS_GONE
        assert "has collected what it refers to: `sha256:" in image.reason
        assert set(tags_of(server, "org/app")) <= {"2", "multi"}
        assert tags_of(server, "org/web").keys() == {"new"}

    def test_what_was_missing_before_is_said_so(
        self, story: Story, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An index without one platform, and one above it: the registry takes neither again, and nothing was collected."""
        outer = story.app.index([story.index], tag="outer")
        story.app.delete(story.children[1].digest)
        plan, inventory = tmp_path / "plan.json", tmp_path / "i.duckdb"
        assert cli("scan", str(story.builder.root), "-i", str(inventory), "--quiet") in (0, 3)
        assert cli("plan", "org/app:outer", "org/app:multi", "-i", str(inventory), "-o", str(plan)) == 0
        wanted = read_plan(plan.read_bytes())
        final = {item.digest for item in wanted.items if item.final_because}
        assert final == {outer.digest, story.index.digest}
        with proxied(story) as (_, proxy):
            options = ("--registry", proxy.url, "--rate", "5000")
            assert cli("apply", str(plan), *options, "--dry-run") == 0
            assert capsys.readouterr().out.count("cannot be taken back") == 2
            assert cli("apply", str(plan), *options, "--confirm", wanted.id) == 0
            outcome = take_back(proxy.url, default_journal(plan, wanted), wanted)
        assert sorted(statuses(outcome)) == ["done", "done", "missing before", "missing before"]
        assert all("was missing before it was deleted" in found.reason for found in outcome.items if found.kind)

    def test_a_tag_that_is_used_again_is_left_alone(self, story: Story, tmp_path: Path) -> None:
        """Its image comes back by digest and by its other tags."""
        with proxied(story) as (server, proxy):
            run(story.plan(), proxy.url, tmp_path / "j")
            _push_again(server, "2", "one")
            outcome = take_back(proxy.url, tmp_path / "j", story.plan())
            assert sorted(statuses(outcome)) == ["done"] * 6 + ["tag taken"]
            found = tags_of(server, "org/app")
            assert (found["one"], found["1"]) == (story.two.digest, story.one.digest)

    def test_a_run_that_was_cut_off_can_be_taken_back(self, story: Story, tmp_path: Path) -> None:
        """Calls without an answer too, whether they were carried out or not."""
        journal = tmp_path / "j"
        with proxied(story) as (server, proxy):
            tags = tags_of(server, "org/app")
            run(story.plan(), proxy.url, journal)
            lines = [line for line in journal.read_bytes().splitlines(keepends=True) if b'"done"' not in line]
            journal.write_bytes(b"".join(lines))
            assert statuses(take_back(proxy.url, journal, story.plan())) == ["done"] * 7
            assert tags_of(server, "org/app") == tags

    def test_a_damaged_backup_is_not_pushed(self, story: Story, tmp_path: Path) -> None:
        """Its item fails, the others come back."""
        with proxied(story) as (_, proxy):
            run(story.plan(), proxy.url, tmp_path / "j.journal")
            (tmp_path / "j.manifests" / story.one.digest.replace(":", "-")).write_bytes(b"{}")
            outcome = take_back(proxy.url, tmp_path / "j.journal", story.plan())
        assert sorted(statuses(outcome)) == ["done"] * 6 + ["no backup"]


class TestCommands:
    """The same from the command line."""

    def test_without_confirmation_it_is_a_dry_run(
        self, files: tuple[Path, Path], story: Story, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It lists what would go, and says how to let it go."""
        plan, journal = files
        with proxied(story) as (_, proxy):
            assert cli("apply", str(plan), "--registry", proxy.url, "--rate", "5000") == 0
        out, err = capsys.readouterr()
        assert out.count("ready   org/") == 7
        assert "dry run, nothing was changed: 7 of 7 would be deleted" in err
        assert f"--confirm {story.plan().id}" in err
        assert proxy.count("DELETE") == 0
        assert not journal.exists()

    def test_apply_and_undo(self, files: tuple[Path, Path], story: Story, capsys: pytest.CaptureFixture[str]) -> None:
        """Confirmed, applied, taken back; each says the next step, and what is left has its reason."""
        plan, journal = files
        with proxied(story) as (server, proxy):
            options = ("--registry", proxy.url, "--rate", "5000")
            tags = tags_of(server, "org/app")
            assert cli("apply", str(plan), *options, "--confirm", "another") == 2
            _push_again(server, "2", "one")
            assert cli("apply", str(plan), *options, "--confirm", story.plan().id) == 25
            out, err = capsys.readouterr()
            assert "5 of 7 deleted, 2 skipped, 0 failed" in err
            assert f"tonnage undo {journal}" in err
            assert "tag moved: tag `one` points to" in out
            assert cli("undo", str(journal), *options) == 0
            assert proxy.count("PUT") == 0
            assert cli("undo", str(journal), *options, "--confirm", story.plan().id, "--json") == 0
            document = msgspec.json.decode(capsys.readouterr().out.partition("{\n")[2].join(["{\n", ""]))
            assert document["version"] == 1
            assert [found["status"] for found in document["items"]] == ["done"] * 5
            assert tags_of(server, "org/app") == {**tags, "one": story.two.digest}

    def test_a_journal_that_is_not_there(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Nothing is asked of the registry, and nothing to be confirmed."""
        options = ("--registry", "http://127.0.0.1:1", "--confirm", "any")
        assert cli("undo", str(tmp_path / "none.journal"), *options) == 24
        assert "no journal at" in capsys.readouterr().err

    @pytest.mark.parametrize(("answer", "expected"), [("y", 7), ("n", 0), ("", 0)])
    def test_on_a_terminal_it_asks(self, files: tuple[Path, Path], story: Story, answer: str, expected: int) -> None:
        """Only a yes deletes; the summary stands before the question."""
        controller, terminal = pty.openpty()
        with proxied(story) as (_, proxy):
            command = [sys.executable, "-c", "from tonnage.cli import main; main()", "apply", str(files[0])]
            command += ["--registry", proxy.url, "--rate", "5000"]
            asking = subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal)
            os.write(controller, f"{answer}\n".encode())
            assert asking.wait(timeout=60) == 0
            assert proxy.count("DELETE", 202) == expected
        shown = os.read(controller, 100_000).decode()
        os.close(terminal)
        os.close(controller)
        assert shown.index("deletes 7 items with 4 tags in 2 repositories") < shown.index("Delete this?")
        assert (f"{expected} of 7 deleted" in shown) == (expected > 0)

    def test_a_changed_plan_is_refused(self, files: tuple[Path, Path], story: Story) -> None:
        """A plan is what was reviewed, or none."""
        plan, _ = files
        plan.write_text(plan.read_text().replace(story.one.digest, story.two.digest))
        assert cli("apply", str(plan), "--registry", "http://127.0.0.1:1", "--confirm", story.plan().id) == 11

    def test_no_registry_there(self, files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
        """Exit code 21, soon, with the address."""
        assert cli("apply", str(files[0]), "--registry", "http://127.0.0.1:1") == 21
        assert "cannot reach `http://127.0.0.1:1/`" in capsys.readouterr().err
