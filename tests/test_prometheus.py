"""What the documents give to Prometheus and Grafana speaks of metrics that there are."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.services import running

_DOCS = Path(__file__).parents[1] / "docs"
_FILES = _DOCS / "prometheus"
_NAME = re.compile(r"\b(?:tercet|process)_[a-z_]+\b")
_PROMTOOL = shutil.which("promtool")
_needs_promtool = pytest.mark.skipif(
    _PROMTOOL is None, reason="there is no promtool on this machine (Debian's package prometheus)"
)


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The type of every family that a service tells of, its monitors' included."""
    with running(tmp_path_factory.mktemp("service")) as service:
        text = service.call("GET", "/metrics").text
    heads = re.findall(r"^# TYPE (\S+) (\S+)$", text, flags=re.MULTILINE)
    assert len(dict(heads)) == len(heads)
    return dict(heads)


def _rules() -> list[str]:
    read = yaml.safe_load((_FILES / "alerts.yml").read_text(encoding="utf-8"))
    return [rule["expr"] for group in read["groups"] for rule in group["rules"]]


def _dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((_FILES / "dashboard.json").read_text(encoding="utf-8"))
    return read


def _queries() -> list[str]:
    panels = _dashboard()["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def _samples(types: dict[str, str]) -> Iterator[str]:
    for name, kind in types.items():
        if kind == "histogram":
            yield from (f"{name}_bucket", f"{name}_count", f"{name}_sum")
        else:
            yield name


def test_every_metric_in_rules_and_dashboard_is_one_that_is_told(types: dict[str, str]) -> None:
    there = set(_samples(types))
    variables = [variable.get("definition", "") for variable in _dashboard()["templating"]["list"]]
    asked = [*_rules(), *_queries(), *variables]

    assert len(asked) > 50
    assert {n for query in asked for n in _NAME.findall(query) if n not in there} == set()
    assert all(_NAME.search(query) or "up{" in query for query in asked if query)


def test_every_metric_is_described_and_none_that_there_is_not(types: dict[str, str]) -> None:
    told = (_DOCS / "prometheus.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tercet_[a-z_]+)`", told))

    assert named == {name for name in types if name.startswith("tercet_")}


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    board = _dashboard()
    panels = board["panels"]
    ids = [panel["id"] for panel in panels]

    assert board["schemaVersion"] >= 39
    assert len(set(ids)) == len(ids)
    assert [p["title"] for p in panels if p["type"] == "row"] == [
        "What is wrong", "Latency by monitor", "Phases", "Lateness", "Certificates",
        "The service itself",
    ]  # fmt: skip
    source = {"type": "prometheus", "uid": "${datasource}"}
    assert all(p["datasource"] == source for p in panels if p["type"] != "row")
    assert _overlapping(panels) == []


def _overlapping(panels: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    cells: dict[tuple[int, int], str] = {}
    found = []
    for panel in panels:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                other = cells.setdefault((x, y), panel["title"])
                if other != panel["title"]:
                    found.append((panel["title"], other))
    return found


def test_every_rule_is_tested() -> None:
    read = yaml.safe_load((_FILES / "alerts.yml").read_text(encoding="utf-8"))
    names = {rule["alert"] for group in read["groups"] for rule in group["rules"]}
    tests = yaml.safe_load((_FILES / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    fired = {
        case["alertname"]
        for test in tests
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }

    assert fired == names


@_needs_promtool
@pytest.mark.parametrize(
    "words", [("check", "config", "scrape.yml"), ("check", "rules", "alerts.yml"),
              ("test", "rules", "alerts_test.yml")],
)  # fmt: skip
def test_promtool_takes_it(words: tuple[str, ...]) -> None:
    _promtool(*words, folder=_FILES)


@_needs_promtool
def test_promtool_takes_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"dashboard:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(_queries())
    ]
    made = {"groups": [{"name": "dashboard", "rules": rules}]}
    (tmp_path / "rules.yml").write_text(json.dumps(made), encoding="utf-8")

    _promtool("check", "rules", "rules.yml", folder=tmp_path)


def _promtool(*words: str, folder: Path) -> None:
    assert _PROMTOOL is not None
    ended = subprocess.run(
        [_PROMTOOL, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
