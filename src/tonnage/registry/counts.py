"""What was sent to a registry, counted by kind: each request on the wire, repeated ones and redirects included."""

import re
from collections import Counter
from urllib.parse import urlsplit

_KINDS = (
    ("GET", re.compile(r"/v2/_catalog\Z"), "pages of the catalog"),
    ("GET", re.compile(r"/v2/.+/tags/list\Z"), "pages of tags"),
    ("GET", re.compile(r"/v2/.+/referrers/[^/]+\Z"), "lists of referrers"),
    ("HEAD", re.compile(r"/v2/.+/manifests/[^/]+\Z"), "manifest HEADs"),
    ("GET", re.compile(r"/v2/.+/manifests/[^/]+\Z"), "manifest GETs"),
    ("HEAD", re.compile(r"/v2/.+/blobs/[^/]+\Z"), "blob HEADs"),
    ("GET", re.compile(r"/v2/.+/blobs/[^/]+\Z"), "blob GETs"),
)
_OTHERS = "others"
"""Whether there is a registry at all, tokens, and where a registry redirects to."""


def kind_of(method: str, url: str) -> str:
    """Return what a request asks for.

    >>> kind_of("HEAD", "https://r.test/prefix/v2/a/b/manifests/1"), kind_of("GET", "https://r.test/v2/")
    ('manifest HEADs', 'others')
    """
    path = urlsplit(url).path
    return next((kind for asked, form, kind in _KINDS if asked == method and form.search(path)), _OTHERS)


class Tally:
    """Counts requests. Whoever adds from several threads holds a lock."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, method: str, url: str) -> None:
        """Note a request that is sent."""
        self.counts[kind_of(method, url)] += 1

    def describe(self) -> str:
        """Return the numbers in a line; nothing if nothing was sent."""
        kinds = [*(kind for _, _, kind in _KINDS), _OTHERS]
        listed = ", ".join(f"{self.counts[kind]:,} {kind}" for kind in kinds if self.counts[kind])
        return f"sent {self.counts.total():,} requests: {listed}" if listed else ""
