"""From a digest to the bytes of a blob, in whatever storage the inventory was scanned from."""

import os
from collections.abc import Iterator

from tonnage.errors import NotKnownError, StorageUnreadableError, UsageError
from tonnage.inventory.database import Inventory
from tonnage.inventory.known import knowledge_of
from tonnage.layers.listing import Limits, Listing, list_files
from tonnage.storage import Storage
from tonnage.storage.opening import OpenOptions, open_storage
from tonnage.storage.registry import RegistrySource


def place_of(path: str, storage: str | None) -> str:
    """Return where the storage is: as said, else where the inventory was scanned if that is a folder here; else nothing."""
    if storage is not None:
        return storage
    with Inventory(path) as inventory:
        return place_in(inventory)


def place_in(inventory: Inventory) -> str:
    """Return where an inventory was scanned, if that is a folder here; else nothing."""
    found = location_of(inventory)
    return found if "://" not in found and os.path.isdir(found) else ""


def files_of(
    inventory: Inventory,
    place: str,
    digest: str,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - an immutable value
    limits: Limits = Limits(),  # noqa: B008 - an immutable value
) -> Listing:
    """Return the largest files in a layer. Raises TonnageError."""
    path = _path_of(inventory, digest)
    opened = open_storage(place, options)
    if isinstance(opened, RegistrySource):
        raise NotKnownError("what lies in layers: unknown in an inventory that was read over HTTP")
    return _list(opened, path, limits)


def _list(storage: Storage, path: str, limits: Limits) -> Listing:
    try:
        pieces: Iterator[bytes] = storage.stream(path)
        return list_files(pieces, limits)
    except OSError as error:
        message = f"cannot read `{path}`: {error.strerror or error}"
        raise StorageUnreadableError(message, "it may be gone since the scan: scan again") from error


def location_of(inventory: Inventory) -> str:
    """Return where the last scan found the storage: a folder, or an address."""
    return str(inventory.query("select location from scan order by scan_id desc limit 1").rows[0][0])


def _path_of(inventory: Inventory, digest: str) -> str:
    """Return where a blob lies below the root. Raises UsageError for one that is not there."""
    is_there = inventory.query("select 1 from blob where digest = $digest limit 1", {"digest": digest}).rows
    if not is_there:
        raise UsageError(f"no blob has the digest `{digest}`", 'all there are: tonnage sql "from blob" --json')
    if knowledge_of(inventory).kind == "layouts":
        rows = inventory.query(
            "select path from layout_file where digest = $digest order by size_bytes desc, path limit 1",
            {"digest": digest},
        ).rows
        return str(rows[0][0])
    algorithm, _, digits = digest.partition(":")
    return f"blobs/{algorithm}/{digits[:2]}/{digits}/data"
