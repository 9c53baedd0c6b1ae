"""The Grafana dashboard over Prometheus: the story of the card, as panels.

What fills the disk, who needs it alone, which large layers hardly anything refers to, what a collection frees, what is
odd, and how old all this is.
"""

from collections.abc import Sequence

import panels
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.builders import prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import prometheus as queries
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableRefresh
from panels import BAD, GREEN, PLAIN, RED, YELLOW, Panel, thresholds

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
CHOSEN = '{job="$job", instance=~"$instance"}'
"""The exporter, or the exporters, that are chosen at the top of the dashboard."""


def dashboard() -> str:
    """Return the dashboard as Grafana imports and provisions it."""
    built = (
        grafana.Dashboard("Container registry storage")
        .uid("tonnage")
        .description("What fills a container registry's disk, from the exporter of tonnage.")
        .time("now-7d", "now")
        .refresh("5m")
        .with_variable(grafana.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(_variable("job", "label_values(tonnage_inventory_info, job)"))
        .with_variable(
            _variable("instance", 'label_values(tonnage_inventory_info{job="$job"}, instance)')
            .include_all(True)
            .all_value(".*")
            .multi(True)
        )
    )
    return panels.document(built, ROWS, DATASOURCE)


def _variable(name: str, query: str) -> grafana.QueryVariable:
    return (
        grafana.QueryVariable(name)
        .label(name.capitalize())
        .datasource(DATASOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )


def _query(expression: str, legend: str = "") -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(expression.replace("CHOSEN", CHOSEN)).datasource(DATASOURCE)
    return query.legend_format(legend) if legend else query


def number(
    title: str,
    expression: str,
    unit: str,
    meaning: str,
    colors: grafana.ThresholdsConfig = PLAIN,
    nothing: str = "unknown",
) -> stat.Panel:
    """Return a panel with what a query yields now."""
    return panels.number(title, _query(expression).instant().ref_id("A"), unit, meaning, colors, nothing)


def curves(
    title: str, expressions: dict[str, str], unit: str, meaning: str, *, stacked: bool = False, width: int = 12
) -> timeseries.Panel:
    """Return a panel with curves: legend to expression."""
    lettered = zip("ABCDEFGH", expressions.items(), strict=False)
    asked = [_query(expression, legend).range().ref_id(letter) for letter, (legend, expression) in lettered]
    return panels.curves(title, asked, unit, meaning, stacked=stacked, width=width)


def bars(title: str, expression: str, legend: str, unit: str, meaning: str, *, is_histogram: bool = False) -> Panel:
    """Return a panel with a bar for each series; of a histogram, one for each bucket."""
    query = _query(expression, legend).instant().ref_id("A")
    if is_histogram:
        query.format(queries.PromQueryFormat.HEATMAP)
    return panels.bars(title, query, unit, meaning)


def rows(
    title: str,
    expressions: Sequence[str],
    columns: dict[str, str],
    units: dict[str, str],
    meaning: str,
    width: int = 12,
    sort_by: str = "",
) -> table.Panel:
    """Return a panel with a table of what queries yield now, without the labels that are the same in each row."""
    hidden = [name for name in ("Time", "__name__", "job", "instance", "alertstate", "Value") if name not in columns]
    lettered = zip("ABCDEFGH", expressions, strict=False)
    asked = [_query(text).instant().format(queries.PromQueryFormat.TABLE).ref_id(letter) for letter, text in lettered]
    return panels.rows(title, asked, columns, units, meaning, hidden=hidden, width=width, sort_by=sort_by)


_LARGEST = " and on (repository) topk(25, sum by (repository) (tonnage_exclusive_bytesCHOSEN))"
_DAY = 24 * 3600

ROWS: dict[str, list[Panel]] = {
    "What fills the disk": [
        number(
            "In the registry",
            "sum(tonnage_disk_bytesCHOSEN)",
            "bytes",
            "All files of the registry's storage. On the registry's machine: tonnage",
        ),
        number(
            "A collection frees",
            "sum(tonnage_collectable_bytesCHOSEN)",
            "bytes",
            "Orphaned blobs: what the registry's garbage collection would free now. tonnage gc --collector 2",
        ),
        number(
            "Saved by sharing",
            "sum(tonnage_registry_logical_bytesCHOSEN) - sum(tonnage_registry_deduplicated_bytesCHOSEN)",
            "bytes",
            "What the repositories would take besides if nothing were shared.",
        ),
        number(
            "Volume in use",
            "max(1 - tonnage_volume_free_bytesCHOSEN / tonnage_volume_size_bytesCHOSEN)",
            "percentunit",
            "Of the volume that the storage is on, by whatever is there.",
            thresholds((None, GREEN), (0.8, YELLOW), (0.95, RED)),
        ),
        number(
            "Full in",
            "min(tonnage_volume_free_bytesCHOSEN / -deriv(tonnage_volume_free_bytesCHOSEN[2d]) > 0)",
            "s",
            "If the volume goes on filling as in the last two days.",
            thresholds((None, RED), (7 * _DAY, YELLOW), (30 * _DAY, GREEN)),
            "not at this growth",
        ),
        number(
            "Figures are from",
            "max(tonnage_scan_age_secondsCHOSEN)",
            "s",
            "How long ago the scan ended that the figures come from.",
            thresholds((None, GREEN), (6 * 3600, YELLOW), (_DAY, RED)),
        ),
        curves(
            "Disk by class",
            {"{{class}}": "sum by (class) (tonnage_disk_bytesCHOSEN)"},
            "bytes",
            "The classes add up to all files. Untagged: no tag leads to it. Orphaned: no manifest refers to it.",
            stacked=True,
        ),
        curves(
            "Growth a day",
            {"{{class}}": f"sum by (class) (deriv(tonnage_disk_bytesCHOSEN[1d])) * {_DAY}"},
            "bytes",
            "How fast each class grew over the last day. tonnage growth",
        ),
    ],
    "Who needs it": [
        rows(
            "Repositories by the bytes only they need",
            [
                "sum by (repository) (tonnage_exclusive_bytesCHOSEN)" + _LARGEST,
                "sum by (repository) (tonnage_shared_bytesCHOSEN)" + _LARGEST,
                "sum by (repository) (tonnage_tagsCHOSEN)" + _LARGEST,
                "sum by (repository) (tonnage_untagged_revisionsCHOSEN)" + _LARGEST,
            ],
            {
                "repository": "Repository",
                "Value #A": "Exclusive",
                "Value #B": "Shared",
                "Value #C": "Tags",
                "Value #D": "Untagged",
            },
            {"Exclusive": "bytes", "Shared": "bytes"},
            "Exclusive: freed if all of the repository goes. tonnage repositories, tonnage what-if REPOSITORY",
            sort_by="Exclusive",
        ),
        curves(
            "Exclusive bytes of the largest ten",
            {"{{repository}}": "topk(10, sum by (repository) (tonnage_exclusive_bytesCHOSEN))"},
            "bytes",
            "Which of them grow. tonnage diff BEFORE AFTER",
        ),
    ],
    "Few references, large size": [
        rows(
            "Layers with few references and a large size",
            ["tonnage_large_layer_bytesCHOSEN"],
            {
                "digest": "Digest",
                "Value": "Size",
                "references": "References",
                "class": "Class",
                "repository": "Repository",
            },
            {"Size": "bytes"},
            "The ten largest that at most two revisions name. tonnage why DIGEST",
            sort_by="Size",
        ),
        bars(
            "Bytes of layers by repositories that need them",
            "sum by (le) (tonnage_layer_bytes_by_repositories_bucketCHOSEN)",
            "{{le}}",
            "bytes",
            "At most so many, and more than the bar above. 0: no repository needs them.",
            is_histogram=True,
        ),
    ],
    "Collection and problems": [
        curves(
            "What could go",
            {
                "a collection frees": "sum(tonnage_collectable_bytesCHOSEN)",
                "untagged": 'sum(tonnage_disk_bytes{class="untagged",job="$job",instance=~"$instance"})',
                "uploads": 'sum(tonnage_disk_bytes{class="uploads",job="$job",instance=~"$instance"})',
                "perhaps needed": "sum(tonnage_pinned_bytesCHOSEN)",
            },
            "bytes",
            "Untagged goes with --delete-untagged; uploads by the registry's own purge; what is perhaps needed stays,"
            " as a manifest cannot be read. tonnage plan --free 100GiB",
        ),
        rows(
            "Problems",
            ["sum by (kind, severity) (tonnage_problemsCHOSEN) > 0"],
            {"kind": "Kind", "severity": "Severity", "Value": "Problems"},
            {},
            "What is odd in the storage. tonnage problems",
            width=6,
            sort_by="Problems",
        ),
        rows(
            "Collections that would abort",
            ["sum by (registry, delete_untagged) (tonnage_collection_blocking_problemsCHOSEN) > 0"],
            {"registry": "Registry", "delete_untagged": "--delete-untagged", "Value": "Problems"},
            {},
            "How many problems the registry's own collection would stop at, by its version and option."
            " tonnage gc --collector 2",
            width=6,
        ),
        number(
            "Broken images",
            "sum(tonnage_broken_imagesCHOSEN)",
            "short",
            "Tags that cannot be pulled completely. tonnage problems --severity error",
            BAD,
        ),
        number(
            "Skipped by the scan",
            "sum(tonnage_scan_skipped_entriesCHOSEN)",
            "short",
            "What the last scan could not read or make sense of; all else is counted. tonnage problems",
            BAD,
        ),
        number("Repositories", "sum(tonnage_repositoriesCHOSEN)", "short", "Repositories in the storage."),
        number(
            "Ghosts", "sum(tonnage_ghost_repositoriesCHOSEN)", "short", "Repositories with nothing to pull in them."
        ),
        number("Tags", "sum(tonnage_tagsCHOSEN)", "short", "Tags in all repositories."),
        number(
            "Untagged revisions",
            "sum(tonnage_untagged_revisionsCHOSEN)",
            "short",
            "Manifests that no tag leads to. tonnage untagged",
        ),
    ],
    "Scans and alerts": [
        number(
            "Last scan succeeded",
            "min(tonnage_scan_successCHOSEN)",
            "bool_yes_no",
            "If not, all figures are those of the scan before; the exporter's log says why.",
            thresholds((None, RED), (1, GREEN)),
        ),
        number(
            "Last scan took",
            "max(tonnage_scan_duration_secondsCHOSEN)",
            "s",
            "The last scan, its metrics included, whether it succeeded or not.",
        ),
        curves(
            "Age of the figures",
            {"{{instance}}": "max by (instance) (tonnage_scan_age_secondsCHOSEN)"},
            "s",
            "Each scan that succeeds makes them new.",
            width=8,
        ),
        rows(
            "Alerts that fire",
            ['ALERTS{alertname=~"Tonnage.+",alertstate="firing"}'],
            {"alertname": "Alert", "instance": "Instance", "severity": "Severity"},
            {},
            "From deploy/prometheus/alerts.yml. Each says in its annotation `command` what to run next.",
            width=8,
        ),
    ],
}
"""The panels by row, in the order of the card."""
