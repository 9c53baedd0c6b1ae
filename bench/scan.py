"""tonnage scan beside find, du and the registry's own collector, on the same trees in one run.

    python bench/scan.py                          trees of 5,000 to 200,000 blobs, made for it in a temporary folder
    python bench/scan.py --blobs 50000            one size
    python bench/scan.py --tree /var/lib/registry a tree of your own
    python bench/scan.py --cold                   as root: with the page cache dropped before each run

Each program runs as a whole process; tonnage writes its database. Figures are medians of rounds in which all programs
take turns, as machines are shared: trust the ratios. The collector's -m is quadratic in the tags of a repository.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from make_tree import make

SIZES = (5_000, 20_000, 50_000, 200_000)
TONNAGE = [sys.executable, "-m", "tonnage"]


def programs(root: Path, folder: Path) -> dict[str, list[str]]:
    """Return what is measured, by name. The rescan comes after the scan it builds upon."""
    v2, inventory = str(root / "docker/registry/v2"), str(folder / "tonnage.duckdb")
    config = folder / "config.yml"
    config.write_text(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {root}}}}}\n")
    found = {
        "find": ["find", v2, "-type", "f", "-printf", "%s %p\\n"],
        "du": ["du", "-s", v2],
        "tonnage scan": [*TONNAGE, "scan", "-q", "--full", str(root), "-i", inventory],
        "tonnage rescan": [*TONNAGE, "scan", "-q", str(root), "-i", inventory],
    }
    if collector := shutil.which("docker-registry"):
        found["collector -d"] = [collector, "garbage-collect", "-d", str(config)]
        found["collector -d -m"] = [collector, "garbage-collect", "-d", "-m", str(config)]
    return found


def measure(command: list[str], cold: bool) -> tuple[float, int]:
    """Return the seconds a process took and its peak memory in MB, the largest of its own children included."""
    if cold:
        subprocess.run(["sync"], check=True)
        Path("/proc/sys/vm/drop_caches").write_text("3")
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.monotonic() - started, usage.ru_maxrss // 1024


def compare(root: Path, rounds: int, cold: bool) -> dict[str, tuple[float, int]]:
    """Return median seconds and peak MB of each program over rounds in which all take turns."""
    with tempfile.TemporaryDirectory() as folder:
        commands = programs(root, Path(folder))
        taken: dict[str, list[tuple[float, int]]] = {name: [] for name in commands}
        if not cold:
            measure(commands["find"], cold=False)
        for _ in range(rounds):
            for name, command in commands.items():
                if name == "collector -d -m" and taken[name] and taken[name][0][0] > 60:
                    continue
                taken[name].append(measure(command, cold))
        return {
            name: (statistics.median(s for s, _ in runs), max(mb for _, mb in runs)) for name, runs in taken.items()
        }


def report(title: str, found: dict[str, tuple[float, int]]) -> None:
    """Print the figures of one tree: seconds, and ratios to find and to the collector."""
    find, collector = found["find"][0], found.get("collector -d", (float("nan"), 0))[0]
    print(f"\n{title}\n{'':18}{'seconds':>9}{'find = 1':>10}{'collector = 1':>15}{'peak MB':>9}")
    for name, (seconds, megabytes) in found.items():
        print(f"{name:18}{seconds:9.2f}{seconds / find:10.2f}{seconds / collector:15.2f}{megabytes:9}")
    print(f"rescan / scan: {found['tonnage rescan'][0] / found['tonnage scan'][0]:.2f}", flush=True)


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path)
    parser.add_argument("--blobs", type=int, nargs="*", default=SIZES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    if options.tree:
        report(f"{options.tree}", compare(options.tree, options.rounds, options.cold))
        return
    for blobs_count in options.blobs:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), blobs_count)
            time.sleep(3)  # what is written this moment is not trusted by the rescan
            report(f"{blobs_count:,} blobs", compare(Path(folder), options.rounds, options.cold))


if __name__ == "__main__":
    main()
