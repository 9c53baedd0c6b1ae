"""Reads the links of a registry: small files that hold a digest. What is wrong with one becomes a problem row."""

import time

from tonnage.formats.layout import Located, Place, is_full_digest, parse_link
from tonnage.inventory import rows
from tonnage.scan.columns import Rows
from tonnage.storage import Entry, Storage

_LINK_BYTES_LIMIT = 256
_REREAD_SECONDS = 0.01
"""2.x and 3.0 truncate a link before they write it again: a short one gets a second look."""


class Problems:
    """Problem rows, added to the others."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows["Problem"]

    def add(self, kind: str, entry: Entry, located: Located, detail: str = "") -> None:
        """Add a problem of a file."""
        self.add_at(kind, entry.path, located.repository, located.digest, detail)

    def add_at(self, kind: str, path: str, repository: str = "", digest: str = "", detail: str = "") -> None:
        """Add a problem of whatever is at a path."""
        self._rows.append(rows.Problem(kind, path, repository or None, digest or None, detail or None))


class LinkReader:
    """Reads links, and the other files in which a scan looks for a few bytes."""

    def __init__(self, storage: Storage, problems: Problems) -> None:
        self.storage = storage
        self.problems = problems

    def read_link(self, entry: Entry, located: Located, what: str) -> str | None:
        """Return the digest a link holds, or None with a problem row that says why not."""
        if entry.content and entry.content == (located.digest or entry.content):
            return entry.content
        content = self.read(entry, located, _LINK_BYTES_LIMIT)
        if content is None:
            return None
        digest = parse_link(content)
        if digest is None and len(content) < 71:
            time.sleep(_REREAD_SECONDS)
            content = self.read(entry, located, _LINK_BYTES_LIMIT) or b""
            digest = parse_link(content)
        if digest is not None and not is_full_digest(digest) and not self._is_meant(located, digest):
            digest = None
        if digest is None:
            kind = f"bad_{what}_link" if content else f"empty_{what}_link"
            self.problems.add(kind, entry, located, repr(content)[1:])
        elif located.digest and digest != located.digest and not _is_sha512_alias(located, digest):
            self.problems.add(f"{what}_link_mismatch", entry, located, digest)
        return digest

    def glance(self, entry: Entry) -> str | None:
        """Return the digest in a file that only the collectors take for a link; None if it holds none."""
        try:
            digest = parse_link(self.storage.read(entry.path, _LINK_BYTES_LIMIT))
        except OSError:
            return None
        return digest if digest and is_full_digest(digest) else None

    def read(self, entry: Entry, located: Located, limit_bytes: int) -> bytes | None:
        """Return the beginning of a file, or None with a problem row that says why not."""
        try:
            return self.storage.read(entry.path, limit_bytes)
        except FileNotFoundError:
            self.problems.add("vanished", entry, located)
        except OSError as error:
            self.problems.add("unreadable", entry, located, error.strerror or str(error))
        return None

    def _is_meant(self, located: Located, digest: str) -> bool:
        """Return whether a digest shorter than the registry's own is what this link should hold, or what is left."""
        if located.digest:
            return digest == located.digest
        revision = f"repositories/{located.repository}/_manifests/revisions/{digest.replace(':', '/')}/link"
        try:
            return bool(self.storage.read(revision, 1))
        except OSError:
            return False


def _is_sha512_alias(located: Located, digest: str) -> bool:
    """A layer pushed by its sha512 digest is stored, and linked, under its sha256 one."""
    return (
        located.place is Place.LAYER_LINK and digest.startswith("sha256:") and not located.digest.startswith("sha256:")
    )
