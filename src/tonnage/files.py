"""The one door for everything tonnage writes: inventories, plans, reports, scripts, saved manifests.

A name is followed to the file behind it, which has to be absent or a regular file, and outside of any registry's storage.
The new content is written in a private folder beside that file and takes its place in one step, or is never seen. While
that goes on, a lock beside the file keeps others from doing the same; it is held until after the exchange.

What a killed program leaves is a folder and a lock file, both named `.tonnage-<12 digits that stand for the file's name>`:
short, so that a name of 255 bytes has room for them. Whoever writes the same file next holds the lock, so any such folder
is abandoned, and is removed. Nothing else ever is.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tonnage.errors import WriteError

_OUR_LOCK = b"tonnage "
"""How a lock file begins; one that begins otherwise is somebody else's."""
_PATIENCE_SECONDS = 10.0
"""What a writer of small files waits for another one of the same file."""
_PAUSE_SECONDS = 0.02
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISLNK, "a symbolic link that leads round in a circle"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)
_ANOTHER = "choose another place for it"
_STDOUT = "name a regular file; reports go to stdout with -o -"


def place_of(path: Path) -> Path:
    """Return the file that a name leads to, symbolic links followed.

    Raises WriteError unless it is absent or a regular file, and outside of any registry's storage.
    """
    place = Path(os.path.realpath(path))
    try:
        mode = place.lstat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    except OSError as error:
        raise WriteError(f"cannot write `{path}`: {error.strerror}", _ANOTHER) from error
    if kind := next((name for is_kind, name in _KINDS if is_kind(mode)), ""):
        raise WriteError(f"`{path}` is {kind}", _ANOTHER if stat.S_ISDIR(mode) else _STDOUT)
    _refuse_storage(place, path)
    return place


def _refuse_storage(place: Path, path: Path) -> None:
    if storage := next(filter(_is_storage, place.parents), None):
        raise WriteError(f"`{path}` lies inside the registry `{storage}`, which is only read", _ANOTHER)


@contextlib.contextmanager
def replacing(path: Path, *, patience_seconds: float = _PATIENCE_SECONDS) -> Iterator[Path]:
    """Yield where to write; when the block ends well, that takes the place of what `path` leads to.

    Raises WriteError if it may not be written there, or cannot, or somebody else is doing so; the old file then stays.
    """
    place = place_of(path)
    with _as_write_error(path), _locked(place, path, patience_seconds), _private_folder(place) as folder:
        new = folder / "new"
        yield new
        _keep_mode(place, new)
        os.replace(new, place)
        sync_folder(place.parent)


def write_file(path: Path, content: bytes) -> None:
    """Put bytes in the place of what `path` leads to: all of them, on the disk, or none. Raises WriteError."""
    with replacing(path) as new, new.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def new_folder(path: Path, *, makes_parent: bool = False) -> Iterator[Path]:
    """Yield a folder to be filled that becomes `path` when the block ends well; until then there is none of that name.

    With `makes_parent` the folder it goes into need not be there. Raises WriteError.
    """
    place = Path(os.path.realpath(path))
    _refuse_storage(place, path)
    parent = _parent_of(place) if makes_parent else contextlib.nullcontext()
    with _as_write_error(path), parent, _locked(place, path, 0), _private_folder(place) as folder:
        new = folder / "new"
        new.mkdir()
        yield new
        os.rename(new, place)


@contextlib.contextmanager
def _parent_of(place: Path) -> Iterator[None]:
    """Have the folder there that something goes into; it goes again with what fails, if it was not there before."""
    is_new = not os.path.exists(place.parent)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):  # not empty: somebody else is at work there too
                place.parent.rmdir()
        raise


def remove_abandoned(path: Path) -> None:
    """Remove what a writer left that was killed. If another one is at work, or nothing can be written, the next one will."""
    with contextlib.suppress(WriteError):
        place = place_of(path)
        with _as_write_error(path), _locked(place, path, 0):
            _remove_abandoned(place)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_storage(folder: Path) -> bool:
    """Return whether a folder is the storage of a registry, or an OCI image layout."""
    is_layout = os.path.isfile(folder / "oci-layout")
    return is_layout or all(os.path.isdir(folder / name) for name in ("blobs", "repositories"))


@contextlib.contextmanager
def _as_write_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(f"cannot write `{path}`: {error.strerror or error}", _ANOTHER) from error


def _prefix(place: Path) -> str:
    """Return how the names begin of what is ours beside a file."""
    return f".tonnage-{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:12]}"


@contextlib.contextmanager
def _private_folder(place: Path) -> Iterator[Path]:
    """Yield a folder beside a file, for this user alone. Whoever calls it holds the lock."""
    _remove_abandoned(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{_prefix(place)}-", dir=place.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what stays all the same, the next one removes


def _remove_abandoned(place: Path) -> None:
    with os.scandir(place.parent) as entries:
        left = [e.path for e in entries if e.name.startswith(f"{_prefix(place)}-") and e.is_dir(follow_symlinks=False)]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)


def _keep_mode(place: Path, new: Path) -> None:
    """Give a new file the permissions, and where we may the owner, of the one it replaces."""
    try:
        old = place.lstat()
    except FileNotFoundError:
        return
    with contextlib.suppress(PermissionError):  # only root may give a file away; then it is ours, as any new one
        os.chown(new, old.st_uid, old.st_gid)
    new.chmod(stat.S_IMODE(old.st_mode))


class _Lock:
    """A lock that is held. A forked worker lets go of it at once, else a killed parent's would live on with it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        from multiprocessing.util import register_after_fork

        self.path = path
        self.descriptor = descriptor
        register_after_fork(self, _Lock.close)

    def close(self) -> None:
        os.close(self.descriptor)


@contextlib.contextmanager
def _locked(place: Path, path: Path, patience_seconds: float) -> Iterator[None]:
    """Hold the lock of a file. It is removed before it is let go: who waits for it looks whether it is still there."""
    lock = None
    try:
        lock = _take_lock(place.with_name(f"{_prefix(place)}.lock"), path, time.monotonic() + patience_seconds)
        yield
    finally:
        if lock is not None:
            with contextlib.suppress(OSError):  # an empty file that stays is taken by the next one
                lock.path.unlink()
            lock.close()


def _take_lock(file: Path, path: Path, until: float) -> _Lock:
    while True:
        descriptor = _open_lock(file)
        if _holds(descriptor, file):
            with contextlib.suppress(OSError):  # on a full disk nobody can be told who we are
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, _OUR_LOCK + _who().encode(), 0)
            return _Lock(file, descriptor)
        who = os.pread(descriptor, 200, 0).removeprefix(_OUR_LOCK).decode(errors="replace")
        os.close(descriptor)
        if time.monotonic() >= until:
            raise WriteError(
                f"`{path}` is being written by {who or 'another tonnage'}", f"wait for its end, or {_ANOTHER}"
            )
        time.sleep(_PAUSE_SECONDS)


def _open_lock(file: Path) -> int:
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | flags, 0o644)
    except PermissionError:
        if not file.exists():
            raise
        descriptor = os.open(file, os.O_RDONLY | flags)  # another user's, killed: locked without a word in it
    is_ours = stat.S_ISREG(os.fstat(descriptor).st_mode) and os.pread(descriptor, 8, 0) in (b"", _OUR_LOCK)
    if not is_ours:
        os.close(descriptor)
        raise WriteError(f"`{file}` is in the way, and not a lock of tonnage", "move it away")
    return descriptor


def _holds(descriptor: int, file: Path) -> bool:
    """Return whether the file is locked by us now, and is still the one of that name."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    try:
        return os.path.samestat(os.fstat(descriptor), file.lstat())
    except FileNotFoundError:
        return False


def _who() -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"process {os.getpid()} on {socket.gethostname()} since {now} UTC"
