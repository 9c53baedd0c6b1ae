"""What holds of every registry, tried on random ones; `TONNAGE_EXAMPLES=500` in the environment tries more of them."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings

import tonnage.scan.fingerprints
import tonnage.scan.run
from scanning import TIMES, answer, check_sums, differences, everything, in_memory, scan_storage, scan_tree
from stories import HEALTHY, OPERATIONS, Operation, Story, classes, operations, prune
from tonnage.storage import Entry, Part
from tonnage.storage.local import LocalStorage
from tonnage.storage.memory import MemoryStorage

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("TONNAGE_EXAMPLES", "3"))
few = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 100,
    database=None,
    phases=(Phase.explicit, Phase.generate),  # to shrink a failure takes minutes, at a second a try
)


@few
@given(operations(OPERATIONS, 20, 60))
def test_the_sums_add_up(operations: list[Operation]) -> None:
    """Classes add up to the files on disk; exclusive, shared and unreferenced bytes to the stored ones."""
    with TemporaryDirectory() as folder:
        story = Story(Path(folder, "registry"))
        story.tell(operations)
        scan_tree(story.registry.root, Path(folder, "inventory"))
        check_sums(story.v2, Path(folder, "inventory"))


@few
@given(operations([*HEALTHY, "push again", "index"], 15, 50))
def test_classes_agree_with_a_second_count(operations: list[Operation]) -> None:
    """On healthy registries, each blob's class is what a plain walk over the files says."""
    with TemporaryDirectory() as folder:
        story = Story(Path(folder, "registry"))
        story.tell(operations)
        scan_tree(story.registry.root, Path(folder, "inventory"))
        found = answer(Path(folder, "inventory"), "select split_part(digest, ':', 2), class from blob")
        assert dict(found) == classes(story)


class ShuffledStorage(MemoryStorage):
    """A storage that lists in another order each time, in parts of its own."""

    def __init__(self, files: dict[str, bytes], dice: random.Random) -> None:
        super().__init__(files)
        self.dice = dice

    def parts(self) -> Iterator[Part | Entry]:
        """Yield a part per two levels of folders, and the other files as entries."""
        found: set[Part | Entry] = set()
        for path, content in self.files.items():
            first, second, *rest = [*path.split("/"), ""]
            found.add(Part(f"{first}/{second}/") if any(rest) else Entry(path, len(content), None))
        yield from self._shuffled(found)

    def list(self, prefix: str, unopened_before_us: int = 0) -> Iterator[Entry]:
        """Yield the files of a part."""
        yield from self._shuffled(super().list(prefix, unopened_before_us))

    def _shuffled(self, things: Any) -> list[Any]:
        return self.dice.sample(ordered := sorted(things), len(ordered))


@few
@given(operations(OPERATIONS, 20, 60))
def test_the_same_files_are_the_same_inventory(operations: list[Operation]) -> None:
    """On disk or in memory, listed in whatever order: row for row, but for the times that only a disk knows."""
    with TemporaryDirectory() as folder:
        story = Story(Path(folder, "registry"))
        story.tell(operations)
        prune(story.v2)
        for name in ("blobs", "repositories"):
            (story.v2 / name).mkdir(exist_ok=True, parents=True)
        inventories = [Path(folder, name) for name in ("disk", "memory", "shuffled")]
        storage = in_memory(story.v2)
        scan_tree(story.registry.root, inventories[0])
        scan_storage(storage, inventories[1])
        scan_storage(ShuffledStorage(storage.files, random.Random(len(operations))), inventories[2])
        disk, memory, shuffled = (everything(inventory, without=TIMES) for inventory in inventories)
        disk["empty_folder"] = []  # at most the two that were made again
        assert differences(disk, memory) == {}
        assert differences(memory, shuffled) == {}


class Spied:
    """Counts what a scan of a disk lists and reads."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[str] = Counter()
        listing, reading = LocalStorage.list, LocalStorage.read

        def list_(storage: LocalStorage, *arguments: Any) -> Any:
            self.counts["listed"] += 1
            return listing(storage, *arguments)

        def read(storage: LocalStorage, path: str, limit_bytes: int) -> bytes:
            self.counts["links" if path.endswith("/link") else "blobs"] += 1
            return reading(storage, path, limit_bytes)

        patch.setattr(LocalStorage, "list", list_)
        patch.setattr(LocalStorage, "read", read)

    def take(self) -> Counter[str]:
        """Return the counts since they were taken last."""
        taken, self.counts = self.counts, Counter()
        return taken


def rescan_law(
    first: list[Operation], later: list[list[Operation]], *, is_exact: bool = True, is_large: bool = False
) -> Counter[str]:
    """Scan, let things happen, scan again, each time comparing with a fresh scan; return what was spared by it.

    With an exact clock, what was written milliseconds before a scan is known to be old.
    """
    spared: Counter[str] = Counter()
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if is_exact:
            patch.setattr(tonnage.scan.fingerprints, "CLOCK_MARGIN_US", 0)
        patch.setattr(LocalStorage, "is_large", lambda _: is_large)
        spied = Spied(patch)
        story, inventory, fresh = Story(Path(folder, "registry")), Path(folder, "inventory"), Path(folder, "fresh")
        story.tell(first)
        time.sleep(0.02)
        scan_tree(story.registry.root, inventory)
        for operations in later:
            time.sleep(0.02)
            story.tell(operations)
            time.sleep(0.02)
            spied.take()
            scan_tree(story.registry.root, inventory)
            again = spied.take()
            scan_tree(story.registry.root, fresh, full=True)
            spared += spied.take() - again
            assert differences(everything(inventory), everything(fresh)) == {}
    return spared


@few
@given(operations(OPERATIONS, 20, 50), operations(OPERATIONS, 1, 6))
def test_a_rescan_equals_a_fresh_scan(first: list[Operation], later: list[Operation]) -> None:
    """Whatever happened between the scans, moments before or after: row for row."""
    rescan_law(first, [later], is_exact=False)


def test_a_rescan_that_carries_equals_a_fresh_scan() -> None:
    """The same where the clock is trusted, so that what did not change is carried over; and some of it is."""
    spared: Counter[str] = Counter()

    @few
    @given(operations(OPERATIONS, 20, 50), operations(OPERATIONS, 0, 3), operations(OPERATIONS, 1, 4))
    def law(first: list[Operation], second: list[Operation], third: list[Operation]) -> None:
        spared.update(rescan_law(first, [second, third]))

    law()
    assert min(spared["links"], spared["blobs"]) > 0


IN_PLACE = ("damage blob", "stray", "empty folder", "damage folder")
"""What may change a blob's file or its folder and nothing above it: in a large registry only `--full` looks there."""


def test_a_rescan_of_a_large_registry_equals_a_fresh_scan() -> None:
    """The same where folders are not opened, and blobs not asked for, unless something above them changed."""
    names = OPERATIONS.keys() - set(IN_PLACE)
    spared: Counter[str] = Counter()

    @few
    @given(operations(OPERATIONS, 20, 50), operations(names, 0, 3), operations(names, 1, 4))
    def law(first: list[Operation], second: list[Operation], third: list[Operation]) -> None:
        spared.update(rescan_law(first, [second, third], is_large=True))

    law()
    assert min(spared.values()) > 0 and spared.keys() == {"listed", "links", "blobs"}


@few
@given(operations(HEALTHY, 20, 50))
def test_a_large_registry_is_as_a_small_one(operations: list[Operation]) -> None:
    """Where nothing is odd, it makes no difference whether every folder is opened."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        story, inventories = Story(Path(folder, "registry")), (Path(folder, "small"), Path(folder, "large"))
        story.tell(operations)
        scan_tree(story.registry.root, inventories[0])
        patch.setattr(LocalStorage, "is_large", lambda _: True)
        assert not scan_tree(story.registry.root, inventories[1]).is_searched
        assert differences(*map(everything, inventories)) == {}
