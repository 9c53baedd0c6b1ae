"""A registry on a disk.

Opening a folder costs more than asking for a file in it (11 µs against 3 µs, warm), and a registry is mostly folders
with one file. So a digest's folder is asked for the one file that belongs there; it is opened, in search of what does
not belong, only if that file is odd, or either changed since `unopened_before_us`.
Nothing is written; symbolic links are followed once, and what they lead to inside the storage is not counted again.
Names need not be text on a disk: bytes that are no UTF-8 are spelled `\\xff` in paths.
"""

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tonnage.errors import NoStorageError, StorageIncompleteError, StorageUnreadableError
from tonnage.layout import ANCHORS
from tonnage.storage import OPEN_ALL, OPEN_NONE, Entry, Format, Leaves, Part, Type

_LARGE = 25_000
"""Blobs from which on a registry is large: opening all its folders takes longer than all the rest of a scan."""

_READ_AT_ONCE = 65_536
"""What fits into a small buffer; one for 4 MiB would cost more to make than most files to read."""
_LEAVES_LIMIT = 10_000
_SPELLED_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")
_TIME_LIMITS_US = (-62_135_596_800_000_000, 253_402_300_800_000_000)
"""The years 1 and 10000: file systems can hold times that no calendar does."""


class LocalStorage(NamedTuple):
    """A storage below a folder; `root` is the one that has `blobs/` and `repositories/`."""

    root: str

    @property
    def format(self) -> Format:
        """What its paths mean."""
        return Format.REGISTRY

    @property
    def location(self) -> str:
        """The folder."""
        return _spell(self.root)

    @property
    def requests_at_once(self) -> int:
        """None: what a disk makes wait for is left to the worker processes."""
        return 0

    def parts(self) -> Iterator[Part | Entry]:
        """Yield the blob shards and each repository's `_…` folders; strays outside of them as entries."""
        for name, is_folder, entry in children(self.root, ""):
            if not is_folder or entry.type is not Type.FILE:
                yield entry
            if is_folder and name == "repositories":
                yield from self._repository_parts()
            elif is_folder and name == "blobs":
                yield from self._blob_parts()
            elif is_folder:
                yield Part(name)

    def _blob_parts(self) -> Iterator[Part | Entry]:
        for algorithm, is_folder, entry in children(self.root, "blobs"):
            if not is_folder or entry.type is not Type.FILE:
                yield entry
            if is_folder:
                for shard, is_shard, inner in children(self.root, algorithm):
                    if not is_shard or inner.type is not Type.FILE:
                        yield inner
                    if is_shard:
                        yield Part(shard, _token(f"{self.root}/{shard}"))

    def _repository_parts(self) -> Iterator[Part | Entry]:
        todo = ["repositories"]
        while todo:
            folder = todo.pop()
            for path, is_folder, entry in children(self.root, folder):
                if not is_folder or entry.type is not Type.FILE:
                    yield entry
                if is_folder and path.rpartition("/")[2].startswith("_"):
                    yield Part(path)
                elif is_folder:
                    todo.append(path)

    def list(self, prefix: str, unopened_before_us: int = OPEN_ALL) -> Iterable[Entry | Leaves]:
        """Yield every file and empty folder below `prefix`; see Storage.list."""
        todo = [(prefix, is_alias(self.root, prefix))]
        while todo:
            folder, aliased = todo.pop()
            others: Iterable[tuple[str, bool, Entry]]
            if not aliased and unopened_before_us >= OPEN_NONE and folder.endswith("/_manifests/tags"):
                yield from _tags(self.root, folder, todo)
                continue
            if not aliased and (expected := _expected_file(folder)):
                leaves, others = _leaves(self.root, folder, expected, unopened_before_us)
                yield from _pieces(leaves)
            else:
                others = children(self.root, folder)
            for path, is_folder, entry in others:
                if not is_folder:
                    yield entry._replace(type=Type.ALIAS) if aliased and entry.type is Type.FILE else entry
                elif entry.type is Type.FILE:
                    todo.append((path, aliased))
                else:
                    yield entry
                    todo.append((path, is_alias(self.root, path)))

    def describe_requests(self) -> str:
        """Return nothing: reading costs nothing."""
        return ""

    def is_large(self) -> bool:
        """Return whether there are so many blobs that opening every folder is not the default."""
        blobs_count = 0
        for part in self._blob_parts():
            if isinstance(part, Part):
                blobs_count += _folders_count(f"{self.root}/{part.prefix}")
                if blobs_count > _LARGE:
                    return True
        return False

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the first `limit_bytes` of a file. Raises OSError."""
        descriptor = os.open(_native(f"{self.root}/{path}"), os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            content = os.read(descriptor, min(limit_bytes, _READ_AT_ONCE))
            if len(content) < _READ_AT_ONCE:  # a short read of a file is its end; not asking again saves a call
                return content
            while len(content) < limit_bytes and (more := os.read(descriptor, limit_bytes - len(content))):
                content += more
            return content
        finally:
            os.close(descriptor)


def open_local(path: str, *, ignore_lockfile: bool = False) -> LocalStorage:
    """Return the registry storage at or below `path`: its root, `docker/`, `docker/registry/`, or the `v2/` itself.

    Raises NoStorageError, StorageUnreadableError, StorageIncompleteError; an empty registry is never made up.
    """
    for anchor in ANCHORS:
        root = os.path.normpath(f"{path}/{anchor}")
        try:
            names = set(os.listdir(root))
            os.lstat(f"{root}/.")  # names may be listed where nothing behind them can be reached
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise StorageUnreadableError(f"cannot list `{_in_the_way(root)}`: {error.strerror}") from error
        if not names & {"blobs", "repositories"}:
            continue
        storage = LocalStorage(os.path.realpath(root))
        _check_lockfile(Path(storage.root), ignore_lockfile)
        return storage
    if not os.path.exists(path):
        raise NoStorageError(f"`{path}` does not exist")
    raise NoStorageError(f"no registry storage at `{path}`")


def _exists(path: Path) -> bool:
    """Return whether a file is there. Raises StorageUnreadableError where that cannot be told."""
    try:
        return path.exists()
    except OSError as error:
        raise StorageUnreadableError(f"cannot look for `{path}`: {error.strerror}") from error


def _in_the_way(root: str) -> str:
    """Return the folder that keeps from listing `root`: itself, or an outer one in which nothing can be looked at."""
    folder = Path(root)
    while folder != folder.parent:
        try:
            folder.lstat()
        except OSError:
            folder = folder.parent
        else:
            break
    return str(folder)


def _check_lockfile(root: Path, ignore: bool) -> None:
    """Refuse a GitLab registry that keeps tags and manifests in a database (container-registry, lockfiles)."""
    for folder in (root, *root.parents[:3]):
        lockfile = folder / "lockfiles" / "database-in-use"
        if not ignore and _exists(lockfile):
            raise StorageIncompleteError(f"`{lockfile}` says that this registry keeps its metadata in a database")


def _expected_file(folder: str) -> str | None:
    """Return the one file that belongs into the folders named by digest directly below `folder`, if that is such."""
    if folder.startswith("blobs/") and folder.count("/") == 2:
        return "data"
    parent, _, algorithm = folder.rpartition("/")
    if algorithm.startswith("sha") and parent.endswith(("/_layers", "/_manifests/revisions", "/index")):
        return "link"
    return None


def _tags(root: str, folder: str, todo: list[tuple[str, bool]]) -> Iterator[Entry | Leaves]:
    """Yield the current links of all tags without opening the tags' folders, and leave their histories to do."""
    leaves = Leaves(folder, "current/link", [], [], [])
    for path, is_folder, entry in children(root, folder):
        link, history = f"{path}/current/link", f"{path}/index/sha256"
        try:
            status = os.lstat(f"{root}/{link}")
            ordinary = is_folder and stat.S_ISREG(status.st_mode) and os.path.isdir(f"{root}/{history}")
        except OSError:
            ordinary = False
        if ordinary and entry.type is Type.FILE:
            leaves.names.append(path[len(folder) + 1 :])
            leaves.sizes_bytes.append(status.st_size)
            leaves.modified_us.append(_modified_us(status))
            todo.append((history, False))
        elif is_folder and entry.type is Type.FILE:
            todo.append((path, False))
        else:
            yield entry
            if is_folder:
                todo.append((path, is_alias(root, path)))
    yield from _pieces(leaves)


def _leaves(root: str, folder: str, file: str, unopened_before_us: int) -> tuple[Leaves, list[tuple[str, bool, Entry]]]:
    """Return the ordinary files of the folders in `folder`, and all that has to be looked into."""
    try:
        descriptor = os.open(f"{root}/{folder}", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return Leaves(folder, file, [], [], []), list(children(root, folder))
    try:
        names = os.listdir(descriptor)
        # As many links as names: all of them are folders, and none is a link to one.
        if os.fstat(descriptor).st_nlink - 2 == len(names) > 0 and "".join(names).isascii():
            leaves, odd = _ordinary(descriptor, names, Leaves(folder, file, [], [], []), unopened_before_us)
            path = f"{folder}/"
            return leaves, [(path + name, True, Entry(path + name, 0, None)) for name in odd]
        others = list(children(root, folder))
        start = len(folder) + 1
        folders = [path[start:] for path, is_folder, entry in others if is_folder and entry.type is Type.FILE]
        leaves, _ = _ordinary(descriptor, folders, Leaves(folder, file, [], [], []), unopened_before_us)
    except OSError:
        return Leaves(folder, file, [], [], []), list(children(root, folder))
    finally:
        os.close(descriptor)
    ordinary = set(leaves.names)
    return leaves, [other for other in others if other[0][start:] not in ordinary]


def _pieces(leaves: Leaves) -> Iterator[Leaves]:
    """Yield the same leaves in pieces of a bounded size; nothing for none."""
    folder, file, names, sizes_bytes, times_us = leaves
    for start in range(0, len(names), _LEAVES_LIMIT):
        piece = slice(start, start + _LEAVES_LIMIT)
        yield Leaves(folder, file, names[piece], sizes_bytes[piece], times_us[piece])


def _ordinary(descriptor: int, names: list[str], leaves: Leaves, unopened_before_us: int) -> tuple[Leaves, list[str]]:
    """Return the leaves with the ordinary files added, and the names of the folders that have to be looked into.

    The hottest loop of a scan: one call of the system for each folder that is not opened.
    """
    opens_none = unopened_before_us >= OPEN_NONE
    _, file, found, sizes_bytes, times_us = leaves
    odd = []
    lstat, is_regular = os.lstat, stat.S_ISREG
    earliest_us, latest_us = _TIME_LIMITS_US
    for name in names:
        try:
            status = lstat(f"{name}/{file}", dir_fd=descriptor)
            if is_regular(status.st_mode) and (
                opens_none
                or _is_settled(status, name, descriptor, unopened_before_us)
                or _names_in(name, descriptor) == [file]
            ):
                modified_us = status.st_mtime_ns // 1000
                is_known = earliest_us <= modified_us < latest_us  # not _modified_us(), which costs a call
                found.append(name)
                sizes_bytes.append(status.st_size)
                times_us.append(modified_us if is_known else None)
                continue
        except OSError:
            pass  # looked into by the caller, where it becomes an entry that says what is wrong
        odd.append(name)
    return leaves, odd


def _is_settled(status: os.stat_result, folder: str, parent: int, unopened_before_us: int) -> bool:
    """Return whether neither the file nor the names in its folder changed since: change times cannot be set back."""
    before_ns = unopened_before_us * 1000
    return status.st_ctime_ns < before_ns and os.lstat(folder, dir_fd=parent).st_ctime_ns < before_ns


def _names_in(folder: str, parent: int) -> list[str]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY, dir_fd=parent)
    try:
        return os.listdir(descriptor)
    finally:
        os.close(descriptor)


def children(root: str, folder: str) -> Iterator[tuple[str, bool, Entry]]:
    """Yield path, whether it is a folder to go into, and the entry, for each name in a folder.

    An empty folder yields itself as an entry, one that cannot be listed too.
    """
    path = _native(f"{root}/{folder}") if folder else root
    empty = True
    try:
        with os.scandir(path) as entries:
            for found in entries:
                empty = False
                name = _spell(found.name)
                below = f"{folder}/{name}" if folder else name
                if found.is_dir(follow_symlinks=False):
                    yield below, True, Entry(below, 0, None)
                else:
                    yield _examine(root, below, found)
    except FileNotFoundError:
        yield folder, False, Entry(folder, 0, None, Type.VANISHED)
    except OSError as error:
        yield folder, False, Entry(folder, 0, None, Type.UNREADABLE, error.strerror or str(error))
    else:
        if empty and folder:
            yield folder, False, Entry(folder, 0, None, Type.EMPTY_FOLDER)


def _examine(root: str, path: str, found: os.DirEntry[str]) -> tuple[str, bool, Entry]:
    try:
        status = found.stat(follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            return path, False, Entry(path, status.st_size, _modified_us(status), inode=_inode(status))
        if stat.S_ISLNK(status.st_mode):
            return _follow(root, path)
    except FileNotFoundError:
        return path, False, Entry(path, 0, None, Type.VANISHED)
    except OSError as error:
        return path, False, Entry(path, 0, None, Type.UNREADABLE, error.strerror or str(error))
    return path, False, Entry(path, 0, None, Type.SPECIAL)


def _follow(root: str, path: str) -> tuple[str, bool, Entry]:
    """Follow a symbolic link once: a folder is gone into unless it leads back to where its path came through.

    A loop has the place it leads back to as its detail; one that leads to itself has none, and cannot even be opened.
    """
    full = _native(f"{root}/{path}")
    target = os.path.realpath(full)
    shown = _spell(target)
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return path, False, Entry(path, 0, None, Type.BROKEN_SYMLINK, shown)
    except OSError as error:
        is_loop = error.errno == errno.ELOOP
        type_, detail = (Type.SYMLINK_LOOP, "") if is_loop else (Type.UNREADABLE, error.strerror or str(error))
        return path, False, Entry(path, 0, None, type_, detail)
    if stat.S_ISDIR(status.st_mode):
        if _leads_back(root, full, target):
            return path, False, Entry(path, 0, None, Type.SYMLINK_LOOP, shown)
        return path, True, Entry(path, 0, None, Type.SYMLINK, shown)
    if not stat.S_ISREG(status.st_mode):
        return path, False, Entry(path, 0, None, Type.SPECIAL, shown)
    type_ = Type.ALIAS if target.startswith(f"{root}/") else Type.FILE
    return path, False, Entry(path, status.st_size, _modified_us(status), type_, shown, inode=_inode(status))


def _leads_back(root: str, link: str, target: str) -> bool:
    """Return whether one of the folders on the way to the link, however reached, is the target or lies in it."""
    folder = os.path.dirname(link)
    while len(folder) >= len(root):
        if f"{os.path.realpath(folder)}/".startswith(f"{target}/"):
            return True
        folder = os.path.dirname(folder)
    return False


def is_alias(root: str, prefix: str) -> bool:
    """Return whether `prefix` is reached through a symbolic link to another place inside the storage."""
    path = _native(f"{root}/{prefix}")
    real = os.path.realpath(path)
    return real != path and f"{real}/".startswith(f"{root}/")


def _folders_count(path: str) -> int:
    """Return about how many folders there are in one: its links on most file systems, its names on the others."""
    try:
        links = os.lstat(path).st_nlink
        return links - 2 if links > 2 else len(os.listdir(path))
    except OSError:
        return 0


def _token(path: str) -> str:
    """Return the change time of a folder: no name came or went while it stays the same."""
    try:
        return str(os.stat(_native(path)).st_ctime_ns)
    except OSError:
        return ""


def _inode(status: os.stat_result) -> int | None:
    """Return the number of a file that has other names too; None for one that has not."""
    return status.st_ino if status.st_nlink > 1 else None


def _modified_us(status: os.stat_result) -> int | None:
    """Return when a file was last written; None for a time that no calendar has."""
    modified_us = status.st_mtime_ns // 1000
    return modified_us if _TIME_LIMITS_US[0] <= modified_us < _TIME_LIMITS_US[1] else None


def _spell(name: str) -> str:
    """Return a name as text. What the system could not decode is spelled, so that it can be stored and read."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def _native(path: str) -> str:
    """Return the path as the system knows it, from one that `_spell` made."""
    if "\\" not in path:
        return path
    spelled = os.fsencode(path).decode("latin-1")
    return os.fsdecode(_SPELLED_BYTE.sub(lambda found: chr(int(found[1], 16)), spelled).encode("latin-1"))
