"""`tonnage verify-blobs`: every byte that is not as its digest says is found, and what was read once is not read again."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imagelayouts import write_layouts
from scanning import files_below, in_memory, scan_storage, scan_tree
from tonnage.blobs.choosing import Blob, left_over, newest_first, parse_sample, sampled
from tonnage.blobs.journal import open_journal
from tonnage.blobs.reading import Pace, Problem, read_all, read_blob
from tonnage.cli import main
from tonnage.errors import JournalError, StorageUnreadableError
from tonnage.sample import Builder
from tonnage.storage.memory import MemoryStorage
from tonnage.storage.opening import open_storage

pytestmark = pytest.mark.slow


class Place:
    """A registry with two images, and its inventory."""

    def __init__(self, folder: Path) -> None:
        self.registry = Builder(folder / "registry")
        self.layers = [self.registry.layer(name) for name in (b"base", b"one", b"two")]
        for tag, layer in zip("12", self.layers[1:], strict=True):
            self.registry.repository("app").image([self.layers[0], layer], tag=tag)
        self.registry.layer(b"nobody needs it")
        self.inventory = folder / "tonnage.duckdb"
        scan_tree(self.registry.root, self.inventory)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A registry that is as it should be: to be read, never changed."""
    return Place(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One in which the base layer rots, another is gone, and a manifest cannot be read."""
    place = Place(tmp_path_factory.mktemp("damaged"))
    base, one, _ = place.layers
    place.registry.blob_path(base.digest).write_bytes(b"bare")
    place.registry.blob_path(one.digest).unlink()
    return place


def call(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[object, str, str]:
    """Call the command; return how it ends and what it says."""
    with pytest.raises(SystemExit) as ended:
        main(["verify-blobs", "--nice", "0", *map(str, words)])
    return ended.value.code or 0, *capsys.readouterr()


def test_what_rots_is_found_with_whom_it_hits(damaged: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """One row each, with tags, digest and advice; nothing is written to the registry."""
    before = files_below(damaged.registry.root)
    code, out, err = call(capsys, "-i", damaged.inventory, "--json")
    rows = {row["problem"]: row for row in json.loads(out)}
    base, one, _ = damaged.layers
    assert code == 36 and "8 of 8 blobs read" in err and "2 not as their digest says" in err
    assert set(rows) == {"digest_mismatch", "gone"}
    mismatch = rows["digest_mismatch"]
    assert (mismatch["digest"], mismatch["hits"], mismatch["tags_count"]) == (base.digest, "app:1, app:2", 2)
    assert hashlib.sha256(b"bare").hexdigest() in mismatch["detail"] and "push the image again" in mismatch["advice"]
    assert (rows["gone"]["digest"], rows["gone"]["hits"]) == (one.digest, "app:1")
    assert files_below(damaged.registry.root) == before


def test_it_goes_on_where_it_was(
    damaged: Place, whole: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was verified is not read again until it is old; what was not right is; another's journal is refused."""
    journal = ["--journal", tmp_path / "verified.jsonl", "-i", damaged.inventory]
    assert call(capsys, *journal, "-q", "--max-duration", "0")[:2] == (0, "")
    assert len((tmp_path / "verified.jsonl").read_text().splitlines()) == 1
    assert call(capsys, *journal)[0] == 36
    with (tmp_path / "verified.jsonl").open("a") as file:
        file.write('{"path": "cut o')
    code, _, err = call(capsys, *journal)
    assert code == 36 and "2 of 8 blobs read" in err and "6 were verified before" in err
    assert "8 of 8 blobs read" in call(capsys, *journal, "--again-after", "0")[2]
    code, _, err = call(capsys, *journal[:2], "-i", whole.inventory)
    assert code == 24 and "is the journal of" in err
    (tmp_path / "letter.txt").write_text("Dear Sir")
    code, _, err = call(capsys, "--journal", tmp_path / "letter.txt", "-i", whole.inventory)
    assert code == 24 and (tmp_path / "letter.txt").read_text() == "Dear Sir"
    inside = whole.registry.v2 / "verified.jsonl"
    assert call(capsys, "--journal", inside, "-i", whole.inventory)[0] == 24 and not inside.exists()
    with (
        open_journal(tmp_path / "used.jsonl", "x"),
        pytest.raises(JournalError, match="in use"),
        open_journal(tmp_path / "used.jsonl", "x"),
    ):
        pass


def test_a_healthy_registry_is_quiet(whole: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a folder, and as image layouts; a slip is refused."""
    assert call(capsys, "-q", "-i", whole.inventory) == (0, "", "")
    code, out, err = call(capsys, "-i", whole.inventory, "--newest-first", "--sample", "1B", "--limit-rate", "1GiB")
    assert (code, out) == (0, "") and "1 of 8 blobs read" in err
    layouts = write_layouts(whole.registry.v2, tmp_path / "layouts")
    scan_storage(open_storage(str(layouts)), tmp_path / "layouts.duckdb")
    code, _, err = call(capsys, "-i", tmp_path / "layouts.duckdb")
    assert code == 0 and "all as their digest says" in err
    for wrong in (["--sample", "0%"], ["--sample", "much"], ["--again-after", "1d"], ["--anonymous"]):
        assert call(capsys, "-i", whole.inventory, *wrong)[0] == 2, wrong
    shutil.copy(whole.inventory, tmp_path / "elsewhere.duckdb")
    assert call(capsys, "-i", whole.inventory, "--storage", "https://registry.example.com")[0] == 12
    assert call(capsys, "-i", whole.inventory, "--storage", tmp_path / "nowhere")[0] == 4


def test_what_is_chosen() -> None:
    """A sample has so many bytes, each blob with the same chance; the newest come first, those of no date last."""
    now = datetime(2026, 11, 29)
    blobs = [Blob(f"sha256:{n}", f"{n:03}", 1 + n % 7, now - timedelta(days=n) if n else None) for n in range(200)]
    total = sum(blob.size_bytes for blob in blobs)
    drawn = [0] * 200
    for seed in range(200):
        chosen = sampled(blobs, parse_sample("25%"), total, random.Random(seed))
        assert len(set(chosen)) == len(chosen)
        assert total / 4 - 1 < sum(blob.size_bytes for blob in chosen) < total / 4 + 7
        for blob in chosen:
            drawn[int(blob.path)] += 1
    by_size = [sum(drawn[size::7]) / len(drawn[size::7]) for size in range(7)]
    assert max(by_size) / min(by_size) < 1.2
    assert [blob.path for blob in newest_first(blobs)][:2] == ["001", "002"]
    assert newest_first(blobs)[-1].path == "000"
    verified = {"001": now, "002": now - timedelta(days=1), "003": now - timedelta(days=30)}
    left = {blob.path for blob in left_over(blobs[:4], verified, now - timedelta(days=20))}
    assert left == {"000", "003"}
    rewritten = [blobs[1]._replace(modified_at=now + timedelta(seconds=1))]
    assert left_over(rewritten, verified, None) == rewritten


def test_no_more_than_so_many_bytes_a_second() -> None:
    """What was let through is paid for before the next comes, whichever thread asks; idling saves nothing up."""
    clock = [0.0]
    pace = Pace(100, lambda: clock[0], lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    for _ in range(10):
        pace.wait(50)
    assert clock[0] == 4.5
    clock[0] = 100
    pace.wait(50)
    pace.wait(50)
    assert clock[0] == 100.5


class Failing(MemoryStorage):
    """A storage that cannot be read."""

    def stream(self, path: str) -> Iterator[bytes]:
        raise PermissionError(13, "Permission denied", path)


def test_a_disk_that_fails_ends_it() -> None:
    """One blob that cannot be read is a finding; ten in a row are the disk's fault. An unknown algorithm is a finding."""
    storage, blob = Failing({}), Blob("sha256:" + "0" * 64, "x", 1, None)
    found = []
    with pytest.raises(StorageUnreadableError, match="10 blobs in a row"):
        found += list(read_all(storage, [blob] * 30, Pace(None), lambda: False, 1))
    assert read_blob(storage, blob, Pace(None)).problem is Problem.UNREADABLE
    assert read_blob(storage, blob._replace(digest="md17:00"), Pace(None)).problem is Problem.UNREADABLE


def test_several_threads_find_the_same(whole: Place) -> None:
    """As for a bucket, whose answers are waited for."""
    storage = in_memory(whole.registry.v2)
    path = next(path for path in storage.files if path.endswith("/data"))
    blobs = [
        Blob(f"sha256:{name.split('/')[3]}", name, len(content), datetime.now(UTC))
        for name, content in storage.files.items()
        if name.endswith("/data")
    ]
    storage.files[path] += b"!"
    for threads_count in (1, 8):
        reads = list(read_all(storage, blobs * 5, Pace(None), lambda: False, threads_count))
        assert [read.blob for read in reads] == blobs * 5
        assert {read.blob.path for read in reads if read.problem} == {path}
