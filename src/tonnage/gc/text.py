"""A preview as text for people and as JSON for programs. Pure: it returns text and never prints."""

import json
from collections import Counter
from shlex import quote
from textwrap import wrap
from typing import Any

from tonnage.gc.preview import Comparison, Context, Preview
from tonnage.gc.replay import Phase, Stop
from tonnage.inventory.database import Table
from tonnage.inventory.known import Doubted
from tonnage.show.colours import PLAIN, Look, painted
from tonnage.show.render import to_text
from tonnage.sizes import format_size, format_time

DOCUMENT_VERSION = 1
"""Version of the JSON. It only grows."""
_TOP = 10


def describe(preview: Preview, context: Context, width: int = 80, ending: str = "", look: Look = PLAIN) -> str:
    """Return the preview on one screen: where it stops, what goes, what is safe, what breaks, what stays behind.

    `ending` is what every command it names has to end in, as ` -i FILE`.
    """
    return "".join(
        [
            f"A garbage collection by {preview.collector.name} of {context.location},\n"
            f"as scanned {format_time(context.scanned_at)} UTC\n\n",
            "".join(_doubted(doubted, width) for doubted in preview.doubts),
            _stopping(preview, preview.stop, width, ending, look) if preview.stop else "",
            _freeing(preview, ending),
            _breaking(preview, context.broken, width, ending, look),
            _leaving(context.leftovers, width, look),
            "" if preview.is_searched else _not_searched(context.location, ending),
        ]
    )


_DOING = {
    Phase.MARK: "marks",
    Phase.REVISIONS: "removes revisions",
    Phase.FIND_BLOBS: "looks for blobs",
    Phase.BLOBS: "removes blobs",
    Phase.LAYER_LINKS: "removes layer links",
}


def _not_searched(location: str, ending: str) -> str:
    return (
        "\nThe scan did not search for strays inside digest folders, nor read layer links:\n"
        "one that would stop the collection may be missing here.\n"
        f"  tonnage scan --thorough {quote(location)}{ending}\n"
    )


def _doubted(doubted: Doubted, width: int) -> str:
    return "\n".join(wrap(f"DOUBT: {doubted.text}; {doubted.advice}", width, break_on_hyphens=False)) + "\n\n"


def _stopping(preview: Preview, stop: Stop, width: int, ending: str, look: Look) -> str:
    stops = painted("STOP", look.broken)
    lines = [f"It would {stops} with exit code {stop.exit_code} while it {_DOING[stop.phase]}, on", f"  {stop.path}"]
    if stop.others:
        lines.append(f"  or on {_count(len(stop.others), 'other path')} of the kind")
    for text in (stop.message, f"what to do: {preview.advice}"):
        lines += wrap(text, width, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
    if len(preview.set_aside) > 1:
        lines.append(f"  {len(preview.set_aside) - 1:,} more would stop it then: {_command(preview, 'stops')}{ending}")
    if preview.put_right:
        lines.append(f"All put right, it would free {format_size(preview.put_right.freed_bytes)}: --as-if-put-right")
    if preview.maybe_removed.files_count:
        lines.append(f"Up to {format_size(preview.maybe_removed.freed_bytes)} more may be gone when it stops.")
    return "\n".join(lines) + "\n\n"


def _freeing(preview: Preview, ending: str) -> str:
    removed, safe = preview.removed, preview.comparison
    if preview.stop and not removed.files_count:
        lines = ["By then it has removed nothing."]
    else:
        head = "By then it has freed" if preview.stop else "It would free"
        lines = [f"{head} {format_size(removed.freed_bytes)}: {_count(removed.blobs_count, 'blob')}"]
    others = [
        (removed.revisions_count, "revision", "revisions"),
        (removed.history_count, "entry of tag history", "entries of tag history"),
        (removed.layer_links_count, "layer link", "layer links"),
    ]
    if named := ", ".join(_count(count, one, many) for count, one, many in others if count):
        lines.append(f"  and {'removed' if preview.stop else 'removes'} {named}")
    if preview.is_doubtful:
        return "\n".join([*lines, "What is safe to free is unknown."]) + "\n"
    lines.append(f"Safe to free: {format_size(safe.safe_bytes)} in {_count(safe.safe_count, 'blob')}")
    if safe.pinned_count:
        pinned = f"{_count(safe.pinned_count, 'blob')} ({format_size(safe.pinned_bytes)})"
        lines.append(f"  and not {pinned} that may be needed by what could not be read: tonnage problems{ending}")
    if safe.needed_count:
        taken = f"{_count(safe.needed_count, 'blob')} ({format_size(safe.needed_bytes)})"
        lines.append(f"  it takes {taken} that something still needs{', or may need' if safe.pinned_count else ''}")
    if safe.left_count and not preview.stop:
        left = f"{_count(safe.left_count, 'blob')} ({format_size(safe.left_bytes)})"
        lines.append(f"  it leaves {left} that nothing needs")
    return "\n".join(lines) + "\n"


def _breaking(preview: Preview, table: Table, width: int, ending: str, look: Look) -> str:
    broken = preview.broken
    if not table.rows:
        if preview.is_doubtful:
            return "\nWhat it would break is unknown.\n"
        return "\nIt would break nothing that a tag leads to now, nor what refers to it.\n"
    images, referrers = _count(broken.images_count, "tagged image"), _count(broken.referrers_count, "referrer")
    lines = [f"\nIt would {painted('BREAK', look.broken)} {images} and {referrers}, because"]
    rules = Counter(row[table.columns.index("rule")] for row in table.rows)
    for rule, count in rules.most_common():
        lines += wrap(f"{rule} ({count:,})", width, initial_indent="- ", subsequent_indent="  ")
    if broken.incomplete_count:
        lines.append(f"Incomplete as it is, and losing what can be pulled now: {broken.incomplete_count:,} of them.")
    if broken.unpullable_count:
        lines.append(f"Losing only what could not be pulled from their repository: {broken.unpullable_count:,} more.")
    lines.append(_columns(table, ["repository", "name", "digest", "lost_bytes"], width, look).rstrip())
    if len(table.rows) > _TOP:
        lines.append(f"… {len(table.rows) - _TOP:,} more: {_command(preview, 'broken')}{ending}")
    return "\n".join(lines) + "\n"


def _leaving(table: Table, width: int, look: Look) -> str:
    if not table.rows:
        return "\nIt leaves nothing behind that no collection ever takes.\n"
    title = "\nWhat it leaves behind, and no collection ever takes\n"
    return f"{title}{_columns(table, ['kind', 'size_bytes', 'inodes_count', 'advice'], width, look)}"


def _command(preview: Preview, name: str) -> str:
    option = " -m" if preview.collector.delete_untagged else ""
    return f"tonnage gc --collector {preview.collector.version}{option} --list {name}"


def _columns(table: Table, names: list[str], width: int, look: Look) -> str:
    """Return some columns of the first rows."""
    positions = [table.columns.index(name) for name in names]
    rows = [tuple(row[position] for position in positions) for row in table.rows[:_TOP]]
    return to_text(Table(names, [table.types[position] for position in positions], rows), width, look)


def _count(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def to_document(preview: Preview, context: Context) -> str:
    """Return the preview as JSON."""
    document: dict[str, Any] = {
        "version": DOCUMENT_VERSION,
        "collector": preview.collector.name,
        "location": context.location,
        "scanned_at": f"{context.scanned_at.isoformat(timespec='seconds')}Z",
        "is_searched": preview.is_searched,
        "exit_code": preview.stop.exit_code if preview.stop else 0,
        "stop": {**_stop(preview.stop), "advice": preview.advice} if preview.stop else None,
        "stops_count": len(preview.set_aside),
        "marked_count": preview.marked_count,
        "removed": preview.removed._asdict(),
        "maybe_removed": preview.maybe_removed._asdict(),
        "put_right": preview.put_right._asdict() if preview.put_right else None,
        "broken": preview.broken._asdict(),
        "safe": dict.fromkeys(Comparison._fields) if preview.is_doubtful else preview.comparison._asdict(),
        "doubts": [{"doubt": d.doubt, "text": d.text, "advice": d.advice} for d in preview.doubts],
        "leftovers": [dict(zip(context.leftovers.columns, row, strict=True)) for row in context.leftovers.rows],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def stops_table(preview: Preview) -> Table:
    """Return everything the collection would stop on, as each before it is put right. One row per path."""
    rows = [(stop.path, stop.phase.value, stop.exit_code, stop.message) for stop in preview.set_aside]
    return Table(["path", "phase", "exit_code", "detail"], ["VARCHAR", "VARCHAR", "INTEGER", "VARCHAR"], rows)


def _stop(stop: Stop) -> dict[str, Any]:
    return {
        "exit_code": stop.exit_code,
        "phase": stop.phase.value,
        "path": stop.path,
        "other_paths": sorted(stop.others),
        "message": stop.message,
    }
