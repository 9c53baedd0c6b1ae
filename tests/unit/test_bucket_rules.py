"""The rules of buckets that need no server: addresses, parts, ranges, prices."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonnage.cli import main
from tonnage.errors import UsageError
from tonnage.scan.keys import list_keys
from tonnage.storage import Entry, Keys, Part
from tonnage.storage.bucket.address import Address, Cloud, is_bucket, parse_address
from tonnage.storage.bucket.counting import Requests, expect
from tonnage.storage.bucket.listing import Lister, in_parts, part_of
from tonnage.storage.memory import MemoryStorage


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://bucket", Address(Cloud.S3, "bucket")),
        ("s3://bucket/a/b/", Address(Cloud.S3, "bucket", "a/b")),
        ("gs://bucket/a", Address(Cloud.GCS, "bucket", "a")),
        ("az://container/a", Address(Cloud.AZURE, "container", "a")),
        ("abfss://container@name.dfs.core.windows.net/a", Address(Cloud.AZURE, "container", "a", account="name")),
        ("https://my.bucket.s3.eu-west-1.amazonaws.com/a/b", Address(Cloud.S3, "my.bucket", "a/b", "eu-west-1")),
        ("https://bucket.s3.amazonaws.com", Address(Cloud.S3, "bucket")),
        ("https://s3.eu-west-1.amazonaws.com/bucket/a", Address(Cloud.S3, "bucket", "a", "eu-west-1")),
        ("https://s3-eu-west-1.amazonaws.com/bucket", Address(Cloud.S3, "bucket", "", "eu-west-1")),
        ("https://storage.googleapis.com/bucket/a", Address(Cloud.GCS, "bucket", "a")),
        ("https://bucket.storage.googleapis.com/a", Address(Cloud.GCS, "bucket", "a")),
        ("https://name.blob.core.windows.net/container/a", Address(Cloud.AZURE, "container", "a", account="name")),
        (
            "https://name.blob.core.usgovcloudapi.net/container",
            Address(Cloud.AZURE, "container", account="name", endpoint="https://name.blob.core.usgovcloudapi.net"),
        ),
        (
            "abfss://container@name.dfs.core.chinacloudapi.cn/a",
            Address(Cloud.AZURE, "container", "a", account="name", endpoint="https://name.blob.core.chinacloudapi.cn"),
        ),
        (
            "https://bucket.s3.cn-north-1.amazonaws.com.cn/a",
            Address(Cloud.S3, "bucket", "a", "cn-north-1", endpoint="https://s3.cn-north-1.amazonaws.com.cn"),
        ),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    """Each form names a bucket, and what lies in it."""
    assert is_bucket(text)
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["/var/lib/registry", "https://registry.example.com", "http://localhost:5000", "ftp://x/y", "https://[::1"]
)
def test_no_address_of_a_bucket(text: str) -> None:
    """A folder is none, and a host that is not a cloud's may be a registry."""
    assert not is_bucket(text)


@pytest.mark.parametrize(
    "text",
    [
        "s3://", "s3:///prefix", "s3://la ke/x", "s3://lake/../x", "s3://lake/.", "s3://lake/a/../b", "s3://lake/a\nb",
        "s3://lake/a\x1b[2J", "s3://user:secret@lake/x", "gs://user@lake", "s3://[", "az://a%20b/x", "s3://..",
        "https://storage.googleapis.com/lake/%2e%2e/x", "https://s3.eu-west-1.amazonaws.com/la%20ke/x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["scan", "overview -i", "export -i demo.duckdb", "import"])
def test_what_cannot_be_an_address_is_said(
    text: str, command: str, demo_inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """In words of ours, before anybody is asked; what may be a login is not repeated."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo.duckdb").symlink_to(demo_inventory)
    with pytest.raises(UsageError):
        parse_address(text)
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), text])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "secret" not in said and "Traceback" not in said and "\x1b" not in said


COMPONENT = st.sampled_from(
    ["blobs", "repositories", "sha256", "ab", "_layers", "_uploads", "foo", "foo-bar", "data", "x"]
)
KEYS = st.sets(st.lists(COMPONENT, min_size=1, max_size=6).map("/".join), max_size=40)


def pages_of(paths: list[str], size: int) -> Iterator[Keys]:
    """Yield paths as pages."""
    for start in range(0, len(paths), size):
        page = paths[start : start + size]
        yield Keys(page, [1] * len(page), [0] * len(page), [""] * len(page))


@given(KEYS, st.integers(1, 7))
def test_parts_are_the_whole(keys: set[str], size: int) -> None:
    """Whatever the pages are, each key is in the one part its path says, in one piece."""
    found: dict[str, list[str]] = {}
    for part in in_parts(pages_of(sorted(keys), size)):
        if isinstance(part, Entry):
            assert part_of(part.path) == ""
            found[f"loose: {part.path}"] = [part.path]
        else:
            assert part.keys and part.prefix not in found
            found[part.prefix] = part.keys.paths
            assert {part_of(path) for path in part.keys.paths} == {part.prefix}
    assert sorted(path for paths in found.values() for path in paths) == sorted(keys)


def registry_keys(blobs_count: int, repositories: dict[str, int]) -> list[str]:
    """Return the sorted keys of a registry with so many blobs, and so many links in each repository."""
    chance = random.Random(1)
    blobs = [f"{chance.getrandbits(256):064x}" for _ in range(blobs_count)]
    keys = [f"blobs/sha256/{name[:2]}/{name}/data" for name in blobs]
    for name, count in repositories.items():
        keys += [f"repositories/{name}/_layers/sha256/{number:064x}/link" for number in range(count)]
    return sorted(keys)


@pytest.mark.parametrize(
    ("blobs_count", "repositories", "extra"),
    [
        (0, {}, 0), (900, {}, 0), (5_000, {"app": 3_000}, 0),
        (60_000, {"app": 1}, 3), (200_000, {}, 12),
        (10, {f"org{n}/app": 500 for n in range(100)}, 4), (10, {f"org/app{n}": 500 for n in range(100)}, 5),
        (10, {"a/huge": 60_000, "b": 10}, 2), (30_000, {f"r{n}": 300 for n in range(200)}, 7),
        (10, {f"{n:04}": 30 for n in range(2000)}, 6),
    ],
)  # fmt: skip
def test_ranges_are_the_whole_in_few_requests(blobs_count: int, repositories: dict[str, int], extra: int) -> None:
    """However a listing is split, each key comes once, for hardly more requests than there are pages."""
    keys = registry_keys(blobs_count, repositories)
    requests: list[str] = []

    def pages(start: str = "") -> Iterator[Keys]:
        behind = [key for key in keys if key > start]
        for number, page in enumerate(pages_of(behind, 1000)):
            requests.append(f"{start} {number}")
            yield page

    def folders(folder: str) -> list[str]:
        requests.append(folder)
        return sorted({key[len(folder) :].partition("/")[0] for key in keys if key.startswith(folder)})

    found = list(Lister(pages, folders, at_once=8).parts(pages()))
    paths = [path for part in found if isinstance(part, Part) and part.keys for path in part.keys.paths]
    assert sorted(paths) == keys
    assert len({part.prefix for part in found if isinstance(part, Part)}) == len(found)
    assert len(requests) <= -(-len(keys) // 1000) + extra


def test_a_listing_does_not_run_ahead() -> None:
    """However large its parts are, it waits once some ten thousand keys wait to be taken."""
    listed = [0]

    def pages(start: str) -> Iterator[Keys]:
        for shard in range(100):
            names = (f"blobs/sha256/{shard:02x}/{shard:02x}{number:062x}/data" for number in range(2_000))
            yield from pages_of(list(names), 1000)
            listed[0] += 2_000

    parts = Lister(pages, None, at_once=2).parts(pages(""))
    next(parts)
    time.sleep(0.3)
    assert 8_000 <= listed[0] <= 16_000
    assert sum(1 for _ in parts) == 99


def test_what_a_listing_raises_is_raised() -> None:
    """A failure in a range is not a short listing."""

    def pages(start: str) -> Iterator[Keys]:
        yield from pages_of(registry_keys(1_000, {}), 1000)
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        list(Lister(pages, None, at_once=2).parts(pages("")))


# --- links proven by their ETags -----------------------------------------------------------------------------------


class Reading(MemoryStorage):
    """A storage that tells what was read."""

    requests_at_once = 2

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(files)
        self.read_paths: list[str] = []

    def read(self, path: str, limit_bytes: int) -> bytes:
        self.read_paths.append(path)
        return super().read(path, limit_bytes)


def links(count: int, **wrong: str) -> dict[str, bytes]:
    """Return revision links of a repository, some of which hold another digest."""
    found = {}
    for number in range(count):
        name = f"{number:064x}"
        content = wrong.get(f"at_{number}", name)
        found[f"repositories/app/_manifests/revisions/sha256/{name}/link"] = b"sha256:" + content.encode()
    return found


def read_of(files: dict[str, bytes], etag: str = "md5", reads_links: bool = False) -> tuple[list[str], list[object]]:
    """Return the paths that are read, and the digests that come out, of links with ETags of some kind."""
    storage = Reading(files)
    paths = sorted(files)
    etags = [md5(files[path]).hexdigest() if etag == "md5" else etag for path in paths]
    keys = Keys(paths, [len(files[path]) for path in paths], [0] * len(paths), etags)
    listed = list_keys(storage, "repositories/app/_manifests", keys, None, reads_links)
    digests = [digest for batch in listed.batches or () for digest in batch["Revision"][2]]
    return storage.read_paths, sorted(digests, key=str)


def test_a_proven_link_is_not_read() -> None:
    """Its ETag is the MD5 of what it should hold."""
    read, digests = read_of(links(5))
    assert (read, len(set(digests))) == ([], 5)


def test_a_link_that_differs_is_read() -> None:
    """Among others that are proven it is damaged."""
    read, digests = read_of(links(5, at_2="f" * 64))
    assert {path.split("/")[5] for path in read} == {f"{2:064x}"}
    assert f"sha256:{'f' * 64}" in digests


@pytest.mark.parametrize("etag", ["", "0x8DC0FFEE", "a" * 32, "a" * 32 + "-2"])
def test_links_whose_etags_tell_nothing_are_taken_at_their_word(etag: str) -> None:
    """On Azure, under SSE-KMS, and for uploads in parts; with --thorough they are read."""
    assert read_of(links(5), etag)[0] == []
    assert len(read_of(links(5), etag, reads_links=True)[0]) == 5


def test_prices() -> None:
    """A million keys and a hundred thousand manifests on S3."""
    assert Requests(1000, 100_000).price_dollars(Cloud.S3) == pytest.approx(0.045)


def test_what_is_expected_is_told_from_the_first_page() -> None:
    """From how close the digests lie: about as many blobs as there are."""
    keys = registry_keys(100_000, {})
    [first] = pages_of(keys[:1000], 1000)
    expected = expect(first, Cloud.S3)
    assert 250 < expected.lists_count < 350
    assert 40_000 < expected.gets_count < 60_000
