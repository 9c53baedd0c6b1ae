"""A registry's storage as its collector would see it, put together from an inventory.

Digests are text here: the names of folders, and what the collector compares.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

from tonnage.gc.near import Near
from tonnage.gc.oddities import Oddities, split
from tonnage.gc.tree import BrokenPathError, Fault, Folder, MissingError, Node, NoFolderError, find, insert, remove
from tonnage.inventory.database import Inventory
from tonnage.inventory.statements import statements

_SYMLINKS_LIMIT = 40
"""As many symbolic links Linux follows on one path."""


_ONCE = (
    "gc_tag", "gc_own_tag", "gc_revision", "gc_tag_history", "gc_layer_link",
    "gc_linked", "gc_odd_digest", "gc_odd_link", "gc_odd_tag", "gc_odd_manifest", "gc_touched_state", "gc_state",
    "gc_rule",
)  # fmt: skip
"""What depends on the deletions before the collection, and not on who collects, in the order in which it builds up."""


class Collector(NamedTuple):
    """Which program collects, and how it is called."""

    version: int
    """2 or 3."""
    delete_untagged: bool = False

    @property
    def name(self) -> str:
        """`2.x`, `2.x -m`, `3.x` or `3.x -m`."""
        return f"{self.version}.x{' -m' if self.delete_untagged else ''}"


class Driver(NamedTuple):
    """How the collector sees what it is stored on, by its storage driver."""

    has_folders: bool
    """A folder can be empty, and a file cannot lie where a folder is looked for. Object stores know only keys."""
    walks_keys: bool
    """3.x walks one flat listing of keys, and misses nothing where there are none."""


DISK = Driver(has_folders=True, walks_keys=False)
S3 = Driver(has_folders=False, walks_keys=True)
OTHER_STORE = Driver(has_folders=False, walks_keys=False)
"""Google's and Azure's: listed folder by folder, as a disk is."""


class Deletion(NamedTuple):
    """A deletion over HTTP that comes before the collection: by digest, or of one tag alone."""

    repository: str
    digest: str
    tag: str = ""


class Replica:
    """The storage. Several collectors may be replayed over it, one after the other; none changes it.

    It has a method for each question that a collector asks of its disk.
    """

    def __init__(self, inventory: Inventory, deletions: Iterable[Deletion] = (), *, driver: Driver = DISK) -> None:
        self.inventory = inventory
        self.driver = driver
        for name in ("gc_collector", "gc_deletion", "gc_walk", "gc_eligible"):
            self.run(name)
        if columns := [list(column) for column in zip(*deletions, strict=True)]:
            self.run("add_deletions", repositories=columns[0], digests=columns[1], tags=columns[2])
        for name in _ONCE:
            self.run(name)
        inside = f"{self.run('location')[0][0]}/"
        self.symlinks = {path: target.removeprefix(inside) for path, target in self.run("symlinks")}
        """Where symbolic links lead: below `v2/`, or anywhere else on the disk."""
        self.marked_for: tuple[int, list[tuple[int, int]]] | None = None
        """What gc_mark holds: the version with -m, else 0, and rank and id of each repository that marks at once."""
        self.near = Near(self.run)
        """What is known of the digests in links of the repositories at work."""
        self._read_folders()
        self.odd = Oddities(self.run("odd_paths"), has_folders=driver.has_folders)
        self._read_blobs()

    def run(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        """Run one statement of sql/gc."""
        return self.inventory.query(statements("gc")[name].sql, values).rows

    def use(self, collector: Collector) -> None:
        """Say which collector is at work: deletions over HTTP leave a little less behind in 2.x."""
        self.collector = collector
        self.run("gc_collector")
        self.run("add_collector", **collector._asdict())

    @property
    def is_flat(self) -> bool:
        """Whether this collector walks a flat listing of keys."""
        return self.driver.walks_keys and self.collector.version >= 3

    def find(self, node: Node, parts: Iterable[str]) -> Node:
        """Return what is at a path, as the driver sees it. Raises MissingError and BrokenPathError."""
        try:
            return find(node, parts)
        except NoFolderError:
            if self.driver.has_folders:
                raise
            raise MissingError from None

    def find_folder(self, node: Node, parts: Iterable[str]) -> Folder:
        """Return the folder at a path. Raises MissingError and BrokenPathError."""
        found = self.find(node, parts)
        if isinstance(found, dict):
            return found
        if isinstance(found, Fault):
            raise BrokenPathError(found.reason)
        if self.driver.has_folders:
            raise NoFolderError
        raise MissingError

    def set_eligible(self, links: Iterable[tuple[str, str]]) -> None:
        """Say which revisions (repository, digest) are to go, for `put_together`."""
        self.run("gc_eligible")
        self.run("add_eligible", **columns_of(links))

    def has_blob(self, digest: str) -> bool:
        """Return whether the blob's file is there. Raises BrokenPathError where the way to it is blocked."""
        if self.near.is_blob(digest):
            return True
        algorithm, _, hexdigits = digest.partition(":")
        try:
            node = self.find(self.odd_blobs, (algorithm, hexdigits[:2], hexdigits, "data"))
        except MissingError:
            return False
        if isinstance(node, Fault):
            raise BrokenPathError(node.reason)
        return not isinstance(node, dict)

    def real_path(self, path: str) -> str:
        """Return the path with symbolic links resolved, but not in its last part: what a removal really removes."""
        for _ in range(_SYMLINKS_LIMIT):
            parts = path.split("/")
            for count in range(1, len(parts)):
                target = self.symlinks.get("/".join(parts[:count]))
                if target is not None:
                    path = "/".join([target, *parts[count:]])
                    break
            else:
                return path
        return path

    def folders_of(self, name: str) -> list[str]:
        """Return the folders of its own that a repository has."""
        return self._folders.get(name, [])

    def links_count_of(self, name: str) -> int:
        """Return how many links a repository has, about."""
        return self._links_counts.get(name, 0)

    def repositories(self) -> Folder:
        """Return the folder `repositories` as far as the walk for repositories looks.

        Raises MissingError and BrokenPathError.
        """
        return self.find_folder(self._walked, ["repositories"])

    @cached_property
    def _walked(self) -> Folder:
        """What that walk looks at, the same for every collector."""
        root: Folder = {}
        for repository, folders in self._folders.items():
            parent = ["repositories", *repository.split("/")]
            for name in {folder.partition("/")[0] for folder in folders}:
                insert(root, [*parent, name], {})
        for path, node in self.odd.paths:
            repository, inside = split(path)
            if not inside or inside.count("/") == 0:
                insert(root, path.split("/"), node)
            elif not self.driver.has_folders:
                insert(root, ["repositories", *repository.split("/"), inside.partition("/")[0]], {})
        for path in self.odd.missing_paths:
            remove(root, path.split("/"))
        return root

    def _read_folders(self) -> None:
        self._folders: dict[str, list[str]] = defaultdict(list)
        self.repository_ids: dict[str, int] = {}
        self._links_counts: dict[str, int] = {}
        folders = self.run("folders" if self.driver.has_folders else "object_folders")
        for repository_id, repository, folder, links_count in folders:
            self._folders[repository].append(folder)
            self.repository_ids[repository] = repository_id
            self._links_counts[repository] = max(links_count, self._links_counts.get(repository, 0))

    def _read_blobs(self) -> None:
        """Read the blobs; those whose name is not a full digest are odd paths, as the collector stops on them."""
        for (digest,) in self.run("odd_blobs"):
            algorithm, _, hexdigits = digest.partition(":")
            insert(self.odd.elsewhere, ("blobs", algorithm, hexdigits[:2], hexdigits, "data"), None)
        if self.run("has_blobs")[0][0]:
            self.odd.elsewhere.setdefault("blobs", {})
        if not self.driver.has_folders and not isinstance(self.odd.elsewhere.get("blobs"), dict):
            self.odd.elsewhere.pop("blobs", None)
        self.odd_blobs: Node = self.odd.elsewhere.get("blobs", {})
        self.has_blobs_folder = "blobs" in self.odd.elsewhere


def columns_of(links: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return links (repository, digest) as values of a statement."""
    pairs = list(links)
    return {"repositories": [repository for repository, _ in pairs], "digests": [digest for _, digest in pairs]}
