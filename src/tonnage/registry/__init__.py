"""The client of the distribution HTTP API."""

from tonnage.registry.changing import Deletion, PushRefusedError, Registry
from tonnage.registry.client import Head, ReadOnlyRegistry, UnreadableError, is_tag
from tonnage.registry.http import Limits
from tonnage.registry.manifests import RemoteManifest, digest_of, has_digest
from tonnage.registry.paging import Listing

__all__ = [
    "Deletion",
    "Head",
    "Limits",
    "Listing",
    "PushRefusedError",
    "ReadOnlyRegistry",
    "Registry",
    "RemoteManifest",
    "UnreadableError",
    "digest_of",
    "has_digest",
    "is_tag",
]
