"""Damage to a registry: what may happen to a file or a folder, and what must then be told of it, and where.

One registry has a victim repository for each place. A damage is done to all of them at once, each in its own place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tonnage.sample import Builder
from tonnage.storage.local import LocalStorage

WHEN = datetime(2026, 2, 3, tzinfo=UTC)
NOBODY = 65534
FILES = (
    "revision link", "tag link", "history link", "layer link", "manifest blob", "index blob", "config blob",
    "layer blob", "startedat", "upload data",
)  # fmt: skip
FOLDERS = (
    "repository", "_layers", "_layers/sha256", "layer's folder", "_manifests", "revisions", "revisions/sha256",
    "revision's folder", "tags", "tag", "current", "index", "index/sha256", "history's folder", "_uploads", "upload",
    "blob's folder",
)  # fmt: skip

Paths = dict[str, str]
"""The places of a victim: name -> path below `v2/`."""
Harm = Callable[[list[Path]], AbstractContextManager[Any]]
"""Does damage to all paths, and may keep something up for as long as the scan lasts."""

# --- doing damage ---------------------------------------------------------------------------------------------------


def each(change: Callable[[Path], Any]) -> Harm:
    """Return the harm of the same change to each path."""

    def harm(paths: list[Path]) -> AbstractContextManager[None]:
        for path in paths:
            change(path)
        return nullcontext()

    return harm


def replaced(make: Callable[[Path], Any]) -> Harm:
    """Return the harm of something else in the place of each file or folder."""

    def change(path: Path) -> None:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        make(path)

    return each(change)


def unreadable(error: OSError) -> Harm:
    """Return the harm of files that are listed and cannot be read."""

    @contextmanager
    def harm(paths: list[Path]) -> Iterator[None]:
        read = LocalStorage.read

        def refuse(storage: LocalStorage, path: str, limit_bytes: int) -> bytes:
            if Path(storage.root, path) in paths:
                raise error
            return read(storage, path, limit_bytes)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LocalStorage, "read", refuse)
            yield

    return harm


def forbidden(mode: int) -> Harm:
    """Return the harm of permissions taken away. Root would not notice, and becomes nobody for the scan."""

    @contextmanager
    def harm(paths: list[Path]) -> Iterator[None]:
        for path in paths:
            path.chmod(mode)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            if is_root:
                os.seteuid(0)
            for path in paths:
                path.chmod(0o755)

    return harm


def fill(folder: Path) -> None:
    """Make a folder with a file and an empty folder in it."""
    (folder / "below").mkdir(parents=True)
    (folder / "file").write_bytes(b"x")


OTHER_JSON = b'{"schemaVersion": 5, "os": "linux"}'
ON_FILES: dict[str, Harm] = {
    "deleted": each(Path.unlink),
    "emptied": each(lambda path: path.write_bytes(b"")),
    "truncated": each(lambda path: path.write_bytes(path.read_bytes()[:15])),
    "other JSON": each(lambda path: path.write_bytes(OTHER_JSON)),
    "not text": each(lambda path: path.write_bytes(bytes(range(256)))),
    "folder": replaced(Path.mkdir),
    "full folder": replaced(fill),
    "broken symlink": replaced(lambda path: path.symlink_to("nowhere")),
    "symlink to itself": replaced(lambda path: path.symlink_to(path.name)),
    "pipe": replaced(os.mkfifo),
    "no permission": unreadable(PermissionError(13, "Permission denied")),
    "input/output error": unreadable(OSError(5, "Input/output error")),
    "vanished": unreadable(FileNotFoundError(2, "No such file or directory")),
}
ON_FOLDERS: dict[str, Harm] = {
    "deleted": each(shutil.rmtree),
    "emptied": replaced(Path.mkdir),
    "file": replaced(lambda path: path.write_bytes(b"file")),
    "broken symlink": replaced(lambda path: path.symlink_to("nowhere")),
    "symlink to itself": replaced(lambda path: path.symlink_to(path.name)),
    "pipe": replaced(os.mkfifo),
    "all forbidden": forbidden(0o000),
    "listing forbidden": forbidden(0o111),
    "looking forbidden": forbidden(0o444),
}

# --- what is expected: a damage, or several -> kinds of problems and where they are told ----------------------------

CONTENT = ("emptied", "truncated", "other JSON", "not text")
READING = ("no permission", "input/output error")
HERE = ""
"""The place itself."""

EVERYWHERE: dict[str, set[tuple[str, str]]] = {
    "folder": {("folder_as_file", HERE)},
    "full folder": {("folder_as_file", "/file")},
    "broken symlink": {("broken_symlink", HERE)},
    "symlink to itself": {("symlink_loop", HERE)},
    "pipe": {("special_file", HERE)},
    "file": {("stray", HERE)},
}
Expected = dict[str | tuple[str, ...], set[tuple[str, str]]]
MANIFEST: Expected = {
    "emptied": {("unreadable_manifest", HERE)},
    CONTENT[1:]: {("unreadable_manifest", HERE), ("digest_mismatch", HERE)},
    READING: {("unreadable_manifest", HERE)},
    "vanished": {("vanished", HERE)},
}
LINK: Expected = {READING: {("unreadable", HERE)}, "vanished": {("vanished", HERE)}}
EXPECTED: dict[str, Expected] = {
    "revision link": LINK | {
        "deleted": {("tag_without_revision", "tag link")},
        "emptied": {("empty_revision_link", HERE)},
        CONTENT[1:]: {("bad_revision_link", HERE)},
    },
    "tag link": LINK | {
        "deleted": {("tag_without_current", "tag")},
        "emptied": {("empty_tag_link", HERE)},
        CONTENT[1:]: {("bad_tag_link", HERE)},
        ("folder", "full folder"): {("tag_without_current", "tag")},
    },
    "history link": {CONTENT: {("odd_history_link", HERE)}},
    "layer link": LINK | {
        "deleted": {("unlinked_blob", "revision link")},
        "emptied": {("empty_layer_link", HERE)},
        CONTENT[1:]: {("bad_layer_link", HERE)},
        ("folder", "full folder"): {("unlinked_blob", "revision link")},
    },
    "manifest blob": MANIFEST | {("deleted", "folder", "pipe"): {("revision_without_blob", "revision link")}},
    "index blob": MANIFEST | {("deleted", "folder", "pipe"): {("revision_without_blob", "index revision link")}},
    "config blob": {
        ("deleted", "folder", "pipe"): {("missing_blob", "revision link")},
        "emptied": {("unreadable_config", HERE), ("size_mismatch", HERE)},
        "truncated": {("unreadable_config", HERE), ("digest_mismatch", HERE)},
        "other JSON": {("digest_mismatch", HERE)},
        "not text": {("unreadable_config", HERE), ("digest_mismatch", HERE)},
        READING: {("unreadable_config", HERE)},
        "vanished": {("vanished", HERE)},
    },
    "layer blob": {
        ("deleted", "folder", "pipe"): {("missing_blob", "revision link")},
        CONTENT: {("size_mismatch", HERE)},
    },
    "startedat": LINK | {("deleted", *CONTENT, *READING, "folder"): {("unpurgeable_upload", "upload")}},
    "upload data": {},
    "repository": {},
    "_layers": {
        "deleted": {("no_layers_folder", "repository"), ("unlinked_blob", "revision link")},
        ("emptied", "file"): {("unlinked_blob", "revision link")},
    },
    "_layers/sha256": {("deleted", "emptied", "file"): {("unlinked_blob", "revision link")}},
    "layer's folder": {("deleted", "emptied", "file"): {("unlinked_blob", "revision link")}},
    "_manifests": {},
    "revisions": {("deleted", "emptied", "file"): {("tag_without_revision", "tag link")}},
    "revisions/sha256": {("deleted", "emptied", "file"): {("tag_without_revision", "tag link")}},
    "revision's folder": {("deleted", "emptied", "file"): {("tag_without_revision", "tag link")}},
    "tags": {"deleted": {("no_tags_folder", "repository")}},
    "tag": {"emptied": {("tag_without_current", HERE)}},
    "current": {("deleted", "emptied", "file"): {("tag_without_current", "tag")}},
    "blob's folder": {("deleted", "emptied", "file"): {("missing_blob", "revision link")}},
}  # fmt: skip


STOPS_AS_FILE = {
    **dict.fromkeys(("_layers", "_manifests", "revisions", "tags", "current"), "file_as_folder"),
    "tag": "stray_in_tags",
}
"""What a file in the place of the folder is, if it is more than a stray."""


def expected_of(place: str, damage: str) -> set[tuple[str, str]]:
    """Return kind and place of the problems that must be told."""
    found = set(EVERYWHERE.get(damage, set()))
    if damage == "file" and place in STOPS_AS_FILE:
        found = {(STOPS_AS_FILE[place], HERE)}
    for damages, told in EXPECTED.get(place, {}).items():
        if damage == damages or (isinstance(damages, tuple) and damage in damages):
            found |= told
    return found


# --- the registry ---------------------------------------------------------------------------------------------------


def build_victim(registry: Builder, place: str) -> Paths:
    """Push an image under a tag, an index of another one, and leave an upload; return where all is."""
    name = "victim/" + "".join(letter if letter.isalnum() else "-" for letter in place.lower()).strip("-")
    repo = registry.repository(name)
    base, layer = registry.layer(b"base"), registry.layer(f"layer of {name}".encode() * 10)
    image = repo.image([layer, base], tag="1", labels={"name": name})
    index = repo.index([repo.image([base], labels={"child": name})], tag="multi")
    upload = repo.upload(size_bytes=1000, started=WHEN)
    [config] = registry.references[image.digest] - {layer.digest, base.digest}
    files = {
        "revision link": repo.revision_link(image.digest),
        "tag link": repo.tag_link("1"),
        "history link": repo.history_link("1", image.digest),
        "layer link": repo.layer_link(layer.digest),
        "manifest blob": registry.blob_path(image.digest),
        "index blob": registry.blob_path(index.digest),
        "config blob": registry.blob_path(config),
        "layer blob": registry.blob_path(layer.digest),
        "startedat": upload / "startedat",
        "upload data": upload / "data",
        "index revision link": repo.revision_link(index.digest),
    }
    folders = {
        "repository": repo.path,
        "_layers": repo.path / "_layers",
        "_layers/sha256": repo.path / "_layers/sha256",
        "layer's folder": files["layer link"].parent,
        "_manifests": repo.path / "_manifests",
        "revisions": repo.path / "_manifests/revisions",
        "revisions/sha256": repo.path / "_manifests/revisions/sha256",
        "revision's folder": files["revision link"].parent,
        "tags": repo.path / "_manifests/tags",
        "tag": repo.path / "_manifests/tags/1",
        "current": repo.path / "_manifests/tags/1/current",
        "index": repo.path / "_manifests/tags/1/index",
        "index/sha256": repo.path / "_manifests/tags/1/index/sha256",
        "history's folder": files["history link"].parent,
        "_uploads": upload.parent,
        "upload": upload,
        "blob's folder": files["layer blob"].parent,
    }
    return {key: str(path.relative_to(registry.v2)) for key, path in (files | folders).items()}


def build(root: Path, places: tuple[str, ...]) -> tuple[Builder, dict[str, Paths]]:
    """Return a registry with two healthy repositories and a victim for each place."""
    registry = Builder(root)
    for name in ("healthy/a", "healthy/b"):
        repo = registry.repository(name)
        own = registry.layer(name.encode())
        image = repo.image([registry.layer(b"base"), own], tag="1")
        repo.index([image], tag="multi")
        repo.image([own], tag="1")
        repo.upload(size_bytes=10, started=WHEN)
    return registry, {place: build_victim(registry, place) for place in places}
