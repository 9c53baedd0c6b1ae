"""Plans: what they take, what they keep, in which order, and that what they predict is what a second count gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb
import msgspec
import pytest

from scanning import scan_tree
from tonnage.errors import UsageError
from tonnage.formats.references import parse_in_use, parse_reference
from tonnage.formats.targets import parse_target
from tonnage.inventory.database import Inventory
from tonnage.plan import Action, Plan, PlanError, confirm, read_plan, write_plan
from tonnage.planning.guards import IncompleteKnowledgeError
from tonnage.planning.plan_text import explain
from tonnage.planning.planner import Wanted, make_plan
from tonnage.planning.policy import parse_policy
from tonnage.planning.units import GoalUnreachableError
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ID = "4f" * 32


def planned(
    registry: Builder,
    *targets: str,
    policy: str = "",
    in_use: str = "",
    tags: list[tuple[str, str, str]] | None = None,
    **wanted: object,
) -> Plan:
    """Scan and plan."""
    inventory = registry.root.parent / "inventory.duckdb"
    scan_tree(registry.root, inventory)
    with Inventory(str(inventory), tags) as opened:
        return make_plan(
            opened,
            Wanted(
                targets=tuple(map(parse_target, targets)),
                policy=parse_policy(policy) if policy else None,
                in_use=tuple(map(parse_reference, in_use.split())),
                given_tags_count=None if tags is None else len(tags),
                **wanted,  # type: ignore[arg-type]
            ),
            NOW,
        )


def goes(plan: Plan) -> list[tuple[str, str]]:
    """Return repository and tags of each item, in the order of the calls."""
    return [(item.repository, " ".join(item.tags)) for item in plan.items]


def stays(plan: Plan) -> dict[str, str]:
    """Return why each candidate stays, by repository and tag."""
    return {f"{kept.repository}:{' '.join(kept.tags)}": kept.reason for kept in plan.kept}


def push(registry: Builder, repository: str, *tags: str, size_bytes: int = 1000) -> None:
    """Push an image with a layer of its own per tag, a day apart."""
    for day, tag in enumerate(tags, 1):
        registry.when = datetime(2026, 10, day, tzinfo=UTC)
        layer = registry.layer(size_bytes=size_bytes, seed=f"{repository}{tag}")
        registry.repository(repository).image([layer], tag=tag, labels={"tag": tag})


def test_policy_decides_with_reasons(registry: Builder) -> None:
    """What goes and what stays both say why; what no rule speaks of is not mentioned."""
    push(registry, "shop/web", "v1", "pr-1", "pr-2", "pr-3", "main")
    push(registry, "other/web", "pr-1")
    policy = '[[rule]]\nrepositories = ["shop/*"]\ndelete_tags = ["pr-*"]\nkeep_last = 2'
    plan = planned(registry, policy=policy)
    assert goes(plan) == [("shop/web", "pr-1")]
    assert stays(plan) == dict.fromkeys(["shop/web:pr-2", "shop/web:pr-3"], "among the last 2")
    assert {item.reason for item in plan.items} == {"matches pr-*"}


def test_images_in_use_stay(registry: Builder) -> None:
    """An image in use stays whatever asks for it to go; one that is not there is noted."""
    push(registry, "shop/web", "1", "2")
    plan = planned(registry, "shop/web", in_use="r.example/shop/web:1 r.example/shop/gone:1")
    assert goes(plan) == [("shop/web", "2")]
    assert stays(plan) == {"shop/web:1": "in use: shop/web:1"}
    assert plan.notes == ["in use, but not in this registry: shop/gone:1"]


def test_an_index_goes_before_its_children_and_a_subject_before_its_referrers(registry: Builder) -> None:
    """Killed in between, nothing tagged is broken."""
    repo = registry.repository("a")
    child = repo.image([registry.layer(b"x")])
    inner = repo.index([child])
    outer = repo.index([inner], tag="1")
    signature = repo.image([registry.layer(b"s")], subject=outer, artifact_type="x/y")
    order = [item.digest for item in planned(registry, "a:1").items]
    assert order.index(outer.digest) < order.index(inner.digest) < order.index(child.digest)
    assert order.index(outer.digest) < order.index(signature.digest)


def test_a_tag_alone_needs_3(registry: Builder) -> None:
    """One of two tags on a digest can be deleted by 3.x alone; for 2.x it stays, and the plan says why."""
    repo = registry.repository("a")
    image = repo.image([registry.layer(b"x")], tag="1")
    repo.tag("latest", image.digest)
    two = planned(registry, "a:1")
    assert two.items == []
    assert "2.x cannot delete a tag alone" in stays(two)["a:1"]
    (item,) = planned(registry, "a:1", registry_version=3).items
    assert (item.action, item.tags) == (Action.DELETE_TAG, ["1"])


def test_predictions(registry: Builder) -> None:
    """The safe figure is what the blobs of the plan add up to; the real collectors are told beside it."""
    push(registry, "a", "1", "2")
    registry.blob(b"orphan")
    plan = planned(registry, "a:1")
    safe, *collectors = plan.predictions
    assert safe.freed_bytes == sum(plan.freed_blobs.values())
    assert [prediction.collector for prediction in collectors] == ["2.x", "2.x -m", "3.x", "3.x -m"]
    assert {prediction.freed_bytes for prediction in collectors} == {safe.freed_bytes}


def test_few_tags_are_refused(registry: Builder) -> None:
    """Where tags live outside of the storage nothing is planned, until they are given."""
    repo = registry.repository("a")
    for number in range(30):
        repo.image([registry.layer(size_bytes=10, seed=str(number))], labels={"n": str(number)})
    with pytest.raises(IncompleteKnowledgeError, match="0 tags for 30 revisions"):
        planned(registry, "a")


@pytest.mark.parametrize("lines", [[], [("b", "1", f"sha256:{'0' * 64}")], [("a", "1", f"sha256:{'0' * 64}")]])
def test_tags_that_lead_nowhere_are_refused(registry: Builder, lines: list[tuple[str, str, str]]) -> None:
    """A file of tags that is empty, or of another registry, must not make everything untagged."""
    push(registry, "a", "1", "2")
    with pytest.raises(IncompleteKnowledgeError, match="none of the"):
        planned(registry, policy='[[rule]]\nrepositories = ["*"]\ndelete_untagged = true', tags=lines)


def test_tags_from_outside(registry: Builder) -> None:
    """Given tags take the place of those in the storage; what of them leads nowhere, and whom they leave out, is noted."""
    kept = registry.repository("a").image([registry.layer(b"1")])
    registry.repository("a").image([registry.layer(b"2")], labels={"x": "y"})
    push(registry, "b", "1")
    tags = [("a", "1", kept.digest), ("a", "2", f"sha256:{'0' * 64}")]
    plan = planned(registry, policy='[[rule]]\nrepositories = ["a"]\ndelete_untagged = true', tags=tags)
    assert len(plan.items) == 1 and plan.items[0].digest != kept.digest
    assert plan.notes == [
        "1 of the 2 tags given lead to nothing in this inventory",
        "1 repositories with images have none of the tags given",
    ]


def test_a_plan_cannot_be_changed_unseen(registry: Builder) -> None:
    """A plan reads back as it was written; with anything changed in it, or none at all, it is refused."""
    push(registry, "a", "1")
    plan = planned(registry, "a")
    text = write_plan(plan)
    assert read_plan(text.encode()) == plan
    with pytest.raises(PlanError, match="changed"):
        read_plan(text.replace('"1"', '"2"').encode())
    for nonsense in ("", "{}", "<html>", '{"version": 99}'):
        with pytest.raises(PlanError):
            read_plan(nonsense.encode())


@pytest.mark.parametrize("digits", [32, 33, 63, 64])
def test_a_plan_is_confirmed_by_enough_of_its_id(registry: Builder, digits: int) -> None:
    """The id is a whole SHA-256, and 32 of its digits confirm the plan."""
    push(registry, "a", "1")
    plan_id = planned(registry, "a").id
    assert len(plan_id) == 64
    assert confirm(plan_id, plan_id[:digits]) == plan_id


@pytest.mark.parametrize(
    "given", ["", "4", ID[:12], ID[:31], f"{ID}4f", f"{ID[:63]}0", f"{ID[:12]}{'0' * 52}", ID.upper()]
)
def test_a_plan_is_not_confirmed_by_less(given: str) -> None:
    """Not by the 12 digits that are shown, and not by those of another plan that begins with the same ones."""
    with pytest.raises(UsageError, match=r"was confirmed and this is plan 4f4f4f4f4f4f|do not confirm a plan"):
        confirm(ID, given)


def test_journals_of_earlier_plans_are_taken_back() -> None:
    """Their ids have 12 digits, which is all there is to confirm."""
    assert confirm(ID[:12], ID[:12]) == ID[:12]


def test_a_plan_of_an_earlier_version_is_refused(registry: Builder) -> None:
    """And says so, rather than that somebody changed it."""
    push(registry, "a", "1")
    text = write_plan(msgspec.structs.replace(planned(registry, "a"), version=1, id=ID[:12]))
    with pytest.raises(PlanError, match="earlier tonnage"):
        read_plan(text.encode())


def test_bytes_wanted(registry: Builder) -> None:
    """The cheapest set that frees enough: one large tag rather than two small ones, and never a protected one."""
    push(registry, "small", "1", "2", "3", size_bytes=1_000_000)
    push(registry, "large", "1", size_bytes=5_000_000)
    assert goes(planned(registry, free_bytes=2_000_000)) == [("large", "1")]
    spared = planned(registry, free_bytes=2_000_000, in_use="large:1")
    assert {repository for repository, _ in goes(spared)} == {"small"}
    assert spared.frontier and spared.frontier.chosen.freed_bytes >= 2_000_000


def test_bytes_that_orphans_free_anyway(registry: Builder) -> None:
    """Where a collection alone frees enough nothing has to go."""
    push(registry, "a", "1")
    registry.layer(size_bytes=1_000_000, seed="orphan")
    found = planned(registry, free_bytes=500_000)
    assert found.items == []
    assert found.frontier and found.frontier.chosen.freed_bytes >= 1_000_000


def test_units_share_layers(registry: Builder) -> None:
    """Ranking tags one by one misses what only a set frees: two tags on one large base, against one middling tag."""
    base = registry.layer(size_bytes=10_000_000, seed="base")
    for name in ("x", "y"):
        registry.repository(name).image([base], tag="1", labels={"n": name})
    push(registry, "z", "1", "2", "3", size_bytes=3_000_000)
    found = planned(registry, free_bytes=9_500_000)
    assert sorted(goes(found)) == [("x", "1"), ("y", "1")]


@pytest.mark.parametrize("damage", ["manifest", "tag"])
def test_a_repository_with_something_unreadable_stays(registry: Builder, damage: str) -> None:
    """A tag or a tagged manifest that cannot be read may need anything in its repository; apply would skip it all."""
    push(registry, "a", "1", "2")
    push(registry, "b", "1")
    repo = registry.repository("a")
    (digest,) = {item.digest for item in planned(registry, "a:1").items}
    if damage == "manifest":
        registry.blob_path(digest).write_bytes(b"<html>")
    else:
        (repo.path / "_manifests/tags/1/current/link").write_bytes(b"")
    plan = planned(registry, policy='[[rule]]\nrepositories = ["*"]\nkeep_last = 0\ndelete_untagged = true\n')
    assert goes(plan) == [("b", "1")]
    assert "cannot be read" in stays(plan)["a:2"]
    assert goes(planned(registry, "a", "b")) == [("b", "1")]
    assert goes(planned(registry, free_bytes=1000)) == [("b", "1")]


def test_a_folder_the_scan_could_not_read(registry: Builder) -> None:
    """Without the folder of a namespace nobody knows what its images need: no plan."""
    push(registry, "a", "1")
    registry.write(registry.v2 / "repositories/team", b"")
    inventory = registry.root.parent / "inventory.duckdb"
    scan_tree(registry.root, inventory)
    with duckdb.connect(str(inventory)) as database:
        problem = "('unreadable', 'repositories/team', null, null, 'permission denied', null)"
        database.execute(f"insert into store.problem values {problem}")
    with Inventory(str(inventory)) as opened, pytest.raises(IncompleteKnowledgeError, match="repositories/team"):
        make_plan(opened, Wanted(targets=(parse_target("a"),)), NOW)


def test_a_signature_stays_with_its_subject(registry: Builder) -> None:
    """A revision that an index needs stays although it was named by digest, and its signatures of both kinds with it."""
    repo = registry.repository("a")
    child = repo.image([registry.layer(b"x")])
    repo.index([child], tag="1")
    signature = repo.image([registry.layer(b"s")], subject=child, artifact_type="x/y")
    repo.image([registry.layer(b"t")], tag=child.digest.replace(":", "-") + ".sig")
    plan = planned(registry, f"a@{child.digest}")
    assert plan.items == []
    assert [(kept.digest, kept.reason) for kept in plan.kept] == [(child.digest, "an index that stays lists it")]
    assert [item.digest for item in planned(registry, f"a@{signature.digest}").items] == [signature.digest]


def test_policies_leave_signatures_to_their_subjects(registry: Builder) -> None:
    """A rule counts and deletes images, and what is about an image goes with it, whatever its tag or its age."""
    repo = registry.repository("a")
    old = repo.image([registry.layer(b"old")], tag="old")
    registry.when = datetime(2026, 10, 2, tzinfo=UTC)
    new = repo.image([registry.layer(b"new")], tag="new")
    for image in (old, new):
        stem = image.digest.replace(":", "-")
        repo.image([registry.layer(stem.encode())], tag=f"{stem}.sig")
        referrer = repo.image([registry.layer(b"r" + stem.encode())], subject=image, artifact_type="x/y")
        repo.index([referrer], tag=stem)
    plan = planned(registry, policy='[[rule]]\nrepositories = ["*"]\nkeep_last = 1\ndelete_untagged = true\n')
    stem = old.digest.replace(":", "-")
    assert sorted(" ".join(item.tags) for item in plan.items) == sorted(["", stem, f"{stem}.sig", "old"])
    assert plan.items[0].tags == ["old"]


def test_the_search_leaves_signatures_to_their_subjects(registry: Builder) -> None:
    """A large signature is no cheap way to free bytes: it goes with its subject, or stays."""
    image = registry.repository("a").image([registry.layer(size_bytes=10, seed="i")], tag="1")
    large = registry.layer(size_bytes=1_000_000, seed="s")
    registry.repository("a").image([large], tag=image.digest.replace(":", "-") + ".sig")
    plan = planned(registry, free_bytes=900_000)
    assert plan.items[0].digest == image.digest
    assert len(plan.items) == 2


def in_objects(registry: Builder, *targets: str, objects: list[object]) -> Plan:
    """Scan and plan, with images in use as Kubernetes has them."""
    inventory = registry.root.parent / "inventory.duckdb"
    scan_tree(registry.root, inventory)
    in_use = parse_in_use(json.dumps({"kind": "List", "items": objects}))
    with Inventory(str(inventory)) as opened:
        return make_plan(opened, Wanted(targets=tuple(map(parse_target, targets)), in_use=tuple(in_use)), NOW)


VOLUME = {"name": "m", "image": {"reference": "r.example.com/ml/model:2", "pullPolicy": "IfNotPresent"}}
AS_VOLUME = {"spec": {"containers": [{"image": "r.example.com/shop/web:1"}], "volumes": [VOLUME]}}
AS_VARIABLE = {
    "spec": {"containers": [{"image": "shop/web:1", "env": [{"name": "MODEL", "value": "r.example.com/ml/model:2"}]}]}
}


@pytest.mark.parametrize("pod", [AS_VOLUME, AS_VARIABLE, {"data": {"model": "r.example.com/ml/model:2"}}])
def test_images_that_objects_name_stay(registry: Builder, pod: object) -> None:
    """As volumes, the largest there are, and wherever else an image may be named."""
    push(registry, "shop/web", "1", "2")
    push(registry, "ml/model", "1", "2")
    plan = in_objects(registry, "ml/*", objects=[pod])
    assert goes(plan) == [("ml/model", "1")]
    assert stays(plan) == {"ml/model:2": "in use: ml/model:2"}
    assert plan.notes == []


def test_mentions_of_other_images_are_not_noted(registry: Builder) -> None:
    """Addresses with a port look like images; an image where it belongs is noted if it is not here."""
    push(registry, "shop/web", "1")
    pod = {"spec": {"containers": [{"image": "other/web:1", "args": ["--listen=0.0.0.0:8080", "db:5432"]}]}}
    assert in_objects(registry, "shop/web", objects=[pod]).notes == ["in use, but not in this registry: other/web:1"]
    with pytest.raises(UsageError, match="nothing would be protected"):
        in_objects(registry, "shop/web", objects=[{"spec": {"clusterIP": "10.0.0.1:8080"}}])


def test_references_are_found_all_at_once(registry: Builder) -> None:
    """Each as if it were the only one: by tag, by digest, by the digest of the configuration, without `library/`."""
    for name in ("shop/web", "shop/api", "library/busybox", "other"):
        push(registry, name, "1", "2")
    names = [
        "busybox:1",
        "shop/api:2",
        "shop/web:9",
        "nowhere/shop/api:1",
        *dict.fromkeys(f"none/{n}:1" for n in range(2000)),
    ]
    plan = planned(registry, "*", in_use=" ".join(names))
    assert stays(plan) == {"library/busybox:1": "in use: busybox:1", "shop/api:2": "in use: shop/api:2"}
    kept = {kept.digest: kept.repository for kept in plan.kept}
    by_digest = " ".join(f"{'elsewhere' if name == 'shop/api' else name}@{digest}" for digest, name in kept.items())
    assert set(stays(planned(registry, "*", in_use=by_digest))) == set(stays(plan))


def test_what_is_in_use_through_an_index_keeps_the_index(registry: Builder) -> None:
    """Nodes name the platform's manifest, or the digest of its configuration; its index stays, or -m would take it."""
    repo = registry.repository("a")
    child = repo.image([registry.layer(b"x")])
    index = repo.index([child], tag="1")
    config = json.loads(registry.blob_path(child.digest).read_bytes())["config"]["digest"]
    for name in (f"r.example/a@{child.digest}", f"elsewhere/a@{child.digest}", config, config.removeprefix("sha256:")):
        plan = planned(registry, "a:1", in_use=name)
        assert plan.items == [], name
        assert [kept.digest for kept in plan.kept] == [index.digest]


def test_a_push_under_way_is_no_bargain(registry: Builder) -> None:
    """What was pushed without a tag within a day of the scan is not chosen to free bytes; its tag may come yet."""
    registry.when = datetime.now(UTC)
    registry.repository("a").image([registry.layer(size_bytes=1_000_000, seed="x")])
    push(registry, "b", "1", size_bytes=1_000_000)
    assert goes(planned(registry, free_bytes=900_000)) == [("b", "1")]
    with pytest.raises(GoalUnreachableError):
        planned(registry, free_bytes=1_900_000)


def test_no_collection_that_does_harm(registry: Builder) -> None:
    """Where the collection to follow would break an image or stop, the plan warns and does not name it as a next step."""
    push(registry, "a", "1", "2")
    registry.repository("empty").index([], tag="1")
    plan = planned(registry, "a:1")
    assert plan.collector == "2.x" and "break 1 tagged image " in plan.notes[0]
    assert not any("garbage-collect" in command for command in plan.commands)
    plan = planned(registry, "a:1", registry_version=3)
    assert plan.collector == "3.x" and "stop on repositories/empty/_layers" in plan.notes[0]


def test_names_in_circles(registry: Builder) -> None:
    """Tags named after each other's digests say nonsense of who is whose subject; both go, in some order."""
    repo = registry.repository("a")
    one, other = (repo.image([registry.layer(name)]) for name in (b"1", b"2"))
    for name, target in ((one, other), (other, one)):
        repo.tag(name.digest.replace(":", "-"), target.digest)
    assert {item.digest for item in planned(registry, "a").items} == {one.digest, other.digest}


def test_damaged_indexes_in_circles(registry: Builder) -> None:
    """One in another's place lists itself, or two list each other: all of them go, and the others in their order."""
    app = registry.repository("app")
    image = app.image([registry.layer(size_bytes=10, seed="a")])
    inner = app.index([image])
    outer = app.index([inner], tag="1")
    top = app.index([outer], tag="2")
    registry.write(registry.blob_path(inner.digest), registry.blob_path(outer.digest).read_bytes())  # lists itself now
    assert {item.digest for item in planned(registry, "app").items} == app.revisions
    registry.write(
        registry.blob_path(inner.digest), registry.blob_path(top.digest).read_bytes()
    )  # and now the outer one
    found = [item.digest for item in planned(registry, "app").items]
    assert set(found) == app.revisions
    assert found.index(top.digest) < found.index(outer.digest)


class TestFinal:
    """What a registry would refuse to take back is said in the plan."""

    def test_what_lacks_a_part_and_each_index_above_it(self, registry: Builder) -> None:
        """A platform that was never mirrored, a layer that is lost; what is whole beside them can be taken back."""
        app = registry.repository("app")
        children = [app.image([registry.layer(name.encode())], platform=f"linux/{name}") for name in ("amd64", "arm64")]
        inner = app.index(children)
        outer = app.index([inner, children[0]], tag="outer")
        lost = registry.layer(b"lost")
        torn = app.image([lost], tag="torn")
        app.image([registry.layer(b"whole")], tag="whole")
        app.delete(children[1].digest)
        registry.blob_path(lost.digest).unlink()
        plan = planned(registry, "app")
        final = {item.digest: item.missing for item in plan.items if item.final_because}
        missing = [children[1].digest]
        assert final == {inner.digest: missing, outer.digest: missing, torn.digest: [lost.digest]}
        [note] = [note for note in plan.notes if "cannot be taken back" in note]
        assert note.startswith(f"3 of the {len(plan.items)} deletions")
        assert f"cannot be taken back: `{lost.digest}` is missing" in " ".join(explain(plan, 200).split())

    def test_an_index_above_one_that_stays_comes_back(self, registry: Builder) -> None:
        """What lacks the part is not deleted, so it need not be pushed again."""
        app = registry.repository("app")
        child = app.image([registry.layer(b"x")])
        inner = app.index([child], tag="inner")
        app.index([inner], tag="outer")
        app.delete(child.digest)
        plan = planned(registry, "app:outer")
        assert [item.final_because for item in plan.items] == [""]
