"""Whatever docs/reference/problems.md says to do is done here: after it the problem is gone, and the image pulls.

Each case damages the storage of a real registry 2.8.2 that is stopped meanwhile, follows the advice word by word, scans
again, and pulls. The advice stands in the case: who changes the one has to follow the other.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from realregistry import Registry, running_registry
from scanning import answer, column, problems, scan_tree
from seeds import some
from tonnage.cli import main
from tonnage.sample import documents

pytestmark = pytest.mark.integration

LAYER = b"layer" * 1000
MOVE = "Move the file away."
REPLACE = (
    "Move the blob's folder away, restart the registry if it caches descriptors, and push the image again: no push"
    " replaces a blob that lies there."
)
WRITE_BACK = "Write the digest its path spells back into it, without a newline"
PUSH = "Push the image again."
PUSH_TAG = "Push the tag again, or delete the tag's folder."
COPIED = f"{WRITE_BACK}; find out who copied it."
TAGS_FOLDER = (
    "Collect without -m. With an empty folder `_manifests/tags` in it, every revision of it goes: create one only if that"
    " is wanted."
)
REVISION = f"{WRITE_BACK}, or delete the link's folder; then collect."


class Storage:
    """A registry's storage with one image, `app:1`, of one layer; and an index `app:all` of it and another."""

    def __init__(self, root: Path) -> None:
        self.root, self.aside = root / "registry", root / "aside"
        self.v2 = self.root / "docker/registry/v2"
        self.app = self.v2 / "repositories/app"
        self.push()
        (self.image,) = self.app.glob("_manifests/tags/1/current/link")
        self.digest = self.image.read_text()
        document = json.loads(self.blob(self.digest).read_bytes())
        self.config: str = document["config"]["digest"]
        self.layer: str = document["layers"][0]["digest"]
        (index,) = self.app.glob("_manifests/tags/all/current/link")
        children = json.loads(self.blob(index.read_text()).read_bytes())["manifests"]
        self.other: str = next(child["digest"] for child in children if child["digest"] != self.digest)

    def push(self) -> None:
        """Push everything as clients do: blobs that a HEAD finds are not sent."""
        with running_registry(self.root) as registry:
            images = [
                self._push_image(registry, LAYER, "linux/amd64", "1"),
                self._push_image(registry, LAYER * 2, "linux/arm64", ""),
            ]
            registry.push_index("app", images, tag="all")

    def _push_image(self, registry: Registry, layer: bytes, platform: str, tag: str) -> documents.Descriptor:
        blob = documents.Descriptor(documents.OCI_LAYER, documents.digest_of(layer), len(layer))
        content = documents.image_config([blob], platform=platform, created=documents.NEW_YEAR)
        config = documents.Descriptor(documents.OCI_CONFIG, documents.digest_of(content), len(content))
        for descriptor, body in ((blob, layer), (config, content)):
            if registry.request("HEAD", f"/v2/app/blobs/{descriptor.digest}").status != 200:
                registry.push_blob("app", body, descriptor.media_type)
        manifest = documents.image_manifest(config, [blob])
        digest = documents.digest_of(manifest)
        assert registry.put_manifest("app", tag or digest, manifest, documents.OCI_MANIFEST).status == 201
        return documents.Descriptor(documents.OCI_MANIFEST, digest, len(manifest), platform=platform)

    def blob(self, digest: str) -> Path:
        return self.v2 / "blobs/sha256" / digest[7:9] / digest[7:] / "data"

    def revision(self, digest: str) -> Path:
        return self.app / "_manifests/revisions" / digest.replace(":", "/") / "link"

    def layer_link(self, digest: str) -> Path:
        return self.app / "_layers" / digest.replace(":", "/") / "link"

    def move_away(self, path: Path) -> None:
        """Move a file or folder out of the storage."""
        self.aside.mkdir(exist_ok=True)
        shutil.move(path, self.aside / path.name)

    def pulls(self) -> bool:
        """Return whether `app:1` and all of `app:all` can be pulled from the real registry, to the last byte."""
        with running_registry(self.root) as registry:
            return all(_pulls(registry, reference) for reference in ("1", "all"))


def _pulls(registry: Registry, reference: str) -> bool:
    found = registry.get_manifest("app", reference)
    if found.status != 200:
        return False
    document = json.loads(found.body)
    blobs = [document["config"], *document["layers"]] if "config" in document else []
    for blob in blobs:
        body = registry.get(f"/v2/app/blobs/{blob['digest']}").body
        if "sha256:" + hashlib.sha256(body).hexdigest() != blob["digest"]:
            return False
    return all(_pulls(registry, child["digest"]) for child in document.get("manifests", []))


def replace_blob(digest: Callable[[Storage], str]) -> Callable[[Storage], None]:
    """Follow `REPLACE`."""

    def steps(storage: Storage) -> None:
        storage.move_away(storage.blob(digest(storage)).parent)
        storage.push()

    return steps


def write_back(link: Callable[[Storage], Path]) -> Callable[[Storage], None]:
    """Follow `WRITE_BACK`."""

    def steps(storage: Storage) -> None:
        path = link(storage)
        path.write_text(":".join(path.parts[-3:-1]))

    return steps


def move(path: str) -> Callable[[Storage], None]:
    """Move what lies at a path below `v2/` away."""
    return lambda storage: storage.move_away(storage.v2 / path)


def remove(path: str) -> Callable[[Storage], None]:
    """Remove what lies at a path below `v2/`."""
    return lambda storage: (storage.v2 / path).unlink()


def write(path: str, content: str = "x") -> Callable[[Storage], None]:
    """Write a file at a path below `v2/`."""

    def steps(storage: Storage) -> None:
        target = storage.v2 / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)

    return steps


def push(storage: Storage) -> None:
    """Push it again."""
    storage.push()


@dataclass(frozen=True)
class Case:
    """A kind of problem: how to get it, the advice, and what that means here."""

    kind: str
    advice: str
    damage: Callable[[Storage], object]
    steps: Callable[[Storage], object]


def _other_json(storage: Storage) -> None:
    path = storage.blob(storage.config)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"linux", b"lunix"))


def _without_tags_folder(storage: Storage) -> None:
    shutil.rmtree(storage.app / "_manifests/tags")


def _unreadable_upload(storage: Storage) -> None:
    folder = storage.app / "_uploads/not-a-uuid"
    folder.mkdir(parents=True)
    (folder / "data").write_bytes(b"x")
    for path in (folder / "data", folder):
        os.utime(path, (1_000_000_000, 1_000_000_000))


def _run_leftovers_script(storage: Storage) -> None:
    folder = storage.root.parent
    with pytest.raises(SystemExit):
        main(["leftovers", "--script", "-i", str(folder / "i.duckdb"), "-o", str(folder / "leftovers.sh")])
    subprocess.run(["sh", folder / "leftovers.sh", "--remove"], check=True, stdout=subprocess.DEVNULL)


def _push_schema1(storage: Storage) -> None:
    content = documents.schema1_manifest("app", "old", [documents.Descriptor(documents.OCI_LAYER, storage.layer, 1)])
    digest = documents.digest_of(content)
    for path, text in {
        storage.blob(digest): content,
        storage.revision(digest): digest.encode(),
    }.items():
        path.parent.mkdir(parents=True)
        path.write_bytes(text)


def _delete_others(storage: Storage) -> None:
    """Delete the revision that is neither of the index nor of its platforms."""
    known = {storage.digest, storage.other, (storage.app / "_manifests/tags/all/current/link").read_text()}
    for link in storage.app.glob("_manifests/revisions/sha256/*/link"):
        if link.read_text() not in known:
            shutil.rmtree(link.parent)


def _push_artifact(storage: Storage) -> None:
    content = documents.encode(
        {"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "schemaVersion": 2, "blobs": []}
    )
    digest = documents.digest_of(content)
    for path, text in {storage.blob(digest): content, storage.revision(digest): digest.encode()}.items():
        path.parent.mkdir(parents=True)
        path.write_bytes(text)


BAD_TAG = "repositories/app/_manifests/tags/@eaDir"
LINK_LOOP = "repositories/app/loop"

CASES = (
    Case(
        "empty_revision_link",
        f"{REVISION}",
        lambda s: s.revision(s.digest).write_text(""),
        write_back(lambda s: s.revision(s.digest)),
    ),
    Case(
        "bad_revision_link",
        f"{REVISION}",
        lambda s: s.revision(s.digest).write_text("x" * 80),
        write_back(lambda s: s.revision(s.digest)),
    ),
    Case(
        "revision_link_mismatch",
        COPIED,
        lambda s: s.revision(s.digest).write_text(s.other),
        write_back(lambda s: s.revision(s.digest)),
    ),
    Case(
        "empty_layer_link",
        f"{WRITE_BACK}.",
        lambda s: s.layer_link(s.layer).write_text(""),
        write_back(lambda s: s.layer_link(s.layer)),
    ),
    Case(
        "bad_layer_link",
        f"{WRITE_BACK}.",
        lambda s: s.layer_link(s.layer).write_text("x" * 80),
        write_back(lambda s: s.layer_link(s.layer)),
    ),
    Case(
        "layer_link_mismatch",
        COPIED,
        lambda s: s.layer_link(s.layer).write_text(s.config),
        write_back(lambda s: s.layer_link(s.layer)),
    ),
    Case("empty_tag_link", PUSH_TAG, lambda s: s.image.write_text(""), push),
    Case("bad_tag_link", PUSH_TAG, lambda s: s.image.write_text("x" * 80), push),
    Case("tag_without_current", PUSH_TAG, lambda s: s.image.unlink(), push),
    Case("tag_without_revision", PUSH_TAG, lambda s: shutil.rmtree(s.revision(s.digest).parent), push),
    Case(
        "revision_without_blob",
        "Push the image again, or delete the revision.",
        lambda s: shutil.rmtree(s.blob(s.digest).parent),
        push,
    ),
    Case("missing_blob", PUSH, lambda s: shutil.rmtree(s.blob(s.layer).parent), push),
    Case(
        "missing_child",
        "Push the platform again, or live without it.",
        lambda s: (shutil.rmtree(s.blob(s.other).parent), shutil.rmtree(s.revision(s.other).parent)),
        push,
    ),
    Case("unlinked_child", "Push the platform again.", lambda s: shutil.rmtree(s.revision(s.other).parent), push),
    Case("unlinked_blob", PUSH, lambda s: shutil.rmtree(s.layer_link(s.layer).parent), push),
    Case("size_mismatch", REPLACE, lambda s: s.blob(s.layer).write_bytes(LAYER[:-1]), replace_blob(lambda s: s.layer)),
    Case("unreadable_config", REPLACE, lambda s: s.blob(s.config).write_bytes(b"{"), replace_blob(lambda s: s.config)),
    Case("digest_mismatch", REPLACE, _other_json, replace_blob(lambda s: s.config)),
    Case(
        "unreadable_manifest",
        f"{REPLACE[:-1]}. Or delete the revision.",
        lambda s: s.blob(s.digest).write_bytes(b""),
        replace_blob(lambda s: s.digest),
    ),
    Case(
        "schema1",
        "Before a change to 3.x, push the image again with a current client, and delete this revision.",
        _push_schema1,
        _delete_others,
    ),
    Case(
        "unsupported_manifest", "Delete the revision, or keep it from being collected.", _push_artifact, _delete_others
    ),
    Case(
        "no_layers_folder",
        "Before collecting, create an empty folder `_layers` in it, and push its images again.",
        lambda s: shutil.rmtree(s.app / "_layers"),
        lambda s: ((s.app / "_layers").mkdir(), s.push()),
    ),
    Case(
        "no_tags_folder",
        TAGS_FOLDER,
        _without_tags_folder,
        push,
    ),
    Case(
        "bad_repository_name",
        "Move the folder away.",
        lambda s: shutil.copytree(s.app, s.app.with_name("App-")),
        move("repositories/App-"),
    ),
    Case("bad_tag_name", "Move the folder away.", write(f"{BAD_TAG}/x"), move(BAD_TAG)),
    Case(
        "stray_in_tags", MOVE, write("repositories/app/_manifests/tags/x"), move("repositories/app/_manifests/tags/x")
    ),
    Case(
        "stray_revision_link",
        "Move it away.",
        write("repositories/app/_manifests/revisions/link"),
        move("repositories/app/_manifests/revisions/link"),
    ),
    Case(
        "short_digest",
        "Move the blob away.",
        lambda s: (
            write("blobs/sha256/ab/abc/data")(s),
            write("repositories/app/_layers/sha256/abc/link", "sha256:abc")(s),
        ),
        lambda s: move("blobs/sha256/ab/abc")(s),
    ),
    Case("stray_blob_path", MOVE, write("blobs/tarsum/v1/sha256/ab/ab1/data"), move("blobs/tarsum")),
    Case(
        "folder_as_file",
        "Move the folder away, and push again what it was for.",
        lambda s: (s.image.unlink(), s.image.mkdir()),
        lambda s: (s.move_away(s.image), s.push()),
    ),
    Case(
        "file_as_folder",
        MOVE,
        lambda s: (shutil.rmtree(s.image.parent), s.image.parent.write_text("x")),
        lambda s: (s.move_away(s.image.parent), s.push()),
    ),
    Case(
        "unpurgeable_upload", "`tonnage leftovers` tells how to remove it.", _unreadable_upload, _run_leftovers_script
    ),
    Case("stray", "Remove it if nobody knows it.", write("repositories/app/x"), remove("repositories/app/x")),
    Case("special_file", "Remove it.", lambda s: os.mkfifo(s.app / "pipe"), remove("repositories/app/pipe")),
    Case(
        "broken_symlink",
        "Remove it.",
        lambda s: (s.app / "gone").symlink_to("nowhere"),
        remove("repositories/app/gone"),
    ),
    Case(
        "symlink_loop",
        "Remove it: the collector goes round until the path is too long, and stops.",
        lambda s: (s.v2 / LINK_LOOP).symlink_to(s.v2 / "repositories"),
        remove(LINK_LOOP),
    ),
)

NOT_HERE = {
    "unreadable": "needs another user; test_scan scans as one",
    "vanished": "the next scan is the advice",
    "sha512_reference": "clients push by sha256: the image is another one then",
    "symlink_out": "its advice is an option of the scan; test_symlinks_out follows it",
    **dict.fromkeys(("odd_key", "versioned_bucket", "not_told"), "of buckets"),
    **dict.fromkeys(("incomplete_listing", "unlisted_tags", "unpullable_tag", "odd_listing", "lost_name"), "of HTTP"),
    **dict.fromkeys(
        ("missing_index", "unreadable_index", "odd_index_entry", "tag_listed_twice", "bad_layout_file", "own_file"),
        "of OCI image layouts, which no registry 2.8.2 serves",
    ),
    **dict.fromkeys(("dead_layer_link", "odd_history_link", "symlink", "pull_through_cache"), "nothing is to be done"),
}
"""Kinds without a case, and why."""


@pytest.mark.parametrize("case", some(CASES, 2), ids=lambda case: case.kind)
def test_the_advice_heals(case: Case, tmp_path: Path) -> None:
    """There is the problem; its advice is the one below; followed, the problem is gone and the image pulls."""
    storage, inventory = Storage(tmp_path), tmp_path / "i.duckdb"
    case.damage(storage)
    scan_tree(storage.root, inventory, full=True)
    assert case.kind in {kind for kind, _ in problems(inventory)}
    assert answer(inventory, f"select advice from problem_kind where kind = '{case.kind}'") == [(case.advice,)]
    case.steps(storage)
    scan_tree(storage.root, inventory, full=True)
    assert case.kind not in {kind for kind, _ in problems(inventory)}
    assert storage.pulls()


def test_every_kind_is_followed_or_says_why_not(tmp_path: Path) -> None:
    """A new kind of problem needs a case, or a reason."""
    storage = Storage(tmp_path)
    scan_tree(storage.root, tmp_path / "i.duckdb")
    kinds = column(tmp_path / "i.duckdb", "select kind from problem_kind")
    assert sorted(kinds) == sorted([case.kind for case in CASES] + list(NOT_HERE))
