"""The law of the map: every byte lies in one place, and the places of each level add up to what the other views say."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from randomdamage import random_damage
from randomtrees import random_registry
from scanning import scan_tree
from seeds import seeds
from tonnage.inventory.database import Inventory
from tonnage.web.snapshot import open_snapshot
from tonnage.web.tree import Kind, Place
from tonnage.web.treemap import shown_of

pytestmark = pytest.mark.slow

SEEDS = seeds(0, 9)


@pytest.fixture(scope="module", params=SEEDS)
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inventory of a random registry, some of them damaged."""
    folder = tmp_path_factory.mktemp("places")
    rng = Random(f"places {request.param}")
    registry = random_registry(rng, folder / "registry")
    if request.param % 3 == 0:
        random_damage(rng, registry)
    scan_tree(registry.root, folder / "tonnage.duckdb")
    return folder / "tonnage.duckdb"


def differences(inventory: Inventory) -> list[tuple[object, ...]]:
    """Return where sums over places are not what another view says."""
    return inventory.query("""
        with placed as (select level, namespace, repository, class, sum(size_bytes) as size_bytes from place group by all)
        select 'class', c.class, c.size_bytes, p.size_bytes
        from class_total as c
        left join (select class, sum(size_bytes) as size_bytes from placed group by class) as p using (class)
        where c.class in ('tagged', 'untagged', 'orphaned') and c.size_bytes is distinct from p.size_bytes
        union all
        select 'repository', r.repository, r.exclusive_bytes, coalesce(p.size_bytes, 0)
        from repository_usage as r
        left join (
            select repository, sum(size_bytes) as size_bytes from placed where repository is not null group by all
        ) as p using (repository)
        where r.exclusive_bytes <> coalesce(p.size_bytes, 0)
        union all
        select 'namespace', n.namespace, n.exclusive_bytes, coalesce(p.size_bytes, 0)
        from namespace_usage as n
        left join (select namespace, sum(size_bytes) as size_bytes from placed where namespace is not null group by all) as p
            using (namespace)
        where n.namespace <> '' and n.exclusive_bytes <> coalesce(p.size_bytes, 0)
    """).rows


def test_places_add_up(tree: Path) -> None:
    """To the classes, to what each repository alone needs, and to what each namespace alone needs."""
    with Inventory(str(tree)) as inventory:
        assert differences(inventory) == []
        (counts,) = inventory.query("select (select count(*) from place), (select count(*) from blob)").rows
        assert counts[0] == counts[1]


def test_a_revision_holds_what_is_placed_in_it(tree: Path) -> None:
    """What lies in a revision is needed by it, and by no other that is not below an index of its repository."""
    with Inventory(str(tree)) as inventory:
        wrong = inventory.query("""
            select p.digest, p.repository, p.revision
            from place as p
            where p.level = 'revision' and not exists (
                select 1 from holder as h
                where h.digest = p.digest and h.repository = p.repository and h.revision = p.revision
            )
        """).rows
    assert wrong == []


def test_the_map_adds_up_at_every_node(tree: Path) -> None:
    """What is drawn, and what is too small to be drawn, is what the headline says; the whole is the scan's bytes."""
    snapshot = open_snapshot(str(tree))
    assert snapshot.tree.root.size_bytes == snapshot.scan.size_bytes == snapshot.known_bytes

    def check(place: Place) -> None:
        if place.children:
            shown = shown_of(place)
            assert sum(child.size_bytes for child in shown.places) + shown.smaller_bytes == place.size_bytes, place.name
            assert len(shown.places) + shown.smaller_count == sum(child.size_bytes > 0 for child in place.children)
        for child in place.children:
            check(child)

    check(snapshot.tree.root)


def test_a_byte_lies_with_the_smallest_that_hold_it(demo_inventory: Path) -> None:
    """Counted by hand in the demo: what two services of one team share lies in the team's namespace."""
    snapshot = open_snapshot(str(demo_inventory))
    team = snapshot.tree.namespaces["team-a"]
    shared = next(child for child in team.children if child.kind is Kind.SHARED)
    with Inventory(str(demo_inventory)) as inventory:
        ((expected,),) = inventory.query("""
            select sum(size_bytes)
            from blob_usage as b
            where b.repositories_count = 2 and (
                select list(distinct h.repository order by h.repository) from holder as h where h.digest = b.digest
            ) = ['team-a/api', 'team-a/worker']
        """).rows
    assert shared.size_bytes == expected
