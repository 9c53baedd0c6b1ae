"""The basket: what a set of deletions frees, beside what its parts free one by one, and who keeps the rest."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.responses import JSONResponse, Response

from tonnage.errors import TonnageError, UsageError
from tonnage.formats.references import parse_in_use
from tonnage.formats.targets import Target, parse_target
from tonnage.inventory.database import Inventory
from tonnage.plan import Plan, write_plan
from tonnage.planning.deletions import Deletions, Totals, target_text
from tonnage.planning.next_steps import commands_after
from tonnage.planning.planner import Wanted, make_plan, protections_of
from tonnage.planning.policy import parse_policy
from tonnage.sizes import format_size
from tonnage.web.asking import Ask
from tonnage.web.figures import share
from tonnage.web.kept import View, all_of
from tonnage.web.links import target_of
from tonnage.web.pages.map import effect
from tonnage.web.pages.report import TARGETS, target_of_row
from tonnage.web.snapshot import run
from tonnage.web.words import Words

MOST_TARGETS = 20_000
_MOST_ALONE = 30
"""Things that are worked out one by one as well."""
_ALONE_SECONDS = 0.25
"""What the tray spends on that; it comes at each tick."""
_REMEMBERED = 5_000
_SMALL = 30_000
"""Files of a registry whose collections are replayed with every basket."""


class Alone(NamedTuple):
    """What a thing would free if nothing else went."""

    target: str
    totals: Totals


@dataclass(frozen=True)
class Answer:
    """What is said of a set."""

    targets: Sequence[str]
    totals: Totals
    unmatched: Sequence[str]
    alone: Sequence[Alone]
    """Empty where it would take too long."""

    @property
    def alone_bytes(self) -> int:
        """What the things free one by one, added up."""
        return sum(thing.totals.freed_bytes for thing in self.alone)

    @property
    def gained_bytes(self) -> int:
        """How much more the set frees than its parts."""
        return self.totals.freed_bytes - self.alone_bytes if self.alone else 0


def basket(ask: Ask) -> Response:
    """Return the basket's page; to a script, what its tray and the map want to know."""
    targets = targets_of(ask)
    if ask.wants_json():
        return _tray(ask, targets)
    if not targets:
        return ask.page("basket.html", page="basket", targets=[], answer=None)
    with ask.snapshot.session() as session:
        deletions, unmatched = _settled(ask, session, targets)
        keepers = deletions.run("keepers").rows
        siblings = deletions.run("siblings").rows
        kept = deletions.run("kept").rows
        answer = Answer(targets, deletions.totals(), unmatched, _alone(ask, targets, 10 * _ALONE_SECONDS))
        plan, refused = _try_plan(ask, session, targets, unmatched)
        commands = plan.commands if plan else commands_after(session, ask.site.rules.registry_version)
    return ask.page(
        "basket.html",
        page="basket",
        targets=targets,
        answer=answer,
        keepers=keepers,
        siblings=siblings,
        kept=kept,
        plan=plan,
        refused=refused,
        commands=commands,
        command=_command(ask, targets),
        whole=ask.snapshot.known_bytes,
        sibling_targets=_names_of(siblings),
    )


def _names_of(siblings: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the sibling tags as targets, as many as a page may hold."""
    return sorted({name for repository, tag, *_ in siblings if (name := target_of(repository, tag))})[:200]


def plan_download(ask: Ask) -> Response:
    """Return the plan of the targets sent, with what is in use and the policy the server was started with."""
    targets = targets_of(ask)
    if not targets:
        raise UsageError("nothing to plan", "put something into the basket")
    with ask.snapshot.session() as session:
        plan = _plan(ask, session, targets)
    if not plan.items:
        raise UsageError("nothing of it can go", plan.kept[0].reason if plan.kept else "")
    headers = {"Content-Disposition": 'attachment; filename="plan.json"'}
    return Response(write_plan(plan), media_type="application/json", headers=headers)


def targets_of(ask: Ask) -> list[str]:
    """Return the targets that were sent: lines of text, ticked rows, or all rows of a report. Raises UsageError."""
    form = ask.form
    lines = [line.strip() for text in form.get("targets", []) for line in text.splitlines()]
    lines += [*form.get("target", []), *(form.get("add") or [])]
    if form.get("report"):
        lines += _of_report(ask, form["report"][0])
    removed = set(form.get("remove", []))
    found = list(dict.fromkeys(line for line in lines if line and line not in removed))
    if len(found) > MOST_TARGETS:
        raise UsageError(
            f"{len(found):,} targets are more than the {MOST_TARGETS:,} that are taken", "use a pattern: team-a/*"
        )
    return found


def _of_report(ask: Ask, name: str) -> list[str]:
    report = ask.site.reports().get(name)
    if report is None or name not in TARGETS:
        return []
    values = {key[2:]: given[0] for key, given in ask.form.items() if key.startswith("v_") and given[0]}
    with ask.snapshot.session() as session:
        table = ask.snapshot.kept.table_of(session, report, values)
        rows = all_of(session, table, View(filter=ask.form.get("q", [""])[0]), MOST_TARGETS + 1)
    return [target for row in rows.rows if (target := target_of_row(name, rows.columns, row))]


def _settled(ask: Ask, session: Inventory, targets: Sequence[str]) -> tuple[Deletions, list[str]]:
    """Return the deletions of what is there, worked out, and what is not there. What a plan would keep stays here too."""
    parsed: list[Target] = []
    wrong: list[str] = []
    for text in targets:
        try:
            parsed.append(parse_target(text))
        except UsageError:
            wrong.append(text)
    deletions = Deletions(session)
    if ask.site.rules.policy or ask.site.rules.in_use:
        ask.snapshot.once(("protected", datetime.now(UTC).date()), lambda: _keep_protected(ask))
        run(session, "use_protected")
    wrong += [target_text(target) for target in deletions.add_all(parsed)]
    deletions.settle()
    return deletions, wrong


def _keep_protected(ask: Ask) -> bool:
    """Work out what stays whoever names it, for all baskets of this snapshot and day: ages count."""
    with ask.snapshot.session() as session:
        protections_of(session, _wanted(ask, ()), datetime.now(UTC))
        run(session, "keep_protected")
    return True


def _alone(ask: Ask, targets: Sequence[str], seconds: float) -> list[Alone]:
    """Return what each thing frees alone; nothing where they are many, or where it takes too long."""
    if len(targets) > _MOST_ALONE:
        return []
    known: dict[str, Totals] = ask.snapshot.once("alone", dict)
    ends = time.monotonic() + seconds
    with ask.snapshot.session() as session:
        for text in targets:
            if text not in known:
                if time.monotonic() > ends:
                    return []
                if len(known) > _REMEMBERED:
                    known.clear()
                known[text] = _settled(ask, session, [text])[0].totals()
    return [Alone(text, known[text]) for text in targets if text in known]


def _tray(ask: Ask, targets: Sequence[str]) -> Response:
    """Return what the tray says, in words, and what share of each place on the map would go."""
    t, snapshot = Words(ask.language), ask.snapshot
    if not targets:
        return JSONResponse({"count": 0})
    if snapshot.refusal:
        raise snapshot.refusal
    with snapshot.session() as session:
        deletions, unmatched = _settled(ask, session, targets)
        totals = deletions.totals()
        freed = dict(run(session, "freed_places").rows) if "map" in ask.request.query_params else {}
    answer = Answer(targets, totals, unmatched, _alone(ask, targets, _ALONE_SECONDS))
    place = snapshot.tree.find(repository=ask.query("map")) or snapshot.tree.find(namespace=ask.query("map"))
    return JSONResponse({
        "count": len(targets),
        "freed_bytes": totals.freed_bytes,
        "frees": str(t("tray.frees_most" if totals.is_at_most else "tray.frees", size=format_size(totals.freed_bytes))),
        "stays": str(t("tray.stays", size=format_size(totals.shared_bytes))) if totals.shared_bytes else "",
        "more": " · ".join(str(line) for line in _second_line(t, answer)),
        "shares": effect(snapshot, place, freed) if place and freed else {},
    })  # fmt: skip


def _second_line(t: Words, answer: Answer) -> list[str]:
    totals = answer.totals
    line = [
        t("tray.things", n=len(answer.targets), tags=f"{totals.tags_count:,}", revisions=f"{totals.revisions_count:,}")
    ]
    if answer.gained_bytes > 0 and answer.alone_bytes:
        line.append(t("tray.more", share=share(answer.gained_bytes, answer.alone_bytes)))
    if answer.unmatched:
        line.append(t("tray.unmatched", n=len(answer.unmatched)))
    return [str(part) for part in line]


def _try_plan(
    ask: Ask, session: Inventory, targets: Sequence[str], unmatched: Sequence[str]
) -> tuple[Plan | None, TonnageError | None]:
    """Return the plan, for what collections would do after it. In a large registry that is worked out when asked for."""
    if ask.snapshot.refusal:
        return None, ask.snapshot.refusal
    is_small = sum(part.files_count or 0 for part in ask.snapshot.classes) < _SMALL and len(targets) <= _MOST_ALONE
    if unmatched or not (is_small or ask.form.get("predict")):
        return None, None
    try:
        return _plan(ask, session, targets), None
    except TonnageError as error:
        return None, error


def _plan(ask: Ask, session: Inventory, targets: Sequence[str]) -> Plan:
    return make_plan(session, _wanted(ask, targets), datetime.now(UTC))


def _wanted(ask: Ask, targets: Sequence[str]) -> Wanted:
    rules, tags = ask.site.rules, ask.snapshot.tags
    return Wanted(
        targets=tuple(parse_target(text) for text in targets),
        in_use=tuple(parse_in_use(rules.in_use)) if rules.in_use else (),
        registry_version=rules.registry_version,
        given_tags_count=None if tags is None else len(set(tags)),
        keeps=parse_policy(rules.policy) if rules.policy else None,
    )


def _command(ask: Ask, targets: Sequence[str]) -> str:
    names = " ".join(shlex.quote(text) for text in targets[:200])
    return f"tonnage plan {names} -i {shlex.quote(ask.snapshot.path)}"
