"""What a listing of a bucket does not show, and is paid for: open uploads in parts, and old versions. S3 alone.

A registry uploads a large layer in parts. Until they are put together they are not an object: no listing shows them, no
garbage collection takes them. In a bucket with versioning, what is deleted or overwritten stays as an old version.
"""

from collections.abc import Iterator
from datetime import datetime
from xml.etree import ElementTree

from tonnage.storage import OLD_VERSIONS, Entry, Keys, Part, Type
from tonnage.storage.bucket.errors import Failure, raise_for
from tonnage.storage.bucket.listing import in_parts
from tonnage.storage.bucket.signed import RefusedError, SignedRequests, size_of, text

_UNKNOWN_TO = {"NotImplemented", "MethodNotAllowed", "UnsupportedOperation"}
"""What a store says to a request it does not know: it keeps neither, then."""


def hidden(requests: SignedRequests, location: str, root: str) -> Iterator[Part | Entry]:
    """Yield open uploads as entries, and old versions as parts of their own. What may not be asked for is an entry."""
    try:
        yield from _uploads(requests, root)
    except RefusedError as refused:
        yield from _not_told(refused.failure, location, "open multipart uploads")
    try:
        status = text(requests.get({"versioning": ""}), "Status")
    except RefusedError as refused:
        yield from _not_told(refused.failure, location, "old versions of objects")
        return
    if status:
        yield Entry("", 0, None, Type.VERSIONED, f"versioning is {status.lower()}")
        yield from _versions(requests, location, root)


def _uploads(requests: SignedRequests, root: str) -> Iterator[Entry]:
    """Yield an entry for each open upload, with the size of its parts, and its id as detail."""
    marks = {"key-marker": "NextKeyMarker", "upload-id-marker": "NextUploadIdMarker"}
    for page in requests.pages({"uploads": "", "prefix": _below(root, "")}, "", marks):
        for upload in page.iter("Upload"):
            key, upload_id = text(upload, "Key"), text(upload, "UploadId")
            sizes = list(_part_sizes(requests, key, upload_id))
            path = key[len(_below(root, "")) :]
            yield Entry(path, sum(sizes), time_us(text(upload, "Initiated")), Type.MULTIPART, upload_id)


def _part_sizes(requests: SignedRequests, key: str, upload_id: str) -> Iterator[int]:
    marks = {"part-number-marker": "NextPartNumberMarker"}
    try:
        for page in requests.pages({"uploadId": upload_id}, key, marks):
            yield from (size_of(part, "Size") for part in page.iter("Part"))
    except RefusedError as refused:
        if refused.failure.status != 404:  # put together or given up in the meantime
            raise


def _versions(requests: SignedRequests, location: str, root: str) -> Iterator[Part | Entry]:
    marks = {"key-marker": "NextKeyMarker", "version-id-marker": "NextVersionIdMarker"}
    query = {"versions": "", "prefix": _below(root, "")}
    start = len(_below(root, ""))
    try:
        for found in in_parts(_old(page, start) for page in requests.pages(query, "", marks)):
            if isinstance(found, Part):
                yield found._replace(prefix=f"{OLD_VERSIONS}{found.prefix}")
            else:
                yield found._replace(type=Type.OLD_VERSION)
    except RefusedError as refused:
        yield from _not_told(refused.failure, location, "old versions of objects")


def _old(page: ElementTree.Element, start: int) -> Keys:
    """Return the versions of a page that are not the newest of their key."""
    old = [version for version in page.iter("Version") if text(version, "IsLatest") != "true"]
    return Keys(
        [text(version, "Key")[start:] for version in old],
        [size_of(version, "Size") for version in old],
        [time_us(text(version, "LastModified")) for version in old],
        [text(version, "VersionId") for version in old],
    )


def _not_told(failure: Failure, location: str, what: str) -> Iterator[Entry]:
    """Yield that something is not known; nothing for a store that does not have it. Raises BucketError if it is down."""
    code = failure.said.partition(":")[0]
    if code in _UNKNOWN_TO or failure.status in (404, 405, 501):
        return
    if failure.status in (400, 403):
        yield Entry("", 0, None, Type.NOT_TOLD, f"{what}: {failure.said}")
    else:
        raise_for(location, failure, None)


def _below(root: str, path: str) -> str:
    return f"{root}/{path}" if root else path


def time_us(written: str) -> int | None:
    """Return a time of the API in µs since 1970; None for what is none."""
    try:
        return int(datetime.fromisoformat(written).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return None
