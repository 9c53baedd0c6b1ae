"""Somebody else changes the registry while a plan is applied, at each moment there is: nobody loses an image by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from test_apply import Story, cli, item, plan_of, proxied, pulls, run, statuses, tags_of, take_back

from realregistry import Registry as Server
from registryfronts import Break, Reply
from tonnage.apply import Outcome, Status
from tonnage.plan import Action, write_plan

pytestmark = pytest.mark.integration


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A registry's storage, and the plan for it."""
    return Story(tmp_path / "registry")


class Moment:
    """A hook that does something once: with the n-th request of a kind, before the registry sees it or after."""

    def __init__(self, method: str, part: str, number: int, change: Callable[[], object]) -> None:
        self.method, self.part, self.number, self.change = method, part, number, change

    def __call__(self, method: str, path: str) -> None:
        if method == self.method and self.part in path:
            self.number -= 1
            if self.number == 0:
                self.change()


def push_again(server: Server, digest: str, tag: str) -> None:
    """Lead a tag to a manifest of `org/app`, as a roll-back does."""
    found = server.get_manifest("org/app", digest)
    if found.status == 200:
        server.put_manifest("org/app", tag, found.body, found.headers["Content-Type"])


def moves(story: Story) -> dict[str, tuple[str, str]]:
    """Return the digests that tag `2`, which is in no plan, is moved onto."""
    return {
        "index": (story.index.digest, "2"),
        "image": (story.one.digest, "2"),
        "child": (story.children[1].digest, "2"),
    }


def check_nothing_lost(story: Story, server: Server, outcome: Outcome) -> None:
    """Every tag that is listed pulls, tag `2` is among them, and what was put back is said."""
    found = tags_of(server, "org/app")
    assert "2" in found
    for tag in found:
        assert pulls(server, "org/app", tag), tag
    if found["2"] != story.two.digest:
        back = [o for o in outcome.items if o.item.digest == found["2"]]
        assert [o.status for o in back] != [Status.DONE]


class TestMovedTags:
    """A tag that is moved onto something planned is there afterwards, and pulls."""

    @pytest.mark.parametrize("target", ["index", "image", "child"])
    @pytest.mark.parametrize("number", range(1, 7))
    def test_right_before_any_deletion(self, story: Story, tmp_path: Path, target: str, number: int) -> None:
        """Between the look and the call, where no look before can see it."""
        digest, tag = moves(story)[target]
        with proxied(story) as (server, proxy):
            moment = Moment("DELETE", "/org/app/", number, lambda: push_again(server, digest, tag))
            proxy.hook = moment
            outcome = run(story.plan(), proxy.url, tmp_path / "j")
            assert moment.number <= 0 or "put back" in statuses(outcome) or "new tag" in statuses(outcome)
            check_nothing_lost(story, server, outcome)
            assert tags_of(server, "org/web") == {"new": story.new.digest}
            take_back(proxy.url, tmp_path / "j", story.plan())
            check_nothing_lost(story, server, outcome)
            assert {"multi", "1", "one"} <= tags_of(server, "org/app").keys()

    def test_it_is_put_back_at_once_journalled_and_reported(
        self, story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Exit code 25; undo then brings back the rest and leaves the tag where somebody moved it."""
        plan = plan_of(item(story.one, "org/app", ["1", "one"]), item(story.old, "org/web", ["old"]))
        path, journal = tmp_path / "plan.json", tmp_path / "j.journal"
        path.write_text(write_plan(plan))
        with proxied(story) as (server, proxy):
            proxy.hook = Moment("DELETE", "/org/app/", 1, lambda: push_again(server, story.one.digest, "2"))
            options = ("--registry", proxy.url, "--rate", "5000", "--journal", str(journal), "--confirm", plan.id)
            assert cli("apply", str(path), *options) == 25
            out = capsys.readouterr().out
            assert "put back: tag `2` was moved onto it just then" in out
            assert tags_of(server, "org/app")["2"] == story.one.digest
            assert proxy.paths("PUT")[0].endswith(story.one.digest)
            assert cli("undo", str(journal), "--registry", proxy.url, "--rate", "5000", "--confirm", plan.id) == 0
            assert tags_of(server, "org/app")["2"] == story.one.digest
        events = [json.loads(line) for line in journal.read_text().splitlines()]
        kinds = [e["event"] for e in events if e.get("number") == 1]
        assert kinds == ["call", "lost", "restored", "left"]
        assert next(e for e in events if e["event"] == "lost")["tags"] == ["2"]

    @pytest.mark.parametrize("number", range(1, 7))
    def test_onto_a_new_index_that_lists_something_planned(self, story: Story, tmp_path: Path, number: int) -> None:
        """The tag stays, and what it lists would be gone: so it is brought back."""

        def change(server: Server) -> None:
            children = [
                c for c in (story.children[1], story.two) if server.get_manifest("org/app", c.digest).status == 200
            ]
            server.push_index("org/app", children, tag="2")

        with proxied(story) as (server, proxy):
            proxy.hook = Moment("DELETE", "/org/app/", number, lambda: change(server))
            outcome = run(story.plan(), proxy.url, tmp_path / "j")
            check_nothing_lost(story, server, outcome)

    def test_moved_while_the_registry_deletes(self, story: Story, tmp_path: Path) -> None:
        """The revision is gone and the tag points to it: listed, and no longer there."""
        plan = plan_of(item(story.one, "org/app", ["1", "one"]))
        with proxied(story) as (server, proxy):
            link = story.app.path / "_manifests/tags/2/current/link"

            def after(method: str, path: str) -> None:
                if method == "GET" and path.endswith(story.one.digest) and proxy.count("DELETE"):
                    proxy.hook = None
                    link.write_text(story.one.digest)

            proxy.hook = after
            outcome = run(plan, proxy.url, tmp_path / "j")
            assert statuses(outcome) == ["put back"]
            assert tags_of(server, "org/app")["2"] == story.one.digest

    def test_what_cannot_be_put_back_is_said(self, story: Story, tmp_path: Path) -> None:
        """The user may not push: the item has failed, and undo by another one brings it back."""
        plan = plan_of(item(story.one, "org/app", ["1", "one"]))
        with proxied(story) as (server, proxy):
            moment = Moment("DELETE", "/org/app/", 1, lambda: push_again(server, story.one.digest, "2"))
            proxy.hook = lambda method, path: Reply(403) if method == "PUT" else moment(method, path)
            outcome = run(plan, proxy.url, tmp_path / "j")
            assert statuses(outcome) == ["lost"]
            assert "cannot be put back" in outcome.items[0].reason and "tag `2`" in outcome.items[0].reason
            proxy.hook = None
            assert statuses(run(plan, proxy.url, tmp_path / "j")) == ["put back"], "the next run tries again"
            assert tags_of(server, "org/app")["2"] == story.one.digest

    def test_what_somebody_else_deletes_at_the_same_time_stays_deleted(self, story: Story, tmp_path: Path) -> None:
        """With what it led to: that was no move."""
        plan = plan_of(item(story.one, "org/app", ["1", "one"]))
        with proxied(story) as (server, proxy):
            proxy.hook = Moment("DELETE", "/org/app/", 1, lambda: server.delete_manifest("org/app", story.two.digest))
            assert statuses(run(plan, proxy.url, tmp_path / "j")) == ["done"]
            assert tags_of(server, "org/app") == {"multi": story.index.digest}


class TestInterrupted:
    """The program dies between the call and the look after it, at every request there is: the next run looks."""

    @pytest.mark.parametrize("dies_at", range(1, 12))
    def test_a_tag_lost_by_a_call_that_nobody_looked_after_is_put_back(
        self, story: Story, tmp_path: Path, dies_at: int
    ) -> None:
        """Counted from the deletion on; by the next run, or by undo."""
        plan = plan_of(item(story.one, "org/app", ["1", "one"]))
        with proxied(story) as (server, proxy):
            count = [0]

            def hook(method: str, path: str) -> Break | None:
                if method == "DELETE" and not count[0]:
                    push_again(server, story.one.digest, "2")
                    count[0] = 1
                    return None
                count[0] += bool(count[0])
                return Break.BEFORE if count[0] > dies_at else None

            proxy.hook = hook
            try:
                run(plan, proxy.url, tmp_path / "j")
            except Exception as error:
                assert "ends the connection" in str(error)
            proxy.hook = None
            outcome = run(plan, proxy.url, tmp_path / "j")
            assert outcome.left_count == 1
            found = tags_of(server, "org/app")
            assert found["2"] == story.one.digest
            assert pulls(server, "org/app", "2")


class TestLyingDeletions:
    """What a registry answers is one thing, what it has afterwards another."""

    def test_202_and_nothing_deleted(self, story: Story, tmp_path: Path) -> None:
        """The look after the call finds it out; nothing counts as done."""
        with proxied(story, lambda method, path: Reply(202) if method == "DELETE" else None) as (server, proxy):
            outcome = run(story.plan(), proxy.url, tmp_path / "j")
            assert "not deleted" in statuses(outcome)
            assert outcome.count(Status.DONE) == 0
            assert "multi" in tags_of(server, "org/app")

    def test_a_deletion_by_tag_that_takes_its_siblings(self, story: Story, tmp_path: Path) -> None:
        """Some registries delete the manifest when asked to delete a tag."""

        def hook(method: str, path: str) -> Reply | None:
            if method == "DELETE" and path.endswith("/one"):
                return Reply(server.delete_manifest("org/app", story.one.digest).status)
            return None

        plan = plan_of(item(story.one, "org/app", ["one"], Action.DELETE_TAG))
        with proxied(story, hook) as (server, proxy):
            outcome = run(plan, proxy.url, tmp_path / "j")
            assert statuses(outcome) == ["put back"]
            assert tags_of(server, "org/app")["1"] == story.one.digest
