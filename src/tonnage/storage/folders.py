"""What is in a folder of a disk, as entries.

Symbolic links are followed once, and what they lead to inside the storage is not counted again. Whoever may write to the
storage can make one that leads anywhere: out of it none is followed, unless that was asked for.
"""

import errno
import os
import stat
from collections.abc import Iterator

from tonnage.formats.escapes import native, spell
from tonnage.storage import Entry, Type

TIME_LIMITS_US = (-62_135_596_800_000_000, 253_402_300_800_000_000)
"""The years 1 and 10000: file systems can hold times that no calendar does."""

Child = tuple[str, bool, Entry]
"""The path of what is in a folder, whether it is a folder to go into, and its entry."""


def children(root: str, folder: str, *, follows_out: bool = False) -> Iterator[Child]:
    """Yield what is in a folder.

    An empty folder yields itself as an entry, one that cannot be listed too.
    """
    path = f"{root}/{native(folder)}" if folder else root
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
                    yield _examine(root, below, found, follows_out)
    except FileNotFoundError:
        yield folder, False, Entry(folder, 0, None, Type.VANISHED)
    except OSError as error:
        yield folder, False, Entry(folder, 0, None, Type.UNREADABLE, error.strerror or str(error))
    else:
        if empty and folder:
            yield folder, False, Entry(folder, 0, None, Type.EMPTY_FOLDER)


def _examine(root: str, path: str, found: os.DirEntry[str], follows_out: bool) -> Child:
    try:
        status = found.stat(follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            return path, False, Entry(path, status.st_size, modified_us(status), inode=_inode(status))
        if stat.S_ISLNK(status.st_mode):
            return _follow(root, path, follows_out)
    except FileNotFoundError:
        return path, False, Entry(path, 0, None, Type.VANISHED)
    except OSError as error:
        return path, False, Entry(path, 0, None, Type.UNREADABLE, error.strerror or str(error))
    return path, False, Entry(path, 0, None, Type.SPECIAL)


def _follow(root: str, path: str, follows_out: bool) -> Child:
    """Follow a symbolic link once: a folder is gone into unless it leads back to where its path came through.

    Of one that leads out of the storage nothing is asked but whether its target is there.

    A loop has the place it leads back to as its detail; one that leads to itself has none, and cannot even be opened.
    """
    full = f"{root}/{native(path)}"
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
    is_inside = is_within(root, target)
    is_back = stat.S_ISDIR(status.st_mode) and _leads_back(root, full, target)
    if not (is_inside or is_back or follows_out):
        return path, False, Entry(path, 0, None, Type.OUTSIDE, shown)
    if stat.S_ISDIR(status.st_mode):
        if is_back:
            return path, False, Entry(path, 0, None, Type.SYMLINK_LOOP, shown)
        return path, True, Entry(path, 0, None, Type.SYMLINK, shown)
    if not stat.S_ISREG(status.st_mode):
        return path, False, Entry(path, 0, None, Type.SPECIAL, shown)
    type_ = Type.ALIAS if is_inside else Type.FILE
    return path, False, Entry(path, status.st_size, modified_us(status), type_, shown, inode=_inode(status))


def _leads_back(root: str, link: str, target: str) -> bool:
    """Return whether one of the folders on the way to the link, however reached, is the target or lies in it."""
    folder = os.path.dirname(link)
    while len(folder) >= len(root):
        if f"{os.path.realpath(folder)}/".startswith(f"{target}/"):
            return True
        folder = os.path.dirname(folder)
    return False


def is_within(root: str, target: str) -> bool:
    """Return whether a real path lies in the storage."""
    return f"{target}/".startswith(f"{root.rstrip('/')}/")


def is_alias(root: str, prefix: str) -> bool:
    """Return whether `prefix` is reached through a symbolic link to another place inside the storage."""
    path = folder = f"{root}/{native(prefix)}"
    while len(folder) > len(root):  # not above it: the root is a real path, and asking on takes four times as long
        if os.path.islink(folder):
            return is_within(root, os.path.realpath(path))
        folder = os.path.dirname(folder)
    return False


def _inode(status: os.stat_result) -> int | None:
    """Return the number of a file that has other names too; None for one that has not."""
    return status.st_ino if status.st_nlink > 1 else None


def modified_us(status: os.stat_result) -> int | None:
    """Return when a file was last written; None for a time that no calendar has."""
    modified_us = status.st_mtime_ns // 1000
    return modified_us if TIME_LIMITS_US[0] <= modified_us < TIME_LIMITS_US[1] else None
