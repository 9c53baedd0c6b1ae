"""Inventory + what is wanted -> Plan.

Three ways to say what is wanted: targets by name, a policy, or bytes to be freed at the least cost. Whatever says that
something stays wins: an image in use, a rule that keeps, an index that lists it. Where what is known is not the whole
truth, nothing is planned at all.
"""

from collections.abc import Iterable
from datetime import datetime
from graphlib import TopologicalSorter
from typing import NamedTuple

from tonnage.database import Inventory
from tonnage.errors import NotKnownError
from tonnage.freeing import Frontier, cheapest_units
from tonnage.gc.preview import predict_after
from tonnage.knowledge import Knowledge, insist, knowledge_of
from tonnage.plan import Action, Item, Kept, Plan, Prediction, Source, seal
from tonnage.policy import Candidate, Decision, Policy, Untagged, judge_tag, judge_untagged, rule_for
from tonnage.references import Reference
from tonnage.sizes import format_size
from tonnage.targets import Target
from tonnage.what_if import Deletions, Totals, target_text

_FEW_TAGS = 100
"""With more than this many revisions to a tag, tags are most likely kept somewhere else."""
_REVISIONS_TO_JUDGE = 20
_POLICY_KEEPS = "the policy keeps it"


class IncompleteKnowledgeError(NotKnownError):
    """The inventory does not know enough to plan deletions."""

    hint = "give the tags with --tags-from FILE, a line REPOSITORY:TAG@sha256:… each"


class Wanted(NamedTuple):
    """What a plan is to do."""

    targets: tuple[Target, ...] = ()
    policy: Policy | None = None
    in_use: tuple[Reference, ...] = ()
    free_bytes: int | None = None
    older_is_cheaper: bool = False
    registry_version: int = 2
    knows_tags: bool = False
    """The tags were given from outside: few of them are no sign of ignorance."""


class Planned(NamedTuple):
    """A plan, and the frontier it was chosen from if bytes were wanted."""

    plan: Plan
    totals: Totals
    frontier: Frontier | None


def make_plan(inventory: Inventory, wanted: Wanted, now: datetime) -> Planned:
    """Return the plan. Raises IncompleteKnowledgeError where the inventory does not know enough, and UsageError."""
    deletions = Deletions(inventory)
    knowledge = knowledge_of(inventory)
    if wanted.free_bytes is not None:
        for need in ("files", "untagged"):
            insist(inventory, need, "how many bytes deletions would free")
    _refuse_ignorance(deletions, wanted)
    notes = _protect(deletions, wanted.in_use) + _ignorance(knowledge, wanted)
    kept = _apply_policy(deletions, wanted, now)
    for target in wanted.targets:
        deletions.add(target, f"named: {target_text(target)}")
    frontier = None
    if wanted.free_bytes is not None:
        frontier = cheapest_units(deletions, wanted.free_bytes, older_is_cheaper=wanted.older_is_cheaper)
        notes += frontier.notes
    kept += _kept_in_use(deletions)
    deletions.settle()
    items, unable = _items(deletions, wanted.registry_version)
    plan = Plan(
        created_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        source=_source(inventory, knowledge),
        goal=_goal(wanted),
        items=items,
        kept=kept + unable,
        predictions=_predictions(deletions, items, knowledge),
        freed_blobs=dict(deletions.run("freed_blobs").rows),
        commands=_commands(inventory, wanted.registry_version, knowledge),
        notes=notes,
    )
    return Planned(seal(plan), deletions.totals(), frontier)


def _refuse_ignorance(deletions: Deletions, wanted: Wanted) -> None:
    tags_count, revisions_count, _ = deletions.run("doubt").rows[0]
    if not wanted.knows_tags and revisions_count >= _REVISIONS_TO_JUDGE and tags_count * _FEW_TAGS < revisions_count:
        raise IncompleteKnowledgeError(
            f"{tags_count:,} tags for {revisions_count:,} revisions: this registry keeps its tags elsewhere"
        )


def _ignorance(knowledge: Knowledge, wanted: Wanted) -> list[str]:
    """Return notes on what a plan over tags alone cannot do."""
    if knowledge.has_untagged:
        return []
    notes = ["tags are all that is known: what their images need may be needed by untagged revisions too"]
    if wanted.policy is not None and any(rule.delete_untagged for rule in wanted.policy.rule):
        notes.append("delete_untagged takes nothing: untagged revisions are unknown")
    return notes


def _protect(deletions: Deletions, in_use: Iterable[Reference]) -> list[str]:
    """Protect what is in use; return a note for each reference that names nothing here."""
    notes = []
    for reference in in_use:
        found = deletions.run("find_reference", **reference._asdict()).rows
        name = f"{reference.repository}{f':{reference.tag}' if reference.tag else ''}"
        deletions.add_rows("protected", [(repository, digest, f"in use: {name}") for repository, digest in found])
        if not found:
            notes.append(
                f"in use, but not in this registry: {name}{f'@{reference.digest}' if reference.digest else ''}"
            )
    return notes


def _apply_policy(deletions: Deletions, wanted: Wanted, now: datetime) -> list[Kept]:
    """Take what the policy lets go; with bytes wanted, protect what it does not let go instead."""
    if wanted.policy is None:
        return []
    tags = list(_judged_tags(deletions, wanted.policy, now.timestamp()))
    untagged = list(_judged_untagged(deletions, wanted.policy, now.timestamp()))
    kept = [
        Kept(repository=tag.repository, digest=tag.digest, tags=[tag.tag], reason=decision.reason)
        for tag, decision in tags
        if decision and not decision.deletes
    ]
    kept += [
        Kept(repository=revision.repository, digest=revision.digest, reason=decision.reason)
        for revision, decision in untagged
        if decision and not decision.deletes
    ]
    if wanted.free_bytes is not None:
        judged = [*((t.repository, t.digest, d) for t, d in tags), *((u.repository, u.digest, d) for u, d in untagged)]
        closed = [(name, digest, _POLICY_KEEPS) for name, digest, d in judged if not (d and d.deletes)]
        deletions.add_rows("protected", closed)
        return kept
    deletions.add_rows("gone_tag", [(t.repository, t.tag, d.reason) for t, d in tags if d and d.deletes])
    deletions.add_rows("gone", [(u.repository, u.digest, d.reason) for u, d in untagged if d and d.deletes])
    return kept


def _judged_tags(
    deletions: Deletions, policy: Policy, now_seconds: float
) -> Iterable[tuple[Candidate, Decision | None]]:
    labels: dict[str, dict[str, str]] = {}
    if any(rule.keep_labels for rule in policy.rule):
        for digest, name, value in deletions.run("candidate_labels").rows:
            labels.setdefault(digest, {})[name] = value
    for row in deletions.run("candidates").rows:
        tag = Candidate(*row)
        rule = rule_for(policy, tag.repository)
        yield tag, judge_tag(rule, tag, labels.get(tag.digest, {}), now_seconds) if rule else None


def _judged_untagged(
    deletions: Deletions, policy: Policy, now_seconds: float
) -> Iterable[tuple[Untagged, Decision | None]]:
    for row in deletions.run("candidate_untagged").rows:
        revision = Untagged(*row)
        rule = rule_for(policy, revision.repository)
        yield revision, judge_untagged(rule, revision, now_seconds) if rule else None


def _kept_in_use(deletions: Deletions) -> list[Kept]:
    rows = deletions.run("protected_of_gone").rows
    return [
        Kept(repository=repository, digest=digest, tags=tags, reason=reason)
        for repository, digest, tags, reason in rows
    ]


def _items(deletions: Deletions, registry_version: int) -> tuple[list[Item], list[Kept]]:
    """Return the calls in their order, and what should go and cannot."""
    items = _ordered(
        [
            Item(
                action=Action.DELETE_MANIFEST,
                repository=repository,
                digest=digest,
                tags=tags,
                kind=kind,
                reason=reason,
                size_bytes=size_bytes,
            )
            for repository, digest, kind, reason, _, tags, size_bytes in deletions.run("gone_revisions").rows
        ],
        deletions.run("gone_edges").rows,
    )
    unable = []
    for repository, tag, digest, kind, reason, has_sibling in deletions.run("gone_tags_alone").rows:
        holder = "a sibling tag stays on its digest" if has_sibling else "an index that stays lists its digest"
        if registry_version >= 3:
            items.append(
                Item(
                    action=Action.DELETE_TAG,
                    repository=repository,
                    digest=digest,
                    tags=[tag],
                    kind=kind,
                    reason=f"{reason}; {holder}",
                    size_bytes=0,
                )
            )
        else:
            because = f"{holder}, and 2.x cannot delete a tag alone"
            unable.append(Kept(repository=repository, digest=digest, tags=[tag], reason=because))
    return items, unable


def _ordered(items: list[Item], edges: Iterable[tuple[str, str, str]]) -> list[Item]:
    """Return the items with an index before its children and a subject before its referrers.

    Killed in between, what is left is then untagged and harmless: never an index without its children.
    """
    by_key = {(item.repository, item.digest): item for item in items}
    sorter: TopologicalSorter[tuple[str, str]] = TopologicalSorter(dict.fromkeys(by_key, ()))
    for repository, first, second in edges:
        sorter.add((repository, second), (repository, first))
    return [by_key[key] for key in sorter.static_order()]


def _predictions(deletions: Deletions, items: list[Item], knowledge: Knowledge) -> list[Prediction]:
    """Return what each kind of collection would free after the plan, the safe set first.

    What the registry's own collector does depends on files; where they are unknown, so is that.
    """
    freed = deletions.run("freed_total").rows[0]
    is_at_most = not (knowledge.has_untagged and knowledge.has_files)
    safe = Prediction(collector="safe", freed_bytes=freed[0], freed_blobs_count=freed[1], is_at_most=is_at_most)
    if not knowledge.has_files:
        return [safe]
    return [safe, *predict_after(deletions.inventory, items)]


def _source(inventory: Inventory, knowledge: Knowledge) -> Source:
    row = inventory.query(
        "select location, scan_id, strftime(finished_at, '%Y-%m-%dT%H:%M:%SZ'), size_bytes"
        " from scan order by scan_id desc limit 1"
    ).rows[0]
    return Source(location=row[0], scan_id=row[1], finished_at=row[2], stored_bytes=row[3], unknown=knowledge.unknown)


def _goal(wanted: Wanted) -> str:
    parts = [f"delete {', '.join(map(target_text, wanted.targets))}"] if wanted.targets else []
    if wanted.policy is not None:
        parts.append(f"a policy of {len(wanted.policy.rule)} rules")
    if wanted.free_bytes is not None:
        parts.append(f"free {format_size(wanted.free_bytes)} at the least cost")
    return "; ".join(parts)


def _commands(inventory: Inventory, registry_version: int, knowledge: Knowledge) -> list[str]:
    config = "/etc/docker/registry/config.yml" if registry_version == 2 else "/etc/distribution/config.yml"
    location = _source(inventory, knowledge).location
    is_remote = knowledge.kind == "registry"
    commands = [
        f"tonnage apply plan.json --registry {location if is_remote else 'https://REGISTRY'}",
        f"registry garbage-collect {config}  # the registry stopped or in read-only mode",
        f"tonnage scan {location} -i {inventory.path}",
    ]
    return commands if is_remote else [*commands, f"tonnage verify plan.json -i {inventory.path}"]
