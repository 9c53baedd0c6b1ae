"""What a tag's manifest lists, and which tags cannot be pulled completely."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanning import Rows, answer, scan_tree
from tonnage.sample import Builder, Descriptor, Repository, documents

pytestmark = pytest.mark.slow

BASE, OTHER = b"base" * 10, b"other"


@pytest.fixture
def layers_of(registry: Builder, tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Scan, and return layers and declared bytes by tag."""

    def look() -> dict[str, Any]:
        scan_tree(registry.root, tmp_path / "inventory")
        rows = answer(tmp_path / "inventory", "select tag, layers_count, declared_bytes from tag_layers")
        return {tag: figures for tag, *figures in rows}

    return look


@pytest.fixture
def broken(registry: Builder, tmp_path: Path) -> Callable[[], Rows]:
    """Scan, and return the broken tags with the reason."""

    def look() -> Rows:
        scan_tree(registry.root, tmp_path / "inventory")
        return answer(tmp_path / "inventory", "select tag, reason from broken_tag order by tag")

    return look


def two_layers(registry: Builder) -> list[Descriptor]:
    """Return a layer of 40 bytes and one of 5."""
    return [registry.layer(BASE), registry.layer(OTHER)]


def push_index(registry: Builder, repo: Repository, tag: str) -> list[Descriptor]:
    """Push an index of two images that share a layer; return the images."""
    base, other = two_layers(registry)
    children = [repo.image([base]), repo.image([base, other], platform="linux/arm64")]
    repo.index(children, tag=tag)
    return children


def test_layers_are_counted_as_listed(registry: Builder, layers_of: Callable[[], dict[str, Any]]) -> None:
    """One listed twice counts twice; the config is not counted; of an index, each layer of its children once."""
    repo = registry.repository("app")
    base, other = two_layers(registry)
    repo.image([base, other, base], tag="image", docker=True)
    push_index(registry, repo, "index")
    repo.image([], tag="scratch")
    repo.index([], tag="empty")
    repo.cache([base, other], tag="cache")
    repo.schema1([base, other], tag="old")
    assert layers_of() == {
        "image": [3, 85], "index": [2, 45], "scratch": [0, 0], "empty": [0, 0], "cache": [2, 45], "old": [2, None],
    }  # fmt: skip


def test_declared_sizes_are_the_manifests(registry: Builder, layers_of: Callable[[], dict[str, Any]]) -> None:
    """A layer that is not stored, or has another size on the disk, counts with what is declared."""
    repo = registry.repository("app")
    base, other = two_layers(registry)
    repo.image([base, other], tag="1")
    registry.blob_path(base.digest).unlink()
    registry.blob_path(other.digest).write_bytes(b"")
    assert layers_of() == {"1": [2, 45]}


def test_a_tag_that_leads_nowhere_has_no_figures(registry: Builder, layers_of: Callable[[], dict[str, Any]]) -> None:
    """Its link is empty, its revision or its manifest is gone, its manifest is not JSON, or no child is left."""
    repo = registry.repository("app")
    images = {tag: repo.image([registry.layer(tag.encode())], tag=tag) for tag in ("a", "b", "c", "d", "healthy")}
    children = push_index(registry, repo, "e")
    repo.tag_link("a").write_bytes(b"")
    repo.revision_link(images["b"].digest).unlink()
    registry.blob_path(images["c"].digest).unlink()
    registry.blob_path(images["d"].digest).write_bytes(b"\xff")
    for child in children:
        registry.blob_path(child.digest).unlink()
    nothing = [None, None]
    assert layers_of() == {**dict.fromkeys("abcde", nothing), "healthy": [1, 7]}


def test_an_index_counts_the_children_that_are_there(
    registry: Builder, layers_of: Callable[[], dict[str, Any]]
) -> None:
    """As in an index of which only some platforms were copied."""
    children = push_index(registry, registry.repository("app"), "index")
    registry.blob_path(children[1].digest).unlink()
    assert layers_of() == {"index": [1, 40]}


def test_healthy_tags_are_not_broken(registry: Builder, broken: Callable[[], Rows]) -> None:
    """Images, indexes, foreign layers, caches, signatures."""
    repo = registry.repository("app")
    base, _ = two_layers(registry)
    image = repo.image([base, registry.foreign_layer(size_bytes=9, seed="f")], tag="image")
    push_index(registry, repo, "index")
    repo.cache([base], tag="cache")
    repo.image([base], tag="signature", subject=image)
    assert broken() == []


def test_broken_tags_have_a_reason(registry: Builder, broken: Callable[[], Rows]) -> None:
    """The gravest, in the order of the alphabet backwards; and no tag beside them is touched."""
    repo = registry.repository("app")
    layers = {tag: registry.layer(tag.encode() * 9) for tag in ("missing", "damaged", "unlinked", "healthy", "empty")}
    images = {tag: repo.image([layer], tag=tag) for tag, layer in layers.items()}
    children = push_index(registry, repo, "child-missing")
    registry.blob_path(layers["missing"].digest).unlink()
    registry.blob_path(layers["damaged"].digest).write_bytes(b"x")
    repo.layer_link(layers["unlinked"].digest).unlink()
    repo.revision_link(images["empty"].digest).unlink()
    registry.blob_path(children[0].digest).unlink()
    assert broken() == [
        ("child-missing", "missing"), ("damaged", "damaged"), ("empty", "no manifest"),
        ("missing", "missing"), ("unlinked", "unlinked"),
    ]  # fmt: skip


def test_a_child_without_a_revision_link_is_unlinked(registry: Builder, broken: Callable[[], Rows]) -> None:
    """The registry answers 404 for it, although its blob is there."""
    repo = registry.repository("app")
    children = push_index(registry, repo, "index")
    repo.revision_link(children[0].digest).unlink()
    assert broken() == [("index", "unlinked")]


def test_a_layer_known_by_its_sha512_digest_is_there(registry: Builder, broken: Callable[[], Rows]) -> None:
    """The link from one digest to the other is what serves it."""
    repo, layer = registry.repository("app"), registry.layer(BASE)
    alias = "sha512:" + hashlib.sha512(BASE).hexdigest()
    repo.link(repo.layer_link(alias), layer.digest)
    config = registry.blob(b"{}", documents.OCI_CONFIG)
    repo.link_layers([config])
    aliased = Descriptor(layer.media_type, alias, layer.size_bytes)
    repo.manifest(documents.image_manifest(config, [aliased]), tag="1")
    assert broken() == []
