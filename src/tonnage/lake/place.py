"""A prefix of a bucket where an inventory is or is to be: what of the bucket's language both directions need."""

import contextlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from obstore.exceptions import BaseError

from tonnage.errors import BucketAccessError
from tonnage.lake.mark import HISTORY, NAME
from tonnage.storage.bucket.address import Address, parse_address
from tonnage.storage.bucket.connecting import connect
from tonnage.storage.bucket.errors import lacks_bucket, raise_for, understand
from tonnage.storage.bucket.options import BucketOptions

_TIMEOUT_SECONDS = 120.0
"""For one request, which may be a piece of a large file."""
_ACCESS = "the credentials need to list what is below the prefix, and to get objects; to export, to put them too"


class Place:
    """A prefix of a bucket, reached as the cloud's own variables say. Nothing is asked of it yet."""

    def __init__(self, text: str) -> None:
        """Take an address such as s3://bucket/prefix. Raises UsageError."""
        self.address: Address = parse_address(text)
        self.location = self.address.location
        self.prefix = PurePosixPath(self.address.prefix)
        self.store: Any = connect(self.address, BucketOptions(timeout_seconds=_TIMEOUT_SECONDS))

    def key(self, name: str) -> str:
        """Return the key of a file of this inventory; `../` before its name leads to another beside it."""
        base = self.prefix.parent if name.startswith("../") else self.prefix
        return str(base / name.removeprefix("../"))

    def get(self, name: str) -> bytes | None:
        """Return the bytes of a small file; None where there is none. Raises BucketError."""
        with self.asking():
            try:
                return bytes(self.store.get(self.key(name)).bytes())
            except FileNotFoundError as error:
                if lacks_bucket(error):
                    raise_for(self.location, understand(error), error)
                return None

    def mark(self) -> bytes | None:
        """Return the mark of the inventory here; None where there is none. Raises BucketError."""
        return self.get(NAME)

    def first_key(self) -> str:
        """Return the key of an object that is here; nothing where none is. Raises BucketError."""
        with self.asking():
            for found in self.store.list(f"{self.prefix}/", chunk_size=1):
                return str(found[0]["path"])
        return ""

    def scans_before(self) -> list[str]:
        """Return the names of the scans beside this one, the newest first. Raises BucketError."""
        if not self.prefix.name.startswith(HISTORY):
            return []
        above = "" if self.prefix.parent == PurePosixPath(".") else f"{self.prefix.parent}/"
        with self.asking():
            found = self.store.list_with_delimiter(above)["common_prefixes"]
        names = {PurePosixPath(path).name for path in found}
        return sorted((name for name in names if name.startswith(HISTORY) and name < self.prefix.name), reverse=True)

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Raise what the cloud says as an error of ours."""
        try:
            yield
        except BaseError as error:
            failure = understand(error)
            if failure.kind is BucketAccessError and failure.status:
                raise BucketAccessError(f"`{self.location}`: {failure.said}", _ACCESS) from error
            raise_for(self.location, failure, error)
