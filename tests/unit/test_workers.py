"""The scan's worker processes: they come, they work, and they go."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tonnage.sample import Builder
from tonnage.scan.workers import Crew, PartToList, Task
from tonnage.storage import Keys
from tonnage.storage.local import LocalStorage

pytestmark = pytest.mark.slow

CREW = """
import os, sys, time
from tonnage.scan.workers import Crew
from tonnage.storage.local import LocalStorage
crew = Crew(LocalStorage(sys.argv[1]), 3)
crew.start()
print(*(worker.process.pid for worker in crew.workers), flush=True)
if sys.argv[2] == "close":
    started = time.monotonic()
    crew.close()
    print(time.monotonic() - started, *(worker.process.pid for worker in crew.workers), flush=True)
else:
    time.sleep(60)
"""

KILL_WORKER = """
import os, signal, sys, time
import tonnage.scan.run
from tonnage.cli import main
from tonnage.scan.workers import Crew
class Killed(Crew):
    def __init__(self, storage, workers_count):
        super().__init__(storage, 2, patience_seconds=0)
    def MOMENT(self):
        found = super().MOMENT()
        if not self.workers:
            self.start()
        for worker in self.workers:
            os.kill(worker.process.pid, signal.SIGKILL)
            worker.process.join()
        return found
tonnage.scan.run.Crew = Killed
main(sys.argv[1:])
"""

WAITING = """
import json, time
from typing import NamedTuple
from tonnage.scan.workers import Crew, Task
LAYERS = [{"digest": f"sha256:{n:064x}", "size": n} for n in range(100)]
MANIFEST = json.dumps({"schemaVersion": 2, "layers": LAYERS}).encode()
class Waiting(NamedTuple):
    requests_at_once: int = 0
    def read(self, path, limit_bytes):
        time.sleep(0.0002)
        return MANIFEST
crew = Crew(Waiting(), 2)
crew.start()
for task in range(16):
    crew.submit(Task("manifests", blobs=tuple((f"sha256:{n:064x}", f"{n:0400x}") for n in range(250))))
print(sum(result.files_count for result in crew.results()))
crew.close()
"""


def start(folder: Path, what: str, before: str = "") -> tuple[subprocess.Popen[str], list[int]]:
    """Return a process that has started a crew, and the ids of its workers."""
    command = [sys.executable, "-c", before + CREW, str(folder), what]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, [int(pid) for pid in process.stdout.readline().split()]


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_go_when_they_are_sent_home(tmp_path: Path) -> None:
    """At once, all of them, of their own accord: nobody has to be ended."""
    process, workers = start(tmp_path, "close")
    assert process.stdout is not None
    seconds = float(process.stdout.readline())
    process.wait()
    assert len(workers) == 3
    assert seconds < 2.5  # a second for each that has to be ended
    assert not any(map(is_alive, workers))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("before", ["", "import duckdb"], ids=["fork", "spawn"])
def test_an_interrupt_is_the_parents_from_the_first_moment(tmp_path: Path, before: str) -> None:
    """A worker that still imports what it needs would answer Ctrl-C with a traceback of its own."""
    process, workers = start(tmp_path, "stay", before)
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in workers]
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    for status in statuses:
        masks = re.findall(r"^Sig(?:Blk|Ign):\t(\w+)", status, re.MULTILINE)
        assert any(int(mask, 16) >> (signal.SIGINT - 1) & 1 for mask in masks)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_of_a_killed_scan_go(tmp_path: Path) -> None:
    """A parent killed at any moment leaves nothing behind."""
    process, workers = start(tmp_path, "wait")
    assert len(workers) == 3
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, workers))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("moment", ["before it is given work", "with work in hand"])
def test_a_killed_worker_ends_the_scan(moment: str, tmp_path: Path) -> None:
    """As the system kills one that takes too much memory: exit 10 and one line, and no half inventory."""
    registry = Builder(tmp_path / "registry")
    for number in range(40):
        registry.repository(f"app-{number}").image([registry.layer(f"{number}".encode())], tag="1")
    script = KILL_WORKER.replace("MOMENT", "start" if moment.startswith("before") else "results")
    command = [sys.executable, "-c", script, "scan", str(registry.root), "-i", str(tmp_path / "it.duckdb")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, "Traceback" in done.stderr) == (10, False), done.stderr
    assert "a worker process of the scan was killed" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["registry"]


def test_large_tasks_and_large_results_pass_each_other() -> None:
    """Neither side waits for the other to take what it has to give, however many threads the disk's waits have begun."""
    done = subprocess.run([sys.executable, "-c", WAITING], stdout=subprocess.PIPE, text=True, timeout=60)
    assert done.stdout.split() == ["4000"]


@pytest.mark.parametrize("workers_count", [1, 2])
def test_few_keys_of_a_long_listing_wait(workers_count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are; and no result of any is lost."""
    monkeypatch.setattr("tonnage.scan.workers._KEYS_LIMIT", 1_000)
    crew, parts_count = Crew(LocalStorage(str(tmp_path)), workers_count, patience_seconds=0.05), 40
    found = []
    with contextlib.closing(crew):
        for number in range(parts_count):
            names = [f"{number:02x}{leaf:062x}" for leaf in range(300)]
            paths = [f"blobs/sha256/{number:02x}/{name}/data" for name in names]
            keys = Keys(paths, [1] * 300, [0] * 300, [""] * 300)
            crew.submit(Task("list", (PartToList(f"blobs/sha256/{number:02x}", number, keys=keys),)))
            found += crew.ready()
            assert crew.waiting_keys_count <= 1_000
        assert found
        found += crew.results()
    assert crew.waiting_keys_count == 0 and not crew.todo
    assert sum(result.files_count for result in found) == 300 * parts_count
    assert {part.prefix for result in found for part in result.parts} == {
        f"blobs/sha256/{number:02x}" for number in range(parts_count)
    }
