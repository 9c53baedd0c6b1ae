"""Plans: what they take, what they keep, in which order, and that what they predict is what a second count gives."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanning import scan_tree
from tonnage.database import Inventory
from tonnage.plan import Action, Plan, PlanError, read_plan, write_plan
from tonnage.planner import IncompleteKnowledgeError, Planned, Wanted, make_plan
from tonnage.policy import parse_policy
from tonnage.references import parse_reference
from tonnage.sample import Builder
from tonnage.targets import parse_target

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def planned(registry: Builder, *targets: str, policy: str = "", in_use: str = "", **wanted: object) -> Planned:
    """Scan and plan."""
    inventory = registry.root.parent / "inventory.duckdb"
    scan_tree(registry.root, inventory)
    with Inventory(str(inventory)) as opened:
        return make_plan(
            opened,
            Wanted(
                targets=tuple(map(parse_target, targets)),
                policy=parse_policy(policy) if policy else None,
                in_use=tuple(map(parse_reference, in_use.split())),
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
    plan = planned(registry, policy=policy).plan
    assert sorted(goes(plan)) == [("shop/web", "pr-1"), ("shop/web", "pr-2")]
    assert stays(plan) == {"shop/web:pr-3": "among the last 2"}
    assert {item.reason for item in plan.items} == {"matches pr-*"}


def test_images_in_use_stay(registry: Builder) -> None:
    """An image in use stays whatever asks for it to go; one that is not there is noted."""
    push(registry, "shop/web", "1", "2")
    plan = planned(registry, "shop/web", in_use="r.example/shop/web:1 r.example/shop/gone:1").plan
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
    order = [item.digest for item in planned(registry, "a:1").plan.items]
    assert order.index(outer.digest) < order.index(inner.digest) < order.index(child.digest)
    assert order.index(outer.digest) < order.index(signature.digest)


def test_a_tag_alone_needs_3(registry: Builder) -> None:
    """One of two tags on a digest can be deleted by 3.x alone; for 2.x it stays, and the plan says why."""
    repo = registry.repository("a")
    image = repo.image([registry.layer(b"x")], tag="1")
    repo.tag("latest", image.digest)
    two = planned(registry, "a:1").plan
    assert two.items == []
    assert "2.x cannot delete a tag alone" in stays(two)["a:1"]
    (item,) = planned(registry, "a:1", registry_version=3).plan.items
    assert (item.action, item.tags) == (Action.DELETE_TAG, ["1"])


def test_predictions(registry: Builder) -> None:
    """The safe figure is what the blobs of the plan add up to; the real collectors are told beside it."""
    push(registry, "a", "1", "2")
    registry.blob(b"orphan")
    plan = planned(registry, "a:1").plan
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
    assert len(planned(registry, "a", knows_tags=True).plan.items) == 30


def test_a_plan_cannot_be_changed_unseen(registry: Builder) -> None:
    """A plan reads back as it was written; with anything changed in it, or none at all, it is refused."""
    push(registry, "a", "1")
    plan = planned(registry, "a").plan
    text = write_plan(plan)
    assert read_plan(text.encode()) == plan
    with pytest.raises(PlanError, match="changed"):
        read_plan(text.replace('"1"', '"2"').encode())
    for nonsense in ("", "{}", "<html>", '{"version": 99}'):
        with pytest.raises(PlanError):
            read_plan(nonsense.encode())


def test_bytes_wanted(registry: Builder) -> None:
    """The cheapest set that frees enough: one large tag rather than two small ones, and never a protected one."""
    push(registry, "small", "1", "2", "3", size_bytes=1_000_000)
    push(registry, "large", "1", size_bytes=5_000_000)
    assert goes(planned(registry, free_bytes=2_000_000).plan) == [("large", "1")]
    spared = planned(registry, free_bytes=2_000_000, in_use="large:1")
    assert {repository for repository, _ in goes(spared.plan)} == {"small"}
    assert spared.totals.freed_bytes >= 2_000_000


def test_bytes_that_orphans_free_anyway(registry: Builder) -> None:
    """Where a collection alone frees enough nothing has to go."""
    push(registry, "a", "1")
    registry.layer(size_bytes=1_000_000, seed="orphan")
    found = planned(registry, free_bytes=500_000)
    assert found.plan.items == []
    assert "without any deletion" in found.plan.notes[0]


def test_units_share_layers(registry: Builder) -> None:
    """Ranking tags one by one misses what only a set frees: two tags on one large base, against one middling tag."""
    base = registry.layer(size_bytes=10_000_000, seed="base")
    for name in ("x", "y"):
        registry.repository(name).image([base], tag="1", labels={"n": name})
    push(registry, "z", "1", "2", "3", size_bytes=3_000_000)
    found = planned(registry, free_bytes=9_500_000)
    assert sorted(goes(found.plan)) == [("x", "1"), ("y", "1")]


def test_nothing_unreadable_is_planned(registry: Builder) -> None:
    """A policy leaves alone what it cannot read."""
    push(registry, "a", "1", "2")
    repo = registry.repository("a")
    (digest,) = {item.digest for item in planned(registry, "a:1").plan.items}
    Path(registry.blob_path(digest)).write_bytes(b"<html>")
    plan = planned(registry, policy='[[rule]]\nrepositories = ["*"]\nkeep_last = 0\n').plan
    assert goes(plan) == [("a", "2")]
    assert "cannot be read" in stays(plan)["a:1"]
    assert repo.revision_link(digest).exists()
