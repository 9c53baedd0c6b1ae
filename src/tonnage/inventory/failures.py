"""What a database error means: DuckDB's classes do not tell a full disk or too little memory from a damaged file."""

import re
from enum import Enum

SYSTEM_HINT = "the file may well be whole; see to what the system says, and try again"


class Failure(Enum):
    """What a database error is about."""

    MEMORY = "memory"
    """There is too little memory now. It says nothing about the file."""
    SYSTEM = "system"
    """The system refuses: disk full, no permission, an input/output error, the file locked by another program."""
    DAMAGE = "damage"
    """The file is not what was written."""
    OTHER = "other"
    """The statement, or what nobody foresaw."""


_SYSTEM_REASONS = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|Read-only file system|Permission denied"
    r"|Operation not permitted|Input/output error|Device or resource busy|Too many open files|Stale file handle"
    r"|Resource temporarily unavailable|No locks available"
)
"""As the C library says it in English, which it does for DuckDB in every locale."""
_LOCK = re.compile(r"Conflicting lock is held in (.+?)(?:\. See|\.?$)", re.MULTILINE)
_SPILL = re.compile(r"max_temp_directory_size|failed to offload", re.IGNORECASE)
_MEMORY = re.compile(
    r"bad_alloc|can't start new thread|Cannot allocate memory|Could not allocate|Out of Memory|failed to allocate",
    re.IGNORECASE,
)


def failure_of(error: BaseException) -> Failure:
    """Return what an error of the database, or a MemoryError, is about."""
    import duckdb

    text = str(error)
    if _SYSTEM_REASONS.search(text) or _LOCK.search(text) or _SPILL.search(text):
        return Failure.SYSTEM
    if isinstance(error, (MemoryError, duckdb.OutOfMemoryException)) or _MEMORY.search(text):
        return Failure.MEMORY
    if isinstance(error, (duckdb.IOException, duckdb.FatalException)) or type(error) is duckdb.Error:  # a bad checksum
        return Failure.DAMAGE
    return Failure.OTHER


def system_reason(error: BaseException) -> str:
    """Return in a few words why the system refused."""
    text = str(error)
    if held := _LOCK.search(text):
        return f"it is open for writing in {held[1]}"
    if found := _SYSTEM_REASONS.search(text):
        return found[0]
    return "no room for what does not fit into memory"
