"""Inventory -> exposition: every metric there is, and how it went with each."""

import contextlib
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family

from tonnage.errors import QueryError, UsageError
from tonnage.exporter.collection import broken_family
from tonnage.exporter.compat import Selection, make_selection, select
from tonnage.exporter.exposition import Exposition, render
from tonnage.exporter.messages import Job
from tonnage.exporter.metrics import Metric, Rows, builtin_metrics, compat_metrics, metrics_in, run_metric, to_family
from tonnage.exporter.state import LIVE
from tonnage.inventory.database import Inventory

log = logging.getLogger("tonnage")


_SHARED_VIEWS = ("repository_usage", "tag_layers")
"""What so many metrics ask that it is worked out once."""


def wanted_metrics(job: Job) -> dict[str, Metric]:
    """Return all metrics a job asks for; an own one takes the place of ours of the same name. Raises UsageError."""
    own = metrics_in(job.metrics_folder)
    if taken := own.keys() & LIVE.keys():
        raise UsageError(f"`{min(taken)}.sql` has the name of a metric that is not SQL", "give it another name")
    wanted = {**builtin_metrics(), **(compat_metrics() if job.is_compatible else {}), **own}
    _refuse_families(own, {name: type_ for name, (type_, _) in LIVE.items()} | {n: m.type for n, m in wanted.items()})
    return wanted


def _refuse_families(own: Iterable[str], types: Mapping[str, str]) -> None:
    """Refuse what OpenMetrics takes for one family: `a` and the counter `a_total`. Prometheus would take nothing at all.

    `types` are those of all metrics by name. Raises UsageError.
    """
    names: dict[str, str] = {}
    for name in sorted(types, key=set(own).__contains__):  # an own one is what is said to be wrong
        family = name.removesuffix("_total") if types[name] == "counter" else name
        if (other := names.setdefault(family, name)) != name:
            raise UsageError(f"`{name}.sql` and `{other}` are one name to OpenMetrics", "give it another name")


def selection_of(job: Job) -> Selection:
    """Return which tags the old gauges are said of. Raises UsageError for patterns that are none."""
    return make_selection(job.tags_include, job.tags_exclude, job.max_series)


def expose(inventory: Inventory, job: Job) -> Exposition:
    """Return the exposition of an inventory: all metrics there are, and how it went with each."""
    wanted = wanted_metrics(job)
    seconds: dict[str, float] = {}
    with _worked_out(inventory):
        found = {name: rows for name, metric in wanted.items() if (rows := _attempt(inventory, metric, seconds))}
    old = {name: rows for name, rows in found.items() if name in compat_metrics()}
    selected = select(old, selection_of(job))
    others = [
        _gauge("tonnage_query_success", {name: name in found for name in seconds}),
        _gauge("tonnage_query_duration_seconds", seconds),
        _gauge("tonnage_dropped_series", selected.dropped),
    ]
    if job.collector_version:
        others.append(broken_family(inventory, job.collector_version, job.delete_untagged))
    families = (to_family(wanted[name], rows) for name, rows in {**found, **selected.rows}.items() if rows.rows)
    return render(chain(families, others))


@contextlib.contextmanager
def _worked_out(inventory: Inventory) -> Iterator[None]:
    """Have shared views as temporary tables of the same names within the block: the database finds these first.

    One that fails is left to the metrics that ask for it, and an inventory in PostgreSQL to that.
    """
    shared = _SHARED_VIEWS if inventory.catalog == Inventory.catalog else ()
    for name in shared:
        with contextlib.suppress(QueryError):
            inventory.query(f"create or replace temp table {name} as select * from inventory.main.{name}")
    try:
        yield
    finally:
        for name in shared:
            inventory.query(f"drop table if exists temp.{name}")


def _attempt(inventory: Inventory, metric: Metric, seconds: dict[str, float]) -> Rows | None:
    """Return the rows of a metric, None if its SQL fails: one bad file must not take the others with it."""
    started = time.monotonic()
    try:
        return run_metric(inventory, metric)
    except QueryError as error:
        log.error("%s gives no figures: %s", metric.name, error.message)
        return None
    finally:
        seconds[metric.name] = time.monotonic() - started


def _gauge(name: str, values: Mapping[str, float]) -> Family:
    family = GaugeMetricFamily(name, LIVE[name][1], labels=("metric",))
    for metric, value in values.items():
        family.add_metric((metric,), float(value))
    return family
