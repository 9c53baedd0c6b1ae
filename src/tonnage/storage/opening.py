"""From what a user types to a storage: a folder, or an address whose scheme says what is behind it.

The only place that knows all storages; each kind is imported when it is asked for. The rule for an `https://` address:
a host of one of the three clouds is a bucket, any other is a registry, which is asked over HTTP. A store of another
make that speaks S3 is `s3://BUCKET` with an endpoint.
"""

import contextlib
import os
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from typing import NamedTuple

from tonnage.errors import BucketAccessError, NoStorageError, UsageError
from tonnage.storage import Storage
from tonnage.storage.bucket.options import BucketOptions
from tonnage.storage.registry import RegistrySource, open_registry


class Kind(Enum):
    """What is behind an address."""

    FOLDER = "a folder"
    BUCKET = "a bucket"
    REGISTRY = "a registry over HTTP"


class OpenOptions(NamedTuple):
    """What a user may say about a storage besides its address."""

    ignore_lockfile: bool = False
    """Scan although the storage says that its metadata is kept in a database."""
    follow_out: bool = False
    """Follow symbolic links that lead out of a folder's storage."""
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
    kind = kind_of(address)
    if options.keys:
        return _open_with_keys(address, options)
    if kind is Kind.BUCKET:
        return _open_bucket(address, options.bucket)
    if kind is Kind.REGISTRY:
        return open_registry(address, options.registry)
    from tonnage.storage.layouts import find_layouts
    from tonnage.storage.local import open_local
    from tonnage.storage.strangers import refuse_strangers

    refuse_strangers(address)
    return find_layouts(address, follow_out=options.follow_out) or open_local(
        address, ignore_lockfile=options.ignore_lockfile, follow_out=options.follow_out
    )


def check_address(address: str, options: OpenOptions) -> None:
    """Raise TonnageError for an address or options that are wrong whatever is there; nothing is asked of it yet."""
    match kind_of(address):
        case Kind.BUCKET:
            from tonnage.storage.bucket.address import parse_address
            from tonnage.storage.bucket.connecting import connect

            with contextlib.suppress(BucketAccessError):  # a login that is not there may come
                connect(parse_address(address), options.bucket)
        case Kind.REGISTRY:
            with open_registry(address, options.registry).open():
                pass
        case Kind.FOLDER:
            pass


def kind_of(address: str) -> Kind:
    """Return what an address is of. Raises UsageError for a scheme that nothing has."""
    scheme, mark, _ = address.partition("://")
    if not mark:
        return Kind.FOLDER
    from tonnage.storage.bucket.address import is_bucket

    if is_bucket(address):
        return Kind.BUCKET
    if scheme in ("http", "https"):
        return Kind.REGISTRY
    if os.path.exists(address):
        return Kind.FOLDER
    raise UsageError(f"nothing is known to be at `{scheme}://`", "a folder, s3://, gs://, az:// or https://")


def is_untouched(address: str, options: OpenOptions) -> bool:
    """Return whether an address looks like a registry's that nothing was pushed to: there, and with no file in it.

    A registry makes its folders when it first needs them. A bucket must have no key at all: where there are others, it
    is more likely that the prefix is wrong. A volume that is not mounted looks the same. Raises BucketError.
    """
    kind = kind_of(address)
    if kind is Kind.FOLDER:
        return _has_no_file(address)
    if kind is not Kind.BUCKET:
        return False
    from tonnage.storage.bucket.address import parse_address
    from tonnage.storage.bucket.storage import BucketStorage

    pages = BucketStorage(parse_address(address), options.bucket, "").pages()
    return not any(page.paths for page in pages)


def _has_no_file(address: str) -> bool:
    """Return whether there is nothing but the folders in which a registry would be, and what a new disk has."""
    folder = address
    for name in ("docker", "registry", "v2", ""):
        try:
            found = set(os.listdir(folder)) - {"lost+found"}
        except OSError:
            return False
        if not found:
            return True
        if found != {name}:
            return False
        folder = os.path.join(folder, name)
    return False


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

    if "://" in options.keys or "://" in address:
        from tonnage.storage.bucket.copying import BucketFolder
    if "://" in options.keys:
        folder: Folder | BucketFolder = BucketFolder(options.keys, options.bucket)
    else:
        folder = Folder(options.keys)
    report = open_report(options.keys, folder)
    bodies, start = open_bodies(address, options, partial(find_root, report))
    storage = ReportStorage(bodies, report, start, copies=folder)
    if "://" in address:
        from tonnage.storage.bucket.storage import BucketStorage

        assert isinstance(bodies, BucketStorage)
        storage.foresee = bodies.foresee_reads
        if isinstance(folder, BucketFolder):
            bodies.counter.add(gets=folder.gets_count)
    return storage


def open_bodies(
    address: str, options: OpenOptions, find: Callable[[Sequence[str]], tuple[str, str]]
) -> tuple[Storage, str]:
    """Return where the bodies of a registry are whose keys are known, and what those keys begin with; nothing is listed.

    `find` looks for the registry among the keys: below some prefixes, or anywhere if none is given. It returns what its
    keys begin with, and the anchor in that.
    """
    if "://" not in address:
        from tonnage.storage.local import open_local

        local = open_local(address, ignore_lockfile=options.ignore_lockfile, follow_out=options.follow_out)
        return local, find(())[0]
    from tonnage.storage.bucket.address import parse_address
    from tonnage.storage.bucket.storage import BucketStorage

    place = parse_address(address)
    base = f"{place.prefix}/" if place.prefix else ""
    container = f"{place.bucket}/"  # Azure puts it before each name, and 2.x a slash before each name on Azure
    start, anchor = find((base, f"{container}{base}", f"{container}/{base}"))
    root = f"{base}{anchor}".strip("/")
    return BucketStorage(place, options.bucket, root, keeps_slash=start.startswith(f"{container}/")), start
