"""An inventory without rows: all tables and views with their comments, made once and copied from then on.

To create them takes a quarter of a second, more than half of it for comments, and would be most of a small scan. The
copy lies in the user's cache, under a name that follows from the statements and the database's version: another tonnage
makes one of its own. Where there is no such place, an empty inventory is made each time.
"""

import contextlib
import os
import re
import shutil
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tonnage.errors import WriteError
from tonnage.files import replacing
from tonnage.formats.quoting import literal
from tonnage.inventory.statements import statements

if TYPE_CHECKING:
    import duckdb

STORAGE_VERSION = "v1.4.0"
"""Every DuckDB since 1.4 reads it; files that 2.x writes by default are refused by 1.x."""
_ROW_GROUP_SIZE = 20_480
"""A sixth of the default: tables of some ten thousand rows are written by all cores, and not by one at the very end. The
file is a twelfth larger.
"""
OPTIONS = f"storage_version '{STORAGE_VERSION}', row_group_size {_ROW_GROUP_SIZE}"
"""How an inventory is attached to be written."""
_OTHERS_MAY_WRITE = 0o022
_WORD = re.compile(r"(?:from|join)\s+(\w+)\b(?!\.)")
"""What a statement reads from in the schema `main`."""
_INNER = re.compile(r"(?:from|join)\s+store\.(\w+)\b")
"""The same in the schema `store`, where most are tables and some are views."""


def make_empty(path: Path, connection: "duckdb.DuckDBPyConnection") -> None:
    """Make an inventory without rows at `path`, where there is no file yet. Raises OSError and duckdb.Error."""
    if not (kept := _kept()):
        _make(path, connection)
    elif _is_ours(kept):
        shutil.copyfile(kept, path)
    else:
        _make(path, connection)
        with contextlib.suppress(OSError, WriteError):  # it only costs time to go without
            _keep(path, kept)


def _make(path: Path, connection: "duckdb.DuckDBPyConnection") -> None:
    connection.execute(f"attach {literal(str(path))} as template ({OPTIONS})")
    connection.execute("use template")
    connection.execute("begin")  # each statement by itself would be written to the disk by itself
    for sql in _schema():
        connection.execute(sql)
    connection.execute("commit")
    connection.execute("use memory")
    connection.execute("detach template")


def _schema() -> list[str]:
    """Return the statements that create all tables, and all views in the order in which they build on each other."""
    return ["create schema store", *(table.sql for table in statements("tables").values()), *views_in_order()]


def views_in_order() -> list[str]:
    """Return the statements that create all views, each after those it reads from."""
    views = statements("views")
    inner = {name for name, view in views.items() if f"create or replace view store.{name} as" in view.sql}
    uses = {
        name: (set(_WORD.findall(view.sql)) & views.keys() | set(_INNER.findall(view.sql)) & inner) - {name}
        for name, view in views.items()
    }
    return [views[name].sql for name in TopologicalSorter(uses).static_order()]


def _kept() -> Path | None:
    """Return where the empty inventory is kept, or None if this user has no place for it."""
    import duckdb

    try:
        cache_folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    if not cache_folder.is_absolute():  # the specification has it ignored
        return None
    made_of = "\0".join([OPTIONS, duckdb.__version__, *_schema()])
    return cache_folder / "tonnage" / f"empty-{sha256(made_of.encode()).hexdigest()[:32]}.duckdb"


def _is_ours(kept: Path) -> bool:
    """Return whether it is there and nobody else can have written it: whoever could would put views into inventories."""
    try:
        found, folder = kept.lstat(), kept.parent.lstat()
    except OSError:
        return False
    return all(at.st_uid == os.geteuid() and not at.st_mode & _OTHERS_MAY_WRITE for at in (found, folder))


def _keep(path: Path, kept: Path) -> None:
    """Keep an empty inventory for the next time. Raises OSError, and WriteError also where another scan is doing it."""
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept.unlink(missing_ok=True)  # others may write to it, and a file that is replaced leaves its owner and mode behind
    with replacing(kept, patience_seconds=0) as new:
        shutil.copyfile(path, new)
        new.chmod(0o600)
