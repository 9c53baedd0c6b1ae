"""The exchange of an old inventory for a new one: written beside it, put in its place in one step, or never seen.

Killed at any moment, a scan leaves the old inventory as it was; what it left beside it, the next one clears away.
"""

import contextlib
import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tonnage.errors import ForeignDatabaseError, TonnageError, WriteError
from tonnage.formats.quoting import literal
from tonnage.inventory.database import DEFAULT_INVENTORY, ELSEWHERE, REPLACE_IT, attach, connect, damage_of, is_database
from tonnage.inventory.statements import statements
from tonnage.scan.loading import load, load_parts
from tonnage.sizes import format_size

if TYPE_CHECKING:
    import duckdb

MEMORY_BYTES = 160_000_000
"""What the database may hold at once while loading; past it, it uses the disk beside the inventory."""
MEMORY_BYTES_REMOTE = 100_000_000
"""The same where all comes over a network, which is slower than that disk."""
KEEP_MEMORY = "set block_allocator_memory = '100MB'"
"""Blocks that were used are kept for others: to give them back and to ask for them again is a tenth of what the system
does in a scan.
"""


class Summary(NamedTuple):
    """What a scan did, for the one line that is said in the end."""

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

    def describe(self) -> str:
        """Return the summary in a few words, with what to do next."""
        read = f"{self.read_count:,} manifests and configurations read"
        problems = f"; {self.problems_count:,} problems: tonnage problems" if self.problems_count else ""
        count, size = f"{self.files_count:,}", format_size(self.size_bytes)
        found = f"{size} in {count} files" if self.is_whole else f"tags lead to {size} in {count} blobs"
        return f"{found}, {read}, {self.seconds:.1f} s{problems}\n{self.inventory} is ready: tonnage"


@contextlib.contextmanager
def exchange(target: Path, location: str) -> Iterator[Path]:
    """Yield where to write the new inventory; when the block ends well, that takes the place of `target`.

    Raises WriteError if it may not be written there, or cannot; the old file then stays.
    """
    new = target.with_name(target.name + ".new")
    _refuse_place(target, location)
    clear_away(new)
    try:
        yield new
        os.replace(new, target)
    except OSError as error:
        raise WriteError(f"cannot write `{target}`: {error.strerror}", ELSEWHERE) from error
    except Exception as error:
        import duckdb

        if isinstance(error, (WriteError, duckdb.Error)) and (damage := damage_of(target)):
            raise WriteError(f"`{target}` is damaged: {damage}", REPLACE_IT) from error
        raise
    finally:
        with contextlib.suppress(TonnageError):
            clear_away(new)


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """Rows are many and have no cycles: looking for some among them costs a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Previous(NamedTuple):
    """The scan that made the inventory which is to be replaced."""

    scan_id: int
    started_us: int
    is_searched: bool


def attach_previous(connection: "duckdb.DuckDBPyConnection", target: Path, location: str) -> Previous | None:
    """Attach the inventory that is to be replaced as `earlier`, if it can be built upon: same tables, same place."""
    try:
        attach(connection, str(target), "earlier")
    except ForeignDatabaseError as error:
        raise WriteError(f"{error}, and is not written over", ELSEWHERE) from error
    except TonnageError:
        connection.rollback()  # what fails in a transaction ends it; nothing was done in this one
        connection.begin()
        return None
    found = connection.execute(
        "select location, scan_id, epoch_us(started_at), is_searched"
        " from earlier.store.scan order by scan_id desc limit 1"
    ).fetchone()
    return Previous(*found[1:]) if found and found[0] == location else None


def fill(
    connection: "duckdb.DuckDBPyConnection",
    source: dict[str, Any],
    parts: list[tuple[int, str, str, bytes, int]],
    facts: dict[str, Any],
    *,
    has_previous: bool,
) -> None:
    """Fill all tables from what is staged, with the earlier scans' totals and this one's. `source`: what is known."""
    connection.execute(statements("scan")["source"].sql, {"listed_at": None, **source})
    load(connection, source["kind"])
    load_parts(connection, parts)
    if has_previous:
        for name in ("scan", "scan_class", "scan_repository"):
            connection.execute(f"insert into store.{name} select * from earlier.store.{name}")
    write_summary(connection, facts, "summary")


def write_summary(connection: "duckdb.DuckDBPyConnection", facts: dict[str, Any], what: str) -> None:
    """Write down the totals of a scan: a `summary` of what it found, or a `repeat` of what the one before it found."""
    wanted = statements("scan")
    connection.execute(wanted[what].sql, facts)
    for name in ("class", "repository"):
        connection.execute(wanted[f"{what}_{name}"].sql, {"scan_id": facts["scan_id"]})


def _refuse_place(target: Path, location: str) -> None:
    """Refuse to write into the registry, or over a file that is no database. Raises WriteError."""
    if target.resolve().is_relative_to(location):
        raise WriteError(f"`{target}` lies inside the registry, which is only read", ELSEWHERE)
    if target.is_dir():
        raise WriteError(f"`{target}` is a folder", f"name a file in it: -i {target / DEFAULT_INVENTORY}")
    try:
        is_ours = is_database(target) or not target.stat().st_size
    except OSError:
        return  # not there; what cannot be written is told when it is
    if not is_ours:
        raise WriteError(f"`{target}` is there already and is no inventory", ELSEWHERE)


def clear_away(new: Path) -> None:
    """Remove what a killed scan left of its unfinished inventory. Raises WriteError if one is at work on it."""
    if new.exists():
        import duckdb

        connection = connect()
        try:
            connection.execute(f"attach {literal(str(new))} as unfinished")
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise WriteError(
                    f"another scan is writing `{new}`", "wait for it, or choose another --inventory"
                ) from error
        except duckdb.Error:
            pass  # half written: what we are here to remove
        finally:
            connection.close()
    for leftover in (new, new.with_name(new.name + ".wal")):
        leftover.unlink(missing_ok=True)
    shutil.rmtree(new.with_name(new.name + ".tmp"), ignore_errors=True)


def summarize(connection: "duckdb.DuckDBPyConnection", target: Path) -> Summary:
    """Return what the last scan of an inventory found that will be at `target`."""
    found = connection.execute(
        "select s.location, coalesce(s.files_count, c.files_count, 0), coalesce(s.size_bytes, c.size_bytes, 0),"
        " s.read_count, s.problems_count, epoch(s.finished_at - s.started_at), s.is_full, s.is_searched,"
        " s.size_bytes is not null"
        " from store.scan as s"
        " left join store.scan_class as c on c.scan_id = s.scan_id and c.class = 'tagged'"
        " order by s.scan_id desc limit 1"
    ).fetchone()
    assert found is not None
    return Summary(str(target), *found)
