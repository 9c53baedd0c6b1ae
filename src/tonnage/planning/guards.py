"""What is refused, protected and noted before a plan is made: incomplete knowledge never frees anything.

What is in use stays, and so does what cannot be judged: a repository with a tag or a tagged manifest that cannot be
read, or with a name that the API cannot reach. `apply` would leave all of it alone as well, so the plan does not count
on it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from tonnage.errors import NotKnownError, UsageError
from tonnage.formats.names import is_repository_name
from tonnage.formats.references import LEAVE_OUT, Reference
from tonnage.inventory.known import Doubt, Doubted, Knowledge, insist, refuse_grave
from tonnage.planning.deletions import Deletions
from tonnage.planning.policy import Candidate, Policy, Rule, copied_images

Judged = tuple[Rule | None, Sequence[Candidate]]
"""The tags of a repository, and the rule that counts for it."""


class IncompleteKnowledgeError(NotKnownError):
    """The inventory does not know enough to plan deletions."""


def refuse_ignorance(deletions: Deletions, doubts: Sequence[Doubted], given_tags_count: int | None) -> None:
    """Raise IncompleteKnowledgeError where nothing can be planned. `given_tags_count` are tags from outside, if any.

    Raises DoubtfulStorageError where most of the storage is missing.
    """
    refuse_grave(doubts)
    if unlisted := deletions.run("unlisted").rows:
        path, detail = unlisted[0]
        raise IncompleteKnowledgeError(
            f"the scan could not read `{path}` ({detail}), and what lies there may need anything",
            "scan as the user the registry runs as",
        )
    if given_tags_count is not None:
        tags_count, revisions_count, _ = deletions.run("tag_counts").rows[0]
        if not tags_count and revisions_count:
            raise IncompleteKnowledgeError(
                f"none of the {given_tags_count:,} tags given leads to one of the {revisions_count:,} revisions here",
                "are they of this registry? Write REPOSITORY:TAG@sha256:… as the storage has them",
            )
    for doubted in doubts:
        if doubted.doubt is Doubt.TAGS_ELSEWHERE:
            raise IncompleteKnowledgeError(doubted.text, doubted.advice)


def refuse_unknown_uses(deletions: Deletions, policy: Policy | None) -> None:
    """Raise NotKnownError where a policy goes by uses, nothing is known of any, and no rule says what follows from that."""
    if policy is None or not any(rule.keep_used_within and rule.unknown_use == "refuse" for rule in policy.rule):
        return
    try:
        insist(deletions.inventory, "uses", "keep_used_within")
    except NotKnownError as error:
        raise IncompleteKnowledgeError(
            error.message, f'{error.next_step}; or say `unknown_use = "keep"` or "ignore" in the rule'
        ) from error


def notes_on_tags(deletions: Deletions, given_tags_count: int | None) -> list[str]:
    """Return what of tags from outside leads nowhere, and whom they leave out."""
    if given_tags_count is None:
        return []
    tags_count, _, tagless_count = deletions.run("tag_counts").rows[0]
    lost_count = given_tags_count - tags_count
    notes = {
        f"{lost_count:,} of the {given_tags_count:,} tags given lead to nothing in this inventory": lost_count,
        f"{tagless_count:,} repositories with images have none of the tags given": tagless_count,
    }
    return [note for note, count in notes.items() if count]


def notes_on_cache(*, is_cache: bool) -> list[str]:
    """Return why a plan for a pull-through cache cannot be carried out."""
    if not is_cache:
        return []
    return [
        "this is a pull-through cache: its API deletes nothing, and a garbage collection would take what it still serves;"
        " it deletes what expires by itself, in 3.x after proxy.ttl"
    ]


def notes_on_untagged(knowledge: Knowledge, policy: Policy | None) -> list[str]:
    """Return what a plan over tags alone cannot do."""
    if knowledge.has_untagged:
        return []
    notes = ["tags are all that is known: what their images need may be needed by untagged revisions too"]
    if policy is not None and any(rule.delete_untagged for rule in policy.rule):
        notes.append("delete_untagged takes nothing: untagged revisions are unknown")
    return notes


def notes_on_times(judged: Iterable[Judged]) -> list[str]:
    """Return in which repositories times of push are those of a copy, where a policy goes by them."""
    found = [copied for rule, tags in judged if rule and (copied := copied_images(rule, tags))]
    if not found:
        return []
    largest = max(found, key=lambda copied: copied.images_count)
    when = datetime.fromtimestamp(largest.pushed_seconds, UTC)
    images_count = sum(copied.images_count for copied in found)
    where = (
        f"`{largest.repository}`" if len(found) == 1 else f"{len(found):,} repositories such as `{largest.repository}`"
    )
    return [
        f"{images_count:,} images of {where} have one time of push ({when:%Y-%m-%d %H:%M}), as after a copy without times:"
        " keep_last goes by when they were created, and where one does not say, all of them stay"
    ]


def protect(deletions: Deletions, in_use: Iterable[Reference], registry_version: int) -> list[str]:
    """Protect what is in use and what cannot be judged; return a note for each reference that names nothing here."""
    notes = _protect_in_use(deletions, list(in_use))
    names = [name for (name,) in deletions.inventory.query("select repository from repository").rows]
    nameless = [name for name in names if ":" in name or not is_repository_name(name, registry_version)]
    deletions.run("close_repositories", nameless=nameless)
    return notes


def _protect_in_use(deletions: Deletions, in_use: Sequence[Reference]) -> list[str]:
    """Protect what references name. Raises UsageError if they are mentions only, and none of them names anything."""
    if not in_use:
        return []
    found = deletions.run(
        "find_references",
        numbers=list(range(len(in_use))),
        repositories=[reference.repository for reference in in_use],
        tags=[reference.tag for reference in in_use],
        digests=[reference.digest for reference in in_use],
    ).rows
    protected = [(repository, digest, f"in use: {in_use[number]}") for number, repository, digest in found]
    deletions.add_rows("protected", protected)
    deletions.run("protect_holders")
    if not found and all(reference.is_mention for reference in in_use):
        raise UsageError("no image is named by these objects: nothing would be protected", LEAVE_OUT)
    met = {number for number, _, _ in found}
    missed = [
        str(reference) for number, reference in enumerate(in_use) if number not in met and not reference.is_mention
    ]
    return [f"in use, but not in this registry: {name}" for name in missed]
