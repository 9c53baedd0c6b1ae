"""A scan: what it finds on healthy trees, what it keeps when it is interrupted, and what it need not read again."""

from __future__ import annotations

import errno
import functools
import gc
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

import tonnage.scan.listing
import tonnage.scan.loading
import tonnage.scan.run
from scanning import (
    answer,
    bytes_below,
    check_sums,
    column,
    differences,
    everything,
    in_memory,
    problems,
    scan_storage,
    scan_tree,
)
from tonnage.errors import (
    InventoryVersionError,
    NoInventoryError,
    QueryError,
    StorageUnreadableError,
    TonnageError,
    WriteError,
)
from tonnage.inventory.database import Inventory
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.inventory.statements import statements
from tonnage.monitor import Monitor
from tonnage.sample import Builder, Descriptor, documents
from tonnage.scan.replace import exchange
from tonnage.scan.run import OtherPlace, Summary
from tonnage.scan.workers import Crew, WorkerFailedError
from tonnage.storage.local import LocalStorage
from tonnage.storage.memory import MemoryStorage

LATER = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Where the inventory goes."""
    return tmp_path / "tonnage.duckdb"


def config_of(registry: Builder, image: Descriptor) -> str:
    """Return the digest of an image's config."""
    document = json.loads(registry.blob_path(image.digest).read_bytes())
    return str(document["config"]["digest"])


# --- what is found --------------------------------------------------------------------------------------------------


def test_tags_and_their_history(registry: Builder, inventory: Path) -> None:
    """A tag has the digest it points to now; its history has all, and says which one is current."""
    repo = registry.repository("org/app")
    old = repo.image([registry.layer(b"old")], tag="latest")
    registry.when = LATER
    new = repo.image([registry.layer(b"new")], tag="latest")
    repo.tag("old", old.digest)
    scan_tree(registry.root, inventory)
    assert answer(inventory, "select tag, digest, modified_at from tag order by tag") == [
        ("latest", new.digest, LATER.replace(tzinfo=None)),
        ("old", old.digest, LATER.replace(tzinfo=None)),
    ]
    found = set(answer(inventory, "select tag, digest, is_current from tag_history"))
    assert found == {("latest", old.digest, False), ("latest", new.digest, True), ("old", old.digest, True)}


def test_odd_tag_names(registry: Builder, inventory: Path) -> None:
    """Tags may be called as the folders of the layout are, and may differ in case only."""
    repo = registry.repository("org/app")
    names = ["link", "index", "current", "tags", "sha256", "_x", "Latest", "latest", "A" * 128]
    for name in names:
        repo.image([registry.layer(name.encode())], tag=name)
    scan_tree(registry.root, inventory)
    assert sorted(column(inventory, "select tag from tag")) == sorted(names)
    assert column(inventory, "select count(*) from tag_history where is_current") == [len(names)]
    assert problems(inventory) == set()


def _odd_histories(tags: Path, elsewhere: Path) -> None:
    """Make the history of each of these tags odd in the way it is called for."""
    histories = {tag: tags / tag / "index/sha256" for tag in ODD_HISTORIES}
    links = {tag: next(history.iterdir()) for tag, history in histories.items()}
    shutil.rmtree(histories["none"].parent)
    shutil.rmtree(links["empty"])
    (links["no-file"] / "link").unlink()
    (links["odd-size"] / "link").write_text("sha256:")
    (links["folder-as-file"] / "link").unlink()
    (links["folder-as-file"] / "link").mkdir()
    (histories["stray"] / "stray").write_bytes(b"stray")
    (histories["short"] / "abc").mkdir()
    (histories["short"] / "abc/link").write_text("sha256:abc")
    (histories["no-digest"] / ("x" * 64)).mkdir()
    (histories["no-digest"] / ("x" * 64) / "link").write_bytes(b"")
    Path(os.fsdecode(bytes(histories["no-text"]) + b"/\xff")).mkdir()
    links["linked"].rename(elsewhere)
    links["linked"].symlink_to(elsewhere)
    histories["sha512"].rename(histories["sha512"].with_name("sha512"))
    (tags / "no-current" / "current/link").unlink()


ODD_HISTORIES = (
    "none", "empty", "no-file", "odd-size", "folder-as-file", "stray", "short", "no-digest", "no-text", "linked",
    "sha512", "no-current",
)  # fmt: skip


def test_odd_histories(registry: Builder, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the folders of tags are not opened, all that is odd in their histories is found too."""
    repo = registry.repository("org/app")
    for tag in ("healthy", *ODD_HISTORIES, "well"):
        repo.image([registry.layer(tag.encode())], tag=tag)
    _odd_histories(registry.v2 / "repositories/org/app/_manifests/tags", tmp_path / "elsewhere")
    scan_tree(registry.root, inventory)
    monkeypatch.setattr(LocalStorage, "is_large", lambda _: True)
    assert not scan_tree(registry.root, tmp_path / "large").is_searched
    assert differences(everything(tmp_path / "large"), everything(inventory)) == {}
    assert {path.split("/")[5] for _, path in problems(inventory)} == {
        "odd-size", "folder-as-file", "stray", "no-digest", "linked", "no-current",
    }  # fmt: skip


@pytest.mark.parametrize("below", ["current/link", "current", "", "stray"])
def test_illegal_tag_names(registry: Builder, inventory: Path, below: str) -> None:
    """A folder with a name no tag can have is told once, whatever is in it: a collection stops on it."""
    registry.repository("app").image([registry.layer(b"x")], tag="1")
    path = registry.v2 / "repositories/app/_manifests/tags/x+y" / below
    if below in ("current/link", "stray"):
        registry.write(path, b"")
    else:
        path.mkdir(parents=True)
    scan_tree(registry.root, inventory)
    assert [told for told in problems(inventory) if told[0] == "bad_tag_name"] == [
        ("bad_tag_name", "repositories/app/_manifests/tags/x+y")
    ]
    assert column(inventory, "select tag from tag order by tag") == ["1", "x+y"]


@pytest.mark.parametrize("name", ["Foo", "a/Foo", "a/-x", "a/x___y", "_x/y", "-"])
def test_illegal_repository_names(registry: Builder, inventory: Path, name: str) -> None:
    """What lies in a repository no client can name is counted all the same, and told: a collection stops on it."""
    registry.repository(name).image([registry.layer(b"x")], tag="1")
    scan_tree(registry.root, inventory)
    check_sums(registry.v2, inventory)
    if name.startswith("_"):
        assert {kind for kind, _ in problems(inventory)} >= {"stray"}
    else:
        assert problems(inventory) == {("bad_repository_name", f"repositories/{name}")}
        assert column(inventory, "select repository from tag") == [name]


def test_odd_times_in_configurations(registry: Builder, inventory: Path) -> None:
    """Whatever a configuration says of its time, it is read; what is no time is null."""
    repo = registry.repository("app")
    times = ["", "yesterday", "infinity", "0001-01-01T00:00:00Z", "0000-00-00", "-4000-01-01T00:00:00Z", "99999-01-01"]
    for created in times:
        config = documents.encode({"os": created, "created": created, "history": [{"created": created}]})
        repo.image([registry.layer(b"x")], config=registry.blob(config, documents.OCI_CONFIG), tag="1")
    scan_tree(registry.root, inventory)
    found = dict(answer(inventory, "select os, created_at from image"))
    assert found.keys() == set(times)
    assert [found[created] for created in ("", "yesterday", "0000-00-00")] == [None, None, None]
    assert found["0001-01-01T00:00:00Z"] == datetime(1, 1, 1)


def test_repositories_within_repositories(registry: Builder, inventory: Path) -> None:
    """A repository may be the parent of others, and be called like a folder of the layout; a mere parent is none."""
    names = ["foo", "foo/bar", "foo/bar/baz", "foo-bar", "tags", "blobs/sha256", "a/b/c"]
    for name in names:
        registry.repository(name).image([registry.layer(name.encode())], tag="1")
    scan_tree(registry.root, inventory)
    assert sorted(column(inventory, "select repository from repository")) == sorted(names)
    namespaces = dict(answer(inventory, "select repository, namespace from repository"))
    assert (namespaces["foo"], namespaces["foo/bar/baz"]) == ("", "foo")
    assert problems(inventory) == set()


def test_the_state_of_each_revision(registry: Builder, inventory: Path) -> None:
    """tag, index and referrer are held, at any depth; what hangs on nothing, or on what does, is untagged."""
    repo = registry.repository("org/app")
    empty = registry.blob(b"{}", documents.OCI_EMPTY)

    def referrer(subject: Descriptor) -> Descriptor:
        layer = registry.layer(f"about {subject.digest}".encode())
        return repo.image([layer], config=empty, subject=subject, artifact_type="a/b")

    child, grandchild, old_child = (repo.image([registry.layer(name)]) for name in (b"child", b"grandchild", b"lost"))
    attestation = repo.attestation(child)
    inner = repo.index([grandchild])
    index = repo.index([child, attestation, inner], tag="latest")
    old_index = repo.index([old_child])
    odd = repo.image([registry.layer(b"odd")])
    odd_index = repo.index([replace(odd, media_type="application/vnd.example.manifest+json")], tag="odd")
    image = repo.image([registry.layer(b"image")], tag="image")
    signature = referrer(image)
    signature_of_child = referrer(child)
    signature_of_signature = referrer(signature)
    untagged = repo.image([registry.layer(b"untagged")])
    signature_of_untagged = referrer(untagged)

    scan_tree(registry.root, inventory)
    assert dict(answer(inventory, "select digest, state from revision")) == {
        index.digest: "tag",
        image.digest: "tag",
        odd_index.digest: "tag",
        child.digest: "index",
        attestation.digest: "index",
        inner.digest: "index",
        grandchild.digest: "index",
        odd.digest: "index",
        signature.digest: "referrer",
        signature_of_child.digest: "referrer",
        signature_of_signature.digest: "referrer",
        old_index.digest: "untagged",
        old_child.digest: "untagged",
        untagged.digest: "untagged",
        signature_of_untagged.digest: "untagged",
    }
    assert set(column(inventory, "select digest from untagged")) == {
        x.digest for x in (old_index, old_child, untagged, signature_of_untagged)
    }


def test_a_tag_holds_in_its_own_repository_only(registry: Builder, inventory: Path) -> None:
    """The same manifest may be tagged in one repository and untagged in another; its blobs are tagged."""
    one, other = registry.repository("one"), registry.repository("other")
    layer = registry.layer(b"layer")
    image = one.image([layer], tag="1")
    assert other.image([layer]) == image
    scan_tree(registry.root, inventory)
    states = answer(inventory, "select repository, state from revision order by all")
    assert states == [("one", "tag"), ("other", "untagged")]
    assert column(inventory, "select distinct class from blob") == ["tagged"]


def test_usage_counts(registry: Builder, inventory: Path) -> None:
    """References are direct; revisions, tags and repositories count through indexes."""
    one, other = registry.repository("one"), registry.repository("other")
    layer = registry.layer(b"layer")
    amd = one.image([layer], platform="linux/amd64")
    arm = one.image([layer], platform="linux/arm64")
    index = one.index([amd, arm], tag="latest")
    one.tag("1.0", index.digest)
    assert other.image([layer], platform="linux/amd64", tag="copy") == amd
    scan_tree(registry.root, inventory)
    counts = "references_count, manifests_count, revisions_count, tags_count, repositories_count"
    found = {row[0]: row[1:] for row in answer(inventory, f"select digest, {counts} from blob_usage")}
    assert found[layer.digest] == (3, 2, 4, 3, 2)
    assert found[amd.digest] == (1, 1, 3, 3, 2)
    assert found[arm.digest] == (1, 1, 2, 2, 1)
    assert found[index.digest] == (0, 0, 1, 2, 1)
    assert found[config_of(registry, arm)] == (1, 1, 2, 2, 1)


def test_classes_and_roles(registry: Builder, inventory: Path) -> None:
    """A blob is of the best class that any of its holders gives it."""
    repo = registry.repository("app")
    shared, own, loose = registry.layer(b"shared"), registry.layer(b"own"), registry.layer(b"loose")
    old = repo.image([shared, own], tag="latest")
    new = repo.image([shared], tag="latest")
    gone = repo.image([shared, registry.layer(b"gone")], tag="gone")
    repo.delete(gone.digest)
    scan_tree(registry.root, inventory)
    found = {row[0]: row[1:] for row in answer(inventory, "select digest, class, role from blob")}
    assert found[shared.digest] == ("tagged", "layer")
    assert found[new.digest] == ("tagged", "manifest")
    assert found[config_of(registry, new)] == ("tagged", "config")
    assert found[own.digest] == ("untagged", "layer")
    assert found[old.digest] == ("untagged", "manifest")
    assert found[loose.digest] == ("orphaned", None)
    assert found[gone.digest][0] == "orphaned"
    assert set(column(inventory, "select digest from orphaned")) == registry.orphans()
    assert not any(column(inventory, "select is_pinned from orphaned"))


def test_a_child_that_only_its_blob_is_left_of(registry: Builder, inventory: Path) -> None:
    """2.x -m takes the revisions of a tagged index's children and leaves their blobs: that platform cannot be pulled."""
    repo = registry.repository("app")
    kept, lost = (
        repo.image([registry.layer(text)], platform=f"linux/{text.decode()}") for text in (b"amd64", b"arm64")
    )
    index = repo.index([kept, lost], tag="latest")
    repo.revision_link(lost.digest).unlink()
    scan_tree(registry.root, inventory)
    asked = "select repository, digest, detail from problem where kind = 'unlinked_child'"
    assert answer(inventory, asked) == [("app", lost.digest, f"manifest of {index.digest}")]
    assert answer(inventory, "select tag, reason from broken_tag") == [("latest", "unlinked")]


def test_exclusive_and_shared_bytes(registry: Builder, inventory: Path) -> None:
    """Per tag, revision, repository and namespace: what only this one needs, and what others need too."""
    a, b, c = registry.repository("x/a"), registry.repository("x/b"), registry.repository("y/c")
    everywhere, in_x, own = (registry.layer(size_bytes=n, seed=str(n)) for n in (1000, 200, 30))
    one = a.image([everywhere, in_x, own], tag="1")
    a.tag("one", one.digest)
    two = b.image([everywhere, in_x], tag="2")
    three = c.image([everywhere], tag="3")
    sizes = {}
    for image in (one, two, three):
        sizes[image.digest] = image.size_bytes + registry.blobs[config_of(registry, image)]
    scan_tree(registry.root, inventory)

    def usage(view: str, key: str) -> dict[str, tuple[int, int]]:
        rows = answer(inventory, f"select {key}, exclusive_bytes, shared_bytes from {view}")
        return {row[0]: row[1:] for row in rows}

    assert usage("repository_usage", "repository") == {
        "x/a": (sizes[one.digest] + 30, 1200),
        "x/b": (sizes[two.digest], 1200),
        "y/c": (sizes[three.digest], 1000),
    }
    assert usage("namespace_usage", "namespace") == {
        "x": (sizes[one.digest] + sizes[two.digest] + 230, 1000),
        "y": (sizes[three.digest], 1000),
    }
    assert usage("tag_usage", "tag") == {
        "1": (0, sizes[one.digest] + 1230),
        "one": (0, sizes[one.digest] + 1230),
        "2": (sizes[two.digest], 1200),
        "3": (sizes[three.digest], 1000),
    }
    assert usage("revision_usage", "digest")[one.digest] == (sizes[one.digest] + 30, 1200)
    logical = dict(answer(inventory, "select repository, logical_bytes from repository_usage"))
    assert logical["x/a"] == sizes[one.digest] + 1230


def test_both_sizes(registry: Builder, inventory: Path) -> None:
    """What a manifest declares and what is stored are told apart; the stored one counts."""
    layer = registry.layer(b"12345")
    image = registry.repository("app").image([replace(layer, size_bytes=999_999_999)], tag="1")
    scan_tree(registry.root, inventory)
    [row] = answer(inventory, "select size_bytes, stored_bytes from manifest_ref where role = 'layer'")
    assert row == (999_999_999, 5)
    assert column(inventory, f"select size_bytes from blob where digest = '{layer.digest}'") == [5]
    [(path, detail)] = answer(inventory, "select path, detail from problem where kind = 'size_mismatch'")
    assert path == str(registry.blob_path(layer.digest).relative_to(registry.v2))
    assert image.digest in detail and "999999999" in detail


def test_configurations(registry: Builder, inventory: Path) -> None:
    """Platform, time, labels, and the build history with each step tied to its layer."""
    layers = [registry.layer(b"one"), registry.layer(b"two")]
    history = [
        {"created": "2026-01-01T00:00:00Z", "created_by": "ADD one"},
        {"created_by": "ENV x", "empty_layer": True},
        {"created_by": "ADD two", "comment": "buildkit"},
    ]
    image = registry.repository("app").image(
        layers, tag="1", platform="linux/arm64/v8", created=LATER, labels={"a": "b"}, history=history
    )
    config = config_of(registry, image)
    scan_tree(registry.root, inventory)
    assert answer(inventory, "select config_digest, os, architecture, variant, created_at from image") == [
        (config, "linux", "arm64", "v8", LATER.replace(tzinfo=None))
    ]
    assert answer(inventory, "select config_digest, name, value from label") == [(config, "a", "b")]
    steps = "select position, layer_position, created_at, created_by, comment from history order by position"
    assert answer(inventory, steps) == [
        (0, 0, datetime(2026, 1, 1), "ADD one", None),
        (1, None, None, "ENV x", None),
        (2, 1, None, "ADD two", "buildkit"),
    ]
    assert column(inventory, "select count(*) from diff_id") == [2]


def test_all_kinds_of_manifests(registry: Builder, inventory: Path) -> None:
    """Schema 1 and 2, OCI, caches, artifacts, missing media types and keys in any case are all read."""
    repo = registry.repository("app")
    layer = registry.layer(b"layer")
    repo.link_layers([layer])
    bare = {"schemaVersion": 2, "config": {"digest": layer.digest}, "layers": [{"digest": layer.digest}]}
    loud = {"SCHEMAVERSION": 2, "LAYERS": [{"DIGEST": layer.digest}], "CONFIG": None}
    artifact = {"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "blobs": [{"digest": layer.digest}]}
    pushed = {
        "oci": repo.image([layer], tag="oci"),
        "docker": repo.image([layer], docker=True, tag="docker"),
        "schema1": repo.schema1([layer], tag="schema1"),
        "cache": repo.cache([layer], tag="cache"),
        "bare": repo.manifest(documents.encode(bare), tag="bare"),
        "loud": repo.manifest(documents.encode(loud), tag="loud"),
        "artifact": repo.manifest(documents.encode(artifact), tag="artifact"),
        "empty": repo.index([], tag="empty"),
    }
    scan_tree(registry.root, inventory)
    kinds = dict(answer(inventory, "select tag, kind from tag_usage"))
    assert kinds == {
        "oci": "image", "docker": "image", "schema1": "schema1", "cache": "index", "bare": "image", "loud": "image",
        "artifact": "artifact", "empty": "index",
    }  # fmt: skip
    refs = f"select parent, role from manifest_ref where child = '{layer.digest}' and role <> 'config'"
    assert dict(answer(inventory, refs)) == {
        pushed[name].digest: role
        for name, role in [
            ("oci", "layer"), ("docker", "layer"), ("schema1", "layer"), ("bare", "layer"), ("loud", "layer"),
            ("cache", "index blob"), ("artifact", "artifact blob"),
        ]
    }  # fmt: skip
    assert {kind for kind, _ in problems(inventory)} >= {"schema1", "unsupported_manifest"}


def test_a_foreign_layer_is_not_missing(registry: Builder, inventory: Path) -> None:
    """It is declared, with where to get it, and not stored."""
    foreign = registry.foreign_layer(size_bytes=100, seed="windows")
    registry.repository("app").image([foreign, registry.layer(b"x")], tag="1")
    scan_tree(registry.root, inventory)
    [row] = answer(inventory, f"select has_urls, stored_bytes from manifest_ref where child = '{foreign.digest}'")
    assert row == (True, None)
    assert problems(inventory) == set()


def test_a_layer_pushed_by_its_sha512_digest(registry: Builder, inventory: Path) -> None:
    """It is stored under its sha256 digest, and held there; that a collection takes it is a problem."""
    repo = registry.repository("app")
    layer = registry.layer(b"layer")
    alias = "sha512:" + hashlib.sha512(b"layer").hexdigest()
    repo.link(repo.layer_link(alias), layer.digest)
    repo.link(repo.layer_link(layer.digest), layer.digest)
    config = registry.blob(b"{}", documents.OCI_CONFIG)
    repo.link_layers([config])
    image = repo.manifest(documents.image_manifest(config, [replace(layer, digest=alias)]), tag="1")
    scan_tree(registry.root, inventory)
    assert column(inventory, f"select class from blob where digest = '{layer.digest}'") == ["tagged"]
    path = repo.revision_link(image.digest).relative_to(registry.v2)
    assert problems(inventory) == {("sha512_reference", str(path))}


def test_a_layer_by_its_sha512_digest_is_counted_as_any_other(registry: Builder, inventory: Path) -> None:
    """Role, references, step, stored and logical bytes are those of the blob under which it is stored."""
    repo = registry.repository("app")
    layer = registry.layer(b"layer")
    alias = "sha512:" + hashlib.sha512(b"layer").hexdigest()
    image = repo.image([replace(layer, digest=alias)], tag="1", history=[{"created_by": "RUN make"}])
    repo.link(repo.layer_link(alias), layer.digest)
    repo.link(repo.layer_link(layer.digest), layer.digest)
    scan_tree(registry.root, inventory)
    columns = "digest, size_bytes, references_count, manifests_count, created_by"
    assert answer(inventory, f"select {columns} from layer") == [(layer.digest, 5, 1, 1, "RUN make")]
    assert answer(inventory, "select digest, stored_as from alias") == [(alias, layer.digest)]
    named = answer(inventory, "select child, stored_as, stored_bytes from manifest_ref where role = 'layer'")
    assert named == [(alias, layer.digest, 5)]
    assert column(inventory, "select logical_bytes - stored_bytes from repository_usage") == [0]
    for digest in (layer.digest, alias):
        why = answer(inventory, statements("reports")["why"].sql, {"digest": digest})
        assert [(row[2], row[4], row[5]) for row in why] == [(image.digest, "RUN make", "layer")]


def test_referrer_folders_and_fallback_tags(registry: Builder, inventory: Path) -> None:
    """Links of forks and of old registries are counted; a `sha256-<hex>` tag is a tag."""
    repo = registry.repository("app")
    image = repo.image([registry.layer(b"x")], tag="1")
    repo.tag(image.digest.replace(":", "-") + ".sig", image.digest)
    hexdigits = image.digest.removeprefix("sha256:")
    repo.link(repo.path / f"_referrers/_subjects/sha256/{hexdigits}/sha256/{hexdigits}/link", image.digest)
    repo.link(repo.revision_link(image.digest).parent / f"signatures/sha256/{hexdigits}/link", image.digest)
    scan_tree(registry.root, inventory)
    assert sorted(column(inventory, "select kind from extra_link")) == ["referrer", "signature"]
    assert column(inventory, "select count(*) from tag") == [2]
    assert problems(inventory) == set()


def test_uploads(registry: Builder, inventory: Path) -> None:
    """All files of an upload together; whether the server will ever purge it."""
    repo = registry.repository("app")
    good = repo.upload(size_bytes=1000, started=LATER).name
    unreadable = repo.upload(size_bytes=2000, started=LATER)
    (unreadable / "startedat").write_text("2026-02-03T04:05:06Z\n")
    dateless = repo.upload(size_bytes=3000, started=LATER)
    (dateless / "startedat").unlink()
    nameless = repo.path / "_uploads/not-a-uuid"
    registry.write(nameless / "startedat", b"2026-02-03T04:05:06Z")
    scan_tree(registry.root, inventory)
    uploads = answer(inventory, "select upload, size_bytes, files_count, is_purgeable from upload")
    assert {row[0]: row[1:] for row in uploads} == {
        good: (1000 + 20 + 2 * 108, 4, True),
        unreadable.name: (2000 + 21 + 2 * 108, 4, False),
        dateless.name: (3000 + 2 * 108, 3, False),
        "not-a-uuid": (20, 1, False),
    }
    assert column(inventory, f"select started_at from upload where upload = '{good}'") == [LATER.replace(tzinfo=None)]
    assert problems(inventory) == {
        ("unpurgeable_upload", f"repositories/app/_uploads/{name}")
        for name in (unreadable.name, dateless.name, "not-a-uuid")
    }


def test_strays(registry: Builder, inventory: Path) -> None:
    """Files that fit nothing are counted, named, and told apart by whether a collection stops on them."""
    repo = registry.repository("app")
    image = repo.image([registry.layer(b"x")], tag="1")
    blob = registry.blob_path(image.digest).parent.relative_to(registry.v2)
    strays = {
        "scheduler-state.json": "stray",
        "lost+found/x": "stray",
        "blobs/data": "stray_blob_path",
        "blobs/sha256/zz/zzz/data": "stray_blob_path",
        "blobs/sha256/00/abc": "stray",
        f"{blob}/._data": "stray",
        f"{blob}/data.c0ffee.tmp": "stray",
        "repositories/.DS_Store": "stray",
        "repositories/app/.DS_Store": "stray",
        "repositories/app/_manifests/tags/.DS_Store": "stray_in_tags",
        "repositories/app/_manifests/tags/1/current/link.c0ffee.tmp": "stray",
        "repositories/app/_manifests/revisions/link": "stray_revision_link",
        "repositories/app/_layers/x": "stray",
    }
    for path in strays:
        registry.stray(path, path.encode())
    scan_tree(registry.root, inventory)
    assert dict(answer(inventory, "select path, size_bytes from stray")) == {path: len(path) for path in strays}
    assert problems(inventory) == {(kind, path) for path, kind in strays.items()}
    total = sum(map(len, strays))
    assert answer(inventory, "select files_count, size_bytes from class_total where class = 'strays'") == [
        (len(strays), total)
    ]


def test_a_blob_of_no_digests_name_that_a_history_calls_by_it_is_no_stray(registry: Builder, inventory: Path) -> None:
    """Something leads to it by that name, so it is counted as a blob, and the history that does is kept."""
    registry.repository("app").image([registry.layer(b"x")], tag="1")
    registry.stray("blobs/sha256/ab/abc/data", b"odd")
    registry.stray("repositories/app/_manifests/tags/1/index/sha256/abc/link", b"sha256:abc")
    scan_tree(registry.root, inventory)
    assert answer(inventory, "select digest from tag_history where digest = 'sha256:abc'") == [("sha256:abc",)]
    assert answer(inventory, "select size_bytes from blob where digest = 'sha256:abc'") == [(3,)]
    assert answer(inventory, "select path from stray") == []


def test_leftovers_of_deletions(registry: Builder, inventory: Path) -> None:
    """A repository with nothing to pull is a ghost; empty folders and tags without a link are told."""
    repo = registry.repository("ghost")
    image = repo.image([registry.layer(b"x")], tag="1")
    repo.delete(image.digest)
    other = registry.repository("app")
    other.tag_link("broken").parent.mkdir(parents=True)
    other.image([registry.layer(b"y")], tag="1")
    scan_tree(registry.root, inventory)
    assert column(inventory, "select repository from ghost") == ["ghost"]
    hexdigits = image.digest.removeprefix("sha256:")
    assert set(column(inventory, "select path from empty_folder where repository = 'ghost'")) == {
        "repositories/ghost/_uploads",
        "repositories/ghost/_manifests/tags",
        f"repositories/ghost/_manifests/revisions/sha256/{hexdigits}",
    }
    assert answer(inventory, "select has_link, digest from tag where tag = 'broken'") == [(False, None)]
    assert ("tag_without_current", "repositories/app/_manifests/tags/broken") in problems(inventory)


def test_an_unreadable_manifest_pins_what_it_may_need(registry: Builder, inventory: Path) -> None:
    """What its repository links to and nobody else needs is orphaned as far as is known, and never free."""
    repo, other = registry.repository("app"), registry.repository("other")
    image = repo.image([registry.layer(b"x")], tag="1")
    config = config_of(registry, image)
    loose = registry.layer(b"loose")
    other.link_layers([loose])
    registry.blob_path(image.digest).write_bytes(b"damaged")
    scan_tree(registry.root, inventory)
    pinned = dict(answer(inventory, "select digest, is_pinned from orphaned"))
    assert pinned == {documents.digest_of(b"x"): True, config: True, loose.digest: False}


def test_the_demo(demo: Builder, inventory: Path) -> None:
    """On a whole registry: the classes are those of the builder's ledger, and nothing is odd."""
    scan_tree(demo.root, inventory)
    assert set(column(inventory, "select digest from orphaned")) == demo.orphans()
    assert dict(answer(inventory, "select digest, size_bytes from blob")) == demo.blobs
    linked = {(repo.name, digest) for repo in demo.repositories.values() for digest in repo.revisions}
    assert set(answer(inventory, "select repository, digest from revision")) == linked
    assert column(inventory, "select repository from ghost") == ["legacy/portal"]
    assert column(inventory, "select cast(sum(size_bytes) as bigint) from class_total") == [bytes_below(demo.v2)]
    assert column(inventory, "select distinct kind from problem where severity <> 'note'") == []


def test_an_empty_storage(tmp_path: Path, inventory: Path) -> None:
    """The two folders with nothing in them are an empty registry, and every view answers."""
    for name in ("blobs", "repositories"):
        (tmp_path / "registry" / name).mkdir(parents=True)
    summary = scan_tree(tmp_path / "registry", inventory)
    assert (summary.files_count, summary.size_bytes, summary.problems_count) == (0, 0, 0)
    filled = {view for view, rows in everything(inventory).items() if rows}
    assert filled == {"problem_kind", "empty_folder", "source"}


def test_names_that_are_no_text(registry: Builder, inventory: Path) -> None:
    """Names of any bytes do not stop a scan: they are told in a way that can be stored."""
    registry.repository("app").image([registry.layer(b"x")], tag="1")
    for name in (b"repositories/\xff/_manifests/tags/\xfe/current/link", b"blobs/\xe9", b"repositories/app/_x/\xff"):
        path = Path(os.fsdecode(os.fsencode(registry.v2) + b"/" + name))
        registry.write(path, b"sha256:")
    scan_tree(registry.root, inventory)
    assert answer(inventory, "select repository, tag, digest from tag where tag <> '1'") == [("\\xff", "\\xfe", None)]
    assert {("stray", "blobs/\\xe9"), ("stray", "repositories/app/_x/\\xff")} <= problems(inventory)
    assert column(inventory, "select cast(sum(size_bytes) as bigint) from class_total") == [bytes_below(registry.v2)]


# --- interruption, readers, versions --------------------------------------------------------------------------------

SCAN = "import sys; from tonnage.scan.run import scan; from tonnage.storage.local import open_local\n"
CALL = "scan(open_local(sys.argv[1]), sys.argv[2], workers_count=1)\n"
AT_LINE = """
import os, signal
count, limit, what = 0, int(sys.argv[3]), getattr(signal, sys.argv[4])
def watch(frame, event, argument):
    global count
    if not frame.f_code.co_filename.endswith(("scan/run.py", "scan/loading.py", "inventory/database.py")):
        return None
    if event == "line":
        count += 1
        if count == limit:
            sys.settrace(None)
            os.kill(os.getpid(), what)
    return watch
sys.settrace(watch)
"""
"""Sends a signal to itself at the n-th line of the code that works with the database, whatever line that is."""


def scan_elsewhere(registry: Builder, inventory: Path, limit: int, what: str) -> subprocess.Popen[bytes]:
    """Begin a scan in a process of its own, which gets a signal at the `limit`-th line."""
    script = SCAN + AT_LINE + CALL + "print(count)"
    command = [sys.executable, "-c", script, str(registry.root), str(inventory), str(limit), what]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def count_lines(registry: Builder, inventory: Path) -> int:
    """Return how many lines a scan goes through."""
    process = scan_elsewhere(registry, inventory, 0, "SIGKILL")
    output, _ = process.communicate()
    assert process.returncode == 0
    return int(output)


def kill_at(registry: Builder, inventory: Path, line: int) -> None:
    """Scan, and be killed at a line."""
    process = scan_elsewhere(registry, inventory, line, "SIGKILL")
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.fixture
def grown(registry: Builder, inventory: Path) -> dict[str, Any]:
    """A registry that was scanned and has grown since; return what its inventory says."""
    repo = registry.repository("app")
    repo.image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    before = everything(inventory)
    registry.when = datetime.now(UTC)
    repo.image([registry.layer(b"two")], tag="2")
    registry.repository("other").image([registry.layer(b"three")], tag="3")
    return before


@pytest.fixture
def lines_count(registry: Builder, inventory: Path, grown: dict[str, Any], tmp_path: Path) -> int:
    """How many lines the scan goes through that follows."""
    copy = tmp_path / "copy/tonnage.duckdb"
    copy.parent.mkdir()
    copy.write_bytes(inventory.read_bytes())
    return count_lines(registry, copy)


def test_a_killed_scan_leaves_the_old_inventory(
    registry: Builder, inventory: Path, grown: dict[str, Any], lines_count: int, tmp_path: Path
) -> None:
    """kill -9 at any moment: the old inventory is intact and readable, and the next scan succeeds."""
    assert lines_count > 200
    for moment in (0.02, 0.2, 0.4, 0.6, 0.75, 0.9):
        kill_at(registry, inventory, round(moment * lines_count))
        assert everything(inventory) == grown
    scan_tree(registry.root, inventory)
    assert column(inventory, "select tag from tag order by tag") == ["1", "2", "3"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "registry", "tonnage.duckdb"]


def test_a_scan_killed_at_its_very_end(
    registry: Builder, inventory: Path, grown: dict[str, Any], lines_count: int
) -> None:
    """Around the moment of replacing, the inventory is the old one or the new one, whole."""
    old = inventory.read_bytes()
    for back in (30, 20, 10, 1):
        inventory.write_bytes(old)
        kill_at(registry, inventory, lines_count - back)
        found = everything(inventory)
        assert found == grown or [row[1] for row in found["tag"]] == ["1", "2", "3"]


def test_a_killed_repetition_leaves_the_old_inventory(registry: Builder, inventory: Path, tmp_path: Path) -> None:
    """The same where nothing changed and the inventory is copied."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory, now=lambda: datetime.now(UTC) + timedelta(hours=1))
    before = everything(inventory)
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(inventory.read_bytes())
    last = count_lines(registry, copy)
    assert answer(copy, "select read_count, is_full from scan where scan_id = 2") == [(0, False)]
    for back in (60, 40, 30, 20):
        kill_at(registry, inventory, last - back)
        assert everything(inventory) == before
    scan_tree(registry.root, inventory)
    assert everything(inventory) == before


def test_two_scans_at_once(registry: Builder, inventory: Path, grown: dict[str, Any], lines_count: int) -> None:
    """The second one is refused with a hint, and neither harms the other."""
    process = scan_elsewhere(registry, inventory, lines_count // 2, "SIGSTOP")
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    try:
        with pytest.raises(WriteError) as caught:
            scan_tree(registry.root, inventory)
        assert caught.value.exit_code == 10
        assert caught.value.next_step
        assert everything(inventory) == grown
    finally:
        process.send_signal(signal.SIGCONT)
        process.communicate()
    assert process.returncode == 0
    assert column(inventory, "select tag from tag order by tag") == ["1", "2", "3"]


class Watching(Monitor):
    """Calls back at each stretch of a scan, and keeps what it was told."""

    def __init__(self, callback: Any = lambda: None) -> None:
        self.callback = callback
        self.stretches: list[tuple[str, int]] = []
        self.steps = self.files_count = self.ends_count = 0

    def begin(self, what: str, total: int) -> None:
        self.stretches.append((what, total))
        self.callback()

    def advance(self, steps: int, files_count: int = 0) -> None:
        self.steps += steps
        self.files_count += files_count

    def end(self) -> None:
        self.ends_count += 1


def test_readers_during_a_scan(registry: Builder, inventory: Path, grown: dict[str, Any]) -> None:
    """A reader from before keeps the old inventory; one that comes at any moment before the end reads it too."""
    with Inventory(str(inventory)) as early:
        seen = []
        scan_tree(registry.root, inventory, monitor=Watching(lambda: seen.append(everything(inventory))))
        assert len(seen) >= 3
        assert all(found == grown for found in seen)
        assert early.query("select tag from tag").rows == [("1",)]
    assert column(inventory, "select tag from tag order by tag") == ["1", "2", "3"]


def test_a_reader_in_another_process(registry: Builder, inventory: Path, grown: dict[str, Any]) -> None:
    """An inventory that someone has open can be replaced, and stays what it was for them."""
    script = (
        "import sys; from tonnage.inventory.database import Inventory\n"
        "with Inventory(sys.argv[1]) as inventory:\n"
        "    print(inventory.query('select tag from tag').rows, flush=True); sys.stdin.readline()\n"
        "    print(inventory.query('select tag, digest from tag').rows[0][0])"
    )
    command = [sys.executable, "-c", script, str(inventory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "[('1',)]\n"
        scan_tree(registry.root, inventory)
        assert reader.communicate("\n")[0] == "1\n"
    assert len(column(inventory, "select tag from tag")) == 3


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, SCHEMA_VERSION - 1, None])
def test_another_version_is_refused(registry: Builder, inventory: Path, version: int | None) -> None:
    """An inventory with other tables is not read; a scan puts a new one in its place."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    with duckdb.connect(str(inventory)) as connection:
        if version is None:
            connection.execute("delete from store.scan")
        else:
            connection.execute("update store.scan set schema_version = ?", [version])
    with pytest.raises(InventoryVersionError) as caught:
        Inventory(str(inventory))
    assert caught.value.exit_code == 8
    assert "tonnage scan" in caught.value.next_step
    assert scan_tree(registry.root, inventory).is_full
    assert column(inventory, "select tag from tag") == ["1"]


def test_a_damaged_inventory_is_replaced(registry: Builder, inventory: Path) -> None:
    """One that was cut short, or whose blocks are damaged, is no ground to build upon and none to stop at."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    whole = inventory.read_bytes()
    for damaged in (b"", whole[:4096], whole[:12288] + bytes(len(whole) - 12288)):
        inventory.write_bytes(damaged)
        assert scan_tree(registry.root, inventory).is_full
        assert column(inventory, "select tag from tag") == ["1"]


def test_damage_deep_in_an_inventory_is_told_as_such(registry: Builder, inventory: Path) -> None:
    """It opens, so it is not thrown away unasked; that it cannot be built upon is no fault of the disk's free space."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    whole = inventory.read_bytes()
    half = len(whole) // 2
    for damaged in (whole[:half], whole[:half] + bytes(len(whole) - half)):
        inventory.write_bytes(damaged)
        with pytest.raises(WriteError, match="is damaged") as caught:
            scan_tree(registry.root, inventory, full=True)
        assert caught.value.next_step == "remove it, and scan again"
        with Inventory(str(inventory)) as opened, pytest.raises(NoInventoryError, match="is damaged"):
            opened.query("select * from store.stray, store.tag, store.digest")
        assert inventory.read_bytes() == damaged


def test_another_failure_is_not_taken_for_damage(
    registry: Builder, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The storage that cannot be read is what has to be told, whatever the old inventory is like."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)

    def fail(_: LocalStorage) -> None:
        whole = inventory.read_bytes()
        inventory.write_bytes(whole[: len(whole) // 2])
        raise StorageUnreadableError("not mounted")

    monkeypatch.setattr(LocalStorage, "parts", fail)
    with pytest.raises(StorageUnreadableError, match="not mounted"):
        scan_tree(registry.root, inventory, full=True)


def test_what_is_no_inventory(tmp_path: Path) -> None:
    """Nothing, a folder, a text, an empty file, another database: refused, each with a hint."""
    (tmp_path / "text").write_text("not a database")
    sqlite3.connect(tmp_path / "lite").execute("create table t (i)")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    with duckdb.connect(str(tmp_path / "other")) as connection:
        connection.execute("create table t (i integer)")
    for name in ("nothing", "text", "lite", "empty", "folder", "other"):
        with pytest.raises(NoInventoryError) as caught:
            Inventory(str(tmp_path / name))
        assert caught.value.next_step
        assert len(str(caught.value).splitlines()) == 1


def test_a_result_that_cannot_be_written(registry: Builder, tmp_path: Path) -> None:
    """A missing folder is told as such, and nothing is left behind."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    with pytest.raises(WriteError) as caught:
        scan_tree(registry.root, tmp_path / "missing/tonnage.duckdb")
    assert caught.value.exit_code == 10
    assert not (tmp_path / "missing").exists()


def test_only_an_inventory_is_overwritten(registry: Builder, tmp_path: Path) -> None:
    """A slip of the pen must not cost a file of another kind, nor the database of something else."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "folder").mkdir()
    with duckdb.connect(str(tmp_path / "sales")) as connection:
        connection.execute("create table t as select 'mine' as whose")
    for name in ("notes", "folder", "sales"):
        with pytest.raises(WriteError) as caught:
            scan_tree(registry.root, tmp_path / name)
        assert caught.value.next_step
    assert (tmp_path / "notes").read_text() == "mine"
    with duckdb.connect(str(tmp_path / "sales"), read_only=True) as connection:
        assert connection.execute("select whose from t").fetchall() == [("mine",)]


def test_an_inventory_inside_the_storage_is_refused(registry: Builder) -> None:
    """It would be written into the registry, and find itself."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    with pytest.raises(TonnageError):
        scan_tree(registry.root, registry.v2 / "tonnage.duckdb")


def test_a_scan_writes_nothing_into_the_storage(registry: Builder, inventory: Path) -> None:
    """No file, no folder, no time of change."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")

    def state() -> dict[str, tuple[int, int]]:
        paths = [registry.root, *registry.root.rglob("*")]
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_ctime_ns) for path in paths}

    before = state()
    scan_tree(registry.root, inventory)
    assert state() == before


# --- scanning again -------------------------------------------------------------------------------------------------


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are read from disk, as they are read."""
    paths: list[str] = []
    read = LocalStorage.read

    def note(self: LocalStorage, path: str, limit_bytes: int) -> bytes:
        paths.append(path)
        return read(self, path, limit_bytes)

    monkeypatch.setattr(LocalStorage, "read", note)
    return paths


@pytest.fixture
def exact_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the clock of the file system to the millisecond: tests cannot wait for two seconds."""
    monkeypatch.setattr(tonnage.scan.run, "CLOCK_MARGIN_US", 0)
    monkeypatch.setattr(tonnage.scan.listing, "CLOCK_MARGIN_US", 0)


@contextmanager
def pause() -> Iterator[None]:
    """Keep what is within apart from what comes before and after, by more than a tick of the clock."""
    time.sleep(0.02)
    yield
    time.sleep(0.02)


@pytest.mark.usefixtures("exact_clock")
def test_nothing_new_reads_nothing(registry: Builder, inventory: Path, reads: list[str]) -> None:
    """A second scan reads no file, and adds itself to the scans."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    with pause():
        first = scan_tree(registry.root, inventory)
    before = everything(inventory)
    assert (first.is_full, first.read_count) == (True, 2)
    reads.clear()
    second = scan_tree(registry.root, inventory)
    assert (second.is_full, second.read_count, reads) == (False, 0, [])
    assert second[2:4] == first[2:4]
    assert everything(inventory) == before
    assert column(inventory, "select scan_id from scan order by scan_id") == [1, 2]


@pytest.mark.usefixtures("exact_clock")
def test_only_what_is_new_is_read(registry: Builder, inventory: Path, reads: list[str], tmp_path: Path) -> None:
    """After a push: the new manifest, the new config and the links beside them; other repositories stay unread."""
    repo, other = registry.repository("app"), registry.repository("other")
    for number in range(5):
        repo.image([registry.layer(b"%d" % number)], tag=str(number))
        other.image([registry.layer(b"other %d" % number)], tag=str(number))
    with pause():
        scan_tree(registry.root, inventory)
    registry.when = datetime.now(UTC)
    image = repo.image([registry.layer(b"new")], tag="new")
    reads.clear()
    summary = scan_tree(registry.root, inventory)
    blobs = {path for path in reads if path.startswith("blobs/")}
    new = {image.digest, config_of(registry, image)}
    assert (summary.read_count, blobs) == (2, {str(registry.blob_path(d).relative_to(registry.v2)) for d in new})
    assert not any(path.startswith("repositories/other/") for path in reads)
    scan_tree(registry.root, tmp_path / "fresh.duckdb", full=True)
    assert differences(everything(inventory), everything(tmp_path / "fresh.duckdb")) == {}


@pytest.mark.usefixtures("exact_clock")
def test_what_was_read_as_one_thing_is_read_again_as_another(
    registry: Builder, inventory: Path, tmp_path: Path
) -> None:
    """A tag now leads to a configuration, and a configuration is now what was only a manifest: as a fresh scan says."""
    repo = registry.repository("app")
    one, other = repo.image([registry.layer(b"one")], tag="1"), repo.image([registry.layer(b"two")], tag="2")
    scan_tree(registry.root, inventory)
    config = Descriptor(documents.OCI_CONFIG, config_of(registry, one), 1)
    repo.link(repo.revision_link(config.digest), config.digest)
    repo.tag("1", config.digest)
    repo.manifest(documents.image_manifest(replace(config, digest=other.digest), []), tag="3")
    scan_tree(registry.root, inventory)
    scan_tree(registry.root, tmp_path / "fresh")
    assert differences(everything(inventory), everything(tmp_path / "fresh")) == {}
    read = "select count(*) from manifest where kind = 'unreadable' union all select count(*) from image"
    assert column(inventory, read) == [1, 3]


@pytest.mark.usefixtures("exact_clock")
@pytest.mark.parametrize("what", ["tag", "revision", "layer", "manifest", "config"])
@pytest.mark.parametrize("is_large", [False, True])
def test_what_could_not_be_read_is_read_again(
    registry: Builder, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, is_large: bool
) -> None:
    """That permission was given shows in no name, size or time of a file."""
    monkeypatch.setattr(LocalStorage, "is_large", lambda _: is_large)
    repo = registry.repository("app")
    layer = registry.layer(b"one")
    image = repo.image([layer], tag="1")
    config = registry.blob_path(config_of(registry, image))
    paths = {
        "tag": repo.tag_link("1"), "revision": repo.revision_link(image.digest), "layer": repo.layer_link(layer.digest),
        "manifest": registry.blob_path(image.digest), "config": config,
    }  # fmt: skip
    read = LocalStorage.read

    def refuse(self: LocalStorage, path: str, limit_bytes: int) -> bytes:
        if path == str(paths[what].relative_to(registry.v2)):
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(self, path, limit_bytes)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "read", refuse)
        scan_tree(registry.root, inventory)
        assert bool(problems(inventory)) != (is_large and what == "layer")
    scan_tree(registry.root, inventory)
    scan_tree(registry.root, tmp_path / "fresh")
    assert differences(everything(inventory), everything(tmp_path / "fresh")) == {}
    assert problems(inventory) == set()


@pytest.mark.usefixtures("exact_clock")
def test_a_blob_that_comes_into_its_empty_folder_is_seen(
    registry: Builder, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large registry that is being restored has folders whose file is not there yet; nothing above them changes."""
    monkeypatch.setattr(LocalStorage, "is_large", lambda _: True)
    layer = registry.layer(b"one")
    registry.repository("app").image([layer], tag="1")
    registry.blob_path(layer.digest).rename(registry.root / "elsewhere")
    with pause():
        scan_tree(registry.root, inventory)
    assert {kind for kind, _ in problems(inventory)} == {"missing_blob", "dead_layer_link"}
    (registry.root / "elsewhere").rename(registry.blob_path(layer.digest))
    scan_tree(registry.root, inventory)
    assert problems(inventory) == set()


@pytest.mark.parametrize(
    "folder", ["blobs", "blobs/sha256", "repositories/app/_manifests/revisions", "repositories/app/_layers"]
)
def test_what_lies_where_nothing_can_be_read_is_not_called_gone(
    registry: Builder, inventory: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """That it cannot be read is told once; whether anything in it is missing is not known."""
    repo = registry.repository("app")
    children = [repo.image([registry.layer(b"one")]), repo.image([registry.layer(b"two")], tag="1")]
    repo.index(children, tag="latest")
    scan_dir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path) == str(registry.v2 / folder):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scan_dir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    scan_tree(registry.root, inventory)
    assert problems(inventory) == {("unreadable", folder)}


@pytest.mark.usefixtures("exact_clock")
def test_full_reads_everything_anew(registry: Builder, inventory: Path, reads: list[str]) -> None:
    """`--full` builds upon nothing."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    with pause():
        scan_tree(registry.root, inventory)
    everything_read = sorted(reads)
    reads.clear()
    summary = scan_tree(registry.root, inventory, full=True)
    assert (summary.is_full, summary.read_count) == (True, 2)
    assert sorted(reads) == everything_read


def test_a_change_in_the_moment_of_a_scan_is_seen(registry: Builder, inventory: Path) -> None:
    """Without a margin between change and scan nothing is taken for unchanged."""
    repo = registry.repository("app")
    registry.when = datetime.now(UTC)
    one = repo.image([registry.layer(b"one")], tag="1")
    two = repo.image([registry.layer(b"two")], tag="2")
    scan_tree(registry.root, inventory)
    when = repo.tag_link("1").stat()
    repo.link(repo.tag_link("1"), two.digest)
    os.utime(repo.tag_link("1"), ns=(when.st_atime_ns, when.st_mtime_ns))
    scan_tree(registry.root, inventory)
    assert one.digest != two.digest
    assert column(inventory, "select digest from tag where tag = '1'") == [two.digest]


def test_another_place_is_not_scanned_into_an_inventory_unasked(
    registry: Builder, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All growth history would go: refused before any work, with what to say for it."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    before = inventory.read_bytes()
    registry.root.rename(tmp_path / "moved")
    with monkeypatch.context() as patch, pytest.raises(WriteError, match="is the inventory of") as caught:
        patch.setattr(LocalStorage, "parts", None)
        scan_tree(tmp_path / "moved", inventory)
    assert (caught.value.exit_code, inventory.read_bytes()) == (10, before)
    assert all(word in caught.value.next_step for word in ("-i", "--moved", "--replace", "1 scan"))


@pytest.mark.parametrize(("other_place", "scans"), [(OtherPlace.MOVED, [1, 2]), (OtherPlace.REPLACED, [1])])
def test_another_place_is_scanned_when_asked(
    registry: Builder, inventory: Path, tmp_path: Path, other_place: OtherPlace, scans: list[int]
) -> None:
    """All is read; a storage that was moved keeps its history, one that replaces another begins its own."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    registry.root.rename(tmp_path / "moved")
    summary = scan_tree(tmp_path / "moved", inventory, other_place=other_place)
    assert (summary.is_full, summary.location) == (True, str(tmp_path / "moved/docker/registry/v2"))
    assert column(inventory, "select scan_id from scan order by scan_id") == scans
    assert not scan_tree(tmp_path / "moved", inventory).is_full


def test_a_log_left_beside_an_inventory_heals_with_the_next_scan(registry: Builder, inventory: Path) -> None:
    """Whatever state it is of; until then the hint is to scan, and the totals of earlier scans are kept."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    script = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute('create table mine (i int)');"
        "c.execute('insert into mine select * from range(9)'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, str(inventory)], check=False)
    log = inventory.with_name(inventory.name + ".wal")
    left = log.read_bytes()
    scan_tree(registry.root, inventory)
    assert not log.exists()
    log.write_bytes(left)  # it is of an inventory that is no more
    with pytest.raises(NoInventoryError) as caught:
        Inventory(str(inventory))
    assert "scan again" in caught.value.next_step
    scan_tree(registry.root, inventory)
    assert not log.exists()
    assert column(inventory, "select scan_id from scan order by scan_id") == [1, 2, 3]


def test_too_little_memory_is_not_damage(registry: Builder, inventory: Path) -> None:
    """Nobody is advised to remove an inventory for it, neither by a query nor by a scan."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    before = inventory.read_bytes()
    with Inventory(str(inventory)) as opened, pytest.raises(QueryError, match="not enough memory") as caught:
        opened.connection = duckdb.connect(config={"memory_limit": "10MB", "temp_directory": ""})
        opened.query("select list(a.range) from range(10000000) as a")
    assert "remove" not in caught.value.next_step
    for error in (MemoryError(), duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate")):
        with pytest.raises(WriteError, match="out of memory"), exchange(inventory, "elsewhere"):
            raise error
    assert inventory.read_bytes() == before


def test_a_full_disk_while_the_database_writes(registry: Builder, inventory: Path) -> None:
    """However DuckDB says so: one line, and the old inventory stays."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    before = inventory.read_bytes()
    said = 'Could not write file "x.wal": No space left on device'
    for kind in (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException):
        with pytest.raises(WriteError, match=r"No space left on device$"), exchange(inventory, "elsewhere"):
            raise kind(f"TransactionContext Error: Failed to commit: {said}")
    with pytest.raises(WriteError, match="could not be finished"), exchange(inventory, "elsewhere") as new:
        new.write_text("half")
        new.with_name("new.wal").write_text("the rest")
    assert (inventory.read_bytes(), [p.name for p in inventory.parent.glob(".ton*")]) == (before, [])


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounts small file systems")
@pytest.mark.parametrize("kibibytes", [16, 256, 2048, 5000, 6300, 8192])
def test_small_disks(kibibytes: int, demo: Builder, tmp_path: Path) -> None:
    """An inventory is there whole, or one line says why not and nothing is left of it."""
    options = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(tmp_path)]
    if subprocess.run(options, capture_output=True).returncode:
        pytest.skip("may not mount")
    try:
        command = [sys.executable, "-m", "tonnage", "scan", str(demo.root), "-i", str(tmp_path / "it.duckdb"), "-q"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, "Traceback" in done.stderr) in ((0, False), (10, False))
        assert os.listdir(tmp_path) == ([] if done.returncode else ["it.duckdb"])
        assert "No space left on device" in done.stderr or not done.returncode
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_name_the_database_cannot_take(registry: Builder, tmp_path: Path) -> None:
    """One that is not UTF-8, for reading and for writing."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.duckdb"))
    with pytest.raises(WriteError, match="not UTF-8"):
        scan_tree(registry.root, path)
    path.write_bytes(b"x")
    with pytest.raises(NoInventoryError, match="not UTF-8"):
        Inventory(str(path))


def test_an_inventory_that_another_program_writes_to_is_left_alone(registry: Builder, inventory: Path) -> None:
    """To replace it would lose what it holds of earlier scans, as it cannot be read; the message says who has it."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    scan_tree(registry.root, inventory)
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.readline()"
    command = [sys.executable, "-c", script, str(inventory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(WriteError, match=f"PID {writer.pid}"):
            scan_tree(registry.root, inventory)
        writer.communicate(b"\n")
    assert column(inventory, "select scan_id from scan") == [1]


def test_growth_is_kept(registry: Builder, inventory: Path, grown: dict[str, Any]) -> None:
    """Each scan leaves its totals by class and by repository."""
    scan_tree(registry.root, inventory)
    repositories = answer(inventory, "select scan_id, repository, tags_count from scan_repository order by all")
    assert repositories == [(1, "app", 1), (2, "app", 2), (2, "other", 1)]
    for scan_id in (1, 2):
        total = f"(select cast(sum(size_bytes) as bigint) from scan_class where scan_id = {scan_id})"
        assert column(inventory, f"select {total} = size_bytes from scan where scan_id = {scan_id}") == [True]
    assert grown["tag"]


def test_growth_is_kept_by_a_full_scan(registry: Builder, inventory: Path, grown: dict[str, Any]) -> None:
    """`--full` reads everything anew, and still adds itself to the scans before it."""
    scan_tree(registry.root, inventory, full=True)
    assert column(inventory, "select scan_id from scan order by scan_id") == [1, 2]


# --- workers, monitor -----------------------------------------------------------------------------------------------


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have worker processes started at once."""
    monkeypatch.setattr(tonnage.scan.run, "Crew", functools.partial(Crew, patience_seconds=0))


def test_worker_processes_find_the_same(
    demo: Builder, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The inventory does not depend on who read the storage."""
    scan_tree(demo.root, tmp_path / "alone.duckdb")
    impatient(monkeypatch)
    started: list[Any] = []
    work = Crew._in_processes
    monkeypatch.setattr(Crew, "_in_processes", lambda self: started.append(self) or work(self))
    scan_tree(demo.root, inventory, workers_count=2)
    assert started
    assert differences(everything(inventory), everything(tmp_path / "alone.duckdb")) == {}


class BrokenStorage(MemoryStorage):
    """A storage with a bug in it."""

    def list(self, prefix: str, unopened_before_us: int = 0) -> Iterator[Any]:
        raise RuntimeError("a bug")


def test_a_bug_in_a_worker_is_raised(
    registry: Builder, inventory: Path, monkeypatch: pytest.MonkeyPatch, grown: dict[str, Any]
) -> None:
    """It is not taken for an empty part: the scan fails, and the old inventory stays."""
    impatient(monkeypatch)
    with pytest.raises(WorkerFailedError, match="a bug"):
        scan_storage(BrokenStorage({}, str(registry.v2)), inventory, workers_count=2)
    assert everything(inventory) == grown


def test_what_was_turned_into_rows_is_let_go_of(registry: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks for circles while a scan goes on: what is in one stays until its end, with all its rows."""
    made: list[weakref.ref[object]] = []

    class Sorter(tonnage.scan.listing._Sorter):
        def __init__(self, *given: Any, **options: Any) -> None:
            super().__init__(*given, **options)
            made.append(weakref.ref(self))

    monkeypatch.setattr(tonnage.scan.listing, "_Sorter", Sorter)
    registry.repository("app").image([registry.layer(b"layer")], tag="1")
    storage = LocalStorage(str(registry.v2))
    was_on = gc.isenabled()
    gc.disable()
    try:
        for part in ("blobs", "repositories"):
            assert tonnage.scan.listing.rows_of(storage, storage.list(part))
        assert [sorter() for sorter in made] == [None, None]
    finally:
        if was_on:
            gc.enable()


def test_two_digests_are_never_taken_for_one(
    registry: Builder, inventory: Path, monkeypatch: pytest.MonkeyPatch, grown: dict[str, Any]
) -> None:
    """Should they ever be one number inside, the scan says so, and the old inventory stays."""
    monkeypatch.setattr(tonnage.scan.loading, "hash", lambda digest: ord(digest[7]), raising=False)
    with pytest.raises(TonnageError, match="the same number") as error:
        scan_storage(LocalStorage(str(registry.v2)), inventory, full=True)
    assert "PYTHONHASHSEED" in error.value.next_step
    assert everything(inventory) == grown


def test_the_monitor_hears_of_everything(registry: Builder, inventory: Path) -> None:
    """Each stretch is begun with its number of steps, which are then done, and the end is told."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    monitor = Watching()
    summary = scan_tree(registry.root, inventory, monitor=monitor)
    assert monitor.stretches[0][0] == "listing"
    assert monitor.ends_count == 1
    assert monitor.files_count >= summary.files_count


def test_a_summary_tells_what_was_found(registry: Builder, inventory: Path) -> None:
    """Files and bytes as on the disk, what was read, and problems without notes."""
    registry.repository("app").image([registry.layer(b"one")], tag="1")
    registry.stray("note", b"x")
    registry.stray("repositories/app/_manifests/tags/stray", b"x")
    found = scan_tree(registry.root, inventory, now=lambda: LATER)
    assert found == Summary(
        inventory=str(inventory),
        location=str(registry.v2),
        files_count=sum(path.is_file() for path in registry.v2.rglob("*")),
        size_bytes=bytes_below(registry.v2),
        read_count=2,
        problems_count=1,
        seconds=0.0,
        is_full=True,
        is_searched=True,
    )


def test_a_registry_in_memory(registry: Builder, inventory: Path, tmp_path: Path) -> None:
    """The same files in memory are the same registry; scanned again after a tag moved, it is not stale."""
    repo = registry.repository("app")
    repo.image([registry.layer(b"one")], tag="1")
    two = repo.image([registry.layer(b"two")], tag="2")
    storage = in_memory(registry.v2)
    scan_storage(storage, inventory)
    storage.files["repositories/app/_manifests/tags/1/current/link"] = two.digest.encode()
    scan_storage(storage, inventory)
    assert column(inventory, "select distinct digest from tag") == [two.digest]
