"""Draws the dashboards from the data of a Prometheus, one picture each."""

import json
import math
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot
from matplotlib.axes import Axes

from lockstep_monitoring.expressions import without_variables

DASHBOARDS = Path(__file__).resolve().parents[2] / "grafana" / "dashboards"
GRID_WIDTH = 24
INCHES_PER_COLUMN, INCHES_PER_ROW = 0.75, 0.32
POINTS = 240
MAX_LEGEND = 6
TIMEOUT_SECONDS = 10


def draw(dashboard: dict[str, Any], prometheus: str, minutes: int, file: Path) -> None:
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    width, height = GRID_WIDTH * INCHES_PER_COLUMN, rows * INCHES_PER_ROW
    figure = pyplot.figure(figsize=(width, height), dpi=80)
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        left, bottom = place["x"] / GRID_WIDTH, 1 - (place["y"] + place["h"]) / rows
        if panel["type"] == "row":
            figure.text(left + 0.004, bottom + 0.3 / rows, panel["title"], fontsize=12, weight="bold")
            continue
        frame = (left + 0.025, bottom + 1.1 / rows, place["w"] / GRID_WIDTH - 0.03, (place["h"] - 2.4) / rows)
        axes = figure.add_axes(frame)
        axes.set_title(f"{panel['title']} ({unit(panel)})", fontsize=9, loc="left")
        axes.tick_params(labelsize=7)
        match panel["type"]:
            case "table":
                _table(axes, panel, prometheus)
            case "stat":
                _stat(axes, panel, prometheus, minutes)
            case _:
                _graph(axes, panel, prometheus, minutes)
    figure.savefig(file)
    pyplot.close(figure)


def unit(panel: dict[str, Any]) -> str:
    return panel["fieldConfig"]["defaults"].get("unit", "")


def _graph(axes: Axes, panel: dict[str, Any], prometheus: str, minutes: int) -> None:
    stacked = panel["fieldConfig"]["defaults"].get("custom", {}).get("stacking", {}).get("mode") == "normal"
    series = [
        (_legend(target["legendFormat"], found["metric"]), found["values"])
        for target in panel["targets"]
        for found in _range(prometheus, target["expr"], minutes)
    ]
    if not series:
        axes.text(0.5, 0.5, "no data", ha="center", transform=axes.transAxes, color="grey")
    elif stacked:
        times = sorted({float(at) for _, values in series for at, _ in values})
        heights = [_aligned(values, times) for _, values in series]
        axes.stackplot(_minutes(times), heights, labels=[legend for legend, _ in series], alpha=0.6)
    else:
        for legend, values in series:
            axes.plot(
                _minutes([at for at, _ in values]), [float(value) for _, value in values], label=legend, linewidth=1
            )
    axes.set_ylim(bottom=0)
    if 0 < len(series) <= MAX_LEGEND:
        axes.legend(fontsize=6, loc="upper left")
    elif series:
        axes.text(0.01, 0.93, f"{len(series)} series", fontsize=6, transform=axes.transAxes)


def _stat(axes: Axes, panel: dict[str, Any], prometheus: str, minutes: int) -> None:
    axes.axis("off")
    found = _range(prometheus, panel["targets"][0]["expr"], minutes)
    values = [float(value) for _, value in found[0]["values"]] if found else []
    finite = [value for value in values if math.isfinite(value)]
    if finite:
        axes.plot(values, color="green", linewidth=1, alpha=0.5)
    axes.text(0.5, 0.4, f"{finite[-1]:.3g}" if finite else "none", fontsize=26, ha="center", transform=axes.transAxes)


def _table(axes: Axes, panel: dict[str, Any], prometheus: str) -> None:
    axes.axis("off")
    found = _query(prometheus, "query", {"query": panel["targets"][0]["expr"]})
    rows = [
        f"{it['alertstate']:8} {it['severity']:9} {it['alertname']} {it.get('service', '')}"
        for it in (row["metric"] for row in found)
    ]
    axes.text(
        0, 0.9, "\n".join(rows[:8]) or "no alert", fontsize=8, va="top", family="monospace", transform=axes.transAxes
    )


def _range(prometheus: str, expr: str, minutes: int) -> list[dict[str, Any]]:
    end = time.time()
    span = minutes * 60
    parameters = {"query": without_variables(expr), "start": end - span, "end": end, "step": max(5, span / POINTS)}
    return _query(prometheus, "query_range", parameters)


def _query(prometheus: str, kind: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    url = f"{prometheus}/api/v1/{kind}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
        return json.load(response)["data"]["result"]


def _legend(form: str, labels: dict[str, str]) -> str:
    text = form
    for name, value in labels.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def _aligned(values: list[tuple[float, str]], times: list[float]) -> list[float]:
    known = {float(at): float(value) for at, value in values}
    return [0 if math.isnan(known.get(at, 0)) else known.get(at, 0) for at in times]


def _minutes(times: list[float]) -> list[float]:
    return [(float(at) - time.time()) / 60 for at in times]


def main() -> None:
    prometheus, minutes, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for source in sorted(DASHBOARDS.glob("*.json")):
            file = folder / f"{source.stem}.png"
            draw(json.loads(source.read_text(encoding="utf-8")), prometheus, minutes, file)
            print(file)
    except urllib.error.URLError as problem:
        sys.exit(f"{prometheus} cannot be queried: {problem.reason}")


if __name__ == "__main__":
    main()
