"""Free space: say how many bytes are wanted, and see the fewest tags that free them."""

from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response

from tonnage.errors import UsageError
from tonnage.inventory.known import insist
from tonnage.plan import Item, Plan
from tonnage.sizes import format_size, parse_size
from tonnage.web.asking import Ask
from tonnage.web.links import target_of
from tonnage.web.pages.growth import round_up
from tonnage.web.solver import Point, Solution

WIDTH, HEIGHT = 1000.0, 200.0


class Dot(NamedTuple):
    """A point of the frontier as it is drawn, in percent of the drawing."""

    x: float
    y: float
    href: str
    label: str


class Plot(NamedTuple):
    """The curve of bytes freed against tags deleted."""

    line: str
    area: str
    dots: Sequence[Dot]
    ticks: Sequence[tuple[int, float]]
    tags: Sequence[int]
    collection_y: float
    collection_bytes: int
    chosen: tuple[float, float] | None


def free_page(ask: Ask) -> Response:
    """Return the page; where the answer takes long, one that asks again by itself."""
    text, error, goal = ask.query("bytes").strip(), "", 0
    try:
        goal = parse_size(text) if text else 0
    except ValueError as wrong:
        error = str(wrong)
    if ask.snapshot.refusal:
        raise ask.snapshot.refusal
    with ask.snapshot.session() as session:
        for need in ("files", "untagged"):
            insist(session, need, "how many bytes deletions would free")
    is_older = bool(ask.query("older"))
    solution = ask.site.solver.ask(ask.snapshot, goal, is_older)
    if solution is None:
        return ask.page("working.html", page="free", text=text)
    error, solution = _settle(ask, error, solution, is_older)
    plan = solution.plan if solution else None
    return ask.page(
        "free.html",
        page="free",
        text=text,
        goal=goal,
        is_older=is_older,
        error=error,
        plan=plan,
        plot=plot_of(ask, solution.points, plan, is_older) if solution and len(solution.points) > 1 else None,
        points=solution.points if solution else [],
        targets=targets_of(plan.items) if plan else [],
        most=solution.points[-1].freed_bytes if solution and solution.points else 0,
        whole=ask.snapshot.known_bytes,
    )


def _settle(ask: Ask, error: str, solution: Solution, is_older: bool) -> tuple[str, Solution | None]:
    """Return what is wrong with what was asked, and what can be shown nevertheless: the frontier."""
    if not solution.error:
        return error, solution
    alone = ask.site.solver.ask(ask.snapshot, 0, is_older)
    if alone is None or alone.error:
        raise UsageError(solution.error, solution.hint)
    return solution.error, alone


def targets_of(items: Sequence[Item]) -> list[str]:
    """Return what the basket takes for the items of a plan: their tags, else their digest."""
    found: list[str] = []
    for item in items:
        names = [target_of(item.repository, tag) for tag in item.tags] or [
            target_of(item.repository, digest=item.digest)
        ]
        found += [name for name in names if name]
    return list(dict.fromkeys(found))


def plot_of(ask: Ask, points: Sequence[Point], plan: Plan | None, is_older: bool) -> Plot:
    """Return what is drawn."""
    most_tags = max(points[-1].tags_count, 1)
    top = round_up(points[-1].freed_bytes)

    def place(freed_bytes: int, tags_count: int) -> tuple[float, float]:
        return 100 * tags_count / most_tags, 100 - 100 * freed_bytes / top

    places = [place(point.freed_bytes, point.tags_count) for point in points]
    drawn = " ".join(f"{x * WIDTH / 100:.1f},{y * HEIGHT / 100:.1f}" for x, y in places)
    dots = [
        Dot(x, y, ask.here(bytes=str(point.freed_bytes), older="1" if is_older else ""),
            f"{format_size(point.freed_bytes)}: {point.tags_count:,}")
        for (x, y), point in zip(places, points, strict=True)
    ]  # fmt: skip
    chosen = plan.frontier.chosen if plan and plan.frontier else None
    return Plot(
        line=drawn,
        area=f"0,{HEIGHT} {drawn} {WIDTH},{HEIGHT}",
        dots=dots,
        ticks=[(top * part // 4, 100 - 25 * part) for part in range(5)],
        tags=[most_tags * part // 4 for part in range(5)],
        collection_y=places[0][1],
        collection_bytes=points[0].freed_bytes,
        chosen=place(chosen.freed_bytes, chosen.tags_count) if chosen else None,
    )
