"""Comparisons over REST: designed, measured, weighed, and told in every form."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from checkers.workloads.aside import serving
from tests.services import Service

_ROUNDS = 5
_SIZES = [2, 6]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving("checkers.workloads.site") as addresses:
        yield json.loads(addresses)["site"]


def _compare(service: Service, **body: Any) -> dict[str, Any]:
    answer = service.call("POST", "/api/v1/comparisons", json=body, headers={"Prefer": "wait=60"})
    assert answer.status_code == 200, answer.text
    compared: dict[str, Any] = answer.json()
    return compared


@pytest.fixture(scope="module")
def compared(service: Service, site: str) -> dict[str, Any]:
    return _compare(
        service,
        urls=[f"{site}/status/200", f"{site}/status/404"] * 3,
        matrix={"strategy": ["sequential", "async"], "client": ["curl", "aiohttp"]},
        scale=_SIZES,
        baseline="sequential+curl",
        rounds=_ROUNDS,
        name="<matrix>",
    )


def test_a_matrix_is_the_combinations_that_fit(compared: dict[str, Any]) -> None:
    found = [(c["label"], c["size"]) for c in compared["contenders"]]

    labels = ["sequential+curl", "async+curl", "async"]
    assert found == [(label, size) for size in _SIZES for label in labels]
    assert compared["status"] == "completed"
    assert compared["progress"] == {"done": 8 * 3 * 6, "total": 8 * 3 * 6}


def test_every_round_is_a_run_of_its_own_and_the_warm_up_is_in_no_figure(
    service: Service, compared: dict[str, Any]
) -> None:
    small = compared["contenders"][0]

    assert len(small["batches"]) == _ROUNDS
    assert small["counts"] == {"up": 5, "degraded": 0, "down": 5, "unknown": 0}
    run = service.get(f"/api/v1/batches/{small['batches'][0]}")
    assert (run["total"], run["comparison"]) == (2, compared["id"])
    assert len(service.get(f"/api/v1/batches/{run['id']}/targets")["items"]) == 2


def test_figures_have_intervals_that_hold_them(compared: dict[str, Any]) -> None:
    for contender in compared["contenders"]:
        for name in ("wall_ms", "setup_ms", "cpu_us_per_check", "peak_rss_bytes"):
            found = contender[name]
            assert found["low"] <= found["median"] <= found["high"]
        assert contender["error_bound_ms"]["p99"]["median"] >= 0
        assert contender["phases_ms"]["wait"]["median"] > 0


def test_excess_latency_is_against_sequential_with_the_same_client(
    compared: dict[str, Any],
) -> None:
    by_label = {(c["label"], c["size"]): c["excess_latency_ms"] for c in compared["contenders"]}

    assert set(by_label["async+curl", 6]) == {"p50", "p99"}
    assert by_label["sequential+curl", 6] is None
    assert by_label["async", 6] is None


def test_each_pair_is_told_once_for_every_metric_and_size(compared: dict[str, Any]) -> None:
    seen = [(p["a"], p["b"], p["size"], p["metric"]) for p in compared["pairs"]]

    assert len(seen) == len(set(seen)) == 3 * 2 * 5
    assert all(p["low"] <= p["ratio"] <= p["high"] for p in compared["pairs"])
    assert all(isinstance(p["significant"], bool) for p in compared["pairs"])


def test_effects_hold_the_other_things_still(compared: dict[str, Any]) -> None:
    found = {(e["factor"], e["from"], e["to"]) for e in compared["effects"]}

    assert found == {
        ("strategy", "sequential", "async"), ("client", "curl", "aiohttp"), ("size", "2", "6"),
    }  # fmt: skip


def test_the_csv_has_a_row_for_every_measured_run(
    service: Service, compared: dict[str, Any]
) -> None:
    text = service.call("GET", f"/api/v1/comparisons/{compared['id']}/report?format=csv").text

    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == _ROUNDS * 3 * len(_SIZES)
    assert {row["run"] for row in rows} == {
        run for contender in compared["contenders"] for run in contender["batches"]
    }


def test_the_report_answers_first_and_needs_nothing_else(
    service: Service, compared: dict[str, Any]
) -> None:
    page = service.call("GET", f"/api/v1/comparisons/{compared['id']}/report?format=html").text

    assert "&lt;matrix&gt;" in page
    assert "<matrix>" not in page
    assert page.index('class="answer"') < page.index("<svg")
    assert page.count("<svg") >= 10
    assert "<script" not in page
    assert "http://" not in page.replace("http://127.0.0.1", "")


def test_markdown_tells_the_same(service: Service, compared: dict[str, Any]) -> None:
    text = service.call("GET", f"/api/v1/comparisons/{compared['id']}/report?format=markdown").text

    for heading in ("Contenders", "Ratios", "One thing at a time", "What to distrust"):
        assert f"## {heading}" in text
    assert "\\<matrix\\>" in text


def test_a_cancelled_comparison_keeps_its_finished_rounds(service: Service, site: str) -> None:
    body = {"urls": [f"{site}/delay/0.3"], "contenders": ["async"], "baseline": None, "rounds": 50}
    begun = service.call("POST", "/api/v1/comparisons", json=body).json()
    here = f"/api/v1/comparisons/{begun['id']}"
    while not service.get(here)["contenders"][0]["batches"]:
        pass

    cancelled = service.call("DELETE", here).json()

    assert cancelled["status"] == "cancelled"
    assert cancelled["contenders"][0]["wall_ms"]["median"] >= 300
    page = service.call("GET", f"{here}/report?format=html").text
    assert "cancelled before its end" in page
    assert service.call("DELETE", here).status_code == 204


def test_advice_cites_the_runs_of_the_comparison(
    service: Service, compared: dict[str, Any]
) -> None:
    found = service.get("/api/v1/advice?targets=6&pace=max")

    assert found["basis"] == "measurement"
    assert found["expected"]["wall_ms"] > 0
    runs = {run for contender in compared["contenders"] for run in contender["batches"]}
    assert set(found["runs"]) <= runs
    assert found["runs"]


def test_auto_says_what_it_chose_and_why(
    service: Service, site: str, compared: dict[str, Any]
) -> None:
    assert compared["status"] == "completed"

    batch = service.batch(f"{site}/status/200", strategy="auto")

    assert batch["counts"]["up"] == 1
    assert batch["strategy"] in {"sequential", "async"}
    assert batch["auto"]["basis"] == "measurement"
    assert batch["auto"]["because"]
    settled = service.batch(f"{site}/status/200", strategy="auto", client="requests")
    assert settled["client"] == "requests"
    assert settled["strategy"] in {"sequential", "threaded", "multiprocess"}


def test_a_batch_that_named_its_strategy_has_no_choice_to_explain(
    service: Service, site: str
) -> None:
    assert service.batch(f"{site}/status/200")["auto"] is None


@pytest.mark.parametrize("form", ["html", "markdown", "csv"])
def test_history_is_told_in_the_same_forms(
    service: Service, compared: dict[str, Any], form: str
) -> None:
    answer = service.call("GET", f"/api/v1/reports/strategies?format={form}")

    assert answer.status_code == 200
    assert compared["contenders"][0]["client"] in answer.text
    assert service.get("/api/v1/strategies")["items"][0]["measured"]
