"""From what a user types to a storage: a folder, or an address whose scheme says what is behind it.

The only place that knows all storages; each kind is imported when it is asked for. The rule for an `https://` address:
a host of one of the three clouds is a bucket, any other is no storage. A store of another make that speaks S3 is
`s3://BUCKET` with an endpoint.
"""

from typing import NamedTuple

from tonnage.storage import Storage
from tonnage.storage.bucket.options import BucketOptions


class OpenOptions(NamedTuple):
    """What a user may say about a storage besides its address."""

    ignore_lockfile: bool = False
    """Scan although the storage says that its metadata is kept in a database."""
    bucket: BucketOptions = BucketOptions()
    """How to reach a bucket."""


def open_storage(address: str, options: OpenOptions = OpenOptions()) -> Storage:  # noqa: B008 - an immutable value
    """Return the storage at an address. Raises TonnageError if there is none, or it cannot be read at all."""
    if "://" in address:
        from tonnage.storage.bucket.address import is_bucket
        from tonnage.storage.bucket.storage import open_bucket

        if is_bucket(address):
            return open_bucket(address, options.bucket)
    from tonnage.storage.local import open_local

    return open_local(address, ignore_lockfile=options.ignore_lockfile)
