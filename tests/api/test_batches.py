"""Batches over REST."""

from typing import Any

import pytest

from checkers import CATALOGUE, StrategyName
from tests.farm.servers import Servers, answering, delayed, ok
from tests.services import Service


@pytest.fixture(scope="session")
def up(farm: Servers) -> str:
    return f"http://127.0.0.1:{farm.serve(answering(ok()))}/"


@pytest.fixture(scope="session")
def refused(farm: Servers) -> str:
    return f"http://127.0.0.1:{farm.refusing()}/"


@pytest.mark.parametrize("strategy", list(CATALOGUE))
def test_a_list_is_checked_and_told_alike_under_every_strategy(
    service: Service, strategy: StrategyName, up: str, refused: str
) -> None:
    urls = (up, refused, "http://10.0.0.1/")

    batch = service.batch(*urls, strategy=strategy, pace="truthful")

    assert batch["status"] == "completed"
    assert batch["strategy"] == strategy
    assert batch["total"] == batch["done"] == 3
    assert batch["counts"] == {"up": 1, "degraded": 0, "down": 1, "unknown": 1}
    assert batch["reasons"] == {"connection_refused": 1, "address_not_allowed": 1}
    assert batch["wall_ms"] > 0
    assert batch["cost"]["cpu_ms"] > 0
    assert batch["latency_ms"]["p50"] == batch["latency_ms"]["max"] > 0
    assert batch["phases_ms"]["connect"]["p50"] > 0
    assert batch["phases_ms"]["tls"] is None
    assert batch["fidelity"]["verdict"] in ("trustworthy", "cpu_bound")


def test_a_batch_is_accepted_before_it_is_checked(service: Service, farm: Servers) -> None:
    slow = f"http://127.0.0.1:{farm.serve(delayed(1, ok()))}/"
    answer = service.call("POST", "/api/v1/batches", json={"urls": [slow]})

    assert answer.status_code == 202
    location = answer.headers["Location"]
    assert location == answer.json()["links"]["self"]
    assert answer.json()["status"] in ("queued", "running")
    assert service.until(location, status="completed")["counts"]["up"] == 1


@pytest.mark.parametrize(
    ("prefer", "status", "applied"),
    [("wait=0", 202, "wait=0"), ("wait=30", 200, "wait=30"), ("wait=9999", 200, "wait=60"),
     ("respond-async, wait=20", 200, "wait=20"), ("wait=soon", 202, None)],
)  # fmt: skip
def test_a_caller_may_wait(
    service: Service, up: str, prefer: str, status: int, applied: str | None
) -> None:
    answer = service.call(
        "POST", "/api/v1/batches", json={"urls": [up]}, headers={"Prefer": prefer}
    )

    assert answer.status_code == status
    assert answer.headers.get("Preference-Applied") == applied


def test_outcomes_come_by_page_in_the_order_of_the_request(
    service: Service, up: str, refused: str
) -> None:
    batch = service.batch(*([up, refused] * 5))

    seen: list[dict[str, Any]] = []
    path = f"{batch['links']['outcomes']}?limit=3"
    cursor: str | None = ""
    while cursor is not None:
        page = service.get(path + (f"&cursor={cursor}" if cursor else ""))
        seen += page["items"]
        cursor = page["next_cursor"]

    assert [outcome["seq"] for outcome in seen] == list(range(10))
    assert [outcome["status"] for outcome in seen] == ["up", "down"] * 5
    first = seen[0]
    assert first["url"] == up
    assert first["http_status"] == 200
    assert first["remote_address"] == "127.0.0.1"
    assert first["total_ms"] >= first["phases_ms"]["wait"] > 0
    assert first["phases_ms"]["tls"] is None
    assert first["attempts"][0]["total_ms"] == first["total_ms"]
    assert first["started_at"].endswith("Z")
    assert seen[1]["detail"] == "The connection was refused."


@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        ("status=up", [0]),
        ("status=down", [1]),
        ("reason=connection_refused", [1]),
        ("url=none", []),
    ],
)
def test_outcomes_are_filtered(
    service: Service, up: str, refused: str, query: str, seqs: list[int]
) -> None:
    batch = service.batch(up, refused)

    page = service.get(f"{batch['links']['outcomes']}?{query}")

    assert [outcome["seq"] for outcome in page["items"]] == seqs


def test_targets_take_what_they_leave_out_from_the_defaults(service: Service, up: str) -> None:
    body = {
        "targets": [
            {"url": up},
            {"url": up, "expect": [{"of": "status", "op": "==", "value": 200}]},
        ],
        "defaults": {"expect": [{"of": "status", "op": "==", "value": 201}]},
    }
    answer = service.call(
        "POST", "/api/v1/batches", json=body, headers={"Prefer": "wait=30"}
    ).json()

    assert answer["counts"]["up"] == answer["counts"]["down"] == 1


def test_a_running_batch_is_cancelled_and_then_removed(service: Service, farm: Servers) -> None:
    slow = f"http://127.0.0.1:{farm.serve(delayed(0.3, ok()))}/"
    body = {"urls": [slow] * 100, "concurrency": 1}
    here = service.call("POST", "/api/v1/batches", json=body).headers["Location"]
    service.until(here, status="running")

    cancelled = service.call("DELETE", here)
    removed = service.call("DELETE", here)

    assert cancelled.status_code == 200
    assert cancelled.json()["status"] == "cancelled"
    assert removed.status_code == 204
    assert service.call("GET", here).status_code == 404


def test_small_batches_do_not_wait_behind_a_big_one(
    service: Service, farm: Servers, up: str
) -> None:
    slow = f"http://127.0.0.1:{farm.serve(delayed(0.2, ok()))}/"
    body = {"urls": [slow] * 300, "concurrency": 1}
    big = service.call("POST", "/api/v1/batches", json=body).headers["Location"]

    assert service.batch(up)["status"] == "completed"

    assert service.call("DELETE", big).status_code == 200


def test_a_list_shows_the_newest_first(service: Service, up: str) -> None:
    first, second = service.batch(up, name="first"), service.batch(up, name="second")

    listed = [batch["id"] for batch in service.get("/api/v1/batches?limit=1000")["items"]]

    assert listed.index(second["id"]) < listed.index(first["id"])


def test_one_check_now_shows_every_expectation_and_stores_nothing(
    service: Service, up: str
) -> None:
    before = len(service.get("/api/v1/batches?limit=1000")["items"])
    body = {"url": up, "expect": [{"of": "body", "op": "contains", "value": "nope"}]}

    outcome = service.call("POST", "/api/v1/check", json=body).json()

    assert (outcome["status"], outcome["reason"]) == ("down", "body_unexpected")
    assert outcome["excerpt"] == "hello"
    assert [(e["expectation"]["of"], e["held"]) for e in outcome["expectations"]] == [
        ("status", True), ("body", False), ("certificate_days", None),
    ]  # fmt: skip
    assert len(service.get("/api/v1/batches?limit=1000")["items"]) == before


def test_a_comparison_runs_its_rounds_and_reports(service: Service, up: str, refused: str) -> None:
    body = {"urls": [up, refused], "contenders": ["threaded", "async"], "rounds": 2, "name": "<b>"}
    answer = service.call("POST", "/api/v1/comparisons", json=body, headers={"Prefer": "wait=60"})

    found = answer.json()
    assert (answer.status_code, found["status"]) == (200, "completed")
    assert [c["label"] for c in found["contenders"]] == ["sequential", "threaded", "async"]
    assert all(len(c["batches"]) == 2 for c in found["contenders"])
    assert all(c["counts"]["up"] == c["counts"]["down"] == 2 for c in found["contenders"])
    assert found["progress"] == {"done": 18, "total": 18}
    assert len(found["order"]) == 2
    assert len(found["pairs"]) == 3 * 5
    assert found["pairs"][0]["significant"] is None
    assert found["disagreements_total"] == 0
    round_of_it = service.get(f"/api/v1/batches/{found['contenders'][0]['batches'][0]}")
    assert round_of_it["comparison"] == found["id"]

    report = found["links"]["report"]
    assert "| sequential |" in service.call("GET", f"{report}?format=markdown").text
    for page in (f"{report}?format=html", found["links"]["page"]):
        text = service.call("GET", page).text
        assert "<svg" in text
        assert "&lt;b&gt;" in text
        assert "<b>" not in text
    assert service.call("DELETE", found["links"]["self"]).status_code == 204
    assert service.call("GET", found["links"]["self"]).status_code == 404
