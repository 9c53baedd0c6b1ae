"""What a collection breaks, asked of the real registry: each part is pulled over HTTP before and after its collection."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from losses import lose
from pulling import parts
from randomtrees import random_registry
from realregistry import MANIFEST_TYPES, Registry, collect, running_registry
from scanning import scan_tree
from seeds import seeds
from tonnage.formats.names import is_repository_name
from tonnage.gc.preview import listing, preview
from tonnage.inventory.database import Inventory

pytestmark = pytest.mark.integration

Image = tuple[str, str]
"""Repository and digest."""


def pull(registry: Registry, repository: str, digest: str) -> set[str]:
    """Return the digests of all that a client gets of an image: manifests, and blobs that are there."""
    answer = registry.get_manifest(repository, digest)
    if answer.status != 200:
        return set()
    document = json.loads(answer.body)
    listed = document.get("manifests") or ()
    children = [entry["digest"] for entry in listed if entry.get("mediaType") in MANIFEST_TYPES]
    blobs = [entry["digest"] for entry in listed if entry.get("mediaType") not in MANIFEST_TYPES]
    blobs += [part["digest"] for part in (document.get("config"), *(document.get("layers") or ())) if part]
    blobs += [layer["blobSum"] for layer in document.get("fsLayers") or ()]
    got = {blob for blob in blobs if registry.request("HEAD", f"/v2/{repository}/blobs/{blob}").status == 200}
    return got.union({digest}, *(pull(registry, repository, child) for child in children))


def pull_all(root: Path, images: set[Image]) -> dict[Image, set[str]]:
    """Return what a client gets of each image of a registry that is started for it."""
    with running_registry(root) as registry:
        return {(repository, digest): pull(registry, repository, digest) for repository, digest in sorted(images)}


@pytest.mark.parametrize("seed", seeds(700, 3))
@pytest.mark.parametrize("delete_untagged", [False, True])
def test_what_breaks_cannot_be_pulled_any_more(seed: int, delete_untagged: bool, tmp_path: Path) -> None:
    """On trees that lost up to six things: an image is said to break exactly if a part of it was had, and no longer is."""
    rng = Random(seed)
    registry = random_registry(rng, tmp_path / "registry")
    losses = [lose(rng, registry) for _ in range(rng.randint(0, 6))]
    scan_tree(registry.root, tmp_path / "inventory")
    with Inventory(str(tmp_path / "inventory")) as opened:
        found = preview(opened, 2, delete_untagged)
        table = listing(opened, "broken")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    said = {(row["repository"], row["digest"]) for row in rows if row["pullable_count"]}
    images = {image for image in parts(registry.v2) if is_repository_name(image[0], 2)}
    before = pull_all(registry.root, images)
    assert collect(registry.root, delete_untagged=delete_untagged).exit_code == (
        found.stop.exit_code if found.stop else 0
    )
    after = pull_all(registry.root, images)
    assert {image for image in said if image in images} == {i for i in images if before[i] - after[i]}, losses
