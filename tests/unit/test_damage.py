"""What is damaged is told with its kind and its path, and all the rest is counted: every damage, in every place.

One registry has a victim repository for each place. A damage is done to all of them at once, each in its own place, and
scanned once; each victim's problems are then looked at by themselves, and the healthy repositories must not notice.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanning import Rows, answer, check_sums, column, everything, problems, scan_tree
from tonnage.sample import Builder, documents
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


@dataclass
class Damaged:
    """A damaged registry and what a scan said of it."""

    v2: Path
    inventory: Path
    victims: dict[str, Paths]
    told: set[tuple[str, str]]
    """Kind and path of each problem."""


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
    "tag": {"emptied": {("tag_without_current", HERE)}, "file": {("stray_in_tags", HERE)}},
    "current": {("deleted", "emptied", "file"): {("tag_without_current", "tag")}},
    "blob's folder": {("deleted", "emptied", "file"): {("missing_blob", "revision link")}},
}  # fmt: skip


def expected_of(place: str, damage: str) -> set[tuple[str, str]]:
    """Return kind and place of the problems that must be told."""
    found = set() if (place, damage) == ("tag", "file") else set(EVERYWHERE.get(damage, set()))
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


def healthy_rows(inventory: Path) -> dict[str, Rows]:
    """Return all that is said of the healthy repositories."""
    return {
        view: [row for row in rows if any(str(value).startswith("healthy/") for value in row)]
        for view, rows in everything(inventory).items()
    }


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Callable[[], Path]]:
    """Return new folders that are open to nobody, as pytest's own are not."""
    folders: list[tempfile.TemporaryDirectory[str]] = []

    def make() -> Path:
        folders.append(tempfile.TemporaryDirectory())
        path = Path(folders[-1].name)
        path.chmod(0o777)
        return path

    yield make
    for folder in folders:
        folder.cleanup()


@pytest.fixture(scope="module")
def healthy(open_folder: Callable[[], Path]) -> dict[str, Rows]:
    """What is said of the healthy repositories before anything was damaged."""
    folder = open_folder()
    registry, _ = build(folder / "registry", FILES + FOLDERS)
    scan_tree(registry.root, folder / "inventory")
    assert problems(folder / "inventory") == set()
    return healthy_rows(folder / "inventory")


@pytest.fixture(scope="module")
def damaged(open_folder: Callable[[], Path], healthy: dict[str, Rows]) -> Callable[[str, str], Damaged]:
    """Return the damaged registry of a kind of damage, made when it is first asked for."""
    made: dict[tuple[str, str], Damaged] = {}

    def make(what: str, damage: str) -> Damaged:
        if (what, damage) not in made:
            folder = open_folder()
            places, harms = (FILES, ON_FILES) if what == "file" else (FOLDERS, ON_FOLDERS)
            registry, victims = build(folder / "registry", places)
            with harms[damage]([registry.v2 / victims[place][place] for place in places]):
                scan_tree(registry.root, folder / "inventory")
            made[what, damage] = Damaged(registry.v2, folder / "inventory", victims, problems(folder / "inventory"))
        return made[what, damage]

    return make


# --- tests ----------------------------------------------------------------------------------------------------------


def check_told(found: Damaged, place: str, damage: str) -> None:
    """Check that the victim's problems are those that are expected, at their paths."""
    paths = found.victims[place]
    wanted = {
        (kind, paths[place] + where if where in ("", "/file") else paths[where])
        for kind, where in expected_of(place, damage)
    }
    assert wanted <= found.told
    if not wanted:  # a state that a healthy registry may be in: nothing is made up
        assert not {(kind, path) for kind, path in found.told if path.startswith(f"{paths['repository']}/")}


@pytest.mark.parametrize("place", FILES)
@pytest.mark.parametrize("damage", ON_FILES)
def test_a_damaged_file_is_told(damaged: Callable[[str, str], Damaged], place: str, damage: str) -> None:
    """Each damage to each kind of file is a problem with its kind and its path."""
    check_told(damaged("file", damage), place, damage)


@pytest.mark.parametrize("place", FOLDERS)
@pytest.mark.parametrize("damage", [name for name in ON_FOLDERS if "forbidden" not in name])
def test_a_damaged_folder_is_told(damaged: Callable[[str, str], Damaged], place: str, damage: str) -> None:
    """So is each damage to each kind of folder."""
    check_told(damaged("folder", damage), place, damage)


@pytest.mark.parametrize("place", FOLDERS)
@pytest.mark.parametrize("damage", [name for name in ON_FOLDERS if "forbidden" in name])
def test_a_folder_without_permission_is_told(damaged: Callable[[str, str], Damaged], place: str, damage: str) -> None:
    """It is unreadable itself, or what can be seen in it from outside is."""
    found = damaged("folder", damage)
    path = found.victims[place][place]
    told = {told for kind, told in found.told if kind == "unreadable"}
    assert any(other == path or other.startswith(f"{path}/") for other in told)


@pytest.mark.parametrize(
    ("what", "damage"),
    [*(("file", damage) for damage in ON_FILES), *(("folder", damage) for damage in ON_FOLDERS)],
)
def test_all_else_is_counted(
    damaged: Callable[[str, str], Damaged], healthy: dict[str, Rows], what: str, damage: str
) -> None:
    """Not a row of the healthy repositories changes, and all bytes on the disk are in a class."""
    found = damaged(what, damage)
    assert healthy_rows(found.inventory) == healthy
    assert healthy["repository_usage"] and healthy["upload"] and healthy["holder"]
    if "forbidden" not in damage:
        check_sums(found.v2, found.inventory)


@pytest.mark.parametrize("damage", [*CONTENT, *READING])
def test_a_damaged_revision_link_still_holds(damaged: Callable[[str, str], Damaged], damage: str) -> None:
    """Its path says what it held: the revision is known, tagged, and keeps its blobs."""
    found = damaged("file", damage)
    paths = found.victims["revision link"]
    repository = paths["repository"].removeprefix("repositories/")
    [row] = answer(
        found.inventory,
        "select is_link_valid, state from revision join tag using (repository, digest)"
        " where tag = '1' and repository = $repository",
        {"repository": repository},
    )
    assert row == (False, "tag")
    digest = "sha256:" + paths["layer blob"].split("/")[-2]
    assert column(found.inventory, f"select class from blob where digest = '{digest}'") == ["tagged"]


@pytest.mark.parametrize("damage", [*CONTENT, *READING, "deleted", "folder"])
def test_a_damaged_tag_is_a_tag_without_a_digest(damaged: Callable[[str, str], Damaged], damage: str) -> None:
    """It is still listed, and leads nowhere."""
    found = damaged("file", damage)
    repository = found.victims["tag link"]["repository"].removeprefix("repositories/")
    tags = answer(
        found.inventory, "select tag, digest from tag where repository = $r and digest is null", {"r": repository}
    )
    assert tags == [("1", None)]


@pytest.mark.parametrize("damage", ["emptied", "truncated", "other JSON", "not text", *READING])
def test_a_damaged_manifest_pins_its_layers(damaged: Callable[[str, str], Damaged], damage: str) -> None:
    """What it refers to is unknown, so what its repository links to is never free."""
    found = damaged("file", damage)
    digest = "sha256:" + found.victims["manifest blob"]["layer blob"].split("/")[-2]
    row = answer(found.inventory, f"select class, is_pinned from blob_usage where digest = '{digest}'")
    assert row == [("orphaned", True)]


@pytest.mark.parametrize("place", ["_manifests", "revisions", "repository"])
@pytest.mark.parametrize("damage", ["all forbidden", "listing forbidden"])
def test_a_forbidden_folder_pins_what_it_may_hold(
    damaged: Callable[[str, str], Damaged], place: str, damage: str
) -> None:
    """Nothing is free as long as some manifests could not be listed."""
    found = damaged("folder", damage)
    assert all(column(found.inventory, "select is_pinned from orphaned"))
    digest = "sha256:" + found.victims[place]["layer blob"].split("/")[-2]
    assert column(found.inventory, f"select class from orphaned join blob using (digest) where digest = '{digest}'")


@pytest.mark.usefixtures("healthy")  # all is imported then: nobody cannot read Python's own files everywhere
@pytest.mark.parametrize("folder", ["blobs", "blobs/sha256", "repositories"])
@pytest.mark.parametrize("damage", ["deleted", "file", "broken symlink", "listing forbidden"])
def test_the_great_folders(open_folder: Callable[[], Path], folder: str, damage: str) -> None:
    """Without one of the pillars of the storage a scan still ends, and says why there is so little."""
    root = open_folder()
    registry, _ = build(root / "registry", ())
    with ON_FOLDERS[damage]([registry.v2 / folder]):
        scan_tree(registry.root, root / "inventory")
    told = problems(root / "inventory")
    if damage == "listing forbidden":
        assert ("unreadable", folder) in told
    elif damage == "file":
        assert ("stray", folder) in told
    elif damage == "broken symlink":
        assert ("broken_symlink", folder) in told
    elif folder == "repositories":
        assert column(root / "inventory", "select distinct class from blob") == ["orphaned"]
    else:
        assert {kind for kind, _ in told} >= {"revision_without_blob", "dead_layer_link"}
        assert column(root / "inventory", "select count(*) from tag") == [4]


def test_everything_at_once(tmp_path: Path) -> None:
    """A registry in which every file is damaged in some way is scanned to its end."""
    registry, _ = build(tmp_path / "registry", FILES)
    harms = [harm for name, harm in ON_FILES.items() if name not in (*READING, "vanished", "deleted")]
    for number, path in enumerate(sorted(path for path in registry.v2.rglob("*") if path.is_file())):
        harms[number % len(harms)]([path])
    scan_tree(registry.root, tmp_path / "inventory")
    check_sums(registry.v2, tmp_path / "inventory")
    assert len(problems(tmp_path / "inventory")) > 100
    assert documents.digest_of(b"base") in column(tmp_path / "inventory", "select digest from layer_link")
