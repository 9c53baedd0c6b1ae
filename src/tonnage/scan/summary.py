"""What a scan found, for the lines that are said in the end."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tonnage.errors import PROBLEMS_FOUND, DoubtfulStorageError
from tonnage.inventory.known import Doubted, gravest, read_doubts
from tonnage.sizes import format_size

if TYPE_CHECKING:
    import duckdb


class Summary(NamedTuple):
    """What a scan did."""

    inventory: str
    location: str
    files_count: int
    size_bytes: int
    read_count: int
    problems_count: int
    seconds: float
    is_full: bool
    is_searched: bool
    is_whole: bool = True
    """Files and bytes are all of the storage; else what is known of it: the blobs that tags lead to."""
    doubts: tuple[Doubted, ...] = ()
    """What makes the storage not to be believed as it is, the gravest first."""

    @property
    def exit_code(self) -> int:
        """What the scan ends with."""
        if gravest(self.doubts):
            return DoubtfulStorageError.exit_code
        return PROBLEMS_FOUND if self.problems_count else 0

    def describe(self, again: str = "") -> str:
        """Return the summary in a few words, with what to do next. `again`: the options that name this inventory."""
        read = f"{self.read_count:,} manifests and configurations read"
        kinds = "problem" if self.problems_count == 1 else "problems"
        problems = f"; {self.problems_count:,} {kinds}: tonnage problems{again}" if self.problems_count else ""
        count, size = f"{self.files_count:,}", format_size(self.size_bytes)
        found = f"{size} in {count} files" if self.is_whole else f"tags lead to {size} in {count} blobs"
        doubts = "".join(f"{doubted.text}\n  {doubted.advice}\n" for doubted in self.doubts)
        return f"{doubts}{found}, {read}, {self.seconds:.1f} s{problems}\n{self.inventory} is ready: tonnage{again}"


def summarize(connection: "duckdb.DuckDBPyConnection", target: Path) -> Summary:
    """Return what the last scan of an inventory found that will be at `target`."""
    (found,) = connection.execute(
        "select s.location, coalesce(s.files_count, c.files_count, 0), coalesce(s.size_bytes, c.size_bytes, 0),"
        " s.read_count, s.problems_count, epoch(s.finished_at - s.started_at), s.is_full, s.is_searched,"
        " s.size_bytes is not null"
        " from store.scan as s"
        " left join store.scan_class as c on c.scan_id = s.scan_id and c.class = 'tagged'"
        " order by s.scan_id desc limit 1"
    ).fetchall()
    doubts = read_doubts(lambda sql: connection.execute(sql).fetchall())
    return Summary(str(target), *found)._replace(doubts=doubts)
