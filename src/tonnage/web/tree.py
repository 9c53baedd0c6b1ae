"""The map as a tree: disk, namespaces, repositories, and in them what is drawn. Every byte is in one leaf. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a place is."""

    DISK = "disk"
    NAMESPACE = "namespace"
    REPOSITORY = "repository"
    REVISION = "revision"
    SHARED = "shared"
    """Several need it, and this place is the smallest that holds them all."""
    UNTAGGED = "untagged"
    ORPHANED = "orphaned"
    UPLOADS = "uploads"
    OTHER = "other"
    """Links, strays, and what a bucket keeps besides: one leaf for each class."""
    PREFIX = "prefix"
    """Tags that begin alike, where they are many."""


GROUPS = (Kind.DISK, Kind.NAMESPACE, Kind.REPOSITORY, Kind.PREFIX)


class Row(NamedTuple):
    """A row of sql/page/places.sql."""

    place_id: int
    klass: str
    level: str
    namespace: str | None
    repository: str | None
    revision: str | None
    size_bytes: int
    blobs_count: int
    pushed_at: datetime | None
    tags_count: int
    tags: list[str]


@dataclass(slots=True)
class Place:
    """A place of the map; its bytes are those of all below it."""

    kind: Kind
    name: str = ""
    """Of a namespace or repository; of other leaves their class; of a prefix what its tags begin with."""
    namespace: str = ""
    repository: str = ""
    revision: str = ""
    tags: tuple[str, ...] = ()
    tags_count: int = 0
    size_bytes: int = 0
    blobs_count: int = 0
    pushed_at: datetime | None = None
    place_ids: list[int] = field(default_factory=list)
    """Of the blobs that lie right here."""
    children: list["Place"] = field(default_factory=list)

    def all_ids(self) -> Iterator[int]:
        """Yield the ids of this place and all below it."""
        yield from self.place_ids
        for child in self.children:
            yield from child.all_ids()

    def add(self, row: Row) -> None:
        """Count the bytes of a row here."""
        self.size_bytes += row.size_bytes
        self.blobs_count += row.blobs_count
        self.pushed_at = _later(self.pushed_at, row.pushed_at)


@dataclass
class Tree:
    """All places, and how to find them by name."""

    root: Place
    namespaces: dict[str, Place]
    repositories: dict[str, Place]

    def find(self, *, repository: str = "", namespace: str = "") -> Place | None:
        """Return a place by name; the disk where no name is given."""
        if repository:
            return self.repositories.get(repository)
        return self.namespaces.get(namespace) if namespace else self.root


def build(rows: Iterable[Row], repositories: Iterable[str], classes: dict[str, int]) -> Tree:
    """Return the tree. `classes` are the bytes of files that are not blobs, by class."""
    tree = Tree(Place(Kind.DISK), {}, {})
    for name in repositories:
        _repository(tree, name)
    for row in rows:
        _place(tree, row)
    for klass, size_bytes in classes.items():
        kind = Kind.UPLOADS if klass == "uploads" else Kind.OTHER
        tree.root.children.append(Place(kind, klass, size_bytes=size_bytes))
        tree.root.size_bytes += size_bytes
    _sort(tree.root)
    return tree


def namespace_of(repository: str) -> str:
    """Return the first component of a name; nothing for a name of one."""
    return repository.partition("/")[0] if "/" in repository else ""


def _repository(tree: Tree, name: str) -> Place:
    if name not in tree.repositories:
        namespace = namespace_of(name)
        place = tree.repositories[name] = Place(Kind.REPOSITORY, name, namespace, name)
        above = _namespace(tree, namespace) if namespace else tree.root
        above.children.append(place)
    return tree.repositories[name]


def _namespace(tree: Tree, name: str) -> Place:
    if name not in tree.namespaces:
        place = tree.namespaces[name] = Place(Kind.NAMESPACE, name, name)
        tree.root.children.append(place)
    return tree.namespaces[name]


def _place(tree: Tree, row: Row) -> None:
    """Put the bytes of a row into its leaf, and count them in all that is above."""
    path = [tree.root]
    if row.namespace:
        path.append(_namespace(tree, row.namespace))
    if row.repository:
        path.append(_repository(tree, row.repository))
    for place in path:
        place.add(row)
    leaf = _leaf(path[-1], row)
    leaf.add(row)
    leaf.place_ids.append(row.place_id)


def _leaf(place: Place, row: Row) -> Place:
    """Return the leaf of a row right below its place."""
    kind = _kind_of(row)
    if kind is not Kind.REVISION:
        found = next((child for child in place.children if child.kind is kind), None)
        if found:
            return found
    leaf = Place(
        kind, row.klass, place.namespace, place.repository, row.revision or "", tuple(row.tags), row.tags_count
    )
    place.children.append(leaf)
    return leaf


def _kind_of(row: Row) -> Kind:
    if row.klass == "orphaned":
        return Kind.ORPHANED
    if row.klass == "untagged":
        return Kind.UNTAGGED
    return Kind.REVISION if row.level == "revision" else Kind.SHARED


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other


def _sort(place: Place) -> None:
    place.children.sort(key=lambda child: (-child.size_bytes, child.kind, child.name, child.revision))
    for child in place.children:
        _sort(child)
