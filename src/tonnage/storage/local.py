"""A registry on a disk.

A digest's folder is asked for the one file that belongs there, and rarely opened: see `leaves`.
Nothing is written: where that can be left out, not even when a file was read.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tonnage.errors import NoStorageError, StorageIncompleteError, StorageUnreadableError
from tonnage.formats.escapes import native, spell
from tonnage.formats.layout import ANCHORS, above_anchors
from tonnage.storage import OPEN_ALL, SCHEDULER_STATE, Entry, Format, Leaves, Part, Type
from tonnage.storage.folders import Child, children, is_alias, is_within
from tonnage.storage.leaves import Find, finder, leaves_in, pieces
from tonnage.storage.strangers import is_version_1, none_at, version_1_error

_LARGE = 25_000
"""Blobs from which on a registry is large: opening all its folders takes longer than all the rest of a scan."""

_READ_AT_ONCE = 65_536
_PIECE_BYTES = 1_048_576
"""What fits into a small buffer; one for 4 MiB would cost more to make than most files to read."""
_TO_READ = os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK


class LocalStorage(NamedTuple):
    """A storage below a folder; `root` is the one that has `blobs/` and `repositories/`.

    Ten of its methods are the calls of `Storage`.
    """

    root: str
    read_flags: int = _TO_READ
    """How its files are opened."""
    follows_out: bool = False
    """Whether symbolic links that lead out of it are followed."""
    notes_reads: bool = False
    """Whether the file system notes when files were read."""

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
        return any(os.path.isfile(f"{above}/{SCHEDULER_STATE}") for above in above_anchors(self.root))

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
            if not aliased and (find := self._finder(folder, unopened_before_us)):
                leaves, others = leaves_in(self.root, folder, find, self._children)
                yield from pieces(leaves)
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

    def _finder(self, folder: str, unopened_before_us: int) -> Find | None:
        return finder(self.root, folder, unopened_before_us, notes_reads=self.notes_reads)

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
        if is_version_1(names):
            raise version_1_error(path)
        flags = _TO_READ | _without_a_trace(root)
        storage = LocalStorage(os.path.realpath(root), flags, follow_out, _notes_reads(f"{root}/blobs"))
        _check_lockfile(Path(storage.root), ignore_lockfile)
        return storage
    if not os.path.exists(path):
        raise NoStorageError(f"`{path}` does not exist")
    raise none_at(path)


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


def _notes_reads(folder: str) -> bool:
    """Return whether the file system notes when files are read, as it is mounted here.

    Where it is mounted otherwise for the registry, the times do not move, which shows in the times themselves.
    """
    try:
        return not os.statvfs(folder).f_flag & getattr(os, "ST_NOATIME", 0)
    except OSError:
        return False


def _exists(path: Path) -> bool:
    """Return whether a file is there. Raises StorageUnreadableError where that cannot be known."""
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
