"""One inventory as the pages see it: opened once, with what all of them need worked out once.

Each answer works in a session of its own; what all share lies in the connection's database in memory.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from tonnage.errors import DoubtfulStorageError, NoInventoryError, NotKnownError, TonnageError
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.known import Doubted, Knowledge, doubts_of, knowledge_of
from tonnage.inventory.postgresql.address import insist_on_file
from tonnage.inventory.reports import Report
from tonnage.inventory.statements import statements
from tonnage.planning.deletions import Deletions
from tonnage.planning.guards import refuse_ignorance
from tonnage.web.kept import Kept
from tonnage.web.tree import Row, Tree, build

Stamp = tuple[int, int, int]
Tags = Sequence[tuple[str, str, str]]


class Scan(NamedTuple):
    """The scan an inventory is of."""

    scan_id: int
    finished_at: datetime
    location: str
    files_count: int | None
    size_bytes: int | None
    is_searched: bool
    problems_count: int


class Counts(NamedTuple):
    """How many of everything there is."""

    repositories: int
    namespaces: int
    tags: int
    untagged: int
    orphaned: int
    upload_files: int


class ClassTotal(NamedTuple):
    """A part of the disk."""

    klass: str
    files_count: int | None
    size_bytes: int | None


@dataclass
class Snapshot:
    """An inventory, opened, and what was worked out of it."""

    inventory: Inventory
    stamp: Stamp
    tags: Tags | None
    scan: Scan
    knowledge: Knowledge
    counts: Counts
    classes: list[ClassTotal]
    tree: Tree
    refusal: TonnageError | None
    """Why nothing can be planned, if so."""
    doubts: Sequence[Doubted] = ()
    """What should not be believed of the storage, but for what is refused already."""
    kept: Kept = field(default_factory=Kept)
    memo: dict[Any, Any] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @property
    def path(self) -> str:
        """Where the inventory is."""
        return self.inventory.path

    @cached_property
    def known_bytes(self) -> int:
        """All bytes that are known of."""
        return sum(part.size_bytes or 0 for part in self.classes)

    @property
    def is_partial(self) -> bool:
        """Whether figures of what would be freed are upper limits."""
        return not (self.knowledge.has_files and self.knowledge.has_untagged)

    @contextlib.contextmanager
    def session(self) -> Iterator[Inventory]:
        """Yield the inventory for one answer."""
        with self.inventory.session() as session:
            yield session

    def once(self, key: Any, work: Callable[[], Any]) -> Any:
        """Return what some work gives, done once for this snapshot."""
        if key not in self.memo:
            value = work()
            with self.lock:
                self.memo.setdefault(key, value)
        return self.memo[key]


def run(session: Inventory, name: str, **values: object) -> Table:
    """Run one statement of sql/page."""
    return session.query(statements("page")[name].sql, values)


def stamp_of(path: str) -> Stamp:
    """Return what changes when another inventory takes the place of this one. Raises NoInventoryError."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise NoInventoryError(f"there is no inventory at `{path}`") from error
    return status.st_ino, status.st_mtime_ns, status.st_size


def open_snapshot(path: str, tags: Tags | None = None) -> Snapshot:
    """Open an inventory, and work out the map. Raises TonnageError."""
    insist_on_file(path)
    stamp = stamp_of(path)
    inventory = Inventory(str(Path(path)), tags=None if tags is None else list(tags))
    try:
        inventory.query("create schema memory.kept")
        with inventory.session() as session:
            run(session, "keep_place")
            classes = [ClassTotal(*row) for row in run(session, "classes").rows]
            refusal = refusal_of(session, None if tags is None else len(set(tags)))
            said = refusal.message if refusal else ""
            return Snapshot(
                inventory=inventory,
                stamp=stamp,
                tags=tags,
                scan=Scan(*run(session, "scan").rows[0]),
                knowledge=knowledge_of(session),
                counts=Counts(*run(session, "totals").rows[0]),
                classes=classes,
                tree=_tree(session, classes),
                refusal=refusal,
                doubts=[doubted for doubted in doubts_of(session) if doubted.text != said],
            )
    except BaseException:
        inventory.connection.close()
        raise


def warm(snapshot: Snapshot, reports: Sequence[Report]) -> None:
    """Keep all reports that need no value, each as it is by default. One that cannot be run says so when it is asked for."""
    for report in reports:
        if all(parameter.default is not None for parameter in report.parameters):
            with contextlib.suppress(TonnageError), snapshot.session() as session:
                snapshot.kept.table_of(session, report, {})


def _tree(session: Inventory, classes: Sequence[ClassTotal]) -> Tree:
    names = [name for (name,) in session.query("select repository from store.repository order by repository").rows]
    others = {
        part.klass: part.size_bytes
        for part in classes
        if part.klass not in ("tagged", "shared", "untagged", "orphaned") and part.size_bytes
    }
    return build((Row(*row) for row in run(session, "places").rows), names, others)


def refusal_of(session: Inventory, given_tags_count: int | None) -> TonnageError | None:
    """Return why no deletion can be planned, if that is so."""
    try:
        refuse_ignorance(Deletions(session), doubts_of(session), given_tags_count)
    except (NotKnownError, DoubtfulStorageError) as error:
        return error
    return None
