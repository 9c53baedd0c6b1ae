#!/usr/bin/env python3
"""What the pages cost the server, while a rescan runs beside it: first answers, a what-if of 1,000 tags, memory.

    python bench/page.py                                  trees of 20,000 blobs and of 5,000 repositories
    python bench/page.py --tree /srv/registry             a tree of your own
    python bench/page.py --tree /srv/registry -i tonnage.duckdb    and its inventory, which is copied

Figures are the processor time of the server's own process: machines are shared, and the wall clock tells of others. Its
children, which scan, solve and run SQL, have limits of their own. "First" is the first answer after an inventory was
opened and warmed in the background, "again" the same page a second time.
"""

import argparse
import contextlib
import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import duckdb
from make_tree import make

LIMIT_MS = 300
TICKED = 1_000
_QUIET_SECONDS, _LOOK_SECONDS, _QUIET_MS = 3.0, 0.25, 5
"""A server that uses next to no processor for so long has nothing more to warm, even on a busy machine."""


class Server:
    """A running `tonnage serve`, and what it costs."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def cpu_ms(self) -> float:
        """Return the processor time of its own process: the clock of another process, as clock_getcpuclockid(3) has it."""
        return 1000 * time.clock_gettime((~self.process.pid << 3) | 2)

    def memory_mb(self, name: str) -> float:
        """Return VmRSS, what it takes now, or VmHWM, the most it took."""
        found = re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found
        return int(found[1]) / 1024

    def ask(self, path: str, targets: Sequence[str] = ()) -> tuple[int, bytes, float]:
        """Return status, answer and the processor time it took, in milliseconds."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        before = self.cpu_ms()
        if targets:
            headers = {"Content-Type": "text/plain", "Accept": "application/json"}
            connection.request("POST", path, "\n".join(targets).encode(), headers)
        else:
            connection.request("POST" if path == "/-/scan" else "GET", path, headers={"Accept": "text/html"})
        answer = connection.getresponse()
        body = answer.read()
        took = self.cpu_ms() - before
        connection.close()
        return answer.status, body, took

    def is_scanning(self) -> bool:
        """Return whether a rescan runs."""
        return b"tonnage_scan_running 1" in self.ask("/metrics")[1]

    def have_a_rescan(self) -> None:
        """See that a rescan runs. One that ended is another inventory: first that is opened and warmed."""
        if not self.is_scanning():
            self.wait_until_warm()
            self.ask("/-/scan")
            while not self.is_scanning():
                time.sleep(_LOOK_SECONDS)

    def wait_until_warm(self) -> None:
        """Wait until there are pages, and it has nothing more to do."""
        while self.ask("/-/inventory")[0] != 200 or json.loads(self.ask("/-/inventory")[1])["scan"] is None:
            time.sleep(_LOOK_SECONDS)
        quiet, before = 0.0, self.cpu_ms()
        while quiet < _QUIET_SECONDS:
            time.sleep(_LOOK_SECONDS)
            now = self.cpu_ms()
            quiet = quiet + _LOOK_SECONDS if now - before < _QUIET_MS else 0.0
            before = now


@contextlib.contextmanager
def serving(tree: Path, inventory: Path) -> Iterator[Server]:
    """Run the server over a tree and its inventory until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tonnage", "serve", str(tree), "-i", str(inventory), "--interval", "24h",
               "--web.enable-scan", f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    server = Server(process, port)
    try:
        while True:
            with contextlib.suppress(OSError):
                server.ask("/-/healthy")
                break
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait()


def pages_of(inventory: Path) -> dict[str, str]:
    """Return pages of every kind, those of the largest things an inventory has."""
    with duckdb.connect(str(inventory), read_only=True) as connection:
        (tags, large, image, layer, namespace) = (
            connection.execute(sql).fetchone() or ("",)
            for sql in (
                "select repository from tag group by repository order by count(*) desc limit 1",
                "select repository from repository_usage order by stored_bytes desc limit 1",
                "select repository || ':' || tag from tag_usage order by stored_bytes desc limit 1",
                "select digest from layer order by references_count desc, size_bytes desc limit 1",
                "select namespace from namespace_usage order by stored_bytes desc limit 1",
            )
        )
    reports = ("tags", "repositories", "layers", "untagged", "orphans", "bases", "duplicates", "namespaces", "growth",
               "leftovers", "problems", "steps", "uploads", "overview")  # fmt: skip
    return {
        "overview": "/", "map": "/map", "map by age": "/map?colour=age", "what is shared": "/map?show=shared",
        "namespace": f"/map/{quote(str(namespace[0]))}/", "largest repository": f"/map/{quote(large[0])}",
        "most tags": f"/map/{quote(tags[0])}", "image": f"/image/{quote(image[0])}", "most held layer": f"/layer/{layer[0]}",
        **{f"report {name}": f"/report/{name}" for name in reports},
        "tags filtered": "/report/tags?q=1.2", "tags sorted": "/report/tags?sort=pushed_at&page=3",
        f"why {layer[0][7:19]}": f"/report/why?digest={layer[0]}",
        "search": "/search?q=1.2", "free": "/free", "basket": "/basket", "sql": "/sql",
    }  # fmt: skip


def measure(tree: Path, inventory: Path) -> bool:
    """Print what the pages cost; return whether all of it is within its limit."""
    pages = pages_of(inventory)
    with serving(tree, inventory) as server:
        server.wait_until_warm()
        print(f"\n{'page':<24}{'first ms':>10}{'again ms':>10}{'KB':>8}")
        slow = []
        for name, path in pages.items():
            server.have_a_rescan()
            (status, body, first), (_, _, again) = server.ask(path), server.ask(path)
            mark = "" if first <= LIMIT_MS else f"  over {LIMIT_MS}"
            slow += [name] if mark else []
            odd = "" if status == 200 else f"  status {status}"
            print(f"{name:<24}{first:>10.0f}{again:>10.0f}{len(body) / 1000:>8.0f}{mark}{odd}", flush=True)
        slow += _what_if(server, inventory)
        while server.is_scanning():
            time.sleep(_LOOK_SECONDS)
        server.wait_until_warm()
        now, most = server.memory_mb("VmRSS"), server.memory_mb("VmHWM")
        print(f"memory: {now:,.0f} MB, at most {most:,.0f} MB while one inventory took over from another")
    print("all within their limit" if not slow else f"over their limit: {', '.join(slow)}")
    return not slow


def _what_if(server: Server, inventory: Path) -> list[str]:
    with duckdb.connect(str(inventory), read_only=True) as connection:
        rows = connection.execute(
            "select repository || ':' || tag from tag where digest is not null order by hash(repository || tag || $seed)"
            f" limit {3 * TICKED}", {"seed": "1"}
        ).fetchall()  # fmt: skip
    slow = []
    for number in range(3):
        server.have_a_rescan()
        targets = [name for (name,) in rows[number * TICKED : (number + 1) * TICKED]]
        status, body, took = server.ask("/basket?map=", targets)
        assert status == 200, body
        print(f"{f'what-if of {len(targets):,} tags':<24}{took:>10.0f}")
        slow += ["what-if"] if took > LIMIT_MS and len(targets) == TICKED else []
    return slow


def main() -> int:
    """Measure, and return 1 if something is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, help="a registry's storage; else two are made for it")
    parser.add_argument("-i", "--inventory", type=Path, help="an inventory of that tree; else it is scanned")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tonnage-bench-page-") as name:
        trees = (
            [given.tree]
            if given.tree
            else [_made(Path(name) / "blobs", 20_000, 100), _made(Path(name) / "names", 33_000, 7)]
        )
        good = True
        for number, tree in enumerate(trees):
            inventory = Path(name) / f"{number}.duckdb"
            if given.inventory:
                shutil.copy(given.inventory, inventory)
            else:
                command = [sys.executable, "-m", "tonnage", "scan", str(tree), "-i", str(inventory)]
                assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode in (0, 3)
            good &= measure(tree, inventory)
    return 0 if good else 1


def _made(root: Path, blobs_count: int, images_count: int) -> Path:
    make(root, blobs_count, images_count)
    return root


if __name__ == "__main__":
    sys.exit(main())
