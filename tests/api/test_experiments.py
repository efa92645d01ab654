"""The laboratory over REST."""

from typing import Any

import pytest

from tests.services import Service


def _experiment(service: Service, **body: Any) -> dict[str, Any]:
    answer = service.call("POST", "/api/v1/experiments", json=body, headers={"Prefer": "wait=60"})
    assert answer.status_code == 200, answer.text
    ended: dict[str, Any] = answer.json()
    return ended


@pytest.fixture(scope="module")
def computed(service: Service) -> dict[str, Any]:
    return _experiment(
        service, workload="cpu", items=4, size=20_000, rounds=2,
        contenders=["threaded", {"strategy": "multiprocess", "concurrency": 2}],
    )  # fmt: skip


def test_an_experiment_is_as_a_comparison_with_what_its_work_measures(
    computed: dict[str, Any],
) -> None:
    assert computed["status"] == "completed"
    assert (computed["workload"], computed["items"], computed["size"]) == ("cpu", 4, 20_000)
    assert [c["label"] for c in computed["contenders"]] == [
        "sequential", "threaded", "multiprocess",
    ]  # fmt: skip
    for contender in computed["contenders"]:
        assert contender["client"] is None
        assert contender["counts"]["up"] == 8
        assert len(contender["batches"]) == 2
        assert contender["metrics"]["wrong_sums"]["median"] == 0
    assert {pair["metric"] for pair in computed["pairs"]} >= {"wall_ms", "cpu_us_per_check"}


@pytest.mark.parametrize("form", ["html", "markdown", "csv", "json"])
def test_its_report_is_told_in_every_form(
    service: Service, computed: dict[str, Any], form: str
) -> None:
    answer = service.call("GET", f"/api/v1/experiments/{computed['id']}/report?format={form}")

    assert answer.status_code == 200
    assert "wrong_sums" in answer.text.replace("\\", "")
    if form in {"html", "markdown"}:
        assert "interpreter lock" in answer.text


def test_it_has_a_page_and_a_place_in_the_lists(service: Service, computed: dict[str, Any]) -> None:
    assert service.call("GET", f"/experiments/{computed['id']}").status_code == 200
    assert computed["id"] in service.call("GET", "/experiments").text
    listed = service.get("/api/v1/experiments?limit=1")
    assert len(listed["items"]) == 1
    events = service.call("GET", f"/api/v1/experiments/{computed['id']}/events").text
    assert "event: completed" in events


@pytest.mark.parametrize("workload", ["requests", "checks"])
def test_what_sends_requests_asks_the_bundled_target(service: Service, workload: str) -> None:
    more = {"size": 20_000} if workload == "checks" else {}

    found = _experiment(
        service, workload=workload, items=2, rounds=1, contenders=["async"], baseline=None, **more
    )

    (contender,) = found["contenders"]
    assert contender["client"] == "aiohttp"
    assert contender["counts"]["up"] == 2
    assert contender["metrics"]["answers_2xx"]["median"] == 2


def test_a_forbidden_address_is_not_contacted(service: Service) -> None:
    found = _experiment(
        service, workload="requests", url="http://10.0.0.1/", items=1, rounds=1,
        contenders=["async"], baseline=None,
    )  # fmt: skip

    assert found["contenders"][0]["counts"]["unknown"] == 1


def test_a_cancelled_experiment_stops_and_can_be_removed(service: Service) -> None:
    body = {"workload": "cpu", "items": 100, "size": 10_000_000, "rounds": 5}
    begun = service.call("POST", "/api/v1/experiments", json=body).json()
    here = f"/api/v1/experiments/{begun['id']}"
    service.until(here, status="running")

    assert service.call("DELETE", here).json()["status"] == "cancelled"
    assert service.call("DELETE", here).status_code == 204
    assert service.call("GET", here).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/workload"),
        ({"workload": "magic"}, "/workload"),
        ({"workload": "cpu", "url": "http://127.0.0.1/"}, "/url"),
        ({"workload": "requests", "size": 3}, "/size"),
        ({"workload": "spawn", "size": 3}, "/size"),
        ({"workload": "requests", "url": "ftp://x/"}, "/url"),
        ({"workload": "cpu", "items": 0}, "/items"),
        ({"workload": "cpu", "items": 1_000_000}, "/items"),
        ({"workload": "cpu", "size": 200_000_000}, "/size"),
        ({"workload": "data", "items": 10_000, "size": 1_000_000}, "/size"),
        ({"workload": "cpu", "rounds": 0}, "/rounds"),
        ({"workload": "cpu", "rounds": 1000}, "/rounds"),
        ({"workload": "cpu", "contenders": ["nope"]}, "/contenders/0/strategy"),
        ({"workload": "cpu", "contenders": ["auto"]}, "/contenders/0/strategy"),
        ({"workload": "cpu", "contenders": ["async", "async"]}, "/contenders/1"),
        (
            {"workload": "cpu", "contenders": [{"strategy": "async", "client": "curl"}]},
            "/contenders/0/client",
        ),
        (
            {"workload": "requests", "contenders": [{"strategy": "async", "client": "requests"}]},
            "/contenders/0/client",
        ),
        (
            {"workload": "cpu", "contenders": [{"strategy": "async", "pace": "max"}]},
            "/contenders/0/pace",
        ),
        ({"workload": "spawn", "contenders": ["hybrid"]}, "/contenders/0/strategy"),
        (
            {"workload": "spawn", "contenders": [{"strategy": "threaded", "concurrency": 2}]},
            "/contenders/0/concurrency",
        ),
        ({"workload": "cpu", "contenders": ["async"], "baseline": "other"}, "/baseline"),
        ({"workload": "cpu", "urls": ["http://127.0.0.1/"]}, "/urls"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    service: Service, body: dict[str, Any], pointer: str
) -> None:
    answer = service.call("POST", "/api/v1/experiments", json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
