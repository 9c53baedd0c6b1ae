"""The files in a layer: listed from any packing, within bounds, whatever it was that someone pushed."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from backports import zstd

from pages import served
from scanning import scan_tree
from tonnage.cli import program
from tonnage.errors import StorageUnreadableError, UsageError
from tonnage.inventory.database import Inventory
from tonnage.layers.listing import Limits, Listing, list_files
from tonnage.layers.opening import files_of
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

PACKINGS = {"plain": lambda data: data, "gzip": gzip.compress, "zstd": zstd.compress,
            "two gzips": lambda data: gzip.compress(data[:700]) + gzip.compress(data[700:])}  # fmt: skip
FORMATS = {"gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT, "ustar": tarfile.USTAR_FORMAT}
NAMES = {"etc/passwd": 700, "usr/lib/" + "x" * 180 + "/lib.so": 90_000, "empty": 0, "ünï/漢字": 12, "a" * 99: 513}


def archive(form: int = tarfile.PAX_FORMAT, sizes: dict[str, int] | None = None) -> bytes:
    """Return a tar with these files, a folder and a link in it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        folder = tarfile.TarInfo("usr")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "etc/passwd"
        tar.addfile(link)
        for name, size in (NAMES if sizes is None else sizes).items():
            entry = tarfile.TarInfo(name)
            entry.size = size
            tar.addfile(entry, io.BytesIO(b"x" * size))
    return out.getvalue()


def pieces(data: bytes, size: int = 1000) -> Iterator[bytes]:
    """Yield some bytes piece by piece."""
    return (data[at : at + size] for at in range(0, len(data), size))


def listed(data: bytes, limits: Limits = Limits(), size: int = 1000) -> Listing:  # noqa: B008 - immutable
    """Return the listing of some bytes."""
    return list_files(pieces(data, size), limits)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("size", [1, 7, 65_536])
def test_files_are_listed_largest_first(form: str, packing: str, size: int) -> None:
    """As Python's own reader sees them."""
    names = dict(NAMES) if form != "ustar" else {name: count for name, count in NAMES.items() if len(name) < 150}
    listing = listed(PACKINGS[packing](archive(FORMATS[form], names)), size=size)
    assert [(file.path, file.size_bytes) for file in listing.largest] == sorted(
        names.items(), key=lambda each: -each[1]
    )
    assert (listing.files_count, listing.content_bytes, listing.stopped) == (len(names), sum(names.values()), "")


def test_only_the_largest_are_kept() -> None:
    """All are counted."""
    listing = listed(archive(sizes={f"f{number}": number for number in range(200)}))
    assert len(listing.largest) == 50 and listing.largest[0].size_bytes == 199 and listing.files_count == 200


def test_bounds_end_the_reading() -> None:
    """Of entries, of bytes, of time; what was found before is told."""
    data = gzip.compress(archive(sizes={f"f{number}": 5000 for number in range(300)}))
    assert listed(data, Limits(entries_count=100)).stopped == "entries"
    assert listed(data, Limits(content_bytes=100_000)).stopped == "bytes"
    clock = iter(range(1_000_000))
    stopped = list_files(pieces(data, 50), Limits(seconds=20), now=lambda: next(clock))
    assert stopped.stopped == "time" and stopped.files_count < 300


def test_a_bomb_is_not_unpacked_into_memory() -> None:
    """A gigabyte of zeros in a megabyte: skipped as it comes, in pieces of bounded size."""
    import tracemalloc

    entry = tarfile.TarInfo("bomb")
    entry.size = 400 * 2**20
    data = gzip.compress(entry.tobuf() + bytes(entry.size), 1)
    tracemalloc.start()
    listing = listed(data, size=65_536)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert listing.largest[0].size_bytes == entry.size and peak < 20 * 2**20


@pytest.mark.parametrize("kind", [b"L", b"x", b"K", b"g"])
def test_a_record_of_any_length_is_not_believed(kind: bytes) -> None:
    """A long name that declares a gigabyte is passed over, not read."""
    entry = tarfile.TarInfo("name")
    entry.type, entry.size = kind, 2**30
    listing = listed(entry.tobuf() + b"\0" * 10_000)
    assert listing.stopped == "damaged" and listing.files_count == 0


@pytest.mark.parametrize("seed", range(60))
def test_damage_ends_the_reading_and_nothing_else(seed: int) -> None:
    """Bytes changed, cut off or made up: a listing comes of it, never an error."""
    rng = random.Random(f"layers {seed}")
    data = bytearray(PACKINGS[rng.choice(list(PACKINGS))](archive()))
    for _ in range(rng.randint(1, 5)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    listing = listed(bytes(data[: rng.randint(1, len(data))]))
    assert listing.stopped in ("", "damaged") and listing.files_count <= len(NAMES) + 2
    listed(rng.randbytes(2000))


def test_sparse_files_of_gnu_are_passed_over(tmp_path: Path) -> None:
    """Their maps may go on in blocks of their own."""
    header = bytearray(tarfile.TarInfo("sparse").tobuf(format=tarfile.GNU_FORMAT))
    header[156:157], header[124:136], header[482:483] = b"S", b"00000001000\0", b"\1"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    more = bytes(504) + b"\0" + bytes(7)
    data = bytes(header) + more + bytes(512) + archive(sizes={"next": 5})
    assert [file.path for file in listed(data).largest] == ["sparse", "next"]


def test_files_of_a_blob_in_a_storage(registry: Builder, tmp_path: Path) -> None:
    """By the command, as JSON, and on the page of the layer."""
    layer = registry.blob(gzip.compress(archive()))
    registry.repository("app").image([layer], tag="1")
    scan_tree(registry.root, tmp_path / "tonnage.duckdb")
    out = tmp_path / "files.json"
    program.main(
        ["files", layer.digest[7:19], "-i", str(tmp_path / "tonnage.duckdb"), "--json", "-o", str(out)],
        standalone_mode=False,
    )
    assert '"path": "etc/passwd"' in out.read_text()
    with served(tmp_path / "tonnage.duckdb", storage=str(registry.root)) as (_, client):
        text = client.get(f"/layer/{layer.digest}?files=1").text
        assert "etc/passwd" in text and "5 files" in text
    with served(tmp_path / "tonnage.duckdb", storage="") as (_, client):
        assert "not at hand" in client.get(f"/layer/{layer.digest}").text


def test_a_blob_that_is_gone_is_said(registry: Builder, tmp_path: Path) -> None:
    """As is one that never was."""
    layer = registry.blob(gzip.compress(archive()))
    registry.repository("app").image([layer], tag="1")
    scan_tree(registry.root, tmp_path / "tonnage.duckdb")
    registry.blob_path(layer.digest).unlink()
    with Inventory(str(tmp_path / "tonnage.duckdb")) as inventory:
        with pytest.raises(StorageUnreadableError):
            files_of(inventory, str(registry.root), layer.digest)
        with pytest.raises(UsageError):
            files_of(inventory, str(registry.root), "sha256:" + "0" * 64)
