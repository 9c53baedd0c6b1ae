"""What is done with an item that was looked at: a `Rehearsal` has nothing to delete with, an `Execution` has a registry
that can be changed and a journal.

After each call the registry is looked at again. A tag that somebody moved onto the digest between the look before and
the call has gone with it: it is put back at once, with all of the item. What a tag leads to through an index shows only
when tags are resolved: so all are, as they grow old and at the end, and what leads to something deleted is put back.
What is left is a tag that is made and moved onto the digest between the last list and the call: nobody has seen it.
"""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from tonnage.apply.current_tags import Lead
from tonnage.apply.journal import Called, Done, Journal, Left, Lost, load_manifest, manifests_folder, save_manifest
from tonnage.apply.outcome import ItemOutcome, Kind, Status, failed, skipped
from tonnage.apply.recheck import UNPROVEN, Ready, Recheck
from tonnage.apply.undo import item_of, put_back
from tonnage.errors import RegistryError, RegistryUnreachableError
from tonnage.plan import Action, Item
from tonnage.registry import Deletion, Registry

_BY_TAGS = "its tags alone, for others may be hidden; a collection with -m frees it"


class Step(Protocol):
    """What is done with an item that was examined."""

    is_rehearsal: bool

    def resume(self, number: int, item: Item) -> ItemOutcome | None:
        """Finish what an earlier run began and did not end; None if there is nothing."""

    def carry_out(self, number: int, item: Item, ready: Ready, recheck: Recheck) -> ItemOutcome:
        """Do the item."""

    def leave(self, outcome: ItemOutcome, recheck: Recheck | None = None) -> ItemOutcome:
        """Note that an item is left out; return how it ended."""

    def look_back(self, recheck: Recheck) -> list[ItemOutcome]:
        """Put back what is deleted and led to again; return how those items ended."""


class Rehearsal:
    """Does nothing, and has nothing to do it with."""

    is_rehearsal = True

    def __init__(self, *, can_delete_tags: bool) -> None:
        self._can_delete_tags = can_delete_tags
        """What the plan says of the registry's version: nothing but a deletion would show it."""

    def resume(self, number: int, item: Item) -> ItemOutcome | None:
        return None

    def carry_out(self, number: int, item: Item, ready: Ready, recheck: Recheck) -> ItemOutcome:
        if ready.only_tags and not self._can_delete_tags:
            return skipped(number, item, Kind.UNPROVEN, UNPROVEN)
        reason = f"cannot be taken back: {item.final_because}" if item.final_because else ""
        reason = _BY_TAGS if ready.only_tags else reason
        return ItemOutcome(number=number, item=item, status=Status.READY, reason=reason)

    def leave(self, outcome: ItemOutcome, recheck: Recheck | None = None) -> ItemOutcome:
        return outcome

    def look_back(self, recheck: Recheck) -> list[ItemOutcome]:
        return []


class Execution:
    """Saves, calls, looks again, and writes down: small steps, as one that was killed goes on after any of them."""

    is_rehearsal = False

    def __init__(self, registry: Registry, journal: Journal) -> None:
        self._registry = registry
        self._journal = journal
        self._history = journal.history
        self._called = frozenset(journal.history.calls)
        """Calls of earlier runs."""

    def resume(self, number: int, item: Item) -> ItemOutcome | None:
        return self._put_back(number, item) if number in self._history.lost else None

    def carry_out(self, number: int, item: Item, ready: Ready, recheck: Recheck) -> ItemOutcome:
        action = Action.DELETE_TAG if ready.only_tags else item.action
        called = msgspec.structs.replace(item, action=action)
        save_manifest(manifests_folder(self._journal.path), ready.manifest)
        self._journal.write(self._call_line(number, called, ready, recheck.led()))
        deletion = self._call(called)
        if not deletion.is_done:
            outcome = _unproven(number, item) if ready.only_tags else _refused(number, item, deletion)
            return self._write_left(outcome)
        outcome = self._look_after(number, called, deletion.said, recheck)
        is_by_tags = ready.only_tags and outcome.status is Status.DONE
        return msgspec.structs.replace(outcome, item=item, reason=_BY_TAGS if is_by_tags else outcome.reason)

    def leave(self, outcome: ItemOutcome, recheck: Recheck | None = None) -> ItemOutcome:
        """Write down why an item is left out. What is gone after an interrupted call, that call has deleted."""
        call = self._history.calls.get(outcome.number)
        if call is None or outcome.number not in self._called or recheck is None:
            return self._write_left(outcome)
        gone = {Kind.GONE, Kind.TAG_GONE} if call.action == Action.DELETE_TAG else {Kind.GONE}
        if outcome.kind not in gone:
            return self._write_left(outcome)
        item = msgspec.structs.replace(outcome.item, action=call.action)
        before = self._history.seen.get(item.repository, {})
        lost = recheck.lost_tags(item, before)
        return self._end(outcome.number, outcome.item, "gone after an interrupted call", lost)

    def look_back(self, recheck: Recheck) -> list[ItemOutcome]:
        deleted = {
            call.digest: number
            for number, call in self._history.calls.items()
            if number in self._history.done
            and call.repository == recheck.repository
            and call.action == Action.DELETE_MANIFEST
        }
        leads = [lead for lead in recheck.tags.leads_to(deleted) if not self._is_own(lead, deleted)] if deleted else []
        for lead in leads:
            if lead.is_dangling:
                self._journal.write(Lost(number=deleted[lead.digest], tags=[lead.tag]))
        numbers = self._with_their_own({deleted[lead.digest] for lead in leads}, deleted)
        reasons = {deleted[lead.digest]: _led(lead) for lead in leads}
        if not numbers:
            return []
        return [
            self._told(number, found, reasons.get(number, "it belongs to what was put back"))
            for number, found in self._push(numbers).items()
        ]

    def _is_own(self, lead: Lead, deleted: dict[str, int]) -> bool:
        """Whether a tag points to what it pointed to when that was deleted: the registry has left it behind."""
        return lead.is_dangling and lead.tag in self._history.calls[deleted[lead.digest]].tags

    def _look_after(self, number: int, item: Item, said: str, recheck: Recheck) -> ItemOutcome:
        """Return how a call ended that the registry says it has carried out."""
        if recheck.is_there(item):
            if other := recheck.other_tag(item):
                reason = f"somebody pushed it again with tag `{other}`"
                return self._write_left(skipped(number, item, Kind.NEW_TAG, reason))
            return self._write_left(failed(number, item, Kind.NOT_DELETED, f"it is still there ({said})"))
        return self._end(number, item, said, recheck.lost_tags(item))

    def _end(self, number: int, item: Item, said: str, lost: list[str]) -> ItemOutcome:
        if lost:
            self._journal.write(Lost(number=number, tags=lost))
            return self._put_back(number, item)
        self._journal.write(Done(number=number, said=said))
        return ItemOutcome(number=number, item=item, status=Status.DONE)

    def _put_back(self, number: int, item: Item) -> ItemOutcome:
        """Bring a call's manifest back with its tags, those it took along among them."""
        own = set(item.tags)
        tags = ", ".join(f"`{tag}`" for tag in self._history.calls[number].tags if tag not in own)
        outcome = self._push({number})[number]
        return self._told(
            number, msgspec.structs.replace(outcome, item=item), f"tag {tags} was moved onto it just then"
        )

    def _push(self, numbers: set[int]) -> dict[int, ItemOutcome]:
        """Bring back what calls deleted; what hinders that, such as a right that lacks, is how each of them ends."""
        calls = {number: self._history.calls[number] for number in numbers}
        try:
            return put_back(self._registry, self._journal, numbers)
        except RegistryUnreachableError:
            raise
        except RegistryError as error:
            reason = error.message
        return {number: failed(number, item_of(call), Kind.LOST, reason) for number, call in calls.items()}

    def _told(self, number: int, restored: ItemOutcome, reason: str) -> ItemOutcome:
        """Return the outcome of an item that is there again, or should be."""
        if restored.status is Status.FAILED:
            because = f"{reason}, and it cannot be put back: {restored.reason}"
            return self._write_left(failed(number, restored.item, Kind.LOST, because))
        return self._write_left(skipped(number, restored.item, Kind.PUT_BACK, f"{reason}, so it was put back"))

    def _with_their_own(self, numbers: Iterable[int], deleted: dict[str, int]) -> set[int]:
        """Return calls with those for the children and the referrers of what they deleted."""
        folder = manifests_folder(self._journal.path)
        manifests = {n: load_manifest(folder, self._history.calls[n]) for n in deleted.values()} if numbers else {}
        found: set[int] = set()
        waiting = set(numbers)
        while waiting:
            found |= waiting
            digests = {self._history.calls[number].digest for number in waiting}
            children = {d for n in waiting if (manifest := manifests.get(n)) for d in manifest.children}
            own = {n for n, m in manifests.items() if m and (m.digest in children or m.subject in digests)}
            waiting = own - found
        return found

    def _call_line(self, number: int, item: Item, ready: Ready, tags: dict[str, str]) -> Called:
        seen = self._history.seen.get(item.repository, {})
        return Called(
            number=number,
            action=item.action,
            repository=item.repository,
            digest=item.digest,
            tags=item.tags,
            media_type=ready.manifest.media_type,
            kind=item.kind,
            missing=item.missing,
            seen={tag: digest for tag, digest in tags.items() if seen.get(tag) != digest},
            unseen=sorted(seen.keys() - tags.keys()),
        )

    def _call(self, item: Item) -> Deletion:
        """Return how the call ended, or of several tags the first call that was refused."""
        if item.action is Action.DELETE_MANIFEST:
            return self._registry.delete_manifest(item.repository, item.digest)
        deletions = (self._registry.delete_tag(item.repository, tag) for tag in item.tags)
        deletion = next(deletions)
        while deletion.is_done and (following := next(deletions, None)):
            deletion = following
        return deletion

    def _write_left(self, outcome: ItemOutcome) -> ItemOutcome:
        kind = outcome.kind or Kind.REFUSED
        self._journal.write(Left(number=outcome.number, status=outcome.status, kind=kind, reason=outcome.reason))
        return outcome


def _led(lead: Lead) -> str:
    if lead.is_dangling:
        return f"tag `{lead.tag}` was moved onto it just then"
    return f"the index of tag `{lead.tag}` leads to it now"


def _unproven(number: int, item: Item) -> ItemOutcome:
    """Return the outcome of an item whose tags alone could have gone, if the registry could do that."""
    return skipped(number, item, Kind.UNPROVEN, f"this registry cannot delete a tag alone, and {UNPROVEN}")


def _refused(number: int, item: Item, deletion: Deletion) -> ItemOutcome:
    """Return the outcome of a DELETE that was not carried out."""
    if deletion.status == 404:
        return skipped(number, item, Kind.GONE, "somebody else deleted it just now")
    if deletion.status == 400 and item.action is Action.DELETE_TAG:
        reason = f"this registry cannot delete a tag alone ({deletion.said}); 3.x can"
        return skipped(number, item, Kind.UNSUPPORTED, reason)
    return failed(number, item, Kind.REFUSED, deletion.said)
