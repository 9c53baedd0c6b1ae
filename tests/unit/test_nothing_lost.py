"""Nothing lost: after any plan on any tree and the collection it names, whatever is not in the plan still pulls completely.

The deletions are done to the files as the API does them; the collection is the replay's for both versions here, and the
real program's in tests/integration/test_nothing_lost_real.py. What pulls is told by a walk that shares nothing with tonnage.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from pulling import complete, pullable
from randomplans import blob_bytes, outside, random_tree, some_plan
from seeds import seeds
from tonnage.gc.preview import deletion_of, paths_of, preview
from tonnage.inventory.database import Inventory
from tonnage.plan import Action, Item, prediction_of

pytestmark = pytest.mark.slow


def delete(v2: Path, item: Item, version: int) -> None:
    """Do to the files what the registry's API does."""
    path = v2 / "repositories" / item.repository
    if item.action is Action.DELETE_TAG:
        shutil.rmtree(path / "_manifests/tags" / item.tags[0])
        return
    place = item.digest.replace(":", "/")
    (path / "_manifests/revisions" / place / "link").unlink()
    if version == 2:
        (path / "_layers" / place / "link").unlink(missing_ok=True)
    for current in path.glob("_manifests/tags/*/current/link"):
        with suppress(UnicodeDecodeError, IsADirectoryError):
            if current.read_text() == item.digest:
                shutil.rmtree(current.parent.parent)


@pytest.mark.parametrize("seed", seeds(0, 4))
def test_nothing_outside_of_the_plan_is_lost(tmp_path: Path, seed: int) -> None:
    """By the rules of either version, and the bytes predicted are the bytes that go."""
    rng = Random(seed)
    registry = random_tree(rng, tmp_path / "registry")
    before = pullable(registry.v2)
    found = some_plan(registry, rng)
    if found is None:
        return
    plan, wanted = found
    for item in plan.items:
        delete(registry.v2, item, wanted.registry_version)
    assert outside(before, plan) <= complete(registry.v2)
    if not any("garbage-collect" in command for command in plan.commands):
        return
    before_bytes = blob_bytes(registry.v2)
    with Inventory(str(tmp_path / "inventory.duckdb")) as inventory:
        found_preview = preview(inventory, wanted.registry_version, without=map(deletion_of, plan.items))
        removed = paths_of(inventory, found_preview.outcome.removed)
    for path in removed:
        target = registry.v2 / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    assert outside(before, plan) <= complete(registry.v2)
    predicted = prediction_of(plan, plan.collector)
    assert predicted and predicted.freed_bytes == before_bytes - blob_bytes(registry.v2)
