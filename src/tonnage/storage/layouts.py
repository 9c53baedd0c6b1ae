"""OCI image layouts on a disk: one, or a tree of them, as zot keeps its repositories.

A repository's folder is a part; the folders of other repositories may lie in it. Symbolic links are followed as they
are in a registry's own storage, and hard links are recognised by the number of the file.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

from tonnage.formats.image_layout import INDEX_FILE, LAYOUT_FILE
from tonnage.formats.layout import ALGORITHMS
from tonnage.storage import OPEN_ALL, Entry, Format, Part, Type
from tonnage.storage.folders import children, is_alias
from tonnage.storage.local import LocalStorage
from tonnage.storage.strangers import is_content_store

_LOOKED_INTO_LIMIT = 2_000
"""Folders opened in search of a layout, before a place is taken for none."""
_ROOT = "."
"""The part of a layout that is the root itself; an empty prefix means what lies outside of all parts."""
_REGISTRY_FOLDERS = frozenset({"_manifests", "_layers", "_uploads"})


class LayoutStorage(NamedTuple):
    """Layouts below a folder; `repository` is the name of the one that is the folder itself, if it is."""

    root: str
    repository: str = ""
    follows_out: bool = False
    """Whether symbolic links that lead out of the folder are followed."""

    @property
    def format(self) -> Format:
        """What its paths mean."""
        return Format.LAYOUTS

    @property
    def location(self) -> str:
        """The folder."""
        return LocalStorage(self.root).location

    @property
    def requests_at_once(self) -> int:
        """None: what a disk makes wait for is left to the worker processes."""
        return 0

    @property
    def _files(self) -> LocalStorage:
        return LocalStorage(self.root, follows_out=self.follows_out)

    def parts(self) -> Iterator[Part | Entry]:
        """Yield each layout's folder, and what lies beside them as entries."""
        todo = [""]
        while todo:
            folder = todo.pop()
            found = list(children(self.root, folder, follows_out=self.follows_out))
            is_layout = _is_layout(self.root, folder, {_name(path) for path, _, _ in found}, self.follows_out)
            if is_layout:
                yield Part(folder or _ROOT)
            for path, is_folder, entry in found:
                if is_layout and _belongs(path, is_folder):
                    continue
                if not is_folder or entry.type is not Type.FILE:
                    yield entry
                if is_folder:
                    todo.append(path)

    def list(self, prefix: str, unopened_before_us: int = OPEN_ALL) -> Iterator[Entry]:
        """Yield the files of one layout: those in its folder, its blobs, its uploads."""
        folder = "" if prefix == _ROOT else prefix
        aliased = bool(folder) and is_alias(self.root, folder)
        for path, is_folder, entry in children(self.root, folder, follows_out=self.follows_out):
            if not _belongs(path, is_folder):
                continue
            if is_folder:
                if entry.type is not Type.FILE:
                    yield entry
                yield from (inner for inner in self._files.list(path) if isinstance(inner, Entry))
            else:
                yield entry._replace(type=Type.ALIAS) if aliased and entry.type is Type.FILE else entry

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file piece by piece. Raises OSError."""
        return LocalStorage(self.root).stream(path)

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the first `limit_bytes` of a file. Raises OSError."""
        return self._files.read(path, limit_bytes)

    def describe_requests(self) -> str:
        """Return nothing: reading costs nothing."""
        return ""

    def is_large(self) -> bool:
        """Return False: every folder is opened in any case."""
        return False


def find_layouts(path: str, *, follow_out: bool = False) -> LayoutStorage | None:
    """Return the layouts at or below `path`; None if there are none, or a registry's own storage comes first."""
    root = os.path.realpath(path)
    todo = [""]
    for _ in range(_LOOKED_INTO_LIMIT):
        if not todo:
            return None
        folder = todo.pop(0)
        found = list(children(root, folder, follows_out=follow_out))
        names = {_name(path) for path, _, _ in found}
        if names & _REGISTRY_FOLDERS:
            return None
        if _is_layout(root, folder, names, follow_out):
            return LayoutStorage(root, "" if folder else os.path.basename(root), follow_out)
        todo += [path for path, is_folder, _ in found if is_folder and _name(path) not in ALGORITHMS]
    return None


def _is_layout(root: str, folder: str, names: set[str], follows_out: bool) -> bool:
    """Return whether a folder is a layout, as far as its names tell: one that lost its index and marker is one too."""
    if "repositories" in names or is_content_store(names):
        return False
    if LAYOUT_FILE in names or (INDEX_FILE in names and "blobs" in names):
        return True
    return "blobs" in names and any(
        not is_folder and len(_name(path)) == hexdigits_count
        for algorithm, hexdigits_count in ALGORITHMS.items()
        for path, is_folder, _ in children(root, f"{folder}/blobs/{algorithm}".lstrip("/"), follows_out=follows_out)
    )


def _belongs(path: str, is_folder: bool) -> bool:
    """Return whether what lies in a layout's folder is of this layout; other folders may be other repositories."""
    return not is_folder or _name(path) == "blobs" or _name(path).startswith(".")


def _name(path: str) -> str:
    return path.rpartition("/")[2]
