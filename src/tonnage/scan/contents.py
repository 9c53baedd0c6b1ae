"""Bodies of manifests and image configurations -> rows."""

from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256, sha384, sha512

from tonnage.formats.image_config import ImageConfig, parse_config
from tonnage.formats.layout import blob_path, is_full_digest
from tonnage.formats.oci import MANIFEST_BYTES_LIMIT, Manifest, UnreadableManifestError, parse_manifest
from tonnage.inventory import rows
from tonnage.scan.columns import Rows
from tonnage.storage import Storage

_HASHES = {"sha256": sha256, "sha384": sha384, "sha512": sha512}


def read_manifests(storage: Storage, blobs: Sequence[tuple[str, str]]) -> Rows:
    """Return the rows of the manifests of these digests and paths; one that cannot be read is a row of kind `unreadable`."""
    out: Rows = defaultdict(list)
    for digest, path in blobs:
        content = _read(storage, digest, path, out, "unreadable_manifest")
        if content is None:
            _add_unreadable(out, digest, UnreadableManifestError("cannot be read from the storage"))
        else:
            add_manifest(out, digest, content)
    return dict(out)


def add_manifest(out: Rows, digest: str, content: bytes) -> None:
    """Add the rows of a manifest; of one that no registry could read, one of kind `unreadable` and a problem."""
    try:
        _add_manifest(out, digest, parse_manifest(content))
    except UnreadableManifestError as error:
        add_unreadable_manifest(out, digest, str(error), error)


def add_unreadable_manifest(out: Rows, digest: str, detail: str, error: UnreadableManifestError | None = None) -> None:
    """Add the row of a manifest of which nothing is known, and the problem."""
    _add_unreadable(out, digest, error or UnreadableManifestError(detail))
    _problem(out, "unreadable_manifest", digest, detail)


def read_configs(storage: Storage, blobs: Sequence[tuple[str, str]]) -> Rows:
    """Return the rows of the image configurations of these digests and paths; one that cannot be read is a problem row."""
    out: Rows = defaultdict(list)
    for digest, path in blobs:
        content = _read(storage, digest, path, out, "unreadable_config")
        if content is not None:
            add_config(out, digest, content)
    return dict(out)


def add_config(out: Rows, digest: str, content: bytes) -> None:
    """Add the rows of an image configuration, or the problem of one that is none."""
    try:
        _add_config(out, digest, parse_config(content))
    except ValueError as error:
        add_unreadable_config(out, digest, str(error))


def add_unreadable_config(out: Rows, digest: str, detail: str) -> None:
    """Add the problem of an image configuration that cannot be read."""
    _problem(out, "unreadable_config", digest, detail)


def _read(storage: Storage, digest: str, path: str, out: Rows, kind: str) -> bytes | None:
    try:
        content = storage.read(path, MANIFEST_BYTES_LIMIT + 1)
    except FileNotFoundError:
        _problem(out, "vanished", digest, None)
        return None
    except OSError as error:
        _problem(out, kind, digest, error.strerror or str(error))
        return None
    algorithm, _, hexdigits = digest.partition(":")
    is_whole = 0 < len(content) <= MANIFEST_BYTES_LIMIT
    if is_whole and _HASHES[algorithm](content).hexdigest() != hexdigits and is_full_digest(digest):
        _problem(out, "digest_mismatch", digest, "its bytes have another digest")
    return content


def _problem(out: Rows, kind: str, digest: str, detail: str | None) -> None:
    out["Problem"].append(rows.Problem(kind, blob_path(digest), None, digest, detail))


def _add_unreadable(out: Rows, digest: str, error: UnreadableManifestError) -> None:
    row = rows.Manifest(
        digest, "unreadable", None, None, None, None, None, str(error), error.refused_by_2, error.refused_by_3
    )
    out["Manifest"].append(row)


def _add_manifest(out: Rows, digest: str, manifest: Manifest) -> None:
    row = rows.Manifest(
        digest,
        manifest.kind.value,
        manifest.media_type,
        manifest.artifact_type,
        manifest.config_digest,
        manifest.config_media_type,
        manifest.subject,
        None,
        manifest.refused_by_2,
        manifest.refused_by_3,
    )
    out["Manifest"].append(row)
    # Of what follows there is so much that it comes as plain tuples of the columns; so it is below.
    out["ManifestRef"] += [(digest, *values) for values in manifest.described]
    out["Annotation"] += [(digest, name, value) for name, value in manifest.annotations.items()]


def _add_config(out: Rows, digest: str, config: ImageConfig) -> None:
    row = rows.Image(digest, config.os, config.architecture, config.variant, config.os_version, config.created)
    out["Image"].append(row)
    out["Label"] += [(digest, name, value) for name, value in config.labels.items()]
    out["DiffId"] += [(digest, position, diff_id) for position, diff_id in enumerate(config.diff_ids)]
    layer = 0
    add = out["History"].append
    for position, step in enumerate(config.history or ()):
        makes_layer = not step.empty_layer
        add((digest, position, layer if makes_layer else None, step.created, step.created_by, step.comment))
        layer += makes_layer
