"""Writes the dashboards as Grafana reads them, or reports those whose files are stale."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from lockstep_monitoring import dashboards

FOLDER = Path(__file__).resolve().parents[2] / "grafana" / "dashboards"


def render() -> dict[str, str]:
    """Returns the text of every dashboard by the name of its file."""
    return {
        f"{name}.json": json.dumps(built, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
        for name, built in dashboards.build_all().items()
    }


def stale(folder: Path = FOLDER) -> list[str]:
    """Returns one sentence for each file that differs from what would be generated."""
    expected = render()
    present = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.json")}
    problems = [f"{name} is no generated dashboard: delete it" for name in sorted(present.keys() - expected.keys())]
    for name, text in expected.items():
        if present.get(name) != text:
            problems.append(f"grafana/dashboards/{name} is stale: run monitoring/generate")
    return problems


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in render().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
