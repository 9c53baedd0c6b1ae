"""The sample builder writes the tree that a registry would have written."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tonnage.sample import Builder, build_demo, documents

MOVED = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def files_below(folder: Path) -> dict[str, bytes]:
    """Return every file's path and content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read(registry: Builder, digest: str) -> dict[str, object]:
    """Return the JSON document stored under a digest."""
    document = json.loads(registry.blob_path(digest).read_bytes())
    assert isinstance(document, dict)
    return document


def test_an_image_is_blobs_and_links(registry: Builder) -> None:
    """One image of one layer: three blobs, two layer links, one revision, and a tag with its history."""
    repo = registry.repository("org/app")
    layer = registry.layer(b"bytes")
    image = repo.image([layer], tag="1")
    config = read(registry, image.digest)["config"]
    assert isinstance(config, dict)

    digests = (layer.digest, image.digest, config["digest"])
    layer_hex, image_hex, config_hex = (digest.removeprefix("sha256:") for digest in digests)
    links = {path: content.decode() for path, content in files_below(registry.v2 / "repositories").items()}
    assert links == {
        f"org/app/_layers/sha256/{layer_hex}/link": layer.digest,
        f"org/app/_layers/sha256/{config_hex}/link": config["digest"],
        f"org/app/_manifests/revisions/sha256/{image_hex}/link": image.digest,
        "org/app/_manifests/tags/1/current/link": image.digest,
        f"org/app/_manifests/tags/1/index/sha256/{image_hex}/link": image.digest,
    }
    paths = {f"sha256/{name[:2]}/{name}/data" for name in (layer_hex, image_hex, config_hex)}
    assert files_below(registry.v2 / "blobs").keys() == paths


def test_digests_and_sizes_are_those_of_the_bytes(registry: Builder) -> None:
    """What has real bytes lies under their digest, and descriptors tell its size."""
    image = registry.repository("app").image([registry.layer(b"bytes")], docker=True)
    for digest, size_bytes in registry.blobs.items():
        content = registry.blob_path(digest).read_bytes()
        assert (documents.digest_of(content), len(content)) == (digest, size_bytes)
    manifest = read(registry, image.digest)
    assert manifest["mediaType"] == documents.DOCKER_MANIFEST
    assert manifest["layers"] == [
        {
            "mediaType": documents.DOCKER_LAYER,
            "digest": f"sha256:{hashlib.sha256(b'bytes').hexdigest()}",
            "size": 5,
        }
    ]


def test_a_large_layer_has_its_size_but_takes_no_disk(registry: Builder) -> None:
    """A layer given by its size is a sparse file; the same seed and size give the same digest."""
    layer = registry.layer(size_bytes=3_000_000_000, seed="x")
    status = registry.blob_path(layer.digest).stat()
    assert (status.st_size, status.st_blocks) == (3_000_000_000, 0)
    assert registry.layer(size_bytes=3_000_000_000, seed="x") == layer
    assert registry.layer(size_bytes=3_000_000_000, seed="y") != layer


def test_a_config_has_a_step_for_each_layer(registry: Builder) -> None:
    """Without a history of its own, an image has one step and one diff_id per layer."""
    layers = [registry.layer(b"one"), registry.layer(b"two")]
    image = registry.repository("app").image(layers, platform="linux/arm64/v8", labels={"a": "b"})
    [config] = [read(registry, digest) for digest in registry.references[image.digest] - {x.digest for x in layers}]
    assert (config["os"], config["architecture"], config["variant"]) == ("linux", "arm64", "v8")
    assert config["created"] == "2026-01-01T00:00:00Z"
    rootfs, history = config["rootfs"], config["history"]
    assert isinstance(rootfs, dict) and isinstance(history, list)
    assert len(rootfs["diff_ids"]) == len(history) == 2


def test_files_have_the_builders_time(registry: Builder) -> None:
    """Every file gets the time the story is at; a blob pushed again keeps its first time, as its links do."""
    repo = registry.repository("app")
    layer = registry.layer(b"bytes")
    repo.image([layer], tag="1")
    registry.when = MOVED
    repo.image([registry.layer(b"bytes")], tag="1")
    assert registry.blob_path(layer.digest).stat().st_mtime == documents.NEW_YEAR.timestamp()
    assert repo.layer_link(layer.digest).stat().st_mtime == documents.NEW_YEAR.timestamp()
    assert repo.tag_link("1").stat().st_mtime == MOVED.timestamp()


def test_a_tag_that_moves_keeps_its_history(registry: Builder) -> None:
    """The tag points to the new revision; the old one stays, and so does its history entry."""
    repo = registry.repository("app")
    old = repo.image([registry.layer(b"old")], tag="latest")
    new = repo.image([registry.layer(b"new")], tag="latest")
    assert repo.tag_link("latest").read_text() == new.digest
    assert repo.history_link("latest", old.digest).exists()
    assert repo.revision_link(old.digest).exists()


def test_delete_removes_the_revision_and_its_tags_only(registry: Builder) -> None:
    """Links go as files, tags on the digest as folders; blobs, layer links and other tags' history stay."""
    repo = registry.repository("app")
    layer = registry.layer(b"old")
    old = repo.image([layer], tag="1")
    repo.tag("one", old.digest)
    repo.tag("latest", old.digest)
    repo.image([registry.layer(b"new")], tag="latest")
    repo.link(repo.layer_link(old.digest), old.digest)
    repo.delete(old.digest)

    assert sorted(path.name for path in (repo.path / "_manifests/tags").iterdir()) == ["latest"]
    assert repo.history_link("latest", old.digest).exists()
    for link in (repo.revision_link(old.digest), repo.layer_link(old.digest)):
        assert not link.exists()
        assert link.parent.is_dir()
    assert repo.layer_link(layer.digest).exists()
    assert registry.blob_path(old.digest).exists()
    with pytest.raises(FileNotFoundError):
        repo.delete(old.digest)


def test_untag_leaves_the_revision(registry: Builder) -> None:
    """Removing a tag removes its folder, history included, and nothing else."""
    repo = registry.repository("app")
    image = repo.image([registry.layer(b"bytes")], tag="1")
    repo.untag("1")
    assert list((repo.path / "_manifests/tags").iterdir()) == []
    assert repo.revision_link(image.digest).exists()


def test_orphans_are_what_no_linked_manifest_names(registry: Builder) -> None:
    """A blob in no image is orphaned, and after a deletion so is what only the deleted image named."""
    repo = registry.repository("app")
    shared, own, unused = (registry.layer(name) for name in (b"shared", b"own", b"unused"))
    repo.image([shared], tag="kept")
    image = repo.image([shared, own], tag="gone")
    assert registry.orphans() == {unused.digest}
    repo.delete(image.digest)
    config = registry.references[image.digest] - {shared.digest, own.digest}
    assert registry.orphans() == {unused.digest, own.digest, image.digest, *config}


def test_an_index_names_its_children(registry: Builder) -> None:
    """Children have platforms, attestations the marks of buildx, and indexes may stand in indexes."""
    repo = registry.repository("app")
    image = repo.image([registry.layer(b"arm")], platform="linux/arm64")
    inner = repo.index([image, repo.attestation(image)])
    outer = repo.index([inner], tag="latest")
    children = read(registry, inner.digest)["manifests"]
    assert isinstance(children, list)
    assert [child["platform"]["architecture"] for child in children] == ["arm64", "unknown"]
    assert children[1]["annotations"]["vnd.docker.reference.digest"] == image.digest
    assert registry.references[outer.digest] == {inner.digest}


def test_foreign_layers_are_named_but_not_stored(registry: Builder) -> None:
    """A foreign layer is a descriptor with a URL: no blob, no link."""
    repo = registry.repository("app")
    foreign = registry.foreign_layer(size_bytes=100, seed="windows")
    image = repo.image([foreign], tag="1")
    assert foreign.digest in registry.references[image.digest]
    assert not registry.blob_path(foreign.digest).exists()
    assert not repo.layer_link(foreign.digest).exists()


def test_special_manifests_refer_to_what_they_should(registry: Builder) -> None:
    """Caches and schema 1 refer to layers; a subject is not a reference; broken bytes refer to nothing."""
    repo = registry.repository("app")
    layer = registry.layer(b"bytes")
    image = repo.image([layer], tag="1")
    empty = registry.blob(b"{}", documents.OCI_EMPTY)
    signature = repo.image([layer], config=empty, subject=image, artifact_type="a/b")
    subject = {"mediaType": image.media_type, "digest": image.digest, "size": image.size_bytes}
    assert read(registry, signature.digest)["subject"] == subject
    assert image.digest not in registry.references[signature.digest]
    assert layer.digest in registry.references[repo.cache([layer], tag="cache").digest]
    assert registry.references[repo.schema1([layer], tag="old").digest] == {layer.digest}
    for content in (b"not JSON", b"[]", b'{"layers": null, "config": 1, "manifests": [2]}'):
        assert registry.references[repo.manifest(content).digest] == set()


def test_an_upload_has_its_start_and_its_bytes(registry: Builder) -> None:
    """An unfinished upload is a folder with the time it was started and what came so far."""
    folder = registry.repository("app").upload(size_bytes=700_000_000, started=MOVED)
    assert (folder / "startedat").read_text() == "2026-02-03T04:05:06Z"
    assert (folder / "data").stat().st_size == 700_000_000
    assert sorted(path.name for path in (folder / "hashstates/sha256").iterdir()) == ["0", "700000000"]


def test_anchors_and_strays_are_below_the_root(tmp_path: Path) -> None:
    """The tree may begin at the root itself; strays go anywhere in it."""
    registry = Builder(tmp_path, anchor="")
    registry.stray("blobs/odd", b"bytes")
    assert files_below(tmp_path) == {"blobs/odd": b"bytes"}


def test_the_demo_is_always_the_same(demo: Builder, tmp_path: Path) -> None:
    """Two builds agree in every path, size and time."""

    def listing(root: Path) -> set[tuple[Path, int, float]]:
        statuses = ((path.relative_to(root), path.stat()) for path in root.rglob("*") if path.is_file())
        return {(path, status.st_size, status.st_mtime) for path, status in statuses}

    assert listing(demo.root) == listing(build_demo(tmp_path).root)


def test_the_demo_holds_what_it_promises(demo: Builder) -> None:
    """A realistic size, a 3 GB layer used once, and a repository in which nothing is left."""
    tags_count = sum(1 for _ in demo.v2.glob("repositories/**/_manifests/tags/*/current/link"))
    assert len(demo.repositories) == 15
    assert 100 <= tags_count <= 130
    assert 20e9 < sum(demo.blobs.values()) < 60e9
    [largest] = [digest for digest, size_bytes in demo.blobs.items() if size_bytes > 3e9]
    assert sum(largest in named for named in demo.references.values()) == 1
    assert [repo.name for repo in demo.repositories.values() if not repo.revisions] == ["legacy/portal"]
