"""What a collection breaks: whatever loses a part that could be pulled before, complete or not.

Small trees for each kind of part, and a law over random trees that lost something, against a walk that shares nothing
with tonnage (tests/helpers/pulling.py); the real program is tried in tests/integration/test_gc_breaks_real.py.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from losses import lose
from pulling import parts
from randomtrees import NOWHERE, random_registry
from scanning import scan_tree
from seeds import seeds
from tonnage.formats.targets import Target
from tonnage.gc.preview import COLLECTORS, listing, paths_of, preview
from tonnage.inventory.database import Inventory
from tonnage.plan import prediction_of
from tonnage.planning.planner import Wanted, make_plan
from tonnage.sample import Builder, Descriptor, Repository, documents

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def image(app: Repository, name: str, **options: Any) -> Descriptor:
    """Push an image of one layer of its own."""
    return app.image([app.registry.layer(f"layer of {name}".encode())], labels={"name": name}, **options)


def sparse(app: Repository) -> None:
    """An index of three platforms of which one was never mirrored."""
    app.index([image(app, "amd"), image(app, "arm"), NOWHERE], tag="1")


def sparse_below(app: Repository) -> None:
    """A nested index whose inner one is sparse."""
    app.index([app.index([image(app, "amd"), NOWHERE])], tag="1")


def sparse_above(app: Repository) -> None:
    """A nested index that lacks one inner index."""
    app.index([app.index([image(app, "amd")]), NOWHERE], tag="1")


def lost_attestation(app: Repository) -> None:
    """The platforms are there, what is attested of them is lost."""
    amd = image(app, "amd")
    attestation = app.attestation(amd)
    app.index([amd, attestation], tag="1")
    shutil.rmtree(app.registry.blob_path(attestation.digest).parent)


def attestation_left(app: Repository) -> None:
    """Nothing but the attestation is there."""
    app.index([NOWHERE, app.attestation(NOWHERE)], tag="1")


def no_configuration(app: Repository) -> None:
    """The one platform has lost its configuration; its layer can still be had."""
    amd = image(app, "amd")
    config = json.loads(app.registry.blob_path(amd.digest).read_bytes())["config"]["digest"]
    app.index([amd], tag="1")
    shutil.rmtree(app.registry.blob_path(config).parent)


def no_layer(app: Repository) -> None:
    """The one platform has lost its layer link; its configuration can still be had."""
    amd = image(app, "amd")
    layer = json.loads(app.registry.blob_path(amd.digest).read_bytes())["layers"][0]["digest"]
    app.index([amd], tag="1")
    app.layer_link(layer).unlink()


def sparse_referrer(app: Repository) -> None:
    """A referrer that is a sparse index."""
    subject = image(app, "subject", tag="1")
    document = json.loads(documents.index_manifest([image(app, "amd"), NOWHERE]))
    document["subject"] = {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size_bytes}
    app.manifest(documents.encode(document))


BREAKING: dict[Callable[[Repository], None], tuple[int, int]] = {
    sparse: (1, 0),
    sparse_below: (1, 0),
    sparse_above: (1, 0),
    lost_attestation: (1, 0),
    attestation_left: (1, 0),
    no_configuration: (1, 0),
    no_layer: (1, 0),
    sparse_referrer: (0, 1),
}
"""What 2.x with -m breaks of each: tagged images and referrers."""


@pytest.mark.parametrize("build", BREAKING, ids=lambda build: build.__name__)
def test_what_is_incomplete_breaks_too(build: Callable[[Repository], None], tmp_path: Path) -> None:
    """In the preview and in a plan's predictions; 3.x, which follows indexes, breaks no tagged image."""
    registry = Builder(tmp_path / "registry")
    app = registry.repository("app")
    build(app)
    image(registry.repository("other"), "other", tag="1")
    scan_tree(registry.root, tmp_path / "inventory")
    images_count, referrers_count = BREAKING[build]
    with Inventory(str(tmp_path / "inventory")) as opened:
        broken = preview(opened, 2, delete_untagged=True).broken
        assert (broken.images_count, broken.referrers_count) == (images_count, referrers_count)
        assert broken.incomplete_count == 1
        assert preview(opened, 3, delete_untagged=True).broken.images_count == 0
        plan = make_plan(opened, Wanted(targets=(Target("other"),)), NOW)
    predicted = prediction_of(plan, "2.x -m")
    assert predicted is not None and predicted.harm is not None
    assert (predicted.broken_images_count, predicted.broken_referrers_count) == (images_count, referrers_count)


def test_what_could_not_be_pulled_does_not_break(tmp_path: Path) -> None:
    """A child that the index's own repository has no revision of was never had through it."""
    registry = Builder(tmp_path / "registry")
    child = image(registry.repository("elsewhere"), "child")
    registry.repository("app").index([child], tag="1")
    for name in ("app", "elsewhere"):  # without tags or layers 2.x would stop, or see no repository
        image(registry.repository(name), "other", tag="2")
    scan_tree(registry.root, tmp_path / "inventory")
    with Inventory(str(tmp_path / "inventory")) as opened:
        broken = preview(opened, 2, delete_untagged=True).broken
    assert (broken.images_count, broken.referrers_count, broken.unpullable_count) == (0, 0, 1)


def test_2_serves_a_manifest_by_a_layer_link(tmp_path: Path) -> None:
    """As 2.x has it: so a child with such a link alone is lost with what it needs."""
    registry = Builder(tmp_path / "registry")
    app = registry.repository("app")
    child = image(app, "child")
    app.index([child], tag="1")
    app.link_layers([child])
    app.revision_link(child.digest).unlink()
    scan_tree(registry.root, tmp_path / "inventory")
    with Inventory(str(tmp_path / "inventory")) as opened:
        assert preview(opened, 2).broken.images_count == 1
        assert preview(opened, 3).broken.images_count == 0


def after(v2: Path, copy: Path, removed: set[str]) -> Path:
    """Return a copy of the tree without what the collection removes."""
    shutil.copytree(v2, copy)
    for path in removed:
        if (copy / path).is_dir():
            shutil.rmtree(copy / path)
        else:
            (copy / path).unlink(missing_ok=True)
    return copy


@pytest.mark.parametrize("seed", seeds(700, 3))
def test_what_breaks_is_what_loses_a_part(seed: int, tmp_path: Path) -> None:
    """Image by image, for every collector, on trees that lost up to six things."""
    rng = Random(seed)
    registry = random_registry(rng, tmp_path / "registry")
    losses = [lose(rng, registry) for _ in range(rng.randint(0, 6))]
    scan_tree(registry.root, tmp_path / "inventory")
    for number, collector in enumerate(COLLECTORS):
        with Inventory(str(tmp_path / "inventory")) as opened:
            found = preview(opened, *collector, as_if_put_right=True)
            broken = listing(opened, "broken")
            removed = paths_of(opened, found.outcome.removed)
        rows = [dict(zip(broken.columns, row, strict=True)) for row in broken.rows]
        said = {(row["repository"], row["digest"]) for row in rows if row["pullable_count"]}
        before = parts(registry.v2, collector.version)
        left = parts(after(registry.v2, tmp_path / str(number), removed), collector.version)
        lost = {root for root, pulled in before.items() if pulled - left.get(root, set())}
        assert said == lost, (collector.name, losses)
        assert found.broken.images_count + found.broken.referrers_count == len(lost)
