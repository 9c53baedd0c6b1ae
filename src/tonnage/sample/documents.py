"""The JSON documents that lie in a registry - configs, manifests, indexes - made from values. Pure.

Shares no code with the half that reads registries: what writes the samples must be able to catch mistakes in what
reads them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_FOREIGN_LAYER = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
"""When a sample's story begins, unless it says otherwise."""

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Descriptor:
    """How one blob or manifest is referred to. The first three are always written, the rest when given."""

    media_type: str
    digest: str
    size_bytes: int
    """A claim: no registry compares it with the stored bytes, so tests may lie here."""
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    urls: tuple[str, ...] = ()
    """Not empty: a foreign layer, whose bytes are elsewhere."""
    platform: str = ""
    """`os/architecture` or `os/architecture/variant`."""
    artifact_type: str = ""

    def json(self) -> Json:
        """Return the descriptor as the specification writes it."""
        optional: Json = {
            "artifactType": self.artifact_type,
            "platform": platform_json(self.platform) if self.platform else None,
            "annotations": dict(self.annotations),
            "urls": list(self.urls),
        }
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size_bytes, **_given(optional)}


def digest_of(content: bytes) -> str:
    """Return `sha256:<hex>` of the bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def encode(document: Json) -> bytes:
    """Return the document as compact JSON: the same bytes, hence the same digest, for the same values."""
    return json.dumps(document, separators=(",", ":")).encode()


def timestamp(when: datetime) -> str:
    """Return a time as RFC 3339 in UTC, to the second.

    >>> timestamp(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC))
    '2026-03-04T05:06:07Z'
    """
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def platform_json(platform: str) -> dict[str, str]:
    """Return the platform object of `os/architecture[/variant]`.

    >>> platform_json("linux/arm64/v8")
    {'os': 'linux', 'architecture': 'arm64', 'variant': 'v8'}
    """
    return dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))


def image_config(
    layers: Sequence[Descriptor],
    *,
    platform: str,
    created: datetime,
    labels: Mapping[str, str] | None = None,
    history: Sequence[Json] | None = None,
) -> bytes:
    """Return an image config. Without `history` it has one step per layer; with it, the caller ties steps to layers."""
    if history is None:
        steps = (f"RUN build-step-{number}" for number in range(1, len(layers) + 1))
        history = [{"created": timestamp(created), "created_by": step} for step in steps]
    document: Json = {
        "created": timestamp(created),
        **platform_json(platform),
        "config": _given({"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Labels": dict(labels or {})}),
        "rootfs": {"type": "layers", "diff_ids": [_diff_id(layer) for layer in layers]},
        "history": list(history),
    }
    return encode(document)


def image_manifest(
    config: Descriptor,
    layers: Iterable[Descriptor],
    *,
    docker: bool = False,
    subject: Descriptor | None = None,
    artifact_type: str = "",
    annotations: Mapping[str, str] | None = None,
) -> bytes:
    """Return an image manifest, OCI or Docker schema 2."""
    plain_subject = replace(subject, platform="").json() if subject else None
    optional: Json = {"subject": plain_subject, "annotations": dict(annotations or {})}
    document: Json = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        **_given({"artifactType": artifact_type}),
        "config": config.json(),
        "layers": [layer.json() for layer in layers],
        **_given(optional),
    }
    return encode(document)


def index_manifest(
    children: Iterable[Descriptor], *, docker: bool = False, annotations: Mapping[str, str] | None = None
) -> bytes:
    """Return an image index, or a Docker manifest list."""
    document: Json = {
        "schemaVersion": 2,
        "mediaType": DOCKER_LIST if docker else OCI_INDEX,
        "manifests": [child.json() for child in children],
        **_given({"annotations": dict(annotations or {})}),
    }
    return encode(document)


def schema1_manifest(name: str, tag: str, layers: Sequence[Descriptor]) -> bytes:
    """Return a Docker schema 1 manifest as registries store it: unsigned, newest layer first, without sizes."""
    document: Json = {
        "schemaVersion": 1,
        "name": name,
        "tag": tag,
        "architecture": "amd64",
        "fsLayers": [{"blobSum": layer.digest} for layer in reversed(layers)],
        "history": [{"v1Compatibility": encode({"id": layer.digest[-64:]}).decode()} for layer in reversed(layers)],
    }
    return encode(document)


def references(manifest: bytes) -> set[str]:
    """Return the digests that the registry's own collector follows: no `subject`. Damaged manifests give none."""
    try:
        document = json.loads(manifest)
    except ValueError:
        return set()
    if not isinstance(document, dict):
        return set()
    lists = [document.get(key) for key in ("layers", "manifests", "fsLayers")]
    children = [document.get("config"), *(child for listed in lists if isinstance(listed, list) for child in listed)]
    digests = [child.get("digest") or child.get("blobSum") for child in children if isinstance(child, dict)]
    return {digest for digest in digests if isinstance(digest, str)}


def _given(values: Json) -> Json:
    """Return the values that are not empty: the specifications have optional keys, never null ones."""
    return {key: value for key, value in values.items() if value}


def _diff_id(layer: Descriptor) -> str:
    """Return an invented digest of the unpacked layer: sample layers are not archives, so there is nothing to unpack."""
    return digest_of(f"unpacked {layer.digest}".encode())
