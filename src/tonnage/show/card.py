"""The card: what fills the disk, on one screen. Built from the reports, like every other face."""

from textwrap import fill

from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.known import Doubted, Knowledge, doubts_of, gravest, knowledge_of
from tonnage.inventory.reports import builtin_reports, run_report
from tonnage.show.render import to_text
from tonnage.sizes import format_size, format_time

_TOP = 5
_REPOSITORY_COLUMNS = ("repository", "exclusive_bytes", "shared_bytes", "tags_count", "untagged_count")
_LAYER_COLUMNS = ("digest", "size_bytes", "references_count", "class", "created_by")


def card(inventory: Inventory, width: int = 80) -> str:
    """Return the card as text: classes that add up to the disk, the worst offenders, what a collection frees now."""
    reports, knowledge, doubts = builtin_reports(), knowledge_of(inventory), doubts_of(inventory)
    overview = run_report(inventory, reports["overview"], {})
    repositories = run_report(inventory, reports["repositories"], {})
    layers = run_report(inventory, reports["layers"], {})
    parts = [
        "".join(_doubted(doubted, width) for doubted in doubts),
        _headline(inventory, knowledge, width),
        to_text(overview, width),
        _collection(inventory, knowledge, doubts),
        "\nRepositories by the bytes only they need\n",
        to_text(_columns(repositories, _REPOSITORY_COLUMNS), width),
        "\nLayers with few references and a large size\n",
        to_text(_columns(layers, _LAYER_COLUMNS), width),
        _problems(inventory, knowledge),
    ]
    return "".join(parts)


def _columns(table: Table, names: tuple[str, ...]) -> Table:
    """Return some columns of the first rows."""
    positions = [table.columns.index(name) for name in names]
    rows = [tuple(row[i] for i in positions) for row in table.rows[:_TOP]]
    return Table(list(names), [table.types[i] for i in positions], rows)


def _headline(inventory: Inventory, knowledge: Knowledge, width: int) -> str:
    ((location, finished_at, size_bytes, files_count, is_searched),) = inventory.query(
        "select location, finished_at, size_bytes, files_count, is_searched from scan order by scan_id desc limit 1"
    ).rows
    if not knowledge.has_files:
        unknown = fill(f"Known as far as tags lead. Unknown: {', '.join(knowledge.unknown)}", width)
        return f"{location}, scanned {format_time(finished_at)} UTC over HTTP\n{unknown}\n\n"
    searched = "" if is_searched else "\nStrays inside digest folders were not searched for: tonnage scan --thorough"
    return (
        f"{location}, scanned {format_time(finished_at)} UTC\n"
        f"{format_size(size_bytes)} in {files_count:,} files{searched}\n\n"
    )


def _doubted(doubted: Doubted, width: int) -> str:
    """Return a doubt with what to do about it; what is grave begins with capitals, so that nobody reads past it."""
    head = "STOP: " if doubted.is_grave else "note: "
    lines = [fill(head + doubted.text, width), fill(doubted.advice, width)]
    return "\n".join(lines) + "\n\n"


def _collection(inventory: Inventory, knowledge: Knowledge, doubts: tuple[Doubted, ...]) -> str:
    if not knowledge.has_files or gravest(doubts):
        return "\nWhat a garbage collection would free is unknown.\n"
    ((free, pinned),) = inventory.query(
        "select coalesce(sum(size_bytes) filter (where not is_pinned), 0),"
        " coalesce(sum(size_bytes) filter (where is_pinned), 0) from orphaned"
    ).rows
    kept = f"; {format_size(pinned)} more may be needed by what could not be read" if pinned else ""
    said = f"\nA garbage collection now would free {format_size(free)} of orphaned blobs{kept}.\n"
    return said + _rules(inventory) + _versions(inventory)


def _rules(inventory: Inventory) -> str:
    """Return that the registry's own collector takes more than is orphaned, if it does; the preview says which."""
    ((count,),) = inventory.query("select count(distinct digest) from problem where kind = 'unlinked_child'").rows
    if not count:
        return ""
    listed = "1 manifest" if count == 1 else f"{count:,} manifests"
    return (
        f"The registry's own may take more, as indexes list {listed} their repositories lack: tonnage gc --registry 2\n"
    )


def _versions(inventory: Inventory) -> str:
    """Return that a bucket keeps what is freed, if it does."""
    if not inventory.query("select 1 from problem where kind = 'versioned_bucket'").rows:
        return ""
    ((kept,),) = inventory.query("select coalesce(sum(size_bytes), 0) from old_version").rows
    return f"The bucket keeps old versions: it stays, and is paid for, like {format_size(kept)} of them now.\n"


def _problems(inventory: Inventory, knowledge: Knowledge) -> str:
    found = inventory.query(
        "select severity, count(*) from problem where severity <> 'note' group by severity order by severity"
    ).rows
    where = "storage" if knowledge.has_files else "registry"
    said = " and ".join(f"{count:,} {severity}{'s' if count > 1 else ''}" for severity, count in found)
    problems = f"\n{said} in the {where}: tonnage problems\n" if found else "\n"
    last = " · tonnage untagged" if knowledge.has_untagged else ""
    return f"{problems}Next: tonnage layers --min-size 500MiB · tonnage why DIGEST{last}\n"
