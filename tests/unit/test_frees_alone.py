"""What deleting one tag or revision frees, worked out for all of them at once, is what what-if says of each.

`TONNAGE_EXAMPLES=500` in the environment tries more random registries.
"""

from __future__ import annotations

import glob
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from randomplans import random_tree
from scanning import answer, scan_tree
from tonnage.formats.targets import Target
from tonnage.inventory.database import Inventory
from tonnage.planning.deletions import Deletions, Totals
from tonnage.sample import Builder, Descriptor

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("TONNAGE_EXAMPLES", "4"))
TAGS = "select repository, tag, frees_alone_bytes from tag_usage order by repository, tag"
REVISIONS = """
select r.repository, r.digest, r.frees_alone_bytes, d.goes_count
from revision_usage as r
join deletion as d using (repository, digest)
order by r.repository, r.digest
"""


def what_if(inventory: Inventory, target: Target) -> Totals:
    """Delete one thing, and nothing else."""
    deletions = Deletions(inventory)
    deletions.add(target, "named")
    deletions.settle()
    return deletions.totals()


def drawn(rows: list[tuple[Any, ...]], rng: Random | None) -> list[tuple[Any, ...]]:
    """Return all rows, or six of them."""
    return rng.sample(rows, min(6, len(rows))) if rng else rows


def check(path: Path, rng: Random | None = None) -> int:
    """Compare both of every tag and revision, or of a few drawn by lot; return how many free anything."""
    freeing_count = 0
    with Inventory(str(path)) as inventory:
        for repository, tag, frees_alone_bytes in drawn(inventory.query(TAGS).rows, rng):
            totals = what_if(inventory, Target(glob.escape(repository), glob.escape(tag)))
            assert (frees_alone_bytes or 0) == totals.freed_bytes, (repository, tag)
            freeing_count += totals.freed_bytes > 0
        for repository, digest, *found in drawn(inventory.query(REVISIONS).rows, rng):
            totals = what_if(inventory, Target(glob.escape(repository), digest=digest))
            assert found == [totals.freed_bytes, totals.revisions_count], (repository, digest)
            freeing_count += totals.freed_bytes > 0
    return freeing_count


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_it_is_what_one_deletion_frees(tmp_path: Path, seed: int) -> None:
    """On random registries, damaged ones among them."""
    rng = Random(seed)
    registry = random_tree(rng, tmp_path / "registry")
    scan_tree(registry.root, tmp_path / "inventory")
    check(tmp_path / "inventory", rng if EXAMPLES < 100 else None)


def test_on_the_demo(registry: Builder, tmp_path: Path) -> None:
    """An index frees what its children hold alone, which no tag leads to but its own."""
    repo = registry.repository("shop/checkout")
    children = [
        repo.image([registry.layer(size_bytes=1_000_000, seed=name)], platform=f"linux/{name}") for name in "ab"
    ]
    index = repo.index(children, tag="2.5")
    shared = registry.layer(size_bytes=300, seed="shared")
    repo.image([shared], tag="3")
    registry.repository("other").image([shared], tag="3", labels={"a": "b"})
    scan_tree(registry.root, tmp_path / "inventory")
    assert check(tmp_path / "inventory") > 2
    found = dict(
        answer(tmp_path / "inventory", "select tag, frees_alone_bytes from tag_usage where repository <> 'other'")
    )
    assert found["2.5"] > 2_000_000
    assert 0 < found["3"] < 5_000
    goes = dict(answer(tmp_path / "inventory", "select digest, goes_count from deletion"))
    assert goes[index.digest] == 3
    assert [goes[child.digest] for child in children] == [0, 0]


def held_shapes(registry: Builder) -> dict[str, Descriptor]:
    """Build what holds one another in every way at once; each layer has a size of its own, a power of two."""
    repo = registry.repository("a")
    sizes = iter(range(10, 40))

    def layer() -> Descriptor:
        number = next(sizes)
        return registry.layer(size_bytes=2**number, seed=f"{number}")

    image, other, third = (repo.image([layer()], platform=f"linux/{name}") for name in ("x", "y", "z"))
    inner = repo.index([image, other])
    outer = repo.index([inner, image], tag="outer")
    repo.index([third, outer], tag="above")
    signature = repo.image([layer()], subject=image)
    repo.image([layer()], subject=signature)
    repo.image([layer()], subject=outer, tag="sbom")
    by_name = repo.image([layer()], tag=f"sha256-{third.digest[7:]}.sig")
    repo.index([signature, by_name], tag=f"sha256-{image.digest[7:]}")
    both = repo.image([layer()], tag="one")
    repo.tag("two", both.digest)
    registry.repository("b").index([image, other], tag="outer")
    return {"image": image, "outer": outer}


def test_holders_of_every_kind(registry: Builder, tmp_path: Path) -> None:
    """Indexes in indexes, children of two, signatures of signatures, names of tags, several tags, other repositories."""
    held_shapes(registry)
    scan_tree(registry.root, tmp_path / "inventory")
    assert check(tmp_path / "inventory") > 3


def test_given_tags(registry: Builder, tmp_path: Path) -> None:
    """It follows tags that come from elsewhere."""
    images = held_shapes(registry)
    scan_tree(registry.root, tmp_path / "inventory")
    with Inventory(str(tmp_path / "inventory"), [("a", "only", images["outer"].digest)]) as inventory:
        ((frees_alone_bytes,),) = inventory.query("select frees_alone_bytes from tag_usage").rows
        assert frees_alone_bytes == what_if(inventory, Target("a", "only")).freed_bytes


@pytest.mark.parametrize("depth", [2, 40])
def test_towers(registry: Builder, tmp_path: Path, depth: int) -> None:
    """Each index lists both of the level below: paths double, and rows do not."""
    repo = registry.repository("tower")
    level = [repo.image([registry.layer(size_bytes=10_000, seed=f"{n}")], platform=f"linux/{n}") for n in range(2)]
    for number in range(depth):
        level = [repo.index(level, annotations={"n": f"{number}-{side}"}) for side in range(2)]
    repo.index(level, tag="top")
    scan_tree(registry.root, tmp_path / "inventory")
    rows = answer(tmp_path / "inventory", "select sum(goes_count), max(frees_alone_bytes) from deletion")
    assert rows[0][0] == 2 * depth + 3
    assert rows[0][1] > 20_000
    if depth == 2:
        check(tmp_path / "inventory")
