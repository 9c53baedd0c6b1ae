"""Manifests are read as the server reads them: what it understands, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tonnage.formats import oci
from tonnage.formats.image_config import parse_config
from tonnage.formats.oci import Kind, Manifest, Reference, Role, UnreadableManifestError, parse_manifest
from tonnage.sample.documents import OCI_CONFIG

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
IMAGE: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": oci.OCI_MANIFEST,
    "config": {"mediaType": OCI_CONFIG, "digest": A, "size": 10},
    "layers": [{"mediaType": "application/x", "digest": B, "size": 20}],
}
INDEX: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": oci.OCI_INDEX,
    "manifests": [{"mediaType": oci.OCI_MANIFEST, "digest": A, "size": 10}],
}


def encode(document: dict[str, Any], **changes: Any) -> bytes:
    """Return the document as JSON, with keys changed, or left out where the value is `...`."""
    merged = {**document, **changes}
    return json.dumps({key: value for key, value in merged.items() if value is not ...}).encode()


def pairs(manifest: Manifest) -> list[tuple[Role, str]]:
    """Return role and digest of each reference."""
    return [(reference.role, reference.digest) for reference in manifest.references]


def sizes(manifest: Manifest) -> list[int | None]:
    """Return the declared size of each reference."""
    return [reference.size_bytes for reference in manifest.references]


# --- kinds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", [oci.OCI_MANIFEST, oci.DOCKER_MANIFEST, "", None, ...])
def test_an_image(media_type: Any) -> None:
    """An image refers to its config and its layers; without a media type inside, its shape tells."""
    manifest = parse_manifest(encode(IMAGE, mediaType=media_type))
    assert manifest.kind is Kind.IMAGE
    assert pairs(manifest) == [(Role.CONFIG, A), (Role.LAYER, B)]
    assert sizes(manifest) == [10, 20]
    assert (manifest.config_digest, manifest.config_media_type) == (A, OCI_CONFIG)


@pytest.mark.parametrize("media_type", [oci.OCI_INDEX, oci.DOCKER_INDEX, "", None, ...])
def test_an_index(media_type: Any) -> None:
    """An index refers to its children; without a media type inside, `manifests` makes it one."""
    manifest = parse_manifest(encode(INDEX, mediaType=media_type))
    assert (manifest.kind, manifest.config_digest) == (Kind.INDEX, None)
    assert pairs(manifest) == [(Role.MANIFEST, A)]


@pytest.mark.parametrize("media_type", [oci.OCI_INDEX, ...])
def test_an_empty_index_is_one(media_type: Any) -> None:
    """An empty list of manifests counts; null is as good as absent."""
    assert parse_manifest(encode(INDEX, mediaType=media_type, manifests=[])).kind is Kind.INDEX
    assert parse_manifest(encode(IMAGE, mediaType=..., manifests=None)).kind is Kind.IMAGE


def test_the_media_type_wins_over_the_shape() -> None:
    """Config and layers of an index are ignored, and so are the manifests of an image, whatever they are."""
    index = parse_manifest(encode({**IMAGE, **INDEX}))
    assert pairs(index) == [(Role.MANIFEST, A)]
    assert parse_manifest(encode({**INDEX, **IMAGE, "manifests": 5})).kind is Kind.IMAGE
    assert parse_manifest(encode(INDEX, config="x", layers="y")).kind is Kind.INDEX


def test_a_schema_1_manifest() -> None:
    """Layers without sizes, repeats kept; the media type does not matter."""
    content = encode({"schemaVersion": 1, "mediaType": "any/thing", "fsLayers": [{"blobSum": A}, {"blobSum": A}, {}]})
    manifest = parse_manifest(content)
    assert manifest.kind is Kind.SCHEMA1
    assert pairs(manifest) == [(Role.LAYER, A), (Role.LAYER, A), (Role.LAYER, "")]
    assert [reference.position for reference in manifest.references] == [0, 1, 2]
    assert sizes(manifest) == [None, None, None]


def test_an_oci_artifact_manifest() -> None:
    """It has blobs and a subject, and no schema version."""
    document = {"mediaType": oci.OCI_ARTIFACT, "artifactType": "a/b", "blobs": [{"digest": A}]}
    manifest = parse_manifest(encode(document, subject={"digest": B}))
    assert (manifest.kind, manifest.artifact_type, manifest.subject) == (Kind.ARTIFACT, "a/b", B)
    assert pairs(manifest) == [(Role.ARTIFACT_BLOB, A), (Role.SUBJECT, B)]


def test_children_of_an_index_by_media_type() -> None:
    """Another media type than a manifest's makes a child a plain blob, as in BuildKit's caches of old."""
    types = [oci.DOCKER_MANIFEST, oci.DOCKER_INDEX, oci.SCHEMA1, oci.OCI_ARTIFACT, None, "", "application/x"]
    manifest = parse_manifest(encode(INDEX, manifests=[{"digest": A, "mediaType": type_} for type_ in types]))
    assert [reference.role for reference in manifest.references] == [Role.MANIFEST] * 6 + [Role.INDEX_BLOB]


def test_platforms_and_annotations_of_children() -> None:
    """A child's platform, os.version included, and what it is for are kept with the reference."""
    platform = {"os": "windows", "architecture": "amd64", "variant": "v3", "os.version": "10.0", "features": ["x"]}
    child = {"digest": A, "platform": platform, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    [reference] = parse_manifest(encode(INDEX, manifests=[child])).references
    assert reference[5:9] == ("windows", "amd64", "v3", "10.0")
    assert reference.type == "attestation-manifest"


def test_foreign_layers_have_urls() -> None:
    """A layer that is stored elsewhere says where."""
    [_, layer] = parse_manifest(encode(IMAGE, layers=[{"digest": B, "urls": ["https://example.com"]}])).references
    assert layer.has_urls


def test_a_subject_is_kept_apart() -> None:
    """What a referrer is about comes last among its references."""
    manifest = parse_manifest(encode(IMAGE, subject={"digest": C, "size": 5}, artifactType="a/b"))
    assert (manifest.kind, manifest.subject, manifest.artifact_type) == (Kind.IMAGE, C, "a/b")
    assert pairs(manifest)[-1] == (Role.SUBJECT, C)


@pytest.mark.parametrize("wrong", [{"subject": "x"}, {"subject": {"size": 1}}, {"subject": None}, {"artifactType": 5}])
def test_what_the_server_ignores_may_be_wrong(wrong: dict[str, Any]) -> None:
    """A subject or artifact type of a wrong type is left out, and the manifest is read."""
    manifest = parse_manifest(encode(IMAGE, **wrong))
    assert (manifest.subject, manifest.artifact_type) == (None, None)
    assert pairs(manifest) == [(Role.CONFIG, A), (Role.LAYER, B)]


@pytest.mark.parametrize("name", ["blobs", "fsLayers", "manifests", "unheard-of"])
def test_other_kinds_fields_may_be_wrong(name: str) -> None:
    """The reader of an image looks at an image's fields only."""
    assert pairs(parse_manifest(encode(IMAGE, **{name: 5}))) == [(Role.CONFIG, A), (Role.LAYER, B)]


# --- Go's ways ------------------------------------------------------------------------------------------------------


def in_case(value: Any, change: Any) -> Any:
    """Return the document with all keys changed, but those of annotations."""
    if isinstance(value, dict):
        return {change(key): inner if key == "annotations" else in_case(inner, change) for key, inner in value.items()}
    return [in_case(inner, change) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("change", [str.upper, str.lower, str.capitalize, str.swapcase])
@pytest.mark.parametrize(
    "document",
    [
        {**IMAGE, "subject": {"digest": C}, "annotations": {"Name": "Value"}},
        {**INDEX, "manifests": [{"digest": A, "platform": {"os": "linux", "os.version": "1"}, "urls": ["x"]}]},
        {"schemaVersion": 1, "fsLayers": [{"blobSum": A}]},
        {"mediaType": oci.OCI_ARTIFACT, "blobs": [{"digest": A}]},
    ],
)
def test_keys_in_any_case(document: dict[str, Any], change: Any) -> None:
    """Keys match in any case, at every depth; the names of annotations are data and stay."""
    assert parse_manifest(encode(in_case(document, change))) == parse_manifest(encode(document))


def with_more_keys(value: Any) -> Any:
    """Return the document with a key that nobody knows in every object, but annotations."""
    if isinstance(value, dict):
        inner = {key: value if key == "annotations" else with_more_keys(value) for key, value in value.items()}
        return {**inner, "x-size": 5}
    return [with_more_keys(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("change", [str, str.upper])
@pytest.mark.parametrize(
    "document",
    [
        {**IMAGE, "subject": {"digest": C}, "annotations": {"Name": "Value"}},
        {**INDEX, "manifests": [{"digest": A, "platform": {"os": "linux", "os.version": "1"}, "urls": ["x"]}]},
    ],
)
def test_unknown_keys_are_ignored(document: dict[str, Any], change: Any) -> None:
    """At any depth; those that Go takes for known ones are found beside them."""
    assert parse_manifest(encode(in_case(with_more_keys(document), change))) == parse_manifest(encode(document))


@pytest.mark.parametrize("nested", ["config", "layers"])
def test_nested_keys_in_any_case(nested: str) -> None:
    """A descriptor with other keys in a manifest with plain ones is read too."""
    document = {**IMAGE, nested: in_case(IMAGE[nested], str.upper)}
    assert parse_manifest(encode(document)) == parse_manifest(encode(IMAGE))


@pytest.mark.parametrize("name", ["config", "layers"])
@pytest.mark.parametrize("value", [None, ...])
def test_absent_and_null_fields_refer_to_nothing(name: str, value: Any) -> None:
    """An image without config or layers is an image."""
    manifest = parse_manifest(encode(IMAGE, **{name: value}))
    assert manifest.kind is Kind.IMAGE
    assert pairs(manifest) == ([(Role.LAYER, B)] if name == "config" else [(Role.CONFIG, A)])


def test_nulls_inside_are_empty() -> None:
    """A null in a list is an empty descriptor to the server, and a null text an empty one."""
    manifest = parse_manifest(encode(IMAGE, layers=[None, {"digest": None}, {"digest": B}], annotations={"a": None}))
    assert pairs(manifest) == [(Role.CONFIG, A), (Role.LAYER, ""), (Role.LAYER, ""), (Role.LAYER, B)]
    assert manifest.annotations == {"a": ""}
    assert pairs(parse_manifest(encode(INDEX, manifests=[None]))) == [(Role.MANIFEST, "")]
    assert pairs(parse_manifest(encode({"schemaVersion": 1, "fsLayers": [None]}))) == [(Role.LAYER, "")]
    descriptor = {"digest": B, "urls": [None], "platform": None, "size": None, "mediaType": None, "annotations": None}
    assert pairs(parse_manifest(encode(IMAGE, layers=[descriptor]))) == [(Role.CONFIG, A), (Role.LAYER, B)]


def test_an_empty_config_is_an_empty_reference() -> None:
    """`{}` as a config counts as a reference to nothing."""
    assert pairs(parse_manifest(encode(IMAGE, config={}))) == [(Role.CONFIG, ""), (Role.LAYER, B)]


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    """The server reads such a manifest, so its references count."""
    content = encode(IMAGE, annotations={"a": "b"}).replace(b'"b"', b'"\xff"')
    manifest = parse_manifest(content)
    assert pairs(manifest) == [(Role.CONFIG, A), (Role.LAYER, B)]
    assert manifest.annotations == {"a": "\ufffd"}


def test_references_are_what_was_written() -> None:
    """Nobody checks a digest, a size or a repeat."""
    layers = [{"digest": "../x"}, {"digest": B, "size": -1}, {"digest": B, "size": 2**63 - 1}, {"digest": "\0"}]
    manifest = parse_manifest(encode(IMAGE, layers=layers))
    assert [digest for _, digest in pairs(manifest)] == [A, "../x", B, B, "\0"]
    assert sizes(manifest) == [10, None, -1, 2**63 - 1, None]


def test_positions_count_per_list() -> None:
    """A layer's position is its place among the layers, from 0."""
    manifest = parse_manifest(encode(IMAGE, layers=[{"digest": B}, {"digest": C}]))
    assert [(r.role, r.position) for r in manifest.references] == [(Role.CONFIG, 0), (Role.LAYER, 0), (Role.LAYER, 1)]
    assert isinstance(manifest.references[0], Reference)


# --- what the server refuses ----------------------------------------------------------------------------------------

DEEP = 100_000
UNREADABLE = {
    "empty": b"",
    "blank": b" \n",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"2",
    "no JSON": b"not JSON",
    "random bytes": bytes(range(256)),
    "cut off": encode(IMAGE)[:-1],
    "two documents": encode(IMAGE) * 2,
    "a byte order mark": b"\xef\xbb\xbf" + encode(IMAGE),
    "utf-16": encode(IMAGE).decode().encode("utf-16"),
    "a nul at the end": encode(IMAGE) + b"\0",
    "deep lists": b"[" * DEEP,
    "deep objects": b'{"a":' * DEEP,
    "deep and closed": b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "NaN": encode(IMAGE, size=1).replace(b'"size": 1}', b'"size": NaN}'),
    "no version": encode(IMAGE, schemaVersion=...),
    "null version": encode(IMAGE, schemaVersion=None),
    "version as text": encode(IMAGE, schemaVersion="2"),
    "version as fraction": encode(IMAGE, schemaVersion=2.0),
    "version true": encode({"schemaVersion": True, "fsLayers": []}),
    "version 3": encode(IMAGE, schemaVersion=3),
    "version 0": encode(IMAGE, schemaVersion=0),
    "huge version": encode(IMAGE, schemaVersion=10**30),
    "unknown media type": encode(IMAGE, mediaType="application/x"),
    "media type of schema 1": encode(IMAGE, mediaType=oci.SCHEMA1),
    "media type as number": encode(IMAGE, mediaType=5),
    "media type false": encode(IMAGE, mediaType=False),
    "media type as object, schema 1": encode({"schemaVersion": 1, "mediaType": {}, "fsLayers": []}),
    "media type as list": encode(IMAGE, mediaType=[oci.OCI_MANIFEST]),
    "config as text": encode(IMAGE, config="x"),
    "config as list": encode(IMAGE, config=[]),
    "layers as object": encode(IMAGE, layers={}),
    "layers of texts": encode(IMAGE, layers=[B]),
    "digest as number": encode(IMAGE, layers=[{"digest": 5}]),
    "size as text": encode(IMAGE, layers=[{"digest": B, "size": "5"}]),
    "size as fraction": encode(IMAGE, layers=[{"digest": B, "size": 5.0}]),
    "size too large": encode(IMAGE, layers=[{"digest": B, "size": 2**63}]),
    "urls as text": encode(IMAGE, layers=[{"digest": B, "urls": "x"}]),
    "annotations as list": encode(IMAGE, annotations=[]),
    "annotation as number": encode(IMAGE, annotations={"a": 5}),
    "manifests as object": encode(INDEX, manifests={}),
    "manifests not a list, no media type": encode(IMAGE, mediaType=..., manifests={}),
    "platform as text": encode(INDEX, manifests=[{"digest": A, "platform": "linux"}]),
    "fsLayers as object": encode({"schemaVersion": 1, "fsLayers": {}}),
    "blobSum as number": encode({"schemaVersion": 1, "fsLayers": [{"blobSum": 5}]}),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_the_server_cannot_read(name: str) -> None:
    """It is told with a reason, never with another exception: what such a manifest refers to is unknown."""
    with pytest.raises(UnreadableManifestError) as caught:
        parse_manifest(UNREADABLE[name])
    assert str(caught.value)


def test_the_servers_limit_is_4_mib() -> None:
    """A manifest of exactly 4 MiB is read, one byte more is refused, however plain it is."""
    content = encode(IMAGE)
    padding = b" " * (oci.MANIFEST_BYTES_LIMIT - len(content))
    assert parse_manifest(content + padding).kind is Kind.IMAGE
    with pytest.raises(UnreadableManifestError, match="4 MiB"):
        parse_manifest(content + padding + b" ")


# --- image configurations -------------------------------------------------------------------------------------------


def test_a_configuration() -> None:
    """Platform, labels, diff_ids and steps, as the image's builder wrote them."""
    document = {
        "os": "linux", "architecture": "arm64", "variant": "v8", "os.version": "1", "created": "2026-01-01T00:00:00Z",
        "config": {"Labels": {"a": "b"}, "Env": ["x"]}, "rootfs": {"type": "layers", "diff_ids": [A, B]},
        "history": [{"created_by": "ADD x"}, {"created_by": "ENV y", "empty_layer": True, "comment": "z"}],
    }  # fmt: skip
    config = parse_config(encode(document))
    assert (config.os, config.architecture, config.variant, config.os_version) == ("linux", "arm64", "v8", "1")
    assert (config.labels, config.diff_ids) == ({"a": "b"}, [A, B])
    assert [(step.created_by, step.empty_layer) for step in config.history or ()] == [("ADD x", None), ("ENV y", True)]


@pytest.mark.parametrize(
    "document",
    [{}, {"config": None, "rootfs": None, "history": None}, {"config": {"Labels": None}, "rootfs": {"diff_ids": None}}],
)
def test_a_configuration_may_be_bare(document: dict[str, Any]) -> None:
    """Nothing in it is obligatory: artifacts have `{}`."""
    config = parse_config(encode(document))
    assert (config.os, config.labels, config.diff_ids, config.history) == (None, {}, [], None)


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"x", b"\xff", b'{"os": 5}', b'{"history": {}}', b'{"rootfs": []}', b'{"a":' * DEEP],
)
def test_what_is_no_configuration(content: bytes) -> None:
    """It raises ValueError and nothing else."""
    with pytest.raises(ValueError):
        parse_config(content)
