"""Requests that are repeated: by their Idempotency-Key, or on purpose as a rerun."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.farm.servers import Servers, answering, delayed, in_turn, ok
from tests.services import Service

URL = "http://127.0.0.1:9/"


def post(
    service: Service, body: dict[str, Any], key: str, path: str = "/api/v1/batches"
) -> requests.Response:
    return service.call("POST", path, json=body, headers={"Idempotency-Key": key})


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


def test_the_same_key_makes_nothing_again(service: Service, key: str) -> None:
    first = post(service, {"urls": [URL]}, key)

    again = post(service, {"urls": [URL]}, key)

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    assert first.headers["Location"] == again.headers["Location"]


def test_what_comes_at_once_with_one_key_makes_one_batch(service: Service, key: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(service, {"urls": [URL] * 500}, key), range(8)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_a_key_with_another_request_is_refused(service: Service, key: str) -> None:
    post(service, {"urls": [URL]}, key)

    other = post(service, {"urls": [URL, URL]}, key)
    query = post(service, {"urls": [URL]}, key, "/api/v1/batches?on_invalid=skip")

    assert (other.status_code, other.json()["code"]) == (422, "invalid")
    assert (query.status_code, query.json()["code"]) == (422, "invalid")


def test_a_request_that_failed_leaves_its_key_free(service: Service, key: str) -> None:
    assert post(service, {"urls": ["no"]}, key).status_code == 422

    assert post(service, {"urls": [URL]}, key).status_code == 202


def test_a_key_counts_for_its_path_only(service: Service, key: str) -> None:
    batch = post(service, {"urls": [URL]}, key)
    body = {"urls": [URL], "contenders": ["async"], "rounds": 1}

    comparison = post(service, body, key, "/api/v1/comparisons")

    assert (batch.status_code, comparison.status_code) == (202, 202)
    assert post(service, body, key, "/api/v1/comparisons").json()["id"] == comparison.json()["id"]


@pytest.mark.parametrize("bad", ["", "é", "a b", "k" * 256])
def test_a_key_that_is_none_is_refused(service: Service, bad: str) -> None:
    answer = service.call(
        "POST", "/api/v1/batches", json={"urls": [URL]}, headers={"Idempotency-Key": bad.encode()}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_a_rerun_checks_what_was_not_up_with_what_was_asked_of_it(
    service: Service, farm: Servers
) -> None:
    good = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    mended = f"http://127.0.0.1:{farm.serve(in_turn(ok(status=b'500 No'), ok()))}/"
    batch = service.batch(
        good, mended, good, name="n", labels={"a": "b"}, defaults={"timeout_seconds": 3}
    )
    assert batch["counts"]["down"] == 1

    answer = service.call(
        "POST", f"{batch['links']['rerun']}?only=not_up&strategy=threaded",
        headers={"Prefer": "wait=30"},
    )  # fmt: skip

    again = answer.json()
    assert (answer.status_code, again["total"], again["counts"]["up"]) == (200, 1, 1)
    how = (again["strategy"], again["client"], again["concurrency"])
    assert how == ("threaded", "requests", 32)
    assert (again["name"], again["labels"]) == ("n", {"a": "b"})
    (target,) = service.get(again["links"]["targets"])["items"]
    assert (target["url"], target["timeout_seconds"]) == (mended, 3.0)


def test_a_rerun_of_all_is_the_same_batch_again(service: Service, farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    batch = service.batch(url, url, strategy="threaded", concurrency=7, pace="max", per_host=3)

    again = service.call("POST", batch["links"]["rerun"], headers={"Prefer": "wait=30"}).json()

    same = ("strategy", "client", "concurrency", "pace", "per_host", "total", "counts")
    assert [again[name] for name in same] == [batch[name] for name in same]
    assert again["id"] != batch["id"]


def test_a_rerun_with_a_key_is_made_once(service: Service, key: str) -> None:
    batch = service.batch(URL)
    headers = {"Idempotency-Key": key}

    ids = {
        service.call("POST", batch["links"]["rerun"], headers=headers).json()["id"] for _ in "ab"
    }

    assert len(ids) == 1


def test_a_rerun_is_answered_again_when_what_it_ran_again_is_gone(
    service: Service, key: str
) -> None:
    batch = service.batch(URL)
    headers = {"Idempotency-Key": key}
    first = service.call("POST", batch["links"]["rerun"], headers=headers)
    service.call("DELETE", batch["links"]["self"])

    again = service.call("POST", batch["links"]["rerun"], headers=headers)

    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])


def test_what_cannot_be_run_again_says_why(service: Service, farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    slow = f"http://127.0.0.1:{farm.serve(delayed(20, ok()))}/"
    up = service.batch(url)
    running = service.call("POST", "/api/v1/batches", json={"urls": [slow]}).json()

    nothing = service.call("POST", f"{up['links']['rerun']}?only=not_up")
    early = service.call("POST", running["links"]["rerun"])
    misfit = service.call("POST", f"{up['links']['rerun']}?client=aiohttp&strategy=threaded")
    none = service.call("POST", f"{up['links']['rerun']}?concurrency=0")

    service.call("DELETE", running["links"]["self"])
    assert (nothing.status_code, early.status_code, misfit.status_code) == (409, 409, 422)
    assert none.status_code == 422


def test_finished_runs_are_reported_by_strategy_client_and_size(
    service: Service, farm: Servers
) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    for strategy, count in (("async", 3), ("async", 5), ("async", 20), ("threaded", 3)):
        service.batch(*[url] * count, strategy=strategy, labels={"of": "report"})

    found = service.get("/api/v1/reports/strategies?label=of=report")["items"]

    groups = [(g["strategy"], g["size"]["most"], g["runs"], g["counts"]["up"]) for g in found]
    assert groups == [("async", 10, 2, 8), ("threaded", 10, 1, 3), ("async", 100, 1, 20)]
    assert found[0]["wall_ms"]["median"] > 0
    assert found[0]["latency_ms"]["p50"]["median"] > 0
    future = "2126-01-01T00:00:00Z"
    assert service.get(f"/api/v1/reports/strategies?label=of=report&since={future}")["items"] == []
