"""A path below `v2/` tells what a file is: by position, whatever the names are."""

from __future__ import annotations

import pytest

from tonnage.formats.layout import (
    Located,
    Place,
    blob_path,
    is_full_digest,
    is_tag_name,
    link_size,
    locate,
    parse_link,
)

A64 = "ab" + "0" * 62
A96 = "ab" + "0" * 94
A128 = "ab" + "0" * 126
SHA256 = f"sha256:{A64}"

REPOSITORY = "repositories/org/app"
TEMPLATES = {
    f"blobs/sha256/ab/{A64}/data": Located(Place.BLOB, digest=SHA256),
    f"blobs/sha384/ab/{A96}/data": Located(Place.BLOB, digest=f"sha384:{A96}"),
    f"blobs/sha512/ab/{A128}/data": Located(Place.BLOB, digest=f"sha512:{A128}"),
    "blobs/sha256/ab/abcdef1/data": Located(Place.BLOB, digest="sha256:abcdef1"),
    f"{REPOSITORY}/_manifests/revisions/sha256/{A64}/link": Located(Place.REVISION, "org/app", digest=SHA256),
    f"{REPOSITORY}/_manifests/revisions/sha256/{A64}/signatures/sha256/{A64}/link": Located(
        Place.SIGNATURE, "org/app", digest=SHA256
    ),
    f"{REPOSITORY}/_manifests/tags/1.0/current/link": Located(Place.TAG, "org/app", "1.0"),
    f"{REPOSITORY}/_manifests/tags/1.0/index/sha256/{A64}/link": Located(Place.TAG_HISTORY, "org/app", "1.0", SHA256),
    f"{REPOSITORY}/_layers/sha256/{A64}/link": Located(Place.LAYER_LINK, "org/app", digest=SHA256),
    f"{REPOSITORY}/_layers/sha512/{A128}/link": Located(Place.LAYER_LINK, "org/app", digest=f"sha512:{A128}"),
    f"{REPOSITORY}/_uploads/some-id/startedat": Located(Place.UPLOAD, "org/app", "some-id", part="startedat"),
    f"{REPOSITORY}/_uploads/some-id/data": Located(Place.UPLOAD, "org/app", "some-id", part="data"),
    f"{REPOSITORY}/_uploads/some-id/hashstates/sha256/108": Located(
        Place.UPLOAD, "org/app", "some-id", part="hashstates"
    ),
    f"{REPOSITORY}/_referrers/_subjects/sha256/{A64}/sha256/{A64}/link": Located(
        Place.REFERRER, "org/app", digest=SHA256
    ),
    f"{REPOSITORY}/_refs/subjects/sha256/{A64}/link": Located(Place.REFERRER, "org/app", digest=SHA256),
}


@pytest.mark.parametrize(("path", "expected"), TEMPLATES.items())
def test_every_template_is_known(path: str, expected: Located) -> None:
    """Each file the registry or an ancestor of it writes has its own place."""
    assert locate(path) == expected


@pytest.mark.parametrize("path", TEMPLATES)
def test_one_part_more_or_less_is_a_stray(path: str) -> None:
    """A template holds for its whole length: neither its folders nor what lies below it are that thing."""
    assert locate(f"{path}/x").place is Place.STRAY
    assert locate(path.rpartition("/")[0]).place is Place.STRAY


@pytest.mark.parametrize(
    "tag", ["link", "index", "current", "tags", "sha256", "_x", "data", "A" * 128, "sha256-ab.sig"]
)
def test_tags_go_by_position(tag: str) -> None:
    """A tag may bear the name of any folder of the layout."""
    folder = f"{REPOSITORY}/_manifests/tags/{tag}"
    assert locate(f"{folder}/current/link") == Located(Place.TAG, "org/app", tag)
    assert locate(f"{folder}/index/sha256/{A64}/link") == Located(Place.TAG_HISTORY, "org/app", tag, SHA256)


@pytest.mark.parametrize("name", ["tags", "blobs/sha256", "a", "foo/1st", "link", "a/b/c/d/e", "blobs", "Foo", "x__y"])
def test_a_repository_ends_before_the_first_underscore(name: str) -> None:
    """Whatever a repository is called, legally or not, its name is all that comes before the first `_` part."""
    assert locate(f"repositories/{name}/_manifests/tags/1/current/link") == Located(Place.TAG, name, "1")
    assert locate(f"repositories/{name}/_layers/sha256/{A64}/link").repository == name


STRAYS = [
    "",
    "blobs",
    "blobs/data",
    "blobs/sha256/data",
    "blobs/sha256/zz/zzz/data",
    f"blobs/sha256/cd/{A64}/data",
    f"blobs/sha256/AB/{A64.upper()}/data",
    f"blobs/md5/ab/{A64[:32]}/data",
    f"blobs/sha256/ab/{A64}/._data",
    f"blobs/sha256/ab/{A64}/data.c0ffee.tmp",
    f"blobs/sha256/ab/{A64}/link",
    f"Blobs/sha256/ab/{A64}/data",
    "repositories",
    "repositories/",
    "repositories/README",
    "repositories/org/app/notes",
    f"repositories/_layers/sha256/{A64}/link",
    f"repositories/_manifests/revisions/sha256/{A64}/link",
    "lost+found/x",
    "scheduler-state.json",
    f"_layers/sha256/{A64}/link",
]


@pytest.mark.parametrize("path", STRAYS)
def test_what_fits_no_template_is_a_stray(path: str) -> None:
    """Accidents, other systems' droppings and half paths are strays of no repository."""
    assert locate(path) == Located(Place.STRAY)


@pytest.mark.parametrize(
    "below",
    [
        "_layers",
        "_layers/sha256/xyz/link",
        f"_layers/md5/{A64}/link",
        f"_layers/sha256/{A64}/data",
        "_manifests/revisions/link",
        f"_manifests/revisions/sha256/{A64.upper()}/link",
        f"_manifests/{A64}",
        "_uploads/some-id",
        "_uploads/some-id/other",
        "_uploads/some-id/hashstates/sha256",
        "_cache/x",
        "_x",
    ],
)
def test_strays_in_a_repository_know_it(below: str) -> None:
    """A stray below a repository's own folders is told with its repository."""
    assert locate(f"{REPOSITORY}/{below}") == Located(Place.STRAY, "org/app")


@pytest.mark.parametrize(
    "below", ["", "/current", "/current/other", "/index", f"/index/sha256/{A64}", "/index/sha256/xyz", "/.DS_Store"]
)
def test_strays_in_a_tag_know_it(below: str) -> None:
    """A stray in a tag's folder is told with its tag, so that a tag without a link is still a tag."""
    located = locate(f"{REPOSITORY}/_manifests/tags/1.0{below}")
    assert (located.place, located.repository, located.name) == (Place.STRAY, "org/app", "1.0")


@pytest.mark.parametrize("digest", [SHA256, f"sha384:{A96}", f"sha512:{A128}", "sha256:abcdef1"])
def test_a_blobs_path_and_its_digest_are_one(digest: str) -> None:
    """From a digest to its path and back."""
    assert locate(blob_path(digest)) == Located(Place.BLOB, digest=digest)


@pytest.mark.parametrize(
    ("content", "digest"),
    [
        (SHA256.encode(), SHA256),
        (f"sha512:{A128}".encode(), f"sha512:{A128}"),
        (b"sha256:abcdef1", "sha256:abcdef1"),
        (f"{SHA256}\n".encode(), None),
        (f" {SHA256}".encode(), None),
        (f"{SHA256}\0".encode(), None),
        (SHA256.upper().encode(), None),
        (f"sha256:{A64.upper()}".encode(), None),
        (A64.encode(), None),
        (b"md5:abc", None),
        (b"sha256:", None),
        (b"sha256", None),
        (b"", None),
        (b"{}", None),
        (b"\xff\xfe", None),
        ("sha256:\u0661".encode(), None),
    ],
)
def test_a_link_holds_a_digest_and_nothing_else(content: bytes, digest: str | None) -> None:
    """A newline is already too much; the registry refuses it as well."""
    assert parse_link(content) == digest


@pytest.mark.parametrize(
    ("digest", "is_full"),
    [
        (SHA256, True),
        (f"sha384:{A96}", True),
        (f"sha512:{A128}", True),
        (f"sha256:{A128}", False),
        (f"sha256:{A64[:-1]}", False),
        (f"sha256:{A64.upper()}", False),
        ("sha256:" + "g" * 64, False),
        ("sha256:" + "0" * 63 + "\n", False),
        (f"md5:{A64}", False),
        ("", False),
        ("sha256", False),
    ],
)
def test_a_full_digest_has_its_algorithms_length(digest: str, is_full: bool) -> None:
    """Known algorithm, lower case, all digits: what the registry itself accepts."""
    assert is_full_digest(digest) is is_full


def test_a_link_is_as_long_as_its_digest() -> None:
    """71 bytes for sha256, 135 for sha512."""
    assert (link_size(SHA256), link_size(f"sha512:{A128}")) == (71, 135)


def test_tag_names() -> None:
    """Up to 128 letters, digits, `.`, `_` and `-`, of which neither `.` nor `-` comes first."""
    assert all(map(is_tag_name, ["latest", "Latest", "_x", "1.0-rc.1", "A" * 128, "link"]))
    assert not any(map(is_tag_name, [".hidden", "-x", "x+y", "a b", "A" * 129, "", "é", "a/b", "a\n"]))
