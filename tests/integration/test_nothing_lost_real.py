"""Nothing lost, for real: random plans applied to Debian's registry over HTTP, and collected by its own program."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from pulling import complete, pullable
from randomplans import blob_bytes, outside, random_tree, some_plan
from realregistry import collect, running_registry
from scanning import scan_tree
from seeds import seeds
from tonnage.apply import Status, apply_plan
from tonnage.inventory.database import Inventory
from tonnage.plan import prediction_of
from tonnage.planning.verify import verify
from tonnage.registry import Limits, Registry

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("seed", seeds(500, 3))
def test_nothing_outside_of_the_plan_is_lost(tmp_path: Path, seed: int) -> None:
    """What is not in the plan pulls as before; and if all of it was done, the bytes predicted are those that go."""
    rng = Random(seed)
    registry = random_tree(rng, tmp_path / "registry")
    before = pullable(registry.v2)
    found = some_plan(registry, rng)
    if found is None:
        return
    plan, _ = found
    with (
        running_registry(registry.root) as running,
        Registry.at(running.url, limits=Limits(requests_per_second=1000, pause_seconds=0.01)) as api,
    ):
        outcome = apply_plan(plan, api, tmp_path / "plan.journal", confirmed=plan.id)
    assert outside(before, plan) <= complete(registry.v2)
    predicted = prediction_of(plan, "2.x")
    assert predicted
    if predicted.harm:
        return
    before_bytes = blob_bytes(registry.v2)
    assert collect(registry.root).exit_code == 0
    assert outside(before, plan) <= complete(registry.v2)
    if outcome.count(Status.DONE) == len(plan.items):
        assert predicted.freed_bytes == before_bytes - blob_bytes(registry.v2)
        scan_tree(registry.root, tmp_path / "later.duckdb")
        with Inventory(str(tmp_path / "later.duckdb")) as later:
            verification = verify(later, plan)
        assert verification.freed_bytes == predicted.freed_bytes
        assert verification.is_as_predicted, verification.findings.rows
