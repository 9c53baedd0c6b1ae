"""Documents nested deeper than Python's readers go: they are read as Go reads them, and refused where Go refuses them."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from tonnage.formats import deepjson, gojson
from tonnage.formats.image_config import parse_config
from tonnage.formats.image_layout import parse_index
from tonnage.formats.oci import Kind, UnreadableManifestError, parse_manifest
from tonnage.sample import documents

LEVELS = (10, 399, 400, 500, 990, 1_000, 5_000, 9_998)
"""Levels of a value that nobody reads, in a document that adds one."""
NESTED = {"lists": ("[", "]"), "objects": ('{"a":', "}"), "mixed": ('{"a":[', "]}")}
DIGEST = documents.digest_of(b"x")
DOCUMENTS: dict[str, dict[str, Any]] = {
    "image": {
        "schemaVersion": 2,
        "mediaType": documents.OCI_MANIFEST,
        "config": {"digest": DIGEST, "size": 1},
        "layers": [{"digest": DIGEST, "size": 1}],
        "subject": {"digest": DIGEST, "size": 1},
    },
    "no media type": {"schemaVersion": 2, "manifests": [{"digest": DIGEST, "size": 1}]},
    "schema 1": {"schemaVersion": 1, "fsLayers": [{"blobSum": DIGEST}]},
}


def with_deep(document: dict[str, Any], levels: int, nested: str = "lists", core: str = "") -> bytes:
    """Return the document with a value of so many levels under a key that nobody knows."""
    begin, end = NESTED[nested]
    count = levels // 2 if nested == "mixed" else levels
    core = core or ("1" if nested == "objects" else "")
    return f'{json.dumps(document)[:-1]}, "unread": {begin * count}{core}{end * count}}}'.encode()


@pytest.mark.parametrize("nested", NESTED)
@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_nobody_reads_may_be_deep(name: str, levels: int, nested: str) -> None:
    """The manifest is read as if it were not there."""
    document = DOCUMENTS[name]
    assert parse_manifest(with_deep(document, levels, nested)) == parse_manifest(json.dumps(document).encode())


@pytest.mark.parametrize("nested", ["lists", "objects"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_limit_of_go(name: str, nested: str) -> None:
    """10,000 levels are read, the document's own included; one more is refused."""
    parse_manifest(with_deep(DOCUMENTS[name], deepjson.LEVELS_LIMIT - 1, nested))
    for levels in (deepjson.LEVELS_LIMIT, 100_000):
        with pytest.raises(UnreadableManifestError, match="nested deeper"):
            parse_manifest(with_deep(DOCUMENTS[name], levels, nested))


def test_a_number_too_large_for_a_float_is_found_at_any_depth() -> None:
    """Schema 1 is decoded as a whole by 2.x; in other kinds nobody looks."""
    for levels in (10, 100, 5_000):
        with pytest.raises(UnreadableManifestError, match="no float can hold"):
            parse_manifest(with_deep(DOCUMENTS["schema 1"], levels, core="1e999"))
        assert parse_manifest(with_deep(DOCUMENTS["schema 1"], levels, core="1e9")).kind is Kind.SCHEMA1
        assert parse_manifest(with_deep(DOCUMENTS["image"], levels, core="1e999")).kind is Kind.IMAGE


@pytest.mark.parametrize(
    "core", ["x", "[", "}", "]", '"', "1 2", "01", "nul", ",", "1,", '"\\x"', '{"a"}', "{1:2}", "NaN"]
)
def test_what_is_not_json_deep_down_is_refused(core: str) -> None:
    """What lies deeper than anybody reads is checked all the same."""
    for levels in (10, 100, 5_000):
        with pytest.raises(UnreadableManifestError, match="not JSON"):
            parse_manifest(with_deep(DOCUMENTS["image"], levels, core=core))


def test_configurations_and_indexes_of_layouts() -> None:
    """They are documents of the same kind."""
    config = parse_config(with_deep({"os": "linux", "config": {"Labels": {"a": "b"}}}, 5_000))
    assert (config.os, config.labels) == ("linux", {"a": "b"})
    index = parse_index(with_deep({"manifests": [{"digest": DIGEST, "size": 1}]}, 5_000))
    assert [listed.digest for listed in index.manifests] == [DIGEST]


def some_json(rng: Random, levels: int) -> Any:
    """Return a random document of at most so many levels."""
    draw = rng.random()
    if levels and draw < 0.4:
        return [some_json(rng, levels - 1) for _ in range(rng.randint(0, 3))]
    if levels and draw < 0.8:
        return {rng.choice('abc\n"\\ü[{'): some_json(rng, levels - 1) for _ in range(rng.randint(0, 3))}
    return rng.choice([None, True, False, 0, -1.5, 1e-9, "", "x\u2028\t", '"[', "\\"])


@pytest.mark.parametrize("seed", range(40))
def test_what_is_not_deep_stays_as_it_is(seed: int) -> None:
    """To the token; and what Python's strict reader refuses is refused, whatever was done to the text."""
    rng = Random(seed)
    for _ in range(20):
        document = some_json(rng, 12)
        text = json.dumps(document, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1]))
        assert json.loads(deepjson.shallow(text)) == document
        position = rng.randrange(len(text) + 1)
        changed = text[:position] + rng.choice([*'[]{},:"\\0-.e \n', "", "nul"]) + text[position + rng.randint(0, 2) :]
        assert is_refused(deepjson.shallow, changed) == is_refused(strict, changed), changed


def strict(text: str) -> Any:
    """Read JSON as Go does: Python's reader takes NaN as well."""
    return json.loads(text, parse_constant=gojson._refuse_constant)


def is_refused(read: Any, text: str) -> bool:
    """Return whether a reader refuses a text."""
    try:
        read(text)
    except ValueError:
        return True
    return False
