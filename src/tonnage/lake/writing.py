"""An inventory written to a bucket: its files first, then the mark that makes an inventory of them.

Nothing is written over: the prefix has to be empty, so an inventory that is there stays, and one of which an export was cut
short never becomes one. A table that is as it was in the newest `scan=…` beside it is named there, and not stored again.
"""

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from obstore.exceptions import AlreadyExistsError

from tonnage import __version__
from tonnage.errors import WriteError
from tonnage.inventory.database import known_tables
from tonnage.inventory.parquet import scan_of, write_files
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.lake.mark import NAME, File, Mark, parse, to_bytes
from tonnage.lake.place import Place
from tonnage.monitor import Monitor
from tonnage.storage.bucket.address import is_bucket, parse_address

if TYPE_CHECKING:
    from tonnage.inventory.database import Inventory

_REGISTRY = ("docker", "registry", "v2")
_NEW_PREFIX = "name a prefix where nothing is, such as s3://bucket/history/scan=2026-11-29"
_AT_ONCE = 4
"""Pieces of a file on their way together: each is held in memory."""


class Written(NamedTuple):
    """What an export wrote."""

    location: str
    rows_count: int
    put_bytes: int
    shared_count: int
    """Tables that are as they were at the scan before, and were not stored again."""


def write_bucket(inventory: "Inventory", target: str, monitor: Monitor) -> Written:
    """Write an inventory as Parquet below a prefix where nothing is: all of it, or nothing that would be taken for one.

    Raises WriteError, UsageError, QueryError and BucketError.
    """
    scan = scan_of(inventory)
    place = Place(target)
    refuse_registry(place, str(scan["location"]))
    if key := place.first_key():
        what = "is an inventory already" if place.mark() else f"is not empty: `{key}`"
        raise WriteError(f"`{place.location}` {what}", _NEW_PREFIX)
    before = _before(place)
    with tempfile.TemporaryDirectory(prefix="tonnage-") as folder:
        made = Path(folder)
        rows_count = write_files(inventory, made)
        files = {table: _file(made / f"{table}.parquet") for table in known_tables()}
        found = {table: before.get((table, file.sha256), file) for table, file in files.items()}
        new = [table for table in files if found[table] is files[table]]
        _put_files(place, made, new, monitor)
    _put_mark(place, Mark(SCHEMA_VERSION, __version__, scan, found))
    put_bytes = sum(files[table].size_bytes for table in new)
    return Written(place.location, rows_count, put_bytes, len(files) - len(new))


def refuse_registry(place: Place, scanned: str) -> None:
    """Raise WriteError for a place in a registry's storage, this one's above all: tonnage only reads there."""
    parts = place.prefix.parts
    if not parts:
        raise WriteError(f"`{place.location}` is a whole bucket", _NEW_PREFIX)
    inside = any(parts[start : start + 3] == _REGISTRY for start in range(len(parts)))
    if is_bucket(scanned):
        registry = parse_address(scanned)
        is_same = (registry.cloud, registry.bucket) == (place.address.cloud, place.address.bucket)
        inside |= is_same and registry.prefix != "" and place.prefix.is_relative_to(registry.prefix)
    if inside:
        raise WriteError(f"`{place.location}` lies inside a registry, which is only read", _NEW_PREFIX)


def _before(place: Place) -> dict[tuple[str, str], File]:
    """Return the files of the newest scan beside this one, by table and digest, as they are named from here."""
    for name in place.scans_before():
        content = place.get(f"../{name}/{NAME}")
        if content is None:
            continue  # an export that was cut short
        try:
            mark = parse(content, ())
        except ValueError:
            continue  # somebody else's
        named = {
            table: File(file.file if "/" in file.file else f"../{name}/{file.file}", file.size_bytes, file.sha256)
            for table, file in mark.tables.items()
        }
        return {(table, file.sha256): file for table, file in named.items()}
    return {}


def _file(path: Path) -> File:
    with path.open("rb") as file:
        return File(path.name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _put_files(place: Place, folder: Path, tables: list[str], monitor: Monitor) -> None:
    monitor.begin("tables", len(tables))
    for table in tables:
        with place.asking():
            path = folder / f"{table}.parquet"
            place.store.put(place.key(path.name), path, max_concurrency=_AT_ONCE)
        monitor.advance(1)
    monitor.end()


def _put_mark(place: Place, mark: Mark) -> None:
    """Write the mark, unless another export to the same place has."""
    try:
        with place.asking():
            try:
                place.store.put(place.key(NAME), to_bytes(mark), mode="create")
            except AlreadyExistsError as error:
                raise FileExistsError from error
    except FileExistsError as error:
        raise WriteError(f"another export wrote `{place.location}` meanwhile", _NEW_PREFIX) from error
