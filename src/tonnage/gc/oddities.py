"""What lies in a storage, or is missing there, that no table of links or blobs tells of. Pure."""

from collections.abc import Iterable

from tonnage.formats.names import is_digest
from tonnage.gc.tree import Fault, Folder, Node, insert


class Oddities:
    """Rows of odd_paths (path, kind, detail, content), sorted by where they lie."""

    def __init__(self, rows: Iterable[tuple[str, str, str | None, str | None]], *, has_folders: bool) -> None:
        self.paths: list[tuple[str, Node]] = []
        """All that lies below `repositories`."""
        self.inside: dict[str, list[tuple[str, Node]]] = {}
        """By repository, what lies in its folders of links."""
        self.missing_paths: list[str] = []
        self.missing_inside: dict[str, list[str]] = {}
        """By repository, what is listed and not there."""
        self.elsewhere: Folder = {}
        """The rest, such as what lies among the blobs."""
        self._among_blobs: set[tuple[str, ...]] = set()
        for path, kind, detail, content in rows:
            if kind == "nothing":
                repository, inside = split(path)
                self.missing_paths.append(path)
                self.missing_inside.setdefault(repository, []).append(inside)
            elif kind != "folder" or has_folders:
                self._add(path, _node(kind, detail, content_of(content)))

    def _add(self, path: str, node: Node) -> None:
        if not path.startswith("repositories"):
            insert(self.elsewhere, path.split("/"), node)
            if path.startswith("blobs"):
                self._among_blobs.add(tuple(path.split("/")[1:4]))
            return
        self.paths.append((path, node))
        repository, inside = split(path)
        if inside.startswith(("_manifests", "_layers")):
            self.inside.setdefault(repository, []).append((inside, node))

    def repositories(self) -> set[str]:
        """Return the repositories whose links it changes how they are read.

        Empty folders, as deletions leave them, do not, but where a file `link` is read or history removed.
        """
        odd = set(self.missing_inside)
        for name, found in self.inside.items():
            if any(node != {} or path.endswith("/link") or "/index" in path for path, node in found):
                odd.add(name)
        return odd

    def blob_beginnings(self) -> list[str]:
        """Return the beginnings of digests at whose places among the blobs something odd lies."""
        beginnings = set()
        for parts in self._among_blobs:
            algorithm, shard, hexdigits = (*parts, "", "", "")[:3]
            beginnings.add(f"{algorithm}:{hexdigits or shard}" if algorithm else "")
        return sorted(beginnings)


def content_of(digest: str | None) -> str | None:
    """Return a digest as the content of a link; None for what the collectors do not take for one."""
    return digest if digest is not None and is_digest(digest) else None


def split(path: str) -> tuple[str, str]:
    """Return the repository's name, and the path inside of it from its first `_…` on; both empty elsewhere."""
    marker = path.find("/_", 12)
    if not path.startswith("repositories/") or marker <= 12:
        return "", ""
    return path[13:marker], path[marker + 1 :]


def _node(kind: str, detail: str | None, content: str | None) -> Node:
    match kind:
        case "file":
            return content
        case "folder":
            return {}
        case "error":
            return Fault((detail or "input/output error").lower())
        case "circle":
            return Fault("too many levels of symbolic links", is_circle=True)
        case _:
            return Fault("too many levels of symbolic links")
