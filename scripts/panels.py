"""What both Grafana dashboards are made of: shapes of panels, and the document around them, of Grafana's own types."""

import itertools
import json
from collections.abc import Sequence

from grafana_foundation_sdk.builders import bargauge, common, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as styles
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)

SCHEMA_VERSION = 38
"""Grafana's name for the form of the document; later ones bring it up to date as they load it."""

GREEN, YELLOW, RED = "green", "yellow", "red"
Panel = stat.Panel | bargauge.Panel | table.Panel | timeseries.Panel
Query = Builder[Dataquery]


def document(built: grafana.Dashboard, rows: dict[str, list[Panel]], source: DataSourceRef) -> str:
    """Return a dashboard as Grafana imports and provisions it: the panels by row, all asking one data source."""
    built.tags(["registry", "tonnage"]).timezone("browser").tooltip(DashboardCursorSync.CROSSHAIR)
    ids = itertools.count(1)
    for title, panels in rows.items():
        built.with_row(grafana.Row(title).id(next(ids)))
        for panel in panels:
            built.with_panel(panel.id(next(ids)).datasource(source))
    whole = json.loads(json.dumps(built.build(), cls=JSONEncoder))
    for variable in whole["templating"]["list"]:
        for name in ("id", "auto", "auto_min", "auto_count"):  # not of these kinds of variable, says @grafana/schema
            del variable[name]
    return json.dumps({**whole, "schemaVersion": SCHEMA_VERSION}, indent=2) + "\n"


def thresholds(*steps: tuple[float | None, str]) -> grafana.ThresholdsConfig:
    """Return from which value on which colour; the first begins at None."""
    return (
        grafana.ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value=value, color=color) for value, color in steps])
    )


PLAIN = thresholds((None, "text"))
BAD = thresholds((None, GREEN), (1, RED))


def number(
    title: str,
    query: Query,
    unit: str,
    meaning: str,
    colors: grafana.ThresholdsConfig = PLAIN,
    nothing: str = "unknown",
) -> stat.Panel:
    """Return a panel with the last value in large type; `nothing` is what it says where there is none."""
    return (
        stat.Panel()
        .title(title)
        .description(meaning)
        .with_target(query)
        .unit(unit)
        .no_value(nothing)
        .thresholds(colors)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(styles.BigValueGraphMode.NONE)
        .height(4)
        .span(4)
    )


def curves(
    title: str, queries: Sequence[Query], unit: str, meaning: str, *, stacked: bool = False, width: int = 12
) -> timeseries.Panel:
    """Return a panel with curves."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(meaning)
        .unit(unit)
        .legend(
            common.VizLegendOptions()
            .display_mode(styles.LegendDisplayMode.TABLE)
            .placement(styles.LegendPlacement.RIGHT)
            .calcs(["lastNotNull"])
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(styles.TooltipDisplayMode.MULTI).sort(styles.SortOrder.DESCENDING))
        .height(9)
        .span(width)
    )
    for query in queries:
        panel.with_target(query)
    if stacked:
        panel.stacking(common.StackingConfig().mode(styles.StackingMode.NORMAL)).fill_opacity(40).min(0)
    return panel


def bars(title: str, query: Query, unit: str, meaning: str, *, is_row_each: bool = False) -> bargauge.Panel:
    """Return a panel with a bar for each series, or for each row of one table."""
    reduce = common.ReduceDataOptions()
    return (
        bargauge.Panel()
        .title(title)
        .description(meaning)
        .with_target(query)
        .unit(unit)
        .min(0)
        .thresholds(thresholds((None, "blue")))
        .reduce_options(reduce.values(True) if is_row_each else reduce.calcs(["lastNotNull"]))
        .orientation(styles.VizOrientation.HORIZONTAL)
        .display_mode(styles.BarGaugeDisplayMode.BASIC)
        .height(9)
        .span(12)
    )


def rows(
    title: str,
    queries: Sequence[Query],
    columns: dict[str, str],
    units: dict[str, str],
    meaning: str,
    *,
    hidden: Sequence[str] = (),
    width: int = 12,
    sort_by: str = "",
) -> table.Panel:
    """Return a panel with a table: what the queries yield beside each other, then `columns`, in order, by new names."""
    panel = table.Panel().title(title).description(meaning)
    if len(queries) > 1 or hidden:
        panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": dict.fromkeys(hidden, True),
                "indexByName": {name: position for position, name in enumerate(columns)},
                "renameByName": columns,
            },
        )
    )
    panel.show_header(True).height(9).span(width)
    for query in queries:
        panel.with_target(query)
    for column, unit in units.items():
        panel.override_by_name(column, [DynamicConfigValue(id_val="unit", value=unit)])
    if sort_by:
        panel.sort_by([common.TableSortByFieldState().display_name(sort_by).desc(True)])
    return panel
