"""Metrics: each is one .sql file, ours or an operator's own. The file's name is the metric's name.

    -- Stored bytes that no other repository needs. One row per repository.
    -- type: gauge
    -- repository: name of the repository
    select repository, exclusive_bytes as value from repository_usage order by repository

`value` is the sample's value, all other columns are labels; a row whose value is null is left out, as unknown is not 0.
A histogram names its upper bounds, `-- buckets: 1 2 5`, and yields one row per observed `value`, with a `weight` if it
was observed more than once. The header is that of a report (see tonnage.inventory.reports), without parameters.
"""

import re
from collections import defaultdict
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.utils import floatToGoString

from tonnage.errors import QueryError, UsageError
from tonnage.inventory.database import Inventory, Table
from tonnage.inventory.reports import Report, parse_report, reports_in
from tonnage.inventory.statements import statements

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TYPES = ("gauge", "counter", "histogram")
_HEADER = ("type", "buckets")
"""Words of the header that explain no label."""


class Metric(NamedTuple):
    """A metric: its name and type, what it says, and its SQL."""

    name: str
    type: str
    title: str
    labels: dict[str, str]
    """What the labels mean, where the file says so."""
    buckets: tuple[float, ...]
    """Upper bounds of a histogram, without the last one, which is infinite."""
    sql: str

    @property
    def help(self) -> str:
        """What the metric says, for the exposition: its title without what a row is."""
        return self.title.partition(" One row per ")[0]


class Labelled(NamedTuple):
    """A row of a metric: its labels, its value, and how often that was observed."""

    labels: tuple[str, ...]
    value: float
    weight: float = 1.0


class Rows(NamedTuple):
    """The rows of a metric."""

    label_names: tuple[str, ...]
    rows: list[Labelled]


@cache
def builtin_metrics() -> dict[str, Metric]:
    """Return the metrics that come with tonnage, by name."""
    return {name: parse_metric(parse_report(name, found.sql)) for name, found in statements("metrics").items()}


@cache
def compat_metrics() -> dict[str, Metric]:
    """Return the four gauges of the exporter that was here before, by name."""
    return {name: parse_metric(parse_report(name, found.sql)) for name, found in statements("metrics_compat").items()}


def metrics_in(folder: str | None) -> dict[str, Metric]:
    """Return the metrics of an operator's own folder, by name. Raises UsageError, naming the file that is wrong."""
    return {name: parse_metric(report) for name, report in reports_in(folder).items()}


def parse_metric(report: Report) -> Metric:
    """Return the metric a file holds, from its header. Raises UsageError."""
    buckets = _parse_buckets(report.name, report.columns.get("buckets", ""))
    labels = {name: meaning for name, meaning in report.columns.items() if name not in _HEADER}
    metric = Metric(report.name, report.columns.get("type", ""), report.title, labels, buckets, report.sql)
    if wrong := _fault(metric):
        raise UsageError(
            f"`{metric.name}.sql` is not a metric: {wrong}", "docs/how-to/run-the-exporter.md has an example"
        )
    if report.parameters:
        raise UsageError(f"`{metric.name}.sql` is not a metric: it has parameters, and nobody would give them")
    return metric


def _fault(metric: Metric) -> str:
    """Return what is wrong with a metric; nothing if all is well."""
    if not _NAME.fullmatch(metric.name):
        return "its name is not made of letters, digits and _"
    if metric.type not in _TYPES:
        return f"it needs a line `-- type: T`, where T is one of {', '.join(_TYPES)}"
    if metric.type == "counter" and not metric.name.endswith("_total"):
        return "the name of a counter ends in _total"
    if (metric.type == "histogram") != bool(metric.buckets):
        return "a histogram, and nothing else, needs a line `-- buckets: 1 2 5`"
    return ""


def _parse_buckets(name: str, text: str) -> tuple[float, ...]:
    try:
        buckets = tuple(float(bound) for bound in text.split())
    except ValueError as error:
        raise UsageError(f"`{name}.sql` is not a metric: {error} in its buckets") from error
    if list(buckets) != sorted(set(buckets)):
        raise UsageError(f"`{name}.sql` is not a metric: its buckets are not in order")
    return buckets


def run_metric(inventory: Inventory, metric: Metric) -> Rows:
    """Return the rows of a metric whose value is known. Raises QueryError, also for rows that are not samples."""
    table = inventory.query(metric.sql)
    label_names = tuple(name for name in table.columns if name not in ("value", "weight"))
    if "value" not in table.columns:
        raise QueryError("there is no column `value`")
    if bad := [name for name in label_names if not _NAME.fullmatch(name) or name.startswith("__") or name == "le"]:
        raise QueryError(f"`{bad[0]}` cannot be the name of a label")
    rows = _labelled(table, label_names)
    if metric.type != "histogram" and len({row.labels for row in rows}) < len(rows):
        raise QueryError("several rows have the same labels")
    return Rows(label_names, rows)


def _labelled(table: Table, label_names: tuple[str, ...]) -> list[Labelled]:
    positions = [table.columns.index(name) for name in label_names]
    value = table.columns.index("value")
    weight = table.columns.index("weight") if "weight" in table.columns else None
    return [
        Labelled(
            tuple("" if row[i] is None else str(row[i]) for i in positions),
            _number(row[value]),
            1.0 if weight is None else _number(row[weight]),
        )
        for row in table.rows
        if row[value] is not None and (weight is None or row[weight] is not None)
    ]


def _number(value: object) -> float:
    if isinstance(value, int | float | Decimal):
        return float(value)
    raise QueryError(f"`{value}` is not a number")


def to_family(metric: Metric, found: Rows) -> Family:
    """Return the samples of a metric as prometheus_client has them."""
    match metric.type:
        case "histogram":
            return _histogram(metric, found)
        case "counter":
            family: Family = CounterMetricFamily(metric.name, metric.help)
        case _:
            family = GaugeMetricFamily(metric.name, metric.help)
    for row in found.rows:
        family.add_sample(metric.name, dict(zip(found.label_names, row.labels, strict=True)), row.value)
    return family


def _histogram(metric: Metric, found: Rows) -> Family:
    """Return a histogram; one without labels is there although nothing was observed."""
    family = HistogramMetricFamily(metric.name, metric.help, labels=found.label_names)
    observed: dict[tuple[str, ...], list[Labelled]] = defaultdict(list)
    for row in found.rows:
        observed[row.labels].append(row)
    if not found.label_names:
        observed.setdefault((), [])
    bounds = [(floatToGoString(bound), bound) for bound in (*metric.buckets, float("inf"))]  # type: ignore[no-untyped-call]
    for labels, rows in observed.items():
        buckets = [(text, sum(row.weight for row in rows if row.value <= bound)) for text, bound in bounds]
        family.add_metric(labels, buckets, sum(row.value * row.weight for row in rows))
    return family
