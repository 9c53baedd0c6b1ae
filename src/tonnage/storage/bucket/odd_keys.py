"""Keys that are no paths: `a//b`, `a/./b`, `a/../b`, or with control characters in them.

obstore ends a listing on one, and with it goes the whole page. So that page is asked for with a request of our own,
and obstore goes on behind it. Such an object is counted as a stray, and named as a problem: it is paid for.
"""

from collections.abc import Iterator
from xml.etree import ElementTree

from tonnage.errors import BucketError
from tonnage.storage import Entry, Keys, Type
from tonnage.storage.bucket.failing import odd_key
from tonnage.storage.bucket.hidden import time_us
from tonnage.storage.bucket.signed import SignedRequests, text

_NO_NAMES = ("", ".", "..")


class OddKeyError(BucketError):
    """A key that is no path, in a place where no way round it is known."""

    hint = "remove it, and scan again"

    def __init__(self, location: str, error: BaseException) -> None:
        super().__init__(f"`{location}`: the key `{odd_key(error)}` is no path, and the listing ends there")


def is_odd(key: str) -> bool:
    """Return whether a key is no path.

    >>> [is_odd(key) for key in ("a/b", "a//b", "a/../b", "..a/.b", "a\\tb")]
    [False, True, True, False, True]
    """
    return any(part in _NO_NAMES or (not part.isprintable() and any(c < " " for c in part)) for part in key.split("/"))


def odd_pages(requests: SignedRequests, prefix: str, after: str) -> Iterator[tuple[ElementTree.Element, str]]:
    """Yield the pages behind a key, each with the last key in it; nothing in its place for the last page."""
    while True:
        query = {"list-type": "2", "prefix": f"{prefix}/" if prefix else ""} | ({"start-after": after} if after else {})
        page = requests.get(query)
        keys = [text(item, "Key") for item in page.iter("Contents")]
        after = keys[-1] if keys and text(page, "IsTruncated") == "true" else ""
        yield page, after
        if not after:
            return


def divide(page: ElementTree.Element, start: int) -> tuple[Keys, list[Entry]]:
    """Return the keys of a page that are paths, and entries for the others; `start` characters are the root's."""
    keys = Keys([], [], [], [])
    odd = []
    for item in page.iter("Contents"):
        path, size_bytes, modified_us = (
            text(item, "Key")[start:],
            int(text(item, "Size")),
            time_us(text(item, "LastModified")),
        )
        if path.endswith("/") and not size_bytes:
            continue  # an empty object that stands for a folder
        if is_odd(path):
            odd.append(Entry(path, size_bytes, modified_us, Type.ODD_KEY))
            continue
        keys.paths.append(path)
        keys.sizes.append(size_bytes)
        keys.times_us.append(modified_us)
        keys.etags.append(text(item, "ETag").strip('"'))
    return keys, odd
