"""A registry on a disk.

Opening a folder costs more than asking for a file in it (11 µs against 3 µs, warm), and a registry is mostly folders
with one file. So a digest's folder is asked for the one file that belongs there; it is opened, in search of what does
not belong, only if that file is odd, or either changed since `unopened_before_us`.
Nothing is written: where that can be left out, not even when a file was read.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tonnage.errors import NoStorageError, StorageIncompleteError, StorageUnreadableError
from tonnage.formats.escapes import are_plain, native, spell
from tonnage.formats.layout import ANCHORS
from tonnage.storage import OPEN_ALL, OPEN_NONE, SCHEDULER_STATE, Entry, Format, Leaves, Part, Type
from tonnage.storage.folders import TIME_LIMITS_US, Child, children, is_alias, is_within

_LARGE = 25_000
"""Blobs from which on a registry is large: opening all its folders takes longer than all the rest of a scan."""

_READ_AT_ONCE = 65_536
_PIECE_BYTES = 1_048_576
"""What fits into a small buffer; one for 4 MiB would cost more to make than most files to read."""
_TO_READ = os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK
_LEAVES_LIMIT = 10_000
_HISTORY = "index/sha256"
_TAG_FOLDERS = ("current", "index", _HISTORY)
_Found = tuple[list[Leaves], list[str]]
"""Leaves, and the names of the folders that have to be looked into."""
_Find = Callable[[int, list[str]], _Found]
"""What finds leaves, given an open folder and the names of the folders in it."""
_Look = Callable[[str], Iterator[Child]]
"""What yields all that is in a folder."""


class LocalStorage(NamedTuple):
    """A storage below a folder; `root` is the one that has `blobs/` and `repositories/`."""

    root: str
    read_flags: int = _TO_READ
    """How its files are opened."""
    follows_out: bool = False
    """Whether symbolic links that lead out of it are followed."""

    @property
    def format(self) -> Format:
        """What its paths mean."""
        return Format.REGISTRY

    @property
    def location(self) -> str:
        """The folder."""
        return spell(self.root)

    @property
    def requests_at_once(self) -> int:
        """None: what a disk makes wait for is left to the worker processes."""
        return 0

    def parts(self) -> Iterator[Part | Entry]:
        """Yield the blob shards and each repository's `_…` folders; strays outside of them as entries."""
        if self.is_cache():
            yield Entry("", 0, None, Type.CACHE, f"there is a {SCHEDULER_STATE}")
        for name, is_folder, entry in self._children(""):
            if not is_folder or entry.type is not Type.FILE:
                yield entry
            if is_folder and name == "repositories":
                yield from self._repository_parts()
            elif is_folder and name == "blobs":
                yield from self._blob_parts()
            elif is_folder:
                yield Part(name)

    def _children(self, folder: str) -> Iterator[Child]:
        return children(self.root, folder, follows_out=self.follows_out)

    def is_cache(self) -> bool:
        """Return whether the registry is a pull-through cache, as far as its own folder can be seen from here."""
        above, is_below, _ = self.root.rpartition(f"/{ANCHORS[0]}")
        return bool(is_below) and os.path.isfile(f"{above}/{SCHEDULER_STATE}")

    def _blob_parts(self) -> Iterator[Part | Entry]:
        for algorithm, is_folder, entry in self._children("blobs"):
            if not is_folder or entry.type is not Type.FILE:
                yield entry
            if is_folder:
                for shard, is_shard, inner in self._children(algorithm):
                    if not is_shard or inner.type is not Type.FILE:
                        yield inner
                    if is_shard:
                        yield Part(shard, _token(f"{self.root}/{native(shard)}"))

    def _repository_parts(self) -> Iterator[Part | Entry]:
        todo = ["repositories"]
        while todo:
            folder = todo.pop()
            for path, is_folder, entry in self._children(folder):
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
            others: Iterable[Child]
            if not aliased and (find := _finder(self.root, folder, unopened_before_us)):
                leaves, others = _leaves(self.root, folder, find, self._children)
                yield from _pieces(leaves)
            else:
                others = self._children(folder)
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
                blobs_count += _folders_count(f"{self.root}/{native(part.prefix)}")
                if blobs_count > _LARGE:
                    return True
        return False

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file piece by piece. Raises OSError."""
        descriptor = self._open(f"{self.root}/{native(path)}")
        try:
            while piece := os.read(descriptor, _PIECE_BYTES):
                yield piece
        finally:
            os.close(descriptor)

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the first `limit_bytes` of a file. Raises OSError."""
        descriptor = self._open(f"{self.root}/{native(path)}")
        try:
            content = os.read(descriptor, min(limit_bytes, _READ_AT_ONCE))
            if len(content) < _READ_AT_ONCE:  # a short read of a file is its end; not asking again saves a call
                return content
            while len(content) < limit_bytes and (more := os.read(descriptor, limit_bytes - len(content))):
                content += more
            return content
        finally:
            os.close(descriptor)

    def _open(self, path: str) -> int:
        """Open a file to read; a link only once it is seen where it leads: it may be another one than was listed."""
        follow = 0 if self.follows_out else os.O_NOFOLLOW
        try:
            return os.open(path, self.read_flags | follow)
        except PermissionError:
            return os.open(path, _TO_READ | follow)  # it may be another owner's
        except OSError as error:
            if error.errno != errno.ELOOP or not is_within(self.root, target := os.path.realpath(path)):
                raise
            return os.open(target, _TO_READ | follow)


def open_local(path: str, *, ignore_lockfile: bool = False, follow_out: bool = False) -> LocalStorage:
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
        storage = LocalStorage(os.path.realpath(root), _TO_READ | _without_a_trace(root), follow_out)
        _check_lockfile(Path(storage.root), ignore_lockfile)
        return storage
    if not os.path.exists(path):
        raise NoStorageError(f"`{path}` does not exist")
    raise NoStorageError(f"no registry storage at `{path}`")


def _without_a_trace(root: str) -> int:
    """Return the flag for opening files without noting that they were read; 0 where we may not, for only owners may.

    It is noted once a day for each file, which is written to the disk, and takes a third of the time of reading it.
    """
    flag = int(getattr(os, "O_NOATIME", 0))  # only Linux has it
    try:
        os.close(os.open(root, os.O_RDONLY | flag))
    except OSError:
        return 0
    return flag


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


def _finder(root: str, folder: str, unopened_before_us: int) -> _Find | None:
    """Return what finds the leaves below the folders in `folder`, if that is one where they are expected."""
    if unopened_before_us >= OPEN_NONE and folder.endswith("/_manifests/tags"):
        return partial(_find_tags, root=root, folder=folder)
    if file := _expected_file(folder):
        return partial(_ordinary, leaves=Leaves(folder, file, [], [], []), unopened_before_us=unopened_before_us)
    return None


def _expected_file(folder: str) -> str | None:
    """Return the one file that belongs into the folders named by digest directly below `folder`, if that is such."""
    if folder.startswith("blobs/") and folder.count("/") == 2:
        return "data"
    parent, _, algorithm = folder.rpartition("/")
    if algorithm.startswith("sha") and parent.endswith(("/_layers", "/_manifests/revisions", "/index")):
        return "link"
    return None


def _leaves(root: str, folder: str, find: _Find, look: _Look) -> tuple[list[Leaves], list[Child]]:
    """Return the ordinary files of the folders in `folder`, and all that has to be looked into."""
    try:
        descriptor = os.open(f"{root}/{native(folder)}", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return [], list(look(folder))
    try:
        names, others = _folders(folder, descriptor, look)
        leaves, odd = find(descriptor, names)
    except OSError:
        return [], list(look(folder))
    finally:
        os.close(descriptor)
    paths = [f"{folder}/{name}" for name in odd]
    return leaves, others + [(path, True, Entry(path, 0, None)) for path in paths]


def _folders(folder: str, descriptor: int, look: _Look) -> tuple[list[str], list[Child]]:
    """Return the names of the plain folders in `folder`, and whatever else is there."""
    names = os.listdir(descriptor)
    # As many links as names: all of them are folders, and none is a link to one.
    if os.fstat(descriptor).st_nlink - 2 == len(names) > 0 and are_plain(names):
        return names, []
    plain, others = [], []
    for child in look(folder):
        path, is_folder, entry = child
        name = path[len(folder) + 1 :]
        if is_folder and entry.type is Type.FILE and native(name) == name:  # the system is asked for it by this name
            plain.append(name)
        else:
            others.append(child)
    return plain, others


def _find_tags(descriptor: int, tags: list[str], root: str, folder: str) -> _Found:
    """Return the current links of the tags, then all their former ones, and what has to be looked into.

    The tags' own folders are not opened. The former links of all tags are handed on together: most tags have very few.
    """
    histories = _histories(f"{root}/{native(folder)}", [tag for tag in tags if _has_plain_folders(tag, descriptor)])
    [current], odd = _ordinary(descriptor, list(histories), Leaves(folder, "current/link", [], [], []), OPEN_NONE)
    names = [f"{tag}/{_HISTORY}/{name}" for tag in current.names for name in histories[tag]]
    [former], odd_former = _ordinary(descriptor, names, Leaves(folder, "link", [], [], []), OPEN_NONE)
    odd += [tag for tag in tags if tag not in histories]
    odd += [f"{tag}/{_HISTORY}" for tag in current.names if not histories[tag]]
    return [current, former], odd + odd_former


def _has_plain_folders(tag: str, descriptor: int) -> bool:
    """Return whether what is asked for below a tag lies there, and not behind a link."""
    try:
        return all(stat.S_ISDIR(os.lstat(f"{tag}/{name}", dir_fd=descriptor).st_mode) for name in _TAG_FOLDERS)
    except OSError:
        return False


def _histories(path: str, tags: list[str]) -> dict[str, list[str]]:
    """Return what each tag's history consists of, nothing where it is odd; without the tags that have none."""
    found = {}
    for tag in tags:
        try:
            with os.scandir(f"{path}/{tag}/{_HISTORY}") as entries:
                names = [entry.name if entry.is_dir(follow_symlinks=False) else "" for entry in entries]
        except OSError:
            continue  # the caller looks into the tag's folder, where it becomes an entry that says what is wrong
        found[tag] = names if all(names) and are_plain(names) else []
    return found


def _pieces(all_leaves: Iterable[Leaves]) -> Iterator[Leaves]:
    """Yield the same leaves in pieces of a bounded size; nothing for none."""
    for folder, file, names, sizes_bytes, times_us in all_leaves:
        for start in range(0, len(names), _LEAVES_LIMIT):
            piece = slice(start, start + _LEAVES_LIMIT)
            yield Leaves(folder, file, names[piece], sizes_bytes[piece], times_us[piece])


def _ordinary(descriptor: int, names: list[str], leaves: Leaves, unopened_before_us: int) -> _Found:
    """Return the leaves with the ordinary files added, and the names of the folders that have to be looked into.

    The hottest loop of a scan: one call of the system for each folder that is not opened.
    """
    opens_none = unopened_before_us >= OPEN_NONE
    _, file, found, sizes_bytes, times_us = leaves
    odd = []
    lstat, is_regular = os.lstat, stat.S_ISREG
    earliest_us, latest_us = TIME_LIMITS_US
    for name in names:
        try:
            status = lstat(f"{name}/{file}", dir_fd=descriptor)
            if is_regular(status.st_mode) and (
                opens_none
                or _is_settled(status, name, descriptor, unopened_before_us)
                or _names_in(name, descriptor) == [file]
            ):
                modified_us = status.st_mtime_ns // 1000
                is_known = earliest_us <= modified_us < latest_us  # not modified_us(), which costs a call
                found.append(name)
                sizes_bytes.append(status.st_size)
                times_us.append(modified_us if is_known else None)
                continue
        except OSError:
            pass  # looked into by the caller, where it becomes an entry that says what is wrong
        odd.append(name)
    return [leaves], odd


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
        return str(os.stat(path).st_ctime_ns)
    except OSError:
        return ""
