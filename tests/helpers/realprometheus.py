"""A real Prometheus that scrapes a real exporter, as the judge of what deploy/ has for it (Debian's `prometheus`)."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

PROMETHEUS, PROMTOOL = "prometheus", "promtool"
START_SECONDS = 30.0

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server; `url` ends without a slash."""

    url: str
    log: Path

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
def running_prometheus(config: Mapping[str, Any], folder: Path) -> Iterator[Prometheus]:
    """Run a configuration, scraping twice a second, until the block ends. Relative paths in it start at `folder`."""
    quick = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
    (folder / "prometheus.yml").write_text(json.dumps({**config, "global": quick}))
    address = f"127.0.0.1:{_free_port()}"
    options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    log = folder / "prometheus.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [PROMETHEUS, *options, f"--web.listen-address={address}"], stdout=output, stderr=output
        ) as server,
    ):
        try:
            wait_for(lambda: get(f"http://{address}/-/ready"))
            yield Prometheus(f"http://{address}", log)
        finally:
            server.terminate()


def _free_port() -> int:
    """Return a port nobody listens on: Prometheus does not say which one it got."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
