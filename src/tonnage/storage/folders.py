"""What is in a folder of a disk, as entries.

Symbolic links are followed once, and what they lead to inside the storage is not counted again.
Names need not be text on a disk: bytes that are no UTF-8 are spelled `\\xff` in paths.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator

from tonnage.storage import Entry, Type

_SPELLED_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")
TIME_LIMITS_US = (-62_135_596_800_000_000, 253_402_300_800_000_000)
"""The years 1 and 10000: file systems can hold times that no calendar does."""

Child = tuple[str, bool, Entry]
"""The path of what is in a folder, whether it is a folder to go into, and its entry."""


def children(root: str, folder: str) -> Iterator[Child]:
    """Yield what is in a folder.

    An empty folder yields itself as an entry, one that cannot be listed too.
    """
    path = native(f"{root}/{folder}") if folder else root
    empty = True
    try:
        with os.scandir(path) as entries:
            for found in entries:
                empty = False
                name = spell(found.name)
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


def _examine(root: str, path: str, found: os.DirEntry[str]) -> Child:
    try:
        status = found.stat(follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            return path, False, Entry(path, status.st_size, modified_us(status), inode=_inode(status))
        if stat.S_ISLNK(status.st_mode):
            return _follow(root, path)
    except FileNotFoundError:
        return path, False, Entry(path, 0, None, Type.VANISHED)
    except OSError as error:
        return path, False, Entry(path, 0, None, Type.UNREADABLE, error.strerror or str(error))
    return path, False, Entry(path, 0, None, Type.SPECIAL)


def _follow(root: str, path: str) -> Child:
    """Follow a symbolic link once: a folder is gone into unless it leads back to where its path came through.

    A loop has the place it leads back to as its detail; one that leads to itself has none, and cannot even be opened.
    """
    full = native(f"{root}/{path}")
    target = os.path.realpath(full)
    shown = spell(target)
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
    return path, False, Entry(path, status.st_size, modified_us(status), type_, shown, inode=_inode(status))


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
    path = folder = native(f"{root}/{prefix}")
    while len(folder) > len(root):  # not above it: the root is a real path, and asking on takes four times as long
        if os.path.islink(folder):
            return f"{os.path.realpath(path)}/".startswith(f"{root}/")
        folder = os.path.dirname(folder)
    return False


def _inode(status: os.stat_result) -> int | None:
    """Return the number of a file that has other names too; None for one that has not."""
    return status.st_ino if status.st_nlink > 1 else None


def modified_us(status: os.stat_result) -> int | None:
    """Return when a file was last written; None for a time that no calendar has."""
    modified_us = status.st_mtime_ns // 1000
    return modified_us if TIME_LIMITS_US[0] <= modified_us < TIME_LIMITS_US[1] else None


def spell(name: str) -> str:
    """Return a name as text. What the system could not decode is spelled, so that it can be stored and read."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")


def native(path: str) -> str:
    """Return the path as the system knows it, from one that `spell` made."""
    if "\\" not in path:
        return path
    spelled = os.fsencode(path).decode("latin-1")
    return os.fsdecode(_SPELLED_BYTE.sub(lambda found: chr(int(found[1], 16)), spelled).encode("latin-1"))
