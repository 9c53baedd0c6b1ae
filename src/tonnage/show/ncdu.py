"""An inventory as ncdu's export, to be browsed with ncdu, gdu and whatever else reads that.

Folders are the components of repositories' names and the revisions in them; files are blobs. A blob that several
revisions need is a hard link in each, so that these programs count it once wherever they add up: the size of a folder is
what it needs, and its unique size what only it needs. Source: https://dev.yorhel.nl/ncdu/jsonfmt, version 1.2.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tonnage import __version__
from tonnage.inventory.database import Inventory
from tonnage.inventory.statements import statements
from tonnage.show.printable import printable

_VERSION = [1, 2]
_BATCH_ROWS = 5_000
_DIGITS = slice(7, 19)
_STEP = 60
ORPHANED, UPLOADS = "~ orphaned: a collection frees these", "~ uploads: no collection takes these"


def export(inventory: Inventory, now: datetime) -> Iterator[str]:
    """Yield the export piece by piece. Sizes are stored bytes; those nobody knows count as 0."""
    about = {"progname": "tonnage", "progver": __version__, "timestamp": int(now.astimezone(UTC).timestamp())}
    yield f"[{_VERSION[0]},{_VERSION[1]},{json.dumps(about)},\n{_folder('/registry')}"
    inodes: dict[str, int] = {}
    yield from _revisions(inventory, inodes)
    for title, name in ((ORPHANED, "orphaned"), (UPLOADS, "uploads")):
        yield f",\n{_folder(title)}"
        for first, second, size_bytes in _rows(inventory, name):
            label = f"{first} {second}" if name == "uploads" else f"{first[_DIGITS]} {second}"
            yield f",\n{_file(label, size_bytes, _inode(inodes, f'{first} {second}' if name == 'uploads' else first))}"
        yield "]"
    yield "]]\n"


def _revisions(inventory: Inventory, inodes: dict[str, int]) -> Iterator[str]:
    """Yield the folders of repositories and revisions; those of one path stand beside each other."""
    at: list[str] = []
    revision = ""
    for repository, digest, name, is_tagged, blob, step, size_bytes, links_count in _rows(inventory, "files"):
        path = repository.split("/")
        if path != at or digest != revision:
            yield "]" if revision else ""
            if path != at:
                kept = _shared(at, path)
                yield "]" * (len(at) - kept)
                yield "".join(f",\n{_folder(part)}" for part in path[kept:])
                at = path
            title = name if is_tagged else f"{name} {digest[_DIGITS]}"
            yield f",\n{_folder(title)}"
            revision = digest
        label = f"{blob[_DIGITS]} {step or ''}"
        yield f",\n{_file(label, size_bytes, _inode(inodes, blob), links_count)}"
    yield "]" * (len(at) + bool(revision))


def _rows(inventory: Inventory, name: str) -> Iterator[tuple[Any, ...]]:
    cursor = inventory.connection.cursor()
    cursor.execute("use inventory")
    cursor.execute(statements("ncdu")[name].sql)
    while rows := cursor.fetchmany(_BATCH_ROWS):
        yield from rows


def _shared(one: list[str], other: list[str]) -> int:
    """Return how many components two paths begin with together."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def _inode(inodes: dict[str, int], blob: str) -> int:
    return inodes.setdefault(blob, len(inodes) + 1)


def _folder(name: str) -> str:
    """Return the beginning of a folder; whoever opens it closes it."""
    return "[" + json.dumps({"name": _name(name)})


def _file(name: str, size_bytes: int, inode: int, links_count: int = 1) -> str:
    about: dict[str, Any] = {"name": _name(name), "asize": size_bytes, "dsize": size_bytes, "ino": inode}
    if links_count > 1:
        about |= {"hlnkc": True, "nlink": links_count}
    return json.dumps(about)


def _name(text: str) -> str:
    """Return what may be a file's name, and is one line: a build step has slashes and may have anything."""
    return printable(" ".join(text.split()))[:_STEP].replace("/", "\u2215") or "-"
