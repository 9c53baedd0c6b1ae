"""Manifests, indexes and image configurations: bytes -> values. Pure.

How a manifest is told apart is the server's own rule (distribution, registry/storage/manifeststore.go): the stored
bytes carry no media type, so `schemaVersion` decides, then `mediaType` *inside* the JSON; without one, a manifest that
has `manifests` (an empty list counts) is an index. Go matches JSON keys in any case, takes null for absent anywhere and
replaces bytes that are no UTF-8, and so do we; Go is strict about the types of the values it reads, and so are we,
because a manifest the server cannot read is one it does not protect.
"""

from enum import StrEnum
from typing import Annotated, Any

import msgspec

MANIFEST_BYTES_LIMIT = 4 * 1024 * 1024
"""The server refuses to read a larger manifest ("read exceeds limit")."""

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"
SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"

IMAGE_TYPES = frozenset({DOCKER_MANIFEST, OCI_MANIFEST})
INDEX_TYPES = frozenset({DOCKER_INDEX, OCI_INDEX})
MANIFEST_TYPES = IMAGE_TYPES | INDEX_TYPES | {OCI_ARTIFACT, SCHEMA1, SCHEMA1_SIGNED}
CONFIG_TYPES = frozenset({DOCKER_CONFIG, OCI_CONFIG})


class Kind(StrEnum):
    """What a manifest is."""

    IMAGE = "image"
    INDEX = "index"
    ARTIFACT = "artifact"
    """An OCI artifact manifest, which distribution itself refuses; an artifact in an image manifest is an image."""
    SCHEMA1 = "schema1"


class Role(StrEnum):
    """As what a manifest refers to a blob."""

    CONFIG = "config"
    LAYER = "layer"
    MANIFEST = "manifest"
    """A child manifest of an index."""
    INDEX_BLOB = "index blob"
    """A plain blob listed in an index (the BuildKit cache of old)."""
    ARTIFACT_BLOB = "artifact blob"
    SUBJECT = "subject"
    """What a referrer is about. It keeps nothing alive: the referrer lives and dies with it."""


class UnreadableManifestError(ValueError):
    """The bytes are no manifest the server would read. What they may refer to is unknown."""


Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What Go's reader takes for a size. Nobody verifies that it is true, or even positive."""


class Platform(msgspec.Struct):
    """The platform of an index's child."""

    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    os_version: str | None = msgspec.field(name="os.version", default=None)


class Descriptor(msgspec.Struct):
    """A reference by digest, with what the writer claims of it. Sizes are in bytes and never verified by anyone."""

    digest: str | None = None
    size: Int64 | None = None
    media_type: str | None = msgspec.field(name="mediaType", default=None)
    platform: Platform | None = None
    urls: list[str | None] | None = None
    annotations: dict[str, str | None] | None = None


class Layer1(msgspec.Struct):
    """A layer of a schema 1 manifest: no size, no media type."""

    blob_sum: str | None = msgspec.field(name="blobSum", default=None)


class _Document(msgspec.Struct):
    schema_version: int | None = msgspec.field(name="schemaVersion", default=None)
    media_type: str | None = msgspec.field(name="mediaType", default=None)
    artifact_type: str | None = msgspec.field(name="artifactType", default=None)
    config: Descriptor | None = None
    layers: list[Descriptor | None] | None = None
    manifests: list[Descriptor | None] | None = None
    blobs: list[Descriptor | None] | None = None
    subject: Descriptor | None = None
    fs_layers: list[Layer1 | None] | None = msgspec.field(name="fsLayers", default=None)
    annotations: dict[str, str | None] | None = None


class Reference(msgspec.Struct, frozen=True):
    """One line of what a manifest refers to, in document order."""

    role: Role
    position: int
    digest: str
    """As written; empty where the manifest has none. Not necessarily a digest at all."""
    descriptor: Descriptor


class Manifest(msgspec.Struct, frozen=True):
    """A manifest, understood."""

    kind: Kind
    media_type: str | None
    """As the JSON says; many writers leave it out."""
    artifact_type: str | None
    config: Descriptor | None
    subject: str | None
    references: list[Reference]
    annotations: dict[str, str]


_decode_document = msgspec.json.Decoder(_Document).decode
_decode_any = msgspec.json.Decoder().decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_CANONICAL = {
    key.lower(): key
    for key in (
        "schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "blobs", "subject", "fsLayers",
        "digest", "size", "platform", "urls", "annotations", "blobSum", "os", "architecture", "variant", "os.version",
    )
}  # fmt: skip
_OPAQUE = frozenset({"annotations"})
"""Maps whose keys are data, not field names."""

_FIELDS = {
    Kind.IMAGE: ("schemaVersion", "mediaType", "config", "layers", "annotations"),
    Kind.INDEX: ("schemaVersion", "mediaType", "manifests", "annotations"),
    Kind.ARTIFACT: ("mediaType", "blobs", "annotations"),
    Kind.SCHEMA1: ("schemaVersion", "fsLayers"),
}
"""What the server's reader of each kind looks at; a wrong type elsewhere does not hurt."""


def parse_manifest(content: bytes) -> Manifest:
    """Return what the manifest is and refers to. Sizes are the descriptors' claims in bytes, not the stored sizes.

    Raises UnreadableManifestError for whatever the server's own reader would refuse.
    """
    if len(content) > MANIFEST_BYTES_LIMIT:
        raise UnreadableManifestError("larger than 4 MiB, the server's limit")
    if not content:
        raise UnreadableManifestError("empty file")
    try:
        document = _decode_document(content)
    except _UNREADABLE:
        return _parse_slowly(content)
    if document.schema_version == 2:
        if document.media_type in IMAGE_TYPES and document.layers is not None and _is_plain(document.config):
            if all(map(_is_plain, document.layers)):
                return _manifest(Kind.IMAGE, document)
        elif document.media_type in INDEX_TYPES and document.manifests is not None:
            if all(map(_is_plain, document.manifests)):
                return _manifest(Kind.INDEX, document)
    return _parse_slowly(content)


def _is_plain(descriptor: Descriptor | None) -> bool:
    """Return whether a digest was found under that very key; if not, it may be there in another case."""
    return descriptor is not None and descriptor.digest is not None


def _parse_slowly(content: bytes) -> Manifest:
    """Read as the server does where the straight way failed: keys in any case, only the fields its kind looks at."""
    try:
        fields = _fold_keys(_decode_any(content.decode("utf-8", "replace")))
    except _UNREADABLE as error:
        raise UnreadableManifestError(f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise UnreadableManifestError("the JSON is not an object")
    kind = _kind_of(fields)
    wanted = {name: fields[name] for name in _FIELDS[kind] if name in fields}
    try:
        document = msgspec.convert(wanted, _Document)
    except msgspec.ValidationError as error:
        raise UnreadableManifestError(f"wrong type: {error}") from error
    _add_what_only_clients_read(document, fields)
    return _manifest(kind, document)


def _kind_of(fields: dict[str, Any]) -> Kind:
    version, media_type = fields.get("schemaVersion"), fields.get("mediaType")
    if media_type == OCI_ARTIFACT:
        return Kind.ARTIFACT
    if isinstance(version, bool) or not isinstance(version, int):
        raise UnreadableManifestError("no schemaVersion" if version is None else "schemaVersion is not a number")
    if version == 1:
        return Kind.SCHEMA1
    if version != 2:
        raise UnreadableManifestError(f"unknown schemaVersion {version}")
    if media_type in IMAGE_TYPES:
        return Kind.IMAGE
    if media_type in INDEX_TYPES:
        return Kind.INDEX
    if media_type:
        raise UnreadableManifestError(f"unknown mediaType {media_type!r}")
    if fields.get("manifests") is None:
        return Kind.IMAGE
    if not isinstance(fields["manifests"], list):
        raise UnreadableManifestError("`manifests` is not a list; the server's collector panics on this")
    return Kind.INDEX


def _add_what_only_clients_read(document: _Document, fields: dict[str, Any]) -> None:
    """Add `subject` and `artifactType`, which the server ignores: a wrong type there is only left out."""
    for name, attribute, kind in (("subject", "subject", Descriptor), ("artifactType", "artifact_type", str)):
        try:
            setattr(document, attribute, msgspec.convert(fields.get(name), kind | None))
        except msgspec.ValidationError:
            continue


def _fold_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            _CANONICAL.get(key.lower(), key): inner if key.lower() in _OPAQUE else _fold_keys(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_fold_keys(inner) for inner in value]
    return value


def _manifest(kind: Kind, document: _Document) -> Manifest:
    references: list[Reference] = []
    match kind:
        case Kind.IMAGE:
            if document.config is not None:
                references.append(_reference(Role.CONFIG, 0, document.config))
            references += [_reference(Role.LAYER, i, d) for i, d in enumerate(document.layers or ())]
        case Kind.INDEX:
            references += [_reference(_child_role(d), i, d) for i, d in enumerate(document.manifests or ())]
        case Kind.ARTIFACT:
            references += [_reference(Role.ARTIFACT_BLOB, i, d) for i, d in enumerate(document.blobs or ())]
        case Kind.SCHEMA1:
            sums = [layer.blob_sum if layer else None for layer in document.fs_layers or ()]
            references += [_reference(Role.LAYER, i, Descriptor(digest)) for i, digest in enumerate(sums)]
    subject = document.subject
    if subject is not None and subject.digest:
        references.append(_reference(Role.SUBJECT, 0, subject))
    return Manifest(
        kind,
        document.media_type,
        document.artifact_type,
        document.config if kind is Kind.IMAGE else None,
        subject.digest if subject is not None and subject.digest else None,
        references,
        {name: value or "" for name, value in (document.annotations or {}).items()},
    )


def _reference(role: Role, position: int, descriptor: Descriptor | None) -> Reference:
    descriptor = descriptor or Descriptor()
    return Reference(role, position, descriptor.digest or "", descriptor)


def _child_role(descriptor: Descriptor | None) -> Role:
    """A child with another media type than a manifest's is a plain blob; without one it is taken for a manifest."""
    if descriptor is None or not descriptor.media_type or descriptor.media_type in MANIFEST_TYPES:
        return Role.MANIFEST
    return Role.INDEX_BLOB


class Step(msgspec.Struct):
    """One build step of an image's history."""

    created: str | None = None
    created_by: str | None = None
    comment: str | None = None
    empty_layer: bool | None = None


class _RootFs(msgspec.Struct):
    diff_ids: list[str] | None = None


class _ContainerConfig(msgspec.Struct):
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)


class ImageConfig(msgspec.Struct):
    """An image configuration: the platform, when and how it was built."""

    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    os_version: str | None = msgspec.field(name="os.version", default=None)
    created: str | None = None
    config: _ContainerConfig | None = None
    rootfs: _RootFs | None = None
    history: list[Step] | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The image's labels; empty without any."""
        return (self.config and self.config.labels) or {}

    @property
    def diff_ids(self) -> list[str]:
        """Digests of the *uncompressed* layers, in the order of the manifest's layers."""
        return (self.rootfs and self.rootfs.diff_ids) or []


_decode_config = msgspec.json.Decoder(ImageConfig).decode


def parse_config(content: bytes) -> ImageConfig:
    """Return the image configuration. Raises ValueError (of which msgspec's errors are a kind) if it is none."""
    try:
        return _decode_config(content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
