"""A set of deletions as text for people."""

from textwrap import fill

from tonnage.inventory.database import Table
from tonnage.inventory.known import knowledge_of
from tonnage.planning.deletions import Deletions, Totals
from tonnage.show.colours import PLAIN, Look
from tonnage.show.render import to_text
from tonnage.sizes import format_size, format_time

_TOP = 5
_LISTINGS = {
    "summary": "totals",
    "revisions": "gone_revisions",
    "keepers": "keepers",
    "siblings": "siblings",
    "kept": "kept",
    "blobs": "set_blobs",
}


def listing_of(deletions: Deletions, name: str) -> Table:
    """Return one of the listings: summary, revisions, keepers, siblings, kept, blobs."""
    return deletions.run(_LISTINGS[name])


def describe(deletions: Deletions, width: int = 80, look: Look = PLAIN) -> str:
    """Return what would be freed, who keeps the rest, and which sibling tags stand in the way."""
    totals = deletions.totals()
    amounts = [
        (totals.stored_bytes, "they need"),
        (totals.freed_bytes, _freed(totals)),
        (totals.pinned_bytes, "more at most: as far as could be read nothing else needs it"),
        (totals.shared_bytes, "stays: others need it too"),
        (totals.orphaned_bytes, "orphaned already: goes with the next collection in any case"),
    ]
    lines = [
        f"{_count(totals.revisions_count, 'revision')} and {_count(totals.tags_count, 'tag')}"
        f" in {_count(totals.repositories_count, 'repository', 'repositories')} go"
    ]
    lines += [f"  {format_size(size):>10}  {what}" for size, what in amounts if size or not what.startswith("more")]
    lines += [fill(_used(deletions), width)] if totals.revisions_count else []
    if totals.is_at_most:
        unknown = ", ".join(knowledge_of(deletions.inventory).unknown)
        lines.append(fill(f"Unknown, as read over HTTP: {unknown}", width))
    text = "\n".join(lines) + "\n"
    text += _section(
        deletions.run("keepers"), "\nWho keeps the shared part: it is freed only if they go too\n", width, look
    )
    text += _section(deletions.run("siblings"), "\nSibling tags that stay: their digests stay with them\n", width, look)
    return text + _section(deletions.run("kept"), "\nWhat was named and stays\n", width, look)


def _used(deletions: Deletions) -> str:
    """Return when what goes was last used, as far as anybody knows."""
    ((count, unknown_count, used_at, unused_since_at, is_recent),) = deletions.run("uses").rows
    known = f"; the last use that is known was on {format_time(used_at)}" if used_at else ""
    if unknown_count == count:
        return f"When they were last used is unknown{known}"
    if is_recent:
        return f"They may have been used until the scan{known}"
    rest = f", but for {unknown_count:,} of which that is unknown" if unknown_count else ""
    return f"Not used since {format_time(unused_since_at)}{rest}{known}"


def _freed(totals: Totals) -> str:
    """Return how certain the bytes are that the set frees."""
    if totals.is_at_most:
        return "freed at most: nothing else that a tag leads to needs it"
    return f"freed{' at least' if totals.pinned_bytes else ''}: nothing else needs it"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _section(table: Table, title: str, width: int, look: Look) -> str:
    if not table.rows:
        return ""
    more = f"… {len(table.rows) - _TOP:,} more\n" if len(table.rows) > _TOP else ""
    return title + to_text(table._replace(rows=table.rows[:_TOP]), width, look) + more
