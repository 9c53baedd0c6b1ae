"""What the columns of an inventory report mean, and below which prefix a registry lies among its keys. Pure.

Each cloud has its own names; a table of keys that somebody else made, such as S3 Metadata's, has those of one of them.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from tonnage.errors import StorageUnreadableError
from tonnage.formats.layout import ANCHORS
from tonnage.storage.report_files import HINT

COLUMNS = {
    "key": ("key", "name"),
    "size": ("size", "content-length"),
    "time": ("last_modified_date", "lastmodifieddate", "last_modified", "updated", "timecreated", "last-modified"),
    "etag": ("e_tag", "etag"),
    "md5": ("md5hash", "content-md5"),
    "is_latest": ("is_latest", "islatest", "iscurrentversion"),
    "is_deleted": ("is_delete_marker", "isdeletemarker", "deleted"),
    "snapshot": ("snapshot",),
}
"""What we ask for -> what S3 (Parquet, then CSV), GCS and Azure call it, in lower case."""
NO_UPLOADS = "open multipart uploads: no inventory report has them"
OLD_VERSIONS_TOO = "the report has old versions"
"""What is noted of a storage whose keys come from a report."""


def columns_in(names: Iterable[str], report: str) -> dict[str, str]:
    """Return which of the columns of a report is which. Raises StorageUnreadableError if there are no keys or sizes."""
    given = {re.sub(r"\s", "", name).lower(): name for name in names}
    found = {
        column: next((given[name] for name in candidates if name in given), "")
        for column, candidates in COLUMNS.items()
    }
    if not found["key"] or not found["size"]:
        raise StorageUnreadableError(f"no columns of keys and sizes in `{report}`", HINT)
    return {column: name for column, name in found.items() if name}


def root_in(report: str, bases: Sequence[str], has_below: Callable[[str], bool]) -> tuple[str, str]:
    """Return what the keys of the registry begin with, below one of the bases, and the anchor in that.

    `has_below` says whether keys begin with a prefix and `blobs/` or `repositories/`. Raises StorageUnreadableError.
    """
    for base in bases:
        for anchor in ANCHORS:
            start = base + (f"{anchor}/" if anchor else "")
            if has_below(start):
                return start, anchor
    raise StorageUnreadableError(f"no keys of a registry in `{report}`", "is it a report of this bucket?")


BASE = f"^(.*/)?{ANCHORS[0]}/(blobs|repositories)/"
"""Its first group is the base of a key that lies in a registry, where none is given."""
