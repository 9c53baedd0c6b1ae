"""A manifest as it came over the wire: its bytes, proven to be those of its digest, and what they refer to. Pure."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property

from tonnage.formats.oci import (
    INDEX_TYPES,
    SCHEMA1_SIGNED,
    Kind,
    Manifest,
    Role,
    UnreadableManifestError,
    parse_manifest,
)

DIGEST = re.compile(r"(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})\Z")


@dataclass(frozen=True)
class RemoteManifest:
    """A manifest of a registry. `content` belongs to `digest`: who makes one has checked it."""

    digest: str
    media_type: str
    """As the registry's `Content-Type` says: what a push has to say again."""
    content: bytes

    @cached_property
    def parsed(self) -> Manifest | None:
        """What it refers to; None for bytes that are not a manifest known here, which may refer to anything."""
        try:
            return parse_manifest(payload_of(self.content) if self.is_signed else self.content)
        except UnreadableManifestError:
            return None

    @property
    def is_signed(self) -> bool:
        """Whether it is a schema 1 manifest in its signed form."""
        return self.media_type == SCHEMA1_SIGNED

    @property
    def is_index(self) -> bool:
        """Whether it refers to other manifests."""
        return self.parsed is not None and self.parsed.kind is Kind.INDEX

    @property
    def children(self) -> list[str]:
        """Digests an index refers to; plain blobs in it are left in, for some servers keep manifests without a type."""
        return [r.digest for r in self.parsed.references if r.role in _CHILDREN] if self.parsed else []

    @property
    def child_manifests(self) -> list[str]:
        """Digests of the children that are manifests."""
        return [r.digest for r in self.parsed.references if r.role is Role.MANIFEST] if self.parsed else []

    @property
    def child_indexes(self) -> list[str]:
        """Digests of the children that are indexes themselves, or do not say what they are."""
        references = self.parsed.references if self.parsed else []
        return [r.digest for r in references if r.role in _CHILDREN and r.media_type in _MAYBE_INDEX]

    @property
    def subject(self) -> str | None:
        """The digest this manifest is a referrer of."""
        return self.parsed.subject if self.parsed else None

    @property
    def blobs(self) -> list[str]:
        """Digests of the blobs a pull needs from the registry: no layers that lie elsewhere (`urls`)."""
        if self.parsed is None:
            return []
        needed = [r.digest for r in self.parsed.references if r.role in _BLOBS and not r.has_urls]
        return list(dict.fromkeys(digest for digest in needed if digest))


_CHILDREN = frozenset({Role.MANIFEST, Role.INDEX_BLOB})
_MAYBE_INDEX = INDEX_TYPES | {None, ""}
_BLOBS = frozenset({Role.CONFIG, Role.LAYER, Role.ARTIFACT_BLOB, Role.INDEX_BLOB})


def digest_of(content: bytes, like: str = "sha256:") -> str:
    """Return the digest of bytes, by the algorithm that `like` begins with."""
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def has_digest(content: bytes, digest: str, media_type: str) -> bool:
    """Return whether bytes are those of a digest. That of a signed schema 1 manifest is the digest of its payload."""
    body = payload_of(content) if media_type == SCHEMA1_SIGNED else content
    return digest_of(body, digest) == digest


def payload_of(content: bytes) -> bytes:
    """Return what a signed schema 1 manifest was before it was signed; the bytes as they are if they are none.

    The signature tells how long the payload is without its end, and the end (libtrust, "JSON signature").
    """
    try:
        protected = json.loads(content)["signatures"][0]["protected"]
        signature = json.loads(_unbase64(protected))
        return content[: int(signature["formatLength"])] + _unbase64(signature["formatTail"])
    except (ValueError, KeyError, TypeError, IndexError, binascii.Error, RecursionError):
        return content


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
