"""What the bytes are: kinds of content, platforms, and signatures whose image is gone; sums against plain counting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from randomtrees import random_registry
from scanning import scan_tree
from tonnage.errors import UsageError
from tonnage.inventory.database import Inventory
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.planning.platforms import describe, drop_platforms
from tonnage.sample import Builder, Descriptor
from tonnage.sample.documents import digest_of, image_manifest

pytestmark = pytest.mark.slow

ARTIFACTS = {
    "signature": ("", "application/vnd.dev.cosign.simplesigning.v1+json"),
    "sbom": ("", "application/spdx+json"),
    "chart": ("application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip"),
    "model": ("application/vnd.cncf.model.config.v1+json", "application/vnd.cncf.model.weight.v1.raw"),
    "wasm": ("application/vnd.wasm.config.v0+json", "application/wasm"),
    "cache": ("application/vnd.buildkit.cacheconfig.v0", "application/vnd.oci.image.layer.v1.tar+gzip"),
    "artifact": ("application/vnd.example.unheard.of+json", "application/octet-stream"),
}
"""By type: the media types of the config, and of the layer. Without the former, an image's config."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Inventory, dict[str, Descriptor]]]:
    """One of each kind, and images of three platforms that share a layer."""
    folder = tmp_path_factory.mktemp("kinds")
    registry = Builder(folder / "registry")
    repo, found = registry.repository("team/app"), {}
    shared = registry.layer(b"shared" * 100)
    images = [
        repo.image([shared, registry.layer(platform.encode() * 50)], platform=platform)
        for platform in ("linux/amd64", "linux/arm/v7", "linux/s390x")
    ]
    found["attestation"] = repo.attestation(images[0])
    found["image"] = repo.index([*images, found["attestation"]], tag="1")
    for type_, (config_type, layer_type) in ARTIFACTS.items():
        layer = registry.layer(type_.encode() * 30, media_type=layer_type)
        config = registry.blob(type_.encode(), config_type) if config_type else None
        found[type_] = repo.image([layer], config=config, labels={"type": type_}, tag=f"{type_}-1")
    for number in range(3):
        found["old cache"] = repo.cache([registry.layer(b"cached %d" % number)], tag="buildcache")
    found["schema1"] = repo.schema1([shared], tag="old")
    scan_tree(registry.root, folder / "tonnage.duckdb")
    with Inventory(str(folder / "tonnage.duckdb")) as inventory:
        yield inventory, found


def rows(inventory: Inventory, report: str, **values: str) -> list[dict[str, Any]]:
    """Return the rows of a report."""
    table = run_report(inventory, builtin_reports()[report], values)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_each_kind_is_told(built: tuple[Inventory, dict[str, Descriptor]]) -> None:
    """By artifact type, config and layers; an index by what it lists."""
    inventory, found = built
    types = dict(inventory.query("select digest, type from manifest_type").rows)
    assert {name: types[pushed.digest] for name, pushed in found.items()} == {
        name: name.removeprefix("old ") for name in found
    }


def test_the_growth_vector_is_named(built: tuple[Inventory, dict[str, Descriptor]]) -> None:
    """One tag for the cache, and an untagged cache for each build before."""
    [cache] = [row for row in rows(built[0], "kinds") if row["type"] == "cache"]
    assert (cache["revisions_count"], cache["untagged_count"]) == (4, 2)
    assert cache["untagged_bytes"] > 2 * len(b"cached 0")
    assert "2 former ones are untagged" in cache["advice"]


def needs(inventory: Inventory) -> dict[str, set[str]]:
    """Return which manifests name, or are, each blob that is there, counted from the tables of references."""
    there = {digest for (digest,) in inventory.query("select digest from blob").rows}
    stored = dict(inventory.query("select digest, stored_as from alias").rows)
    refs = inventory.query("select parent, role, child from manifest_ref where role <> 'subject'").rows
    kinds = dict(inventory.query("select digest, kind from manifest").rows)
    todo = [digest for (digest,) in inventory.query("select distinct digest from revision").rows]
    found: dict[str, set[str]] = defaultdict(set)
    linked: set[str] = set()
    while todo:
        if (manifest := todo.pop()) in kinds and manifest not in linked:
            linked.add(manifest)
            todo += [child for parent, role, child in refs if parent == manifest and role == "manifest"]
    for manifest in linked:
        found[manifest].add(manifest)
    for parent, role, child in refs:
        if parent in linked and role != "manifest":
            found[stored.get(child, child)].add(parent)
    return {digest: holders for digest, holders in found.items() if digest in there}


@pytest.mark.parametrize("seed", (1, 2, 4))
def test_types_and_platforms_agree_with_counting(tmp_path: Path, seed: int) -> None:
    """On random registries: exclusive and stored bytes of each type and platform, and what dropping any two frees."""
    random_registry(Random(seed), tmp_path / "registry")
    scan_tree(tmp_path / "registry", tmp_path / "inventory")
    with Inventory(str(tmp_path / "inventory")) as inventory:
        check_counts(inventory)


def test_platforms_are_dropped_as_a_set(built: tuple[Inventory, dict[str, Descriptor]]) -> None:
    """Two free at least what each frees alone; what all of them share goes with the last, but for schema 1 here."""
    inventory = built[0]
    check_counts(inventory)
    alone = {row["platform"]: row["exclusive_bytes"] for row in rows(inventory, "platforms")}
    assert set(alone) == {"linux/amd64", "linux/arm/v7", "linux/s390x"}
    dropped = drop_platforms(inventory, ["linux/arm/v7"])
    assert "1 images in 1 repositories go, and 1 indexes are pushed again" in describe(dropped)
    with pytest.raises(UsageError, match="no image is for `linux/arm`"):
        drop_platforms(inventory, ["linux/arm"])


def check_counts(inventory: Inventory) -> None:
    """Compare types, platforms and what dropping two of these frees with what a plain count says."""
    held, sizes = needs(inventory), dict(inventory.query("select digest, size_bytes from blob").rows)
    for report, label, view in (("kinds", "type", "manifest_type"), ("platforms", "platform", "platform_image")):
        names = dict(inventory.query(f"select digest, {label} from {view}").rows)
        holders = {digest: {names.get(manifest, "") for manifest in manifests} for digest, manifests in held.items()}
        stored = {(row[label], row["exclusive_bytes"], row["stored_bytes"]) for row in rows(inventory, report)}
        assert stored == {
            (
                name,
                sum(sizes[digest] for digest, found in holders.items() if found == {name}),
                sum(sizes[digest] for digest, found in holders.items() if name in found),
            )
            for found in holders.values()
            for name in found - {""}
        }
    platforms = sorted({name for found in holders.values() for name in found} - {""})[:2]
    freed = sum(sizes[digest] for digest, found in holders.items() if found <= set(platforms))
    dropped = drop_platforms(inventory, platforms)
    assert dropped.totals.rows[0][4] == freed == sum(row[1] for row in dropped.blobs.rows)


def test_signatures_whose_image_is_gone_are_listed(registry: Builder, inventory: Path) -> None:
    """By subject and by tag; those of an image that is there are not."""
    repo = registry.repository("app")
    here = repo.image([registry.layer(b"here")], tag="1")
    gone = Descriptor("application/vnd.oci.image.manifest.v1+json", digest_of(b"gone"), 4)
    signature = registry.layer(b"signature", media_type="application/vnd.dev.cosign.simplesigning.v1+json")
    expected = set()
    for subject in (here, gone):
        hexadecimal = subject.digest.removeprefix("sha256:")
        by_tag = repo.image([signature], tag=f"sha256-{hexadecimal}.sig", labels={"of": hexadecimal})
        by_subject = repo.manifest(image_manifest(registry.blob(b"{}"), [signature], subject=subject))
        if subject is gone:
            expected = {
                (by_tag.digest, f"sha256-{hexadecimal}.sig", "signature"),
                (by_subject.digest, None, "signature"),
            }
    scan_tree(registry.root, inventory)
    with Inventory(str(inventory)) as opened:
        found = rows(opened, "orphan-signatures")
        assert {(row["digest"], row["tag"], row["type"]) for row in found} == expected
        assert {row["subject"] for row in found} == {gone.digest}
