"""Where the exporter keeps its inventory by default."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tonnage.errors import WriteError


def place_for(address: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return a file for the inventory of a storage: in the user's cache folder, else in one for temporary files.

    Its name follows from the address, so that it is found again after a restart. Raises WriteError if neither can be
    written to. A temporary folder belongs to this user alone: others must not be able to put a file in its place.
    """
    digest = hashlib.sha256(os.path.abspath(address).encode() if "://" not in address else address.encode())
    home = Path(environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME") or "/nonexistent", ".cache"))
    for folder in (home / "tonnage", Path(tempfile.gettempdir(), f"tonnage-{os.getuid()}")):
        if _is_ours(folder):
            return str(folder / f"exporter-{digest.hexdigest()[:12]}.duckdb")
    raise WriteError("there is no folder for the inventory", "name a file in one that can be written: -i FILE")


def _is_ours(folder: Path) -> bool:
    """Return whether the folder is there, or can be made, for this user alone to write to."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        return (
            folder.is_dir()
            and status.st_uid == os.getuid()
            and not status.st_mode & 0o022
            and os.access(folder, os.W_OK)
        )
    except OSError:
        return False
