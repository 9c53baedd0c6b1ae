"""The one door for what is written: what it refuses, what it leaves when it fails or is killed, who else is writing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tonnage.errors import WriteError
from tonnage.files import new_folder, place_of, remove_abandoned, replacing, write_file

HELD = """
import sys, time
from pathlib import Path
from tonnage.files import replacing
with replacing(Path(sys.argv[1])) as new:
    new.write_text("new")
    print("held", flush=True)
    sys.stdin.readline()
"""


def hold(path: Path) -> subprocess.Popen[str]:
    """Return a process that is in the middle of writing a file, until it reads a line."""
    command = [sys.executable, "-c", HELD, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def bind(path: Path) -> None:
    """Make a socket."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def make_device(path: Path) -> None:
    """Make a device of our own that swallows all, as /dev/null does."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")


def link_to_device(path: Path) -> None:
    """Make a link to a device."""
    make_device(path.with_name("device"))
    path.symlink_to("device")


def make_storage(path: Path) -> None:
    """Make a file of a registry's storage, and a link to it."""
    storage = path.with_name("storage")
    (storage / "blobs/sha256/aa").mkdir(parents=True)
    (storage / "repositories").mkdir()
    (storage / "blobs/sha256/aa/data").write_text("a blob")
    path.symlink_to(storage / "blobs/sha256/aa/data")


def make_layout(path: Path) -> None:
    """Make a link to what is still to come in an OCI image layout."""
    (path.with_name("layout")).mkdir()
    (path.with_name("layout") / "oci-layout").write_text("{}")
    path.symlink_to("layout/report.json")


ODD_PLACES: dict[str, Callable[[Path], None]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "socket": bind,
    "device": make_device,
    "link to a device": link_to_device,
    "circle": lambda path: path.symlink_to(path.name),
    "blob": make_storage,
    "layout": make_layout,
}
"""Places that are not regular files, or lie where nothing is written, each with what makes it."""


@pytest.mark.parametrize("what", ODD_PLACES)
def test_what_is_no_regular_file_is_refused(what: str, tmp_path: Path) -> None:
    """Whatever it is, it stays what it was, and nothing is left beside it; there is a next step."""
    path = tmp_path / "it"
    ODD_PLACES[what](path)
    before = (path.lstat().st_mode, path.lstat().st_ino, names(tmp_path))
    with pytest.raises(WriteError) as caught:
        write_file(path, b"new")
    assert caught.value.next_step
    assert (path.lstat().st_mode, path.lstat().st_ino, names(tmp_path)) == before


def test_no_folder_is_made_in_a_registry(tmp_path: Path) -> None:
    """Nothing is written there, by whatever name it is reached."""
    make_storage(tmp_path / "blob")
    (tmp_path / "link").symlink_to("storage/repositories")
    for path in ("link/lake", "link/history/scan=1"):
        with (
            pytest.raises(WriteError, match="lies inside the registry"),
            new_folder(tmp_path / path, makes_parent="history" in path),
        ):
            pass
        assert names(tmp_path / "storage/repositories") == []


def test_a_parent_that_was_made_goes_with_what_fails(tmp_path: Path) -> None:
    """One that was there before stays, and so does one that somebody else uses."""
    for there in ("", "history", "history/scan=0"):
        (tmp_path / there).mkdir(exist_ok=True)
        with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "history/scan=1", makes_parent=True):
            raise KeyboardInterrupt
        assert (tmp_path / "history").is_dir() == bool(there)
    with new_folder(tmp_path / "other/scan=1", makes_parent=True):
        pass
    assert names(tmp_path / "other") == ["scan=1"]


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    """Also one that leads to what is still to come."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk/real")
    for content in (b"one", b"two"):
        write_file(tmp_path / "link", content)
        assert (tmp_path / "disk/real").read_bytes() == content
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "disk") == ["real"]


def test_another_name_of_the_same_file_keeps_what_it_was(tmp_path: Path) -> None:
    """A hard link, such as a backup made of them."""
    (tmp_path / "it").write_text("old")
    os.link(tmp_path / "it", tmp_path / "backup")
    write_file(tmp_path / "it", b"new")
    assert ((tmp_path / "it").read_text(), (tmp_path / "backup").read_text()) == ("new", "old")


def test_permissions_are_kept(tmp_path: Path) -> None:
    """A file that others may not read does not become one that they may; a new one is as the umask has it."""
    write_file(tmp_path / "it", b"old")
    assert stat.S_IMODE((tmp_path / "it").stat().st_mode) == 0o666 & ~os.umask(os.umask(0o22))
    (tmp_path / "it").chmod(0o600)
    write_file(tmp_path / "it", b"new")
    assert stat.S_IMODE((tmp_path / "it").stat().st_mode) == 0o600


@pytest.mark.parametrize("length", [1, 200, 255])
def test_a_name_may_be_as_long_as_names_are(length: int, tmp_path: Path) -> None:
    """255 bytes, and no more: what is written beside it needs a name too."""
    write_file(tmp_path / ("x" * length), b"new")
    assert names(tmp_path) == ["x" * length]
    with pytest.raises(WriteError, match="File name too long"):
        write_file(tmp_path / ("x" * 256), b"new")


@pytest.mark.parametrize("beside", ["it.new", "it.tmp", "it.new.tmp", "it.wal", "it.lock", ".it.swp", ".tonnage-0"])
def test_what_is_beside_it_is_left_alone(beside: str, tmp_path: Path) -> None:
    """Only what is ours is removed."""
    (tmp_path / beside).write_text("mine")
    write_file(tmp_path / "it", b"new")
    assert (tmp_path / beside).read_text() == "mine"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """Whoever fails, and at whatever."""
    (tmp_path / "it").write_text("old")
    for error in (ValueError("a bug"), OSError(28, "No space left on device"), KeyboardInterrupt()):
        expected = WriteError if isinstance(error, OSError) else type(error)
        with pytest.raises(expected), replacing(tmp_path / "it") as new:
            new.write_text("half")
            raise error
        assert ((tmp_path / "it").read_text(), names(tmp_path)) == ("old", ["it"])


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """So a sample that was half built is never taken for one."""
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "it") as folder:
        (folder / "half").write_text("x")
        raise KeyboardInterrupt
    assert names(tmp_path) == []
    with new_folder(tmp_path / "it") as folder:
        (folder / "whole").write_text("x")
        assert not (tmp_path / "it").exists()
    assert (names(tmp_path), names(tmp_path / "it")) == (["it"], ["whole"])


def test_who_writes_the_same_file_is_named(tmp_path: Path) -> None:
    """The second one waits, or ends and says who the first is; when that is done, it may."""
    process = hold(tmp_path / "it")
    said = f"process {process.pid} on .* since .* UTC"
    with pytest.raises(WriteError, match=said) as caught, replacing(tmp_path / "it", patience_seconds=0):
        pass
    assert (caught.value.exit_code, bool(caught.value.next_step)) == (10, True)
    remove_abandoned(tmp_path / "it")
    write_file(tmp_path / "other", b"is another file")
    process.communicate("\n")
    assert ((tmp_path / "it").read_text(), names(tmp_path)) == ("new", ["it", "other"])
    write_file(tmp_path / "it", b"newer")


def test_small_files_wait_for_each_other(tmp_path: Path) -> None:
    """None of them fails, each is whole, and nothing is left."""
    script = (
        "import sys; from pathlib import Path; from tonnage.files import write_file\n"
        "for number in range(20): write_file(Path(sys.argv[1]), sys.argv[2].encode() * 10000)"
    )
    commands = [[sys.executable, "-c", script, str(tmp_path / "it"), letter] for letter in "abcd"]
    processes = [subprocess.Popen(command) for command in commands]
    assert [process.wait(60) for process in processes] == [0] * 4
    content = (tmp_path / "it").read_text()
    assert (len(content), len(set(content)), names(tmp_path)) == (10_000, 1, ["it"])


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """Its lock too, which nobody holds any longer."""
    (tmp_path / "it").write_text("old")
    process = hold(tmp_path / "it")
    process.kill()
    process.communicate()
    assert ((tmp_path / "it").read_text(), len(names(tmp_path))) == ("old", 3)
    (tmp_path / "other").mkdir()
    shutil.copytree(tmp_path, tmp_path / "other", dirs_exist_ok=True, ignore=shutil.ignore_patterns("other"))
    remove_abandoned(tmp_path / "other/it")
    assert names(tmp_path / "other") == ["it"]
    shutil.rmtree(tmp_path / "other")
    write_file(tmp_path / "it", b"new")
    assert ((tmp_path / "it").read_text(), names(tmp_path)) == ("new", ["it"])


def test_a_worker_does_not_hold_the_lock_of_a_killed_parent(tmp_path: Path) -> None:
    """A forked process has its parent's files; a scan that is begun after a kill must not wait for slow workers."""
    script = (
        "import multiprocessing, os, signal, sys, time; from pathlib import Path; from tonnage.files import replacing\n"
        "with replacing(Path(sys.argv[1])):\n"
        "    child = multiprocessing.get_context('fork').Process(target=time.sleep, args=(30,))\n"
        "    child.start(); print(child.pid, flush=True); time.sleep(0.5); os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "it")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.wait()
    try:
        with replacing(tmp_path / "it", patience_seconds=0) as new:
            new.write_text("new")
    finally:
        os.kill(child, signal.SIGKILL)
        process.stdout.close()
    assert names(tmp_path) == ["it"]


@pytest.mark.parametrize("kind", ["notes", "folder", "pipe", "link"])
def test_what_is_in_the_way_of_the_lock_is_left_alone(kind: str, tmp_path: Path) -> None:
    """A name as odd as that is nobody's by chance; still it is not ours."""
    with replacing(tmp_path / "it") as new:
        new.write_text("new")
        [lock] = [path for path in tmp_path.iterdir() if path.name.endswith(".lock")]
    makers: dict[str, Callable[[], object]] = {
        "notes": lambda: lock.write_text("my notes"),
        "folder": lock.mkdir,
        "pipe": lambda: os.mkfifo(lock),
        "link": lambda: lock.symlink_to("elsewhere"),
    }
    makers[kind]()
    before = lock.lstat().st_ino
    started = time.monotonic()
    with pytest.raises(WriteError):
        write_file(tmp_path / "it", b"newer")
    assert (lock.lstat().st_ino, (tmp_path / "it").read_text()) == (before, "new")
    assert time.monotonic() - started < 5


def test_a_place_is_the_file_behind_a_name(tmp_path: Path) -> None:
    """However it is written."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    assert place_of(tmp_path / "link/../link/it") == (tmp_path / "folder/it").resolve()
