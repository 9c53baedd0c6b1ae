"""How Go reads a manifest: what each version of the collector takes, what it refuses, and on what it crashes."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from randomdamage import change_json
from tonnage.formats import gojson, oci
from tonnage.formats.gojson import RefusedError, Version, read

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
IMAGE: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": gojson.OCI_MANIFEST,
    "config": {"mediaType": "application/x", "digest": A, "size": 10},
    "layers": [{"mediaType": "application/x", "digest": B, "size": 20}],
}
INDEX: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": gojson.OCI_INDEX,
    "manifests": [{"mediaType": gojson.OCI_MANIFEST, "digest": A, "size": 10}],
}
SCHEMA1: dict[str, Any] = {"schemaVersion": 1, "name": "app", "fsLayers": [{"blobSum": A}, {"blobSum": A}]}
BOTH: tuple[Version, ...] = (2, 3)


def encode(document: dict[str, Any], **changes: Any) -> bytes:
    """Return the document as JSON, with keys changed, or left out where the value is `...`."""
    merged = {**document, **changes}
    return json.dumps({key: value for key, value in merged.items() if value is not ...}).encode()


def layer(**fields: Any) -> bytes:
    """Return an image whose one layer has these fields."""
    return encode(IMAGE, layers=[{"digest": B, **fields}])


def digests(content: bytes, version: Version = 2) -> list[str]:
    """Return what that version follows, in its order; an empty text where Go has a descriptor without a digest."""
    kind, document = read(content, version)
    if kind == "schema1":
        return [element.get("blobSum", "") for element in document.get("fsLayers", [])]
    if kind == "index":
        return [element.get("digest", "") for element in document.get("manifests", [])]
    layers = [element.get("digest", "") for element in document.get("layers", [])]
    return [document.get("config", {}).get("digest", ""), *layers]


def refusal(content: bytes, version: Version) -> str | None:
    """Return why that version refuses the manifest, or None if it takes it."""
    try:
        read(content, version)
    except RefusedError as error:
        return str(error)
    return None


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("document", "kind", "expected"),
    [
        (IMAGE, "image", [A, B]),
        ({**IMAGE, "mediaType": gojson.DOCKER_MANIFEST}, "image", [A, B]),
        ({**IMAGE, "mediaType": ""}, "image", [A, B]),
        ({**IMAGE, "mediaType": None}, "image", [A, B]),
        (INDEX, "index", [A]),
        ({**INDEX, "mediaType": gojson.DOCKER_INDEX}, "index", [A]),
        ({**INDEX, "mediaType": None}, "index", [A]),
        ({**INDEX, "mediaType": None, "manifests": []}, "index", []),
        ({**INDEX, "config": 5, "layers": "x"}, "index", [A]),
        ({**IMAGE, "manifests": 5}, "image", [A, B]),
        ({"schemaVersion": 2, "mediaType": gojson.OCI_MANIFEST}, "image", [""]),
        ({**IMAGE, "mediaType": None, "manifests": None}, "image", [A, B]),
    ],
)
def test_kinds_and_what_is_followed(version: Version, document: dict[str, Any], kind: str, expected: list[str]) -> None:
    """The media type inside decides, and without one whether there is `manifests`; no config is an empty text."""
    assert read(encode(document), version).kind == kind
    assert digests(encode(document), version) == expected


def test_schema_1_is_read_by_2_only() -> None:
    """3.x stops on it."""
    assert digests(encode(SCHEMA1)) == [A, A]
    assert refusal(encode(SCHEMA1), 3) == "unknown schemaVersion 1"


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    "content",
    [
        encode(
            {"LAYERS": [{"Digest": B}], "Config": {"DIGEST": A}, "schemaversion": 2, "MEDIATYPE": gojson.OCI_MANIFEST}
        ),
        json.dumps(IMAGE).replace("layers", "layer\u017f").encode(),
        json.dumps(IMAGE).replace("layers", "l\\u0061yers").encode(),
    ],
)
def test_keys_in_disguise(version: Version, content: bytes) -> None:
    """Any case, letters that fold onto ASCII, and escapes: Go takes them all for the key."""
    assert digests(content, version) == [A, B]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ('"layers": [{"digest": "x"}], "layers": [{"size": 1}]', ["x"]),
        ('"layers": [{"digest": "x"}, {"digest": "y"}], "LAYERS": [{"digest": "z"}]', ["z"]),
        ('"layers": [{"digest": "x"}, {"digest": "y"}], "layers": [{}], "layers": [{}, {}]', ["x", "y"]),
        ('"layers": [{"digest": "x"}], "layers": [], "layers": [{}]', [""]),
        ('"layers": [{"digest": "x"}], "layers": null', []),
        ('"layers": [{"digest": "x", "digest": null}]', ["x"]),
        ('"layers": [null, {"digest": "x"}]', ["", "x"]),
    ],
)
def test_a_key_that_comes_twice(pairs: str, expected: list[str]) -> None:
    """Is decoded into what the first one left: fields that are not named again keep their values."""
    content = f'{{"schemaVersion": 2, "mediaType": "{gojson.OCI_MANIFEST}", {pairs}}}'.encode()
    assert digests(content)[1:] == expected


REFUSED_BY_BOTH = {
    "empty": b"",
    "no JSON": b"x",
    "a byte order mark": b"\xef\xbb\xbf" + encode(IMAGE),
    "utf-16": encode(IMAGE).decode().encode("utf-16"),
    "two documents": encode(IMAGE) * 2,
    "NaN": encode(IMAGE).replace(b"20}", b"NaN}"),
    "a control character": encode(IMAGE, x="?").replace(b"?", b"\x01"),
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "no version": encode(IMAGE, schemaVersion=...),
    "version 3": encode(IMAGE, schemaVersion=3),
    "version 2.0": encode(IMAGE, schemaVersion=2.0),
    "version as text": encode(IMAGE, schemaVersion="2"),
    "media type as number": encode(IMAGE, mediaType=5),
    "unknown media type": encode(IMAGE, mediaType="application/x"),
    "media type in another case": encode(IMAGE, mediaType=gojson.OCI_MANIFEST.upper()),
    "an artifact manifest": encode(IMAGE, mediaType=oci.OCI_ARTIFACT),
    "config as text": encode(IMAGE, config="x"),
    "layers as object": encode(IMAGE, layers={}),
    "a wrong type before a right one": encode(IMAGE).replace(b'"layers"', b'"layers": 5, "layers"'),
    "size as text": layer(size="5"),
    "size too large": layer(size=2**63),
    "size as fraction": layer(size=5.0),
    "digest as number": layer(digest=5),
    "urls as text": layer(urls="x"),
    "urls of numbers": layer(urls=[5]),
    "annotation as number": layer(annotations={"a": 5}),
    "platform as text": layer(platform="linux"),
    "os.features as text": layer(platform={"os.features": "x"}),
    "annotations of an OCI image": encode(IMAGE, annotations=[]),
}


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("name", REFUSED_BY_BOTH)
def test_what_stops_both(name: str, version: Version) -> None:
    """There is a reason in words; it is not a crash."""
    reason = refusal(REFUSED_BY_BOTH[name], version)
    assert reason and not reason.startswith(gojson.PANIC)


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("manifests", [5, {}, "x", [5], [{"size": "5"}], [{"digest": []}]])
def test_what_both_crash_on(version: Version, manifests: Any) -> None:
    """Without a media type, anything in `manifests` that is not as it should be."""
    reason = refusal(encode(IMAGE, mediaType=..., manifests=manifests), version)
    assert reason is not None and reason.startswith(gojson.PANIC)


@pytest.mark.parametrize(
    ("content", "takers"),
    [
        (layer(data="YQ=="), [2, 3]),
        (layer(data="YQ\r\n=="), [2, 3]),
        (layer(data=[1, None, 255]), [2, 3]),
        (layer(data="YQ"), [2]),
        (layer(data=[256]), [2]),
        (layer(data={}), [2]),
        (layer(artifactType=5), [2]),
        (encode(INDEX, manifests=[{"platform": {"features": 5}}]), [3]),
        (encode(INDEX, mediaType=gojson.DOCKER_INDEX, manifests=[{"platform": {"features": 5}}]), []),
        (encode(INDEX, annotations=5), [2]),
        (encode(INDEX, mediaType=gojson.DOCKER_INDEX, annotations=5), [2, 3]),
        (encode(IMAGE, mediaType=gojson.DOCKER_MANIFEST, annotations=5), [2, 3]),
        (encode(INDEX, mediaType=..., annotations=5), [2]),
        (encode(IMAGE, mediaType=..., annotations=5), []),
        (encode(SCHEMA1, config=5), [2]),
        (encode(SCHEMA1, tag=5), []),
        (encode(SCHEMA1).replace(b'"app"', b'"app", "x": 1e999'), []),
        (encode(IMAGE).replace(b'"config"', b'"x": 1e999, "config"'), [2, 3]),
        (encode(IMAGE, subject=5, artifactType=5), [2, 3]),
        (encode(IMAGE).replace(B.encode(), b"\xff"), [2, 3]),
        (encode(IMAGE).replace(B.encode(), b"\\ud800"), [2, 3]),
        (layer(size=-(2**63)), [2, 3]),
        (layer(size=None, urls=[None], annotations={"a": None}, platform=None), [2, 3]),
    ],
)
def test_where_the_versions_differ(content: bytes, takers: list[int]) -> None:
    """3.x knows two fields more, 2.x takes both kinds of index for one; neither looks at what it does not know."""
    assert [version for version in BOTH if refusal(content, version) is None] == takers


def test_the_limit_of_4_mib() -> None:
    """Exactly 4 MiB is read."""
    content = encode(IMAGE)
    padding = b" " * (gojson.MANIFEST_BYTES_LIMIT - len(content))
    assert [refusal(content + padding + more, 2) is None for more in (b"", b" ")] == [True, False]


def test_texts_are_as_go_has_them() -> None:
    """Bytes that are not UTF-8, and halves of surrogate pairs, become U+FFFD."""
    assert digests(encode(IMAGE).replace(B.encode(), b"\xff\\ud800x")) == [A, "\ufffd\ufffdx"]


@pytest.mark.parametrize("seed", range(40))
def test_the_fast_way_reads_the_same(seed: int) -> None:
    """oci.parse_manifest takes a short cut for plain manifests; whatever it reads, Go reads the same."""
    rng = Random(seed)
    for document in (IMAGE, INDEX, SCHEMA1, {**IMAGE, "mediaType": None}, {**INDEX, "mediaType": ""}):
        content = json.dumps(document).encode()
        for _ in range(rng.randint(0, 3)):
            content = change_json(rng, content)
        reasons = [refusal(content, version) for version in BOTH]
        try:
            found = oci.parse_manifest(content)
        except oci.UnreadableManifestError as error:
            assert [error.refused_by_2, error.refused_by_3] == reasons
            continue
        assert [found.refused_by_2, found.refused_by_3] == reasons
        if None in reasons:
            follows = [r.digest for r in found.references if r.role is not oci.Role.SUBJECT]
            has_no_config = found.kind is oci.Kind.IMAGE and oci.Role.CONFIG not in {r.role for r in found.references}
            assert [""] * has_no_config + follows == digests(content, BOTH[reasons.index(None)])
