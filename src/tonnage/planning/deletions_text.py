"""A set of deletions, told to people."""

from textwrap import fill

from tonnage.inventory.database import Table
from tonnage.inventory.known import knowledge_of
from tonnage.planning.deletions import Deletions
from tonnage.show.render import to_text
from tonnage.sizes import format_size

_TOP = 5
_LISTINGS = {
    "summary": "totals",
    "revisions": "gone_revisions",
    "keepers": "keepers",
    "siblings": "siblings",
    "kept": "kept",
    "blobs": "freed_blobs",
}


_FREED = {
    False: "freed: nothing else needs it",
    True: "freed at most: nothing else that a tag leads to needs it",
}


def listing_of(deletions: Deletions, name: str) -> Table:
    """Return one of the listings: summary, revisions, keepers, siblings, kept, blobs."""
    return deletions.run(_LISTINGS[name])


def describe(deletions: Deletions, width: int = 80) -> str:
    """Return what would be freed, who keeps the rest, and which sibling tags stand in the way."""
    totals = deletions.totals()
    lines = [
        f"{totals.revisions_count:,} revisions and {totals.tags_count:,} tags"
        f" in {totals.repositories_count:,} repositories go",
        f"  {format_size(totals.stored_bytes):>10}  they need",
        f"  {format_size(totals.freed_bytes):>10}  {_FREED[totals.is_at_most]}",
        f"  {format_size(totals.shared_bytes):>10}  stays: others need it too",
        f"  {format_size(totals.orphaned_bytes):>10}  more goes with the next collection in any case",
    ]
    if totals.is_at_most:
        unknown = ", ".join(knowledge_of(deletions.inventory).unknown)
        lines.append(fill(f"Unknown, as read over HTTP: {unknown}", width))
    text = "\n".join(lines) + "\n"
    text += _section(deletions.run("keepers"), "\nWho keeps the shared part: it is freed only if they go too\n", width)
    text += _section(deletions.run("siblings"), "\nSibling tags that stay: their digests stay with them\n", width)
    return text + _section(deletions.run("kept"), "\nWhat was named and stays\n", width)


def _section(table: Table, title: str, width: int) -> str:
    if not table.rows:
        return ""
    more = f"… {len(table.rows) - _TOP:,} more\n" if len(table.rows) > _TOP else ""
    return title + to_text(table._replace(rows=table.rows[:_TOP]), width) + more
