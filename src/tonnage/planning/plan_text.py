"""A plan as text for people. Pure: it returns text and never prints."""

from collections import Counter
from collections.abc import Iterable, Sequence
from textwrap import fill, wrap

from tonnage.inventory.database import Table
from tonnage.plan import Frontier, FrontierPoint, Item, Plan, prediction_of, short_id
from tonnage.show.plot import Plot, draw
from tonnage.show.render import shorten_digests, to_text
from tonnage.sizes import format_size

_DATE = 10
_HEAD = 11
"""Width of the words that begin a line of the summary."""
_GOES = "What goes: its number, the bytes it needs and it alone needs, its tags"
_GOES_USED = "What goes: its number, its bytes and those it alone needs, not used since, tags"
_PREDICTED = "What a collection would free, what is orphaned already, what speaks against it"
_DRAWN = 3.0
"""How much of the frontier is drawn: so many times the bytes wanted, so that the choice is not lost in a corner."""


def explain(plan: Plan, width: int = 80, *, with_plot: bool = True) -> str:
    """Return the whole plan: what goes and why, what stays and why, what each collection frees, what to do next."""
    return "".join(
        [
            summarize(plan, width, with_plot=with_plot),
            _section(_GOES_USED if _has_uses(plan.items) else _GOES, _lines_of_items(plan.items, width)),
            _section("What stays although it was considered", _lines_of_kept(plan, width)),
        ]
    )


def summarize(plan: Plan, width: int = 80, *, with_plot: bool = True) -> str:
    """Return the plan on one screen."""
    lines = [f"Plan {short_id(plan.id)}: {plan.goal}", *_facts(plan, width)]
    lines += [fill(f"note: {note}", width, subsequent_indent="      ") for note in plan.notes]
    frontier = _trade_off(plan.frontier, width, with_plot=with_plot) if plan.frontier else ""
    return "\n".join(lines) + "\n" + frontier + _predictions(plan, width) + _next_steps(plan)


def describe_freed(plan: Plan) -> str:
    """Return what the collection that is to follow frees, what of it is orphaned already, and what speaks against it."""
    following = prediction_of(plan, plan.collector) or prediction_of(plan, "safe")
    if following is None:
        return "nothing"
    stored_bytes = plan.source.stored_bytes
    stored = "" if stored_bytes is None else f" of {format_size(stored_bytes)}"
    amount = f"{'at most ' if following.is_at_most else ''}{format_size(following.freed_bytes)}{stored}"
    orphaned_bytes = following.orphaned_bytes
    orphaned = f"; {format_size(orphaned_bytes)} of it is orphaned already" if orphaned_bytes else ""
    return f"{amount}, by a collection with {plan.collector} afterwards{orphaned}"


def why_nothing(plan: Plan) -> str:
    """Return why a plan deletes nothing; nothing if it deletes something."""
    if plan.items:
        return ""
    if plan.frontier and plan.frontier.chosen.units_count == 0:
        return f"the next collection frees {format_size(plan.frontier.goal_bytes)} without any deletion"
    if not plan.kept:
        return "nothing here is what was asked for, or older than what the policy keeps"
    reasons = Counter(kept.reason for kept in plan.kept)
    (first, count), *others = reasons.most_common()
    more = f", and {_count(len(others), 'other reason')}" if others else ""
    stay = _count(len(plan.kept), "candidate stays", "candidates stay")
    return f"{stay}: {first} ({count:,}){more}"


def _facts(plan: Plan, width: int) -> list[str]:
    tags_count = sum(len(item.tags) for item in plan.items)
    repositories = _count(len({item.repository for item in plan.items}), "repository", "repositories")
    goes = f"{_count(len(plan.items), 'manifest')} with {_count(tags_count, 'tag')} in {repositories}"
    facts = {
        "goes": f"nothing: {why_nothing(plan)}" if not plan.items else goes,
        "stays": f"{_count(len(plan.kept), 'candidate')}, with reasons" if plan.kept else "",
        "frees": describe_freed(plan),
        "made": f"{_moment(plan.created_at)} from scan {plan.source.scan_id} of {_moment(plan.source.finished_at)}",
        "storage": plan.source.location,
    }
    if plan.source.unknown:
        facts["unknown"] = f"to that scan: {', '.join(plan.source.unknown)}"
    return [_fact(head, text, width) for head, text in facts.items() if text]


def _fact(head: str, text: str, width: int) -> str:
    return fill(f"{head:<{_HEAD}}{text}", width, subsequent_indent=" " * _HEAD, break_on_hyphens=False)


def _moment(text: str) -> str:
    """Return a time of the plan as people read it.

    >>> _moment("2026-11-25T02:33:02Z")
    '2026-11-25 02:33'
    """
    return text[:16].replace("T", " ")


def _trade_off(frontier: Frontier, width: int, *, with_plot: bool) -> str:
    chosen, goal = frontier.chosen, format_size(frontier.goal_bytes)
    lines = [_fact("chosen", f"{_point(chosen)} for a cost of {_cost(chosen.cost)}", width)]
    if chosen.units_count == 0:
        lines = [_fact("chosen", f"no deletion: the next collection frees {goal} as it is", width)]
    elif frontier.is_proven:
        lines.append(_fact("proven", f"nothing frees {goal} for a lower cost: this is the best there is", width))
    else:
        above = chosen.cost - frontier.bound_cost
        lines.append(_fact("proven", f"nothing frees {goal} for a cost below {_cost(frontier.bound_cost)}", width))
        search = f"the choice was found by a search; the best may cost up to {_cost(above)} less"
        lines.append(_fact("heuristic", f"{search} ({above / chosen.cost:.1%})", width))
    lines.append(_fact("cost", "1 for each tag, 0.1 for a manifest without one", width))
    lines.append(_fact("most", f"{_point(frontier.points[-1])}: all that may go", width))
    plot = _plot(frontier, width) if with_plot else ""
    return f"\nBytes freed against tags deleted\n{plot}" + "\n".join(lines) + "\n"


def _plot(frontier: Frontier, width: int) -> str:
    """Return the part of the frontier around the choice; nothing where there is no curve."""
    limit = max(frontier.goal_bytes, frontier.chosen.freed_bytes) * _DRAWN
    shown = [point for point in frontier.points if point.freed_bytes <= limit]
    if len(shown) < len(frontier.points):
        shown.append(frontier.points[len(shown)])
    if len(shown) < 2:
        return ""
    return draw(
        Plot(
            points=[(point.cost, float(point.freed_bytes)) for point in shown],
            mark=(frontier.chosen.cost, float(frontier.chosen.freed_bytes)),
            x_labels=("no tags", _count(shown[-1].tags_count, "tag")),
            y_labels=("0 B", format_size(frontier.chosen.freed_bytes), format_size(shown[-1].freed_bytes)),
        ),
        width,
    )


def _point(point: FrontierPoint) -> str:
    tags, units = _count(point.tags_count, "tag"), _count(point.units_count, "image")
    return f"{format_size(point.freed_bytes)} for {tags} on {units}"


def _cost(cost: float) -> str:
    """Return a cost without digits that say nothing.

    >>> _cost(428.0), _cost(0.5), _cost(1234.125)
    ('428', '0.5', '1,234.125')
    """
    return f"{cost:,.3f}".rstrip("0").rstrip(".")


def _predictions(plan: Plan, width: int) -> str:
    rows = [
        (
            f"{p.collector}{', at most' if p.is_at_most else ''}",
            p.freed_bytes,
            p.orphaned_bytes,
            p.freed_blobs_count,
            p.harm or "nothing",
        )
        for p in plan.predictions
    ]
    names = ["collector", "freed_bytes", "orphaned_bytes", "blobs_count", "because"]
    table = to_text(Table(names, ["VARCHAR", "BIGINT", "BIGINT", "BIGINT", "VARCHAR"], rows), width)
    return f"\n{_PREDICTED}\n{table}" if rows else ""


def _next_steps(plan: Plan) -> str:
    if not plan.commands:
        return ""
    return "\nNext\n" + "".join(f"  {number}. {command}\n" for number, command in enumerate(plan.commands, 1))


def _lines_of_items(items: Sequence[Item], width: int) -> Iterable[str]:
    """Yield the items by repository and reason: what goes together is read together."""
    digits, has_uses = len(f"{len(items):,}"), _has_uses(items)
    numbered: dict[str, dict[str, list[tuple[int, Item]]]] = {}
    for number, item in enumerate(items, 1):
        numbered.setdefault(item.repository, {}).setdefault(item.reason, []).append((number, item))
    for repository, reasons in sorted(numbered.items()):
        yield repository
        for reason, group in reasons.items():
            yield from wrap(reason, width, initial_indent="  ", subsequent_indent="  ")
            for number, item in group:
                sizes = f"{format_size(item.size_bytes):>8}  {format_size(item.exclusive_bytes):>8}"
                used = f"{(item.unused_since_at or '?')[:_DATE]:{_DATE}}  " if has_uses else ""
                head = f"  {number:>{digits},}. {shorten_digests(item.digest)}  {item.kind:<8}  {sizes}  {used}"
                yield from _with_tags(head, item.tags, width)
                if item.final_because:
                    because = f"cannot be taken back: {item.final_because}"
                    yield from wrap(because, width, initial_indent="       ", subsequent_indent="       ")


def _has_uses(items: Sequence[Item]) -> bool:
    return any(item.unused_since_at for item in items)


def _lines_of_kept(plan: Plan, width: int) -> Iterable[str]:
    """Yield what stays by repository and reason, its tags one after the other."""
    names: dict[str, dict[str, list[str]]] = {}
    for kept in plan.kept:
        texts = kept.tags or [shorten_digests(kept.digest)]
        names.setdefault(kept.repository, {}).setdefault(kept.reason, []).extend(texts)
    for repository, reasons in sorted(names.items()):
        yield repository
        for reason, texts in reasons.items():
            yield from wrap(reason, width, initial_indent="  ", subsequent_indent="  ")
            yield from _with_tags("    ", texts, width)


def _with_tags(head: str, tags: Sequence[str], width: int) -> list[str]:
    """Return a line that ends in tags, and as many more as they take: a tag's name is never cut."""
    text = " ".join(tags) or "-"
    return wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _section(title: str, lines: Iterable[str]) -> str:
    text = "".join(line.rstrip() + "\n" for line in lines)
    return f"\n{title}\n{text}" if text else ""


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
