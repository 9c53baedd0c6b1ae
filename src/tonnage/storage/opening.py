"""From what a user types to a storage: a folder, or an address whose scheme says what is behind it.

The only place that knows all storages; each kind is imported when it is asked for. The rule for an `https://` address:
a host of one of the three clouds is a bucket, any other is a registry, which is asked over HTTP. A store of another
make that speaks S3 is `s3://BUCKET` with an endpoint.
"""

from typing import TYPE_CHECKING, NamedTuple

from tonnage.errors import NoStorageError
from tonnage.storage import Storage
from tonnage.storage.bucket.options import BucketOptions
from tonnage.storage.registry import RegistrySource, open_registry

if TYPE_CHECKING:
    from tonnage.storage.report_files import Place, Report


class OpenOptions(NamedTuple):
    """What a user may say about a storage besides its address."""

    ignore_lockfile: bool = False
    """Scan although the storage says that its metadata is kept in a database."""
    bucket: BucketOptions = BucketOptions()
    """How to reach a bucket."""
    registry: RegistrySource = RegistrySource()
    """How to treat a registry; its URL is the address."""
    keys: str = ""
    """The inventory report that has the keys, in place of a listing: a file, or an address in a bucket."""


def open_storage(
    address: str,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - an immutable value
) -> Storage | RegistrySource:
    """Return what is to be scanned at an address. Raises TonnageError if there is none, or it cannot be read at all."""
    if options.keys:
        return _open_with_keys(address, options)
    if "://" in address:
        from tonnage.storage.bucket.address import is_bucket

        if is_bucket(address):
            return _open_bucket(address, options.bucket)
        if address.partition("://")[0] in ("http", "https"):
            ca_file = options.registry.ca_file or options.bucket.ca_file
            return open_registry(address, options.registry._replace(ca_file=ca_file))
    from tonnage.storage.layouts import find_layouts
    from tonnage.storage.local import open_local

    return find_layouts(address) or open_local(address, ignore_lockfile=options.ignore_lockfile)


def _open_bucket(address: str, options: BucketOptions) -> Storage:
    from tonnage.storage.bucket.layouts import layouts_of, open_layout_bucket
    from tonnage.storage.bucket.storage import open_bucket

    try:
        bucket = open_bucket(address, options)
    except NoStorageError:
        layouts = open_layout_bucket(address, options)
        if layouts is None:
            raise
        return layouts
    return layouts_of(bucket) or bucket


def _open_with_keys(address: str, options: OpenOptions) -> Storage:
    """Return the storage whose keys a report has; nothing is listed."""
    from tonnage.storage.report import ReportStorage, find_root
    from tonnage.storage.report_files import Folder, open_report

    if "://" in options.keys:
        from tonnage.storage.bucket.copying import BucketFolder

        folder: Folder | BucketFolder = BucketFolder(options.keys, options.bucket)
    else:
        folder = Folder(options.keys)
    report = open_report(options.keys, folder)
    if "://" in address:
        return _open_bucket_with_keys(address, options.bucket, report, folder)
    from tonnage.storage.local import open_local

    bodies = open_local(address, ignore_lockfile=options.ignore_lockfile)
    return ReportStorage(bodies, report, find_root(report, ())[0], copies=folder)


def _open_bucket_with_keys(address: str, options: BucketOptions, report: "Report", folder: "Place") -> Storage:
    """Return the same where the bodies are in a bucket."""
    from tonnage.storage.bucket.address import parse_address
    from tonnage.storage.bucket.copying import BucketFolder
    from tonnage.storage.bucket.storage import BucketStorage
    from tonnage.storage.report import ReportStorage, find_root

    place = parse_address(address)
    base = f"{place.prefix}/" if place.prefix else ""
    container = f"{place.bucket}/"  # Azure puts it before each name, and 2.x a slash before each name on Azure
    start, anchor = find_root(report, (base, f"{container}{base}", f"{container}/{base}"))
    root = f"{base}{anchor}".strip("/")
    bodies = BucketStorage(place, options, root, keeps_slash=start.startswith(f"{container}/"))
    if isinstance(folder, BucketFolder):
        bodies.counter.add(gets=folder.gets_count)
    return ReportStorage(bodies, report, start, copies=folder, foresee=bodies.foresee_reads)
