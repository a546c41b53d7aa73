"""The labels that a PromQL expression has, derived from the metrics that it reads, and the types of these metrics."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import promql_parser as promql

# Prometheus adds these to every series that it scrapes.
TARGET_LABELS = frozenset({"instance", "job", "app"})
# Series that Prometheus itself writes.
BUILT_IN = {
    "up": frozenset(),
    "ALERTS": frozenset({"alertname", "alertstate", "severity", "area"}),
}

# Functions that compare samples of a counter and take a lower value for a restart.
RATES = frozenset({"increase", "irate", "rate"})


@dataclass(frozen=True)
class Metric:
    """What is known of a metric. The labels include those that only some of its series have."""

    labels: frozenset[str]
    is_counter: bool = False


Catalogue = Mapping[str, Metric]


class ExpressionError(Exception):
    """An expression that does not parse, that reads a metric or label that does not exist, or that misuses a metric."""


def labels_of(text: str, catalogue: Catalogue) -> frozenset[str]:
    """Returns the labels that a series of the result may have."""
    try:
        parsed = promql.parse(text)
    except ValueError as problem:
        raise ExpressionError(str(problem)) from problem
    return _labels(parsed, catalogue)


def check_types(text: str, catalogue: Catalogue) -> None:
    """Checks that the expression reads counters by their rate or increase, and gauges by their value."""
    _check_types(promql.parse(text), catalogue)


def metrics_of(text: str) -> set[str]:
    """Returns the names of the metrics that the expression reads."""
    return {selector.name for selector in _selectors(promql.parse(text)) if selector.name}


def without_variables(text: str) -> str:
    """Replaces the variables that Grafana fills in, so that the expression parses."""
    return re.sub(r"\$\w+", ".*", text.replace("$__rate_interval", "1m"))


def _labels(expr: promql.Expr, catalogue: Catalogue) -> frozenset[str]:
    match expr:
        case promql.VectorSelector():
            return _selected(expr, catalogue)
        case promql.MatrixSelector():
            return _selected(expr.vector_selector, catalogue)
        case promql.AggregateExpr():
            return _aggregated(expr, catalogue)
        case promql.BinaryExpr():
            return _combined(expr, catalogue)
        case promql.Call():
            return _called(expr, catalogue)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return _labels(expr.expr, catalogue)
        case _:
            return frozenset()


def _check_types(expr: promql.Expr, catalogue: Catalogue, function: str = "") -> None:
    match expr:
        case promql.VectorSelector():
            is_counter = expr.name in catalogue and catalogue[expr.name].is_counter
            if is_counter and function not in RATES:
                raise ExpressionError(f"{expr.name} is a counter: use its rate or increase")
            if not is_counter and function in RATES:
                raise ExpressionError(f"{expr.name} is no counter and has no {function}")
        case promql.MatrixSelector():
            _check_types(expr.vector_selector, catalogue, function)
        case promql.Call():
            for argument in expr.args:
                _check_types(argument, catalogue, expr.func.name)
        case promql.BinaryExpr():
            _check_types(expr.lhs, catalogue)
            _check_types(expr.rhs, catalogue)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            _check_types(expr.expr, catalogue)


def _selected(selector: promql.VectorSelector, catalogue: Catalogue) -> frozenset[str]:
    if selector.name in BUILT_IN:
        own = BUILT_IN[selector.name]
    elif selector.name in catalogue:
        own = catalogue[selector.name].labels
    else:
        raise ExpressionError(f"{selector.name} is in no list of metrics/")
    known = own | TARGET_LABELS
    for matcher in selector.matchers.matchers:
        if matcher.name not in known:
            raise ExpressionError(f"{selector.name} has no label {matcher.name}")
    return known


def _aggregated(expr: promql.AggregateExpr, catalogue: Catalogue) -> frozenset[str]:
    known = _labels(expr.expr, catalogue)
    if expr.modifier is None:
        return frozenset()
    named = frozenset(expr.modifier.labels)
    if not named <= known:
        raise ExpressionError(f"no series has the label {', '.join(sorted(named - known))} in {expr.prettify()}")
    return known - named if expr.modifier.type == promql.AggModifierType.Without else named


def _combined(expr: promql.BinaryExpr, catalogue: Catalogue) -> frozenset[str]:
    left, right = _labels(expr.lhs, catalogue), _labels(expr.rhs, catalogue)
    if str(expr.op) == "or":
        return left | right
    return right if isinstance(expr.lhs, promql.NumberLiteral) else left


def _called(expr: promql.Call, catalogue: Catalogue) -> frozenset[str]:
    known = frozenset().union(*(_labels(argument, catalogue) for argument in expr.args))
    match expr.func.name:
        case "label_replace":
            return known | {expr.args[1].val}
        case "absent":
            return frozenset(matcher.name for matcher in expr.args[0].matchers.matchers)
        case "histogram_quantile":
            return known - {"le"}
        case _:
            return known


def _selectors(expr: promql.Expr) -> list[promql.VectorSelector]:
    match expr:
        case promql.VectorSelector():
            return [expr]
        case promql.MatrixSelector():
            return [expr.vector_selector]
        case promql.BinaryExpr():
            return _selectors(expr.lhs) + _selectors(expr.rhs)
        case promql.Call():
            return [selector for argument in expr.args for selector in _selectors(argument)]
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return _selectors(expr.expr)
        case _:
            return []
