"""What one machine does with millions of keys: scan, answers, plan, export and import, each as a whole process.

    python bench/scale.py                                  1 and 3 million keys
    python bench/scale.py --keys 1000000 3000000 10000000
    python bench/scale.py --postgresql 'postgresql://me@/bench?schema=scale'
    python bench/scale.py --says 1000000:33 3000000:105    the calculation alone, from figures of an earlier run

The keys come from an inventory report that is made for it (bench/make_keys.py), and the bodies of manifests and
configurations from a folder: there is no network in these figures, so what they say is arithmetic. Processor time is the
figure to trust on a shared machine. Temporary disk is what lay beside the inventory and in TMPDIR at most, looked at
twice a second. A million keys need 1.5 GB of disk while they are measured.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tonnage.cli.reports import all_reports

KEYS_PER_IMAGE = 22.1
TONNAGE = [sys.executable, "-m", "tonnage"]
FINE = (0, 3, 12)
"""Exit codes: problems were found, or a report asks for what no storage of this kind tells."""
GOALS = (1_000_000, 10_000_000, 100_000_000)
BODIES_PER_KEY, AT_ONCE, ANSWER_SECONDS, GET_DOLLARS = 0.093, 32, 0.02, 0.0004 / 1000
"""A GET for each manifest and configuration: so many at once, so long each, and Amazon S3's price in us-east-1."""


class Taken(NamedTuple):
    """What one command took. `processor_seconds` are those of all its processes, the megabytes of memory its largest's."""

    seconds: float
    processor_seconds: float
    megabytes: int
    disk_megabytes: int


class Disk(threading.Thread):
    """Looks at what a folder holds while a command runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self.before = self._bytes()
        self.most = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.5):
            self.most = max(self.most, self._bytes() - self.before)

    def _bytes(self) -> int:
        return sum(_size(Path(where, name)) for where, _, names in os.walk(self.folder) for name in names)


def _size(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def measure(work: Path, *command: str) -> Taken:
    """Run tonnage to its end, in a folder in which all that it writes lies."""
    disk = Disk(work)
    disk.start()
    started = time.monotonic()
    environment = {**os.environ, "TMPDIR": str(work)}
    process = subprocess.Popen(
        [*TONNAGE, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    disk.done.set()
    disk.join()
    if os.waitstatus_to_exitcode(status) not in FINE:
        raise SystemExit(f"failed: tonnage {' '.join(command)}")
    return Taken(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, disk.most // 1_000_000)


def commands(made: Path, work: Path, postgresql: str) -> Iterator[tuple[str, list[str]]]:
    """Yield what is measured, by name, in an order in which each finds what it needs."""
    inventory = ["-i", str(work / "scale.duckdb")]
    keys = [str(made / "registry"), "--keys", str(made / "manifest.json")]
    yield "scan", ["scan", "-q", *keys, *inventory]
    yield "scan, nothing new", ["scan", "-q", *keys, *inventory]
    yield "card", inventory
    for name, wanted in all_reports().items():
        if all(parameter.default for parameter in wanted.parameters):
            yield f"report {name}", [name, "-o", str(work / "report.txt"), *inventory]
    for options in (["2"], ["2", "-m"], ["3"], ["3", "-m"]):
        yield f"gc {' '.join(options)}", ["gc", "--collector", *options, *inventory]
    yield "what-if, a repository", ["what-if", "dev/team-0/app-0", *inventory]
    yield "plan, a repository", ["plan", "dev/team-0/app-0", "-o", str(work / "plan.json"), *inventory]
    yield "export, a folder", ["export", str(work / "lake"), "-q", *inventory]
    yield "import, a folder", ["import", str(work / "lake"), "-i", str(work / "back.duckdb")]
    if postgresql:
        yield "export, PostgreSQL", ["export", "--to", postgresql, "-q", *inventory]
        yield "import, PostgreSQL", ["import", postgresql, "-i", str(work / "returned.duckdb")]


def run(keys_count: int, folder: Path, postgresql: str) -> tuple[dict[str, int], dict[str, Taken]]:
    """Make a registry of so many keys and measure; return what it has of each, and what each command took."""
    made, work = folder / "made", folder / "work"
    work.mkdir()
    maker = [sys.executable, Path(__file__).with_name("make_keys.py"), made, str(round(keys_count / KEYS_PER_IMAGE))]
    # By a process of its own: the peak of a process that is begun counts that of this one.
    counts = json.loads(subprocess.run(maker, check=True, capture_output=True).stdout)
    print(
        f"\n{counts['keys']:,} keys: {counts['blobs']:,} blobs, {counts['links']:,} links, {counts['bodies']:,} bodies"
    )
    print(f"{'':26}{'seconds':>9}{'processor':>11}{'memory MB':>11}{'disk MB':>9}", flush=True)
    taken = {}
    for name, command in commands(made, work, postgresql):
        taken[name] = found = measure(work, *command)
        print(
            f"{name:26}{found.seconds:9.1f}{found.processor_seconds:11.1f}{found.megabytes:11}{found.disk_megabytes:9}",
            flush=True,
        )
    return counts, taken


def show_slopes(keys: list[int], taken: list[dict[str, Taken]]) -> None:
    """Print how processor time grows with the keys: 1.00 is linear."""
    print("\nprocessor seconds" + "".join(f"{count:>13,}" for count in keys) + "    power")
    for name in taken[0]:
        seconds = [figures[name].processor_seconds for figures in taken]
        power = math.log(seconds[-1] / seconds[0]) / math.log(keys[-1] / keys[0])
        print(f"{name:17}" + "".join(f"{value:13.1f}" for value in seconds) + f"{power:9.2f}")


def say(keys: list[int], seconds: list[float]) -> None:
    """Print what a scan of more keys would take: a power of the keys through the first and the last figure."""
    power = math.log(seconds[-1] / seconds[0]) / math.log(keys[-1] / keys[0]) if len(keys) > 1 else 1.0
    print(f"\nscan, from {' and '.join(f'{count:,}' for count in keys)} keys: power {power:.2f}")
    print(f"{'keys':>13}{'processor':>12}{'us a key':>10}{'GETs':>13}{'dollars':>9}{'waiting, at once':>20}")
    for goal in GOALS:
        processor = seconds[-1] * (goal / keys[-1]) ** power
        gets = goal * BODIES_PER_KEY
        waiting = gets * ANSWER_SECONDS / AT_ONCE
        print(
            f"{goal:13,}{_time(processor):>12}{processor / goal * 1e6:10.0f}{gets:13,.0f}{gets * GET_DOLLARS:9.2f}"
            f"{_time(waiting):>12} {AT_ONCE:>7}"
        )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def main() -> None:
    """Measure, or calculate from what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, nargs="+", default=[1_000_000, 3_000_000])
    parser.add_argument("--postgresql", default="", metavar="ADDRESS")
    parser.add_argument("--says", nargs="+", metavar="KEYS:SECONDS")
    options = parser.parse_args()
    if options.says:
        pairs = [text.partition(":") for text in options.says]
        say([int(keys) for keys, _, _ in pairs], [float(seconds) for _, _, seconds in pairs])
        return
    keys, taken = [], []
    for keys_count in options.keys:
        with tempfile.TemporaryDirectory(prefix="tonnage-bench-") as folder:
            counts, found = run(keys_count, Path(folder), options.postgresql)
        keys.append(counts["keys"])
        taken.append(found)
    if len(keys) > 1:
        show_slopes(keys, taken)
    say(keys, [found["scan"].processor_seconds for found in taken])


if __name__ == "__main__":
    main()
