"""An inventory as Parquet in a bucket, on real servers: written whole or not at all, opened as any, never over anything."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from buckets import ENVIRONMENT
from console import run
from scanning import scan_tree
from tonnage.errors import InventoryVersionError, NoInventoryError, TonnageError, WriteError
from tonnage.inventory.database import Inventory, known_tables
from tonnage.inventory.parquet import write_files
from tonnage.lake.mark import NAME
from tonnage.lake.place import Place
from tonnage.lake.reading import fetch
from tonnage.lake.writing import Written, refuse_registry, write_bucket
from tonnage.monitor import Monitor
from tonnage.sample import Builder

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("cloud_environment")]

_VARIABLE = {"s3": "AWS_ENDPOINT_URL", "az": "AZURE_STORAGE_ENDPOINT"}


@pytest.fixture(scope="module")
def inventories(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A registry's inventories of two days, between which an image came."""
    folder = tmp_path_factory.mktemp("lake")
    registry = Builder(folder / "registry")
    app = registry.repository("app")
    found = []
    for day in (1, 2):
        app.image([registry.layer(size_bytes=1000 * day, seed="app")], tag=str(day))
        found.append(folder / f"{day}.duckdb")
        scan_tree(folder / "registry", found[-1], now=lambda day=day: datetime(2026, 11, day, tzinfo=UTC))
    return found


@pytest.fixture
def reach(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Returns what has the cloud's own variables lead to a server."""
    return lambda store: monkeypatch.setenv(_VARIABLE[store.scheme], store.options.endpoint)


@pytest.fixture(scope="module")
def history(moto: Any, inventories: list[Path]) -> str:
    """The address of a folder in an S3 bucket with the first scan in it: others are made beside it, and it stays."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": moto.options.endpoint}.items():
            patch.setenv(name, value)
        address: str = moto.make({"others/file": b"theirs"})
        export(inventories[0], f"{address}/history/scan=1")
    return f"{address}/history"


def export(inventory: Path, target: str, monitor: Monitor | None = None) -> Written:
    """Export an inventory, in this process."""
    with Inventory(str(inventory)) as opened:
        return write_bucket(opened, target, monitor or Monitor())


def keys(store: Any, address: str) -> set[str]:
    """Return the keys of a bucket."""
    return {found["path"] for page in store.client(address).list() for found in page}


def files(inventory: Path, folder: Path) -> dict[str, bytes]:
    """Return the files of an inventory as Parquet, by name."""
    folder.mkdir()
    with Inventory(str(inventory)) as opened:
        write_files(opened, folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def fetched(target: str, folder: Path) -> dict[str, bytes]:
    """Copy an inventory out of a bucket; return its files, by name."""
    folder.mkdir()
    fetch(target, folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["moto", "azurite"])
def test_scans_beside_each_other_share_what_did_not_change(
    name: str, inventories: list[Path], tmp_path: Path, reach: Callable[[Any], None], request: pytest.FixtureRequest
) -> None:
    """The later mark names files of the first; both are whole, byte for byte."""
    store = request.getfixturevalue(name)
    reach(store)
    bucket = store.make({})
    one, two = (f"{bucket}/scan={day}" for day in (1, 2))
    assert export(inventories[0], one).shared_count == 0
    before = keys(store, bucket)
    again = export(inventories[1], two)
    new = keys(store, bucket) - before
    assert len(new) == len(known_tables()) - again.shared_count + 1  # the mark
    assert "scan=2/blob.parquet" in new and "scan=2/upload.parquet" not in new
    for place, inventory in ((one, inventories[0]), (two, inventories[1])):
        assert fetched(place, tmp_path / place[-1]) == files(inventory, tmp_path / f"made-{place[-1]}")


def test_commands_ask_it_as_any(
    history: str, moto: Any, inventories: list[Path], tmp_path: Path, reach: Callable[[Any], None]
) -> None:
    """And name it as it was named; it can be brought back, and not be written to."""
    reach(moto)
    place = f"{history}/scan=1"
    in_file, in_bucket = (run(f"tonnage -i {where} layers --json", tmp_path, {}) for where in (inventories[0], place))
    assert in_file == in_bucket and in_file[0] == 0
    code, card = run(f"tonnage -i {place}", tmp_path, {})
    assert (code, f"-i {place}" in card, "/tonnage-" in card) == (0, True, False)
    assert run(f"tonnage import {place} -i back.duckdb", tmp_path, {})[0] == 0
    assert (tmp_path / "back.duckdb").exists()
    for command in ("scan", "exporter"):
        assert run(f"tonnage {command} {tmp_path} -i {place}", tmp_path, {})[0] == 2


class _StoppedError(Monitor):
    """Ends while files are put."""

    steps = 0

    def advance(self, steps: int, files_count: int = 0) -> None:
        self.steps += steps
        if self.steps > 5:
            raise TonnageError("stopped")


def test_one_that_was_cut_short_is_none(
    history: str, moto: Any, inventories: list[Path], tmp_path: Path, reach: Callable[[Any], None]
) -> None:
    """The scan before stays, the next one builds upon it, and what is left is neither read nor written over."""
    reach(moto)
    two, three = (f"{history}/scan={day}" for day in (2, 3))
    with pytest.raises(TonnageError, match="stopped"):
        export(inventories[1], two, _StoppedError())
    left = keys(moto, history)
    with pytest.raises(NoInventoryError, match="no inventory at"):
        fetch(two, tmp_path)
    with pytest.raises(WriteError, match="not empty"):
        export(inventories[1], two)
    with pytest.raises(WriteError, match="already"):
        export(inventories[1], f"{history}/scan=1")
    assert keys(moto, history) == left
    assert export(inventories[1], three).shared_count > 0


KILLED = """
import os, signal, sys
from tonnage.inventory.database import Inventory
from tonnage.lake.writing import write_bucket
from tonnage.monitor import Monitor

class Killed(Monitor):
    left = int(sys.argv[3])

    def advance(self, steps, files_count=0):
        self.left -= steps
        if self.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

with Inventory(sys.argv[1]) as opened:
    write_bucket(opened, sys.argv[2], Killed())
"""


@pytest.mark.parametrize("steps", [1, 20, len(known_tables())])
def test_a_killed_export_cannot_be_opened(
    history: str, moto: Any, inventories: list[Path], tmp_path: Path, reach: Callable[[Any], None], steps: int
) -> None:
    """After its first file, half-way, and after its last: without the mark there is nothing to open."""
    reach(moto)
    target = f"{history}/killed={steps}"
    command = [sys.executable, "-c", KILLED, str(inventories[0]), target, str(steps)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert any("/killed=" in key and key.endswith(".parquet") for key in keys(moto, history))
    with pytest.raises(NoInventoryError, match="no inventory at"):
        fetch(target, tmp_path)
    with pytest.raises(WriteError, match="not empty"):
        export(inventories[0], target)


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("", "whole bucket"),
        ("docker/registry/v2", "lies inside a registry"),
        ("root/docker/registry/v2/blobs/lake", "lies inside a registry"),
        ("others", "not empty"),
    ],
)
def test_what_is_not_ours_is_not_written_to(
    history: str, moto: Any, prefix: str, said: str, inventories: list[Path], reach: Callable[[Any], None]
) -> None:
    """A registry's storage above all."""
    reach(moto)
    before = keys(moto, history)
    with pytest.raises(WriteError, match=said):
        export(inventories[0], f"{history.removesuffix('history')}{prefix}".rstrip("/"))
    assert keys(moto, history) == before


def test_what_was_scanned_is_not_written_to(reach: Callable[[Any], None], moto: Any) -> None:
    """Wherever in a bucket it lies: image layouts have no docker/registry/v2."""
    reach(moto)
    refuse_registry(Place("s3://b/zot-2/lake"), "s3://b/zot")
    refuse_registry(Place("s3://c/zot/lake"), "s3://b/zot")
    with pytest.raises(WriteError, match="lies inside"):
        refuse_registry(Place("s3://b/zot/lake"), "s3://b/zot")


def _lost(mark: dict[str, Any]) -> None:
    mark["tables"]["blob"]["file"] = "../scan=1/nothing.parquet"


def _swapped(mark: dict[str, Any]) -> None:
    mark["tables"]["blob"]["file"] = "../scan=1/tag.parquet"


def _leads_out(mark: dict[str, Any]) -> None:
    mark["tables"]["blob"]["file"] = "../../others/blob.parquet"


def _lacks_a_table(mark: dict[str, Any]) -> None:
    del mark["tables"]["blob"]


def _is_newer(mark: dict[str, Any]) -> None:
    mark["schema_version"] += 1
    del mark["tables"]["blob"]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (_lost, "`history/scan=1/nothing.parquet` is not there"),
        (_swapped, "not the file that was exported"),
        (_leads_out, "not the name of one of its files"),
        (_lacks_a_table, "no table `blob`"),
        (_is_newer, "has tables of version"),
    ],
)
def test_what_is_not_as_it_was_exported_is_refused(
    history: str, moto: Any, harm: Any, said: str, tmp_path: Path, reach: Callable[[Any], None]
) -> None:
    """With what is wrong with it."""
    reach(moto)
    mark = json.loads(bytes(moto.client(history).get(f"history/scan=1/{NAME}").bytes()))
    for file in mark["tables"].values():
        file["file"] = f"../scan=1/{file['file']}"
    harm(mark)
    moto.put(history, f"history/scan=9/{NAME}", json.dumps(mark).encode())
    with pytest.raises((NoInventoryError, InventoryVersionError), match=said):
        fetch(f"{history}/scan=9", tmp_path)
