"""A running exporter for tests: the real program, asked over the network, with a child whose disk may fail.

The child is the exporter's own, except that files which `Faults` names cannot be read, and that it may be nobody: what
a test that runs as root cannot otherwise have.
"""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 30.0
_LISTENING = re.compile(r"listening on (.+)")


@dataclass(frozen=True)
class Answer:
    """An answer of the exporter."""

    status: int
    text: str


Samples = dict[str, float]
"""Name and labels as written -> value."""


@dataclass
class Exporter:
    """A running exporter."""

    process: subprocess.Popen[str]
    log: Path
    urls: list[str] = field(default_factory=list)
    context: ssl.SSLContext | None = None

    def get(self, path: str = "/metrics", headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
        """Ask for a path. Raises OSError where nobody answers."""
        request = urllib.request.Request(self.urls[0] + path, headers=dict(headers or {}), method=method)
        try:
            with urllib.request.urlopen(request, timeout=10, context=self.context) as found:
                return Answer(found.status, found.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode())

    def samples(self) -> Samples:
        """Return what a scrape says."""
        answer = self.get()
        assert answer.status == 200, answer
        return samples_of(answer.text)

    def scan(self) -> Samples:
        """Have a scan done, and return what is said after it; every scrape meanwhile must be answered."""
        before = scans_count(self.samples())
        assert self.get("/-/scan", method="POST").status == 202
        return self.wait_for(lambda found: scans_count(found) > before)

    def wait_for(self, is_so: Callable[[Samples], bool], seconds: float = START_SECONDS) -> Samples:
        """Scrape until it says what is waited for."""
        deadline = time.monotonic() + seconds
        while not is_so(found := self.samples()):
            assert time.monotonic() < deadline, f"{found}\n{self.log.read_text()}"
            time.sleep(0.1)
        return found

    def children(self) -> list[int]:
        """Return the processes it has started and that are still there."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self) -> int:
        """Stop it as an operator does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


def samples_of(text: str) -> Samples:
    """Return the samples of an exposition in the text format."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            assert name not in found, f"twice: {name}"
            found[name] = float(value)
    return found


def is_writing(folder: Path) -> bool:
    """Return whether a scan has begun to write an inventory in a folder."""
    return any(folder.glob(".tonnage-*/new"))


def scans_count(found: Samples) -> float:
    """Return how many scans have ended."""
    return sum(value for name, value in found.items() if name.startswith("tonnage_scans_total"))


def figures(found: Samples) -> Samples:
    """Return what is said of the inventory, without how long that took."""
    return {
        name: value
        for name, value in found.items()
        if not re.match(r"process_|tonnage_(scan_(?!skipped)|scans|volume|query)", name)
    }


@contextmanager
def exporter(
    place: Path | str,
    inventory: Path,
    *options: str,
    context: ssl.SSLContext | None = None,
    faults: Path | None = None,
    command: str = "exporter",
) -> Iterator[Exporter]:
    """Run an exporter on a free port until the end of the block; or `serve`, which is one with pages."""
    log = inventory.with_suffix(".log")
    module = ["-m", "tonnage"] if faults is None else [str(Path(__file__).with_name("faultychild.py"))]
    addresses = [] if any("listen-address" in option for option in options) else ["--web.listen-address=127.0.0.1:0"]
    words = [sys.executable, *module, command, str(place), "-i", str(inventory), *addresses, *options]
    environment = {**os.environ, "TONNAGE_TEST_FAULTS": str(faults or "")}
    with log.open("w") as stderr:
        process = subprocess.Popen(words, stderr=stderr, text=True, env=environment)
    running = Exporter(process, log, context=context)
    try:
        running.urls = _wait_until_listening(process, log)
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=20)


def _wait_until_listening(process: subprocess.Popen[str], log: Path) -> list[str]:
    deadline = time.monotonic() + START_SECONDS
    while not (found := _LISTENING.search(log.read_text())):
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
    return found[1].split(", ")


@dataclass(frozen=True)
class Faults:
    """What the child of an exporter meets with from its next scan on."""

    path: Path

    def set(
        self,
        unreadable: Sequence[Path] = (),
        errno: int = 0,
        *,
        as_nobody: str = "",
        read_seconds: float = 0.0,
        held_by: Path | None = None,
        is_deaf: bool = False,
    ) -> None:
        """Let these files fail with this error when they are read, or all take long, or wait as long as a file
        is there, and then no signal is heard.

        With the path of a healthy registry, which it scans first, let the child be nobody.
        """
        paths = [str(path) for path in unreadable]
        what = {"paths": paths, "errno": errno, "as_nobody": as_nobody, "read_seconds": read_seconds}
        what |= {"is_deaf": is_deaf, "held_by": str(held_by or "")}
        self.path.write_text(json.dumps(what))
