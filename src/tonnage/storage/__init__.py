"""Where bytes come from. A storage lists and reads; it decides nothing and never writes.

Every implementation passes the one suite in tests/storage_suite.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol


class Type(StrEnum):
    """What a listed path turned out to be."""

    FILE = "file"
    ALIAS = "alias"
    """A file seen a second time, through a symbolic link to a place inside the storage: its bytes do not count."""
    EMPTY_FOLDER = "empty folder"
    SPECIAL = "special"
    """A socket, a pipe, a device."""
    BROKEN_SYMLINK = "broken symlink"
    SYMLINK_LOOP = "symlink loop"
    SYMLINK = "symlink"
    """A link that was followed; what lies behind it is listed too."""
    OUTSIDE = "outside"
    """A link that leads out of the storage, and was not followed: what lies behind it is not known."""
    UNREADABLE = "unreadable"
    VANISHED = "vanished"
    ODD_KEY = "odd key"
    """An object whose key is not a path: `a//b`, `a/../b`. It is there and is paid for."""
    MULTIPART = "multipart"
    """An upload in parts that was not finished: no object yet, and paid for. Its detail is the upload's id."""
    OLD_VERSION = "old version"
    """An object that was deleted or overwritten, and is kept."""
    VERSIONED = "versioned"
    """Not a path: the bucket keeps old versions."""
    CACHE = "cache"
    """Not a path: the registry is a pull-through cache."""
    NOT_TOLD = "not told"
    """Not a path: something the storage would not tell."""


class Format(StrEnum):
    """What the paths of a storage mean. The values are the words of the inventory."""

    REGISTRY = "storage"
    """The storage of the CNCF registry: `blobs/` and `repositories/`; see tonnage.formats.layout."""
    LAYOUTS = "layouts"
    """OCI image layouts, one per repository; see tonnage.formats.image_layout."""


class Entry(NamedTuple):
    """One path of a listing, relative to the storage's root."""

    path: str
    size_bytes: int
    modified_us: int | None
    type: Type = Type.FILE
    detail: str = ""
    content: str = ""
    """The digest a link holds, where the listing itself tells it: it need not be read."""
    inode: int | None = None
    """Number of a file that has several names on its disk (hard links): all of them have the same. None for others."""


class Leaves(NamedTuple):
    """Many ordinary files at once, each alone in a folder of its own: `<folder>/<name>/<file>`.

    What disks yield for the folders named by digest, where building a path for each file would cost the most. They
    come as columns, which is how they are loaded: a tuple for each would cost as much as asking the disk for it.
    The former links of all tags of a repository come together: their names go down to the digest, `<tag>/index/…/<hex>`.
    """

    folder: str
    file: str
    names: list[str]
    sizes_bytes: list[int]
    modified_us: list[int | None]
    read_us: list[int] | None = None
    """When each was last read, as its file system noted it; None where it notes nothing."""


class Keys(NamedTuple):
    """Objects of a bucket in columns, ordered by their keys: what a listing without folders comes as."""

    paths: list[str]
    sizes: list[int]
    times_us: list[int | None]
    etags: list[str]
    """Without quotes; empty where there is none. For a plain upload it is the MD5 of the content, in hex."""

    def extend(self, other: "Keys", start: int, end: int) -> None:
        """Add some keys of another listing, which come behind these."""
        self.paths.extend(other.paths[start:end])
        self.sizes.extend(other.sizes[start:end])
        self.times_us.extend(other.times_us[start:end])
        self.etags.extend(other.etags[start:end])

    def choose(self, positions: Sequence[int]) -> "Keys":
        """Return the keys at these positions."""
        paths, sizes, times_us, etags = self
        return Keys(
            [paths[at] for at in positions],
            [sizes[at] for at in positions],
            [times_us[at] for at in positions],
            [etags[at] for at in positions],
        )


class Part(NamedTuple):
    """A piece of a storage that can be listed by itself; the parts together are the whole, none overlap."""

    prefix: str
    token: str = ""
    """If not empty: a cheap proof of state; under the same token the part holds the same names."""
    keys: Keys | None = None
    """All that the part holds, from storages that are listed in one go: it is not listed again."""


SCHEDULER_STATE = "scheduler-state.json"
"""Where a pull-through cache notes what expires when, beside `docker/`. (distribution, registry/proxy/proxyregistry.go.)"""

OLD_VERSIONS = "old versions of "
"""What the prefix of a part begins with that holds old versions of objects, and no objects."""

OPEN_ALL = 0
OPEN_NONE = 2**63
"""Values of `unopened_before_us` that open every folder, and only those where something is odd."""


class Storage(Protocol):
    """A registry's storage, from the folder (or prefix) that has `blobs/` and `repositories/`.

    Implementations are small picklable values: the scan hands them to its worker processes.
    """

    @property
    def format(self) -> Format:
        """What its paths mean."""

    @property
    def location(self) -> str:
        """Where this is, as a person would write it."""

    def parts(self) -> Iterator[Part | Entry]:
        """Yield the parts, and whatever lies outside of all of them as entries of its own."""

    def list(self, prefix: str, unopened_before_us: int = OPEN_ALL) -> Iterable[Entry | Leaves]:
        """Yield every file, and every empty folder where there are folders, below `prefix`, in any order.

        What cannot be listed is yielded as an entry of type UNREADABLE or VANISHED, never raised. A digest's folder
        whose one file last changed before `unopened_before_us` need not be opened in search of what does not belong.
        """

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return the first `limit_bytes` of a file. Raises OSError; FileNotFoundError if it is gone."""

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield a file piece by piece, however large it is. Raises OSError, as `read` does."""

    def is_large(self) -> bool:
        """Return whether opening every folder would take long enough to be left to those who ask for it."""

    def describe_requests(self) -> str:
        """Return what was asked of a cloud, and what it costs; nothing where that costs nothing."""

    @property
    def requests_at_once(self) -> int:
        """How many calls at once pay, each in a thread, because they wait for a network. 0: they are work, not wait."""


class Layouts(Storage, Protocol):
    """A storage whose format is LAYOUTS."""

    @property
    def repository(self) -> str:
        """The name of the repository that the root is; empty where the root holds repositories."""
