"""The Grafana dashboard over PostgreSQL: what `tonnage export --to` wrote there, and its history.

A panel is a file in deploy/grafana/postgresql/sql: its first line says what the panel shows, the rest is the query.
It asks for lists that metrics cannot have, as of layers and revisions, and needs no Prometheus.
"""

from pathlib import Path
from typing import Any

import panels
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableRefresh
from panels import BAD, GREEN, RED, YELLOW, Panel, thresholds

SQL = Path(__file__).parent.parent / "deploy" / "grafana" / "postgresql" / "sql"
PLUGIN = "grafana-postgresql-datasource"
DATASOURCE = DataSourceRef(type_val=PLUGIN, uid="${datasource}")
_DAY = 24 * 3600


def dashboard() -> str:
    """Return the dashboard as Grafana imports and provisions it."""
    schemas = (
        grafana.QueryVariable("schema")
        .label("Registry")
        .datasource(DATASOURCE)
        .query(_parts("schemas")[1])
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )
    built = (
        grafana.Dashboard("Container registry storage, from PostgreSQL")
        .uid("tonnage-postgresql")
        .description("What fills a container registry's disk, from the inventory that tonnage export --to put there.")
        .time("now-90d", "now")
        .refresh("15m")
        .with_variable(grafana.DatasourceVariable("datasource").label("PostgreSQL").type(PLUGIN))
        .with_variable(schemas)
        .with_variable(_choice("references", "References at most", "2", "0", "1", "5", "10"))
        .with_variable(_choice("unused_days", "Unused for days", "90", "30", "180", "365"))
    )
    return panels.document(built, ROWS, DATASOURCE)


def _choice(name: str, label: str, chosen: str, *others: str) -> grafana.CustomVariable:
    """Return a choice of numbers, of which the first is chosen."""
    return grafana.CustomVariable(name).label(label).values(",".join([chosen, *others]))


class Query(Builder[Dataquery], Dataquery):
    """A query of Grafana's PostgreSQL data source, which its library of types does not have."""

    def __init__(self, name: str, form: str) -> None:
        """Take the query of a file. `form` is table, or time_series: of columns time, metric and a number."""
        self.sql, self.form = _parts(name)[1], form

    def build(self) -> Dataquery:
        """Return itself."""
        return self

    def to_json(self) -> dict[str, Any]:
        """Return it as the plugin's editor saves it."""
        return {
            "datasource": DATASOURCE,
            "editorMode": "code",
            "format": self.form,
            "rawQuery": True,
            "rawSql": self.sql,
            "refId": "A",
        }


def _parts(name: str) -> tuple[str, str]:
    """Return what a file's first line says, and its query."""
    head, _, query = (SQL / f"{name}.sql").read_text(encoding="utf-8").partition("\n")
    return head.removeprefix("-- "), query.strip()


def number(title: str, name: str, unit: str, colors: grafana.ThresholdsConfig = panels.PLAIN, **options: str) -> Panel:
    """Return a panel with one number."""
    return panels.number(title, Query(name, "table"), unit, _parts(name)[0], colors, **options)


def curves(title: str, name: str, *, stacked: bool = False) -> Panel:
    """Return a panel with a curve of bytes for each `metric`."""
    return panels.curves(title, [Query(name, "time_series")], "bytes", _parts(name)[0], stacked=stacked)


def rows(title: str, name: str, columns: dict[str, str], *, width: int = 12, **units: str) -> Panel:
    """Return a panel with a table: column to heading; `units` of columns that are not bytes, whose names say so."""
    of_each = {heading: units.get(column, "bytes") for column, heading in columns.items() if _is_measure(column, units)}
    return panels.rows(title, [Query(name, "table")], columns, of_each, _parts(name)[0], width=width)


def _is_measure(column: str, units: dict[str, str]) -> bool:
    return column.endswith("_bytes") or column in units


ROWS: dict[str, list[Panel]] = {
    "What fills the disk": [
        number("In the registry", "stored", "bytes"),
        number("A collection frees", "collectable", "bytes"),
        number("Untagged", "untagged-bytes", "bytes"),
        number("Saved by sharing", "saved", "bytes"),
        number("Grown", "grown", "bytes", nothing="one scan only"),
        number("Figures are from", "age", "s", thresholds((None, GREEN), (2 * _DAY, YELLOW), (7 * _DAY, RED))),
        curves("Disk by class", "disk-by-class", stacked=True),
        rows(
            "Classes",
            "classes",
            {"class": "Class", "size_bytes": "Size", "files_count": "Files", "share_percent": "Share"},
            share_percent="percent",
        ),
    ],
    "Who needs it": [
        rows(
            "Repositories by the bytes only they need",
            "repositories",
            {
                "repository": "Repository",
                "exclusive_bytes": "Exclusive",
                "shared_bytes": "Shared",
                "stored_bytes": "Together",
                "tags_count": "Tags",
                "untagged_count": "Untagged",
                "pushed_at": "Pushed",
            },
        ),
        curves("Exclusive bytes of the largest ten", "exclusive-by-repository"),
        rows(
            "Repositories that grew",
            "repositories-grown",
            {"repository": "Repository", "grown_bytes": "Grown", "before_bytes": "Before", "after_bytes": "After"},
        ),
    ],
    "Few references, large size": [
        rows(
            "Layers with few references and a large size",
            "layers",
            {
                "digest": "Digest",
                "size_bytes": "Size",
                "references_count": "References",
                "class": "Class",
                "repositories_count": "Repositories",
                "created_by": "Made by",
            },
            width=24,
        ),
        panels.bars(
            "Bytes of layers by references",
            Query("layers-by-references", "table"),
            "bytes",
            _parts("layers-by-references")[0],
            is_row_each=True,
        ),
    ],
    "What could go": [
        rows(
            "Untagged revisions",
            "untagged",
            {
                "repository": "Repository",
                "digest": "Digest",
                "frees_alone_bytes": "Frees",
                "stored_bytes": "Needs",
                "kind": "Kind",
                "pushed_at": "Pushed",
            },
        ),
        rows(
            "Unused",
            "unused",
            {
                "repository": "Repository",
                "tag": "Tag",
                "unused_since_at": "Unused since",
                "frees_alone_bytes": "Frees",
                "stored_bytes": "Needs",
                "digest": "Digest",
            },
        ),
        rows(
            "Orphaned blobs",
            "orphaned",
            {"digest": "Digest", "size_bytes": "Size", "modified_at": "Written", "is_pinned": "Perhaps needed"},
        ),
        rows(
            "Problems",
            "problems",
            {"kind": "Kind", "severity": "Severity", "problems_count": "Problems", "advice": "What to do"},
        ),
    ],
    "Scans": [
        number("Broken images", "broken", "short", BAD).span(6),
        number("Repositories", "repositories-count", "short").span(6),
        number("Tags", "tags-count", "short").span(6),
        number("Revisions without a tag", "untagged-count", "short").span(6),
        rows(
            "Scans",
            "scans",
            {
                "finished_at": "Finished",
                "size_bytes": "Size",
                "files_count": "Files",
                "problems_count": "Problems",
                "took_seconds": "Took",
                "location": "Place",
            },
            width=24,
            took_seconds="s",
        ),
    ],
}
"""The panels by row, in the order of the card."""
