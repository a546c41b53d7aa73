import shutil
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path

from lockstep_monitoring import verify
from lockstep_monitoring.sources import Sources


class VerifyTest(unittest.TestCase):
    """Plants one error at a time in a copy of the folder, and expects it to be reported."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "monitoring"
        shutil.copytree(verify.ROOT, self.root, ignore=shutil.ignore_patterns("target", "tools"))

    def test_the_folder_itself_has_no_problem(self) -> None:
        self.assertEqual(self.problems(), [])

    def test_an_unknown_metric_in_a_rule(self) -> None:
        self.edit("prometheus/rules/delivery.yml", lambda text: text.replace("lockstep_parked_keys", "lockstep_parked"))

        self.assert_reported("delivery.yml: KeysParked: lockstep_parked is in no list of metrics/")

    def test_a_counter_whose_value_is_read(self) -> None:
        self.edit("metrics/services.txt", lambda text: text.replace("{service} gauge", "{service} counter"))

        self.assert_reported("delivery.yml: KeysParked: lockstep_parked_keys is a counter: use its rate or increase")
        self.assert_reported("jvm.json: CPU: process_cpu_usage is a counter: use its rate or increase")

    def test_a_summary_with_a_label_that_the_alert_does_not_have(self) -> None:
        self.edit("prometheus/rules/orders.yml", lambda text: text.replace("$labels.state", "$labels.stage"))

        self.assert_reported("orders.yml: SagaStuck: the summary names the label stage, which the alert does not have")

    def test_an_alert_without_severity(self) -> None:
        self.edit("prometheus/rules/kafka.yml", lambda text: text.replace("severity: warning", "severity: low"))

        self.assert_reported("kafka.yml: KafkaUnderReplicated: severity must be one of critical, warning")

    def test_an_alert_without_runbook(self) -> None:
        (self.root / "runbooks/saga-stuck.md").unlink()

        self.assert_reported("runbooks/saga-stuck.md is missing")

    def test_a_runbook_that_belongs_to_no_alert(self) -> None:
        (self.root / "runbooks/old.md").write_text("# Old\n", encoding="utf-8")

        self.assert_reported("runbooks/old.md belongs to no alert")

    def test_a_runbook_without_a_section(self) -> None:
        self.edit("runbooks/saga-stuck.md", lambda text: text.replace("## Impact", "## Consequences"))

        self.assert_reported(f"runbooks/saga-stuck.md must have the sections {', '.join(verify.RUNBOOK_SECTIONS)}")

    def test_a_runbook_that_prints_an_unknown_metric(self) -> None:
        self.edit("runbooks/saga-faulty.md", lambda text: text.replace("saga_faulty`", "saga_wrong`"))

        self.assert_reported("runbooks/saga-faulty.md: no metric begins with lockstep_saga_wrong")

    def test_an_alert_that_is_not_tested(self) -> None:
        self.edit("prometheus/tests/postgres.yml", lambda text: text.replace("alertname: PostgresDown", "alertname: X"))

        self.assert_reported("prometheus/tests: no test in which PostgresDown (critical) fires")
        self.assert_reported("prometheus/tests: no test in which PostgresDown (critical) does not fire")

    def test_a_dashboard_that_was_edited(self) -> None:
        self.edit("grafana/dashboards/jvm.json", lambda text: text.replace("Memory", "Heaps"))

        self.assert_reported("grafana/dashboards/jvm.json is stale: run monitoring/generate")

    def test_an_unknown_metric_in_a_panel(self) -> None:
        self.edit("grafana/dashboards/jvm.json", lambda text: text.replace("process_cpu_usage", "cpu"))

        self.assert_reported("jvm.json: CPU: cpu is in no list of metrics/")

    def test_a_legend_with_a_label_that_no_series_has(self) -> None:
        self.edit("grafana/dashboards/orders.json", lambda text: text.replace("{{outcome}}", "{{end}}"))

        self.assert_reported("orders.json: Orders ended: the legend names the label end, which no series has")

    def test_a_listed_metric_that_nothing_uses(self) -> None:
        self.edit("metrics/services.txt", lambda text: text + "lockstep_unused{service} gauge\n")

        self.assert_reported("metrics/: no rule and no panel uses lockstep_unused")

    def test_a_recorded_value_that_nothing_uses(self) -> None:
        self.edit("prometheus/rules/recording.yml", lambda text: text.replace("ratio_rate3d", "ratio_rate4d"))

        self.assert_reported("prometheus/rules: no alert and no panel uses service:http_orders_slow:ratio_rate4d")

    def assert_reported(self, problem: str) -> None:
        self.assertIn(problem, self.problems())

    def problems(self) -> list[str]:
        return list(verify.problems(Sources(self.root)))

    def edit(self, file: str, change: Callable[[str], str]) -> None:
        path = self.root / file
        before = path.read_text(encoding="utf-8")
        after = change(before)
        self.assertNotEqual(after, before, "the planted error is not in the text")
        path.write_text(after, encoding="utf-8")
