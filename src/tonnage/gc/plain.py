"""The repositories in which nothing is odd: what a collector does there follows from their rows, all at once.

In nearly every repository each link holds the digest of its path, each manifest can be read, and no file lies where
none belongs. There a walk finds what the tables say, in whatever order, and a few statements of SQL stand for millions of
steps. All others are followed step by step, as is all the registry where symbolic links lead elsewhere.

Order counts twice, in 3.x. A layer link goes that is not marked once its own repository was walked: so a mark has the
rank of the first repository that makes it. And what is marked already is not looked into again. In repositories that have
every manifest they refer to, that changes nothing, as what was marked was looked into. Manifests of which that may not
be so are the half-marked ones, and whoever has one of these is followed step by step.
"""

from collections.abc import Sequence

from tonnage.formats.names import is_path, is_repository_name
from tonnage.gc.replica import Replica

_NEEDED = frozenset({"_layers", "_manifests/tags"})
"""Folders without which a collector does something else, or stops."""


class Plain:
    """The walk, divided. Its results are in tables: gc_mark, and what gc_plain_eligible and the like make of it."""

    def __init__(self, replica: Replica, names: Sequence[str], *, is_whole: bool = False) -> None:
        """Divide repositories, in the order of the walk, and mark; with `is_whole` all are followed step by step."""
        self.replica = replica
        ids = replica.repository_ids
        ranks = [rank for rank, name in enumerate(names) if name in ids]
        for table in ("gc_place", "gc_odd", "gc_half_marked"):
            replica.run(table)
        if not is_whole and not replica.symlinks:
            replica.run("add_places", ranks=ranks, repository_ids=[ids[names[rank]] for rank in ranks])
            self._add_odd(names)
        replica.run("gc_plain")
        plain = {rank for (rank,) in replica.run("plain_ranks")}
        self.by_step = [name for rank, name in enumerate(names) if rank not in plain]
        """Repositories to be followed step by step, in the order of the walk."""
        self._mark([(rank, ids[names[rank]]) for rank in sorted(plain)])
        for view in ("gc_plain_eligible", "gc_plain_layer_link"):
            replica.run(view)

    def _mark(self, plain: list[tuple[int, int]]) -> None:
        """Fill gc_mark and gc_unmarked_blob, unless they hold just that: without -m both versions mark the same."""
        replica, collector = self.replica, self.replica.collector
        marked_for = (collector.version if collector.delete_untagged else 0, plain)
        if replica.marked_for == marked_for:
            return
        replica.run("gc_below")
        if collector.version >= 3 and collector.delete_untagged:
            replica.run("add_below")
        for table in ("gc_mark", "gc_unmarked_blob"):
            replica.run(table)
        replica.marked_for = marked_for

    def _add_odd(self, names: Sequence[str]) -> None:
        replica, collector = self.replica, self.replica.collector
        odd = {name for name in names if not self._is_named_well(name)} | replica.odd.repositories()
        replica.run("add_odd", repository_ids=[replica.repository_ids[n] for n in odd if n in replica.repository_ids])
        if beginnings := replica.odd.blob_beginnings():
            replica.run("add_odd_blobs", beginnings=beginnings)
        if collector.version >= 3 and collector.delete_untagged:
            replica.run("add_half_marked")
            replica.run("add_odd_order")

    def _is_named_well(self, name: str) -> bool:
        return (
            is_repository_name(name, self.replica.collector.version)
            and is_path(name)
            and _NEEDED.issubset(self.replica.folders_of(name))
        )

    def add_marks(self, marks: dict[str, int]) -> int:
        """Add what was marked step by step, with its ranks; return how many digests are marked in all."""
        numbered = 0
        if marks:
            self.replica.marked_for = None
            numbered = int(self.replica.run("add_marks", digests=list(marks), ranks=list(marks.values()))[0][0])
            for name in ("fold_marks", "gc_unmarked_blob"):
                self.replica.run(name)
        return int(self.replica.run("marks_count")[0][0]) + len(marks) - numbered
