"""A settled set of deletions as the items of a plan: the calls, in the order in which a stop between them harms nobody."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

from tonnage.plan import Action, Item, Kept
from tonnage.planning.deletions import Deletions


def items_of(deletions: Deletions, registry_version: int) -> tuple[list[Item], list[Kept]]:
    """Return the calls in their order, and what should go and cannot. The deletions are settled."""
    missing = {(repository, digest): parts for repository, digest, parts in deletions.run("missing_parts").rows}
    rows = deletions.run("gone_revisions").rows
    items = _ordered([_item(missing, row) for row in rows], deletions.run("gone_edges").rows)
    unable = []
    for repository, tag, digest, kind, reason, has_sibling in deletions.run("gone_tags_alone").rows:
        if not has_sibling:
            because = "an index that stays lists its digest: nothing would be freed"
            unable.append(kept_item(repository, digest, [tag], because))
        elif registry_version >= 3:
            items.append(
                Item(
                    action=Action.DELETE_TAG,
                    repository=repository,
                    digest=digest,
                    tags=[tag],
                    kind=kind,
                    reason=f"{reason}; a sibling tag stays on its digest",
                    size_bytes=0,
                    exclusive_bytes=0,
                    missing=missing.get((repository, digest), []),
                )
            )
        else:
            because = "a sibling tag stays on its digest, and 2.x cannot delete a tag alone"
            unable.append(kept_item(repository, digest, [tag], because))
    return items, unable


def _item(missing: Mapping[tuple[str, str], list[str]], row: tuple[Any, ...]) -> Item:
    repository, digest, kind, reason, tags, size_bytes, exclusive_bytes, used_at, unused_since_at = row
    return Item(
        action=Action.DELETE_MANIFEST,
        repository=repository,
        digest=digest,
        tags=tags,
        kind=kind,
        reason=reason,
        size_bytes=size_bytes,
        exclusive_bytes=exclusive_bytes,
        missing=missing.get((repository, digest), []),
        used_at=_utc(used_at),
        unused_since_at=_utc(unused_since_at),
    )


def _utc(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None


def _ordered(items: list[Item], edges: Sequence[tuple[str, str, str, bool]]) -> list[Item]:
    """Return the items with an index before its children and a subject before its referrers.

    Killed in between, what is left is then untagged and harmless: never an index without its children. What a tag's
    name says of a subject may be nonsense and go round in circles; then only what digests say counts. So may what is in
    the place of a damaged manifest; then the circle has no order.
    """
    by_key = {(item.repository, item.digest): item for item in items}
    wanted = {((name, first), (name, second)): by_digest for name, first, second, by_digest in edges}
    while True:
        sorter: TopologicalSorter[tuple[str, str]] = TopologicalSorter(dict.fromkeys(by_key, ()))
        for before, after in wanted:
            sorter.add(after, before)
        try:
            return [by_key[key] for key in sorter.static_order()]
        except CycleError as error:
            circle = set(pairwise(error.args[1]))
            are_certain = all(wanted.values())
            wanted = {
                edge: by_digest
                for edge, by_digest in wanted.items()
                if by_digest and not (are_certain and edge in circle)
            }


def kept_item(repository: str, digest: str, tags: list[str], reason: str) -> Kept:
    """Return what stays, with why."""
    return Kept(repository=repository, digest=digest, tags=tags, reason=reason)
