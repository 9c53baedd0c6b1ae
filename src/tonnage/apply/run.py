"""The run over a plan: examine each item, carry it out or rehearse it, write down what came of it.

Repositories go side by side, the items of one in the plan's order. The loop is given a step: a `Rehearsal` has nothing
to delete with, an `Execution` has a `Registry` and a journal.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

from tonnage.apply.current_tags import CurrentTags
from tonnage.apply.journal import History, open_journal, read_history
from tonnage.apply.list_proof import ListProof
from tonnage.apply.outcome import ItemOutcome, Kind, Outcome, Status, failed, skipped
from tonnage.apply.recheck import Ready, Recheck, Skip
from tonnage.apply.steps import Execution, Rehearsal, Step
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
from tonnage.registry import ReadOnlyRegistry, Registry

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
        rehearsal = _Run(reading, Rehearsal(can_delete_tags=_can_delete_tags(plan)), history, concurrency, monitor)
        items = rehearsal.over(plan, "checking")
        return Outcome(plan=plan.id, registry=registry.url, is_dry_run=True, items=items, notes=rehearsal.notes)
    if not isinstance(registry, Registry):
        raise TypeError("a plan can only be carried out on a Registry")
    with open_journal(journal, plan.id, registry.url) as opened:
        run = _Run(registry, Execution(registry, opened), opened.history, concurrency, monitor)
        items = run.over(plan, "deleting")
    return Outcome(
        plan=plan.id, registry=registry.url, is_dry_run=False, items=items, journal=str(journal), notes=run.notes
    )


class _Run:
    """The loop, over all repositories."""

    def __init__(
        self, registry: ReadOnlyRegistry, step: Step, history: History, concurrency: int, monitor: Monitor
    ) -> None:
        self._registry = registry
        self._step = step
        self._done = frozenset(history.done)
        self._concurrency = concurrency
        self._monitor = monitor
        self._stop = threading.Event()
        self._outcomes: dict[int, ItemOutcome] = {}
        self._access_error: AccessError | None = None
        self._knows_tags: Callable[[], bool] = lambda: True
        self._can_delete_tags = False
        self.notes: list[str] = []
        """What could not be made sure of."""

    def over(self, plan: Plan, what: str) -> list[ItemOutcome]:
        """Return the outcome of every item, in the plan's order."""
        _check(plan.items)
        self._can_delete_tags = _can_delete_tags(plan)
        if plan.source.is_over_http:
            self._knows_tags = ListProof(self._registry).is_found
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
        named = frozenset(tag for _, item in items for tag in item.tags) if self._can_delete_tags else frozenset()
        tags = CurrentTags(self._registry, name, concurrency=self._concurrency, knows_tags=self._knows_tags)
        recheck = Recheck(self._registry, tags, named)
        denied: AccessError | None = None
        resolved_count = 0
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
            if recheck.tags.resolved_count > resolved_count:
                resolved_count = recheck.tags.resolved_count
                self._look_back(recheck)
            self._monitor.advance(1)
        if not denied and not self._step.is_rehearsal and any(self._is_done(number) for number, _ in items):
            self._end(recheck)

    def _is_done(self, number: int) -> bool:
        return self._outcomes[number].status is Status.DONE

    def _end(self, recheck: Recheck) -> None:
        """Resolve every tag once more, for one may have been moved onto something deleted, or onto an index of it."""
        try:
            unreadable = recheck.tags.resolve_all()
            self._look_back(recheck)
        except _STOPPERS:
            raise
        except RegistryError as error:
            unreadable = [error.message]
        if unreadable:
            note = "could not be looked at once more, whether a tag leads to something deleted"
            self.notes.append(f"`{recheck.repository}` {note}: {unreadable[0]}")

    def _look_back(self, recheck: Recheck) -> None:
        for outcome in self._step.look_back(recheck):
            self._outcomes[outcome.number] = outcome

    def _run_item(self, recheck: Recheck, number: int, item: Item) -> ItemOutcome:
        """Examine an item and do it. Only what hinders every item to come is raised."""
        ready: Ready | None = None
        try:
            if resumed := self._step.resume(number, item):
                return resumed
            match recheck.examine(item):
                case Skip(kind, reason):
                    return self._step.leave(skipped(number, item, kind, reason), recheck)
                case Ready() as ready:
                    outcome = self._step.carry_out(number, item, ready, recheck)
        except (*_STOPPERS, AccessError):
            raise
        except (RegistryError, UsageError) as error:  # the latter for a name that no registry accepts
            outcome = self._step.leave(failed(number, item, Kind.REFUSED, error.message))
        is_gone = outcome.status in (Status.DONE, Status.READY) or outcome.kind is Kind.GONE
        if is_gone:
            recheck.forget(item, is_rehearsal=self._step.is_rehearsal)
        if ready is not None and (ready.only_tags or not is_gone):
            recheck.leave(item, ready.manifest)
        return outcome


def _can_delete_tags(plan: Plan) -> bool:
    """Whether the registry can delete a tag alone, by the version that the plan was made for."""
    return plan.collector.startswith("3")


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
