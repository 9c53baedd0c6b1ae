"""One question to several inventories: each is asked by itself, opened as ever, and its rows say which registry they are of.

So every report can be asked of many, an operator's own included, and nothing in one inventory reaches another. What one
of them does not know is said, and is not taken for no rows.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tonnage.errors import NotKnownError, TonnageError, UsageError
from tonnage.inventory.database import Table, is_database
from tonnage.inventory.parquet import is_export, is_folder
from tonnage.inventory.postgresql.address import is_address
from tonnage.inventory.reports import REGISTRY


class Answers(NamedTuple):
    """What several inventories answered together."""

    table: Table
    unanswered: list[str]
    """Why one of them answered nothing, with its name."""
    answered: dict[str, str]
    """What each of the others is called, by its place."""


def expanded(paths: Sequence[str]) -> list[str]:
    """Return the inventories at these places, each once: of a folder the databases in it, unless it is one as Parquet."""
    found = [place for path in paths for place in (_inside(path) or [path])]
    return list(dict.fromkeys(found))


def _inside(path: str) -> list[str]:
    if is_address(path) or not is_folder(path) or is_export(path):
        return []
    return sorted(str(file) for file in Path(path).glob("*.duckdb") if _may_be_ours(file))


def _may_be_ours(file: Path) -> bool:
    """Return whether a file is worth opening: of one that cannot be read, whoever opens it says why."""
    try:
        return is_database(file)
    except FileNotFoundError:  # another has just taken its place, or it leads nowhere
        return False
    except OSError:
        return True


def registry_names(paths: Sequence[str]) -> list[str]:
    """Return what each inventory is called: its file's name, and where two have the same, its place.

    >>> registry_names(["a/eu.duckdb", "b/us.duckdb"]), registry_names(["a/eu.duckdb", "b/eu.duckdb"])
    (['eu', 'us'], ['a/eu.duckdb', 'b/eu.duckdb'])
    """
    names = [_name_of(path) for path in paths]
    counts = Counter(names)
    return [name if counts[name] == 1 else _place_of(path) for name, path in zip(names, paths, strict=True)]


def _name_of(path: str) -> str:
    return _place_of(path) if is_address(path) else Path(path).stem


def _place_of(path: str) -> str:
    """Return a place as it may be shown: an address without its login."""
    if not is_address(path):
        return path
    parts = urlsplit(path)
    return f"{parts.hostname or ''}{parts.path}{'?' if parts.query else ''}{parts.query}"


def ask_each(paths: Sequence[str], ask: Callable[[str, str], Table]) -> Answers:
    """Return the rows of all, those of one registry after those of another, in a column before the others.

    `ask` is called with a place and what it is called. What some do not know, or have no such name in, is left out and
    said; if that holds for all, it is raised as for a single one.
    """
    found: list[tuple[str, Table]] = []
    answered = {}
    errors: list[TonnageError] = []
    unanswered = []
    for path, name in zip(paths, registry_names(paths), strict=True):
        try:
            found.append((name, ask(path, name)))
            answered[path] = name
        except (NotKnownError, UsageError) as error:
            errors.append(error)
            unanswered.append(f"{name}: {error.message}")
    if not found:
        raise errors[0]
    first = found[0][1]
    rows = [(name, *row) for name, table in found for row in table.rows]
    return Answers(Table([REGISTRY, *first.columns], ["VARCHAR", *first.types], rows), unanswered, answered)
