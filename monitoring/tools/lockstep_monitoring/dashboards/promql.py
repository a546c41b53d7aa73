"""The forms of PromQL expression that most panels use. `by` names labels, `where` matches them."""


def highest(metric: str, by: str = "", where: str = "") -> str:
    """Returns the value of a metric that is the same in every instance."""
    return _aggregated("max", by, _selected(metric, where))


def lowest(metric: str, by: str = "", where: str = "") -> str:
    return _aggregated("min", by, _selected(metric, where))


def total(metric: str, by: str = "", where: str = "") -> str:
    return _aggregated("sum", by, _selected(metric, where))


def per_second(metric: str, by: str = "", where: str = "") -> str:
    """Returns the rate of a counter over all instances."""
    return _aggregated("sum", by, f"rate({_selected(metric, where)}[$__rate_interval])")


def added(metric: str, by: str = "", where: str = "") -> str:
    """Returns by how much a counter rose over all instances, without those that did not rise."""
    return _aggregated("sum", by, f"increase({_selected(metric, where)}[$__rate_interval])") + " > 0"


def quantile(part: float, metric: str, where: str = "") -> str:
    """Returns a quantile of a histogram over all instances, and nothing instead of NaN while nothing is recorded."""
    return f"histogram_quantile({part}, {per_second(f'{metric}_bucket', by='le', where=where)}) >= 0"


def share(part: str, whole: str) -> str:
    """Returns what share `part` is of `whole`: 0 if there is no series of it, and nothing while `whole` is 0."""
    return f"({part} or vector(0)) / ({whole} > 0)"


def _aggregated(function: str, by: str, expr: str) -> str:
    return f"{function} by ({by}) ({expr})" if by else f"{function}({expr})"


def _selected(metric: str, where: str) -> str:
    return f"{metric}{{{where}}}" if where else metric
