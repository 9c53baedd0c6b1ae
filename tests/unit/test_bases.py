"""Which images are built on which: the running sums that stand for the layers against the layers themselves."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random

import duckdb
import pytest

from scanning import answer, scan_tree
from tonnage.sample import Builder, Descriptor

pytestmark = pytest.mark.slow

LAYERS = """
select f.parent, f.child
from manifest_ref as f
where f.role = 'layer' and f.parent in (select digest from revision)
order by f.parent, f.position
"""


def by_comparing(inventory: Path) -> dict[str, int]:
    """Return how many images begin with the layers of each base, compared layer by layer; of equal ones the first."""
    layers: dict[str, list[str]] = {}
    for parent, child in answer(inventory, LAYERS):
        layers.setdefault(parent, []).append(child)
    counts: Counter[tuple[str, ...]] = Counter()
    for digests in layers.values():
        counts.update(tuple(digests[:length]) for length in range(1, len(digests)))
    wholes: dict[tuple[str, ...], str] = {}
    for parent, digests in sorted(layers.items()):
        wholes.setdefault(tuple(digests), parent)
    return {parent: counts[digests] for digests, parent in wholes.items() if counts[digests]}


@pytest.mark.parametrize("seed", range(4))
def test_bases_are_found_by_their_layers(registry: Builder, tmp_path: Path, seed: int) -> None:
    """On random images over few layers, in every order and repeated: what begins alike, and nothing else."""
    rng = Random(seed)
    layers = [registry.layer(b"layer %d" % number) for number in range(4)]
    for number in range(150):
        chosen = rng.choices(layers, k=rng.randint(1, 6))
        registry.repository(f"r{number % 3}").image(chosen, tag=f"{number}", labels={"n": f"{number}"})
    scan_tree(registry.root, tmp_path / "inventory")
    found = answer(tmp_path / "inventory", "select digest, images_count from base")
    assert dict(found) == by_comparing(tmp_path / "inventory")


def many_layers(registry: Builder, name: str, layer: Descriptor, count: int) -> Descriptor:
    """Push what anybody may push: a manifest of so many layers, all the same one."""
    repo = registry.repository(name)
    config = registry.blob(json.dumps({"n": name}).encode())
    repo.link_layers([layer, config])
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config.digest,
            "size": config.size_bytes,
        },
        "layers": [{"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size_bytes}] * count,
    }
    return repo.manifest(json.dumps(manifest).encode(), tag="t")


def test_as_many_layers_as_a_manifest_can_have(registry: Builder, tmp_path: Path) -> None:
    """What each layer costs does not grow with their number: 100 MB are enough where every prefix is a text of its own."""
    layer = registry.layer(b"zz")
    many_layers(registry, "one", layer, 24_000)
    many_layers(registry, "two", layer, 23_999)
    many_layers(registry, "base", layer, 1)
    scan_tree(registry.root, tmp_path / "inventory")
    config = {"memory_limit": "100MB", "threads": 2, "temp_directory": ""}
    with duckdb.connect(str(tmp_path / "inventory"), read_only=True, config=config) as database:
        rows = database.execute("select layers_count, images_count, image from base order by layers_count").fetchall()
    assert rows == [(1, 2, "base:t"), (23_999, 1, "two:t")]
