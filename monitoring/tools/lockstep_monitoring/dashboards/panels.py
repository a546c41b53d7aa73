"""The few kinds of panel that the dashboards consist of."""

import string
from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, QueryVariable, Row
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    DataSourceRef,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataTransformerConfig,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATA_SOURCE = DataSourceRef(type_val="prometheus", uid="$datasource")
GREEN, ORANGE, RED = "green", "orange", "red"


def new_dashboard(title: str, uid: str, description: str) -> Dashboard:
    """Returns an empty dashboard with the settings that all share."""
    return (
        Dashboard(f"Lockstep / {title}")
        .uid(f"lockstep-{uid}")
        .description(description)
        .tags(["lockstep"])
        .time("now-1h", "now")
        .refresh("15s")
        .timezone("browser")
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Lockstep").type("dashboards").tags(["lockstep"]).as_dropdown(True).keep_time(True)
        )
        .with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )


def choice(name: str, label: str, query: str) -> QueryVariable:
    """Returns a variable with the values of a label, all of which are selected at first."""
    return (
        QueryVariable(name)
        .label(label)
        .datasource(DATA_SOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(text="All", value="$__all"))
    )


def row(title: str) -> Row:
    return Row(title)


def single(
    title: str, expr: str, unit: str, description: str, limits: Sequence[float] = (), width: int = 5
) -> stat.Panel:
    """Returns the current value of one expression over its course. From each limit on, it changes its colour."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit(unit)
        .min(0)
        .no_value("none")
        .color_mode(BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(_thresholds(limits))
        .with_target(_query(expr, title))
        .height(5)
        .span(width)
    )


def graph(
    title: str,
    queries: Mapping[str, str],
    unit: str,
    description: str,
    width: int = 8,
    stacked: bool = False,
) -> timeseries.Panel:
    """Returns the course of several expressions, by the format of their legend."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit(unit)
        .min(0)
        .line_width(1)
        .fill_opacity(30 if stacked else 8)
        .show_points(VisibilityMode.NEVER)
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .height(8)
        .span(width)
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    for number, (legend, expr) in enumerate(queries.items()):
        panel.with_target(_query(expr, legend, number))
    return panel


def alerts(areas: str) -> table.Panel:
    """Returns the alerts of these areas that are pending or firing."""
    query = (
        prometheus.Dataquery().expr(f'ALERTS{{area=~"{areas}"}}').format(PromQueryFormat.TABLE).instant().ref_id("A")
    )
    hidden = dict.fromkeys(("Time", "Value", "__name__", "area", "job"), True)
    first = {name: index for index, name in enumerate(("alertstate", "severity", "alertname", "service"))}
    return (
        table.Panel()
        .title("Alerts")
        .description("Alerts that are pending or firing. Each has a runbook in monitoring/runbooks.")
        .datasource(DATA_SOURCE)
        .no_value("no alert")
        .with_target(query)
        .with_transformation(
            DataTransformerConfig(id_val="organize", options={"excludeByName": hidden, "indexByName": first})
        )
        .height(5)
        .span(9)
    )


def _query(expr: str, legend: str, number: int = 0) -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(" ".join(expr.split())).legend_format(legend).range()
    return query.ref_id(string.ascii_uppercase[number])


def _thresholds(limits: Sequence[float]) -> dashboard.ThresholdsConfig:
    colors = [ORANGE, RED] if len(limits) > 1 else [RED]
    steps = [Threshold(color=GREEN, value=None)]
    steps += [Threshold(color=color, value=limit) for color, limit in zip(colors, limits, strict=False)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
