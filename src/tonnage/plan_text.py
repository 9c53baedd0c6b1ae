"""A plan, told to people."""

from collections.abc import Sequence

from tonnage.database import Table
from tonnage.freeing import Frontier
from tonnage.plan import Plan
from tonnage.render import to_text
from tonnage.sizes import format_size

_POINTS_SHOWN = 10


def explain(plan: Plan, width: int = 80) -> str:
    """Return the whole plan: what goes and why, what stays and why, what each collection frees, what to do next."""
    items = [(i.repository, " ".join(i.tags) or "-", i.digest, i.kind, i.reason, i.size_bytes) for i in plan.items]
    kept = [(k.repository, " ".join(k.tags) or "-", k.digest, k.reason) for k in plan.kept]
    return "".join(
        [
            summarize(plan, width),
            _table(
                "\nWhat goes, in this order",
                ["repository", "tags", "digest", "kind", "reason", "needs_bytes"],
                items,
                width,
            ),
            _table("\nWhat stays although it was considered", ["repository", "tags", "digest", "reason"], kept, width),
        ]
    )


def summarize(plan: Plan, width: int = 80) -> str:
    """Return the plan on one screen."""
    tags_count = sum(len(item.tags) for item in plan.items)
    repositories_count = len({item.repository for item in plan.items})
    predictions = [
        (
            f"{p.collector}{', at most' if p.is_at_most else ''}",
            p.freed_bytes,
            p.freed_blobs_count,
            p.broken_images_count,
            p.aborts_on,
        )
        for p in plan.predictions
    ]
    lines = [
        f"Plan {plan.id}: {plan.goal}",
        f"made from scan {plan.source.scan_id} of {plan.source.location}, {plan.source.finished_at}",
        f"{len(plan.items):,} deletions ({tags_count:,} tags) in {repositories_count:,} repositories;"
        f" {len(plan.kept):,} candidates stay",
        *([f"unknown to that scan: {', '.join(plan.source.unknown)}"] if plan.source.unknown else []),
        *(f"note: {note}" for note in plan.notes),
    ]
    table = _table(
        "\nWhat a collection frees afterwards",
        ["collector", "freed_bytes", "freed_blobs_count", "broken_images_count", "aborts_on"],
        predictions,
        width,
    )
    return "\n".join(lines) + f"\n{table}\nNext:\n" + "".join(f"  {command}\n" for command in plan.commands)


def show_frontier(frontier: Frontier, width: int = 80) -> str:
    """Return the trade-off, some of its points: bytes freed against the cost, and the point that was chosen."""
    most = max(frontier.points[-1][1], 1.0)
    step = max(len(frontier.points) // _POINTS_SHOWN, 1)
    shown = sorted({*frontier.points[::step], frontier.points[-1]})
    rows = [(freed, f"{cost:,.1f}", "#" * round(cost / most * 30)) for freed, cost in shown]
    table = _table("Bytes freed against the cost (a tag costs 1)", ["freed_bytes", "cost", "effort"], rows, width)
    freed_bytes, cost = frontier.chosen
    return f"{table}chosen: {format_size(freed_bytes)} for a cost of {cost:,.1f}"


def one_line(plan: Plan) -> str:
    """Return what the plan comes to, in a line."""
    freed = plan.predictions[0].freed_bytes if plan.predictions else 0
    at_most = "at most " if any(p.is_at_most for p in plan.predictions) else ""
    return f"plan {plan.id}: {len(plan.items):,} deletions, {at_most}{format_size(freed)} freed by a safe collection"


def _table(title: str, columns: list[str], rows: Sequence[tuple[object, ...]], width: int) -> str:
    if not rows:
        return ""
    types = ["BIGINT" if name.endswith(("_bytes", "_count")) else "VARCHAR" for name in columns]
    return f"{title}\n{to_text(Table(columns, types, list(rows)), width)}"
