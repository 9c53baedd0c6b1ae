#!/usr/bin/env python3
"""Load the exporter: scrapes at a steady rate while it scans again and again, then memory over many rescans.

    python bench/exporter.py                         50,000 blobs, 50 scrapes a second for a minute, 100 rescans
    python bench/exporter.py --tree /srv/registry --rate 10

As long as the scrapes last, the inventory is removed after each scan and another asked for, so that every scan reads
everything. A scrape is what Prometheus sends: a kept connection, gzip, OpenMetrics. It counts from the moment when it
was due, and so includes whatever it had to wait for before it.
"""

import argparse
import contextlib
import http.client
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from make_tree import make

HEADERS = {"Accept": "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2", "Accept-Encoding": "gzip"}
CLIENTS = 4
LIMIT = 10_000


@contextlib.contextmanager
def running(tree: Path, inventory: Path) -> Iterator[int]:
    """Run an exporter of a tree that scans when asked; yield its port."""
    options = ["--max-series", str(LIMIT), "--interval", "1h", "--web.enable-scan"]
    command = [sys.executable, "-m", "tonnage", "exporter", str(tree), "-i", str(inventory), *options]
    process = subprocess.Popen([*command, "--web.listen-address=127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        port = int(process.stderr.readline().rpartition(":")[2])
        multiprocessing.Process(target=_drain, args=(process.stderr.fileno(),), daemon=True).start()
        yield port
    finally:
        process.terminate()
        process.wait()


def _drain(descriptor: int) -> None:
    with open(descriptor) as stream:
        for _ in stream:
            pass


def samples(port: int) -> dict[str, float]:
    """Return the samples without labels."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def request_scan(port: int) -> None:
    """Have a scan begun."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/-/scan")
    connection.getresponse().read()
    connection.close()


def scrape(port: int, rate: float, seconds: float, results: "multiprocessing.SimpleQueue[list[float]]") -> None:
    """Scrape at a steady rate; hand over how long each took in seconds, -1 for one that failed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    started, found = time.monotonic(), []
    for number in range(int(rate * seconds)):
        due = started + number / rate
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            connection.request("GET", "/metrics", headers=HEADERS)
            answer = connection.getresponse()
            complete = answer.read() and answer.status == 200
        except (OSError, http.client.HTTPException):
            connection.close()
            complete = False
        found.append(time.monotonic() - due if complete else -1.0)
    results.put(found)


def load(port: int, inventory: Path, rate: float, seconds: float) -> dict[str, float]:
    """Scrape while scans go on; return how long scrapes took in milliseconds, and how many failed."""
    results: multiprocessing.SimpleQueue[list[float]] = multiprocessing.SimpleQueue()
    arguments = (port, rate / CLIENTS, seconds, results)
    clients = [multiprocessing.Process(target=scrape, args=arguments) for _ in range(CLIENTS)]
    scans_count = samples(port)['tonnage_scans_total{result="success"}']
    for client in clients:
        client.start()
    while any(client.is_alive() for client in clients):
        time.sleep(0.2)
        if samples(port)["tonnage_scan_running"] == 0:
            inventory.unlink(missing_ok=True)
            request_scan(port)
    found = sorted(took for _ in clients for took in results.get())
    good = [took * 1000 for took in found if took >= 0]
    return {
        "scrapes": len(found),
        "failed": len(found) - len(good),
        "p50_ms": round(good[len(good) // 2], 1),
        "p99_ms": round(good[int(len(good) * 0.99)], 1),
        "max_ms": round(good[-1], 1),
        "full_scans": samples(port)['tonnage_scans_total{result="success"}'] - scans_count,
    }


def rescans(port: int, count: int) -> dict[str, float]:
    """Return the exporter's memory in MB after the first of many rescans, its highest, and after the last."""
    memory = []
    for _ in range(count):
        before = samples(port)['tonnage_scans_total{result="success"}']
        request_scan(port)
        while (found := samples(port))['tonnage_scans_total{result="success"}'] == before:
            time.sleep(0.05)
        memory.append(found["process_resident_memory_bytes"] / 1e6)
    return {"first_mb": round(memory[0], 1), "max_mb": round(max(memory), 1), "last_mb": round(memory[-1], 1)}


def main() -> None:
    """Make a tree unless one is given, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path)
    parser.add_argument("--blobs", type=int, default=50_000)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rescans", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tonnage-bench-") as name:
        tree = options.tree or Path(name, "registry")
        if options.tree is None:
            make(tree, options.blobs)
        inventory = Path(name, "inventory.duckdb")
        with running(tree, inventory) as port:
            while "tonnage_scan_success" not in samples(port):
                time.sleep(0.2)
            print(json.dumps({"series": len(samples(port)), **load(port, inventory, options.rate, options.seconds)}))
        with running(tree, inventory) as port:
            while samples(port).get("tonnage_scan_success") != 1:
                time.sleep(0.2)
            print(json.dumps({"rescans": options.rescans, **rescans(port, options.rescans)}))


if __name__ == "__main__":
    main()
