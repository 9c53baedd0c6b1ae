"""Staged rows in a folder: what the read half hands over, as Parquet, where other processes than the scan read a storage.

    DIR/stage=<stage>/row_type=<row type>/*   Parquet with the columns of the type, whatever the files' names end in
    DIR/scan/*                                the mark: one line of JSON, written when all else is there

Stages are listing, manifests-0 and so on, configs. Nothing here needs a database: what writes such a folder may run where
there is none. `from_staged` makes an inventory of it.
"""

import os
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec

from tonnage import __version__
from tonnage.errors import InventoryVersionError, StagedRowsError, reason_of
from tonnage.inventory import rows
from tonnage.scan.columns import types_of

MARK = "scan"
"""The folder of the mark."""
PART = "Part"
"""The type of rows that say how a part was found, and how many files were read: the columns of `PART_COLUMNS`."""
PART_COLUMNS: dict[str, Any] = {"part": str, "fingerprint": bytes, "files_count": int}
_MARK_BYTES_LIMIT = 1_000_000
_STAGE = re.compile(r"[a-z]+(-[0-9]+)?\Z").match
_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, when, and how many rows it gave."""

    location: Annotated[str, msgspec.Meta(min_length=1)]
    """Where the storage is, as in the inventory."""
    started_at: _Time
    finished_at: _Time
    listed_at: _Time | None
    """When the keys were listed; None where that was not said."""
    read_count: _Count
    """Manifests and configurations read."""
    stages: list[str]
    rows_count: dict[str, _Count]
    """By row type."""
    schema_version: int = rows.SCHEMA_VERSION
    tonnage_version: str = __version__


def columns_for(name: str) -> dict[str, Any]:
    """Return the columns of a row type in the folder: as the scan has them, with the part's prefix for its number."""
    if name == PART:
        return PART_COLUMNS
    return dict(("part", str) if column == "part_id" else (column, _plain(of)) for column, of in types_of(name).items())


@cache
def all_columns() -> dict[str, Any]:
    """Return the columns of all row types, with `str`, `int`, `bool` or `bytes`."""
    return {column: type_ for name in (PART, *rows.ALL) for column, type_ in columns_for(name).items()}


def _plain(type_: Any) -> Any:
    return str if type_ in (rows.Digest, rows.RepositoryName) else type_


def mark_text(mark: Mark) -> str:
    """Return what the file of the mark holds."""
    return msgspec.json.encode(mark).decode()


def read_mark(folder: Path) -> Mark:
    """Return the mark of a folder of staged rows. Raises StagedRowsError and InventoryVersionError."""
    if not os.path.isdir(folder):
        raise StagedRowsError(f"there is no folder `{folder}`")
    files = [path for path in sorted((folder / MARK).glob("[!._]*")) if os.path.isfile(path)]
    if not files:
        raise StagedRowsError(f"`{folder}` is not whole: it has no `{MARK}`, which is written last")
    if len(files) > 1:
        raise StagedRowsError(f"`{folder}` has {len(files)} files in `{MARK}`: rows of more than one reading")
    content = _content(files[0], folder)
    try:
        version = msgspec.json.decode(content, type=dict[str, Any]).get("schema_version")
        if isinstance(version, int) and version != rows.SCHEMA_VERSION:
            hint = "read the storage again with the same version of tonnage as loads it"
            raise InventoryVersionError(str(folder), version, rows.SCHEMA_VERSION, hint)
        mark = _in_utc(msgspec.json.decode(content, type=Mark))
    except (msgspec.MsgspecError, OverflowError) as error:
        raise StagedRowsError(f"`{files[0]}` is not the mark of staged rows: {error}") from error
    unknown = [name for name in mark.rows_count if name != PART and name not in rows.ALL]
    unknown += [stage for stage in mark.stages if not _STAGE(stage)]
    if unknown:
        raise StagedRowsError(f"`{files[0]}` names what this tonnage does not know: {unknown[0]!r}")
    return mark


def _in_utc(mark: Mark) -> Mark:
    """Return a mark with its times in UTC. Raises OverflowError for one that is before the year 1, or after 9999."""
    listed_at = mark.listed_at.astimezone(UTC) if mark.listed_at else None
    started_at, finished_at = mark.started_at.astimezone(UTC), mark.finished_at.astimezone(UTC)
    return msgspec.structs.replace(mark, started_at=started_at, finished_at=finished_at, listed_at=listed_at)


def _content(file: Path, folder: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_MARK_BYTES_LIMIT)
    except OSError as error:
        raise StagedRowsError(f"cannot read `{folder}`: `{MARK}/{file.name}`: {reason_of(error)}") from error
