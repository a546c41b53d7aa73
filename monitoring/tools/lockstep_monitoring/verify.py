"""Checks that rules, tests, runbooks, dashboards and metrics fit together. Prints one line for each problem."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lockstep_monitoring import generate
from lockstep_monitoring.expressions import (
    TARGET_LABELS,
    Catalogue,
    ExpressionError,
    Metric,
    check_types,
    labels_of,
    metrics_of,
    without_variables,
)
from lockstep_monitoring.sources import Rule, Sources

ROOT = Path(__file__).resolve().parents[2]
SEVERITIES = {"critical", "warning"}
AREAS = {"orders", "delivery", "http", "jvm", "kafka", "postgres", "machine"}
RUNBOOK_SECTIONS = ("## Meaning", "## Impact", "## First look", "## Fix", "## Over when")


def problems(sources: Sources) -> Iterator[str]:
    """Returns one sentence for each problem."""
    rules = list(sources.rules())
    alerts = [rule for rule in rules if rule.is_alert]
    catalogue = dict(sources.catalogue())
    for rule in rules:
        if not rule.is_alert:
            catalogue[rule.name] = Metric(_recorded(rule, catalogue))
    for rule in rules:
        yield from _expression(rule, catalogue)
    for alert in alerts:
        yield from _alert(alert)
    yield from _listed(sources, alerts)
    yield from _runbooks(sources, alerts, catalogue)
    yield from _tests(sources, alerts)
    yield from _dashboards(sources, catalogue)
    yield from _unused(sources, rules)


def _expression(rule: Rule, catalogue: Catalogue) -> Iterator[str]:
    try:
        known = labels_of(rule.expr, catalogue) | rule.labels.keys()
        check_types(rule.expr, catalogue)
    except ExpressionError as problem:
        yield f"{rule.file}: {rule.name}: {problem}"
        return
    for text in rule.annotations.values():
        for label in re.findall(r"\$labels\.(\w+)", text):
            if label not in known:
                yield f"{rule.file}: {rule.name}: the summary names the label {label}, which the alert does not have"


def _recorded(rule: Rule, catalogue: Catalogue) -> frozenset[str]:
    try:
        return labels_of(rule.expr, catalogue)
    except ExpressionError:
        return frozenset()


def _alert(alert: Rule) -> Iterator[str]:
    if alert.severity not in SEVERITIES:
        yield f"{alert.file}: {alert.name}: severity must be one of {', '.join(sorted(SEVERITIES))}"
    if alert.labels.get("area") not in AREAS:
        yield f"{alert.file}: {alert.name}: area must be one of {', '.join(sorted(AREAS))}"
    if not alert.annotations.get("summary"):
        yield f"{alert.file}: {alert.name} has no summary"
    if alert.annotations.get("runbook") != f"monitoring/runbooks/{_runbook(alert)}":
        yield f"{alert.file}: {alert.name}: runbook must be monitoring/runbooks/{_runbook(alert)}"


def _listed(sources: Sources, alerts: list[Rule]) -> Iterator[str]:
    readme = (sources.root / "README.md").read_text(encoding="utf-8")
    for alert in alerts:
        if f"[{alert.name}](runbooks/{_runbook(alert)})" not in readme:
            yield f"README.md does not list {alert.name}"


def _runbook(alert: Rule) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", alert.name).lower() + ".md"


def _runbooks(sources: Sources, alerts: list[Rule], catalogue: Catalogue) -> Iterator[str]:
    runbooks = sources.runbooks()
    wanted = {_runbook(alert): alert.name for alert in alerts}
    for missing in sorted(wanted.keys() - runbooks.keys()):
        yield f"runbooks/{missing} is missing"
    for name, text in runbooks.items():
        if name not in wanted:
            yield f"runbooks/{name} belongs to no alert"
        elif not text.startswith(f"# {wanted[name]}\n"):
            yield f"runbooks/{name} must have the title {wanted[name]}"
        headings = [line for line in text.splitlines() if line.startswith("## ")]
        if headings != list(RUNBOOK_SECTIONS):
            yield f"runbooks/{name} must have the sections {', '.join(RUNBOOK_SECTIONS)}"
        for prefix in re.findall(r"\bmetrics (?:order|inventory|payment|saga) (\w+)", text):
            if not any(metric.startswith(prefix) for metric in catalogue):
                yield f"runbooks/{name}: no metric begins with {prefix}"


def _tests(sources: Sources, alerts: list[Rule]) -> Iterator[str]:
    tests = list(sources.alert_tests())
    for alert in alerts:
        own = [test for test in tests if test.alert == alert.name]
        if not any(alert.severity in test.firing for test in own):
            yield f"prometheus/tests: no test in which {alert.name} ({alert.severity}) fires"
        if not any(alert.severity not in test.firing for test in own):
            yield f"prometheus/tests: no test in which {alert.name} ({alert.severity}) does not fire"


def _dashboards(sources: Sources, catalogue: Catalogue) -> Iterator[str]:
    yield from generate.stale(sources.root / "grafana" / "dashboards")
    for query in sources.queries():
        expr = without_variables(query.expr)
        try:
            known = labels_of(expr, catalogue)
            check_types(expr, catalogue)
        except ExpressionError as problem:
            yield f"{query.dashboard}: {query.panel}: {problem}"
            continue
        for label in re.findall(r"{{\s*(\w+)\s*}}", query.legend):
            if label not in known | TARGET_LABELS:
                yield f"{query.dashboard}: {query.panel}: the legend names the label {label}, which no series has"
    for variable in sources.variables():
        try:
            labels_of(variable.expr, catalogue)
        except ExpressionError as problem:
            yield f"{variable.dashboard}: {variable.panel}: {problem}"


def _unused(sources: Sources, rules: list[Rule]) -> Iterator[str]:
    expressions = [rule.expr for rule in rules]
    expressions += [without_variables(query.expr) for query in (*sources.queries(), *sources.variables())]
    used = set()
    for expr in expressions:
        try:
            used |= metrics_of(expr)
        except ValueError:
            continue  # reported above
    for name in sorted(sources.catalogue().keys() - used):
        yield f"metrics/: no rule and no panel uses {name}"
    for name in sorted({rule.name for rule in rules if not rule.is_alert} - used):
        yield f"prometheus/rules: no alert and no panel uses {name}"


def main() -> None:
    found = list(problems(Sources(ROOT)))
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        sys.exit(1)


if __name__ == "__main__":
    main()
