"""A real Prometheus that scrapes a real exporter, as the judge of what deploy/ has for it (Debian's `prometheus`)."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

PROMETHEUS, PROMTOOL = "prometheus", "promtool"
START_SECONDS = 30.0

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server; `url` ends without a slash."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series an expression yields now. Raises HTTPError for one that is wrong."""
        return list(self._get("query", query=expression)["result"])

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules, each with its health."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def targets(self) -> list[dict[str, Any]]:
        """Return what is scraped, each with its health."""
        return list(self._get("targets")["activeTargets"])

    def _get(self, path: str, **parameters: str) -> dict[str, Any]:
        query = urllib.parse.urlencode(parameters)
        answer: dict[str, Any] = json.loads(get(f"{self.url}/api/v1/{path}?{query}"))["data"]
        return answer


def get(url: str) -> bytes:
    """Return what is at an address."""
    with urllib.request.urlopen(url, timeout=10) as response:
        content: bytes = response.read()
        return content


def wait_for(look: Callable[[], Found], seconds: float = START_SECONDS) -> Found:
    """Return what `look` finds as soon as it is something; servers that are not up yet find nothing."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
        except (OSError, urllib.error.HTTPError):
            pass
        time.sleep(0.1)
    raise AssertionError(f"nothing after {seconds} s")


@contextmanager
def running_exporter(storage: Path, folder: Path, *options: str) -> Iterator[str]:
    """Serve a storage's metrics on a port of the exporter's choice, until the block ends; yield its address."""
    log = folder / "exporter.log"
    arguments = [storage, "--inventory", folder / "tonnage.duckdb", "--web.listen-address", "127.0.0.1:0", *options]
    command = [sys.executable, "-m", "tonnage", "exporter", *arguments]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            listening = wait_for(lambda: re.search(r"listening on (http://\S+)", log.read_text()))
            yield listening[1]
        finally:
            server.terminate()


@contextmanager
def running_prometheus(config: Path, targets: Sequence[str], folder: Path) -> Iterator[Prometheus]:
    """Run a configuration, scraping these targets twice a second in place of its own, until the block ends."""
    settings = yaml.safe_load(config.read_text())
    settings["global"] = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
    settings["rule_files"] = [str(config.parent / name) for name in settings["rule_files"]]
    settings["scrape_configs"][0]["static_configs"] = [
        {"targets": [target.removeprefix("http://") for target in targets]}
    ]
    (folder / "prometheus.yml").write_text(json.dumps(settings))
    address = f"127.0.0.1:{_free_port()}"
    command = [
        PROMETHEUS,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
    ]
    log = folder / "prometheus.log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            wait_for(lambda: get(f"http://{address}/-/ready"))
            yield Prometheus(f"http://{address}")
        finally:
            server.terminate()


def _free_port() -> int:
    """Return a port nobody listens on: Prometheus does not say which one it got."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
