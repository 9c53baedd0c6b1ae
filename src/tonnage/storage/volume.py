"""What room there is on the volume a storage is on."""

import os

from tonnage.errors import TonnageError
from tonnage.storage.local import open_local

_ACCESS_TIMES = ((os.ST_NOATIME, "noatime"), (os.ST_RELATIME, "relatime"))


def access_times_of(address: str) -> str:
    """Return how the volume notes reads: `noatime`, `relatime` or `strictatime`; nothing where that is not known here."""
    if "://" in address:
        return ""
    try:
        flags = os.statvfs(open_local(address, ignore_lockfile=True).root).f_flag
    except (OSError, TonnageError):
        return ""
    return next((name for flag, name in _ACCESS_TIMES if flags & flag), "strictatime")


def volume_of(address: str) -> tuple[int, int] | None:
    """Return size and free bytes of the volume; None for a storage that is not there, or is on no disk.

    Asked of the storage and not of the address: where the volume is not mounted, that is a folder of another one. Free
    is what an ordinary user may still fill. Raises OSError.
    """
    if "://" in address:
        return None
    try:
        status = os.statvfs(open_local(address, ignore_lockfile=True).root)
    except TonnageError:
        return None
    return status.f_frsize * status.f_blocks, status.f_frsize * status.f_bavail
