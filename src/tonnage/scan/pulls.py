"""What logs tell of pulls -> the inventory, and from it and from access times when each revision was last used."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from arro3.core import Array, DataType
from arro3.core import Table as ArrowTable

from tonnage.formats.pulls import Line, Pull
from tonnage.inventory.statements import execute_where_needed, statements

if TYPE_CHECKING:
    import duckdb


@dataclass(slots=True)
class Source:
    """What lines of one form in one file came to."""

    first_us: int
    last_us: int
    lines_count: int = 0
    pulls_count: int = 0
    others_count: int = 0


@dataclass(slots=True)
class File:
    """One file that was read."""

    name: str
    sources: dict[str, Source] = field(default_factory=dict)
    unknown_count: int = 0

    def describe(self) -> str:
        """Return what was found, for people."""
        parts = [
            f"{source}: {found.lines_count:,} lines, {found.pulls_count:,} pulls, {found.others_count:,} other lines"
            for source, found in self.sources.items()
        ]
        unknown = [f"{self.unknown_count:,} lines in no form that is known"] if self.unknown_count or not parts else []
        return f"{self.name}: {'; '.join([*parts, *unknown])}"


class Pulls:
    """Pulls, as columns: logs have millions of lines. Who pulled is not among them."""

    def __init__(self) -> None:
        self.files: list[File] = []
        self.keys = array("q")
        self.times_us = array("q")
        self.repositories: list[str | None] = []
        self.references: list[str] = []
        self.are_blobs: list[bool] = []
        self.sources: list[str] = []
        self._texts: dict[str, str] = {}

    def add_file(self, name: str, lines: Iterable[tuple[bytes, Line | None]]) -> File:
        """Add what the lines of a file say; None stands for one in no form that is known."""
        file = File(name)
        self.files.append(file)
        for raw, line in lines:
            if line is None:
                file.unknown_count += 1
                continue
            if line.at_us is None:
                continue
            found = file.sources.setdefault(line.source, Source(line.at_us, line.at_us))
            found.first_us, found.last_us = min(found.first_us, line.at_us), max(found.last_us, line.at_us)
            found.lines_count += 1
            found.pulls_count += len(line.pulls)
            found.others_count += not line.pulls
            for pull in line.pulls:
                self._add(line.source, raw, pull)
        return file

    def _add(self, source: str, raw: bytes, pull: Pull) -> None:
        key = pull.key.encode() or raw.rstrip(b"\r\n")
        hashed = blake2b(source.encode() + b"\0" + key, digest_size=8)
        self.keys.append(int.from_bytes(hashed.digest(), "little", signed=True))
        self.times_us.append(pull.at_us)
        self.repositories.append(None if pull.repository is None else self._once(pull.repository))
        self.references.append(self._once(pull.reference))
        self.are_blobs.append(pull.is_blob)
        self.sources.append(self._once(source))

    def _once(self, text: str) -> str:
        """Return the same text, held once however often it comes."""
        return self._texts.setdefault(text, text)

    def table(self) -> ArrowTable:
        """Return the pulls as they are loaded."""
        arrays = [
            Array(list(self.keys), type=DataType.int64()),
            Array(self.repositories, type=DataType.string()),
            Array(self.references, type=DataType.string()),
            Array(self.are_blobs, type=DataType.bool()),
            Array(self.sources, type=DataType.string()),
            Array(list(self.times_us), type=DataType.int64()),
        ]
        names = ["line", "repository", "reference", "is_blob", "source", "at_us"]
        return ArrowTable.from_arrays(arrays, names=names)


def add_uses(connection: "duckdb.DuckDBPyConnection", pulls: Pulls, started_at: datetime) -> None:
    """Add pulls to those the inventory has, and work out when each revision was last used."""
    if pulls.keys:
        connection.register("staged_pull", pulls.table())
        connection.execute(statements("scan")["add_pulls"].sql)
        connection.unregister("staged_pull")
    for file in pulls.files:
        for source, found in file.sources.items():
            values = {
                "source": source, "first_us": found.first_us, "last_us": found.last_us, "lines_count": found.lines_count,
                "pulls_count": found.pulls_count, "others_count": found.others_count, "unknown_count": file.unknown_count,
            }  # fmt: skip
            connection.execute(statements("scan")["add_pull_file"].sql, values)
    for name in ("sweep", "needed_alone", "room_for_pulls", "last_pull", "forget_use"):
        execute_where_needed(connection, statements("scan")[name])
    execute_where_needed(connection, statements("scan")["last_use"], {"started_at": started_at})
    execute_where_needed(connection, statements("scan")["no_use"])
