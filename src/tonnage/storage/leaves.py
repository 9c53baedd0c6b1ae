"""The ordinary files of many folders at once: a digest's folder is asked for the one file that belongs there.

Opening a folder costs more than asking for a file in it (11 µs against 3 µs, warm), and a registry is mostly folders
with one file. It is opened, in search of what does not belong, only if that file is odd, or either changed since
`unopened_before_us`.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from tonnage.formats.escapes import are_plain, native
from tonnage.storage import OPEN_NONE, Entry, Leaves, Type
from tonnage.storage.folders import TIME_LIMITS_US, Child

_LEAVES_LIMIT = 10_000
_HISTORY = "index/sha256"
_TAG_FOLDERS = ("current", "index", _HISTORY)
_Found = tuple[list[Leaves], list[str]]
"""Leaves, and the names of the folders that have to be looked into."""
Find = Callable[[int, list[str]], _Found]
"""What finds leaves, given an open folder and the names of the folders in it."""
_Look = Callable[[str], Iterator[Child]]
"""What yields all that is in a folder."""


def finder(root: str, folder: str, unopened_before_us: int, *, notes_reads: bool = False) -> Find | None:
    """Return what finds the leaves below the folders in `folder`, if that is one where they are expected.

    Of blobs it finds when they were last read too, if the file system notes it.
    """
    if unopened_before_us >= OPEN_NONE and folder.endswith("/_manifests/tags"):
        return partial(_find_tags, root=root, folder=folder)
    if file := _expected_file(folder):
        reads: list[int] | None = [] if notes_reads and file == "data" else None
        leaves = Leaves(folder, file, [], [], [], reads)
        return partial(_ordinary, leaves=leaves, unopened_before_us=unopened_before_us)
    return None


def _expected_file(folder: str) -> str | None:
    """Return the one file that belongs into the folders named by digest directly below `folder`, if that is such."""
    if folder.startswith("blobs/") and folder.count("/") == 2:
        return "data"
    parent, _, algorithm = folder.rpartition("/")
    if algorithm.startswith("sha") and parent.endswith(("/_layers", "/_manifests/revisions", "/index")):
        return "link"
    return None


def leaves_in(root: str, folder: str, find: Find, look: _Look) -> tuple[list[Leaves], list[Child]]:
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


def pieces(all_leaves: Iterable[Leaves]) -> Iterator[Leaves]:
    """Yield the same leaves in pieces of a bounded size; nothing for none."""
    for folder, file, names, sizes_bytes, times_us, read_us in all_leaves:
        for start in range(0, len(names), _LEAVES_LIMIT):
            piece = slice(start, start + _LEAVES_LIMIT)
            reads = None if read_us is None else read_us[piece]
            yield Leaves(folder, file, names[piece], sizes_bytes[piece], times_us[piece], reads)


def _ordinary(descriptor: int, names: list[str], leaves: Leaves, unopened_before_us: int) -> _Found:
    """Return the leaves with the ordinary files added, and the names of the folders that have to be looked into.

    The hottest loop of a scan: one call of the system for each folder that is not opened.
    """
    opens_none = unopened_before_us >= OPEN_NONE
    _, file, found, sizes_bytes, times_us, read_us = leaves
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
                if read_us is not None:
                    read_us.append(status.st_atime_ns // 1000)
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
