"""tonnage scan and its reports beside find, du and the registry's own collector, on the same trees in one run.

    python bench/scan.py                          trees of 5,000 to 200,000 blobs, made for it in a temporary folder
    python bench/scan.py --blobs 50000            one size
    python bench/scan.py --tree /var/lib/registry a tree of your own
    python bench/scan.py --no-cold                a warm page cache only; cold needs root, to drop the cache

Each program runs as a whole process; tonnage writes its database. Figures are medians of rounds in which all programs
take turns, as machines are shared: trust the ratios. Where the wall clock and the processor time of one program differ
much, something else was using the machine. The collector's -m is quadratic in the tags of a repository.
"""

import argparse
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from make_tree import make

from tonnage.cli.reports import all_reports

SIZES = (5_000, 20_000, 50_000, 200_000)
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
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


class Taken(NamedTuple):
    """What one run of a program took. `processor_seconds` are those of all its processes."""

    seconds: float
    processor_seconds: float
    megabytes: int


def measure(command: list[str], cold: bool = False) -> Taken:
    """Run a program to its end; the peak memory is that of its largest process."""
    if cold:
        subprocess.run(["sync"], check=True)
        DROP_CACHES.write_text("3")
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        raise SystemExit(f"failed: {' '.join(command)}")
    return Taken(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)


def median(runs: list[Taken]) -> Taken:
    """Return the median of each figure, and the largest memory."""
    return Taken(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.processor_seconds for run in runs),
        max(run.megabytes for run in runs),
    )


def compare(commands: dict[str, list[str]], rounds: int, cold: bool) -> dict[str, Taken]:
    """Return what each program took, over rounds in which all take turns."""
    taken: dict[str, list[Taken]] = {name: [] for name in commands}
    if not cold:
        measure(commands["find"])
    for _ in range(rounds):
        for name, command in commands.items():
            if name == "collector -d -m" and taken[name] and taken[name][0].seconds > 60:
                continue
            taken[name].append(measure(command, cold))
    return {name: median(runs) for name, runs in taken.items()}


def report(title: str, found: dict[str, Taken]) -> None:
    """Print the figures of one tree: seconds, and ratios to find and to the collector."""
    find = found["find"]
    collector = found.get("collector -d", Taken(float("nan"), 0, 0)).seconds
    print(f"\n{title}\n{'':18}{'seconds':>9}{'processor':>11}{'find = 1':>10}{'collector = 1':>15}{'peak MB':>9}")
    for name, (seconds, processor, megabytes) in found.items():
        ratios = f"{seconds / find.seconds:10.2f}{seconds / collector:15.2f}"
        print(f"{name:18}{seconds:9.2f}{processor:11.2f}{ratios}{megabytes:9}")
    print(f"rescan / scan: {found['tonnage rescan'].seconds / found['tonnage scan'].seconds:.2f}", flush=True)


def ask(inventory: Path, rounds: int) -> dict[str, Taken]:
    """Return what the card and each report took as a whole process."""
    names = [name for name, wanted in all_reports().items() if all(p.default for p in wanted.parameters)]
    commands = {"card": [*TONNAGE, "-i", str(inventory)]}
    commands |= {name: [*TONNAGE, name, "-i", str(inventory)] for name in names}
    return {name: median([measure(command) for _ in range(rounds)]) for name, command in commands.items()}


def run(title: str, root: Path, options: argparse.Namespace) -> dict[str, float]:
    """Measure one tree, print it, and return the seconds of what ran warm."""
    with tempfile.TemporaryDirectory() as folder:
        commands = programs(root, Path(folder))
        warm = compare(commands, options.rounds, cold=False)
        report(f"{title}, warm", warm)
        asked = ask(Path(folder, "tonnage.duckdb"), options.rounds)
        slowest = max(asked, key=lambda name: asked[name].seconds)
        print(
            f"reports: card {asked['card'].seconds:.2f} s, slowest {slowest} {asked[slowest].seconds:.2f} s", flush=True
        )
        if options.cold and os.access(DROP_CACHES, os.W_OK):
            report(f"{title}, cold", compare(commands, 1, cold=True))
    return {name: taken.seconds for name, taken in {**warm, **asked}.items()}


def show_growth(sizes: list[int], taken: list[dict[str, float]]) -> None:
    """Print how each figure grows: seconds per size, and the power of the size between the first and the last."""
    print(f"\n{'seconds, warm':18}" + "".join(f"{size:>10,}" for size in sizes) + f"{'power':>8}")
    for name in taken[0]:
        seconds = [figures[name] for figures in taken]
        power = math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0])
        print(f"{name:18}" + "".join(f"{value:10.2f}" for value in seconds) + f"{power:8.2f}", flush=True)


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path)
    parser.add_argument("--blobs", type=int, nargs="*", default=SIZES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-cold", dest="cold", action="store_false")
    options = parser.parse_args()
    if options.tree:
        run(str(options.tree), options.tree, options)
        return
    taken = []
    for blobs_count in options.blobs:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), blobs_count)
            time.sleep(3)  # what is written this moment is not trusted by the rescan
            taken.append(run(f"{blobs_count:,} blobs", Path(folder), options))
    if len(taken) > 1:
        show_growth(list(options.blobs), taken)


if __name__ == "__main__":
    main()
