"""Layouts that real programs write: umoci makes an image, skopeo copies it; a real registry has the same to compare."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagelayouts import bytes_on_disk
from realregistry import running_registry, skopeo_copy, umoci_image
from scanning import answer, column, problems, scan_storage, scan_tree
from tonnage.storage.opening import open_storage

pytestmark = pytest.mark.integration

KNOWN_TO_BOTH = (
    "select repository, tag, digest from tag",
    "select repository, digest, state from revision",
    "select repository, digest from layer_link",
    "select digest, size_bytes, role, class, references_count, tags_count from blob_usage",
    "select parent, role, position, child, size_bytes, stored_bytes from manifest_ref",
    "select config_digest, os, architecture, created_at from image",
    "select config_digest, position, created_by from history",
)


def test_a_layout_and_a_registry_agree(tmp_path: Path) -> None:
    """The same images, copied into a layout and into a registry, are the same rows."""
    one = umoci_image(tmp_path / "one", [{"a": b"base" * 1000}, {"b": b"more"}])
    two = umoci_image(tmp_path / "two", [{"a": b"other" * 1000}])
    layouts = tmp_path / "layouts"
    layouts.mkdir()
    with running_registry(tmp_path / "registry") as registry:
        for tag, source in (("1", one), ("2", two), ("latest", two)):
            skopeo_copy(source, f"oci:{layouts}/app:{tag}")
            skopeo_copy(f"oci:{layouts}/app:{tag}", f"docker://{registry.host}/app:{tag}")
    scan_storage(open_storage(str(layouts)), tmp_path / "layouts.duckdb")
    scan_tree(tmp_path / "registry", tmp_path / "registry.duckdb")
    for sql in KNOWN_TO_BOTH:
        found, expected = (
            sorted(answer(tmp_path / name, sql), key=repr) for name in ("layouts.duckdb", "registry.duckdb")
        )
        assert found == expected
        assert found
    assert problems(tmp_path / "layouts.duckdb") == set()
    assert column(tmp_path / "layouts.duckdb", "select cast(sum(size_bytes) as bigint) from class_total") == [
        bytes_on_disk(layouts)
    ]
    assert open_storage(str(layouts / "app")).location == str(layouts / "app")


def test_what_umoci_writes(tmp_path: Path) -> None:
    """An image that was built up leaves the manifests before it: nothing refers to them, and they are orphaned."""
    umoci_image(tmp_path, [{"a": b"one"}, {"b": b"two"}])
    scan_storage(open_storage(str(tmp_path / "layout")), tmp_path / "i")
    assert answer(tmp_path / "i", "select repository, tag from tag") == [("layout", "1")]
    assert len(column(tmp_path / "i", "select digest from orphaned")) == 4
