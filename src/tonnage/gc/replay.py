"""A whole collection, step by step."""

from enum import StrEnum
from typing import NamedTuple

from tonnage.gc.marking import Marking
from tonnage.gc.refusals import RefusedError
from tonnage.gc.replica import Collector, Replica
from tonnage.gc.sweeping import Removed, Sweep


class Phase(StrEnum):
    """The steps of a collection, in their order."""

    MARK = "mark"
    REVISIONS = "remove revisions"
    FIND_BLOBS = "find blobs"
    BLOBS = "remove blobs"
    LAYER_LINKS = "remove layer links"


class Stop(NamedTuple):
    """Where and why a collection stops before its end."""

    exit_code: int
    """1 for an error, 2 for a crash (panic)."""
    phase: Phase
    path: str
    """What it stops on, below `v2/`; for a manifest its blob."""
    message: str
    others: frozenset[str] = frozenset()
    """What it may stop on instead, as it goes in no fixed order there."""


class Outcome(NamedTuple):
    """What a collection does."""

    stop: Stop | None
    marked_count: int | None
    """The number it reports as "blobs marked"; None if it stops before it does."""
    repositories: list[str]
    """Names of the repositories it comes to, in the order of its walk."""
    removed: Removed
    maybe: Removed
    """What may be removed as well, where it stops half-way through something it does in no fixed order."""
    set_aside: list[Stop]
    """What a tolerant replay passed over; it would stop on each."""


def replay(replica: Replica, collector: Collector, *, tolerant: bool = False, is_whole: bool = False) -> Outcome:
    """Return what the collector does. A `tolerant` replay goes on after whatever would stop the real one.

    With `is_whole` every repository is followed step by step, which takes long and answers the same.
    """
    replica.use(collector)
    marking = Marking(replica, collector, tolerant=tolerant, is_whole=is_whole)
    sweep = Sweep(replica, marking)
    phases: dict[str, Phase] = {}
    phase = Phase.MARK
    marked_count = None
    stop = None

    def note(phase: Phase) -> None:
        for path in marking.refusals:
            phases.setdefault(path, phase)

    try:
        marking.run()
        note(phase)
        phase = Phase.REVISIONS
        sweep.remove_revisions()
        note(phase)
        phase = Phase.FIND_BLOBS
        blobs = sweep.find_blobs()
        note(phase)
        marked_count = marking.marked_count
        phase = Phase.BLOBS
        sweep.remove_blobs(blobs)
        note(phase)
        phase = Phase.LAYER_LINKS
        sweep.remove_layer_links()
        note(phase)
    except RefusedError as error:
        stop = _stop(error, phase)
    set_aside = [_stop(error, phases[path]) for path, error in marking.refusals.items()]
    return Outcome(stop, marked_count, marking.repositories, sweep.removed, sweep.maybe, set_aside)


def _stop(error: RefusedError, phase: Phase) -> Stop:
    return Stop(error.exit_code, phase, error.path, error.message, error.others)
