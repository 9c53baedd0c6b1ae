"""A piece of a storage in memory, as far as the collector looks at it. Pure.

A folder is a dict; a file is the digest it holds if it is taken for a link, else None. Fault is what can be listed and
not be opened: a symbolic link in a circle, a broken disk.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias


class Fault(NamedTuple):
    """Something that is there, and answers with an error."""

    reason: str
    is_circle: bool = False
    """A folder that contains itself, through a symbolic link: it can be opened, and never ends."""


Node: TypeAlias = "dict[str, Node] | str | Fault | None"
Folder: TypeAlias = "dict[str, Node]"

_SPELLED_BYTE = re.compile(rb"\\x([89a-f][0-9a-f]|5c)")


class MissingError(Exception):
    """There is no such path."""


class BrokenPathError(Exception):
    """The path leads through something that is not a folder, or that answers with an error."""


class NoFolderError(BrokenPathError):
    """The path leads through a file. An object store knows no such thing: there the path is missing."""

    def __init__(self) -> None:
        super().__init__("not a directory")


def insert(root: Folder, parts: Iterable[str], node: Node) -> None:
    """Put a node at a path, with the folders that lead there. A folder that is there already stays as it is."""
    *folders, name = parts
    for part in folders:
        below = root.get(part)
        if not isinstance(below, dict):
            below = root[part] = {}
        root = below
    if not (isinstance(node, dict) and isinstance(root.get(name), dict)):
        root[name] = node


def remove(root: Folder, parts: Iterable[str]) -> None:
    """Take a node away if it is there."""
    *folders, name = parts
    try:
        parent = find(root, folders)
    except (MissingError, BrokenPathError):
        return
    if isinstance(parent, dict):
        parent.pop(name, None)


def find(node: Node, parts: Iterable[str]) -> Node:
    """Return what is at a path. Raises MissingError and BrokenPathError."""
    for part in parts:
        if isinstance(node, Fault):
            raise MissingError if node.is_circle else BrokenPathError(node.reason)
        if not isinstance(node, dict):
            raise NoFolderError
        if part not in node:
            raise MissingError
        node = node[part]
    return node


def ordered(folder: Folder, *, is_flat: bool) -> list[str]:
    """Return the names in a folder in the order in which the collector walks them.

    By name, byte by byte; where it walks a flat listing of keys, a folder by its name and a `/`.
    """
    if is_flat:
        return sorted(folder, key=lambda name: _as_bytes(name) + (b"/" if isinstance(folder[name], dict) else b""))
    return sorted(folder, key=_as_bytes)


def _as_bytes(name: str) -> bytes:
    """Return a name as it is on the disk: see formats.escapes."""
    raw = name.encode("utf-8", "surrogatepass")
    return _SPELLED_BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), raw) if b"\\" in raw else raw
