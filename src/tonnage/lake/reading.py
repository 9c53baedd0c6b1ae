"""An inventory in a bucket, copied to a folder of this machine: there it is opened as any folder of Parquet is.

A query reads a file many times and in pieces, and what may be read is a folder: nothing of a query reaches the bucket.
"""

import hashlib
from pathlib import Path

from tonnage.errors import InventoryVersionError, NoInventoryError, WriteError, reason_of
from tonnage.inventory.database import known_tables
from tonnage.inventory.rows import SCHEMA_VERSION
from tonnage.lake.mark import NAME, File, parse
from tonnage.lake.place import Place

_EXPORT = "put one there: tonnage export s3://bucket/prefix"
_DAMAGED = "export again, to another prefix"
_ROOM = "an inventory in a bucket is copied before it is read: set TMPDIR to a folder with room for it"


def fetch(target: str, folder: Path) -> None:
    """Copy the inventory below a prefix into a folder that is there and empty.

    Raises NoInventoryError, InventoryVersionError, WriteError, UsageError and BucketError.
    """
    place = Place(target)
    content = place.mark()
    if content is None:
        raise NoInventoryError(f"there is no inventory at `{place.location}`: it has no `{NAME}`", _EXPORT)
    try:
        mark = parse(content, ())
        if mark.schema_version == SCHEMA_VERSION:
            mark = parse(content, known_tables())
    except ValueError as error:
        raise NoInventoryError(f"`{place.location}` is not an inventory: `{NAME}`: {error}", _EXPORT) from error
    if mark.schema_version != SCHEMA_VERSION:
        raise InventoryVersionError(
            place.location, mark.schema_version, SCHEMA_VERSION, "export again, with this tonnage"
        )
    for table in known_tables():
        _copy(place, mark.tables[table], folder / f"{table}.parquet")


def _copy(place: Place, file: File, path: Path) -> None:
    """Copy a file as it comes, and see that it is the one that the mark tells of."""
    digest = hashlib.sha256()
    key = place.key(file.file)
    try:
        with place.asking(), path.open("wb") as written:
            for piece in place.store.get(key).stream():
                digest.update(piece)
                written.write(piece)
    except FileNotFoundError as error:
        raise NoInventoryError(f"`{place.location}` is damaged: `{key}` is not there", _DAMAGED) from error
    except OSError as error:
        raise WriteError(f"cannot copy `{key}` to `{path}`: {reason_of(error)}", _ROOM) from error
    if digest.hexdigest() != file.sha256:
        raise NoInventoryError(f"`{place.location}` is damaged: `{key}` is not the file that was exported", _DAMAGED)
