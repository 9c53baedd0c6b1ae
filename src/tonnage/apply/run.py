"""The run over a plan: examine each item, carry it out or rehearse it, write down what came of it.

Repositories go side by side, the items of one in the plan's order. The loop is given a step: a `_Rehearsal` has nothing
to delete with, an `_Execution` has a `Registry` and a journal.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol

from tonnage.apply.journal import (
    Called,
    Done,
    History,
    Journal,
    Left,
    manifests_folder,
    open_journal,
    read_history,
    save_manifest,
)
from tonnage.apply.outcome import ItemOutcome, Kind, Outcome, Status, failed, skipped
from tonnage.apply.recheck import Ready, Recheck, Skip
from tonnage.errors import (
    AccessError,
    DeletionRefusedError,
    RegistryError,
    RegistryUnreachableError,
    TonnageError,
    UsageError,
)
from tonnage.monitor import Monitor
from tonnage.plan import Action, Item, Plan, confirm, short_id
from tonnage.registry import Deletion, ReadOnlyRegistry, Registry, RemoteManifest

Numbered = tuple[int, Item]

_STOPPERS = (RegistryUnreachableError, DeletionRefusedError)
"""Errors that hold for every item to come."""


def default_journal(plan_file: Path, plan: Plan) -> Path:
    """Return where the journal of a plan lies unless told otherwise: beside the plan, so that it is found again."""
    return plan_file.with_name(f"{plan_file.stem}-{short_id(plan.id)}.journal")


def apply_plan(
    plan: Plan,
    registry: ReadOnlyRegistry,
    journal: Path,
    *,
    confirmed: str = "",
    concurrency: int = 4,
    monitor: Monitor | None = None,
) -> Outcome:
    """Delete what the plan says, in its order; or where `confirmed` is empty, see what would be.

    `confirmed` has to be the plan's id, or enough of it, and `registry` a Registry then. Items that are not as planned
    are skipped with a reason. Goes on where the journal ends. Raises TonnageError for what stops all of it; the journal
    has what was done.
    """
    if confirmed:
        confirm(plan.id, confirmed)
    monitor = monitor or Monitor()
    registry.ping()
    if not confirmed:
        history = read_history(journal)
        reading = registry.as_read_only()
        items = _Run(reading, _Rehearsal(), history, concurrency, monitor).over(plan, "checking")
        return Outcome(plan=plan.id, registry=registry.url, is_dry_run=True, items=items)
    if not isinstance(registry, Registry):
        raise TypeError("a plan can only be carried out on a Registry")
    with open_journal(journal, plan.id, registry.url) as (opened, history):
        step = _Execution(registry, opened, history)
        items = _Run(registry, step, history, concurrency, monitor).over(plan, "deleting")
    return Outcome(plan=plan.id, registry=registry.url, is_dry_run=False, items=items, journal=str(journal))


class _Step(Protocol):
    """What is done with an item that was examined."""

    is_rehearsal: bool

    def carry_out(self, number: int, item: Item, manifest: RemoteManifest) -> ItemOutcome:
        """Do the item."""

    def leave(self, outcome: ItemOutcome) -> ItemOutcome:
        """Note that an item is left out; return how it ended."""


class _Rehearsal:
    """Does nothing, and has nothing to do it with."""

    is_rehearsal = True

    def carry_out(self, number: int, item: Item, manifest: RemoteManifest) -> ItemOutcome:
        return ItemOutcome(number=number, item=item, status=Status.READY)

    def leave(self, outcome: ItemOutcome) -> ItemOutcome:
        return outcome


class _Execution:
    """Saves, calls, and writes down."""

    is_rehearsal = False

    def __init__(self, registry: Registry, journal: Journal, history: History) -> None:
        self._registry = registry
        self._journal = journal
        self._called = frozenset(history.calls)

    def carry_out(self, number: int, item: Item, manifest: RemoteManifest) -> ItemOutcome:
        save_manifest(manifests_folder(self._journal.path), manifest)
        self._journal.write(
            Called(
                number=number,
                action=item.action,
                repository=item.repository,
                digest=item.digest,
                tags=item.tags,
                media_type=manifest.media_type,
                kind=item.kind,
            )
        )
        deletion = self._call(item)
        if not deletion.is_done:
            return self._write_left(_refused(number, item, deletion))
        self._journal.write(Done(number=number, said=deletion.said))
        return ItemOutcome(number=number, item=item, status=Status.DONE)

    def leave(self, outcome: ItemOutcome) -> ItemOutcome:
        """Write down why an item is left out. What is gone after an interrupted call, that call has deleted."""
        gone = {Kind.GONE, Kind.TAG_GONE} if outcome.item.action is Action.DELETE_TAG else {Kind.GONE}
        if outcome.number in self._called and outcome.kind in gone:
            self._journal.write(Done(number=outcome.number, said="gone after an interrupted call"))
            return ItemOutcome(number=outcome.number, item=outcome.item, status=Status.DONE)
        return self._write_left(outcome)

    def _call(self, item: Item) -> Deletion:
        match item.action:
            case Action.DELETE_MANIFEST:
                return self._registry.delete_manifest(item.repository, item.digest)
            case Action.DELETE_TAG:
                return self._registry.delete_tag(item.repository, item.tags[0])

    def _write_left(self, outcome: ItemOutcome) -> ItemOutcome:
        kind = outcome.kind or Kind.REFUSED
        self._journal.write(Left(number=outcome.number, status=outcome.status, kind=kind, reason=outcome.reason))
        return outcome


def _refused(number: int, item: Item, deletion: Deletion) -> ItemOutcome:
    """Return the outcome of a DELETE that was not carried out."""
    if deletion.status == 404:
        return skipped(number, item, Kind.GONE, "somebody else deleted it just now")
    if deletion.status == 400 and item.action is Action.DELETE_TAG:
        reason = f"this registry cannot delete a tag alone ({deletion.said}); 3.x can"
        return skipped(number, item, Kind.UNSUPPORTED, reason)
    return failed(number, item, Kind.REFUSED, deletion.said)


class _Run:
    """The loop, over all repositories."""

    def __init__(
        self, registry: ReadOnlyRegistry, step: _Step, history: History, concurrency: int, monitor: Monitor
    ) -> None:
        self._registry = registry
        self._step = step
        self._done = history.done
        self._concurrency = concurrency
        self._monitor = monitor
        self._stop = threading.Event()
        self._outcomes: dict[int, ItemOutcome] = {}
        self._access_error: AccessError | None = None

    def over(self, plan: Plan, what: str) -> list[ItemOutcome]:
        """Return the outcome of every item, in the plan's order."""
        _check(plan.items)
        self._monitor.begin(what, len(plan.items))
        try:
            self._run_all(_by_repository(plan.items))
        except TonnageError as error:
            done_count = sum(outcome.status is Status.DONE for outcome in self._outcomes.values())
            message = f"{error.message} - {done_count:,} of {len(plan.items):,} items are done"
            raise type(error)(message, error.next_step) from error
        if self._access_error and all(outcome.kind is Kind.ACCESS for outcome in self._outcomes.values()):
            raise self._access_error
        return [self._outcomes[number] for number in sorted(self._outcomes)]

    def _run_all(self, groups: Mapping[str, Sequence[Numbered]]) -> None:
        with ThreadPoolExecutor(self._concurrency) as pool:
            futures = [pool.submit(self._run_repository, name, items) for name, items in groups.items()]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            except BaseException:
                self._registry.cancel()
                raise
            finally:
                self._stop.set()
        for future in futures:
            future.result()

    def _run_repository(self, name: str, items: Sequence[Numbered]) -> None:
        recheck = Recheck(self._registry, name, concurrency=self._concurrency)
        denied: AccessError | None = None
        for number, item in items:
            if self._stop.is_set():
                return
            if number in self._done:
                outcome = ItemOutcome(number=number, item=item, status=Status.DONE, reason="in an earlier run")
            elif denied:
                outcome = self._step.leave(failed(number, item, Kind.ACCESS, denied.message))
            else:
                try:
                    outcome = self._run_item(recheck, number, item)
                except AccessError as error:
                    self._access_error = denied = error
                    outcome = self._step.leave(failed(number, item, Kind.ACCESS, error.message))
            self._outcomes[number] = outcome
            self._monitor.advance(1)

    def _run_item(self, recheck: Recheck, number: int, item: Item) -> ItemOutcome:
        """Examine an item and do it. Only what hinders every item to come is raised."""
        manifest: RemoteManifest | None = None
        try:
            match recheck.examine(item):
                case Skip(kind, reason):
                    return self._step.leave(skipped(number, item, kind, reason))
                case Ready(manifest):
                    outcome = self._step.carry_out(number, item, manifest)
        except (*_STOPPERS, AccessError):
            raise
        except (RegistryError, UsageError) as error:  # the latter for a name that no registry accepts
            outcome = self._step.leave(failed(number, item, Kind.REFUSED, error.message))
        if outcome.status in (Status.DONE, Status.READY) or outcome.kind is Kind.GONE:
            recheck.forget(item, is_rehearsal=self._step.is_rehearsal)
        elif manifest is not None:
            recheck.leave(item, manifest)
        return outcome


def _by_repository(items: Sequence[Item]) -> dict[str, list[Numbered]]:
    groups: dict[str, list[Numbered]] = {}
    for number, item in enumerate(items, 1):
        groups.setdefault(item.repository, []).append((number, item))
    return groups


def _check(items: Sequence[Item]) -> None:
    """Refuse a plan that could not have come from tonnage, before anything is done."""
    for number, item in enumerate(items, 1):
        if item.action is Action.DELETE_TAG and len(item.tags) != 1:
            raise UsageError(f"item {number} of the plan deletes a tag and names {len(item.tags)}")
