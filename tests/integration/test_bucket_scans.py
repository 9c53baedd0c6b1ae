"""Scans of buckets: the same inventory as from a disk, in as few requests as there can be."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buckets import ROOT, AzuriteStore, FolderStore, MotoStore, below_root, scan_bucket, unlike
from faultproxy import Proxy, proxy_before
from scanning import (
    answer,
    column,
    differences,
    everything,
    files_below,
    problems,
    scan_storage,
    scan_tree,
)
from seeds import some
from storage_suite import sizes, walk
from tonnage.errors import BucketError
from tonnage.formats.layout import Place, locate
from tonnage.sample import Builder
from tonnage.storage.bucket import listing
from tonnage.storage.opening import OpenOptions, open_storage

pytestmark = pytest.mark.usefixtures("cloud_environment")


def small_registry(registry: Builder) -> Path:
    """Fill a registry with what has several ways of being stored; return its `v2`."""
    base = registry.layer(b"base" * 50)
    for number in range(3):
        app = registry.repository(f"org/app{number}")
        one = app.image([base, registry.layer(b"layer %d" % number)], tag="1")
        other = app.image([base, registry.layer(b"other %d" % number)], tag="1")
        app.index([one, other], tag="multi")
    registry.repository("foo").image([base], tag="latest")
    registry.repository("foo/bar").image([base], tag="latest")
    registry.repository("foo-bar").image([base], tag="latest")
    (registry.v2 / "scheduler-state.json").write_text("{}")
    (registry.v2 / "repositories" / "README").write_text("stray")
    damaged = registry.v2 / "repositories" / "foo" / "_manifests" / "tags" / "latest" / "current" / "link"
    damaged.write_text("sha256:none")
    return registry.v2


@pytest.fixture(params=["moto", "rclone", "rclone_md5", "gcs", "azurite"])
def store(request: pytest.FixtureRequest) -> Any:
    """Each of the clouds."""
    return request.getfixturevalue(request.param)


def test_a_bucket_gives_the_inventory_of_the_disk(store: Any, registry: Builder, tmp_path: Path) -> None:
    """Row for row, in every view, but for times and empty folders; at the root or below a prefix."""
    v2 = small_registry(registry)
    files = below_root(files_below(v2))
    scan_tree(registry.root, tmp_path / "disk.duckdb")
    address = store.make({f"some/where/{key}": content for key, content in files.items()})
    scan_bucket(store, f"{address}/some/where/", tmp_path / "bucket.duckdb")
    assert unlike(tmp_path / "disk.duckdb", tmp_path / "bucket.duckdb") == {}
    location = column(tmp_path / "bucket.duckdb", "select location from scan")
    assert location == [f"{address}/some/where/{ROOT}"]


def test_a_rescan_reads_what_is_new(store: Any, registry: Builder, tmp_path: Path) -> None:
    """A second scan reads nothing, a third what was pushed in between, and each is what a fresh one would be."""
    small_registry(registry)
    before = below_root(files_below(registry.v2))
    address = store.make(before)
    inventory = tmp_path / "bucket.duckdb"
    scan_bucket(store, address, inventory)
    assert column(inventory, "select max(read_count) from scan where scan_id = 1") != [0]
    scan_bucket(store, address, inventory)
    registry.repository("new").image([registry.layer(b"new")], tag="1")
    for key, content in below_root(files_below(registry.v2)).items():
        if before.get(key) != content:
            store.put(address, key, content)
    scan_bucket(store, address, inventory)
    assert column(inventory, "select read_count from scan order by scan_id")[1:] == [0, 2]
    scan_bucket(store, address, tmp_path / "fresh.duckdb")
    assert differences(everything(inventory), everything(tmp_path / "fresh.duckdb")) == {}


# --- requests -------------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(rclone_md5: FolderStore) -> Iterator[tuple[FolderStore, Proxy]]:
    """An S3 with ETags that tell, and a proxy before it that counts."""
    with proxy_before(rclone_md5.options.endpoint) as proxy:
        through = FolderStore(rclone_md5.folder, proxy.url, "s3")
        yield through, proxy


def numbers_of(v2: Path) -> dict[str, int]:
    """Return how many of each kind of file there are."""
    places = [locate(path).place for path in files_below(v2)]
    return {place.value: places.count(place) for place in Place}


def test_requests_are_at_the_limit(counted: tuple[FolderStore, Proxy], registry: Builder, tmp_path: Path) -> None:
    """One LIST for a thousand keys and one more at the end, one GET for each manifest and config, none for links.

    And one HEAD, which tells whether it is a pull-through cache.
    """
    store, proxy = counted
    repository = registry.repository("app")
    for number in range(150):
        repository.image([registry.layer(b"%d" % number)], tag=str(number))
    keys_count = sum(numbers_of(registry.v2).values())
    assert keys_count > 1000
    address = store.make(below_root(files_below(registry.v2)))
    scan_bucket(store, address, tmp_path / "i.duckdb")
    lists_count = -(-keys_count // 1000) + 1
    assert (proxy.counts["list"], proxy.counts["get"], proxy.counts["head"]) == (lists_count, 300, 1)
    proxy.counts.clear()
    scan_bucket(store, address, tmp_path / "i.duckdb")
    assert (proxy.counts["list"], proxy.counts["get"], proxy.counts["head"]) == (lists_count, 0, 1)


def test_what_is_counted_is_what_is_sent(counted: tuple[FolderStore, Proxy], registry: Builder, tmp_path: Path) -> None:
    """The numbers of --count-requests are those a proxy sees."""
    store, proxy = counted
    storage = open_storage(
        store.make(below_root(files_below(small_registry(registry)))), OpenOptions(bucket=store.options)
    )
    scan_storage(storage, tmp_path / "i.duckdb")
    lists, gets, others = proxy.counts["list"], proxy.counts["get"], proxy.counts["head"] + proxy.counts["other"]
    assert storage.describe_requests().startswith(f"spent {lists} LISTs, {gets} GETs, {others} others: about $0.00")


def test_tags_are_read_where_etags_tell_nothing(rclone: FolderStore, registry: Builder, tmp_path: Path) -> None:
    """One GET for each tag, and none for a revision or a layer link."""
    repository = registry.repository("app")
    for number in range(20):
        repository.image([registry.layer(b"%d" % number)], tag=str(number))
    with proxy_before(rclone.options.endpoint) as proxy:
        store = FolderStore(rclone.folder, proxy.url, "s3")
        address = store.make(below_root(files_below(registry.v2)))
        scan_bucket(store, address, tmp_path / "i.duckdb")
        assert proxy.counts["get"] == 20 + 40
        scan_bucket(store, address, tmp_path / "i.duckdb", thorough=True)
        assert proxy.counts["get"] == 20 + 40 + 20 + 20 + 40  # tags, revisions, layer links


@pytest.mark.parametrize("name", ["rclone", "gcs"])
def test_a_long_listing_is_split(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranges are listed from keys on, whole; here they are split into many small ones."""
    monkeypatch.setattr(listing, "PAGES_PER_RANGE", 1)
    store: FolderStore = request.getfixturevalue(name)
    chance = random.Random(1)
    files = {}
    for number in range(1500):
        digest = f"{chance.getrandbits(256):064x}"
        files[f"blobs/sha256/{digest[:2]}/{digest}/data"] = b"x"
        files[f"repositories/org{number % 9}/app/_layers/sha256/{digest}/link"] = b"sha256:" + digest.encode()
    address = store.make(below_root(files))
    with proxy_before(store.options.endpoint) as proxy:
        storage = open_storage(address, OpenOptions(bucket=store.options._replace(endpoint=proxy.url)))
        listed = sizes(walk(storage))
        assert proxy.counts["list"] > 4
    assert listed == {path: len(content) for path, content in files.items()}


# --- what buckets have and disks do not -----------------------------------------------------------------------------


@pytest.mark.parametrize("marker", ["", "repositories/", "repositories/foo/_uploads/"])
def test_markers_of_folders_are_no_files(moto: MotoStore, registry: Builder, tmp_path: Path, marker: str) -> None:
    """Empty objects whose keys end in a slash are left out."""
    files = below_root(files_below(small_registry(registry)))
    address = moto.make(files)
    scan_bucket(moto, address, tmp_path / "without.duckdb")
    moto.s3().put_object(Bucket=address[5:], Key=f"{ROOT}/{marker}", Body=b"")
    scan_bucket(moto, address, tmp_path / "with.duckdb")
    assert differences(everything(tmp_path / "without.duckdb"), everything(tmp_path / "with.duckdb")) == {}


ODD_KEYS = ("a//b", "repositories/foo/../x", "repositories/foo/_layers//")


def scans_with_an_odd_key(store: Any, address: str, key: str, tmp_path: Path) -> None:
    """Scan a bucket where a key that is not a path was put: it is a stray with a problem, and all the rest is counted."""
    scan_bucket(store, address, tmp_path / "with.duckdb")
    assert problems(tmp_path / "with.duckdb") - problems(tmp_path / "without.duckdb") == {("odd_key", key)}
    found = differences(everything(tmp_path / "without.duckdb"), everything(tmp_path / "with.duckdb"))
    assert found.keys() == {"stray", "problem", "class_total"}
    assert [row[0] for row in found["stray"][1]] == [key]


@pytest.mark.parametrize("key", ["repositories/foo/a\x01b", *some(ODD_KEYS, 2)])
def test_a_key_that_is_no_path_is_named(moto: MotoStore, registry: Builder, tmp_path: Path, key: str) -> None:
    """On S3; and a key with a control character, which a listing in XML cannot have as it is."""
    address = moto.make(below_root(files_below(small_registry(registry))))
    scan_bucket(moto, address, tmp_path / "without.duckdb")
    moto.s3().put_object(Bucket=address[5:], Key=f"{ROOT}/{key}", Body=b"12345")
    scans_with_an_odd_key(moto, address, key, tmp_path)


@pytest.mark.parametrize("key", ODD_KEYS)
def test_such_a_key_on_gcs(moto: MotoStore, registry: Builder, tmp_path: Path, key: str) -> None:
    """There the scan says which key it is, and that a report of the keys is a way round it."""
    name = f"odd{ODD_KEYS.index(key)}in{os.getpid()}"  # obstore codes a dash, and moto does not take that
    moto.make_bucket(name)
    for path, content in below_root(files_below(small_registry(registry))).items():
        moto.s3().put_object(Bucket=name, Key=path, Body=content, ACL="public-read")
    scan_bucket(moto, f"gs://{name}", tmp_path / "without.duckdb")
    moto.s3().put_object(Bucket=name, Key=f"{ROOT}/{key}", Body=b"12345")
    with pytest.raises(BucketError, match="is not a path") as caught:
        scan_bucket(moto, f"gs://{name}", tmp_path / "without.duckdb")
    assert key in caught.value.message and "--keys" in caught.value.next_step


@pytest.mark.parametrize("login", ["key", "signature", "slashes"])
def test_such_keys_on_azure(
    azurite: AzuriteStore, registry: Builder, tmp_path: Path, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the account's key, with a shared access signature, and where 2.x begins each key with a slash."""
    files = below_root(files_below(small_registry(registry)))
    slash = "/" if login == "slashes" else ""
    address = azurite.make({})
    for key, content in files.items():
        azurite.put_raw(address, f"{slash}{key}", content)
    if login == "signature":
        monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
        monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", azurite.signature())
    scan_bucket(azurite, address, tmp_path / "without.duckdb")
    for key in ODD_KEYS[::2]:
        azurite.put_raw(address, f"{slash}{ROOT}/{key}", b"12345")
        with pytest.raises(BucketError, match="is not a path") as caught:
            scan_bucket(azurite, address, tmp_path / "without.duckdb")
        assert key in caught.value.message and "--keys" in caught.value.next_step
        azurite.remove_raw(address, f"{slash}{ROOT}/{key}")


def test_open_uploads_in_parts_are_counted(moto: MotoStore, registry: Builder, tmp_path: Path) -> None:
    """They are a class of their own, with the bytes of their parts."""
    address = moto.make(below_root(files_below(small_registry(registry))))
    s3, name, key = moto.s3(), address[5:], f"{ROOT}/repositories/foo/_uploads/1/data"
    upload_id = s3.create_multipart_upload(Bucket=name, Key=key)["UploadId"]
    for number, size in enumerate((6_000_000, 1_000), 1):
        s3.upload_part(Bucket=name, Key=key, UploadId=upload_id, PartNumber=number, Body=bytes(size))
    scan_bucket(moto, address, tmp_path / "i.duckdb")
    found = answer(tmp_path / "i.duckdb", "select path, upload_id, size_bytes from multipart_upload")
    assert found == [(key.removeprefix(f"{ROOT}/"), upload_id, 6_001_000)]
    assert answer(tmp_path / "i.duckdb", "from class_total where class = 'multipart'") == [("multipart", 1, 6_001_000)]


def test_old_versions_are_counted_apart(moto: MotoStore, registry: Builder, tmp_path: Path) -> None:
    """What was deleted or overwritten is a class of its own, and all else is as without versions."""
    files = below_root(files_below(small_registry(registry)))
    address = moto.make(files)
    scan_bucket(moto, address, tmp_path / "without.duckdb")
    s3, name = moto.s3(), address[5:]
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    digest = "ab" * 32
    for key, size in ((f"{ROOT}/blobs/sha256/ab/{digest}/data", 7), (f"{ROOT}/loose", 5)):
        s3.put_object(Bucket=name, Key=key, Body=bytes(size))
        s3.delete_object(Bucket=name, Key=key)
    for _ in range(2):  # the second time it is carried over
        scan_bucket(moto, address, tmp_path / "with.duckdb")
        found = answer(tmp_path / "with.duckdb", "select path, digest, size_bytes from old_version order by path")
        assert found == [(f"blobs/sha256/ab/{digest}/data", f"sha256:{digest}", 7), ("loose", None, 5)]
    changed = differences(everything(tmp_path / "without.duckdb"), everything(tmp_path / "with.duckdb"))
    assert changed.keys() == {"old_version", "problem", "class_total"}
    assert changed["class_total"][1] == [("versions", 2, 12)]


@pytest.mark.parametrize("is_named", [False, True])
def test_keys_of_2_on_azure_begin_with_a_slash(
    azurite: AzuriteStore, registry: Builder, tmp_path: Path, is_named: bool
) -> None:
    """2.x writes them so on Azure alone; they are found, listed and read."""
    files = below_root(files_below(small_registry(registry)))
    address = azurite.make({})
    for key, content in files.items():
        azurite.put_raw(address, f"/{key}", content)
    scan_bucket(azurite, f"{address}/{ROOT}" if is_named else address, tmp_path / "bucket.duckdb")
    scan_tree(registry.root, tmp_path / "disk.duckdb")
    assert unlike(tmp_path / "disk.duckdb", tmp_path / "bucket.duckdb") == {}


def test_other_things_in_the_bucket_are_left_alone(moto: MotoStore, registry: Builder, tmp_path: Path) -> None:
    """Only what is below the registry's root is listed."""
    files = below_root(files_below(small_registry(registry)))
    address = moto.make({**files, "aaa": b"1", "docker/other": b"2", "zzz/blobs/x": b"3"})
    scan_bucket(moto, address, tmp_path / "bucket.duckdb")
    scan_tree(registry.root, tmp_path / "disk.duckdb")
    assert unlike(tmp_path / "disk.duckdb", tmp_path / "bucket.duckdb") == {}
