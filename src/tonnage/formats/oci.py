"""Manifests and indexes: bytes -> values. Pure.

How manifests are distinguished is the server's own rule (distribution, registry/storage/manifeststore.go): the stored
bytes carry no media type, so `schemaVersion` decides, then `mediaType` *inside* the JSON; without one, a manifest that
has `manifests` (an empty list counts) is an index. Go matches JSON keys in any case, takes null for absent anywhere and
replaces bytes that are not UTF-8, and so do we; Go is strict about the types of the values it reads, and so are we,
because a manifest the server cannot read is one it does not protect.

Nearly all manifests are plain and are read straight away, as any reader would read them; whatever is not goes through
gojson, which reads as 2.x and as 3.x do, to the letter.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from tonnage.formats import deepjson, gojson
from tonnage.formats.manifest_json import Descriptor, Document, PlainDocument, Platform

MANIFEST_BYTES_LIMIT = gojson.MANIFEST_BYTES_LIMIT
"""The server refuses to read a larger manifest ("read exceeds limit")."""

DOCKER_MANIFEST = gojson.DOCKER_MANIFEST
DOCKER_INDEX = gojson.DOCKER_INDEX
OCI_MANIFEST = gojson.OCI_MANIFEST
OCI_INDEX = gojson.OCI_INDEX
OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"
SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

IMAGE_TYPES = frozenset({DOCKER_MANIFEST, OCI_MANIFEST})
INDEX_TYPES = frozenset({DOCKER_INDEX, OCI_INDEX})
MANIFEST_TYPES = IMAGE_TYPES | INDEX_TYPES | {OCI_ARTIFACT, SCHEMA1, SCHEMA1_SIGNED}


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
    """The bytes are not a manifest any server would read. What they may refer to is unknown."""

    def __init__(self, refused_by_2: str, refused_by_3: str = "") -> None:
        super().__init__(refused_by_2)
        self.refused_by_2 = refused_by_2
        self.refused_by_3 = refused_by_3 or refused_by_2


class Reference(NamedTuple):
    """One line of what a manifest refers to, in document order. Nobody verifies what is said of it here."""

    role: Role
    position: int
    digest: str
    """As written; empty where the manifest has none. Not necessarily a digest at all."""
    size_bytes: int | None
    media_type: str | None
    os: str | None
    architecture: str | None
    variant: str | None
    os_version: str | None
    has_urls: bool
    """It lies elsewhere: a foreign layer."""
    type: str | None
    """What a child of an index is for, as BuildKit says in an annotation: `attestation-manifest`."""


_Described = tuple[
    str, int, str, int | None, str | None, str | None, str | None, str | None, str | None, bool, str | None
]


class Manifest(msgspec.Struct, frozen=True):
    """A manifest, understood."""

    kind: Kind
    media_type: str | None
    """As the JSON says; many writers leave it out."""
    artifact_type: str | None
    config_digest: str | None
    """Of an image. None where its descriptor has none."""
    config_media_type: str | None
    subject: str | None
    described: list[_Described]
    """The values of the references, in the order of `rows.ManifestRef` behind its parent. Plain tuples and the role a
    plain text, as a scan has very many of them.
    """
    annotations: dict[str, str]
    refused_by_2: str | None = None
    """Why a server 2.x cannot read it; its collector stops on it. None where it can."""
    refused_by_3: str | None = None

    @property
    def references(self) -> list[Reference]:
        """What it refers to."""
        return [Reference(Role(values[0]), *values[1:]) for values in self.described]


_decode_plain = msgspec.json.Decoder(PlainDocument).decode
_decode_document = msgspec.json.Decoder(Document).decode
_decode_any = msgspec.json.Decoder().decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_KEYS = (
    "schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "blobs", "subject", "fsLayers",
    "digest", "size", "platform", "urls", "annotations", "blobSum", "os", "architecture", "variant", "os.version",
    "os.features", "features", "data",
)  # fmt: skip
_CANONICAL = {key.lower(): key for key in _KEYS}
_OPAQUE = frozenset({"annotations"})
"""Maps whose keys are data, not field names."""

_NO_DESCRIPTOR = Descriptor()
_NO_PLATFORM = Platform()
_REFERENCE_TYPE = "vnd.docker.reference.type"
_ARTIFACT_FIELDS = ("mediaType", "blobs", "annotations")
_UPPER = bytes(range(65, 91))
_KEY_IN_DISGUISE = re.compile(
    rb'"(?!(?:%(keys)s)")(?i:%(keys)s)"|\\u(?:00[4-7]|002[eE]|017[fF]|212[aA])|\xc5\xbf|\xe2\x84\xaa'
    % {b"keys": "|".join(map(re.escape, _KEYS)).encode()}
)
"""A key that only Go takes for one of ours: in another case, with escapes, or with letters it folds onto ASCII."""


def parse_manifest(content: bytes) -> Manifest:
    """Return what the manifest is and refers to. Sizes are the descriptors' claims in bytes, not the stored sizes.

    Raises UnreadableManifestError for whatever the reader of neither 2.x nor 3.x would take.
    """
    if len(content) > MANIFEST_BYTES_LIMIT:
        raise UnreadableManifestError("larger than 4 MiB, the server's limit")
    if not content:
        raise UnreadableManifestError("empty file")
    document = _decode_straight(content)
    if document is not None and document.schema_version == 2:
        if document.media_type in IMAGE_TYPES and _are_plain(document.layers) and _is_plain(document.config):
            return _manifest(Kind.IMAGE, document)
        if document.media_type in INDEX_TYPES and _are_plain(document.manifests):
            return _manifest(Kind.INDEX, document)
    return _parse_slowly(content)


def _decode_straight(content: bytes) -> Document | None:
    """Return the document as any reader reads it; None where Go may read another: then some key is ours for Go alone.

    Where all keys are ours to the letter, as nearly everywhere, there is none to look for.
    """
    try:
        return _decode_plain(content)
    except _UNREADABLE:
        pass
    if deepjson.openings_count(content) > deepjson.LEVELS_LIMIT:  # Go may refuse it for its depth
        return None
    try:
        document = _decode_document(content)
    except _UNREADABLE:
        return None
    return None if _has_keys_in_disguise(content) else document


def _is_plain(descriptor: Descriptor | None) -> bool:
    """Return whether a digest was found under that very key; if not, it may be there in another case."""
    return descriptor is not None and descriptor.digest is not None


def _are_plain(descriptors: Sequence[Descriptor | None] | None) -> bool:
    return descriptors is not None and all(map(_is_plain, descriptors))


def _has_keys_in_disguise(content: bytes) -> bool:
    """Return whether some key may be one of ours for Go alone. Without other capitals than our own there is none."""
    ours = content.count(b'"schemaVersion"') + content.count(b'"mediaType"')
    if len(content) - len(content.translate(None, _UPPER)) == ours and b"\\u" not in content and content.isascii():
        return False
    return _KEY_IN_DISGUISE.search(content) is not None


def _parse_slowly(content: bytes) -> Manifest:
    """Read as each version of the server does where the straight way failed."""
    reading_2, refused_by_2 = _read_as_server(content, 2)
    reading_3, refused_by_3 = _read_as_server(content, 3)
    fields = _all_fields(content)
    if reading := reading_2 or reading_3:
        kind, document = Kind(reading.kind), msgspec.convert(reading.document, Document)
    elif fields.get("mediaType") == OCI_ARTIFACT:
        kind, document = Kind.ARTIFACT, _artifact(fields)
    else:
        raise UnreadableManifestError(refused_by_2 or "", refused_by_3 or "")
    _add_what_only_clients_read(document, fields)
    return msgspec.structs.replace(_manifest(kind, document), refused_by_2=refused_by_2, refused_by_3=refused_by_3)


def _read_as_server(content: bytes, version: gojson.Version) -> tuple[gojson.Reading | None, str | None]:
    """Return the manifest as that version reads it, or why it does not."""
    try:
        return gojson.read(content, version), None
    except gojson.RefusedError as error:
        return None, str(error)


def _all_fields(content: bytes) -> dict[str, Any]:
    """Return whatever is in the document, keys in our case; empty if it is not an object."""
    try:
        fields = _fold_keys(_decode_any(deepjson.readable(content)))
    except (*_UNREADABLE, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _artifact(fields: dict[str, Any]) -> Document:
    """Return an artifact manifest, which no version of the server reads."""
    try:
        return msgspec.convert({name: fields[name] for name in _ARTIFACT_FIELDS if name in fields}, Document)
    except msgspec.ValidationError as error:
        raise UnreadableManifestError(f"wrong type: {error}") from error


def _add_what_only_clients_read(document: Document, fields: dict[str, Any]) -> None:
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


def _manifest(kind: Kind, document: Document) -> Manifest:
    config = document.config if kind is Kind.IMAGE else None
    subject = document.subject
    described = [] if config is None else [_describe(Role.CONFIG, 0, config)]
    match kind:
        case Kind.IMAGE:
            described += _describe_layers(document.layers or ())
        case Kind.INDEX:
            described += [_describe(_child_role(d), i, d) for i, d in enumerate(document.manifests or ())]
        case Kind.ARTIFACT:
            described += [_describe(Role.ARTIFACT_BLOB, i, d) for i, d in enumerate(document.blobs or ())]
        case Kind.SCHEMA1:
            sums = [layer.blob_sum if layer else None for layer in document.fs_layers or ()]
            described += _describe_layers([Descriptor(digest) for digest in sums])
    if subject is not None and subject.digest:
        described.append(_describe(Role.SUBJECT, 0, subject))
    return Manifest(
        kind,
        document.media_type,
        document.artifact_type,
        (config.digest or None) if config else None,
        config.media_type if config else None,
        (subject.digest or None) if subject else None,
        described,
        {name: value or "" for name, value in (document.annotations or {}).items()},
    )


def _describe_layers(layers: Sequence[Descriptor | None]) -> list[_Described]:
    """Return the values of references to layers: most of what there is, and hardly ever with a platform."""
    return [
        ("layer", at, d.digest or "", d.size, d.media_type, None, None, None, None, bool(d.urls), None)
        if d is not None and d.platform is None
        else _describe(Role.LAYER, at, d)
        for at, d in enumerate(layers)
    ]


def _describe(role: Role, position: int, descriptor: Descriptor | None) -> _Described:
    """Return the values of a reference."""
    found = descriptor or _NO_DESCRIPTOR
    platform = found.platform or _NO_PLATFORM
    return (
        role._value_,  # `value` takes longer than all the rest
        position,
        found.digest or "",
        found.size,
        found.media_type,
        platform.os,
        platform.architecture,
        platform.variant,
        platform.os_version,
        bool(found.urls),
        (found.annotations or {}).get(_REFERENCE_TYPE) if role is Role.MANIFEST else None,
    )


def _child_role(descriptor: Descriptor | None) -> Role:
    """A child with another media type than a manifest's is a plain blob; without one it is taken for a manifest."""
    if descriptor is None or not descriptor.media_type or descriptor.media_type in MANIFEST_TYPES:
        return Role.MANIFEST
    return Role.INDEX_BLOB
