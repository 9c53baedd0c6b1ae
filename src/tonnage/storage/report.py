"""Keys from an inventory report of a cloud, in place of a listing: no LIST at all, and only the bodies are read.

A report is Parquet, or CSV with or without gzip; see tonnage.storage.report_files, and report_keys for its columns. A CSV
without a line of names has them in its manifest (S3: `fileSchema`).
DuckDB reads and sorts them, so that memory stays flat however many keys there are.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tonnage.errors import StorageUnreadableError
from tonnage.formats.layout import ANCHORS
from tonnage.formats.quoting import identifier, literal
from tonnage.inventory.memory import reading_config
from tonnage.storage import OLD_VERSIONS, OPEN_ALL, Entry, Format, Keys, Leaves, Part, Storage, Type
from tonnage.storage.bucket.listing import in_parts
from tonnage.storage.report_files import HINT, Place, Report
from tonnage.storage.report_keys import BASE, NO_UPLOADS, OLD_VERSIONS_TOO, columns_in, root_in

_KEYS_PER_PAGE = 10_000
_CURRENT = "(is_latest and not is_deleted)"
_OLD = f"(not {_CURRENT} and size is not null)"
"""Delete markers have no size."""
_MARKER = "(suffix(key, '/') and coalesce(size, 0) = 0)"
"""Empty objects that stand for folders."""
_ODD = r"regexp_matches(path, '(^|/)\.{0,2}(/|$)|[\x00-\x1f]')"
"""Keys that are not paths, as tonnage.storage.bucket.odd_keys tells them."""
_MEMORY_BYTES = 256_000_000


class ReportStorage:
    """A storage whose keys come from a report, and whose bodies from another. Ten of its methods are `Storage`'s."""

    def __init__(
        self,
        bodies: Storage,
        report: Report,
        prefix: str,
        *,
        copies: Place | None = None,
    ) -> None:
        self.bodies = bodies
        self.report = report
        self.prefix = prefix
        """What keys of this registry begin with; the rest is their path."""
        self.copies = copies
        """What removes the report's files when it goes, where they are copies."""
        self.foresee: Callable[[int], str] | None = None
        """From the number of blobs to what reading them will take; None where it costs nothing, and once it was begun."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel without the copies: who made them removes them."""
        return ReportStorage, (self.bodies, self.report, self.prefix)

    @property
    def format(self) -> Format:
        """What its paths mean."""
        return Format.REGISTRY

    @property
    def location(self) -> str:
        """Where the bodies are."""
        return self.bodies.location

    @property
    def requests_at_once(self) -> int:
        """As many as where the bodies are."""
        return self.bodies.requests_at_once

    def parts(self) -> Iterator[Part | Entry]:
        """Yield all parts with their keys, in the order of the keys; old versions as parts of their own."""
        self.foresee = None
        yield from in_parts(self._pages("", f"{_CURRENT} and not {_ODD}"))
        for page in self._pages("", f"{_CURRENT} and {_ODD}"):
            yield from (Entry(*of, Type.ODD_KEY) for of in zip(*page[:3], strict=True))
        yield Entry("", 0, None, Type.NOT_TOLD, NO_UPLOADS)
        for number, found in enumerate(in_parts(self._pages("", _OLD))):
            if number == 0:
                yield Entry("", 0, None, Type.VERSIONED, OLD_VERSIONS_TOO)
            if isinstance(found, Part):
                yield found._replace(prefix=f"{OLD_VERSIONS}{found.prefix}")
            else:
                yield found._replace(type=Type.OLD_VERSION)

    def list(self, prefix: str, unopened_before_us: int = OPEN_ALL) -> Iterator[Entry | Leaves]:
        """Yield the objects below `prefix`."""
        for page in self._pages(f"{prefix}/" if prefix else "", _CURRENT):
            yield from map(Entry, *page[:3])

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file piece by piece. Raises OSError."""
        return self.bodies.stream(path)

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the first `limit_bytes` of an object. Raises OSError."""
        return self.bodies.read(path, limit_bytes)

    def is_large(self) -> bool:
        """Return False: a report tells all that there is, and nothing has to be opened."""
        return False

    def describe_requests(self) -> str:
        """Return what will about be asked of where the bodies are, before a scan; then what was."""
        if self.foresee:
            return self.foresee(self._blobs_count())
        return self.bodies.describe_requests()

    def _pages(self, below: str, wanted: str) -> Iterator[Keys]:
        columns = _columns_of(self.report)
        keys = f"select *, substr(key, {len(self.prefix) + 1}) as path from ({_keys(self.report, columns)})"
        sql = (
            f"select path, coalesce(size, 0), time_us, etag from ({keys})"
            f" where starts_with(key, $start) and not {_MARKER} and {wanted} order by path"
        )
        with _connect() as connection:
            found = connection.execute(sql, {"start": self.prefix + below})
            while rows := found.fetchmany(_KEYS_PER_PAGE):
                paths, sizes, times_us, etags = zip(*rows, strict=True)
                yield Keys(list(paths), list(sizes), list(times_us), list(etags))

    def _blobs_count(self) -> int:
        keys = _keys(self.report, _columns_of(self.report))
        with _connect() as connection:
            sql = (
                f"select count(*) from ({keys}) where starts_with(key, $blobs) and suffix(key, '/data') and {_CURRENT}"
            )
            return int(connection.execute(sql, {"blobs": f"{self.prefix}blobs/"}).fetchall()[0][0])


def find_root(report: Report, bases: Sequence[str]) -> tuple[str, str]:
    """Return what the keys of the registry begin with, and the anchor in that. Raises StorageUnreadableError.

    `bases` are prefixes below which it may lie; without any it is looked for.
    """
    keys = _keys(report, _columns_of(report))
    has = f"select 1 from ({keys}) where starts_with(key, $blobs) or starts_with(key, $repositories) limit 1"
    with _connect() as connection:
        if not bases:
            anywhere = f"select regexp_extract(key, {literal(BASE)}, 1) from ({keys})"
            found = connection.execute(f"{anywhere} where key like '%{ANCHORS[0]}/%' limit 1").fetchall()
            bases = ("", *(base for (base,) in found))

        def has_below(start: str) -> bool:
            folders = {"blobs": f"{start}blobs/", "repositories": f"{start}repositories/"}
            return bool(connection.execute(has, folders).fetchall())

        return root_in(report.name, bases, has_below)


def describe(storage: ReportStorage, now: datetime) -> str:
    """Return of when the keys are, and how old that is."""
    listed_at = storage.report.listed_at
    if listed_at is None:
        return "keys of a report that does not say when it was made: its manifest does"
    return f"keys as of {listed_at:%Y-%m-%d %H:%M} UTC, {_age(now - listed_at)} old"


def _age(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"


def _connect() -> Any:
    import duckdb

    config: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    connection = duckdb.connect(config=config | reading_config(_MEMORY_BYTES))
    connection.execute("set timezone = 'UTC'")
    return connection


def _source(report: Report) -> str:
    files = ", ".join(map(literal, report.files))
    if report.is_parquet:
        return f"read_parquet([{files}], union_by_name = true)"
    if report.names:
        names = ", ".join(map(literal, report.names))
        return f"read_csv([{files}], header = false, names = [{names}], all_varchar = true, delim = ',', quote = '\"')"
    return f"read_csv([{files}], header = true, all_varchar = true, delim = ',', quote = '\"', union_by_name = true)"


def _columns_of(report: Report) -> dict[str, str]:
    """Return which column of the report is which, as SQL spells it. Raises StorageUnreadableError."""
    import duckdb

    try:
        with _connect() as connection:
            described = connection.execute(f"describe select * from {_source(report)}").fetchall()
    except duckdb.Error as error:
        raise StorageUnreadableError(f"cannot read `{report.name}`: {str(error).splitlines()[0]}", HINT) from error
    return {column: identifier(name) for column, name in columns_in((row[0] for row in described), report.name).items()}


def _keys(report: Report, columns: dict[str, str]) -> str:
    """Return the SELECT of all rows: key, size, time_us, etag, is_latest, is_deleted."""
    key = columns["key"]
    time = columns.get("time")
    etag = f"lower(trim({columns['etag']}, '\"'))" if "etag" in columns else "''"
    if "md5" in columns:  # Base64, where the cloud's ETag is not a hash
        etag = f"coalesce(lower(hex(try(from_base64({columns['md5']})))), {etag})"
    latest = f"try_cast({columns['is_latest']} as boolean)" if "is_latest" in columns else "true"
    deleted = f"try_cast({columns['is_deleted']} as boolean)" if "is_deleted" in columns else "false"
    if "snapshot" in columns:
        deleted = f"({deleted} or coalesce(cast({columns['snapshot']} as varchar), '') <> '')"
    return (
        f"select {f'url_decode(replace({key}, chr(43), chr(32)))' if report.has_coded_keys else key} as key,"
        f" try_cast({columns['size']} as bigint) as size,"
        f" {f'epoch_us(try_cast({time} as timestamptz))' if time else 'null'} as time_us,"
        f" coalesce({etag}, '') as etag, coalesce({latest}, true) as is_latest, coalesce({deleted}, false) as is_deleted"
        f" from {_source(report)}"
    )
