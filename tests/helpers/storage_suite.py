"""What every implementation of the `Storage` protocol has to do. Each has a subclass in tests/unit/test_storages.py."""

from __future__ import annotations

import pickle
from collections.abc import Iterable

import pytest

from tonnage.sample.documents import digest_of
from tonnage.storage import OPEN_ALL, OPEN_NONE, Entry, Leaves, Part, Storage, Type

LAYER = b"a layer's bytes"
HEX = digest_of(LAYER).removeprefix("sha256:")
LINK = digest_of(LAYER).encode()
FILES: dict[str, bytes] = {
    f"blobs/sha256/{HEX[:2]}/{HEX}/data": LAYER,
    f"blobs/sha512/{HEX[:2]}/{HEX}/data": b"",
    "blobs/sha256/zz/zzz/data": b"no blob",
    "blobs/data": b"stray",
    "repositories/org/app/_layers/sha256/" + HEX + "/link": LINK,
    "repositories/org/app/_manifests/revisions/sha256/" + HEX + "/link": LINK,
    "repositories/org/app/_manifests/tags/latest/current/link": LINK,
    "repositories/org/app/_manifests/tags/latest/index/sha256/" + HEX + "/link": LINK,
    "repositories/org/app/_manifests/tags/link/current/link": LINK,
    "repositories/org/app/nested/_layers/sha256/" + HEX + "/link": b"",
    "repositories/org/app/_uploads/1/data": b"half of a layer",
    "repositories/org/app/_uploads/1/hashstates/sha256/0": b"x" * 108,
    "repositories/README": b"stray",
    "scheduler-state.json": b"{}",
    "other/folder/file": b"stray",
}
"""A bit of everything: path -> content."""


def entries_of(listed: Iterable[Entry | Leaves]) -> list[Entry]:
    """Return a listing as entries, the leaves too."""
    found: list[Entry] = []
    for entry in listed:
        if isinstance(entry, Leaves):
            folder, file, *columns = entry[:5]
            found += [Entry(f"{folder}/{name}/{file}", size, us) for name, size, us in zip(*columns, strict=True)]
        else:
            found.append(entry)
    return found


def walk(storage: Storage, unopened_before_us: int = OPEN_ALL) -> list[Entry]:
    """Return all that a storage has: what lies outside of all parts, and the parts."""
    found: list[Entry] = []
    for part in storage.parts():
        if isinstance(part, Entry):
            found.append(part)
        elif part.keys is not None:
            found += map(Entry, part.keys.paths, part.keys.sizes, part.keys.times_us)
        else:
            found += entries_of(storage.list(part.prefix, unopened_before_us))
    return found


def sizes(entries: Iterable[Entry]) -> dict[str, int]:
    """Return path and size of each ordinary file."""
    return {entry.path: entry.size_bytes for entry in entries if entry.type is Type.FILE}


class StorageSuite:
    """The contract. A subclass says how to make a storage of given files, and how to lose one of them."""

    def make(self, files: dict[str, bytes]) -> Storage:
        """Return a storage with these files."""
        raise NotImplementedError

    def lose(self, storage: Storage, path: str) -> None:
        """Remove a file behind the storage's back."""
        raise NotImplementedError

    def test_every_file_is_listed_once_with_its_size(self) -> None:
        """The parts and what lies outside of them are the whole, and none overlap."""
        entries = walk(self.make(FILES))
        assert sorted(entry.path for entry in entries) == sorted(FILES)
        assert sizes(entries) == {path: len(content) for path, content in FILES.items()}

    def test_the_order_of_making_does_not_matter(self) -> None:
        """The same files are the same storage, in whatever order they came."""
        assert sizes(walk(self.make(FILES))) == sizes(walk(self.make(dict(reversed(FILES.items())))))

    def test_a_storage_that_is_not_opened_is_whole_too(self) -> None:
        """Leaving folders unopened leaves out nothing that belongs where it is."""
        storage = self.make(FILES)
        assert sizes(walk(storage, OPEN_NONE)) == sizes(walk(storage, OPEN_ALL))

    def test_listing_twice_gives_the_same(self) -> None:
        """Listing changes nothing."""
        storage = self.make(FILES)
        assert sorted(walk(storage)) == sorted(walk(storage))

    def test_a_part_is_listed_by_itself(self) -> None:
        """What a part holds begins with its prefix; what does not exist holds no file."""
        storage = self.make(FILES)
        for part in storage.parts():
            if isinstance(part, Part):
                assert all(entry.path.startswith(part.prefix) for entry in entries_of(storage.list(part.prefix)))
        assert sizes(entries_of(storage.list("repositories/nobody/_layers"))) == {}

    def test_an_empty_storage_has_no_files(self) -> None:
        """Nothing is made up."""
        assert sizes(walk(self.make({}))) == {}

    @pytest.mark.parametrize("path", FILES)
    def test_files_are_read(self, path: str) -> None:
        """All of a file, or its beginning."""
        storage = self.make(FILES)
        assert storage.read(path, 1_000_000) == FILES[path]
        assert storage.read(path, len(FILES[path])) == FILES[path]
        assert storage.read(path, 3) == FILES[path][:3]

    @pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 1_000_000])
    def test_long_files_are_read(self, size: int) -> None:
        """Up to the limit, and whole below it."""
        content = bytes(size)
        storage = self.make({"blobs/long": content})
        for limit_bytes in (size - 1, size, size + 1, 4_194_305):
            assert storage.read("blobs/long", limit_bytes) == content[:limit_bytes]

    @pytest.mark.parametrize("path", ["nothing", "blobs/sha256/aa/aaa/data", "blobs/data/below"])
    def test_what_is_not_there_cannot_be_read(self, path: str) -> None:
        """It raises OSError, and nothing else."""
        with pytest.raises(OSError):
            self.make(FILES).read(path, 10)

    def test_a_folder_cannot_be_read(self) -> None:
        """It raises OSError: a folder may lie where a file belongs."""
        with pytest.raises(OSError):
            self.make(FILES).read("repositories/org", 10)

    def test_a_file_may_vanish(self) -> None:
        """Gone between listing and reading: FileNotFoundError; gone before listing: not listed."""
        storage = self.make(FILES)
        path = "repositories/org/app/_manifests/tags/latest/current/link"
        assert path in sizes(walk(storage))
        self.lose(storage, path)
        with pytest.raises(FileNotFoundError):
            storage.read(path, 10)
        assert path not in sizes(walk(storage))

    def test_a_storage_travels_to_other_processes(self) -> None:
        """It is a small value: pickled and back, it lists the same."""
        storage = self.make(FILES)
        assert sizes(walk(pickle.loads(pickle.dumps(storage)))) == sizes(walk(storage))

    def test_a_storage_says_where_it_is(self) -> None:
        """A text for people."""
        assert self.make(FILES).location

    def test_a_few_files_are_not_many(self) -> None:
        """A small storage is searched in every corner by default."""
        assert not self.make(FILES).is_large()
