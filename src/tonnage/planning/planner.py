"""Inventory + what is wanted -> Plan.

Three ways to say what is wanted: targets by name, a policy, or bytes to be freed at the least cost. Whatever says that
something stays wins: an image in use, a rule that keeps, an index that lists it. Where what is known is not the whole
truth, nothing is planned at all.
"""

import shlex
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from tonnage.errors import UsageError
from tonnage.formats.references import Reference
from tonnage.formats.targets import Target
from tonnage.gc.preview import Forecast, predict_after
from tonnage.inventory.database import Inventory
from tonnage.inventory.known import Doubt, Doubted, Knowledge, doubts_of, has_doubt, insist, knowledge_of
from tonnage.inventory.statements import statements
from tonnage.plan import FrontierPoint, Item, Kept, Plan, Prediction, Source, seal
from tonnage.planning.deletions import Deletions, nothing_is, target_text
from tonnage.planning.guards import (
    Judged,
    notes_on_cache,
    notes_on_tags,
    notes_on_times,
    notes_on_untagged,
    protect,
    refuse_ignorance,
    refuse_unknown_uses,
)
from tonnage.planning.items import items_of, kept_item
from tonnage.planning.next_steps import collection, commands
from tonnage.planning.policy import Candidate, Decision, Policy, Untagged, judge_tags, judge_untagged, rule_for
from tonnage.planning.units import cheapest_units, whole_frontier
from tonnage.sizes import format_size

_POLICY_KEEPS = "the policy keeps it"


class Wanted(NamedTuple):
    """What a plan is to do."""

    targets: tuple[Target, ...] = ()
    policy: Policy | None = None
    in_use: tuple[Reference, ...] = ()
    free_bytes: int | None = None
    older_is_cheaper: bool = False
    registry_version: int = 2
    given_tags_count: int | None = None
    """How many tags were given from outside, in place of those in the storage; None if none were."""
    plan_file: str = "plan.json"
    """Where the plan will be, for the commands in it."""
    inventory: str = ""
    """How the inventory is named in those commands; else as it was opened."""
    keeps: Policy | None = None
    """A policy that takes nothing: what its rules keep stays, whoever names it."""


def frontier_of(inventory: Inventory, wanted: Wanted, now: datetime) -> list[FrontierPoint]:
    """Return all trade-offs between bytes and cost, whatever the goal. Raises IncompleteKnowledgeError and UsageError."""
    deletions = _prepared(inventory, wanted, now, doubts_of(inventory))[0]
    return whole_frontier(deletions, older_is_cheaper=wanted.older_is_cheaper)


def protections_of(inventory: Inventory, wanted: Wanted, now: datetime) -> Deletions:
    """Return deletions of nothing, with what stays whoever names it: what is in use, what a policy keeps.

    Raises UsageError where nothing that is in use is here.
    """
    deletions = Deletions(inventory)
    protect(deletions, wanted.in_use, wanted.registry_version)
    _protect_by_policy(deletions, wanted.keeps, now)
    return deletions


def _prepared(
    inventory: Inventory, wanted: Wanted, now: datetime, doubts: Sequence[Doubted]
) -> tuple[Deletions, list[str], list[Kept]]:
    """Return deletions with what is protected and what a policy takes, notes on that, and what the policy keeps."""
    deletions = Deletions(inventory)
    knowledge = knowledge_of(inventory)
    for need in ("files", "untagged") if wanted.free_bytes is not None else ():
        insist(inventory, need, "how many bytes deletions would free")
    refuse_ignorance(deletions, doubts, wanted.given_tags_count)
    for policy in (wanted.policy, wanted.keeps):
        refuse_unknown_uses(deletions, policy)
    notes = notes_on_tags(deletions, wanted.given_tags_count) + notes_on_untagged(knowledge, wanted.policy)
    notes += notes_on_cache(is_cache=has_doubt(doubts, Doubt.CACHE))
    notes += protect(deletions, wanted.in_use, wanted.registry_version)
    judged = _judged_repositories(deletions, wanted.policy)
    notes += notes_on_times(judged)
    kept = _apply_policy(deletions, wanted, judged, now)
    _protect_by_policy(deletions, wanted.keeps, now)
    return deletions, notes, kept


def make_plan(inventory: Inventory, wanted: Wanted, now: datetime, *, predicts: bool = True) -> Plan:
    """Return the plan, without replays of collections where `predicts` says so.

    Raises IncompleteKnowledgeError, GoalUnreachableError and UsageError.
    """
    doubts = doubts_of(inventory)
    deletions, notes, kept = _prepared(inventory, wanted, now, doubts)
    knowledge = knowledge_of(inventory)
    is_cache = has_doubt(doubts, Doubt.CACHE)
    if missing := deletions.add_all(wanted.targets):
        raise UsageError(*nothing_is(missing[0], inventory))
    frontier = None
    if wanted.free_bytes is not None:
        frontier = cheapest_units(deletions, wanted.free_bytes, older_is_cheaper=wanted.older_is_cheaper)
    deletions.settle()
    kept += [kept_item(*row) for row in deletions.run("kept").rows]
    items, unable = items_of(deletions, wanted.registry_version)
    collector = f"{wanted.registry_version}.x"
    forecasts = predict_after(inventory, items, listed=[collector]) if knowledge.has_files and predicts else []
    predictions = [_safe(deletions, knowledge), *(forecast.prediction for forecast in forecasts)]
    harm = next((p.harm for p in predictions if p.collector == collector), None)
    source = _source(inventory, knowledge)
    freed_blobs = dict(deletions.run("freed_blobs").rows)
    taken_blobs, left_blobs = _beside(freed_blobs, forecasts, collector)
    return seal(
        Plan(
            created_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            source=source,
            goal=_goal(wanted),
            items=items,
            kept=kept + unable,
            frontier=frontier,
            collector=collector,
            predictions=predictions,
            freed_blobs=freed_blobs,
            taken_blobs=taken_blobs,
            left_blobs=left_blobs,
            commands=commands(
                source.location,
                knowledge,
                [] if harm else collection(knowledge, collector),
                wanted.inventory or inventory.path,
                wanted.plan_file,
                has_items=bool(items),
            )
            if (items or predictions[0].freed_bytes) and not is_cache
            else [],
            notes=notes + _notes_on_final(items) + ([_warning(collector, harm, wanted.inventory)] if harm else []),
        )
    )


def _apply_policy(deletions: Deletions, wanted: Wanted, judged: Sequence[Judged], now: datetime) -> list[Kept]:
    """Take what the policy lets go; with bytes wanted, protect what it does not let go instead."""
    if wanted.policy is None:
        return []
    tags = _judged_tags(deletions, wanted.policy, judged, now.timestamp())
    untagged = _judged_untagged(deletions, wanted.policy, now.timestamp())
    kept = [kept_item(t.repository, t.digest, [t.tag], d.reason) for t, d in tags if d and not d.deletes]
    kept += [kept_item(u.repository, u.digest, [], d.reason) for u, d in untagged if d and not d.deletes]
    if wanted.free_bytes is None:
        deletions.add_rows("gone_tag", [(t.repository, t.tag, d.reason) for t, d in tags if d and d.deletes])
        deletions.add_rows("gone", [(u.repository, u.digest, d.reason) for u, d in untagged if d and d.deletes])
    else:
        stay = [(t.repository, t.digest) for t, d in tags if not (d and d.deletes) and not t.has_subject]
        stay += [(u.repository, u.digest) for u, d in untagged if not (d and d.deletes)]
        deletions.add_rows("protected", [(repository, digest, _POLICY_KEEPS) for repository, digest in stay])
    return kept


def _protect_by_policy(deletions: Deletions, policy: Policy | None, now: datetime) -> None:
    if policy is None:
        return
    tags = _judged_tags(deletions, policy, _judged_repositories(deletions, policy), now.timestamp())
    untagged = _judged_untagged(deletions, policy, now.timestamp())
    stay = [(t.repository, t.digest, d.reason) for t, d in tags if d and not d.deletes]
    stay += [(u.repository, u.digest, d.reason) for u, d in untagged if d and not d.deletes]
    deletions.add_rows("protected", stay)


def _judged_repositories(deletions: Deletions, policy: Policy | None) -> list[Judged]:
    """Return the tags of each repository with the rule that counts for it; nothing where there is no policy."""
    if policy is None:
        return []
    candidates = (Candidate(*row) for row in deletions.run("candidates").rows)
    return [
        (rule_for(policy, repository), list(tags))
        for repository, tags in groupby(candidates, key=lambda tag: tag.repository)
    ]


def _judged_tags(
    deletions: Deletions, policy: Policy, repositories: Sequence[Judged], now_seconds: float
) -> list[tuple[Candidate, Decision | None]]:
    labels: dict[str, dict[str, str]] = {}
    if names := sorted({name for rule in policy.rule for name in rule.keep_labels}):
        for digest, name, value in deletions.run("candidate_labels", names=names).rows:
            labels.setdefault(digest, {})[name] = value
    judged: list[tuple[Candidate, Decision | None]] = []
    for rule, tags in repositories:
        judged += judge_tags(rule, tags, labels, now_seconds) if rule else [(tag, None) for tag in tags]
    return judged


def _judged_untagged(
    deletions: Deletions, policy: Policy, now_seconds: float
) -> list[tuple[Untagged, Decision | None]]:
    revisions = [Untagged(*row) for row in deletions.run("candidate_untagged").rows]
    rules = [rule_for(policy, revision.repository) for revision in revisions]
    return [
        (revision, judge_untagged(rule, revision, now_seconds) if rule else None)
        for revision, rule in zip(revisions, rules, strict=True)
    ]


def _safe(deletions: Deletions, knowledge: Knowledge) -> Prediction:
    """Return what is safe to free after the plan, by OCI's meaning."""
    freed_bytes, blobs_count, orphaned_bytes = deletions.run("freed_total").rows[0]
    return Prediction(
        collector="safe",
        freed_bytes=freed_bytes,
        orphaned_bytes=orphaned_bytes,
        freed_blobs_count=blobs_count,
        is_at_most=not (knowledge.has_untagged and knowledge.has_files),
    )


def _beside(freed_blobs: dict[str, int], forecasts: list[Forecast], collector: str) -> tuple[dict[str, int], list[str]]:
    """Return what the plan's own collection takes beside the safe set, and what of that it leaves.

    Nothing, where it would stop: what it does once all is put right is not predicted.
    """
    blobs = next(
        (
            blobs
            for prediction, blobs in forecasts
            if prediction.collector == collector and blobs is not None and not prediction.aborts_on
        ),
        freed_blobs,
    )
    taken = {digest: size_bytes for digest, size_bytes in blobs.items() if digest not in freed_blobs}
    return taken, [digest for digest in freed_blobs if digest not in blobs]


def _source(inventory: Inventory, knowledge: Knowledge) -> Source:
    location, scan_id, finished_at, stored_bytes, blob_bytes = inventory.query(statements("plan")["source"].sql).rows[0]
    return Source(
        location=location,
        scan_id=scan_id,
        finished_at=finished_at,
        stored_bytes=stored_bytes,
        blob_bytes=blob_bytes if knowledge.has_files else None,
        unknown=knowledge.unknown,
    )


def _goal(wanted: Wanted) -> str:
    parts = [f"delete {', '.join(map(target_text, wanted.targets))}"] if wanted.targets else []
    if wanted.policy is not None:
        count = len(wanted.policy.rule)
        parts.append(f"a policy of {count} rule{'s' if count > 1 else ''}")
    if wanted.free_bytes is not None:
        parts.append(f"free {format_size(wanted.free_bytes)} at the least cost")
    return "; ".join(parts)


def _notes_on_final(items: Sequence[Item]) -> list[str]:
    """Return how many deletions cannot be taken back, and one of them."""
    final = [item for item in items if item.final_because]
    if not final:
        return []
    first = f"{final[0].repository}@{final[0].digest}: {final[0].final_because}"
    return [f"{len(final):,} of the {len(items):,} deletions cannot be taken back by `tonnage undo`, such as {first}"]


def _warning(collector: str, harm: str, inventory: str) -> str:
    listing = "stops" if "stop" in harm else "broken"
    see = (
        f"tonnage gc --collector {collector[0]} --list {listing}{f' -i {shlex.quote(inventory)}' if inventory else ''}"
    )
    return f"do not collect with {collector} before this is put right: {harm}; see {see}"
