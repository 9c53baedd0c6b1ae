"""Referrers of a manifest: signatures, SBOMs, attestations that name it as their subject, and need no tag for that.

A registry that has the call answers with an index, an empty one where there are none, and never with 404 (OCI
distribution specification 1.1, "Listing Referrers"). Those without it (distribution 2.x and 3.x) answer 404: there a
tag `sha256-<hex>` leads to the referrers, and is listed as any other ("Referrers Tag Schema").
"""

import re
from collections.abc import Callable

from tonnage.errors import RegistryError
from tonnage.formats.oci import OCI_INDEX, Kind, UnreadableManifestError, parse_manifest
from tonnage.registry.http import Answer
from tonnage.registry.manifests import DIGEST
from tonnage.registry.paging import Listing, PageError, Query, linked_query

_PAGES_LIMIT = 1000
_NAMES_LIMIT = 100_000
_STANDING_FOR = re.compile(r"sha(?:256|384|512)-[0-9a-f]{64,128}(?:\..*)?\Z")

REFERRERS_HEADERS = {"Accept": OCI_INDEX}


def stands_for_referrers(tag: str) -> bool:
    """Return whether a tag only leads to the referrers of something else, and is by its name not a subject itself.

    >>> stands_for_referrers(f"sha256-{64 * 'a'}.sig"), stands_for_referrers("1.0")
    (True, False)
    """
    return _STANDING_FOR.match(tag) is not None


def walk_referrers(fetch: Callable[[Query], Answer]) -> Listing:
    """Return the digests of all pages. Raises PageError if the first page cannot be had, RegistryError for nonsense."""
    digests: dict[str, None] = {}
    asked: set[Query] = set()
    query: Query | None = ()
    while query is not None and query not in asked and len(asked) < _PAGES_LIMIT and len(digests) < _NAMES_LIMIT:
        asked.add(query)
        answer = fetch(query)
        if answer.status != 200 and len(asked) == 1:
            raise PageError(answer)
        if answer.status != 200:
            fault = f"page {len(asked)} of the referrers failed: {answer.describe()}"
            return Listing(list(digests), len(asked), (fault,), is_complete=False)
        digests.update(dict.fromkeys(_digests_in(answer.body)))
        query = linked_query(answer)
    is_complete = query is None
    faults = () if is_complete else (f"page {len(asked)} of the referrers led nowhere new",)
    return Listing(list(digests), len(asked), faults, is_complete)


def _digests_in(body: bytes) -> list[str]:
    try:
        index = parse_manifest(body)
    except UnreadableManifestError as error:
        raise RegistryError(f"the registry's list of referrers is not an index: {error}") from error
    if index.kind is not Kind.INDEX:
        raise RegistryError(f"the registry's list of referrers is not an index: {index.kind}")
    return [reference.digest for reference in index.references if DIGEST.match(reference.digest)]
