"""The collectors' rules, one small registry each: what 2.x and 3.x take, what they break, and what stops them.

What is expected was seen with the real programs (docs, registry format, sections 2.4 and 4). Digests stand under short
names: an image pushed as `app` has the parts `app`, `app config` and `app layer`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from hashlib import sha512
from pathlib import Path
from typing import Any

import pytest

from oddstates import ALL, MANIFESTS, STATES, into_folder, manifest_of, stray
from scanning import Rows, column, scan_tree
from tonnage.formats.names import is_repository_name
from tonnage.gc.preview import LISTINGS, Preview, deletion_of, listing, predict_after, preview
from tonnage.gc.replay import replay
from tonnage.gc.replica import OTHER_STORE, S3, Collector, Deletion, Replica
from tonnage.inventory.database import Inventory
from tonnage.plan import Action, Item
from tonnage.sample import Builder, Descriptor, Repository, documents

pytestmark = pytest.mark.slow

Names = dict[str, str]
MODES = [(2, False), (2, True), (3, False), (3, True)]


class Tree:
    """A registry under test. Whatever is pushed gets a name, and what a collection does is told by these names."""

    def __init__(self, registry: Builder, inventory: Path) -> None:
        self.registry = registry
        self.inventory = inventory
        self.names: Names = {}
        self.scanned: object = None
        self.previews: dict[str, Preview] = {}
        self.opened: Inventory | None = None
        self.asked = ""
        for name in ("blobs", "repositories"):
            (registry.v2 / name).mkdir(parents=True)

    def repo(self, name: str) -> Repository:
        """Return a repository with the folders that every push makes."""
        repo = self.registry.repository(name)
        for folder in ("_layers", "_manifests/tags"):
            (repo.path / folder).mkdir(parents=True, exist_ok=True)
        return repo

    def image(self, repo: Repository, name: str, *, tag: str = "", **options: Any) -> Descriptor:
        """Push an image of one layer of its own."""
        layer = self.registry.layer(f"layer of {name}".encode())
        config = self.registry.blob(f"config of {name}".encode(), documents.OCI_CONFIG)
        image = repo.image([layer], tag=tag, config=config, **options)
        self.names |= {image.digest: name, config.digest: f"{name} config", layer.digest: f"{name} layer"}
        return image

    def index(self, repo: Repository, name: str, children: list[Descriptor], *, tag: str = "") -> Descriptor:
        """Push an index."""
        index = repo.index(children, tag=tag, annotations={"name": name})
        self.names[index.digest] = name
        return index

    def scan(self) -> None:
        """Scan what is on the disk now, if that is not what was scanned last."""
        found = [(path, stat.st_mode, stat.st_size, stat.st_ctime_ns) for path, stat in self.files()]
        if found != self.scanned:
            self.close()
            scan_tree(self.registry.root, self.inventory, full=True)  # what the builder writes again has the old time
            self.scanned = found

    def files(self) -> Iterator[tuple[str, os.stat_result]]:
        """Yield all there is in the registry."""
        for path in sorted(self.registry.root.rglob("*")):
            yield str(path), path.lstat()

    def preview(self, *arguments: Any, **options: Any) -> Preview:
        """Scan and preview, unless that was done of the same before."""
        self.scan()
        asked = repr((arguments, options))
        return self.previews[asked] if asked in self.previews else self._ask(asked, *arguments, **options)

    def list(self, name: str, version: int, delete_untagged: bool = False, *arguments: Any, **options: Any) -> Rows:
        """Scan, preview and return a list."""
        self.scan()
        asked = repr(((version, delete_untagged, *arguments), options))
        if asked != self.asked:
            self._ask(asked, version, delete_untagged, *arguments, **options)
        assert self.opened
        return listing(self.opened, name, *arguments).rows

    def _ask(self, asked: str, *arguments: Any, **options: Any) -> Preview:
        """Preview; lists are those of the last preview."""
        self.opened = self.opened or Inventory(str(self.inventory))
        self.asked = asked
        self.previews[asked] = preview(self.opened, *arguments, **options)
        return self.previews[asked]

    def close(self) -> None:
        """Forget what was asked of the last scan."""
        if self.opened:
            self.opened.connection.close()
        self.opened, self.asked = None, ""
        self.previews.clear()

    def swept(self, *arguments: Any, **options: Any) -> list[str]:
        """Return the names of the blobs that go."""
        return self.named(digest for digest, *_ in self.list("blobs", *arguments, **options))

    def named(self, digests: Iterable[str]) -> list[str]:
        """Return names in place of digests."""
        return sorted(self.names.get(digest, digest) for digest in digests)

    def revisions(self, *arguments: Any, **options: Any) -> list[str]:
        """Return `repository name` of the revisions that go."""
        gone = self.list("revisions", *arguments, **options)
        return sorted(f"{repository} {self.names[digest]}" for repository, digest, *_ in gone)

    def links(self, *arguments: Any, **options: Any) -> list[str]:
        """Return `repository name` of the layer links that go."""
        gone = self.list("links", *arguments, **options)
        return sorted(f"{repository} {self.names.get(digest)}" for repository, digest, *_ in gone)

    def rules(self, *arguments: Any) -> list[tuple[str, str]]:
        """Return what breaks: tags (or what it refers to), and the first words of the rule."""
        rows = self.list("broken", *arguments)
        return sorted((row[1], " ".join(row[4].split()[:3])) for row in rows)


@pytest.fixture
def tree(registry: Builder, tmp_path: Path) -> Iterator[Tree]:
    """An empty registry."""
    with contextlib.closing(Tree(registry, tmp_path / "inventory.duckdb")) as made:
        yield made


# --- the traps of section 2.4 ---------------------------------------------------------------------------------------


def test_an_orphaned_blob_goes(tree: Tree) -> None:
    """2.x leaves its link, 3.x takes that too; what a tag leads to stays."""
    app = tree.repo("app")
    tree.image(app, "app", tag="1")
    gone = tree.image(app, "gone")
    app.delete(gone.digest)
    for version, delete_untagged in MODES:
        assert tree.swept(version, delete_untagged) == ["gone", "gone config", "gone layer"]
        assert tree.revisions(version, delete_untagged) == []
    assert tree.links(2) == []
    assert tree.links(3) == ["app gone config", "app gone layer"]


def test_an_untagged_revision_goes_with_m_only(tree: Tree) -> None:
    """With its entry in the history of the tag that was pushed over it."""
    app = tree.repo("app")
    tree.image(app, "old", tag="1")
    tree.image(app, "new", tag="1")
    for version in (2, 3):
        assert tree.swept(version) == []
        assert tree.swept(version, True) == ["old", "old config", "old layer"]
        assert tree.revisions(version, True) == ["app old"]
        history = tree.list("history", version, True)
        assert [(repository, tag, tree.names[digest]) for repository, tag, digest, *_ in history] == [
            ("app", "1", "old")
        ]


def test_a_multi_arch_image_loses_its_platforms_by_2(tree: Tree) -> None:
    """The index and its children's manifests stay as blobs, what the children need goes. 3.x keeps all."""
    app = tree.repo("app")
    children = [tree.image(app, name) for name in ("amd", "arm")]
    tree.index(app, "index", children, tag="1")
    assert tree.swept(2) == tree.swept(3) == tree.swept(3, True) == []
    assert tree.swept(2, True) == ["amd config", "amd layer", "arm config", "arm layer"]
    assert tree.revisions(2, True) == ["app amd", "app arm"]
    assert tree.rules(2, True) == [("1", "2.x -m does")]
    assert tree.rules(3, True) == []
    assert tree.preview(2, True).comparison.safe_count == 0


def test_a_nested_index_loses_everything_below(tree: Tree) -> None:
    """2.x -m marks one level."""
    app = tree.repo("app")
    inner = tree.index(app, "inner", [tree.image(app, "amd")])
    tree.index(app, "outer", [inner], tag="1")
    assert tree.swept(2, True) == ["amd", "amd config", "amd layer"]
    assert tree.revisions(2, True) == ["app amd", "app inner"]
    assert tree.swept(3, True) == []


@pytest.mark.parametrize(("untagged_in", "links"), [("a", ["a both config", "a both layer"]), ("z", [])])
def test_a_manifest_that_is_tagged_elsewhere(tree: Tree, untagged_in: str, links: list[str]) -> None:
    """2.x removes its revision. 3.x keeps it, but takes its layer links if its repository comes first."""
    tree.image(tree.repo(untagged_in), "both")
    tree.image(tree.repo("m"), "both", tag="1")
    assert tree.revisions(2, True) == [f"{untagged_in} both"]
    assert tree.revisions(3, True) == []
    assert tree.swept(2, True) == tree.swept(3, True) == []
    assert tree.links(3, True) == links


@pytest.mark.parametrize("foreign", ["a", "z"])
def test_a_child_that_a_repository_before_has_marked(tree: Tree, foreign: str) -> None:
    """3.x does not look into it again, though it is the other repository's child: it depends on who is walked first."""
    home = tree.repo("m")
    child = tree.image(home, "child")
    tree.index(home, "index", [child], tag="1")
    elsewhere = tree.repo(foreign)
    tree.index(elsewhere, "other index", [child], tag="1")
    assert tree.swept(2, True) == ["child config", "child layer"]
    assert tree.revisions(2, True) == ["m child"]
    if foreign == "a":
        assert tree.swept(3, True) == ["child config", "child layer"]
        assert tree.rules(3, True) == [("1", "3.x does not"), ("1", "an index lists")]
        assert tree.preview(3, True).broken.images_count == 1  # the other index could not be pulled before
    else:
        assert tree.swept(3, True) == []
    assert tree.swept(3) == []  # without -m the child is a root of its own


def test_a_child_that_its_index_s_repository_does_not_have(tree: Tree) -> None:
    """Its manifest is marked, and what it needs goes with its revision elsewhere."""
    other = tree.repo("other")
    child = tree.image(other, "child")
    tree.index(tree.repo("app"), "index", [child], tag="1")
    other.delete(child.digest)
    for version, delete_untagged in MODES:
        assert tree.swept(version, delete_untagged) == ["child config", "child layer"]


def test_a_referrer_goes_with_m(tree: Tree) -> None:
    """That it is about an image that stays counts for nothing, in both versions; it is safe to keep, not to free."""
    app = tree.repo("app")
    image = tree.image(app, "app", tag="1")
    tree.image(app, "signature", subject=image)
    for version in (2, 3):
        assert tree.swept(version) == []
        assert tree.swept(version, True) == ["signature", "signature config", "signature layer"]
        assert tree.rules(version, True) == [(f"referrer of {image.digest}", "it has no")]
        found = tree.preview(version, True)
        assert (found.broken.images_count, found.broken.referrers_count) == (0, 1)
        assert (found.comparison.safe_count, found.comparison.needed_count) == (0, 3)


def test_a_subject_without_a_tag_goes(tree: Tree) -> None:
    """Its tagged referrer stays."""
    app = tree.repo("app")
    image = tree.image(app, "app")
    tree.image(app, "signature", subject=image, tag="sig")
    for version in (2, 3):
        assert tree.swept(version, True) == ["app", "app config", "app layer"]
        assert tree.rules(version, True) == []


def test_a_layer_known_by_its_sha512_digest(tree: Tree) -> None:
    """Both take it from a tagged image; 3.x then fails, as it lists the link twice."""
    app = tree.repo("app")
    layer = tree.registry.layer(b"x")
    alias = replace(layer, digest=f"sha512:{sha512(b'x').hexdigest()}")
    for digest in (layer.digest, alias.digest):
        app.link(app.layer_link(digest), layer.digest)
    config = tree.registry.blob(b"{}")
    app.link(app.layer_link(config.digest), config.digest)
    app.manifest(documents.image_manifest(config, [alias]), tag="1")
    tree.names[layer.digest] = "layer"
    for version, delete_untagged in MODES:
        assert tree.swept(version, delete_untagged) == ["layer"]
        assert tree.rules(version, delete_untagged) == [("1", "the manifest names")]
    assert tree.preview(2).stop is None
    stop = tree.preview(3).stop
    assert stop is not None and (stop.exit_code, stop.phase) == (1, "remove layer links")
    assert stop.path == str(app.layer_link(layer.digest).relative_to(tree.registry.v2))


def test_a_repository_without_layers(tree: Tree) -> None:
    """2.x takes all it has, tagged or not; 3.x stops on a disk, and keeps it on an object store."""
    app = tree.repo("app")
    tree.image(app, "app", tag="1")
    shutil.rmtree(app.path / "_layers")
    for delete_untagged in (False, True):
        assert tree.swept(2, delete_untagged) == ["app", "app config", "app layer"]
        assert tree.rules(2, delete_untagged) == [("1", "2.x sees no")]
        stop = tree.preview(3, delete_untagged).stop
        assert stop is not None and (stop.path, stop.phase) == ("repositories/app/_layers", "mark")
        assert tree.preview(3, delete_untagged, "object").stop is None
        assert tree.swept(3, delete_untagged, "object") == []
    assert "_layers" in tree.preview(3).advice


def test_a_repository_without_tags(tree: Tree) -> None:
    """With -m 2.x stops; 3.x takes the blobs and leaves their revisions dangling, without a word."""
    app = tree.repo("app")
    tree.image(app, "app")
    shutil.rmtree(app.path / "_manifests/tags")
    assert tree.swept(2) == tree.swept(3) == []
    stop = tree.preview(2, True).stop
    assert stop is not None and stop.path == "repositories/app/_manifests/tags"
    assert tree.swept(3, True) == ["app", "app config", "app layer"]
    assert tree.revisions(3, True) == []
    assert ("revisions without manifest", 1) in [row[:2] for row in tree.list("leftovers", 3, True)]


@pytest.mark.parametrize(("user", "links"), [("a", []), ("z", ["m base"])])
def test_a_layer_link_whose_last_manifest_was_deleted(tree: Tree, user: str, links: list[str]) -> None:
    """3.x takes it if the repository that still needs the blob comes later; 2.x never."""
    base = tree.registry.layer(b"base")
    tree.names[base.digest] = "base"
    home = tree.repo("m")
    home.delete(home.image([base], tag="1").digest)
    tree.repo(user).image([base], tag="1")
    assert tree.links(2) == []
    assert [link for link in tree.links(3) if link == "m base"] == links
    assert tree.swept(2) == tree.swept(3)


def test_a_link_that_holds_another_digest(tree: Tree) -> None:
    """The content counts: the digest in the path is a revision no more, the other one is if it has a link itself."""
    app = tree.repo("app")
    one, two = tree.image(app, "one", tag="1"), tree.image(app, "two", tag="2")
    app.link(app.revision_link(one.digest), two.digest)
    for version, delete_untagged in MODES:
        assert tree.swept(version, delete_untagged) == ["one", "one config", "one layer"]
    app.link(app.revision_link(two.digest), one.digest)  # crosswise: each digest marks itself, and the other's parts
    for version in (2, 3):
        assert tree.swept(version) == []


def test_a_stray_link_is_a_revision_too(tree: Tree) -> None:
    """Any file `link` below revisions is read, also a schema 1 signature; it counts if its digest has a link here."""
    app = tree.repo("app")
    image = tree.image(app, "app", tag="1")
    app.link(app.path / "_manifests/revisions/copy/link", image.digest)
    signature = tree.registry.blob(b"signature")
    tree.names[signature.digest] = "signature"
    below = app.revision_link(image.digest).parent / "signatures" / signature.digest.replace(":", "/") / "link"
    app.link(below, signature.digest)
    for version, delete_untagged in MODES:
        assert tree.swept(version, delete_untagged) == ["signature"]
    app.link(app.layer_link(signature.digest), signature.digest)  # now 2.x takes the signature for a manifest
    stop = tree.preview(2).stop
    assert stop is not None and "not JSON" in stop.message
    assert tree.preview(3).stop is None
    below.write_bytes(b"")
    assert all(tree.preview(*mode).stop is not None for mode in MODES)


def test_a_signature_link_that_holds_its_revision_s_digest(tree: Tree) -> None:
    """It is the revision once more, found a second time: fine for marks, one too many where it is to be removed."""
    app = tree.repo("app")
    image = tree.image(app, "app")
    digest = image.digest.replace(":", "/")
    app.link(app.revision_link(image.digest).parent / "signatures" / digest / "link", image.digest)
    for version in (2, 3):
        assert tree.preview(version).stop is None
        stop = tree.preview(version, True).stop
        assert stop is not None and (stop.phase, stop.path) == ("remove revisions", f"{MANIFESTS}/revisions/{digest}")


def test_two_links_to_one_untagged_revision(tree: Tree) -> None:
    """It is to be removed twice: the second time the collection fails, after the first revision is gone."""
    app = tree.repo("app")
    image = tree.image(app, "app")
    app.link(app.path / "_manifests/revisions/copy/link", image.digest)
    for version in (2, 3):
        found = tree.preview(version, True)
        assert found.stop is not None and found.stop.phase == "remove revisions"
        assert tree.revisions(version, True) == ["app app"]
        assert found.removed.blobs_count == 0 and found.put_right is not None and found.put_right.blobs_count == 3


def test_a_plain_file_hides_repositories_from_2(tree: Tree) -> None:
    """A file `_…` ends the walk of its folder: what sorts after it is not seen, and swept."""
    tree.image(tree.repo("app"), "app", tag="1")
    tree.image(tree.repo("app/sub"), "sub", tag="1")
    tree.registry.stray("repositories/app/_note")
    assert tree.swept(3) == []
    assert tree.swept(2) == ["sub", "sub config", "sub layer"]
    assert tree.rules(2) == [("1", "the collector does")]


def test_a_symlinked_repository_is_walked_twice(tree: Tree) -> None:
    """Its untagged revision is removed by the first name, and by the second there is nothing left to remove."""
    app = tree.repo("app")
    tree.image(app, "app")
    (app.path.parent / "zoo").symlink_to("app")
    assert all(tree.preview(version).stop is None for version in (2, 3))
    stops = [tree.preview(version, True).stop for version in (2, 3)]
    assert [stop and stop.path.split("/")[1] for stop in stops] == ["zoo", "zoo"]


ORDERS = {
    "filesystem": ["foo/1st", "foo", "foo/bar", "foo-bar", "foo.z", "foobar"],
    "object": ["foo-bar", "foo.z", "foo/1st", "foo", "foo/bar", "foobar"],
}


@pytest.mark.parametrize("order", ORDERS)
def test_the_order_of_repositories(tree: Tree, order: str) -> None:
    """On a disk by the names of folders, the marker's own included; in an object store by the bytes of the keys."""
    for name in ORDERS["object"]:
        tree.image(tree.repo(name), name, tag="1")
    assert tree.preview(3, False, order).outcome.repositories == ORDERS[order]


# --- the odd states of a storage --------------------------------------------------------------------------------------


def blocked_by_problems(inventory: Path) -> set[str]:
    """Return the collections that the problems say they stop."""
    named = column(inventory, "select blocks_gc from problem where blocks_gc is not null")
    return {name for names in named for name in names.split(", ")}


@pytest.mark.parametrize("name", STATES)
def test_an_odd_state(tree: Tree, name: str) -> None:
    """A collection stops on it, or it does not, and a problem says so; whatever it stops on is in the path it names."""
    damage, stopped, phase = STATES[name]
    app = tree.repo("app")
    tree.image(app, "app", tag="1")
    damage(app)
    tree.scan()
    with Inventory(str(tree.inventory)) as opened:
        replica = Replica(opened)
        stops = [replay(replica, Collector(*mode)).stop for mode in MODES]
        assert tuple(mode for mode, stop in zip(ALL, stops, strict=True) if stop) == stopped
        assert all(stop is None or stop.phase == phase for stop in stops)
        one = preview(opened, *MODES[ALL.index(stopped[0]) if stopped else 0])
        swept = tree.named(digest for digest, *_ in listing(opened, "blobs").rows)
    names = {Collector(*mode).name for mode, stop in zip(MODES, stops, strict=True) if stop}
    assert blocked_by_problems(tree.inventory) == names
    if one.stop:
        assert one.stop.exit_code == (2 if name in ("manifests is not a list", "a name of one letter") else 1)
        assert one.advice and one.removed.blobs_count == 0
        assert one.set_aside[0].path == one.stop.path
    else:
        protects = "app config" not in swept
        assert protects == (name not in ("revision link as folder", "revision without a blob", "data as empty folder"))


def test_what_stops_it_in_turn(tree: Tree) -> None:
    """All it would stop on is listed, the first first; and what it would do then."""
    app = tree.repo("app")
    image, gone = tree.image(app, "app", tag="1"), tree.image(app, "gone")
    app.delete(gone.digest)
    app.link(app.revision_link(image.digest), "")
    tree.registry.stray("blobs/data")
    found = tree.preview(2)
    assert found.stop is not None and found.stop.path == str(
        app.revision_link(image.digest).relative_to(tree.registry.v2)
    )
    assert [stop.path for stop in found.set_aside] == [found.stop.path, "blobs/data"]
    assert found.removed.freed_bytes == 0
    assert found.put_right is not None and found.put_right.blobs_count == 3  # the link counts as rewritten
    put_right = tree.preview(2, as_if_put_right=True)
    assert (put_right.stop, put_right.removed) == (None, found.put_right)


def test_several_bad_tags(tree: Tree) -> None:
    """It stops on one of them, in the order of the disk, which nobody knows."""
    app = tree.repo("app")
    tree.image(app, "app", tag="1")
    for tag in ("2", "3"):
        app.link(app.tag_link(tag), "")
    for version in (2, 3):
        stop = tree.preview(version, True).stop
        assert stop is not None
        paths = {stop.path, *stop.others}
        assert paths == {f"repositories/app/_manifests/tags/{tag}/current/link" for tag in ("2", "3")}


@pytest.mark.parametrize(
    ("name", "takers"),
    [
        ("app", [2, 3]), ("a/b/c", [2, 3]), ("Foo/bar", [2, 3]), ("foo.com:80/x", [2, 3]), ("[::1]/x", [3]),
        ("Foo", []), ("a/Foo", []), ("a/-x", []), ("a/x___y", []), ("a/x__y", [2, 3]), ("u_", []), ("_layers", []),
        ("h/" + "a" * 254, [3]), ("a" * 255, [2, 3]), ("a" * 256, []), ("a\n", []), ("é", []),
    ],
)  # fmt: skip
def test_repository_names(name: str, takers: list[int]) -> None:
    """What either version can parse."""
    assert [version for version in (2, 3) if is_repository_name(name, version)] == takers


# --- object stores, which know only keys ----------------------------------------------------------------------------

NOTHING: dict[str, Callable[[Repository], object]] = {
    "no key below repositories": lambda app: shutil.rmtree(app.registry.v2 / "repositories"),
    "no key below blobs": lambda app: shutil.rmtree(app.registry.v2 / "blobs"),
    "no layer link": lambda app: shutil.rmtree(app.path / "_layers"),
}


@pytest.mark.parametrize("name", NOTHING)
def test_where_there_is_no_key(tree: Tree, name: str) -> None:
    """2.x, and 3.x where it lists folder by folder (Google, Azure), miss the folder; on S3 3.x walks nothing."""
    app = tree.repo("app")
    tree.image(app, "app", tag="1")
    NOTHING[name](app)
    tree.scan()
    stops = {}
    with Inventory(str(tree.inventory)) as opened:
        for driver in (S3, OTHER_STORE):
            replica = Replica(opened, driver=driver)
            stops[driver] = [replay(replica, Collector(*mode)).stop is not None for mode in MODES]
    two_stops = name != "no layer link"  # in that case it is not a repository
    assert stops == {S3: [two_stops, two_stops, False, False], OTHER_STORE: [two_stops, two_stops, True, True]}


FILES_FOR_FOLDERS: dict[str, Callable[[Repository], object]] = {
    "file in tags": lambda app: stray(app, f"{MANIFESTS}/tags/.DS_Store"),
    "folder for a tag's link": lambda app: into_folder(app.tag_link("2"), inside="x"),
    "file for a blob's folder": lambda app: (
        shutil.rmtree(manifest_of(app).parent), manifest_of(app).parent.write_bytes(b"")
    ),
    "file for the revisions": lambda app: (
        shutil.rmtree(app.path / "_manifests/revisions"), stray(app, f"{MANIFESTS}/revisions")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES_FOR_FOLDERS)
def test_a_file_is_in_nobody_s_way(tree: Tree, name: str) -> None:
    """What stops a collection on a disk, as it is not a directory or is one, is no key at all in an object store."""
    app = tree.repo("app")
    image = tree.image(app, "app", tag="1")
    app.tag("2", image.digest)
    FILES_FOR_FOLDERS[name](app)
    assert tree.preview(2, True).stop is not None and tree.preview(3, True).stop is not None
    assert all(tree.preview(*mode, "object").stop is None for mode in MODES)


@pytest.mark.parametrize("file", ["_", "_m", "_man"])
def test_a_key_hides_what_begins_like_it(tree: Tree, file: str) -> None:
    """3.x skips in a flat listing by the beginning of the path: such a file hides the folder that makes a repository."""
    app = tree.repo("app")
    tree.image(app, "app", tag="1")
    stray(app, f"repositories/app/{file}")
    assert tree.swept(3) == []
    assert tree.swept(3, False, "object") == ["app", "app config", "app layer"]
    assert tree.rules(3, False, "object") == [("1", "the collector does")]


def test_a_stray_key_makes_a_repository(tree: Tree) -> None:
    """Any key below `_manifests` does for 3.x, any below `_layers` for 2.x; an empty folder is none."""
    app = tree.repo("app")
    assert tree.preview(3).outcome.repositories == ["app"]
    assert tree.preview(3, False, "object").outcome.repositories == []
    stray(app, f"{MANIFESTS}/note/x")
    assert tree.preview(3, False, "object").outcome.repositories == ["app"]
    assert tree.preview(2, False, "object").outcome.repositories == []
    stray(app, "repositories/app/_layers/x")
    assert tree.preview(2, False, "object").outcome.repositories == ["app"]


# --- what the preview makes of it -----------------------------------------------------------------------------------


def test_sums_and_lists(tree: Tree) -> None:
    """The lists have what the sums count, and all files in what is removed count as freed."""
    app = tree.repo("app")
    old = tree.image(app, "old", tag="1")
    tree.image(app, "new", tag="1")
    stray = tree.registry.stray(
        f"{tree.registry.blob_path(old.digest).parent.relative_to(tree.registry.v2)}/data.tmp", b"xy"
    )
    tree.scan()
    with Inventory(str(tree.inventory)) as opened:
        found = preview(opened, 3, True)
        lists = {name: listing(opened, name) for name in LISTINGS}
    removed = found.removed
    assert (removed.blobs_count, removed.revisions_count, removed.history_count, removed.layer_links_count) == (
        3,
        1,
        1,
        2,
    )
    assert removed.files_count == 3 + 1 + 1 + 2 + 1
    assert removed.freed_bytes == removed.blob_bytes + 4 * 71 + stray.stat().st_size
    assert [len(lists[name].rows) for name in ("blobs", "revisions", "history", "links")] == [3, 1, 1, 2]
    assert sum(row[1] for row in lists["blobs"].rows) == removed.blob_bytes
    assert lists["repositories"].rows == [("app", 3, removed.blob_bytes, removed.blob_bytes, 1, 2, 1, 0)]
    assert lists["broken"].rows == lists["difference"].rows == []
    leftovers = {row[0]: row[2] for row in lists["leftovers"].rows}
    assert leftovers == {"emptied layer link folders": 2, "emptied blob folders": 3, "empty folders": 1}


def test_a_registry_with_nothing_in_it(tree: Tree) -> None:
    """Both versions mark nothing and free nothing; every list is empty."""
    tree.scan()
    with Inventory(str(tree.inventory)) as opened:
        for version, delete_untagged in MODES:
            found = preview(opened, version, delete_untagged)
            assert (found.stop, found.marked_count, found.removed.files_count) == (None, 0, 0)
            assert all(listing(opened, name).rows in ([], [("empty folders", 0, 2, 0)]) for name in ("blobs", "broken"))


def test_a_missing_folder_stops_it(tree: Tree) -> None:
    """A registry to which nothing was pushed, or no blob, has not even the folder: both versions fail on that."""
    (tree.registry.v2 / "blobs").rmdir()
    stop = tree.preview(2).stop
    assert stop is not None and (stop.path, stop.phase) == ("blobs", "find blobs")
    (tree.registry.v2 / "blobs").mkdir()
    (tree.registry.v2 / "repositories").rmdir()
    stop = tree.preview(3).stop
    assert stop is not None and (stop.path, stop.phase) == ("repositories", "mark")


def test_an_unreadable_manifest_pins(tree: Tree) -> None:
    """What it may need is not safe to free, though the collector, put right, might take it."""
    app = tree.repo("app")
    image = tree.image(app, "app", tag="1")
    tree.registry.blob_path(image.digest).write_bytes(b"x")
    found = tree.preview(2)
    assert (found.comparison.safe_count, found.stop is not None) == (0, True)


@pytest.mark.parametrize("version", [2, 3])
def test_after_deletions(tree: Tree, version: int) -> None:
    """By digest: the revision, and all tags on it; by tag: the tag alone. The same as on the disk itself."""
    app = tree.repo("app")
    kept, gone = tree.image(app, "kept", tag="1"), tree.image(app, "gone", tag="2")
    app.tag("3", gone.digest)
    app.tag("4", kept.digest)
    assert tree.swept(version, True, without=[Deletion("app", gone.digest, "2")]) == []
    by_digest = {Deletion("app", gone.digest), Deletion("app", kept.digest, "4")}
    expected = tree.swept(version, False, without=by_digest)
    assert expected == ["gone", "gone config", "gone layer"]
    assert tree.preview(version, True, without=by_digest).broken.images_count == 0
    app.delete(gone.digest)
    app.untag("4")
    assert tree.swept(version) == expected


def test_predictions_for_a_plan(tree: Tree) -> None:
    """Every collector after the plan's items: freed bytes, what breaks, and where it stops."""
    app = tree.repo("app")
    gone = tree.image(app, "gone", tag="1")
    tree.index(app, "index", [tree.image(app, "child")], tag="2")
    item = Item(
        action=Action.DELETE_MANIFEST, repository="app", digest=gone.digest, kind="image", reason="", size_bytes=0
    )
    assert deletion_of(item) == Deletion("app", gone.digest)
    tree.scan()
    with Inventory(str(tree.inventory)) as opened:
        found = {one.collector: one for one, _ in predict_after(opened, [item])}
    assert list(found) == ["2.x", "2.x -m", "3.x", "3.x -m"]
    assert [one.freed_blobs_count for one in found.values()] == [3, 5, 3, 3]
    assert [one.broken_images_count for one in found.values()] == [0, 1, 0, 0]
    assert {one.aborts_on for one in found.values()} == {None}
