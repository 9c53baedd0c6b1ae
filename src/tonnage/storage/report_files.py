"""The files of an inventory report: a `manifest.json` that names its data files, or a data file by itself.

They lie in a folder of this machine, or in a bucket, where each cloud delivers them; from there they are copied to a
folder that goes when the scan ends. Pure but for the places.
(S3 Inventory: Amazon S3 User Guide, "Inventory list", "Inventory manifest"; GCS: Storage Insights, "Inventory reports";
Azure: "Azure Storage blob inventory".)
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Protocol

from tonnage.errors import StorageUnreadableError, reason_of

HINT = "pass the manifest.json of the report, or one of its .parquet or .csv.gz files"
_SUFFIXES = {".parquet": "parquet", ".csv": "csv", ".csv.gz": "csv", ".orc": "orc"}


class Report(NamedTuple):
    """A report: its files, how to read them, and when it was made."""

    name: str
    """As the user named it."""
    files: tuple[str, ...]
    """On this machine."""
    is_parquet: bool
    names: tuple[str, ...] = ()
    """Of the columns of a CSV without a line of names."""
    has_coded_keys: bool = False
    """Keys are URL-encoded: CSV files of S3."""
    listed_at: datetime | None = None


class Place(Protocol):
    """Where a report lies. Its methods raise OSError; where it is a bucket, BucketError too."""

    def content(self) -> bytes:
        """Return the bytes of what the user named: a manifest."""

    def itself(self) -> str:
        """Return where on this machine what the user named is: a data file."""

    def named(self, key: str) -> str:
        """Return where on this machine a file is that the manifest names."""


class Folder:
    """A folder of this machine, by the path of a file in it."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def content(self) -> bytes:
        """Return the bytes of the file."""
        return self.path.read_bytes()

    def itself(self) -> str:
        """Return its path."""
        return str(self.path.resolve(strict=True))

    def named(self, key: str) -> str:
        """Return where a file lies: beside its manifest, or where the cloud put it, as both were copied."""
        manifest = self.path.resolve()
        above = [Path(folder / key) for folder in manifest.parents]
        for place in (*map(Path, beside(PurePosixPath(manifest), key)), *above):
            if place.is_file():
                return str(place)
        raise FileNotFoundError(f"it names `{key}`, which lies neither beside it nor in `data`")


def beside(manifest: PurePosixPath, key: str) -> list[PurePosixPath]:
    """Return where a file may lie that a manifest names, if both were copied.

    >>> [str(place) for place in beside(PurePosixPath("daily/2026-11-20T03-00Z/manifest.json"), "r/daily/data/1.parquet")]
    ['daily/2026-11-20T03-00Z/1.parquet', 'daily/2026-11-20T03-00Z/data/1.parquet', 'daily/data/1.parquet']
    """
    name, folder = PurePosixPath(key).name, manifest.parent
    return [folder / name, folder / "data" / name, folder.parent / "data" / name]


def open_report(name: str, place: Place) -> Report:
    """Return the report that a manifest or a data file at a place is. Raises StorageUnreadableError."""
    try:
        if name.endswith(".json"):
            return _of_manifest(name, json.loads(place.content()), place.named)
        is_parquet = _is_parquet(name)
        return Report(name, (place.itself(),), is_parquet)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise StorageUnreadableError(f"`{name}` is not an inventory report: {_why(error)}", HINT) from error


def _why(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return reason_of(error)


def _of_manifest(name: str, manifest: dict[str, Any], find: Callable[[str], str]) -> Report:
    if "fileSchema" in manifest:
        return _of_s3(name, manifest, find)
    if "report_shards_file_names" in manifest:
        keys, time = manifest["report_shards_file_names"], manifest.get("snapshot_time")
    else:
        keys, time = [file["blob"] for file in manifest["files"]], manifest.get("inventoryStartTime")
    is_parquet = _is_parquet(keys[0])
    return Report(name, tuple(map(find, keys)), is_parquet, listed_at=_time(time))


def _of_s3(name: str, manifest: dict[str, Any], find: Callable[[str], str]) -> Report:
    form = manifest["fileFormat"].upper()
    if form == "ORC":
        raise ValueError(_ORC)
    files = tuple(find(file["key"]) for file in manifest["files"])
    listed_at = datetime.fromtimestamp(int(manifest["creationTimestamp"]) / 1000, UTC)
    names = () if form == "PARQUET" else tuple(name.strip() for name in manifest["fileSchema"].split(","))
    return Report(name, files, form == "PARQUET", names, has_coded_keys=form == "CSV", listed_at=listed_at)


def _is_parquet(path: str) -> bool:
    kind = next((kind for suffix, kind in _SUFFIXES.items() if path.lower().endswith(suffix)), "")
    if kind == "orc":
        raise ValueError(_ORC)
    if not kind:
        raise ValueError("its name ends neither in .parquet nor in .csv or .csv.gz")
    return kind == "parquet"


_ORC = "it is in ORC, which cannot be read; have the inventory made as Parquet or CSV"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
