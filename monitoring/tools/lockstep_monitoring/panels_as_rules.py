"""Prints every panel's expression as a recording rule, so that promtool parses it as Prometheus does."""

from pathlib import Path

import yaml

from lockstep_monitoring.expressions import without_variables
from lockstep_monitoring.sources import Sources

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    queries = [*Sources(ROOT).queries(), *Sources(ROOT).variables()]
    rules = [
        {"record": "panel", "expr": without_variables(query.expr), "labels": {"panel": f"{query.dashboard} {number}"}}
        for number, query in enumerate(queries)
    ]
    print(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}, sort_keys=False))


if __name__ == "__main__":
    main()
