"""What monitors came to, over REST: uptime, latency, objectives, the month's report, exports."""

import csv
import io
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.farm.servers import Servers, answering, ok
from tests.services import Service

_HERE = "/api/v1/monitors"
_BAD_WINDOWS = (
    "1h", "", ",", "2026-13", "2026-1", "9999-99", "2026-01-02,2026-01-03",
    "2026-01-02T00:00:00Z,2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z,2026-01-01T00:00:00Z",
    "3000-01-01T00:00:00Z,3000-01-02T00:00:00Z",
    "0001-01-01T00:00:00+14:00,2026-01-01T00:00:00Z",
    "-2026-01-01T00:00:00Z,x",
)  # fmt: skip
_CENTURY = "1926-01-01T00:00:00Z,2026-11-25T00:00:00Z"


@pytest.fixture(scope="module")
def monitor(service: Service, farm: Servers) -> Iterator[dict[str, Any]]:
    """One that was checked and is up, with labels of its own."""
    label = uuid.uuid4().hex[:12]
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    body = {
        "key": f"k{label}", "name": "=Shop <b>", "labels": {"set": label, "team": "web"},
        "target": {"url": url}, "interval_seconds": 3600, "slo": {"target": 0.99},
    }  # fmt: skip
    service.call("POST", _HERE, json=body)
    yield service.until(f"{_HERE}/k{label}", status="up")
    service.call("DELETE", f"{_HERE}/k{label}")


@pytest.mark.parametrize("what", ["uptime", "latency"])
@pytest.mark.parametrize("window", _BAD_WINDOWS)
def test_a_window_that_is_none_is_refused(
    service: Service, monitor: dict[str, Any], what: str, window: str
) -> None:
    answer = service.call("GET", f"{_HERE}/{monitor['key']}/{what}", params={"window": window})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/window"


@pytest.mark.parametrize("window", ["24h", "7d", "30d", "365d", _CENTURY, "1970-01"])
def test_seconds_sum_to_any_window(service: Service, monitor: dict[str, Any], window: str) -> None:
    found = service.get(f"{_HERE}/{monitor['key']}/uptime?window={window}")

    lasted = (_instant(found["to"]) - _instant(found["from"])).total_seconds()
    assert sum(found["seconds"].values()) == pytest.approx(lasted, abs=0.1)
    assert found["ratio"] in {None, 1}


def _instant(text: str) -> Any:
    from datetime import datetime  # noqa: PLC0415 -- of this one line

    return datetime.fromisoformat(text)


def test_a_window_of_a_second_is_one(service: Service, monitor: dict[str, Any]) -> None:
    window = "2026-11-01T00:00:00Z,2026-11-01T00:00:01Z"

    found = service.get(f"{_HERE}/{monitor['key']}/uptime?window={window}")

    assert found["seconds"]["unknown"] == 1
    assert (found["checks"], found["ratio"], found["incidents"]) == (0, None, 0)


def test_checks_are_counted_and_timed(service: Service, monitor: dict[str, Any]) -> None:
    here = f"{_HERE}/{monitor['key']}"

    uptime, latency = service.get(f"{here}/uptime"), service.get(f"{here}/latency?step=5m")

    assert uptime["checks"] == uptime["counts"]["up"] == latency["n"] >= 1
    assert latency["source"] == "outcomes"
    (point,) = latency["points"]
    assert point["n"] == latency["n"]
    assert 0 < point["phases_ms"]["connect"]["p50"] <= point["p50"] <= point["p99"]
    total = service.get(f"{here}/outcomes?limit=1")["items"][0]["total_ms"]
    assert latency["total_ms"]["p50"] == pytest.approx(total, rel=0.005)


@pytest.mark.parametrize(
    ("step", "told"),
    [("0", "a second or more"), ("x", "a second"), ("90m", "whole hours"),
     ("-5m", "a second"), ("99999999999d", "a second"), ("1e9", "a second")],
)  # fmt: skip
def test_a_step_that_is_none_is_refused(
    service: Service, monitor: dict[str, Any], step: str, told: str
) -> None:
    here = f"{_HERE}/{monitor['key']}/latency"

    answer = service.call("GET", here, params={"window": "30d", "step": step})

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/step"
    assert told in error["detail"]


def test_an_objective_tells_its_budget(service: Service, monitor: dict[str, Any]) -> None:
    here = f"{_HERE}/{monitor['key']}/slo"

    own, asked = service.get(here), service.get(f"{here}?target=0.5&window=24h")

    assert (own["target"], own["window"], own["met"]) == (0.99, "30d", True)
    assert own["budget"]["spent_seconds"] == 0
    assert own["budget"]["left_ratio"] == 1
    assert own["burn_rates"]["1h"] == 0
    assert asked["target"] == 0.5
    assert "72h" not in asked["burn_rates"]


def test_without_an_objective_one_has_to_be_asked_of(service: Service, farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    made = service.call("POST", _HERE, json={"target": {"url": url}}).json()

    answer = service.call("GET", f"{_HERE}/{made['id']}/slo")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/target"


def test_the_report_tells_of_a_selection_by_group_and_together(
    service: Service, monitor: dict[str, Any]
) -> None:
    label = monitor["labels"]["set"]

    found = service.get(f"/api/v1/reports/uptime?label=set={label}&by=team&window=7d")

    (line,) = found["items"]
    assert (line["key"], line["ratio"], line["slo"]["met"]) == (monitor["key"], 1, True)
    assert found["groups"][0]["value"] == "web"
    assert found["groups"][0]["seconds"] == found["total"]["seconds"] == line["seconds"]


@pytest.mark.parametrize("form", ["csv", "html", "markdown"])
def test_the_report_reads_in_every_form_and_obeys_nobody(
    service: Service, monitor: dict[str, Any], form: str
) -> None:
    query = f"label=set={monitor['labels']['set']}&format={form}"

    answer = service.call("GET", f"/api/v1/reports/uptime?{query}")

    assert answer.status_code == 200
    assert "100.000 %" in answer.text or ",1.0," in answer.text
    assert "<b>" not in answer.text or form != "html"
    if form == "csv":
        (row,) = csv.DictReader(io.StringIO(answer.text))
        assert row["name"] == "'=Shop <b>"


@pytest.mark.parametrize(
    "path",
    [
        _HERE,
        *(
            f"/api/v1/{name}"
            for name in (
                "incidents",
                "deliveries",
                "batches",
                "comparisons",
                "experiments",
                "channels",
                "maintenances",
                "schedules",
            )
        ),
    ],
)
def test_every_list_leaves_as_lines_and_as_a_table(service: Service, path: str) -> None:
    page = service.get(f"{path}?limit=1000")

    lines = service.call("GET", path, headers={"Accept": "application/x-ndjson"})
    table = service.call("GET", path, headers={"Accept": "text/csv"})

    ids = [item["id"] for item in page["items"]]
    assert [json.loads(line)["id"] for line in lines.text.splitlines()][: len(ids)] == ids
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["id"] for row in rows][: len(ids)] == ids
    assert table.headers["Content-Type"].startswith("text/csv")


def test_outcomes_and_points_of_a_monitor_leave_as_tables(
    service: Service, monitor: dict[str, Any]
) -> None:
    here, wanted = f"{_HERE}/{monitor['key']}", {"Accept": "text/csv"}

    outcomes = service.call("GET", f"{here}/outcomes", headers=wanted).text
    points = service.call("GET", f"{here}/latency", headers=wanted).text

    row = next(csv.DictReader(io.StringIO(outcomes)))
    assert (row["status"], row["url"]) == ("up", monitor["target"]["url"])
    assert float(row["lateness_ms"]) >= 0
    assert next(csv.DictReader(io.StringIO(points)))["n"] >= "1"
