"""The preview against the real collector: on random trees, a third of them damaged, they agree in every single case.

Each tree is scanned, the collection is previewed from the inventory alone, and then run for real, first dry: exit code,
what it stops on, the paths that are gone, the number of marks and the bytes that left the disk are the same. Where the
real program goes in an order that nobody knows, what it does must be among what the preview says it may do.

A collection that stops is put right, by taking away or making what the preview names, and run again: that gets it
further only if the preview named the right thing.

To try more, or others: TONNAGE_FUZZ_TREES=1000 trees, from TONNAGE_FUZZ_SEED=1 on, TONNAGE_FUZZ_DAMAGED=0.34 of them
damaged, each collected in TONNAGE_FUZZ_ROUNDS=4; TONNAGE_REGISTRY_3=/path/to/registry tries a real 3.x as well.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from oddstates import STATES
from randomdamage import keep_scannable, random_damage
from randomtrees import random_registry
from realregistry import REGISTRY, Collection, collect
from scanning import scan_tree
from seeds import FACTOR, some
from tonnage.gc.marking import Marking
from tonnage.gc.preview import Preview, listing, paths_of, preview
from tonnage.gc.refusals import RefusedError
from tonnage.gc.replay import Stop
from tonnage.gc.replica import Collector, Replica
from tonnage.gc.sweeping import Sweep
from tonnage.inventory.database import Inventory
from tonnage.sample import Builder, documents

pytestmark = pytest.mark.integration

TREES_COUNT = int(os.environ.get("TONNAGE_FUZZ_TREES", str(12 * FACTOR)))
TREES_PER_TEST = 4
FIRST_SEED = int(os.environ.get("TONNAGE_FUZZ_SEED", "1"))
DAMAGED_SHARE = float(os.environ.get("TONNAGE_FUZZ_DAMAGED", "0.34"))
PROGRAMS = {2: REGISTRY, 3: os.environ.get("TONNAGE_REGISTRY_3", "")}
VERSIONS = [version for version, program in PROGRAMS.items() if program]
ROUNDS = int(os.environ.get("TONNAGE_FUZZ_ROUNDS", "2"))
"""How often a collection is run that stops, as each time what it stopped on is put right."""

_ON_THE_WAY_ROUND = ("invalid checksum digest", "unsupported digest algorithm", "failed to parse repo name")
"""What it may stop on in a circle of folders before the circle becomes too long: a path in it says something else."""

Disk = dict[str, int]
"""Bytes by path below `v2/`; folders and symbolic links have none."""


def look(v2: Path) -> Disk:
    """Return what is on the disk; symbolic links are not followed."""
    found: Disk = {}
    for folder, folders, files in os.walk(v2):
        for name in [*folders, *files]:
            path = Path(folder, name)
            is_file = path.is_file() and not path.is_symlink()
            found[str(path.relative_to(v2))] = path.stat().st_size if is_file else 0
    return found


def links(v2: Path) -> dict[str, str]:
    """Return where symbolic links within the storage lead."""
    found = {}
    for folder, folders, files in os.walk(v2):
        for name in [*folders, *files]:
            target = os.path.realpath(os.path.join(folder, name))
            if os.path.islink(os.path.join(folder, name)) and target.startswith(f"{os.path.realpath(v2)}/"):
                found[os.path.relpath(os.path.join(folder, name), v2)] = os.path.relpath(target, os.path.realpath(v2))
    return found


def below(paths: Iterable[str], disk: Disk) -> set[str]:
    """Return all there is at and below some paths."""
    roots = set(paths)
    return {path for path in disk if any(root in roots for root in _upwards(path))}


def _upwards(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


class Said(NamedTuple):
    """A preview, with the paths that are removed by it, and those that may be."""

    preview: Preview
    removed: set[str]
    maybe: set[str]


def differences(expected: Said, did: Collection, before: Disk, after: Disk, symlinks: dict[str, str]) -> list[str]:
    """Return in what the real run differs from the preview."""
    said = expected.preview
    found = []
    exit_code = said.stop.exit_code if said.stop else 0
    if exit_code != did.exit_code:
        found.append(f"exit code: said {exit_code}, did {did.exit_code}: {did.error[-300:]}")
    if said.marked_count != did.marked_count:
        found.append(f"marked: said {said.marked_count}, did {did.marked_count}")
    gone = before.keys() - after.keys()
    certain = below((real(path, symlinks) for path in expected.removed), before)
    possible = certain | below((real(path, symlinks) for path in expected.maybe), before)
    if not certain <= gone <= possible:
        found.append(f"removed: kept {sorted(certain - gone)[:3]}, took as well {sorted(gone - possible)[:3]}")
    freed_bytes = sum(before.values()) - sum(after.values())
    most_bytes = said.removed.freed_bytes + said.maybe_removed.freed_bytes
    if not said.removed.freed_bytes <= freed_bytes <= most_bytes:
        found.append(f"freed: said {said.removed.freed_bytes} to {most_bytes}, did {freed_bytes}")
    if said.stop and did.exit_code and not fits(said.stop, did.error):
        found.append(f"stopped on {said.stop}, said: {did.error[-400:]}")
    return found


def column(replica: Replica, table: str) -> set[str]:
    """Return the digests in a table of what is replayed at once."""
    found = replica.inventory.query(f"select d.digest from {table} join store.digest as d using (digest_id)")
    return {digest for (digest,) in found.rows}


def dry_differences(replica: Replica, did: Collection, collector: Collector) -> list[str]:
    """Return in what a dry run differs from the first steps of the replay: nothing is removed that may fail to be."""
    replica.use(collector)
    marking = Marking(replica, collector)
    blobs, stop = set[str](), None
    try:
        marking.run()
        blobs = Sweep(replica, marking).find_blobs()
    except RefusedError as error:
        stop = error
    exit_code = stop.exit_code if stop else 0
    if exit_code != did.exit_code:
        return [f"dry run: exit code: said {exit_code}, did {did.exit_code}: {did.error[-300:]}"]
    if stop:
        return []
    blobs |= column(replica, "gc_unmarked_blob")
    eligible = {link.digest for link in marking.eligible} | column(replica, "gc_plain_eligible")
    said = marking.marked_count, blobs, eligible if collector.version == 2 else set()
    done = did.marked_count, did.eligible_blobs, did.eligible_manifests
    return [] if said == done else [f"dry run: said {said}, did {done}"]


def real(path: str, symlinks: dict[str, str]) -> str:
    """Return a path with the symbolic links on the way resolved, but for its last part."""
    for link in _upwards(path)[:-1]:
        if link in symlinks:
            return real(symlinks[link] + path[len(link) :], symlinks)
    return path


def fits(stop: Stop, error: str) -> bool:
    """Return whether what the program said last is about what the preview says it stops on.

    It names the manifest it could not read, and the path where the file system answered with an error; of a link that
    holds no digest it says only that.
    """
    last = error.strip().split("\n")[-1] if stop.exit_code == 1 else error
    paths = {stop.path, *stop.others}
    named = re.findall(r"/docker/registry/v2/([^\s:]+)", last) if stop.exit_code == 1 else []
    if named and not any(path.startswith(other) or other.startswith(path) for path in named for other in paths):
        return False
    if "failed to retrieve manifest for digest" in stop.message:
        digest = re.search(r"for digest (\S+):", stop.message)
        return stop.exit_code == 2 or (digest is not None and digest[1] in last)
    words = {
        "invalid checksum digest": ("invalid checksum digest", "unsupported digest algorithm"),
        "panic": ("panic: ",),
        "failed to parse repo name": (stop.message,),
        "is a directory": ("is a directory",),
        "not a directory": ("not a directory",),
        "too many levels": ("too many levels of symbolic links", *_ON_THE_WAY_ROUND),
        "invalid path": ("invalid path",),
        "unknown repository": ("unknown repository name=",),
        "Path not found": ("Path not found",),
    }
    return any(
        (said in stop.message or stop.others) and any(word in last for word in did) for said, did in words.items()
    )


def put_right(v2: Path, stop: Stop) -> None:
    """Take away what a collection stopped on, or make the folder it misses."""
    is_manifest = "failed to retrieve manifest" in stop.message
    path = v2 / (os.path.dirname(stop.path) if is_manifest else stop.path)
    while not os.path.lexists(path) and not os.path.lexists(path.parent) and path != v2:
        path = path.parent
    if os.path.lexists(path.parent) and not path.parent.is_dir():
        path = path.parent  # a file where a folder should be
    if not os.path.lexists(path):
        path.mkdir(parents=True)
    elif path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def compare_dry(root: Path, inventory: Path) -> list[str]:
    """Replay and try each collection; return the differences."""
    before = look(root)
    found = []
    with Inventory(str(inventory)) as opened:
        replica = Replica(opened)
        for collector in (Collector(version, untagged) for version in VERSIONS for untagged in (False, True)):
            program = PROGRAMS[collector.version]
            did = collect(root, delete_untagged=collector.delete_untagged, dry_run=True, program=program)
            found += [f"{collector.name}: {text}" for text in dry_differences(replica, did, collector)]
    assert look(root) == before
    return found


def compare(root: Path, inventory: Path, version: int, delete_untagged: bool) -> list[str]:
    """Preview and run a collection, again after each stop; return the differences."""
    v2 = root / "docker/registry/v2"
    found: list[str] = []
    for round_ in range(ROUNDS):
        if round_:
            inventory = root.parent / f"{root.name}-{round_}"
            scan_tree(root, inventory)
        with Inventory(str(inventory)) as opened:
            said = preview(opened, version, delete_untagged)
            expected = Said(said, *(paths_of(opened, of) for of in (said.outcome.removed, said.outcome.maybe)))
        before, symlinks = look(v2), links(v2)
        did = collect(root, delete_untagged=delete_untagged, program=PROGRAMS[version])
        found += [f"round {round_}: {text}" for text in differences(expected, did, before, look(v2), symlinks)]
        if found or not said.stop:
            break
        put_right(v2, said.stop)
    return found


def compare_tree(folder: Path, seed: int) -> list[str]:
    """Build and scan the tree of a seed, and compare with each collector, on a copy; return the differences."""
    rng = Random(seed)
    registry = random_registry(rng, folder / "built")
    damages = []
    if rng.random() < DAMAGED_SHARE:
        damages = [random_damage(rng, registry) for _ in range(rng.choice((1, 1, 1, 2, 3, 4)))]
    keep_scannable(registry)
    scan_tree(registry.root, folder / "inventory")
    found = [f"seed {seed}, {damages}: {text}" for text in compare_dry(registry.root, folder / "inventory")]
    for version in VERSIONS:
        for delete_untagged in (False, True):
            subprocess.run(["cp", "-a", registry.root, folder / "copy"], check=True)
            differing = compare(folder / "copy", folder / "inventory", version, delete_untagged)
            mode = f"seed {seed}, {version}.x{' -m' if delete_untagged else ''}, {damages}"
            found += [f"{mode}: {text}" for text in differing]
            shutil.rmtree(folder / "copy")
    shutil.rmtree(registry.root)
    (folder / "inventory").unlink()
    return found


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + TREES_COUNT, TREES_PER_TEST))
def test_random_trees(first: int, tmp_path: Path) -> None:
    """Scan, preview and collect: the preview says what the collection does, with and without -m."""
    seeds = range(first, min(first + TREES_PER_TEST, FIRST_SEED + TREES_COUNT))
    found = [text for seed in seeds for text in compare_tree(tmp_path, seed)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", some(list(STATES), 2))
def test_odd_states(name: str, tmp_path: Path) -> None:
    """The real collector stops on the states that the tests of the rules say it stops on, and on no others."""
    damage, stopped, _ = STATES[name]
    for mode, delete_untagged in (("2", False), ("2 -m", True)):
        registry = Builder(tmp_path / mode)
        app = registry.repository("app")
        (app.path / "_layers").mkdir(parents=True)
        app.image([registry.layer(b"layer")], tag="1")
        damage(app)
        assert (collect(registry.root, delete_untagged=delete_untagged).exit_code != 0) == (mode in stopped), mode


@pytest.mark.parametrize("kind", ["image", "index without a media type", "schema 1"])
@pytest.mark.parametrize("levels", some([9_999, 500, 10_000, 5_000, 9_998], 2))
def test_deep_documents(levels: int, kind: str, tmp_path: Path) -> None:
    """A value that nobody reads may be nested as deep as Go goes: the manifest is marked, and so is what it refers to."""
    registry = Builder(tmp_path / "registry")
    app = registry.repository("app")
    (app.path / "_layers").mkdir(parents=True)
    layer = registry.layer(b"layer")
    app.link_layers([layer])
    content = {
        "image": documents.image_manifest(app.registry.blob(b"{}"), [layer]),
        "index without a media type": documents.encode({"schemaVersion": 2, "manifests": []}),
        "schema 1": documents.encode({"schemaVersion": 1, "fsLayers": [{"blobSum": layer.digest}]}),
    }[kind]
    deep = content.rstrip()[:-1] + b', "unread": ' + b"[" * levels + b"]" * levels + b"}"
    pushed = app.manifest(content, tag="1")
    registry.blob_path(pushed.digest).write_bytes(deep)  # the collector does not compare digests
    scan_tree(registry.root, tmp_path / "inventory")
    assert compare(registry.root, tmp_path / "inventory", 2, False) == []


def test_tags_from_outside_are_none_of_the_collectors(registry: Builder, tmp_path: Path) -> None:
    """It reads the storage: what only a database has a tag for goes with -m, and the preview says what that breaks."""
    repository = registry.repository("app")
    image = repository.image([registry.layer(b"1")])
    (repository.path / "_manifests/tags").mkdir()
    scan_tree(registry.root, tmp_path / "i.duckdb")
    with Inventory(str(tmp_path / "i.duckdb"), tags=[("app", "1", image.digest)]) as inventory:
        found = preview(inventory, 2, delete_untagged=True)
        taken = {digest for digest, *_ in listing(inventory, "blobs").rows}
    done = collect(registry.root, delete_untagged=True)
    assert (done.exit_code, done.eligible_blobs) == (0, taken)
    assert image.digest in done.eligible_blobs and found.broken.images_count == 1
