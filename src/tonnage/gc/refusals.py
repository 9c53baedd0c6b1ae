"""What stops a collection, and what it names links and blobs by. Pure."""

from collections.abc import Iterable
from typing import NamedTuple


class RefusedError(Exception):
    """The collector stops here, with exit code 1."""

    exit_code = 1

    def __init__(self, path: str, message: str, others: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.path = path
        """What it stops on, below `v2/`; for a manifest its blob."""
        self.message = message
        """In the words of the program's own last line, as far as these do not change from case to case."""
        self.others = frozenset(others) - {path}
        """Other paths it may stop on instead: it reads some things in an order that nobody knows."""


class CrashedError(RefusedError):
    """The collector panics here, with exit code 2."""

    exit_code = 2


class Link(NamedTuple):
    """A revision or a layer link that is to go, by the digest its link holds."""

    repository: str
    digest: str


def blob_path(digest: str) -> str:
    """Return where a blob lies below `v2/`."""
    algorithm, _, hexdigits = digest.partition(":")
    return f"blobs/{algorithm}/{hexdigits[:2]}/{hexdigits}/data"
