"""Bodies of plain manifests and image configurations -> packed columns, without a row in between.

Nearly all are plain: an image manifest has these keys and no others, and a body has the digest that it is stored under.
To make rows of them only to turn these into columns takes more than twice as long. Whatever is not plain is left to
`contents`, which looks closer.
"""

import struct
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from itertools import repeat
from typing import Any, Literal

import msgspec

from tonnage.formats.image_config import parse_config
from tonnage.formats.manifest_json import Int64
from tonnage.formats.oci import IMAGE_TYPES, MANIFEST_BYTES_LIMIT
from tonnage.inventory.rows import Digest
from tonnage.scan.columns import Packed, Packing
from tonnage.storage import Storage

Blobs = Sequence[tuple[str, str]]
"""Digest and path of each."""
_LAYERS_LIMIT = 200
"""Docker ends at 127; one with more is read the other way."""


class _Descriptor(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    digest: str
    size: Int64
    media_type: str = msgspec.field(name="mediaType")


class _ImageManifest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    schema_version: Literal[2] = msgspec.field(name="schemaVersion")
    media_type: str = msgspec.field(name="mediaType")
    config: _Descriptor
    layers: list[_Descriptor]
    annotations: dict[str, str] | None = None


_decode = msgspec.json.Decoder(_ImageManifest).decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_Found = defaultdict[str, Any]
"""Columns by name, as they grow."""


def read_manifests(storage: Storage, blobs: Blobs) -> tuple[Packed, list[tuple[str, str]]]:
    """Return the plain ones of these manifests, packed, and the others."""
    packing = Packing()
    others: list[tuple[str, str]] = []
    manifests: _Found = defaultdict(list)
    references: _Found = defaultdict(list, parent=array("i"))
    annotations: _Found = defaultdict(list)
    for digest, manifest in _read(storage, blobs, _image_manifest, others):
        number = packing.place_of(Digest, digest)
        _add_manifest(manifests, digest, manifest)
        _add_references(references, number, manifest)
        if manifest.annotations:
            annotations["digest"] += [digest] * len(manifest.annotations)
            annotations["name"] += manifest.annotations
            annotations["value"] += manifest.annotations.values()
    count = len(manifests["digest"])
    kinds = array("i", [packing.place_of(str, "image")]) * count
    packing.add("Manifest", {**manifests, "kind": kinds}, count)
    roles = [packing.place_of(str, role) for role in ("config", "layer")]
    references["role"] = b"".join(_repeated(*roles, layers) for layers in references.pop("layers_count", ()))
    references["position"] = b"".join(references["position"])
    packing.add("ManifestRef", references, len(references["child"]))
    packing.add("Annotation", annotations, len(annotations["digest"]))
    return packing.done(), others


def _image_manifest(content: bytes) -> _ImageManifest | None:
    """Return a plain image manifest, or None."""
    try:
        manifest = _decode(content)
    except _UNREADABLE:
        return None
    is_image = manifest.media_type in IMAGE_TYPES and len(manifest.layers) < _LAYERS_LIMIT
    return manifest if is_image and manifest.config.digest else None


def _add_manifest(found: _Found, digest: str, manifest: _ImageManifest) -> None:
    found["digest"].append(digest)
    found["media_type"].append(manifest.media_type)
    found["config_digest"].append(manifest.config.digest)
    found["config_media_type"].append(manifest.config.media_type)


def _add_references(found: _Found, number: int, manifest: _ImageManifest) -> None:
    """Add the configuration and the layers, in this order; `layers_count` stands for the roles until they are packed."""
    config, layers = manifest.config, manifest.layers
    found["parent"].extend(repeat(number, len(layers) + 1))
    found["layers_count"].append(len(layers))
    found["position"].append(_positions(len(layers)))
    found["child"].append(config.digest)
    found["child"] += [layer.digest for layer in layers]
    found["size_bytes"].append(config.size)
    found["size_bytes"] += [layer.size for layer in layers]
    found["media_type"].append(config.media_type)
    found["media_type"] += [layer.media_type for layer in layers]


@cache
def _repeated(first: int, others: int, count: int) -> bytes:
    return struct.pack(f"{count + 1}i", first, *repeat(others, count))


@cache
def _positions(layers_count: int) -> bytes:
    return struct.pack(f"{layers_count + 1}q", 0, *range(layers_count))


def read_configs(storage: Storage, blobs: Blobs) -> tuple[Packed, list[tuple[str, str]]]:
    """Return the readable ones of these image configurations, packed, and the others."""
    packing = Packing()
    others: list[tuple[str, str]] = []
    images: _Found = defaultdict(list)
    labels: _Found = defaultdict(list)
    diff_ids: _Found = defaultdict(list)
    steps: _Found = defaultdict(list)
    for digest, config in _read(storage, blobs, _image_config, others):
        images["config_digest"].append(digest)
        for name in ("os", "architecture", "variant", "os_version", "created"):
            images[name].append(getattr(config, name))
        if found := config.labels:
            labels["config_digest"] += [digest] * len(found)
            labels["name"] += found
            labels["value"] += found.values()
        if ids := config.diff_ids:
            diff_ids["config_digest"] += [digest] * len(ids)
            diff_ids["position"] += range(len(ids))
            diff_ids["diff_id"] += ids
        if history := config.history:
            steps["config_digest"] += [digest] * len(history)
            steps["position"] += range(len(history))
            steps["layer_position"] += _layer_positions([step.empty_layer for step in history])
            for name in ("created", "created_by", "comment"):
                steps[name] += [getattr(step, name) for step in history]
    for name, columns in (("Image", images), ("Label", labels), ("DiffId", diff_ids), ("History", steps)):
        packing.add(name, columns, len(columns["config_digest"]))
    return packing.done(), others


def _image_config(content: bytes) -> Any:
    try:
        return parse_config(content)
    except ValueError:
        return None


def _layer_positions(are_empty: list[bool | None]) -> Iterator[int | None]:
    """Yield which layer each build step made, None for one that made none."""
    position = 0
    for is_empty in are_empty:
        yield None if is_empty else position
        position += not is_empty


def _read(
    storage: Storage, blobs: Blobs, parse: Callable[[bytes], Any], others: list[tuple[str, str]]
) -> Iterator[tuple[str, Any]]:
    """Yield digest and document of those that can be read, parsed, and are stored under their own digest."""
    for digest, path in blobs:
        try:
            content = storage.read(path, MANIFEST_BYTES_LIMIT + 1)
        except OSError:
            content = b""
        is_own = 0 < len(content) <= MANIFEST_BYTES_LIMIT and f"sha256:{sha256(content).hexdigest()}" == digest
        document = parse(content) if is_own else None
        if document is None:
            others.append((digest, path))
        else:
            yield digest, document
