"""Taking deletions back: the saved manifests are pushed again, by digest and under their tags.

This works as long as the registry has not collected: a deletion over HTTP removes links only, the blobs stay until
then. Whether they are there still is asked of the registry by reading a byte of each, before anything is pushed - a
registry with a descriptor cache takes a manifest whose blobs are gone, and would then serve a broken image.
"""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Protocol

from tonnage.apply.journal import (
    Called,
    History,
    Journal,
    Restored,
    load_manifest,
    manifests_folder,
    open_journal,
    read_history,
)
from tonnage.apply.outcome import ItemOutcome, Kind, Outcome, Status, failed, skipped
from tonnage.errors import JournalError
from tonnage.monitor import Monitor
from tonnage.plan import Action, Item, confirm
from tonnage.registry import PushRefusedError, ReadOnlyRegistry, Registry, RemoteManifest, UnreadableError


def undo(
    journal: Path,
    registry: ReadOnlyRegistry,
    *,
    confirmed: str = "",
    concurrency: int = 4,
    monitor: Monitor | None = None,
) -> Outcome:
    """Push back what a journal's calls deleted; or where `confirmed` is empty, see what would be.

    `confirmed` has to be the plan's id, or enough of it, and `registry` a Registry then. Children come before their
    indexes. Tags that point to something else by now are left alone. Can be repeated: what is there already counts as
    done. Raises TonnageError for what stops all of it.
    """
    history = existing_history(journal)
    if history.registry != registry.url:
        raise JournalError(f"`{journal}` is of the registry `{history.registry}`, not of `{registry.url}`")
    if confirmed:
        confirm(history.plan, confirmed)
    monitor = monitor or Monitor()
    registry.ping()
    if not confirmed:
        step: _Step = _Rehearsal()
        items = _Undo(registry.as_read_only(), step, manifests_folder(journal), concurrency, monitor).over(
            history.calls
        )
        return Outcome(plan=history.plan, registry=registry.url, is_dry_run=True, items=items, journal=str(journal))
    if not isinstance(registry, Registry):
        raise TypeError("manifests can only be pushed to a Registry")
    with open_journal(journal, history.plan, registry.url) as opened:
        step = _Execution(registry, opened)
        items = _Undo(registry, step, manifests_folder(journal), concurrency, monitor).over(opened.history.calls)
    return Outcome(plan=history.plan, registry=registry.url, is_dry_run=False, items=items, journal=str(journal))


def put_back(registry: Registry, journal: Journal, numbers: Collection[int]) -> dict[int, ItemOutcome]:
    """Push back at once what some of a journal's calls deleted; return how each ended."""
    calls = {number: journal.history.calls[number] for number in numbers}
    folder = manifests_folder(journal.path)
    found = _Undo(registry, _Execution(registry, journal), folder, concurrency=1, monitor=Monitor()).over(calls)
    return {outcome.number: outcome for outcome in found}


_AGAIN = frozenset({Kind.REFUSED, Kind.CHILD_GONE})
"""Tried again at the end: a child may have come back in the meantime."""


class _Missing(NamedTuple):
    """What a call has taken away and is not there now."""

    manifest: RemoteManifest
    is_digest_missing: bool
    tags: list[str]


class _Step(Protocol):
    """What is done with something missing."""

    ready: Status

    def push(self, call: Called, missing: _Missing) -> None:
        """Bring it back."""

    def note(self, call: Called) -> None:
        """Note that all the call took away is there again."""


class _Rehearsal:
    """Does nothing, and has nothing to do it with."""

    ready = Status.READY

    def push(self, call: Called, missing: _Missing) -> None:
        """Leave it at that."""

    def note(self, call: Called) -> None:
        """Leave it at that."""


class _Execution:
    """Pushes, and writes down."""

    ready = Status.DONE

    def __init__(self, registry: Registry, journal: Journal) -> None:
        self._registry = registry
        self._journal = journal

    def push(self, call: Called, missing: _Missing) -> None:
        if missing.is_digest_missing:
            self._registry.put_manifest(call.repository, call.digest, missing.manifest)
        for tag in missing.tags:
            self._registry.put_manifest(call.repository, tag, missing.manifest)
        if self._registry.get_manifest(call.repository, call.digest) is None:
            raise PushRefusedError("the registry took it and does not have it: its cache is wrong, restart it")

    def note(self, call: Called) -> None:
        self._journal.write(Restored(number=call.number))


class _Undo:
    """The loop, over all repositories."""

    def __init__(
        self, registry: ReadOnlyRegistry, step: _Step, folder: Path, concurrency: int, monitor: Monitor
    ) -> None:
        self._registry = registry
        self._step = step
        self._folder = folder
        self._concurrency = concurrency
        self._monitor = monitor
        self._readable: dict[tuple[str, str], bool] = {}
        self._restored: set[tuple[str, str]] = set()
        """Digests pushed, or in a rehearsal taken for pushed."""

    def over(self, by_number: Mapping[int, Called]) -> list[ItemOutcome]:
        """Return the outcome of every call, the last call first."""
        calls = [by_number[number] for number in sorted(by_number, reverse=True)]
        self._monitor.begin("restoring", len(calls))
        outcomes: dict[int, ItemOutcome] = {}
        waiting = calls
        while waiting:
            for call in waiting:
                outcomes[call.number] = _told_why(call, self._restore(call))
                self._monitor.advance(1 if waiting is calls else 0)
            refused = [call for call in waiting if outcomes[call.number].kind in _AGAIN]
            waiting = refused if len(refused) < len(waiting) else []
        return [outcomes[call.number] for call in calls]

    def _restore(self, call: Called) -> ItemOutcome:
        number, item = call.number, item_of(call)
        manifest = load_manifest(self._folder, call)
        if manifest is None:
            return failed(number, item, Kind.NO_BACKUP, f"its manifest in `{self._folder}` is missing or damaged")
        try:
            missing, taken = self._missing(call, manifest)
            if missing.is_digest_missing or missing.tags:
                if gone := self._gone(call.repository, manifest):
                    return failed(number, item, Kind.BLOBS_GONE, _collected(gone))
                self._step.push(call, missing)
            absent = [child for child in manifest.child_manifests if self._is_absent(call.repository, child)]
        except PushRefusedError as error:
            gone = error.missing
            return failed(number, item, Kind.REFUSED, _collected(gone) if gone else error.message)
        except UnreadableError as error:
            return failed(number, item, Kind.UNREADABLE, error.message)
        self._restored.add((call.repository, call.digest))
        if absent:
            return failed(number, item, Kind.CHILD_GONE, f"its child `{absent[0]}` is not there")
        if taken:
            return skipped(number, item, Kind.TAG_TAKEN, f"tag `{taken[0]}` points to something else now")
        self._step.note(call)
        return ItemOutcome(number=number, item=item, status=self._step.ready)

    def _missing(self, call: Called, manifest: RemoteManifest) -> tuple[_Missing, list[str]]:
        """Return what of a call is to be brought back, and the tags that are somebody else's by now."""
        is_missing = self._registry.head_manifest(call.repository, call.digest) is None
        heads = {tag: self._registry.head_manifest(call.repository, tag) for tag in call.tags}
        taken = [tag for tag, head in heads.items() if head and head.digest != call.digest]
        free = [tag for tag, head in heads.items() if head is None]
        return _Missing(manifest, is_missing, free), taken

    def _gone(self, repository: str, manifest: RemoteManifest) -> list[str]:
        """Return the blobs the manifest refers to and the registry no longer has."""
        blobs = [digest for digest in manifest.blobs if (repository, digest) not in self._readable]
        with ThreadPoolExecutor(self._concurrency) as pool:
            answers = pool.map(lambda digest: self._registry.can_read_blob(repository, digest), blobs)
            self._readable.update(zip([(repository, digest) for digest in blobs], answers, strict=True))
        return [digest for digest in manifest.blobs if not self._readable[repository, digest]]

    def _is_absent(self, repository: str, digest: str) -> bool:
        """Return whether a manifest is not there, by reading it: caches answer HEAD for what was collected."""
        return (repository, digest) not in self._restored and self._registry.get_manifest(repository, digest) is None


_LACKS = frozenset({Kind.BLOBS_GONE, Kind.CHILD_GONE, Kind.REFUSED})


def _told_why(call: Called, outcome: ItemOutcome) -> ItemOutcome:
    """Return an outcome, with what was missing before anything was deleted where that is in the way."""
    if outcome.kind not in _LACKS or not call.missing:
        return outcome
    others = f" and {len(call.missing) - 1:,} more" if len(call.missing) > 1 else ""
    reason = f"`{call.missing[0]}`{others} was missing before it was deleted: a registry takes no manifest without it"
    return failed(outcome.number, outcome.item, Kind.MISSING_BEFORE, reason)


def _collected(digests: Sequence[str]) -> str:
    others = f" and {len(digests) - 1} more" if len(digests) > 1 else ""
    return f"the registry has collected what it refers to: `{digests[0]}`{others}; push the image again from its source"


def item_of(call: Called) -> Item:
    """Return the item of a plan that a call was made for, as far as the journal has it."""
    return Item(
        action=Action(call.action),
        repository=call.repository,
        digest=call.digest,
        tags=call.tags,
        kind=call.kind,
        reason="",
        size_bytes=0,
    )


def existing_history(journal: Path) -> History:
    """Return what a journal says. Raises JournalError, also where there is none, or none was begun."""
    history = read_history(journal)
    if not history.plan:
        raise JournalError(f"no journal at `{journal}`", "pass the one that `tonnage apply` has written")
    return history
