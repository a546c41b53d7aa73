"""What is checked: rules, their tests, runbooks, dashboards and the lists of metrics."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lockstep_monitoring.expressions import Metric


@dataclass(frozen=True)
class Rule:
    """A recording rule, or an alert if it has labels and annotations."""

    file: str
    name: str
    expr: str
    is_alert: bool
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        return self.labels.get("severity", "")


@dataclass(frozen=True)
class AlertTest:
    """One moment of a promtool test: the alerts that are expected to fire then, by their severity."""

    alert: str
    firing: frozenset[str]


@dataclass(frozen=True)
class Query:
    """One expression of a panel."""

    dashboard: str
    panel: str
    expr: str
    legend: str


@dataclass(frozen=True)
class Sources:
    """The folder `monitoring`, read."""

    root: Path

    def rules(self) -> Iterator[Rule]:
        for file, content in self._yaml("prometheus/rules"):
            for rule in (rule for group in content["groups"] for rule in group["rules"]):
                is_alert = "alert" in rule
                name = rule["alert"] if is_alert else rule["record"]
                yield Rule(file, name, rule["expr"], is_alert, rule.get("labels", {}), rule.get("annotations", {}))

    def alert_tests(self) -> Iterator[AlertTest]:
        for _, content in self._yaml("prometheus/tests"):
            for test in (case for group in content["tests"] for case in group.get("alert_rule_test", [])):
                expected = test.get("exp_alerts", [])
                yield AlertTest(test["alertname"], frozenset(alert["exp_labels"]["severity"] for alert in expected))

    def runbooks(self) -> dict[str, str]:
        return {
            file.name: file.read_text(encoding="utf-8")
            for file in sorted((self.root / "runbooks").glob("*.md"))
            if file.name != "README.md"
        }

    def queries(self) -> Iterator[Query]:
        for file in sorted((self.root / "grafana" / "dashboards").glob("*.json")):
            content = json.loads(file.read_text(encoding="utf-8"))
            for panel in content["panels"]:
                for target in panel.get("targets", []):
                    yield Query(file.name, panel["title"], target["expr"], target.get("legendFormat", ""))

    def variables(self) -> Iterator[Query]:
        """The metrics that the variables of the dashboards read: `label_values(metric, label)`."""
        for file in sorted((self.root / "grafana" / "dashboards").glob("*.json")):
            content = json.loads(file.read_text(encoding="utf-8"))
            for variable in content["templating"]["list"]:
                query = variable.get("query", "")
                if query.startswith("label_values("):
                    metric, label = query.removeprefix("label_values(").removesuffix(")").rsplit(",", 1)
                    yield Query(file.name, variable["name"], f"sum by ({label.strip()}) ({metric})", "")

    def catalogue(self) -> dict[str, Metric]:
        """Every metric, from lines such as `lockstep_consumer_lag{group,service,topic} gauge`.

        A label that only some of the series may have ends with a question mark. The series of a histogram or a summary
        are counters.
        """
        known: dict[str, Metric] = {}
        for file in sorted((self.root / "metrics").glob("*.txt")):
            for line in file.read_text(encoding="utf-8").splitlines():
                if line and not line.startswith("#"):
                    series, _, kind = line.rpartition(" ")
                    name, _, labels = series.removesuffix("}").partition("{")
                    own = frozenset(label.removesuffix("?") for label in labels.split(",") if label)
                    known[name] = Metric(own, {"counter": True, "gauge": False}[kind])
        return known

    def _yaml(self, folder: str) -> Iterator[tuple[str, Any]]:
        for file in sorted((self.root / folder).glob("*.yml")):
            yield file.name, yaml.safe_load(file.read_text(encoding="utf-8"))
