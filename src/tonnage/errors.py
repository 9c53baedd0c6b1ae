"""What stops a run: one hierarchy, with the message, the hint and the exit code on the class.

Bad data in a storage never gets here: it becomes a row of the table `problem`.
"""

from typing import ClassVar


class TonnageError(Exception):
    """Something the user has to see: `message` says what failed on what, `hint` says the next step."""

    exit_code: ClassVar[int] = 1
    hint: ClassVar[str] = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = hint or self.hint


MORE_MEMORY = "no file was harmed; give the process more memory"
"""The next step where memory ran out."""


class UsageError(TonnageError):
    """The call's words are off: an unknown report, a size that is none."""

    exit_code = 2


class NoStorageError(TonnageError):
    """There is no registry storage at the given place."""

    exit_code = 4
    hint = "pass the folder that has `docker/registry/v2` in it, or the one that has `blobs/` and `repositories/`"


class StorageUnreadableError(TonnageError):
    """The storage is there and cannot be read at all: permission, an input/output error, not mounted."""

    exit_code = 5
    hint = "run as the user that owns the registry's files; tonnage only reads"


class StorageIncompleteError(TonnageError):
    """The storage says of itself that it is not the whole truth (GitLab keeps its metadata in a database)."""

    exit_code = 6
    hint = "with `--ignore-lockfile` the storage is scanned all the same; tags and manifests may then be missing"


class NoInventoryError(TonnageError):
    """There is no inventory at the given place, or the file is not one."""

    exit_code = 7
    hint = "make one: tonnage scan /var/lib/registry"


class ForeignDatabaseError(NoInventoryError):
    """The file is a database, and its tables are not those of an inventory: it is neither read nor written over."""


class InventoryVersionError(TonnageError):
    """The inventory was written by another version of tonnage, with other tables."""

    exit_code = 8
    hint = "scan again: tonnage scan --full PATH"

    def __init__(self, place: str, version: int | None, ours: int, hint: str = "") -> None:
        """Say which version the tables at a place have. No scan overwrites newer ones: the next step is to update."""
        is_newer = version is not None and version > ours
        super().__init__(
            f"`{place}` has tables of version {version}; this tonnage reads {ours}",
            "it was made by a newer tonnage: update this one" if is_newer else hint,
        )


class QueryError(TonnageError):
    """The database refused a query."""

    exit_code = 9
    hint = "`tonnage tables` lists the tables, the views and their columns"


class NotKnownError(TonnageError):
    """The answer needs what the inventory does not know, such as orphaned blobs over HTTP."""

    exit_code = 12
    hint = "scan the registry's storage: its folder, or its bucket"


class WriteError(TonnageError):
    """The result could not be written: disk full, no permission, the folder is missing."""

    exit_code = 10


class DoubtfulStorageError(TonnageError):
    """Most of the storage is not there: not mounted, replaced by another disk, or lost. Nothing is planned upon that."""

    exit_code = 18
    hint = "mount it, or restore it from a backup, and scan again"


class TookTooLongError(TonnageError):
    """A scan was not done in the time it was given; an older inventory stays as it was."""

    exit_code = 19
    hint = "--max-duration gives it longer"


class NoCollectorError(TonnageError):
    """What was scanned is not the storage of the registry whose collector is asked for."""

    exit_code = 17
    hint = "zot collects by itself; `tonnage what-if`, `tonnage orphans` and `tonnage plan` say what would be freed"


class RegistryError(TonnageError):
    """The registry, or something before it, answered what no registry should."""

    exit_code = 20


class RegistryUnreachableError(RegistryError):
    """The registry gives no answer, or none but "later": no connection, no trusted certificate, 429, 502, 503, 504."""

    exit_code = 21
    hint = "see whether the registry runs and the URL is right; started again, tonnage goes on where it stopped"


class AccessError(RegistryError):
    """The registry wants a login, refuses this one, or its user may not do this."""

    exit_code = 22
    hint = "run `docker login`, pass --credentials FILE, or set TONNAGE_REGISTRY_USER and TONNAGE_REGISTRY_PASSWORD"


class DeletionRefusedError(RegistryError):
    """The registry deletes nothing for nobody: it is read-only, or deletion is switched off."""

    exit_code = 23


class JournalError(TonnageError):
    """The journal is of another plan or registry, in use, damaged, or cannot be written."""

    exit_code = 24


class BucketError(StorageUnreadableError):
    """A bucket answers what no bucket should, or keeps failing."""

    exit_code = 30
    hint = "scan again; if it stays so, look at what the store's own log says"


class NoBucketError(BucketError):
    """There is no bucket, or container, of that name."""

    exit_code = 31
    hint = "check the name, and --endpoint if the store is none of the three clouds"


class BucketAccessError(BucketError):
    """There are no credentials, they are refused or expired, or they may not list or read."""

    exit_code = 32
    hint = "the credentials need to list the bucket and to get its objects: docs/how-to/scan-a-bucket.md"


class BucketRegionError(BucketError):
    """The bucket is in another region than the one that was asked."""

    exit_code = 33
    hint = "pass its region with --region, or set AWS_REGION"


class BucketUnreachableError(BucketError):
    """No answer in time, no connection, no trusted certificate, or none but "slow down"."""

    exit_code = 34
    hint = "see whether the endpoint is right and reachable from here; --timeout gives a slow one longer"


class PostgresError(TonnageError):
    """PostgreSQL cannot be reached, refuses the login, or is asked without the driver for it."""

    exit_code = 35
    hint = "see whether the address is right and the server runs; a password comes from PGPASSWORD or ~/.pgpass"


class StagedRowsError(TonnageError):
    """A folder of staged rows is not there, not whole, or damaged."""

    exit_code = 37
    hint = "copy all of the folder that was written, or read the storage again"


ITEMS_LEFT = 25
"""Exit code of `apply` and `undo` when they finished and left items out: skipped with a reason, or failed."""

COLLECTION_HARMS = 15
"""Exit code of `gc --fail-on-break` when the collection would break something, or stop before its end."""

NOT_PORTABLE = 26
"""Exit code of `report --check` when another database would not read the report."""

LIMIT_BREACHED = 27
"""Exit code of `check` when a limit is breached."""

LIMIT_UNKNOWN = 28
"""Exit code of `check` when no limit is known to be breached, and of some nobody can say."""

DOCTOR_WARNS = 29
"""Exit code of `doctor` when something is to be done before a collection, or nobody can say."""

BLOBS_DAMAGED = 36
"""Exit code of `verify-blobs` when a blob is not as its digest says, or cannot be read."""

PROBLEMS_FOUND = 3
"""Exit code of a scan that finished and counted everything it could, but found problems on the way."""

EXIT_CODES: dict[int, str] = {
    0: "done",
    1: "something failed that has no code of its own",
    2: "wrong usage",
    PROBLEMS_FOUND: "finished, but with problems: see `tonnage problems`",
    NoStorageError.exit_code: "no registry storage there",
    StorageUnreadableError.exit_code: "the storage cannot be read",
    StorageIncompleteError.exit_code: "the storage is not the whole truth (`lockfiles/database-in-use`)",
    NoInventoryError.exit_code: "no inventory there",
    InventoryVersionError.exit_code: "the inventory is of another version",
    QueryError.exit_code: "the database refused the query",
    WriteError.exit_code: "the result could not be written",
    11: "the file is not a plan, or it was changed after it was made",
    NotKnownError.exit_code: "the inventory does not know enough to answer, or to plan deletions",
    13: "even if all went that may go, the bytes wanted would not be freed",
    14: "the inventory is not later than the plan, or of another storage",
    COLLECTION_HARMS: "`gc --fail-on-break`: the collection would break something, or stop before its end",
    16: "`verify`: not as predicted; the rows say what, and why",
    NoCollectorError.exit_code: "the registry's collector cannot run on what was scanned (OCI image layouts)",
    DoubtfulStorageError.exit_code: "most of the storage is not there: not mounted, replaced, or lost",
    TookTooLongError.exit_code: "the scan was not done within `--max-duration`; an older inventory stays as it was",
    RegistryError.exit_code: "the registry's answer makes no sense",
    RegistryUnreachableError.exit_code: "the registry cannot be reached, or is too busy",
    AccessError.exit_code: "the registry refuses the login, or its user may not do this",
    DeletionRefusedError.exit_code: "the registry is read-only, or deletion is switched off",
    JournalError.exit_code: "the journal cannot be used",
    ITEMS_LEFT: "finished, but some items were skipped or failed; each has its reason",
    NOT_PORTABLE: "`report --check`: another database would not read the report; the rows say what, and what to write",
    LIMIT_BREACHED: "`check`: a limit is breached; a line says which",
    LIMIT_UNKNOWN: "`check`: no limit is known to be breached, and of some nobody can say",
    DOCTOR_WARNS: "`doctor`: something is to be done before a collection, or nobody can say; the lines say what",
    BucketError.exit_code: "a bucket fails, or its answer makes no sense",
    NoBucketError.exit_code: "no bucket of that name",
    BucketAccessError.exit_code: "the bucket refuses the credentials, or they may not list or read it",
    BucketRegionError.exit_code: "the bucket is in another region",
    BucketUnreachableError.exit_code: "the bucket cannot be reached, or gives no answer in time",
    PostgresError.exit_code: "PostgreSQL cannot be reached, refuses the login, or its driver is not installed",
    BLOBS_DAMAGED: "`verify-blobs`: a blob is not as its digest says, or cannot be read; the rows say whom it hits",
    StagedRowsError.exit_code: "staged rows are not there, not whole, or damaged",
    129: "ended by SIGHUP; an older inventory stays as it was",
    130: "interrupted; an older inventory stays as it was",
    143: "ended by SIGTERM; an older inventory stays as it was",
}


def reason_of(error: Exception) -> str:
    """Return what went wrong in the system's words, without the path, which messages name themselves."""
    return getattr(error, "strerror", None) or str(error)
