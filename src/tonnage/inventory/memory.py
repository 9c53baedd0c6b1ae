"""How much memory the database may hold: while an inventory is made no more than the rows need, or the machine has.

A fixed limit fails on a registry that is large enough, and one that follows the machine alone makes the scan of a small
registry as large as that. So the limit grows with what is staged, up to a quarter of what there is.
"""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from tonnage.formats.quoting import is_utf_8

if TYPE_CHECKING:
    import duckdb

_LOWEST, _HIGHEST = 256_000_000, 2_000_000_000
"""Between these is the quarter of the machine, or of the container, that is taken at the most."""
_FIRST = 160_000_000
_BYTES_PER_ROW = 80
"""Of what is staged: with less, much of it is written to the disk beside the inventory and read again."""
_TIMES_ITS_FILE = 5
"""Staged rows take so many times the room of the inventory's file, where they are packed."""
_KEPT = 100_000_000
_STEP = 32_000_000
_CGROUP_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_BYTES_PER_THREAD = 64_000_000
"""Eight threads run out of 256 MB when they sort a million rows, four do not."""
THREADS_LIMIT = 4
"""Each thread of the database takes memory of its own, and more of them hardly make a load faster."""
_MANY_ROWS = 100_000
"""Until there are so many, one thread is fastest: to divide a few rows costs an eighth of a small scan."""
_SMALL_FILE_BYTES = 10_000_000
"""An inventory of about so many rows: however few there are, each table that has any takes blocks of its own."""


class MemoryLimit:
    """The limit of one connection."""

    def __init__(self, given_bytes: int | None = None, earlier_bytes: int = 0) -> None:
        """With `given_bytes` it is that, whatever comes.

        `earlier_bytes` is the size of the inventory that is to be replaced. A connection that has a file attached which
        somebody else may have written takes no settings any more, so there its size has to tell what will be needed.
        """
        self.ceiling_bytes = given_bytes or ceiling()
        self.bytes = given_bytes or min(max(_FIRST, earlier_bytes * _TIMES_ITS_FILE), self.ceiling_bytes)
        self.is_settled = bool(given_bytes or earlier_bytes)
        self.threads_count = threads_count() if earlier_bytes > _SMALL_FILE_BYTES else 1
        self.may_take_more_threads = not earlier_bytes

    def config(self) -> dict[str, str | int]:
        """Return what the database is to be opened with.

        Blocks that were used are kept for others: to give them back and to ask for them again is a tenth of what the
        system does in a scan.
        """
        return {
            "memory_limit": _text(self.bytes),
            "block_allocator_memory": _text(min(_KEPT, self.bytes // 2)),
            "threads": self.threads_count,
        }

    def fit(self, connection: "duckdb.DuckDBPyConnection", rows_count: int) -> None:
        """Let the database hold what so many staged rows need, and take more threads for many."""
        if rows_count >= _MANY_ROWS and self.may_take_more_threads:
            self.may_take_more_threads = False
            self.threads_count = threads_count()
            connection.execute(f"set threads = {self.threads_count}")
        if self.is_settled:
            return
        wanted = min(rows_count * _BYTES_PER_ROW, self.ceiling_bytes)
        if wanted >= self.bytes + _STEP or self.bytes < wanted == self.ceiling_bytes:
            self.bytes = wanted
            connection.execute(f"set memory_limit = '{_text(wanted)}'")


def threads_count() -> int:
    """Return how many threads a database has that makes an inventory of many rows."""
    return min(THREADS_LIMIT, os.cpu_count() or 1)


def reading_config(memory_bytes: int | None = None, place: str = "") -> dict[str, str | int]:
    """Return what a database is opened with that only answers: what does not fit goes to the disk for temporary files.

    `place`: the inventory that is asked. Of a small one, one thread answers with an eighth less work than two.
    """
    limit_bytes = memory_bytes or ceiling()
    many = max(1, min(os.cpu_count() or 1, limit_bytes // _BYTES_PER_THREAD))
    return {
        "memory_limit": _text(limit_bytes),
        "threads": 1 if _is_small(place) else many,
        "temp_directory": spill_folder(),
    }


def _is_small(place: str) -> bool:
    """Return whether an inventory is one file, and that a small one."""
    try:
        return stat.S_ISREG((found := os.stat(place)).st_mode) and found.st_size <= _SMALL_FILE_BYTES
    except (OSError, ValueError):  # whoever opens it says what is wrong
        return False


def spill_folder() -> str:
    """Return where a database puts what does not fit, if it has to: it makes the folder, and removes it at its end.

    A database in memory would take a folder `.tmp` where the command is run. Nothing is tried out, as `tempfile` does by
    writing a file: the process that answers a stranger's query may write none.
    """
    wanted = os.environ.get("TMPDIR", "")
    return f"{wanted if wanted and is_utf_8(wanted) else '/tmp'}/tonnage-{os.getpid()}.tmp"


def ceiling(files: tuple[str, ...] = _CGROUP_FILES) -> int:
    """Return a quarter of the memory that this process may use, in bytes."""
    there_is = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    quarter = min(filter(None, [there_is, *map(_cgroup_limit, files)])) // 4
    return max(_LOWEST, min(quarter, _HIGHEST))


def _cgroup_limit(file: str) -> int | None:
    """Return the limit that a container was given, or None without one."""
    try:
        return int(Path(file).read_text(encoding="ascii"))
    except (OSError, ValueError):  # `max`, or no such control group
        return None


def _text(size_bytes: int) -> str:
    return f"{size_bytes // 1_000_000}MB"
