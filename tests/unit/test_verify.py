"""A plan against a later inventory: which inventories are later, and what has gone besides."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from scanning import scan_tree
from tonnage.formats.targets import Target
from tonnage.gc.preview import paths_of, preview
from tonnage.inventory.database import Inventory
from tonnage.plan import Plan, collected_blobs, prediction_of
from tonnage.planning.planner import Wanted, make_plan
from tonnage.planning.verify import Verification, VerifyError, verify
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

FINISHED = datetime(2026, 3, 4, 5, 6, 7, 500_000, tzinfo=UTC)


def scanned(registry: Builder, inventory: Path, moment: datetime) -> Path:
    """Scan at a moment."""
    scan_tree(registry.root, inventory, now=lambda: moment)
    return inventory


def planned(inventory: Path) -> Plan:
    """Return a plan that deletes the tag `1` of `app`."""
    with Inventory(str(inventory)) as opened:
        return make_plan(opened, Wanted(targets=(Target("app", "1"),)), FINISHED)


def verified(inventory: Path, plan: Plan) -> Verification:
    """Return what came of the plan."""
    with Inventory(str(inventory)) as opened:
        return verify(opened, plan)


@pytest.mark.parametrize(("seconds", "is_later"), [(-1, False), (0, False), (0.1, True), (86400, True)])
def test_an_inventory_made_anew_is_later_if_its_scan_was(
    registry: Builder, tmp_path: Path, seconds: float, is_later: bool
) -> None:
    """Its scans are counted from 1 again: after a change of the tables, on another machine, or once it was deleted."""
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    scanned(registry, tmp_path / "one", FINISHED - timedelta(days=2))
    plan = planned(scanned(registry, tmp_path / "one", FINISHED))
    other = scanned(registry, tmp_path / "other", FINISHED + timedelta(seconds=seconds))
    if is_later:
        assert next(finding for finding, *_ in verified(other, plan).findings.rows) == "revision still there"
    else:
        with pytest.raises(VerifyError, match="not later"):
            verified(other, plan)


def test_what_was_pushed_right_before_the_scan_is_not_new(registry: Builder, tmp_path: Path) -> None:
    """Within the same second too: else bytes that were counted twice would be taken for bytes that are gone."""
    app = registry.repository("app")
    gone = app.image([registry.layer(b"gone")], tag="1")
    app.image([registry.layer(b"stays")], tag="2")
    for path in registry.v2.glob("blobs/*/*/*/data"):
        os.utime(path, (FINISHED.timestamp() - 0.2,) * 2)
    plan = planned(scanned(registry, tmp_path / "i", FINISHED))
    app.delete(gone.digest)
    for digest in plan.freed_blobs:
        shutil.rmtree(registry.blob_path(digest).parent)
    found = verified(scanned(registry, tmp_path / "i", FINISHED + timedelta(days=1)), plan)
    assert found.findings.rows == []
    assert found.is_as_predicted


def test_the_prediction_is_the_collector_s_own(registry: Builder, tmp_path: Path) -> None:
    """2.x takes what a platform needs that was deleted from its index before: it was predicted, and is as predicted."""
    app = registry.repository("app")
    platforms = [app.image([registry.layer(size_bytes=900, seed=name)], labels={"name": name}) for name in ("a", "b")]
    app.index(platforms, tag="2")
    gone = app.image([registry.layer(b"gone")], tag="1")
    app.delete(platforms[0].digest)
    (app.path / "_uploads").mkdir(exist_ok=True)
    plan = planned(scanned(registry, tmp_path / "i", FINISHED))
    assert sum(plan.taken_blobs.values()) > 900 and plan.left_blobs == []
    own = prediction_of(plan, "2.x")
    assert own is not None and own.freed_bytes == sum(collected_blobs(plan).values())
    app.delete(gone.digest)
    collect(registry, tmp_path / "after")
    found = verified(scanned(registry, tmp_path / "i", FINISHED + timedelta(days=1)), plan)
    assert (found.findings.rows, found.freed_bytes) == ([], own.freed_bytes)
    assert found.is_as_predicted
    assert ["was to take" in note for note in found.notes] == [True]


def test_a_collection_that_leaves_what_was_predicted_is_found_out(registry: Builder, tmp_path: Path) -> None:
    """What only the safe set has is not missed, what the collector was to take is."""
    app = registry.repository("app")
    gone = app.image([registry.layer(b"gone")], tag="1")
    app.image([registry.layer(b"stays")], tag="2")
    plan = planned(scanned(registry, tmp_path / "i", FINISHED))
    app.delete(gone.digest)
    found = verified(scanned(registry, tmp_path / "i", FINISHED + timedelta(days=1)), plan)
    assert {finding for finding, *_ in found.findings.rows} == {"blob still there"}
    leaving = msgspec.structs.replace(plan, left_blobs=sorted(plan.freed_blobs))
    found = verified(tmp_path / "i", leaving)
    assert (found.predicted_bytes, found.findings.rows, len(found.notes)) == (0, [], 1)


def collect(registry: Builder, inventory: Path) -> None:
    """Remove what a collection by 2.x would."""
    scan_tree(registry.root, inventory)
    with Inventory(str(inventory)) as opened:
        found = preview(opened, 2)
        removed = paths_of(opened, found.outcome.removed)
    assert found.stop is None
    for path in removed:
        shutil.rmtree(registry.v2 / path)
