"""A scan that is killed, or asked to end, at many moments: the inventory is the old one or the new one, whole."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanning import column, scan_tree
from seeds import FACTOR
from tonnage.sample import Builder

pytestmark = pytest.mark.slow

KILLING = Path(__file__).parents[1] / "helpers/killing.py"
OLD, NEW = ["1"], ["1", "2"]


@pytest.mark.slow
@pytest.mark.parametrize(("what", "count"), [("SIGKILL", 10), ("SIGTERM", 4), ("SIGINT", 2), ("SIGHUP", 1)])
def test_a_scan_ended_at_many_moments(what: str, count: int, registry: Builder, tmp_path: Path) -> None:
    """SIGKILL leaves at most a folder and a lock of ours, which the next scan removes; the others leave nothing."""
    repo = registry.repository("app")
    repo.image([registry.layer(b"one")], tag="1")
    count *= FACTOR
    inventory = tmp_path / "beside/tonnage.duckdb"
    inventory.parent.mkdir()
    scan_tree(registry.root, inventory)
    registry.when = datetime.now(UTC)
    repo.image([registry.layer(b"two")], tag="2")
    command = [sys.executable, str(KILLING), str(registry.root), str(inventory), what, "20261129", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-2000:]
    moments = json.loads(done.stdout)
    assert len(moments) == count
    for moment in moments:
        assert moment["said"] in ([0, OLD], [0, NEW]), moment
        others = [name for name in moment["names"] if name != inventory.name]
        assert all(name.startswith(".tonnage-") for name in others), moment
        if moment["code"] == 0:  # it was done by then: runs differ by some lines
            assert moment["said"] == [0, NEW], moment
        else:
            assert moment["code"] == (-signal.SIGKILL if what == "SIGKILL" else 128 + getattr(signal, what)), moment
            # Right after the lock's file is made nobody knows yet whose it is: empty, it is taken by the next scan.
            assert what == "SIGKILL" or [name for name in others if not name.endswith(".lock")] == [], moment
    assert sum(moment["code"] != 0 for moment in moments) > 0.9 * count
    scan_tree(registry.root, inventory)
    assert column(inventory, "select tag from tag order by tag") == NEW
    assert [path.name for path in inventory.parent.iterdir()] == [inventory.name]
