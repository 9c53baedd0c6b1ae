"""The odd states of a storage, one each, done to a repository with one tagged image; and which collections stop on them.

What is expected was seen with the real programs; the tests see it again, with 2.8.2.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tonnage.sample import Repository

ALL = ("2", "2 -m", "3", "3 -m")
MANIFESTS = "repositories/app/_manifests"


def revision_of(app: Repository) -> Path:
    return app.revision_link(sorted(app.revisions)[0])


def manifest_of(app: Repository) -> Path:
    return app.registry.blob_path(sorted(app.revisions)[0])


def layer_of(app: Repository) -> Path:
    return next(iter(sorted(app.path.glob("_layers/sha256/*/link"))))


def truncate(path: Path) -> None:
    path.write_bytes(b"")


def overwrite(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def into_folder(path: Path, *, inside: str = "") -> None:
    path.unlink()
    path.mkdir()
    if inside:
        (path / inside).write_bytes(b"x")


def stray(app: Repository, path: str, content: bytes = b"x") -> None:
    app.registry.stray(path, content)


def other_repository(app: Repository, name: str) -> None:
    app.registry.repository(name).image([app.registry.layer(b"other")], tag="1")


STATES: dict[str, tuple[Callable[[Repository], object], tuple[str, ...], str]] = {
    "healthy": (lambda app: None, (), ""),
    "empty revision link": (lambda app: truncate(revision_of(app)), ALL, "mark"),
    "newline in a revision link": (lambda app: overwrite(revision_of(app), b"sha256:" + b"a" * 64 + b"\n"), ALL, "mark"),
    "garbage in a revision link": (lambda app: overwrite(revision_of(app), b"x" * 71), ALL, "mark"),
    "revision link as folder": (lambda app: into_folder(revision_of(app)), (), ""),
    "empty tag link": (lambda app: truncate(app.tag_link("1")), ("2 -m", "3 -m"), "mark"),
    "tag link as folder": (lambda app: into_folder(app.tag_link("1")), ("2 -m", "3 -m"), "mark"),
    "tag without link": (lambda app: app.tag_link("1").unlink(), (), ""),
    "plain file in tags": (lambda app: stray(app, f"{MANIFESTS}/tags/.DS_Store"), ("2 -m", "3 -m"), "mark"),
    "odd name in tags": (lambda app: (app.path / "_manifests/tags/x+y").mkdir(), ("2 -m", "3 -m"), "mark"),
    "plain file in revisions": (lambda app: stray(app, f"{MANIFESTS}/revisions/.DS_Store"), (), ""),
    "garbage in a history link": (lambda app: overwrite(app.history_link("1", sorted(app.revisions)[0]), b"x"), (), ""),
    "empty layer link": (lambda app: truncate(layer_of(app)), ("3", "3 -m"), "mark"),
    "garbage of a link's size in a layer link": (lambda app: overwrite(layer_of(app), b"x" * 71), ("3", "3 -m"), "mark"),
    "dead layer link": (lambda app: app.link(app.layer_link("sha256:" + "a" * 64), "sha256:" + "a" * 64), (), ""),
    "revision without a blob": (lambda app: manifest_of(app).unlink(), (), ""),
    "manifest that is not JSON": (lambda app: overwrite(manifest_of(app), b"x"), ALL, "mark"),
    "empty manifest": (lambda app: truncate(manifest_of(app)), ALL, "mark"),
    "manifest without version": (lambda app: overwrite(manifest_of(app), b"{}"), ALL, "mark"),
    "unknown media type": (
        lambda app: overwrite(manifest_of(app), b'{"schemaVersion": 2, "mediaType": "a/b"}'), ALL, "mark",
    ),
    "manifest too large": (lambda app: overwrite(manifest_of(app), b" " * (4 * 1024 * 1024 + 1)), ALL, "mark"),
    "manifests is not a list": (
        lambda app: overwrite(manifest_of(app), b'{"schemaVersion": 2, "manifests": {}}'), ALL, "mark",
    ),
    "schema 1": (lambda app: overwrite(manifest_of(app), b'{"schemaVersion": 1, "fsLayers": []}'), ("3", "3 -m"), "mark"),
    "blob of another digest": (lambda app: overwrite(manifest_of(app), manifest_of(app).read_bytes() + b"\n"), (), ""),
    "folder of a blob as file": (
        lambda app: (shutil.rmtree(manifest_of(app).parent), manifest_of(app).parent.write_bytes(b"")), ALL, "mark",
    ),
    "data as empty folder": (lambda app: into_folder(manifest_of(app)), (), ""),
    "data in a folder data": (lambda app: into_folder(manifest_of(app), inside="data"), ALL, "find blobs"),
    "blobs/data": (lambda app: stray(app, "blobs/data"), ALL, "find blobs"),
    "a name that is not a digest": (lambda app: stray(app, "blobs/sha256/zz/zzz/data"), ALL, "find blobs"),
    "a name of one letter": (lambda app: stray(app, "blobs/a/data"), ALL, "find blobs"),
    "blob without a shard": (lambda app: stray(app, f"blobs/sha256/{'a' * 64}/data"), ALL, "remove blobs"),
    "folder of a blob without data": (lambda app: stray(app, f"blobs/sha256/aa/{'a' * 64}/data.tmp"), (), ""),
    "bad repository name": (lambda app: other_repository(app, "Foo"), ALL, "mark"),
    "bad name further down": (lambda app: other_repository(app, "a/Foo"), ALL, "mark"),
    "name like a host": (lambda app: other_repository(app, "Foo/bar"), (), ""),
    "name with a port": (lambda app: other_repository(app, "host:80/x"), ALL, "mark"),
    "folder that is a parent only": (lambda app: other_repository(app, "Group-/x"), ALL, "mark"),
    "empty folder with a bad name": (lambda app: (app.path.parent / "Foo").mkdir(), (), ""),
    "upload without startedat": (lambda app: stray(app, "repositories/app/_uploads/1/data"), (), ""),
    "crash left a link": (lambda app: stray(app, f"{MANIFESTS}/tags/1/current/link.x.tmp"), (), ""),
    "dangling symbolic link": (lambda app: (app.path / "_manifests/revisions/x").symlink_to("nope"), (), ""),
    "symbolic link to itself": (lambda app: (app.path / "_manifests/revisions/x").symlink_to("x"), ALL, "mark"),
    "circle of folders": (lambda app: (app.path / "loop").symlink_to(".."), ALL, "mark"),
    "revisions as file": (
        lambda app: (shutil.rmtree(app.path / "_manifests/revisions"), stray(app, f"{MANIFESTS}/revisions")),
        ALL, "mark",
    ),
}  # fmt: skip
"""Each with the collections that stop on it, and where."""
