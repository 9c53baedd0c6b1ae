"""What room there is on the volume a storage is on."""

import os

from tonnage.errors import TonnageError
from tonnage.storage.local import open_local


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
