"""Keys that are not paths: `a//b`, `a/./b`, `a/../b`, or with control characters in them.

obstore ends a listing on one, and with it goes the whole page. On S3 that page is asked for with a request of our own, and
obstore goes on behind it; such an object is counted as a stray, and named as a problem: it is paid for. On GCS and Azure,
where obstore signs no requests of others, the scan ends there and says which key it was.
"""

from collections.abc import Iterator
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from tonnage.errors import BucketError
from tonnage.storage import Entry, Keys, Type
from tonnage.storage.bucket.errors import odd_key
from tonnage.storage.bucket.signed import CIRCLE, RefusedError, SignedRequests, size_of, text
from tonnage.storage.bucket.uploads_and_versions import time_us

_NO_NAMES = ("", ".", "..")


class OddKeyError(BucketError):
    """A key that is not a path, in a cloud where no way round it is known."""

    hint = "remove it, or scan with an inventory report: --keys"

    def __init__(self, location: str, error: BaseException) -> None:
        super().__init__(f"`{location}`: the key `{odd_key(error)}` is not a path, and the listing ends there")


def is_odd(key: str) -> bool:
    """Return whether a key is not a path.

    >>> [is_odd(key) for key in ("a/b", "a//b", "a/../b", "..a/.b", "a\\tb")]
    [False, True, True, False, True]
    """
    return any(part in _NO_NAMES or (not part.isprintable() and any(c < " " for c in part)) for part in key.split("/"))


def odd_pages(requests: SignedRequests, prefix: str, after: str) -> Iterator[tuple[Keys, str]]:
    """Yield the pages behind a key, each with the last key in it; nothing in its place for the last page."""
    while True:
        query = {"list-type": "2", "encoding-type": "url", "prefix": f"{prefix}/" if prefix else ""}
        page = requests.get(query | ({"start-after": after} if after else {}))
        keys = _keys(page)
        before, after = after, keys.paths[-1] if keys.paths else ""
        if text(page, "IsTruncated") != "true":
            after = ""
        elif after <= before:
            raise RefusedError(CIRCLE)
        yield keys, after
        if not after:
            return


def _keys(page: ElementTree.Element) -> Keys:
    """Return the keys of a page. They are coded, where the store can: XML has no control characters."""
    is_coded = text(page, "EncodingType") == "url"
    items = list(page.iter("Contents"))
    return Keys(
        [unquote_plus(text(item, "Key")) if is_coded else text(item, "Key") for item in items],
        [size_of(item, "Size") for item in items],
        [time_us(text(item, "LastModified")) for item in items],
        [text(item, "ETag").strip('"') for item in items],
    )


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
