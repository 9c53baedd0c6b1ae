"""The object that makes an inventory of files in a bucket: which tables it has, where each lies, and what is in it. Pure.

It is written last, so where it is all files are. It may be anybody's: what it names is looked for below the prefix and in
`scan=…` beside it, and nowhere else, and a file whose bytes are not those it tells of is not read.
"""

import re
from collections.abc import Collection
from typing import Annotated, Any

import msgspec

NAME = "inventory.json"
HISTORY = "scan="
"""How prefixes begin that stand beside each other for the scans of one storage, as Hive names partitions."""

_Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_FILE = re.compile(rf"(?:\.\./{HISTORY}[^/]+/)?[a-z0-9_]+\.parquet")


class File(msgspec.Struct, frozen=True):
    """Where a table is."""

    file: str
    """Its key after the prefix: a name, or `../scan=…/` before it, where it has not changed since that scan."""
    size_bytes: Annotated[int, msgspec.Meta(ge=0)]
    sha256: _Digest


class Mark(msgspec.Struct, frozen=True):
    """What an export wrote."""

    schema_version: int
    tonnage_version: str
    scan: dict[str, Any]
    """Place, number and time of the scan, for people."""
    tables: dict[str, File]


def to_bytes(mark: Mark) -> bytes:
    """Return the mark as it is stored."""
    return msgspec.json.format(msgspec.json.encode(mark), indent=1) + b"\n"


def parse(content: bytes, tables: Collection[str]) -> Mark:
    """Return the mark of an inventory that has at least these tables. Raises ValueError, with what is wrong with it.

    >>> parse(b"{}", ["blob"])
    Traceback (most recent call last):
    ...
    msgspec.ValidationError: Object missing required field `schema_version`
    """
    mark = msgspec.json.decode(content, type=Mark)
    if missing := sorted(set(tables) - mark.tables.keys()):
        raise ValueError(f"it has no table `{missing[0]}`")
    if odd := [file.file for file in mark.tables.values() if not _FILE.fullmatch(file.file)]:
        raise ValueError(f"`{odd[0]}` is not the name of one of its files")
    return mark
