"""From what a user types to a storage: a folder, or an address whose scheme says what is behind it.

The only place that knows all storages; each kind is imported when it is asked for.
"""

from typing import NamedTuple

from tonnage.storage import Storage


class OpenOptions(NamedTuple):
    """What a user may say about a storage besides its address."""

    ignore_lockfile: bool = False
    """Scan although the storage says that its metadata is kept in a database."""


def open_storage(address: str, options: OpenOptions = OpenOptions()) -> Storage:  # noqa: B008 - an immutable value
    """Return the storage at an address. Raises TonnageError if there is none, or it cannot be read at all."""
    from tonnage.storage.local import open_local

    return open_local(address, ignore_lockfile=options.ignore_lockfile)
