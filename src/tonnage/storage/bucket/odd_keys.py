"""Keys that are no paths: `a//b`, `a/./b`, `a/../b`, or with control characters in them.

obstore ends a listing on one, and with it goes the whole page. So that page is asked for with a request of our own,
and obstore goes on behind it. (On Azure, where no listing can begin behind a key, all of it is asked for again, and
what was seen is left out.) Such an object is counted as a stray, and named as a problem: it is paid for.
"""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, unquote_plus
from xml.etree import ElementTree

from tonnage.errors import BucketError
from tonnage.storage import Entry, Keys, Type
from tonnage.storage.bucket.errors import odd_key
from tonnage.storage.bucket.signed import SignedRequests, text
from tonnage.storage.bucket.uploads_and_versions import time_us

_NO_NAMES = ("", ".", "..")


class OddKeyError(BucketError):
    """A key that is no path, in a place where no way round it is known."""

    hint = "remove it, or scan with an inventory report: --keys"

    def __init__(self, location: str, error: BaseException, why: BaseException) -> None:
        key = odd_key(error)
        super().__init__(f"`{location}`: the key `{key}` is no path, obstore ends there, and no login goes on: {why}")


def is_odd(key: str) -> bool:
    """Return whether a key is no path.

    >>> [is_odd(key) for key in ("a/b", "a//b", "a/../b", "..a/.b", "a\\tb")]
    [False, True, True, False, True]
    """
    return any(part in _NO_NAMES or (not part.isprintable() and any(c < " " for c in part)) for part in key.split("/"))


def odd_pages(requests: SignedRequests, prefix: str, after: str) -> Iterator[tuple[Keys, str]]:
    """Yield the pages behind a key, each with the last key in it; nothing in its place for the last page. S3 and GCS."""
    while True:
        query = {"list-type": "2", "encoding-type": "url", "prefix": f"{prefix}/" if prefix else ""}
        page = requests.get(query | ({"start-after": after} if after else {}))
        keys = _keys(page)
        after = keys.paths[-1] if keys.paths and text(page, "IsTruncated") == "true" else ""
        yield keys, after
        if not after:
            return


def azure_pages(requests: SignedRequests, prefix: str, after: str, slash: str) -> Iterator[Keys]:
    """Yield the pages of a listing from its beginning, without the keys up to one; `slash` is what all begin with."""
    marker = ""
    while True:
        query = {"restype": "container", "comp": "list", "prefix": f"{slash}{prefix}/" if prefix else slash}
        page = requests.get(query | ({"marker": marker} if marker else {}))
        keys = _azure_keys(page, slash)
        yield keys.choose([position for position, key in enumerate(keys.paths) if key > after])
        marker = text(page, "NextMarker")
        if not marker:
            return


def _keys(page: ElementTree.Element) -> Keys:
    """Return the keys of a page. They are coded, where the store can: XML has no control characters."""
    is_coded = text(page, "EncodingType") == "url"
    items = list(page.iter("Contents"))
    return Keys(
        [unquote_plus(text(item, "Key")) if is_coded else text(item, "Key") for item in items],
        [int(text(item, "Size")) for item in items],
        [time_us(text(item, "LastModified")) for item in items],
        [text(item, "ETag").strip('"') for item in items],
    )


def _azure_keys(page: ElementTree.Element, slash: str) -> Keys:
    keys = Keys([], [], [], [])
    for blob in page.iter("Blob"):
        name = blob.find("Name")
        key = "" if name is None else name.text or ""
        keys.paths.append(
            (unquote(key) if name is not None and name.get("Encoded") == "true" else key).removeprefix(slash)
        )
        properties = blob.find("Properties")
        assert properties is not None, key
        keys.sizes.append(int(text(properties, "Content-Length")))
        written = parsedate_to_datetime(text(properties, "Last-Modified"))
        keys.times_us.append(int(written.timestamp() * 1_000_000))
        keys.etags.append(text(properties, "Etag").strip('"'))
    return keys


def divide(found: Keys, start: int) -> tuple[Keys, list[Entry]]:
    """Return the keys of a page that are paths, and entries for the others; `start` characters are the root's."""
    keys = Keys([], [], [], [])
    odd = []
    for key, size_bytes, modified_us, etag in zip(*found, strict=True):
        path = key[start:]
        if path.endswith("/") and not size_bytes:
            continue  # an empty object that stands for a folder
        if is_odd(path):
            odd.append(Entry(path, size_bytes, modified_us, Type.ODD_KEY))
            continue
        keys.paths.append(path)
        keys.sizes.append(size_bytes)
        keys.times_us.append(modified_us)
        keys.etags.append(etag)
    return keys, odd
