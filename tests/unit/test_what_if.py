"""What a set of deletions frees: on trees small enough to count by hand, and against a second way of counting."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scanning import scan_tree
from seeds import seeds
from tonnage.errors import UsageError
from tonnage.formats.targets import parse_target
from tonnage.inventory.database import Inventory
from tonnage.planning.deletions import Deletions, Totals
from tonnage.sample import Builder

pytestmark = pytest.mark.slow


@contextmanager
def deleting(registry: Builder, *targets: str) -> Iterator[Deletions]:
    """Yield the deletions of these targets, settled, over a fresh scan."""
    inventory = registry.root.parent / "inventory.duckdb"
    scan_tree(registry.root, inventory)
    with Inventory(str(inventory)) as opened:
        deletions = Deletions(opened)
        for target in targets:
            deletions.add(parse_target(target), f"named: {target}")
        deletions.settle()
        yield deletions


def totals(registry: Builder, *targets: str) -> Totals:
    """Return what deleting these comes to."""
    with deleting(registry, *targets) as deletions:
        return deletions.totals()


def test_shared_layers_stay(registry: Builder) -> None:
    """A layer that another image needs is not freed; one only this image needs is."""
    base, mine = registry.layer(size_bytes=1_000_000, seed="base"), registry.layer(size_bytes=500, seed="mine")
    registry.repository("a").image([base, mine], tag="1")
    registry.repository("b").image([base], tag="1", labels={"x": "y"})
    found = totals(registry, "a")
    assert found.shared_bytes == 1_000_000
    assert found.stored_bytes == found.freed_bytes + found.shared_bytes
    assert 500 < found.freed_bytes < 5_000


def test_the_set_frees_more_than_its_parts(registry: Builder) -> None:
    """What two share between them is freed only when both go."""
    base = registry.layer(size_bytes=1_000_000, seed="base")
    registry.repository("a").image([base], tag="1")
    registry.repository("b").image([base], tag="1", labels={"x": "y"})
    alone, other, both = totals(registry, "a"), totals(registry, "b"), totals(registry, "a", "b")
    assert both.freed_bytes == alone.freed_bytes + other.freed_bytes + 1_000_000
    assert both.shared_bytes == 0


def test_sibling_tag_keeps_the_revision(registry: Builder) -> None:
    """A tag goes alone while another tag is on its digest, and frees nothing."""
    repo = registry.repository("a")
    image = repo.image([registry.layer(b"x")], tag="1")
    repo.tag("latest", image.digest)
    with deleting(registry, "a:1") as deletions:
        assert deletions.totals()[:3] == (0, 1, 0)
        assert deletions.totals().freed_bytes == 0
        assert deletions.run("siblings").rows == [("a", "latest", image.digest, "1")]
    assert totals(registry, "a:1", "a:latest").revisions_count == 1


def test_an_index_takes_its_children(registry: Builder) -> None:
    """With an index go its children, unless a tag or another index holds them."""
    repo = registry.repository("a")
    one, two, three = (
        repo.image([registry.layer(name)], platform=f"linux/{name.decode()}") for name in (b"x", b"y", b"z")
    )
    repo.index([one, two, three], tag="1")
    repo.index([two], tag="2")
    repo.tag("three", three.digest)
    with deleting(registry, "a:1") as deletions:
        gone = {row[1] for row in deletions.run("gone_revisions").rows}
    assert one.digest in gone
    assert not {two.digest, three.digest} & gone


def test_a_child_of_an_index_that_stays_cannot_go(registry: Builder) -> None:
    """A digest that a staying index lists is kept: without it the index would break."""
    repo = registry.repository("a")
    child = repo.image([registry.layer(b"x")])
    repo.index([child], tag="1")
    assert totals(registry, f"a@{child.digest}").revisions_count == 0


def test_referrers_go_with_their_subject(registry: Builder) -> None:
    """Signatures go with what they are about, found by subject or by the fallback tag; and never before it."""
    repo = registry.repository("a")
    image = repo.image([registry.layer(b"x")], tag="1")
    signature = repo.image([registry.layer(b"sig")], subject=image, artifact_type="application/x.sig")
    fallback = repo.image([registry.layer(b"old")], tag=image.digest.replace(":", "-") + ".sig")
    with deleting(registry, "a:1") as deletions:
        gone = {row[1] for row in deletions.run("gone_revisions").rows}
    assert gone == {image.digest, signature.digest, fallback.digest}


def test_keepers(registry: Builder) -> None:
    """Who keeps the shared part is told by repository, with what each of them keeps alone."""
    base, common = registry.layer(size_bytes=1000, seed="1"), registry.layer(size_bytes=100, seed="2")
    registry.repository("a").image([base, common], tag="1")
    registry.repository("b").image([base, common], tag="1", labels={"x": "b"})
    registry.repository("c").image([common], tag="1", labels={"x": "c"})
    with deleting(registry, "a") as deletions:
        assert [row[:3] for row in deletions.run("keepers").rows] == [("b", 1100, 1000), ("c", 100, 0)]


def test_an_unreadable_manifest_pins(registry: Builder) -> None:
    """Nothing a manifest that cannot be read may need is freed, as long as it stays."""
    layer = registry.layer(size_bytes=1000, seed="1")
    repo = registry.repository("a")
    repo.image([layer], tag="1")
    broken = repo.image([layer], tag="2", labels={"x": "y"})
    registry.blob_path(broken.digest).write_bytes(b"<html>")
    assert totals(registry, "a:1").freed_bytes < 1000
    assert totals(registry, "a").freed_bytes > 1000


def test_nothing_of_that_name(registry: Builder) -> None:
    """A target that names nothing is an error: a typing mistake must not look like a free lunch."""
    registry.repository("a").image([registry.layer(b"x")], tag="1")
    with pytest.raises(UsageError, match="b:1"):
        totals(registry, "b:1")


def random_registry(registry: Builder, number: int) -> list[str]:
    """Fill a registry with images, indexes, history, referrers and sharing; return its targets."""
    dice = random.Random(number)
    layers = [registry.layer(size_bytes=2**n, seed=f"{number}-{n}") for n in range(12)]
    targets = []
    for name in ("a", "a/b", "c"):
        repo = registry.repository(name)
        pushed = []
        for n in range(dice.randint(1, 5)):
            parts = dice.sample(layers, dice.randint(1, 4))
            tag = dice.choice(["", f"t{n}", "latest"])
            pushed.append(repo.image(parts, tag=tag, labels={"n": f"{name}{n}"}))
        if dice.random() < 0.6:
            pushed.append(repo.index(dice.sample(pushed, dice.randint(1, len(pushed))), tag=dice.choice(["", "multi"])))
        if dice.random() < 0.5:
            repo.image([dice.choice(layers)], subject=dice.choice(pushed), artifact_type="x/y", labels={"s": name})
        targets += [name, *(f"{name}@{image.digest}" for image in pushed)]
    return targets


def counted_otherwise(inventory: Inventory, gone: set[tuple[str, str]]) -> tuple[int, int]:
    """Return freed and shared bytes of revisions that go, by walking references in Python."""
    sizes = dict(inventory.query("select digest, size_bytes from blob").rows)
    children: dict[str, set[str]] = {}
    for parent, child in inventory.query("select parent, child from manifest_ref where role <> 'subject'").rows:
        children.setdefault(parent, set()).add(child)

    def reach(roots: set[str]) -> set[str]:
        seen, todo = set(), list(roots)
        while todo:
            digest = todo.pop()
            if digest not in seen:
                seen.add(digest)
                todo += children.get(digest, ())
        return seen & sizes.keys()

    revisions = {
        (repository, digest) for repository, digest in inventory.query("select repository, digest from revision").rows
    }
    needed = reach({digest for _, digest in gone})
    stays = reach({digest for _, digest in revisions - gone})
    return sum(sizes[d] for d in needed - stays), sum(sizes[d] for d in needed & stays)


@pytest.mark.parametrize("number", seeds(0, 3))
def test_against_a_second_way_of_counting(tmp_path: Path, number: int) -> None:
    """On random registries and random sets: freed and shared bytes equal a plain walk, and sets free at least the sum."""
    registry = Builder(tmp_path / "registry")
    dice = random.Random(1000 + number)
    targets = random_registry(registry, number)
    chosen = dice.sample(targets, min(len(targets), 4))
    with deleting(registry, *chosen) as deletions:
        gone = {(row[0], row[1]) for row in deletions.run("gone_revisions").rows}
        found = deletions.totals()
        assert (found.freed_bytes, found.shared_bytes) == counted_otherwise(deletions.inventory, gone)
    one, other = totals(registry, *chosen[:2]), totals(registry, *chosen[2:])
    if not {*chosen[:2]} & {*chosen[2:]}:
        assert found.freed_bytes >= max(one.freed_bytes, other.freed_bytes)
