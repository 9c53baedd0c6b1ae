"""Scans that are killed at chosen lines, each in a fork of one process that has imported everything: a moment is cheap.

Called as a program: `python killing.py REGISTRY INVENTORY SIGNAL SEED COUNT`. It prints a JSON list with, for each
moment, the exit status of the scan, what the inventory says after it, and the names beside it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tonnage.cli import main
from tonnage.inventory.database import Inventory

_TRACED = ("scan/run.py", "scan/replace.py", "scan/loading.py", "inventory/database.py", "tonnage/files.py")


class _Watch:
    """Counts the lines of the code that writes, and sends this process a signal at one of them."""

    def __init__(self, limit: int, number: int) -> None:
        self.limit, self.number, self.count = limit, number, 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.endswith(_TRACED):
            return None
        if event == "line":
            self.count += 1
            if self.count == self.limit:
                sys.settrace(None)
                os.kill(os.getpid(), self.number)
        return self


def scan_and_be_killed(registry: str, inventory: str, limit: int, number: int) -> int:
    """Scan as the command does; return how many lines that took."""
    watch = _Watch(limit, number)
    sys.settrace(watch)
    try:
        main(["scan", registry, "-i", inventory, "-q"])
    except SystemExit as ended:
        sys.settrace(None)
        if ended.code not in (0, 3):
            raise
    return watch.count


def said(inventory: str) -> list[str]:
    """Return the tags in an inventory, all of whose tables can be read."""
    with Inventory(inventory) as opened:
        for (table,) in opened.query("select table_name from duckdb_tables() where schema_name = 'store'").rows:
            opened.query(f'select bit_xor(hash(t)) from store."{table}" as t')
        return [tag for (tag,) in opened.query("select tag from tag order by tag").rows]


def in_a_fork(work: Callable[[], Any]) -> tuple[int, Any]:
    """Do work in a fork; return its exit status, as a shell would say it, and what it returned."""
    reading, writing = os.pipe()
    if not (pid := os.fork()):
        code = 1
        try:
            os.write(writing, json.dumps(work()).encode())
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        found = file.read()
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), json.loads(found) if found else None


def killed_at_moments(registry: str, inventory: str, number: int, seed: int, count: int) -> list[dict[str, Any]]:
    """Kill a scan of the same old inventory at `count` moments, spread evenly and shaken; return what each came to."""
    path = Path(inventory)
    old = path.read_bytes()
    code, lines = in_a_fork(lambda: scan_and_be_killed(registry, inventory, 0, number))
    assert code == 0, code
    shaken = random.Random(seed)
    found = []
    for moment in range(count):
        path.write_bytes(old)
        limit = max(1, round((moment + shaken.random()) / count * lines))
        code, _ = in_a_fork(lambda limit=limit: scan_and_be_killed(registry, inventory, limit, number))
        names = sorted(other.name for other in path.parent.iterdir())
        found.append({"line": limit, "code": code, "said": in_a_fork(lambda: said(inventory)), "names": names})
    return found


if __name__ == "__main__":
    what = getattr(signal, sys.argv[3])
    json.dump(killed_at_moments(sys.argv[1], sys.argv[2], what, int(sys.argv[4]), int(sys.argv[5])), sys.stdout)
