"""Laws of the preview, on random registries: what it says breaks does break, and what it calls safe is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from randomdamage import keep_scannable, random_damage
from randomtrees import random_registry
from scanning import scan_tree
from seeds import seeds
from tonnage.gc.preview import COLLECTORS, deletion_of, listing, paths_of, predict_after, preview
from tonnage.gc.replay import replay
from tonnage.gc.replica import Collector, Replica
from tonnage.inventory.database import Inventory
from tonnage.plan import Action, Item
from tonnage.sample import documents

pytestmark = pytest.mark.slow

SEEDS = seeds(300, 3)
MANIFEST_TYPES = {
    documents.OCI_MANIFEST,
    documents.OCI_INDEX,
    documents.DOCKER_MANIFEST,
    documents.DOCKER_LIST,
    documents.DOCKER_SCHEMA1,
}
Image = tuple[str, str]
"""Repository and digest."""


def digest_in(link: Path) -> str | None:
    """Return what a link says, or None if there is none."""
    return link.read_text() if link.is_file() else None


def blob(v2: Path, digest: str) -> Path:
    algorithm, _, digits = digest.partition(":")
    return v2 / "blobs" / algorithm / digits[:2] / digits / "data"


def can_pull(v2: Path, repository: str, digest: str) -> bool:
    """Return whether a client gets the whole image: each manifest by its revision, each blob by its layer link."""
    home = v2 / "repositories" / repository
    target = digest_in(home / "_manifests/revisions" / digest.replace(":", "/") / "link")
    if target is None or not blob(v2, target).is_file():
        return False
    document = json.loads(blob(v2, target).read_bytes())
    listed = document.get("manifests", ())
    children = [child["digest"] for child in listed if child["mediaType"] in MANIFEST_TYPES]
    parts = [part for part in listed if part["mediaType"] not in MANIFEST_TYPES]
    parts += [document["config"]] if "config" in document else []
    layers = [part["digest"] for part in [*parts, *document.get("layers", ())] if not part.get("urls")]
    layers += [part["blobSum"] for part in document.get("fsLayers", ())]
    return all(can_pull(v2, repository, child) for child in children) and all(
        can_get(v2, home / "_layers" / layer.replace(":", "/") / "link") for layer in layers
    )


def can_get(v2: Path, link: Path) -> bool:
    target = digest_in(link)
    return target is not None and blob(v2, target).is_file()


def tagged(v2: Path) -> set[Image]:
    """Return what tags point to."""
    found = set()
    for link in v2.glob("repositories/**/_manifests/tags/*/current/link"):
        home = link.parents[4]
        found.add((str(home.relative_to(v2 / "repositories")), link.read_text()))
    return found


def pulled(v2: Path) -> set[Image]:
    """Return the tagged images that can be pulled completely."""
    return {(repository, digest) for repository, digest in tagged(v2) if can_pull(v2, repository, digest)}


def after(v2: Path, copy: Path, paths: Iterable[str]) -> set[Image]:
    """Return what can be pulled once some paths are removed, trying it on a copy."""
    shutil.copytree(v2, copy)
    for path in paths:
        if (copy / path).is_dir():
            shutil.rmtree(copy / path)
        else:
            (copy / path).unlink()
    found = pulled(copy)
    shutil.rmtree(copy)
    return found


@pytest.fixture(params=SEEDS)
def scanned(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A random healthy registry and its inventory."""
    registry = random_registry(Random(request.param), tmp_path / "registry")
    scan_tree(registry.root, tmp_path / "inventory.duckdb")
    return registry.v2, tmp_path / "inventory.duckdb"


def test_what_breaks_is_what_cannot_be_pulled_any_more(scanned: tuple[Path, Path], tmp_path: Path) -> None:
    """Image by image, for every collector; and a collection that frees only what is safe breaks nothing."""
    v2, inventory = scanned
    before = pulled(v2)
    for collector in COLLECTORS:
        with Inventory(str(inventory)) as opened:
            said = preview(opened, *collector)
            broken = listing(opened, "broken")
            removed = paths_of(opened, said.outcome.removed)
            safe = [
                digest
                for (digest,) in opened.query("select digest from gc_safe join store.digest using (digest_id)").rows
            ]
        lost = before - after(v2, tmp_path / "copy", removed)
        rows = [dict(zip(broken.columns, row, strict=True)) for row in broken.rows]
        complete = [row for row in rows if row["was_complete"] and not row["name"].startswith("referrer of ")]
        assert {(row["repository"], row["digest"]) for row in complete} == lost
        assert said.broken.images_count >= len(lost)  # what was incomplete breaks too: test_gc_breaks
        assert after(v2, tmp_path / "copy", (str(blob(v2, d).parent.relative_to(v2)) for d in safe)) == before


def damaged(rng: Random, folder: Path, times: int) -> Path:
    """Return the inventory of a random registry that something happened to so many times."""
    registry = random_registry(rng, folder / "registry")
    for _ in range(times):
        random_damage(rng, registry)
    keep_scannable(registry)
    scan_tree(registry.root, folder / "inventory.duckdb")
    return folder / "inventory.duckdb"


@pytest.mark.parametrize("seed", seeds(600, 2))
def test_what_a_plan_predicts_is_what_a_preview_says(seed: int, tmp_path: Path) -> None:
    """A prediction does no more than it has to: that changes no number, whatever was deleted before, or damaged."""
    rng = Random(seed)
    inventory = damaged(rng, tmp_path, seed % 3 * 2)
    with Inventory(str(inventory)) as opened:
        items = random_items(rng, opened)
        names = [collector.name for collector in COLLECTORS]
        for (predicted, blobs), collector in zip(predict_after(opened, items, listed=names), COLLECTORS, strict=True):
            said = preview(opened, *collector, without=map(deletion_of, items))
            assert predicted.collector == collector.name
            assert (predicted.freed_bytes, predicted.freed_blobs_count) == said.removed[1::-1]
            assert blobs is not None
            assert (sum(blobs.values()), len(blobs)) == said.removed[1::-1]
            assert (predicted.broken_images_count, predicted.broken_referrers_count) == said.broken[:2]
            assert predicted.aborts_on == (said.stop.path if said.stop else None)


@pytest.mark.parametrize("seed", seeds(700, 1))
def test_only_where_something_is_deleted_a_state_is_another(seed: int, tmp_path: Path) -> None:
    """What was worked out by the scan for all other repositories is what would be worked out again."""
    rng = Random(seed)
    inventory = damaged(rng, tmp_path, seed % 2 * 3)
    asked = {
        "gc_touched_state": "select repository_id, digest_id, state from gc_state order by all",
        "gc_linked": "select distinct repository_id, digest_id, is_tagged from gc_linked order by all",
    }
    with Inventory(str(inventory)) as opened:
        replica = Replica(opened, map(deletion_of, random_items(rng, opened)))
        before = {name: opened.query(sql).rows for name, sql in asked.items()}
        opened.query("insert into gc_deletion select repository_id, -1, null from store.repository")
        for name, sql in asked.items():
            replica.run(name)
            assert opened.query(sql).rows == before[name]


def random_items(rng: Random, inventory: Inventory) -> list[Item]:
    """Return deletions of some revisions and tags."""
    tags = "select repository, digest, tag from tag where digest is not null"
    rows = inventory.query(f"select repository, digest, '' from revision union all {tags} order by all").rows
    return [
        Item(
            action=Action.DELETE_TAG if tag else Action.DELETE_MANIFEST,
            repository=repository,
            digest=digest,
            tags=[tag] if tag else [],
            kind="image",
            reason="chosen by a die",
            size_bytes=0,
            exclusive_bytes=0,
        )
        for repository, digest, tag in rng.sample(rows, min(len(rows), rng.randrange(6)))
    ]


@pytest.mark.parametrize("seed", seeds(400, 3))
def test_a_tolerant_replay_stops_nowhere(seed: int, tmp_path: Path) -> None:
    """Where nothing stops the real one it is the same, and else it has noted what does, first things first."""
    rng = Random(seed)
    inventory = damaged(rng, tmp_path, 6)
    with Inventory(str(inventory)) as opened:
        replica = Replica(opened)
        for collector in COLLECTORS:
            strict, tolerant = (replay(replica, collector, tolerant=value) for value in (False, True))
            assert tolerant.stop is None
            assert bool(tolerant.set_aside) == bool(strict.stop)
            if strict.stop:
                assert strict.stop.path in {tolerant.set_aside[0].path, *tolerant.set_aside[0].others}
            else:
                assert tolerant == strict


@pytest.mark.parametrize("seed", seeds(500, 2))
def test_what_is_replayed_at_once_is_what_each_step_does(seed: int, tmp_path: Path) -> None:
    """Repositories in which nothing is odd are replayed as sets: that changes nothing, whatever lies beside them."""
    rng = Random(seed)
    inventory = damaged(rng, tmp_path, seed % 2 * 2)
    at_once = 0
    with Inventory(str(inventory)) as opened:
        replica = Replica(opened)
        for collector in COLLECTORS:
            tolerant = rng.random() < 0.5
            some = _said(replica, collector, tolerant, is_whole=False)
            at_once += opened.query("select count(*) from gc_plain").rows[0][0]
            assert some == _said(replica, collector, tolerant, is_whole=True), (collector.name, tolerant)
    assert at_once


def _said(replica: Replica, collector: Collector, tolerant: bool, *, is_whole: bool) -> tuple[object, ...]:
    found = replay(replica, collector, tolerant=tolerant, is_whole=is_whole)
    paths = [sorted(paths_of(replica.inventory, removed)) for removed in (found.removed, found.maybe)]
    return found.stop, found.marked_count, found.repositories, found.set_aside, paths
