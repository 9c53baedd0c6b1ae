"""A scan: what it finds on healthy trees, alone or with workers, and what the monitor hears of it."""

from __future__ import annotations

import functools
import gc
import hashlib
import os
import shutil
import weakref
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import tonnage.scan.listing
import tonnage.scan.loading
import tonnage.scan.run
from scanning import (
    Watching,
    answer,
    bytes_below,
    check_sums,
    column,
    config_of,
    differences,
    everything,
    in_memory,
    problems,
    scan_storage,
    scan_tree,
)
from tonnage.inventory.statements import statements
from tonnage.sample import Builder, Descriptor, documents
from tonnage.scan.run import Summary
from tonnage.scan.workers import Crew, WorkerFailedError
from tonnage.storage.local import LocalStorage
from tonnage.storage.memory import MemoryStorage

pytestmark = pytest.mark.slow

LATER = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


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
    """Whatever a configuration says of its time, it is read; what is not a time is null."""
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
    start = Crew.start
    monkeypatch.setattr(Crew, "start", lambda self: started.append(self) or start(self))
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
