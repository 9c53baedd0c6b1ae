"""What could not be read pins what it may need: pinned bytes are safe for nobody, and everything says the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from randomdamage import keep_scannable, random_damage
from randomtrees import random_registry
from scanning import answer, in_memory, scan_storage, scan_tree
from seeds import seeds
from tonnage.formats.targets import parse_target
from tonnage.gc.preview import COLLECTORS, context_of, listing, preview
from tonnage.gc.text import to_document
from tonnage.inventory.database import Inventory
from tonnage.inventory.known import doubts_of, gravest
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.inventory.statements import statements
from tonnage.planning.deletions import Deletions
from tonnage.planning.deletions_text import describe, listing_of
from tonnage.sample import Builder
from tonnage.show.card import card
from tonnage.show.verdict import facts_of
from tonnage.sizes import format_size
from tonnage.storage import Entry, Type
from tonnage.storage.memory import MemoryStorage

pytestmark = pytest.mark.slow


class PartlyUnreadable(MemoryStorage):
    """A storage with a folder that only the registry's user may read."""

    folder = ""

    def list(self, prefix: str, unopened_before_us: int = 0) -> Iterator[Entry]:
        """Yield what is outside of the folder, and what happened in its place."""
        for entry in super().list(prefix, unopened_before_us):
            if not entry.path.startswith(f"{self.folder}/"):
                yield entry
        if self.folder.startswith(prefix):
            yield Entry(self.folder, 0, None, Type.UNREADABLE, "Permission denied")


def check_agreement(inventory: Path) -> tuple[int, int]:
    """Check that all say the same of what is free and what is pinned; return both in bytes."""
    metrics = {name: statements("metrics")[f"tonnage_{name}_bytes"].sql for name in ("collectable", "pinned")}
    with Inventory(str(inventory)) as opened:
        orphans = run_report(opened, builtin_reports()["orphans"], {}).rows
        free, pinned = (sum(size for _, size, _, is_pinned in orphans if is_pinned is value) for value in (False, True))
        is_grave = gravest(doubts_of(opened)) is not None
        measured = [opened.query(sql).rows[0][0] for sql in metrics.values()]
        assert measured == [None if is_grave else free, pinned]
        text = card(facts_of(opened, None), 200)
        assert is_grave == ("would free is unknown" in text)
        assert is_grave or (f"{format_size(free)} that nothing needs" in text) == bool(free or pinned)
        assert is_grave or not pinned or format_size(pinned) in text
        for collector in COLLECTORS:
            found = preview(opened, *collector)
            document = json.loads(to_document(found, context_of(opened)))["safe"]
            said = (document["safe_bytes"], document["pinned_bytes"])
            assert said == ((None, None) if found.is_doubtful else found.comparison[1:8:6])
            assert is_grave <= found.is_doubtful
            pins = {digest for (digest,) in opened.query("select digest from orphaned where is_pinned").rows}
            blobs = listing(opened, "blobs")
            assert not pins & {row[0] for row in blobs.rows if row[blobs.columns.index("is_safe")]}
            assert not collector.delete_untagged or found.comparison.safe_bytes >= free
            if not collector.delete_untagged:
                assert (found.comparison.safe_bytes, found.comparison.pinned_bytes) == (free, pinned)
        deletions = Deletions(opened)
        deletions.settle()
        totals = deletions.totals()
        assert (totals.freed_bytes, totals.orphaned_bytes, totals.pinned_bytes) == (0, free, 0)
        assert deletions.run("freed_total").rows[0][::2] == (free, free)
        assert deletions.run("orphaned_total").rows == [(free,)]
        assert sum(size for _, size in deletions.run("freed_blobs").rows) == free
        assert listing_of(deletions, "blobs").rows == []
    return free, pinned


@pytest.mark.parametrize("seed", seeds(800, 3))
def test_all_say_the_same_of_damaged_trees(seed: int, tmp_path: Path) -> None:
    """Card, orphans, metrics, the preview in text, JSON and lists, what-if and plans."""
    rng = Random(seed)
    registry = random_registry(rng, tmp_path / "registry")
    for _ in range(rng.randint(1, 5)):
        random_damage(rng, registry)
    keep_scannable(registry)
    scan_tree(registry.root, tmp_path / "inventory")
    check_agreement(tmp_path / "inventory")


def unread(registry: Builder, inventory: Path, folder: str) -> Path:
    """Scan with a folder that cannot be read."""
    storage = PartlyUnreadable(in_memory(registry.v2).files)
    storage.folder = folder
    scan_storage(storage, inventory)
    return inventory


def test_a_folder_that_could_not_be_read_pins_everything(registry: Builder, tmp_path: Path) -> None:
    """Its images' layers look orphaned; nobody calls them safe, and what-if says from what to what."""
    live = registry.repository("live").image([registry.layer(size_bytes=5_000, seed="live")], tag="1")
    registry.repository("app").image([registry.layer(size_bytes=3_000, seed="app")], tag="1")
    registry.blob(b"orphan")
    inventory = unread(registry, tmp_path / "i", "repositories/live")
    free, pinned = check_agreement(inventory)
    assert (free, pinned > 5_000) == (0, True)
    assert [row[:2] for row in answer(inventory, "select revision_id, count(*) from store.pin group by all")] == [
        (None, len(list(registry.v2.glob("blobs/*/*/*"))))
    ]
    with Inventory(str(inventory)) as opened:
        deletions = Deletions(opened)
        deletions.add(parse_target("app"), "named")
        deletions.settle()
        totals = deletions.totals()
        assert (totals.freed_bytes, totals.shared_bytes) == (0, 0)
        assert totals.pinned_bytes == totals.stored_bytes > 3_000
        text = describe(deletions)
        assert "freed at least" in text and "more at most" in text
        safe = preview(opened, 2, delete_untagged=True).comparison
        assert (safe.safe_bytes, safe.pinned_bytes) == (0, pinned)
    assert live.digest


def test_what_an_unreadable_manifest_may_need_is_pinned_until_it_goes(registry: Builder, tmp_path: Path) -> None:
    """Then what it pinned is freed by its deletion, and was not orphaned already."""
    app = registry.repository("app")
    gone = app.image([registry.layer(size_bytes=4_000, seed="gone")], tag="1")
    app.delete(gone.digest)
    broken = app.image([registry.layer(size_bytes=100, seed="broken")], tag="2")
    registry.blob_path(broken.digest).write_bytes(b"<html>")
    scan_tree(registry.root, tmp_path / "i")
    manifest_bytes = registry.blob_path(gone.digest).stat().st_size
    free, pinned = check_agreement(tmp_path / "i")
    assert free == manifest_bytes  # no layer link leads to a manifest
    assert pinned > 4_000
    with Inventory(str(tmp_path / "i")) as opened:
        deletions = Deletions(opened)
        deletions.add(parse_target("app"), "named")
        deletions.settle()
        totals = deletions.totals()
        assert (totals.orphaned_bytes, totals.pinned_bytes) == (free, 0)
        assert totals.freed_bytes == pinned + len(b"<html>")
        listed = [size for _, size, _ in listing_of(deletions, "blobs").rows]
        assert listed == sorted(listed, reverse=True) and sum(listed) == totals.freed_bytes
