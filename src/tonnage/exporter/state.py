"""What is only known at the moment of a scrape: how the scans go, what room the volume has, this process itself."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.process_collector import ProcessCollector

from tonnage import __version__
from tonnage.exporter.exposition import Exposition, Families
from tonnage.exporter.messages import REASONS
from tonnage.exporter.web import Web

LIVE = {
    "tonnage_build_info": ("gauge", "Version of the running tonnage."),
    "tonnage_scan_success": ("gauge", "Whether the last scan succeeded."),
    "tonnage_scan_failure": ("gauge", "Why the last scan failed: 1 for the reason, 0 for all others."),
    "tonnage_scan_running": ("gauge", "Whether a scan is running."),
    "tonnage_scans_total": ("counter", "Scans that ended."),
    "tonnage_scan_duration_seconds": ("gauge", "How long the last scan took, its metrics included."),
    "tonnage_scan_interval_seconds": ("gauge", "Time between two scans, as set; it varies by a tenth."),
    "tonnage_scan_last_success_timestamp_seconds": ("gauge", "When the scan ended that all figures are from."),
    "tonnage_scan_age_seconds": ("gauge", "How old the figures are."),
    "tonnage_volume_size_bytes": ("gauge", "Size of the volume the storage is on."),
    "tonnage_volume_free_bytes": ("gauge", "Bytes of that volume that an ordinary user may still fill."),
    "tonnage_query_success": ("gauge", "Whether the SQL of the metric gave its figures."),
    "tonnage_query_duration_seconds": ("gauge", "How long the SQL of the metric took."),
    "tonnage_collection_broken": (
        "gauge",
        "What loses something that can be pulled now if the garbage collection of --collector runs.",
    ),
    "tonnage_dropped_series": ("gauge", "Series left out because of --max-series."),
    "tonnage_web_config_reload_success": ("gauge", "Whether the file --web.config.file was right when last read."),
}
"""Metrics that are not SQL: type and help."""
LIVE_LABELS = {
    "tonnage_build_info": {"version": "version of tonnage"},
    "tonnage_scan_failure": {"reason": "; ".join(f"{name}: {meaning}" for name, meaning in REASONS.items())},
    "tonnage_scans_total": {"result": "success or failure"},
    "tonnage_query_success": {"metric": "name of the metric"},
    "tonnage_query_duration_seconds": {"metric": "name of the metric"},
    "tonnage_collection_broken": {
        "registry": "2.x or 3.x",
        "delete_untagged": "whether the collection is one with -m",
        "kind": "image, or referrer: a signature, an SBOM, an attestation of an image that stays",
    },
    "tonnage_dropped_series": {"metric": "name of the metric"},
}
"""What their labels mean."""


_FRESH_SECONDS = 60.0
"""How long what was measured holds; a volume that no longer answers is one that nothing is known of."""


class Volume(NamedTuple):
    """The room a volume has, in bytes, and when that was measured, by the monotonic clock."""

    size_bytes: int
    free_bytes: int
    measured_at: float


@dataclass
class State:
    """What the exporter knows right now. Written by the scanner, read by scrapes, both in one thread."""

    interval_seconds: float
    exposition: Exposition = field(default_factory=Exposition)
    scanned_at: float | None = None
    """When the scan ended that the exposition is of, by the clock of the wall."""
    aged_from: float | None = None
    """The same moment by the monotonic clock, so that figures grow old whatever is done to the other one."""
    is_ready: bool = False
    """There are figures, or the first scan has failed: either way there is something to say."""
    is_running: bool = False
    reason: str | None = None
    """Why the last scan failed; empty if it did not, null before one has ended."""
    message: str = ""
    """What the last scan failed with, in words."""
    files_count: int | None = None
    """Files the scan that runs has met so far."""
    duration_seconds: float | None = None
    succeeded_count: int = 0
    failed_count: int = 0
    volume: Volume | None = None

    def take(self, exposition: Exposition, scanned_at: float | None) -> None:
        """Put new figures in the old ones' place."""
        self.exposition, self.scanned_at = exposition, scanned_at
        self.aged_from = None if scanned_at is None else time.monotonic() - max(0.0, time.time() - scanned_at)
        self.is_ready = True


class Live:
    """Collects what is only known now."""

    def __init__(self, state: State, web: Web, clock: Callable[[], float] = time.monotonic) -> None:
        self.state = state
        self.web = web
        self.clock = clock
        self.process = ProcessCollector(registry=None)

    def families(self) -> Families:
        """Return the families; a figure that is not known is left out."""
        found = [family for family in self._collect() if family.samples]
        return Families([*found, *self.process.collect()])

    def _collect(self) -> Iterator[Family]:
        state = self.state
        has_scanned = state.reason is not None
        yield _labelled("tonnage_build_info", "version", {__version__: 1})
        yield _gauge("tonnage_scan_success", float(state.reason == "") if has_scanned else None)
        yield _labelled("tonnage_scan_failure", "reason", {name: state.reason == name for name in REASONS})
        yield _gauge("tonnage_scan_running", state.is_running)
        counts = {"success": state.succeeded_count, "failure": state.failed_count}
        yield _labelled("tonnage_scans_total", "result", counts)
        yield _gauge("tonnage_scan_duration_seconds", state.duration_seconds)
        yield _gauge("tonnage_scan_interval_seconds", state.interval_seconds)
        yield _gauge("tonnage_scan_last_success_timestamp_seconds", state.scanned_at)
        age = None if state.aged_from is None else self.clock() - state.aged_from
        yield _gauge("tonnage_scan_age_seconds", age)
        is_fresh = state.volume is not None and self.clock() - state.volume.measured_at < _FRESH_SECONDS
        volume = state.volume if is_fresh else None
        yield _gauge("tonnage_volume_size_bytes", volume and volume.size_bytes)
        yield _gauge("tonnage_volume_free_bytes", volume and volume.free_bytes)
        yield _gauge("tonnage_web_config_reload_success", self.web.is_good if self.web.path else None)


def _gauge(name: str, value: float | None) -> Family:
    family = GaugeMetricFamily(name, LIVE[name][1])
    if value is not None:
        family.add_metric((), float(value))
    return family


def _labelled(name: str, label: str, values: dict[str, int] | dict[str, bool]) -> Family:
    kind, text = LIVE[name]
    family = (CounterMetricFamily if kind == "counter" else GaugeMetricFamily)(name, text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), float(value))
    return family
