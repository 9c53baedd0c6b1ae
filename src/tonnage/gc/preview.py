"""A collection, previewed: what it frees, breaks and leaves, and what would be safe to free, from the inventory alone.

The replay says what goes; what that means is worked out in SQL (sql/gc), over temporary tables of the inventory's
connection. They hold the last preview's result, and `listing` asks them.
"""

import contextlib
import gc as python_gc
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from tonnage.errors import NoCollectorError
from tonnage.gc.refusals import blob_path
from tonnage.gc.replay import Outcome, Phase, Stop, replay
from tonnage.gc.replica import DISK, OTHER_STORE, S3, Collector, Deletion, Driver, Replica, columns_of
from tonnage.gc.sweeping import Removed
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.known import Doubt, Doubted, doubts_of, gravest, has_doubt, insist
from tonnage.inventory.statements import statements
from tonnage.plan import Action, Item, Prediction

LISTINGS = ("blobs", "revisions", "links", "history", "broken", "repositories", "leftovers", "difference")
"""What `listing` has; each is a file sql/gc/list_<name>.sql."""
COLLECTORS = (Collector(2), Collector(2, True), Collector(3), Collector(3, True))

_GENERAL_ADVICE = {
    Phase.MARK: "put the file right, or move it away",
    Phase.REVISIONS: "move away what is in the way; the revisions removed by then stay removed",
    Phase.FIND_BLOBS: "move the file away: it is not a blob of the registry's",
    Phase.BLOBS: "move away what is in the way, and collect again",
    Phase.LAYER_LINKS: "the blobs are gone by then; the layer links that are left do no harm",
}


class Sums(NamedTuple):
    """What a collection removes. The bytes are those of files."""

    blobs_count: int
    blob_bytes: int
    revisions_count: int
    history_count: int
    """Entries of tag history."""
    layer_links_count: int
    files_count: int
    freed_bytes: int
    """Of all files, the links and strays in the removed folders included."""


class Broken(NamedTuple):
    """What would lose a manifest or a blob that can be pulled now, be it complete or not."""

    images_count: int
    """Tagged images and indexes."""
    referrers_count: int
    """Signatures, SBOMs, attestations and the like of images that stay."""
    incomplete_count: int
    """Images and referrers among them that are incomplete as it is, and lose still more."""
    unpullable_count: int
    """Images and referrers beside them that lose only what could not be pulled from their repository."""


class Comparison(NamedTuple):
    """What is safe to free by OCI's meaning, and where the collector does otherwise."""

    safe_count: int
    safe_bytes: int
    needed_count: int
    """Blobs it takes although they are needed."""
    needed_bytes: int
    left_count: int
    """Blobs it leaves although nothing needs them."""
    left_bytes: int
    pinned_count: int
    """Blobs that only what could not be read may need: not safe, though nothing that was read needs them."""
    pinned_bytes: int


class Preview(NamedTuple):
    """What one collection would do."""

    collector: Collector
    stop: Stop | None
    """Where it would stop before its end."""
    advice: str
    """What to do about the stop."""
    set_aside: list[Stop]
    """Everything it would stop on, one after the other as each is put right."""
    marked_count: int | None
    removed: Sums
    """What it removes; if it stops, until then."""
    maybe_removed: Sums
    """What may be gone as well when it stops: some things go in no fixed order."""
    broken: Broken
    put_right: Sums | None
    """If it stops: what it would remove once all it stops on were put right."""
    comparison: Comparison
    is_searched: bool
    """The scan looked for strays in every folder; if not, one that would stop the collection may have been missed."""
    outcome: Outcome
    """The replay itself, with every path it removes."""
    doubts: tuple[Doubted, ...] = ()
    """What makes the storage not to be believed as it is, as far as it matters to this collection."""

    @property
    def is_doubtful(self) -> bool:
        """Whether nobody can say what is safe to free: the storage is not whole, or tags decide and are not there."""
        return gravest(self.doubts) is not None or has_doubt(self.doubts, Doubt.TAGS_ELSEWHERE)


class Context(NamedTuple):
    """What else a summary tells."""

    location: str
    scanned_at: datetime
    broken: Table
    leftovers: Table


def preview(
    inventory: Inventory,
    version: int,
    delete_untagged: bool = False,
    storage_order: str | None = None,
    without: Iterable[Deletion] = (),
    *,
    as_if_put_right: bool = False,
) -> Preview:
    """Return what a collection by that version of the registry would do.

    `storage_order` is `filesystem` or `object`; without it the inventory's location decides. `without` are deletions
    that come before the collection. With `as_if_put_right` whatever would stop it counts as put right.
    Raises NotKnownError for an inventory that does not know the storage's files.
    """
    insist(inventory, "files", "what a garbage collection would do")
    if not is_collected(inventory):
        raise NoCollectorError("OCI image layouts are not what the registry's collector works on")
    collector = Collector(version, delete_untagged)
    with _no_search_for_cycles():
        replica = Replica(inventory, without, driver=_driver(inventory, storage_order))
        outcome = real = replay(replica, collector)
        tolerant = replay(replica, collector, tolerant=True) if real.stop else real
    put_right = _sums_of(replica, tolerant.removed) if real.stop else None
    maybe = _sums_of(replica, real.maybe)
    if as_if_put_right:
        outcome = tolerant
    removed = _sums_of(replica, outcome.removed)
    broken = _broken(replica, outcome)
    for name in ("gc_pinned", "gc_safe", "gc_doubtful"):
        replica.run(name)
    return Preview(
        collector=collector,
        stop=None if as_if_put_right else real.stop,
        advice=_advice(replica, real.stop) if real.stop else "",
        set_aside=tolerant.set_aside,
        marked_count=outcome.marked_count,
        removed=removed,
        maybe_removed=maybe,
        broken=broken,
        put_right=put_right,
        comparison=Comparison(*replica.run("comparison")[0]),
        is_searched=bool(replica.run("is_searched")[0][0]),
        outcome=outcome,
        doubts=_doubts(inventory, collector),
    )


def _doubts(inventory: Inventory, collector: Collector) -> tuple[Doubted, ...]:
    """Return what is doubtful; where tags are is no matter to a collection that does not ask for them."""
    found = doubts_of(inventory)
    return tuple(d for d in found if d.doubt is not Doubt.TAGS_ELSEWHERE or collector.delete_untagged)


def listing(inventory: Inventory, name: str, storage_order: str | None = None) -> Table:
    """Return one of `LISTINGS` of the last preview over this inventory."""
    values = {"has_folders": _driver(inventory, storage_order).has_folders} if name == "leftovers" else {}
    return inventory.query(statements("gc")[f"list_{name}"].sql, values)


def context_of(inventory: Inventory, storage_order: str | None = None) -> Context:
    """Return what a summary of the last preview over this inventory tells besides it."""
    location, scanned_at = inventory.query(statements("gc")["location"].sql).rows[0]
    broken, leftovers = (listing(inventory, name, storage_order) for name in ("broken", "leftovers"))
    return Context(location, scanned_at, broken, leftovers)


class Forecast(NamedTuple):
    """What one kind of collection would do after a plan."""

    prediction: Prediction
    blobs: dict[str, int] | None
    """The blobs it removes, with their bytes; None where they were not asked for."""


def predict_after(
    inventory: Inventory, items: Iterable[Item], storage_order: str | None = None, *, listed: Collection[str] = ()
) -> list[Forecast]:
    """Return what each kind of collection would free after a plan's items were deleted, for every collector.

    The blobs are listed of collectors whose names are in `listed`. Nothing, where the registry's collector cannot run at
    all.
    """
    if not is_collected(inventory):
        return []
    deletions = [deletion_of(item) for item in items]
    with _no_search_for_cycles():
        replica = Replica(inventory, deletions, driver=_driver(inventory, storage_order))
        in_turn = sorted(COLLECTORS, key=lambda collector: collector.delete_untagged)  # those that mark the same
        found = {collector: _forecast(replica, collector, is_listed=collector.name in listed) for collector in in_turn}
        return [found[collector] for collector in COLLECTORS]


def is_collected(inventory: Inventory) -> bool:
    """Return whether what was scanned is the storage of the registry whose collector is previewed."""
    return bool(inventory.query(statements("gc")["is_collected"].sql).rows[0][0])


def deletion_of(item: Item) -> Deletion:
    """Return what an item of a plan does to the storage."""
    tag = item.tags[0] if item.action is Action.DELETE_TAG and item.tags else ""
    return Deletion(item.repository, item.digest, tag)


@contextlib.contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Keep Python from looking for cycles: a replay makes many folders and none, and the search takes half its time."""
    was_enabled = python_gc.isenabled()
    python_gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            python_gc.enable()


def _forecast(replica: Replica, collector: Collector, *, is_listed: bool) -> Forecast:
    outcome = replay(replica, collector)
    _take_what_can_be_lost(replica.inventory, outcome.removed)
    freed_bytes, orphaned_bytes, freed_blobs_count = replica.run("forecast_sums")[0]
    images_count, referrers_count = _broken_counts(replica)
    prediction = Prediction(
        collector=collector.name,
        freed_bytes=freed_bytes,
        orphaned_bytes=orphaned_bytes,
        freed_blobs_count=freed_blobs_count,
        broken_images_count=images_count,
        broken_referrers_count=referrers_count,
        aborts_on=outcome.stop.path if outcome.stop else None,
    )
    return Forecast(prediction, dict(replica.run("removed_blobs")) if is_listed else None)


def _broken_counts(replica: Replica) -> tuple[int, int]:
    """Return how many images and referrers the collection breaks whose removals were taken, without saying why."""
    replica.run("gc_loss")
    if not replica.run("has_loss")[0][0]:
        return 0, 0
    for name in ("gc_named", "gc_pull", "gc_part"):
        replica.run(name)
    images_count, referrers_count = replica.run("forecast_broken")[0]
    return images_count, referrers_count


def _sums_of(replica: Replica, removed: Removed) -> Sums:
    """Fill the tables of what is removed, and return the sums over them."""
    _take(replica.inventory, removed)
    replica.run("gc_removed_file")
    return Sums(*replica.run("sums")[0])


def _take(inventory: Inventory, removed: Removed) -> None:
    """Make the tables of what is removed again."""
    _take_what_can_be_lost(inventory, removed)
    history = columns_of((entry.repository, entry.digest) for entry in removed.history)
    history["tags"] = [entry.tag for entry in removed.history]
    _run(inventory, "gc_removed_history")
    _run(inventory, "take_history", end_rank=removed.end_rank, **history)


def _take_what_can_be_lost(inventory: Inventory, removed: Removed) -> None:
    """Make the tables again of what is removed but for history, which nothing needs."""
    for name in ("gc_removed_blob", "gc_removed_revision", "gc_removed_layer_link", "gc_stays"):
        _run(inventory, name)
    _run(inventory, "take_blobs", digests=sorted(removed.blobs), all=removed.has_blobs)
    _run(inventory, "take_revisions", end_rank=removed.end_rank, **columns_of(removed.revisions))
    _run(inventory, "take_layer_links", all=removed.has_layer_links, **columns_of(removed.layer_links))


def paths_of(inventory: Inventory, removed: Removed) -> set[str]:
    """Return the paths below `v2/` that the last preview removes (or may remove) with all that lies in them."""
    _take(inventory, removed)
    paths = {path for (path,) in _run(inventory, "taken_paths")}
    return paths | {blob_path(digest).removesuffix("/data") for digest in removed.blobs}


def _run(inventory: Inventory, name: str, **values: object) -> list[tuple[Any, ...]]:
    return inventory.query(statements("gc")[name].sql, values).rows


def _broken(replica: Replica, outcome: Outcome) -> Broken:
    """Work out what the collection breaks that `_sums_of` was last told of."""
    ids = replica.repository_ids
    replica.run("gc_walked")
    replica.run("add_walked", repository_ids=[ids[name] for name in outcome.repositories if name in ids])
    for name in ("gc_loss", "gc_lost", "gc_named", "gc_pull", "gc_part", "gc_broken"):
        replica.run(name)
    return Broken(*replica.run("broken_counts")[0])


def _advice(replica: Replica, stop: Stop) -> str:
    parts = stop.path.split("/")
    digest = f"{parts[1]}:{parts[3]}" if parts[0] == "blobs" and len(parts) == 5 else ""
    found = replica.run("advice", path=stop.path, digest=digest)
    return str(found[0][0]) if found else f"{_GENERAL_ADVICE[stop.phase]}."


def _driver(inventory: Inventory, storage_order: str | None) -> Driver:
    """Return how the collector sees the storage: what is asked for, else what the inventory's location says."""
    scheme, is_address, _ = str(inventory.query(statements("gc")["location"].sql).rows[0][0]).partition("://")
    if storage_order == "object" or (storage_order is None and is_address and scheme == "s3"):
        return S3
    return OTHER_STORE if is_address else DISK
