"""The storages, each put through the one suite, and what only a disk can do."""

from __future__ import annotations

import errno
import os
import socket
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest

from damage import forbidden
from storage_suite import FILES, HEX, LAYER, StorageSuite, sizes, walk
from tonnage.errors import NoStorageError, StorageIncompleteError, StorageUnreadableError, TonnageError
from tonnage.sample import Builder
from tonnage.storage import OPEN_ALL, OPEN_NONE, Entry, Storage, Type, folders
from tonnage.storage import local as local_storage
from tonnage.storage.local import LocalStorage, open_local
from tonnage.storage.memory import MemoryStorage

BLOB = f"blobs/sha256/{HEX[:2]}/{HEX}"


def write(root: Path, files: dict[str, bytes]) -> LocalStorage:
    """Return a storage on disk with these files."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return LocalStorage(os.path.realpath(root))


def types(storage: Storage) -> dict[str, Type]:
    """Return what each listed path turned out to be; a path listed twice is a mistake."""
    entries = walk(storage)
    assert len({entry.path for entry in entries}) == len(entries)
    return {entry.path: entry.type for entry in entries}


class TestMemoryStorage(StorageSuite):
    """A registry in memory."""

    def make(self, files: dict[str, bytes]) -> Storage:
        return MemoryStorage(dict(files))

    def lose(self, storage: Storage, path: str) -> None:
        assert isinstance(storage, MemoryStorage)
        del storage.files[path]


class TestLocalStorage(StorageSuite):
    """A registry on a disk."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.made_count = 0

    def make(self, files: dict[str, bytes]) -> Storage:
        self.made_count += 1
        root = self.folder / str(self.made_count)
        root.mkdir()
        return write(root, files)

    def lose(self, storage: Storage, path: str) -> None:
        (Path(storage.location) / path).unlink()


# --- finding the storage --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("below", ["", "docker", "docker/registry", "docker/registry/v2"])
def test_a_storage_is_found_from_any_level(registry: Builder, below: str) -> None:
    """The folder a user names may be the root, the `v2` or anything between."""
    registry.repository("app").image([registry.layer(b"x")])
    assert open_local(str(registry.root / below)).root == str(registry.v2)


@pytest.mark.parametrize("anchor", ["", "v2", "registry/v2", "docker/registry/v2"])
@pytest.mark.parametrize("kept", ["blobs", "repositories"])
def test_half_a_storage_is_one(tmp_path: Path, anchor: str, kept: str) -> None:
    """One of the two folders is enough, and the other is not made up as vanished."""
    (tmp_path / anchor / kept).mkdir(parents=True)
    storage = open_local(str(tmp_path))
    assert storage.root == str(tmp_path / anchor).rstrip("/")
    assert types(storage) == {kept: Type.EMPTY_FOLDER}


def test_a_storage_behind_a_link(registry: Builder, tmp_path: Path) -> None:
    """A link to a storage is that storage, under its real name."""
    registry.repository("app").image([registry.layer(b"x")])
    (tmp_path / "link").symlink_to(registry.root)
    assert open_local(str(tmp_path / "link")).root == str(registry.v2)


def test_a_storage_from_here(registry: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is made absolute: an inventory tells where it is from."""
    registry.repository("app").image([registry.layer(b"x")])
    monkeypatch.chdir(registry.v2)
    assert open_local(".").location == str(registry.v2)


def refused(path: Path, **options: Any) -> TonnageError:
    """Return the error with which a path is refused."""
    with pytest.raises(TonnageError) as caught:
        open_local(str(path), **options)
    assert str(path) in caught.value.message
    assert caught.value.next_step
    return caught.value


def test_no_storage_there(tmp_path: Path) -> None:
    """Nothing there, an empty folder, a file, a folder of other things: an error, never an empty registry."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty-v2" / "docker/registry/v2").mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "other" / "files").mkdir(parents=True)
    (tmp_path / "broken").symlink_to("nowhere")
    for name in ("nothing", "empty", "empty-v2", "file", "other", "broken"):
        error = refused(tmp_path / name)
        assert isinstance(error, NoStorageError)
        assert error.exit_code == 4


def test_an_unreadable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No permission is not the same as nothing there."""

    def refuse(_: str) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    error = refused(tmp_path)
    assert isinstance(error, StorageUnreadableError)
    assert error.exit_code == 5
    assert "Permission denied" in error.message


@pytest.mark.parametrize("closed", ["", "docker/registry", "docker/registry/v2"])
@pytest.mark.parametrize("mode", [0o000, 0o644])
def test_the_folder_that_cannot_be_read_is_named(closed: str, mode: int) -> None:
    """Whether nothing in it can be seen or only names: not a folder that would be below it, and may not be there."""
    with TemporaryDirectory() as name:  # pytest's own are open to nobody else
        Path(name).chmod(0o755)
        folder = Path(name, "registry", closed)
        (Path(name) / "registry/docker/registry/v2/blobs").mkdir(parents=True)
        with forbidden(mode)([folder]):
            for start in (Path(name, "registry"), folder):
                assert refused(start).message == f"cannot list `{folder}`: Permission denied"


def test_a_lockfile_that_cannot_be_looked_for() -> None:
    """It may be there: refused like a storage that cannot be read, unless told not to mind."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        (Path(name) / "blobs").mkdir()
        (Path(name) / "lockfiles").mkdir()
        with forbidden(0o000)([Path(name) / "lockfiles"]):
            error = refused(Path(name))
            assert isinstance(error, StorageUnreadableError) and "lockfiles/database-in-use" in error.message
            assert open_local(name, ignore_lockfile=True)


@pytest.mark.parametrize("above", [".", "..", "../..", "../../.."])
@pytest.mark.parametrize("below", ["", "docker/registry/v2"])
def test_a_database_beside_the_storage(
    registry: Builder, monkeypatch: pytest.MonkeyPatch, above: str, below: str
) -> None:
    """GitLab's lockfile says that tags are elsewhere: refused, also when called from inside, unless told otherwise."""
    registry.repository("app").image([registry.layer(b"x")])
    lockfile = registry.v2 / above / "lockfiles/database-in-use"
    lockfile.parent.mkdir(parents=True)
    lockfile.touch()
    monkeypatch.chdir(registry.root / below)
    with pytest.raises(StorageIncompleteError, match="database-in-use") as caught:
        open_local(".")
    assert caught.value.exit_code == 6
    assert "--ignore-lockfile" in caught.value.next_step
    assert open_local(".", ignore_lockfile=True).root == str(registry.v2)


def test_a_lockfile_of_the_file_system_is_fine(registry: Builder) -> None:
    """`filesystem-in-use` says that the storage is the whole truth."""
    registry.repository("app").image([registry.layer(b"x")])
    (registry.v2.parent / "lockfiles").mkdir()
    (registry.v2.parent / "lockfiles/filesystem-in-use").touch()
    assert open_local(str(registry.root)).root == str(registry.v2)


# --- symbolic links -------------------------------------------------------------------------------------------------


def test_a_linked_repository_is_followed_and_not_counted_again(tmp_path: Path) -> None:
    """The link itself is told, what lies behind it is listed as an alias."""
    storage = write(tmp_path, FILES)
    (tmp_path / "repositories/mirror").symlink_to("org/app")
    found = types(storage)
    assert found["repositories/mirror"] is Type.SYMLINK
    assert found["repositories/mirror/_manifests/tags/latest/current/link"] is Type.ALIAS
    assert sizes(walk(storage)) == {path: len(content) for path, content in FILES.items()}


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("repositories/org/app/_manifests/tags/stable", "latest"),
        ("repositories/org/app/_manifests/tags/latest/copy", "current"),
        ("repositories/other/_layers", "../org/app/_layers"),
        (f"blobs/sha256/{HEX[:2]}/{HEX[:2]}00", HEX),
        ("blobs/sha256/00", HEX[:2]),
        ("blobs/sha384", "sha256"),
        ("copy", "blobs"),
    ],
)
def test_a_linked_folder_within_the_storage_does_not_count_again(tmp_path: Path, link: str, target: str) -> None:
    """At any depth, what a link leads to inside the storage is listed as an alias."""
    storage = write(tmp_path, FILES)
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(target)
    found = types(storage)
    assert found[link] is Type.SYMLINK
    below = [type_ for path, type_ in found.items() if path.startswith(f"{link}/")]
    assert below and set(below) == {Type.ALIAS}
    assert sizes(walk(storage)) == {path: len(content) for path, content in FILES.items()}


@pytest.mark.parametrize("moved", ["blobs", "repositories", "blobs/sha256", f"blobs/sha256/{HEX[:2]}", BLOB])
def test_a_folder_moved_to_another_disk_counts(tmp_path: Path, moved: str) -> None:
    """What a link leads to outside of the storage is part of it, for whoever says so."""
    storage = write(tmp_path / "v2", FILES)._replace(follows_out=True)
    (tmp_path / "v2" / moved).rename(tmp_path / "elsewhere")
    (tmp_path / "v2" / moved).symlink_to(tmp_path / "elsewhere")
    assert types(storage)[moved] is Type.SYMLINK
    assert sizes(walk(storage)) == {path: len(content) for path, content in FILES.items()}
    assert storage.read(f"{BLOB}/data", 100) == LAYER


def test_linked_files(tmp_path: Path) -> None:
    """A linked file counts where it lies: here once more only if it lies elsewhere, for whoever says so."""
    storage = write(tmp_path / "v2", FILES)._replace(follows_out=True)
    (tmp_path / "outside").write_bytes(b"outside")
    tags = tmp_path / "v2/repositories/org/app/_manifests/tags"
    (tags / "inside").symlink_to("latest/current/link")
    (tags / "outside").symlink_to(tmp_path / "outside")
    found = {entry.path.rpartition("/")[2]: entry for entry in walk(storage)}
    assert (found["inside"].type, found["inside"].size_bytes) == (Type.ALIAS, 71)
    assert (found["outside"].type, found["outside"].size_bytes) == (Type.FILE, 7)
    assert found["outside"].detail == str(tmp_path / "outside")


def test_loops_are_told_and_not_followed(tmp_path: Path) -> None:
    """A link back above itself, to itself, to the root, and two that lead to each other: the listing ends."""
    storage = write(tmp_path, FILES)
    loops = {
        "repositories/org/app/up": "..",
        "repositories/org/app/_layers/here": ".",
        "repositories/org/root": tmp_path,
        "a/b": "../b",
        "b/a": "../a",
    }
    for link, target in loops.items():
        (tmp_path / link).parent.mkdir(exist_ok=True)
        (tmp_path / link).symlink_to(target)
    (tmp_path / "itself").symlink_to("itself")
    found = types(storage)
    for link in ("repositories/org/app/up", "repositories/org/app/_layers/here", "repositories/org/root"):
        assert found[link] is Type.SYMLINK_LOOP
    assert (found["a/b"], found["a/b/a"]) == (Type.SYMLINK, Type.SYMLINK_LOOP)
    assert found["itself"] in (Type.BROKEN_SYMLINK, Type.SYMLINK_LOOP)
    assert sizes(walk(storage)) == {path: len(content) for path, content in FILES.items()}


def test_broken_links_are_told(tmp_path: Path) -> None:
    """In a file's place or a folder's, with where it leads."""
    storage = write(tmp_path, FILES)
    (tmp_path / BLOB / "data").unlink()
    for link in (f"{BLOB}/data", "blobs/sha256/aa", "repositories/gone"):
        (tmp_path / link).symlink_to("/nowhere/at/all")
        [entry] = [entry for entry in walk(storage) if entry.path == link]
        assert (entry.type, entry.detail) == (Type.BROKEN_SYMLINK, "/nowhere/at/all")


# --- other things on disks ------------------------------------------------------------------------------------------


def test_pipes_and_sockets_are_special(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told and not opened, which would wait for ever; so are links to them."""
    storage = write(tmp_path, FILES)
    os.mkfifo(tmp_path / "repositories/org/app/_manifests/tags/pipe")
    os.mkfifo(tmp_path / "repositories/org/app/_layers/sha256/link")
    (tmp_path / BLOB / "data").unlink()
    os.mkfifo(tmp_path / BLOB / "data")
    (tmp_path / "blobs/pipe").symlink_to(tmp_path / BLOB / "data")
    monkeypatch.chdir(tmp_path)  # a socket's path is at most 107 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    found = types(storage)
    for path in (
        "repositories/org/app/_manifests/tags/pipe",
        "repositories/org/app/_layers/sha256/link",
        f"{BLOB}/data",
        "blobs/pipe",
        "socket",
    ):
        assert found[path] is Type.SPECIAL
    assert storage.read(f"{BLOB}/data", 10) == b""


def test_empty_folders_are_listed(tmp_path: Path) -> None:
    """At any depth, and only folders with nothing at all in them."""
    empty = (
        "blobs/sha256/00",
        "blobs/sha256/01/" + "01" * 32,
        "repositories/ghost/_uploads",
        "repositories/parent",
        "repositories/org/app/_layers/sha256/" + "02" * 32,
        "repositories/org/app/_manifests/tags/1",
        "lost+found",
    )
    storage = write(tmp_path, FILES)
    for path in empty:
        (tmp_path / path).mkdir(parents=True)
    assert {path for path, type_ in types(storage).items() if type_ is Type.EMPTY_FOLDER} == set(empty)


def test_a_folder_in_a_files_place_is_listed(tmp_path: Path) -> None:
    """A folder called `data` or `link` is gone into."""
    storage = write(tmp_path, FILES)
    (tmp_path / BLOB / "data").unlink()
    (tmp_path / BLOB / "data").mkdir()
    assert types(storage)[f"{BLOB}/data"] is Type.EMPTY_FOLDER
    (tmp_path / BLOB / "data/x").write_bytes(b"x")
    assert types(storage)[f"{BLOB}/data/x"] is Type.FILE


@pytest.mark.parametrize("path", [BLOB, f"repositories/org/app/_layers/sha256/{HEX}"])
def test_strays_beside_the_one_file(tmp_path: Path, path: str) -> None:
    """They are found when the folder is opened, and when it changed since it was opened last."""
    storage = write(tmp_path, FILES)
    time.sleep(0.02)
    between_us = time.time_ns() // 1000
    time.sleep(0.02)
    (tmp_path / path / "._data").write_bytes(b"stray")
    after_us = time.time_ns() // 1000 + 1_000_000
    assert f"{path}/._data" in sizes(walk(storage, OPEN_ALL))
    assert f"{path}/._data" in sizes(walk(storage, between_us))
    assert f"{path}/._data" not in sizes(walk(storage, after_us))
    assert f"{path}/._data" not in sizes(walk(storage, OPEN_NONE))


def test_paths_that_are_too_long(tmp_path: Path) -> None:
    """Where the system gives up is told as unreadable, and the listing ends."""
    storage = write(tmp_path, FILES)
    folder = os.open(tmp_path / "repositories", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("x" * 255, dir_fd=folder)
        inner = os.open("x" * 255, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    [deep] = [entry for entry in walk(storage) if "xxx" in entry.path]
    assert (deep.type, deep.detail) == (Type.UNREADABLE, os.strerror(errno.ENAMETOOLONG))


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """Names of any bytes are listed as text, and what was listed can be read; so is a root with such a name."""
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/root\xff"))
    root.mkdir()
    storage = write(root, FILES)
    odd = {
        b"blobs/\xff\xfe": "blobs/\\xff\\xfe",
        b"blobs/sha256/\xc3\xa4/x/data": "blobs/sha256/ä/x/data",
        b"blobs/sha256/ab/\xff/data": "blobs/sha256/ab/\\xff/data",
        b"repositories/org/\xe9/_layers/sha256/\x80/link": "repositories/org/\\xe9/_layers/sha256/\\x80/link",
        b"repositories/org/app/_layers/sha256/\x80/link": "repositories/org/app/_layers/sha256/\\x80/link",
        b"repositories/org/app/_manifests/tags/\xff/current/link": (
            "repositories/org/app/_manifests/tags/\\xff/current/link"
        ),
        b"repositories/org/app/_manifests/tags/\xff/index/sha256/\xff/link": (
            "repositories/org/app/_manifests/tags/\\xff/index/sha256/\\xff/link"
        ),
    }
    for name in odd:
        path = Path(os.fsdecode(os.fsencode(root) + b"/" + name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name)
    assert storage.location == f"{tmp_path}/root\\xff"
    for unopened_before_us in (OPEN_ALL, time.time_ns() // 1000 + 10**9, OPEN_NONE):
        assert {entry.path for entry in walk(storage, unopened_before_us)} == FILES.keys() | set(odd.values())
    assert {storage.read(path, 100) for path in odd.values()} == odd.keys()


def test_what_vanishes_while_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder or a file that is gone when it is looked at is told as vanished, not raised."""
    storage = write(tmp_path, FILES)
    assert list(storage.list("repositories/nobody/_layers")) == [
        Entry("repositories/nobody/_layers", 0, None, Type.VANISHED)
    ]
    examine = folders._examine

    def remove_first(root: str, path: str, found: os.DirEntry[str], follows_out: bool) -> Any:
        if path == "repositories/README":
            os.unlink(found.path)
        return examine(root, path, found, follows_out)

    monkeypatch.setattr(folders, "_examine", remove_first)
    assert types(storage)["repositories/README"] is Type.VANISHED


@pytest.mark.parametrize("failure", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
@pytest.mark.parametrize("folder", ["blobs", "blobs/sha256", "repositories/org", "repositories/org/app/_layers", BLOB])
def test_what_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: OSError, folder: str) -> None:
    """An unreadable folder is told with the reason, and all outside of it is listed."""
    storage = write(tmp_path, FILES)
    (tmp_path / BLOB / "stray").touch()
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if path == str(tmp_path / folder):
            raise failure
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = {entry.path: entry for entry in walk(storage)}
    assert (found[folder].type, found[folder].detail) == (Type.UNREADABLE, failure.strerror)
    assert {path for path in FILES if not path.startswith(f"{folder}/")} <= found.keys()


def test_reading_leaves_no_trace(tmp_path: Path) -> None:
    """Not even the time of a file's last reading changes, where it is one's own."""
    write(tmp_path, FILES)
    os.utime(tmp_path / BLOB / "data", ns=(10**18, 2 * 10**18))  # most disks note the first reading after a change
    assert open_local(str(tmp_path)).read(f"{BLOB}/data", 100) == LAYER
    assert (tmp_path / BLOB / "data").stat().st_atime_ns == 10**18


def test_files_of_others_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the owner may read without a trace; whoever may not reads as ever."""
    write(tmp_path, FILES)
    storage, open_ = open_local(str(tmp_path)), os.open

    def refuse(path: str, flags: int, *more: Any, **options: Any) -> int:
        if flags & os.O_NOATIME:
            raise PermissionError(1, "Operation not permitted")
        return open_(path, flags, *more, **options)

    monkeypatch.setattr(os, "open", refuse)
    assert storage.read(f"{BLOB}/data", 100) == LAYER
    assert open_local(str(tmp_path)) == LocalStorage(storage.root, notes_reads=storage.notes_reads)
    assert open_local(str(tmp_path)) != storage


@pytest.mark.parametrize(("time_ns", "expected"), [(0, 0), (-(10**18), -(10**15)), (10**22, None), (-(10**22), None)])
def test_times_beyond_the_calendar_are_unknown(time_ns: int, expected: int | None) -> None:
    """Some file systems hold them; databases and Python do not."""
    assert folders.modified_us(SimpleNamespace(st_mtime_ns=time_ns)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("unopened_before_us", [OPEN_ALL, OPEN_NONE])
def test_files_from_beyond_the_calendar(unopened_before_us: int) -> None:
    """They are listed, without a time, wherever they lie."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no file system in memory, which holds any time")
    with TemporaryDirectory(dir="/dev/shm") as folder:
        storage = write(Path(folder), FILES)
        for path in FILES:
            os.utime(Path(folder, path), (10**13, 10**13))
        entries = walk(storage, unopened_before_us)
        assert sizes(entries) == {path: len(content) for path, content in FILES.items()}
        assert {entry.modified_us for entry in entries} == {None}


def test_many_blobs_are_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a number of blobs on, a storage is not searched in every corner by default."""
    storage = write(tmp_path, FILES)
    monkeypatch.setattr(local_storage, "_LARGE", 1)
    assert storage.is_large()


def test_shards_have_tokens(tmp_path: Path) -> None:
    """The token of a shard changes with the names in it, behind a link too."""
    storage = write(tmp_path / "v2", FILES)._replace(follows_out=True)
    shard = tmp_path / f"v2/blobs/sha256/{HEX[:2]}"
    shard.rename(tmp_path / "elsewhere")
    shard.symlink_to(tmp_path / "elsewhere")

    def tokens() -> dict[str, str]:
        return {part.prefix: part.token for part in storage.parts() if not isinstance(part, Entry)}

    before = tokens()
    assert before == tokens()
    time.sleep(0.02)
    (shard / "new").mkdir()
    assert before[f"blobs/sha256/{HEX[:2]}"] != tokens()[f"blobs/sha256/{HEX[:2]}"]
    assert before["blobs/sha512/" + HEX[:2]] == tokens()["blobs/sha512/" + HEX[:2]]
