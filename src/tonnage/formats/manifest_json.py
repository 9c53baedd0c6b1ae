"""The JSON of manifests and indexes, key for key, as the server reads it. Pure."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What Go's reader takes for a size. Nobody verifies that it is true, or even positive."""


class Platform(msgspec.Struct):
    """The platform of an index's child."""

    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    os_version: str | None = msgspec.field(name="os.version", default=None)
    os_features: list[str | None] | None = msgspec.field(name="os.features", default=None)
    features: list[str | None] | None = None


class Descriptor(msgspec.Struct):
    """A reference by digest, with what the writer claims of it. Sizes are in bytes and never verified by anyone."""

    digest: str | None = None
    size: Int64 | None = None
    media_type: str | None = msgspec.field(name="mediaType", default=None)
    platform: Platform | None = None
    urls: list[str | None] | None = None
    annotations: dict[str, str | None] | None = None
    data: bytes | None = None
    artifact_type: str | None = msgspec.field(name="artifactType", default=None)


class Layer1(msgspec.Struct):
    """A layer of a schema 1 manifest: no size, no media type."""

    blob_sum: str | None = msgspec.field(name="blobSum", default=None)


class Document(msgspec.Struct):
    """All that is read of a manifest, of whatever kind. Keys are absent, or null, anywhere."""

    schema_version: int | None = msgspec.field(name="schemaVersion", default=None)
    media_type: str | None = msgspec.field(name="mediaType", default=None)
    artifact_type: str | None = msgspec.field(name="artifactType", default=None)
    config: Descriptor | None = None
    layers: Sequence[Descriptor | None] | None = None
    manifests: Sequence[Descriptor | None] | None = None
    blobs: Sequence[Descriptor | None] | None = None
    subject: Descriptor | None = None
    fs_layers: list[Layer1 | None] | None = msgspec.field(name="fsLayers", default=None)
    annotations: dict[str, str | None] | None = None


class _PlainPlatform(Platform, forbid_unknown_fields=True):
    """A platform without other keys than ours; so are those below."""


class _PlainDescriptor(Descriptor, forbid_unknown_fields=True):
    platform: _PlainPlatform | None = None


class PlainDocument(Document, forbid_unknown_fields=True):
    """A manifest without other keys than ours."""

    config: _PlainDescriptor | None = None
    layers: Sequence[_PlainDescriptor | None] | None = None
    manifests: Sequence[_PlainDescriptor | None] | None = None
    blobs: Sequence[_PlainDescriptor | None] | None = None
    subject: _PlainDescriptor | None = None
