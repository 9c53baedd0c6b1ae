"""Repositories as folders, put together a few at a time when the collector comes to them.

With them comes what is known of the digests in their links, so that a large registry needs little memory.
"""

from collections.abc import Iterator
from typing import Any

from tonnage.gc.oddities import content_of
from tonnage.gc.replica import Replica
from tonnage.gc.tree import Folder, find, insert, remove

_LINKS_AT_ONCE = 100_000
"""Repositories are put together until they have this many links."""


def put_together(replica: Replica, names: list[str], *, only_eligible: bool = False) -> Iterator[tuple[str, Folder]]:
    """Yield each repository's own folders with what is in them, as far as the collector looks.

    With `only_eligible`: of tag history only what belongs to the revisions in gc_eligible, for their removal.
    """
    replica.run("gc_walk")
    replica.run("add_walk", repository_ids=[replica.repository_ids.get(name, -1) for name in names])
    first = 0
    while first < len(names):
        last, links_count = first, 0
        while last < len(names) and (last == first or links_count < _LINKS_AT_ONCE):
            links_count += replica.links_count_of(names[last])
            last += 1
        if not only_eligible:
            replica.near.come(first, last - 1)
        yield from _some(replica, names, first, last - 1, only_eligible)
        first = last


def _some(
    replica: Replica, names: list[str], first: int, last: int, only_eligible: bool
) -> Iterator[tuple[str, Folder]]:
    """Put the repositories from `first` to `last` together."""
    trees: list[Folder] = [_bare_tree(replica, name) for name in names[first : last + 1]]
    ranks = {"first_rank": first, "last_rank": last}
    _add_links(trees, first, ("_manifests", "revisions"), replica.run("walked_revisions", **ranks))
    if only_eligible:
        _add_history(trees, first, replica.run("walked_history", **ranks))
    elif replica.collector.delete_untagged:
        _add_tags(trees, first, replica.run("walked_tags", **ranks))
    if not only_eligible:
        links = replica.run("walked_layer_links", all=replica.collector.version >= 3, **ranks)
        _add_links(trees, first, ("_layers",), links)
    for name, tree in zip(names[first : last + 1], trees, strict=True):
        for path, node in replica.odd.inside.get(name, ()):
            insert(tree, path.split("/"), node)
        for path in replica.odd.missing_inside.get(name, ()):
            remove(tree, path.split("/"))
        yield name, tree


def _bare_tree(replica: Replica, name: str) -> Folder:
    tree: Folder = {}
    for folder in replica.folders_of(name):
        insert(tree, folder.split("/"), {})
    return tree


def _add_links(trees: list[Folder], first: int, folder: tuple[str, ...], links: list[tuple[Any, ...]]) -> None:
    """Add link files: rank of the repository, the digest in the path, the one inside."""
    homes: dict[tuple[int, str], Folder] = {}
    for rank, path_digest, content in links:
        algorithm, _, hexdigits = path_digest.partition(":")
        home = homes.get((rank, algorithm))
        if home is None:
            insert(trees[rank - first], (*folder, algorithm), {})
            found = find(trees[rank - first], (*folder, algorithm))
            home = homes[rank, algorithm] = found if isinstance(found, dict) else {}
        home[hexdigits] = {"link": content_of(content)}


def _add_tags(trees: list[Folder], first: int, tags: list[tuple[Any, ...]]) -> None:
    for rank, tag, has_link, digest in tags:
        folder = ("_manifests", "tags", tag)
        if has_link:
            insert(trees[rank - first], (*folder, "current", "link"), content_of(digest))
        else:
            insert(trees[rank - first], folder, {})


def _add_history(trees: list[Folder], first: int, history: list[tuple[Any, ...]]) -> None:
    for rank, tag, digest in history:
        algorithm, _, hexdigits = digest.partition(":")
        insert(trees[rank - first], ("_manifests", "tags", tag, "index", algorithm, hexdigits, "link"), None)
