"""OCI image layouts: one, or a tree of them as zot keeps; sharing by hard links, copies, and all that may be odd."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings

from imagelayouts import (
    MARKER,
    bytes_on_disk,
    copied,
    freed_by_collecting,
    linked,
    write_index,
    write_layouts,
)
from scanning import answer, column, differences, everything, problems, scan_storage, scan_tree
from seeds import FACTOR, some
from stories import HEALTHY, Operation, Story, operations
from tonnage.errors import NoStorageError, TonnageError
from tonnage.formats.targets import parse_target
from tonnage.gc.preview import preview
from tonnage.inventory.database import Inventory
from tonnage.planning.deletions import Deletions
from tonnage.planning.leftovers import find_leftovers
from tonnage.sample import Builder
from tonnage.sample.documents import OCI_LAYER, Descriptor, digest_of
from tonnage.scan.run import Summary
from tonnage.storage import Format
from tonnage.storage.opening import open_storage

pytestmark = pytest.mark.slow

KNOWN_TO_BOTH = (
    "select repository, tag, digest from tag",
    "select repository, digest, state from revision",
    "select digest, kind, media_type, artifact_type, config_digest, subject, size_bytes from manifest",
    "select parent, role, position, child, size_bytes, stored_bytes, os, architecture from manifest_ref",
    "select digest, name, value from annotation",
    "select config_digest, os, architecture, created_at from image",
    "select config_digest, position, created_by from history",
)
"""What a registry's own storage and layouts of the same content say alike."""
SHARED = (
    "select digest, size_bytes, role, class, references_count, tags_count, repositories_count from blob_usage",
    "select repository, stored_bytes, exclusive_bytes, logical_bytes from repository_usage",
)
"""What they say alike where equal blobs are one file, and no blob lies in no repository."""


def scan_layouts(root: Path, inventory: Path, **options: object) -> Summary:
    """Scan what is found at `root`."""
    return scan_storage(open_storage(str(root)), inventory, **options)


def freed(inventory: Path, *targets: str) -> int:
    """Return what deleting these would free."""
    with Inventory(str(inventory)) as opened:
        deletions = Deletions(opened)
        for target in targets:
            deletions.add(parse_target(target), "named")
        deletions.settle()
        return deletions.totals().freed_bytes


def check_sums(root: Path, inventory: Path) -> None:
    """Check that the classes add up to the disk, and every grouping to the bytes of all blobs."""
    [(total,)] = answer(inventory, "select coalesce(sum(size_bytes), 0) from class_total")
    assert total == bytes_on_disk(root)
    stored = sum(column(inventory, "select size_bytes from blob"))
    sums = answer(inventory, "select exclusive_bytes + shared_bytes + unreferenced_bytes from accounting")
    assert {found for (found,) in sums} <= {stored}


@pytest.fixture
def content(registry: Builder) -> Builder:
    """Two repositories that share a base, with an index, a referrer and an untagged image."""
    base, mine = registry.layer(size_bytes=1_000_000, seed="base"), registry.layer(size_bytes=5_000, seed="mine")
    one = registry.repository("org/one")
    amd, arm = (one.image([base, mine], platform=f"linux/{name}") for name in ("amd64", "arm64"))
    one.index([amd, arm], tag="1")
    one.image([mine], subject=amd, artifact_type="application/x.sbom")
    one.image([base], labels={"untagged": "yes"})
    other = registry.repository("two")
    other.index([other.image([base, mine], platform="linux/amd64")], tag="1")
    other.image([base], tag="latest", labels={"x": "y"})
    return registry


@pytest.fixture
def tree(content: Builder, tmp_path: Path) -> Path:
    """The same as layouts that share blobs by hard links."""
    return write_layouts(content.v2, tmp_path / "zot")


# --- agreement ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [linked, copied])
def test_layouts_agree_with_a_registry_of_the_same_content(
    content: Builder, tmp_path: Path, share: Callable[[str, str], bool]
) -> None:
    """Tags, revisions with those of indexes, manifests, images: row for row, however blobs are shared."""
    root = write_layouts(content.v2, tmp_path / "zot", share)
    scan_tree(content.root, tmp_path / "registry.duckdb")
    scan_layouts(root, tmp_path / "layouts.duckdb")
    for sql in KNOWN_TO_BOTH:
        assert sorted(answer(tmp_path / "layouts.duckdb", sql), key=repr) == sorted(
            answer(tmp_path / "registry.duckdb", sql), key=repr
        )
    assert problems(tmp_path / "layouts.duckdb") == set()
    check_sums(root, tmp_path / "layouts.duckdb")


def test_hard_links_count_as_a_registry_counts(content: Builder, tree: Path, tmp_path: Path) -> None:
    """Each blob once, shared by the repositories that name it."""
    scan_tree(content.root, tmp_path / "registry.duckdb")
    scan_layouts(tree, tmp_path / "layouts.duckdb")
    for sql in SHARED:
        assert sorted(answer(tmp_path / "layouts.duckdb", sql)) == sorted(answer(tmp_path / "registry.duckdb", sql))


@settings(
    max_examples=2 * FACTOR, deadline=None, derandomize=True, database=None, phases=(Phase.explicit, Phase.generate)
)
@given(operations(HEALTHY, 15, 40))
def test_what_is_freed_is_what_a_collection_takes(operations: list[Operation]) -> None:
    """However blobs are shared: by links, copies or some of each; and all sums add up."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        story = Story(folder / "registry")
        story.tell(operations)
        dice = Random(len(operations))
        for number, share in enumerate((linked, copied, lambda repository, digest: dice.random() < 0.5)):
            root = write_layouts(story.v2, folder / f"layouts{number}", share)
            if not root.exists():
                continue
            inventory = folder / f"{number}.duckdb"
            scan_layouts(root, inventory)
            check_sums(root, inventory)
            names = column(
                inventory, "select distinct repository from revision union select distinct repository from tag"
            )
            for picked in [[one] for one in names] + [names]:
                if picked:
                    assert freed(inventory, *picked) == freed_by_collecting(root, picked), (number, picked)


# --- sharing --------------------------------------------------------------------------------------------------------


def test_a_copy_is_freed_with_its_repository(content: Builder, tmp_path: Path) -> None:
    """The same blob as two files is two blobs: each repository has one of its own."""
    root = write_layouts(content.v2, tmp_path / "layouts", copied)
    scan_layouts(root, tmp_path / "i")
    assert answer(tmp_path / "i", "select count(*), sum(size_bytes) from blob where size_bytes = 1000000") == [
        (2, 2_000_000)
    ]
    assert freed(tmp_path / "i", "two") > 1_000_000
    assert column(tmp_path / "i", "select shared_bytes from repository_usage") == [0, 0]


def test_a_linked_blob_is_freed_with_its_last_repository(tree: Path, tmp_path: Path) -> None:
    """One file with two names goes when both go."""
    scan_layouts(tree, tmp_path / "i")
    assert freed(tmp_path / "i", "two") < 1_000_000
    assert freed(tmp_path / "i", "two", "org/one") > 1_000_000


def test_a_manifest_with_two_names_needs_the_copies_of_each_place(content: Builder, tmp_path: Path) -> None:
    """Manifests are one file, layers are copies: each repository still frees its own layer."""
    sizes = content.blobs
    root = write_layouts(content.v2, tmp_path / "layouts", lambda repository, digest: sizes[digest] < 5_000)
    scan_layouts(root, tmp_path / "i")
    check_sums(root, tmp_path / "i")
    assert 1_000_000 < freed(tmp_path / "i", "two") < 2_000_000


def test_zots_pool_holds_nothing_by_itself(content: Builder, tmp_path: Path) -> None:
    """A blob in `_blobstore` is one more name; where it has no other, nothing needs it."""
    root = write_layouts(content.v2, tmp_path / "zot")
    pool = root / "_blobstore/blobs/sha256"
    pool.mkdir(parents=True)
    for path in root.glob("**/blobs/sha256/*"):
        if path.parent != pool and not (pool / path.name).exists():
            os.link(path, pool / path.name)
    (pool / digest_of(b"left").removeprefix("sha256:")).write_bytes(b"left")
    scan_layouts(root, tmp_path / "i")
    check_sums(root, tmp_path / "i")
    assert column(tmp_path / "i", "select repository from repository order by 1") == ["org/one", "two"]
    assert column(tmp_path / "i", "select digest from orphaned") == [digest_of(b"left")]
    assert freed(tmp_path / "i", "two") < 1_000_000 < freed(tmp_path / "i", "two", "org/one")


@pytest.mark.parametrize("leaves", ["nothing", "empty files"])
def test_zot_in_a_bucket(content: Builder, tmp_path: Path, leaves: str) -> None:
    """One copy has the bytes, in the pool (2.2) or in the first repository (2.1, the others being empty)."""
    expected = tmp_path / "linked.duckdb"
    scan_layouts(write_layouts(content.v2, tmp_path / "linked"), expected)
    root = write_layouts(content.v2, tmp_path / "zot", copied)
    seen: set[str] = set()
    for path in sorted(root.glob("**/blobs/sha256/*")):
        if leaves == "nothing":
            target = root / "_blobstore/blobs/sha256" / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        elif path.name in seen:
            path.write_bytes(b"")
        seen.add(path.name)
    scan_layouts(root, tmp_path / "i")
    check_sums(root, tmp_path / "i")
    assert problems(tmp_path / "i") == set()
    for sql in (*KNOWN_TO_BOTH, *SHARED):
        assert sorted(answer(tmp_path / "i", sql), key=repr) == sorted(answer(expected, sql), key=repr)


# --- what is found --------------------------------------------------------------------------------------------------


def test_one_layout_is_a_repository_named_as_its_folder(content: Builder, tmp_path: Path) -> None:
    """What skopeo and umoci write."""
    root = write_layouts(content.v2, tmp_path / "zot")
    scan_layouts(root / "two", tmp_path / "i")
    assert column(tmp_path / "i", "select repository from repository") == ["two"]
    assert sorted(column(tmp_path / "i", "select tag from tag")) == ["1", "latest"]
    check_sums(root / "two", tmp_path / "i")


def test_repositories_lie_in_one_another(content: Builder, tmp_path: Path) -> None:
    """A layout's folder may hold other layouts, under any name."""
    root = write_layouts(content.v2, tmp_path / "zot")
    for name in ("two/inner", "two/repositories", "two/deep/er", "blobs", "org/blobs"):
        shutil.copytree(root / "org/one", root / name)
    scan_layouts(root, tmp_path / "i")
    found = set(column(tmp_path / "i", "select repository from repository"))
    assert found == {"org/one", "two", "two/inner", "two/repositories", "two/deep/er", "blobs", "org/blobs"}
    check_sums(root, tmp_path / "i")
    assert problems(tmp_path / "i") == set()


def test_zots_own_files_are_named(tree: Path, tmp_path: Path) -> None:
    """Its databases and those of vulnerabilities are counted, and no cause for worry."""
    for path in ("cache.db", "meta.db", "_trivy/db/trivy.db", "_restore_complete", "readme.txt"):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(b"x" * 100)
    scan_layouts(tree, tmp_path / "i")
    kinds = [("own_file", p) for p in ("cache.db", "meta.db", "_trivy/db/trivy.db", "_restore_complete")]
    assert problems(tmp_path / "i") == {*kinds, ("stray", "readme.txt")}
    check_sums(tree, tmp_path / "i")


def test_uploads_are_counted(tree: Path, tmp_path: Path) -> None:
    """zot's, and what its mirroring has under way."""
    upload, mirrored = tree / "two/.uploads/1234", tree / "two/.sync/99/two/blobs/sha256/half"
    for path in (upload, mirrored):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 700)
    (tree / "org/one/.uploads").mkdir()
    scan_layouts(tree, tmp_path / "i")
    assert answer(tmp_path / "i", "select repository, upload, size_bytes from upload order by 2") == [
        ("two", "1234", 700), ("two", "99", 700),
    ]  # fmt: skip
    assert problems(tmp_path / "i") == set()
    check_sums(tree, tmp_path / "i")


def test_tags_that_are_whole_image_names(tree: Path, tmp_path: Path) -> None:
    """skopeo writes what the user said; only what the specification forbids is odd. A tag may be listed twice."""
    two = tree / "two"
    digests = column(_scanned(tree, tmp_path), "select digest from revision where repository = 'two' order by digest")
    listed = [
        (digests[0], "docker.io/library/alpine:3.18"), (digests[1], "a b"), (digests[2], "x"), (digests[0], "x"),
    ]  # fmt: skip
    write_index(two, listed)
    scan_layouts(tree, tmp_path / "i")
    assert sorted(answer(tmp_path / "i", "select digest, tag from tag where repository = 'two'")) == sorted(listed)
    assert {kind for kind, _ in problems(tmp_path / "i")} == {"bad_tag_name", "tag_listed_twice"}
    assert column(tmp_path / "i", "select digest from untagged where repository = 'two'") == []


def test_referrers_by_tag(content: Builder, tmp_path: Path) -> None:
    """A fallback tag is a tag, and goes with its subject."""
    repo = content.repository("two")
    image = repo.image([content.layer(b"signed")], tag="signed")
    repo.index([repo.image([content.layer(b"sig")], subject=image)], tag=image.digest.replace(":", "-"))
    root = write_layouts(content.v2, tmp_path / "zot")
    scan_layouts(root, tmp_path / "i")
    with Inventory(str(tmp_path / "i")) as opened:
        deletions = Deletions(opened)
        deletions.add(parse_target("two:signed"), "named")
        deletions.settle()
        assert deletions.totals().tags_count == 2


def test_blobs_of_other_algorithms(tmp_path: Path) -> None:
    """sha512 is stored under its own name, and read."""
    import hashlib

    layer = b"a layer"
    digest = f"sha512:{hashlib.sha512(layer).hexdigest()}"
    descriptor = Descriptor(OCI_LAYER, digest, len(layer)).json()
    manifest = json.dumps({"schemaVersion": 2, "config": descriptor, "layers": [descriptor]}).encode()
    name = f"sha512:{hashlib.sha512(manifest).hexdigest()}"
    folder = tmp_path / "layout"
    for blob, content in ((digest, layer), (name, manifest)):
        path = folder / "blobs" / blob.replace(":", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "oci-layout").write_bytes(MARKER)
    write_index(folder, [(name, "1")])
    scan_layouts(folder, tmp_path / "i")
    assert sorted(answer(tmp_path / "i", "select digest, class from blob")) == sorted(
        [(digest, "tagged"), (name, "tagged")]
    )
    assert problems(tmp_path / "i") == set()


# --- damage ---------------------------------------------------------------------------------------------------------

DAMAGE = {
    "deleted": None,
    "emptied": b"",
    "truncated": b'{"schemaVersion":2,"manif',
    "other JSON": b"[1, 2]",
    "no list": b'{"manifests": {"digest": "x"}}',
    "a page": b"<html><body>404</body></html>",
    "not text": b"\xff\xfe\x00\x01" * 50,
}


@pytest.mark.parametrize("damage", some(list(DAMAGE), 2))
def test_a_damaged_index_stops_nothing(tree: Path, tmp_path: Path, damage: str) -> None:
    """A problem; the other layouts are whole, its own files are counted, and none of them counts as free."""
    whole = everything(_scanned(tree, tmp_path))
    index = tree / "two/index.json"
    index.unlink() if DAMAGE[damage] is None else index.write_bytes(DAMAGE[damage] or b"")
    scan_layouts(tree, tmp_path / "i")
    kind = "missing_index" if damage == "deleted" else "unreadable_index"
    assert problems(tmp_path / "i") == {(kind, "two/index.json")}
    check_sums(tree, tmp_path / "i")
    mine = [row for row in whole["tag"] if row[0] == "org/one"]
    assert everything(tmp_path / "i")["tag"] == mine
    assert column(tmp_path / "i", "select is_pinned from orphaned") and all(
        column(tmp_path / "i", "select is_pinned from orphaned")
    )


def test_a_huge_index_is_not_read(tree: Path, tmp_path: Path) -> None:
    """A sparse file of 80 MiB is a problem, and takes no memory."""
    os.truncate(tree / "two/index.json", 80 << 20)
    scan_layouts(tree, tmp_path / "i")
    assert problems(tmp_path / "i") == {("unreadable_index", "two/index.json")}


def test_entries_that_are_none(tree: Path, tmp_path: Path) -> None:
    """What is not a descriptor is told, and the others are taken."""
    index = json.loads((tree / "two/index.json").read_text())
    index["manifests"] += [None, 7, {"digest": "sha256:short"}, {"size": 1}, {"digest": ["x"]}]
    (tree / "two/index.json").write_text(json.dumps(index))
    scan_layouts(tree, tmp_path / "i")
    assert problems(tmp_path / "i") == {("odd_index_entry", "two/index.json")}
    assert len(column(tmp_path / "i", "select detail from problem")) == 5
    assert len(column(tmp_path / "i", "select tag from tag where repository = 'two'")) == 2


def test_what_is_missing_and_odd(tree: Path, tmp_path: Path) -> None:
    """A manifest or layer that is gone, a marker that is none, a file among the blobs: each is named by its path."""
    inventory = _scanned(tree, tmp_path)
    [digest] = column(inventory, "select digest from tag where repository = 'two' and tag = 'latest'")
    [layer] = column(inventory, "select digest from blob where size_bytes = 1000000")
    manifest, layer_path = (f"two/blobs/{name.replace(':', '/')}" for name in (digest, layer))
    (tree / manifest).unlink()
    (tree / layer_path).unlink()
    (tree / "two/oci-layout").write_bytes(b"{}")
    (tree / "two/blobs/sha256/readme").write_bytes(b"x")
    (tree / "two/blobs/sha256" / ("a" * 64)).mkdir()
    scan_layouts(tree, tmp_path / "i")
    found = problems(tmp_path / "i")
    assert {kind for kind, _ in found} == {
        "revision_without_blob", "missing_blob", "bad_layout_file", "stray", "folder_as_file",
    }  # fmt: skip
    assert ("revision_without_blob", manifest) in found and ("stray", "two/blobs/sha256/readme") in found
    check_sums(tree, tmp_path / "i")
    assert column(tmp_path / "i", "select distinct blocks_gc from problem") == [None]


# --- rescans --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", some([linked, copied], 2))
def test_a_rescan_equals_a_fresh_scan(content: Builder, tmp_path: Path, share: Callable[[str, str], bool]) -> None:
    """After each change: nothing, a tag moved, an image more, a repository gone, a link that became a copy."""
    root = write_layouts(content.v2, tmp_path / "zot", share)
    inventory = tmp_path / "i"
    scan_layouts(root, inventory)
    digests = column(inventory, "select digest from revision where repository = 'org/one'")

    def retag() -> None:
        write_index(root / "org/one", [(digest, "") for digest in digests] + [(digests[0], "moved")])

    def copy() -> None:
        path = next(path for path in sorted((root / "two/blobs/sha256").iterdir()))
        status = path.stat()
        shutil.copy2(path, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def lose() -> None:
        shutil.rmtree(root / "two")

    for change in (lambda: None, retag, copy, lose):
        change()
        summary = scan_layouts(root, inventory)
        scan_layouts(root, tmp_path / "fresh", full=True)
        assert differences(everything(inventory), everything(tmp_path / "fresh")) == {}
        assert summary.read_count == 0


def test_the_order_of_reading_does_not_matter(tree: Path, tmp_path: Path) -> None:
    """Worker processes give what one process gives."""
    scan_layouts(tree, tmp_path / "one")
    scan_layouts(tree, tmp_path / "two", workers_count=2)
    assert differences(everything(tmp_path / "one"), everything(tmp_path / "two")) == {}


# --- what is told apart ---------------------------------------------------------------------------------------------


def test_a_registrys_own_storage_is_none(content: Builder, tmp_path: Path) -> None:
    """Wherever one is pointed to; and a folder with neither has no storage."""
    for folder in (content.root, content.v2, content.v2.parent):
        assert open_storage(str(folder)).format is Format.REGISTRY
    (tmp_path / "nothing/at/all").mkdir(parents=True)
    with pytest.raises(NoStorageError):
        open_storage(str(tmp_path / "nothing"))


def test_folders_of_other_programs_are_named(content: Builder, tmp_path: Path) -> None:
    """Also those with a folder `blobs` or `repositories`; where a registry lies below or right above, that is named."""
    registry = content.root.rename(tmp_path / "_data")
    docker, containerd, old = (tmp_path / name for name in ("docker", "containerd", "old"))
    for folder in (
        docker / "image",
        docker / "overlay2",
        docker / "volumes/registry",
        old / "images",
        old / "repositories",
    ):
        folder.mkdir(parents=True)
    registry.rename(docker / "volumes/registry/_data")
    store = containerd / "io.containerd.content.v1.content"
    (store / "ingest").mkdir(parents=True)
    (store / "blobs/sha256").mkdir(parents=True)
    (store / "blobs/sha256" / digest_of(b"{}").removeprefix("sha256:")).write_bytes(b"{}")
    expected = {
        docker: ("where Docker keeps its own images", "volumes/registry/_data`, which has"),
        docker / "volumes/registry": ("no registry storage", "volumes/registry/_data`, which has"),
        docker / "volumes/registry/_data/docker/registry/v2/blobs": ("no registry storage", "the folder above it"),
        containerd: ("containerd's own", "crictl"),
        store: ("containerd's own", "crictl"),
        old: ("a registry of version 1", "push them to a current one"),
    }
    for folder, said in expected.items():
        with pytest.raises(NoStorageError) as caught:
            open_storage(str(folder))
        assert said[0] in caught.value.message and said[1] in caught.value.next_step
    (store / "index.json").write_text('{"schemaVersion": 2, "manifests": []}')  # as BuildKit leaves it: a layout
    assert open_storage(str(store)).format is Format.LAYOUTS


def test_the_collectors_preview_is_refused(tree: Path, tmp_path: Path) -> None:
    """The registry's collector cannot run on layouts, and leaves nothing over in them."""
    for ask in (lambda inventory: preview(inventory, 2), lambda inventory: find_leftovers(inventory, 7)):
        with Inventory(str(_scanned(tree, tmp_path))) as opened, pytest.raises(TonnageError, match="image layouts"):
            ask(opened)


def _scanned(root: Path, folder: Path) -> Path:
    scan_layouts(root, folder / "before.duckdb")
    return folder / "before.duckdb"
