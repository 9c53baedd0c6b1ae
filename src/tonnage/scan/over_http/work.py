"""What every step of a scan over HTTP works with: the registry, the inventory that is being filled, the progress."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from tonnage.inventory import rows
from tonnage.inventory.statements import statements
from tonnage.monitor import Monitor
from tonnage.registry.client import ReadOnlyRegistry
from tonnage.scan.columns import Rows, columns_of, in_part, pack
from tonnage.scan.loading import Intake
from tonnage.scan.requests import each
from tonnage.storage.registry import RegistrySource

if TYPE_CHECKING:
    import duckdb

PART = 0
"""A registry over HTTP is one part: no folder shows what changed in it."""

Item = TypeVar("Item")
Found = TypeVar("Found")


class Work:
    """One scan at work: what is asked, and where the rows go."""

    def __init__(
        self,
        source: RegistrySource,
        registry: ReadOnlyRegistry,
        connection: "duckdb.DuckDBPyConnection",
        intake: Intake,
        monitor: Monitor,
        *,
        builds_on_earlier: bool,
    ) -> None:
        """Start with an open connection to the new inventory; the earlier one is attached, where there is one."""
        self.source = source
        self.registry = registry
        self.connection = connection
        self.intake = intake
        self.monitor = monitor
        self.builds_on_earlier = builds_on_earlier
        """What an earlier scan read is not read again."""
        self.read_count = 0

    def each(self, what: str, ask: Callable[[Item], Found], items: list[Item]) -> Iterator[Found]:
        """Yield the answer for each item, in their order, and show how far it is."""
        self.monitor.begin(what, len(items))
        for found in each(self.registry, self.source.concurrency, ask, items):
            self.monitor.advance(1)
            yield found

    def execute(self, name: str, values: dict[str, Any] | None = None) -> "duckdb.DuckDBPyConnection":
        """Run a file of sql/scan."""
        return self.connection.execute(statements("scan")[name].sql, values)

    def add(self, name: str, row: rows.Row) -> None:
        """Add a row to a table."""
        self.stage({name: [row]})

    def stage(self, out: Rows) -> None:
        """Add rows to their tables."""
        self.intake.add(pack(in_part(columns_of(out), PART)))

    def problem(self, kind: str, path: str, repository: str | None, detail: str, digest: str | None = None) -> None:
        """Add a problem."""
        self.add("Problem", rows.Problem(kind, path, repository, digest, detail))

    def faults(self, faults: Iterable[str], is_complete: bool, path: str, repository: str | None) -> None:
        """Add what is wrong with a listing."""
        for fault in faults:
            self.problem("odd_listing", path, repository, fault)
        if not is_complete:
            self.problem("incomplete_listing", path, repository, "the listing broke off")

    def reuse(self, what: str, digests: set[str]) -> None:
        """Take over what the earlier scan read, and the sizes of that."""
        if digests:
            self.execute("reused", {"digests": sorted(digests)})
            for name in (what, "sizes"):
                self.execute(f"reuse_{name}")
