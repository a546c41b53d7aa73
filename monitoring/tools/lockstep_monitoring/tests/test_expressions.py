import unittest

from lockstep_monitoring.expressions import (
    ExpressionError,
    Metric,
    check_types,
    labels_of,
    metrics_of,
    without_variables,
)

CATALOGUE = {
    "lockstep_consumer_lag": Metric(frozenset({"service", "group", "topic"})),
    "requests_seconds_bucket": Metric(frozenset({"service", "le"}), is_counter=True),
    "slot_active": Metric(frozenset({"slot_name"})),
}


class ExpressionsTest(unittest.TestCase):
    def test_labels_are_those_of_the_result(self) -> None:
        for expr, expected in {
            "lockstep_consumer_lag": {"service", "group", "topic", "instance", "job", "app"},
            "max by (group) (lockstep_consumer_lag) > 3": {"group"},
            "sum(lockstep_consumer_lag)": set(),
            "2 * sum by (topic) (rate(lockstep_consumer_lag[5m]))": {"topic"},
            "sum by (group) (lockstep_consumer_lag) or sum by (topic) (lockstep_consumer_lag)": {"group", "topic"},
            "histogram_quantile(0.9, sum by (service, le) (requests_seconds_bucket))": {"service"},
            'max by (slot) (label_replace(slot_active, "slot", "$1", "slot_name", "(.+)"))': {"slot"},
            'absent(lockstep_consumer_lag{service="order-service"})': {"service"},
        }.items():
            with self.subTest(expr):
                self.assertEqual(labels_of(expr, CATALOGUE), expected)

    def test_errors_are_found(self) -> None:
        for expr, problem in {
            "sum(lockstep_consumer_lag": "unclosed left parenthesis",
            "lockstep_consumer_lags": "lockstep_consumer_lags is in no list of metrics/",
            'lockstep_consumer_lag{tpoic="a"}': "lockstep_consumer_lag has no label tpoic",
            "sum by (tpoic) (lockstep_consumer_lag)": "no series has the label tpoic",
            "sum by (topic) (max by (group) (lockstep_consumer_lag))": "no series has the label topic",
        }.items():
            with self.subTest(expr), self.assertRaisesRegex(ExpressionError, problem):
                labels_of(expr, CATALOGUE)

    def test_counters_are_read_by_their_rate_and_gauges_by_their_value(self) -> None:
        for expr in (
            "histogram_quantile(0.9, sum by (le) (rate(requests_seconds_bucket[5m])))",
            "min_over_time(lockstep_consumer_lag[10m]) > 1000 and delta(lockstep_consumer_lag[10m]) >= 0",
            "up == 0",
        ):
            with self.subTest(expr):
                check_types(expr, CATALOGUE)

    def test_misused_metrics_are_found(self) -> None:
        for expr, problem in {
            "sum(requests_seconds_bucket) > 3": "requests_seconds_bucket is a counter: use its rate or increase",
            "delta(requests_seconds_bucket[5m])": "requests_seconds_bucket is a counter: use its rate or increase",
            "1 - sum(rate(lockstep_consumer_lag[5m]))": "lockstep_consumer_lag is no counter and has no rate",
        }.items():
            with self.subTest(expr), self.assertRaisesRegex(ExpressionError, problem):
                check_types(expr, CATALOGUE)

    def test_metrics_are_found_at_any_depth(self) -> None:
        expr = "sum(rate(a[5m])) / (b unless c) and -d > scalar(e)"

        self.assertEqual(metrics_of(expr), {"a", "b", "c", "d", "e"})

    def test_variables_are_replaced(self) -> None:
        expr = 'rate(a{service=~"$service"}[$__rate_interval])'

        self.assertEqual(without_variables(expr), 'rate(a{service=~".*"}[1m])')
