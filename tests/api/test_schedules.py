"""Schedules over REST: defined, run, paused, changed, removed."""

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.farm.servers import Servers, answering, ok
from tests.services import PATIENCE_SECONDS, Service

PATH = "/api/v1/schedules"
NEVER = "0 0 29 2 *"
URL = "http://127.0.0.1:9/"


@pytest.fixture
def url(farm: Servers) -> str:
    return f"http://127.0.0.1:{farm.serve(answering(ok()))}/"


def ask(service: Service, **body: Any) -> requests.Response:
    return service.call("POST", PATH, json=body)


def made(service: Service, **body: Any) -> dict[str, Any]:
    answer = ask(service, **body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def rare(service: Service) -> Iterator[dict[str, Any]]:
    """A schedule whose turn does not come while tests run."""
    found = made(service, cron=NEVER, batch={"urls": [URL], "labels": {"a": "b"}}, name="rare")
    yield found
    service.call("DELETE", found["links"]["self"])


def _last_made(service: Service, here: str) -> str:
    """What a schedule has made, once it has."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        last = service.get(here)["last"]
        if last is not None:
            return str(last["id"])
        time.sleep(0.02)
    raise AssertionError(f"{here} never made anything")


def patch(service: Service, schedule: dict[str, Any], body: Any) -> requests.Response:
    return service.call("PATCH", schedule["links"]["self"], json=body)


def pointers(answer: requests.Response) -> set[str]:
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    return {error["pointer"] for error in answer.json()["errors"]}


def test_an_interval_begins_at_once_and_tells_what_it_made(service: Service, url: str) -> None:
    answer = ask(service, interval_seconds="31d", batch={"urls": [url, url], "pace": "max"})

    first = answer.json()
    here = first["links"]["self"]
    assert (answer.status_code, answer.headers["Location"]) == (201, here)
    assert (first["interval_seconds"], first["kind"], first["total"]) == (2_678_400, "batch", 2)
    batch = service.until(f"/api/v1/batches/{_last_made(service, here)}", status="completed")
    assert batch["counts"]["up"] == 2
    assert service.call("DELETE", here).status_code == 204
    assert service.get(batch["links"]["self"])["status"] == "completed"
    assert service.call("GET", here).status_code == 404


def test_cron_is_read_in_its_zone_and_settings_are_answered(
    service: Service, rare: dict[str, Any]
) -> None:
    assert (rare["cron"], rare["interval_seconds"], rare["timezone"]) == (NEVER, None, "UTC")
    assert datetime.fromisoformat(rare["next_due_at"]) > datetime.now(UTC)
    assert rare["next_due_at"].endswith("-02-29T00:00:00Z")
    assert (rare["keep"], rare["enabled"], rare["last"], rare["missed"]) == (30, True, None, 0)
    batch = rare["batch"]
    assert (batch["strategy"], batch["per_host"], batch["labels"]) == ("async", 10, {"a": "b"})
    there = patch(service, rare, {"timezone": "Asia/Kathmandu"}).json()
    assert there["next_due_at"].endswith("-02-28T18:15:00Z")


def test_one_is_made_now_and_waited_for(service: Service, rare: dict[str, Any], url: str) -> None:
    patch(service, rare, {"batch": {"urls": [url], "pace": "max", "strategy": "auto"}})

    answer = service.call("POST", rare["links"]["run"], headers={"Prefer": "wait=30"})

    batch = answer.json()
    assert (answer.status_code, batch["status"], batch["counts"]["up"]) == (200, "completed", 1)
    assert answer.headers["Location"] == batch["links"]["self"]
    assert (batch["name"], batch["auto"] is not None) == ("rare", True)
    found = service.get(rare["links"]["self"])
    assert (found["last"]["id"], found["links"]["last"]) == (batch["id"], batch["links"]["self"])
    assert found["batch"]["strategy"] == "auto"


def test_one_is_made_once_for_one_key(service: Service, rare: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = service.call("POST", rare["links"]["run"], headers=headers)
    service.call("DELETE", rare["links"]["self"])

    again = service.call("POST", rare["links"]["run"], headers=headers)

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.headers["Location"] == again.headers["Location"]


def test_a_schedule_is_made_once_for_one_key(service: Service) -> None:
    body = {"cron": NEVER, "batch": {"urls": [URL]}}
    headers = {"Idempotency-Key": str(uuid.uuid4())}

    ids = {service.call("POST", PATH, json=body, headers=headers).json()["id"] for _ in range(2)}

    assert len(ids) == 1


def test_strategies_are_compared_again_and_again(service: Service, url: str) -> None:
    asked = {"urls": [url], "contenders": ["threaded"], "rounds": 1, "baseline": None}
    schedule = made(service, cron=NEVER, comparison=asked)

    answer = service.call("POST", schedule["links"]["run"], headers={"Prefer": "wait=60"})

    compared = answer.json()
    assert (answer.status_code, compared["status"]) == (200, "completed")
    assert answer.headers["Location"] == compared["links"]["self"]
    assert (schedule["kind"], schedule["batch"], schedule["total"]) == ("comparison", None, 1)
    settings = schedule["comparison"]
    assert [c["label"] for c in settings["contenders"]] == ["threaded"]
    assert (settings["rounds"], settings["scale"], settings["pace"]) == (1, [1], "max")


def test_a_paused_one_has_no_next_turn_until_it_is_resumed(
    service: Service, rare: dict[str, Any]
) -> None:
    here = rare["links"]["self"]

    paused = service.call("POST", f"{here}/pause").json()
    resumed = service.call("POST", f"{here}/resume").json()

    assert (paused["enabled"], paused["next_due_at"]) == (False, None)
    assert (resumed["enabled"], resumed["next_due_at"]) == (True, rare["next_due_at"])


def test_changes_are_merged(service: Service, rare: dict[str, Any]) -> None:
    changed = patch(service, rare, {"keep": 5, "name": None}).json()
    paused = patch(service, rare, {"interval_seconds": "5m", "enabled": False}).json()
    back = patch(service, rare, {"cron": "0 6 * * *", "keep": None, "enabled": None}).json()

    assert (changed["keep"], changed["name"], changed["cron"]) == (5, None, NEVER)
    assert changed["next_due_at"] == rare["next_due_at"]
    assert (paused["interval_seconds"], paused["cron"], paused["enabled"]) == (300, None, False)
    assert (back["interval_seconds"], back["cron"], back["keep"]) == (None, "0 6 * * *", 30)
    assert (back["enabled"], back["batch"], back["total"]) == (True, rare["batch"], 1)


def test_a_batch_that_is_given_replaces_the_whole(service: Service, rare: dict[str, Any]) -> None:
    changed = patch(service, rare, {"batch": {"urls": [URL, URL], "strategy": "threaded"}}).json()

    assert (changed["total"], changed["batch"]["strategy"]) == (2, "threaded")
    assert (changed["batch"]["labels"], changed["name"]) == ({}, "rare")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"keep": 0}, "/keep"),
        ({"interval_seconds": None, "cron": None}, "/interval_seconds"),
        ({"interval_seconds": 60, "cron": NEVER}, "/interval_seconds"),
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"cron": "0 0 31 2 *"}, "/cron"),
        ({"batch": None}, "/batch"),
        ({"batch": {"urls": ["no"]}}, "/batch/urls/0"),
        ({"comparison": {"urls": [URL], "contenders": ["async"]}}, "/comparison"),
        ({"kind": "comparison"}, "/kind"),
    ],
)
def test_a_change_that_cannot_be_says_where(
    service: Service, rare: dict[str, Any], body: dict[str, Any], pointer: str
) -> None:
    assert pointers(patch(service, rare, body)) == {pointer}
    assert service.get(rare["links"]["self"]) == rare


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, {"/interval_seconds"}),
        ({"cron": NEVER, "interval_seconds": 60}, {"/interval_seconds"}),
        ({"interval_seconds": 9}, {"/interval_seconds"}),
        ({"interval_seconds": "32d"}, {"/interval_seconds"}),
        ({"cron": "every day"}, {"/cron"}),
        ({"cron": "0 0 30 2 *"}, {"/cron"}),
        ({"cron": NEVER, "timezone": "Mars/Olympus"}, {"/timezone"}),
        ({"cron": NEVER, "keep": 10_001}, {"/keep"}),
        ({"cron": NEVER, "batch": None}, {"/batch"}),
        ({"cron": NEVER, "comparison": {"urls": [URL], "contenders": ["async"]}}, {"/batch"}),
        ({"cron": NEVER, "batch": {"urls": []}}, {"/batch/urls"}),
        ({"cron": NEVER, "batch": {"urls": [URL], "concurrency": 0}}, {"/batch/concurrency"}),
        ({"cron": NEVER, "batch": {"urls": [URL], "oops": 0}}, {"/batch/oops"}),
        (
            {"cron": "never", "batch": {"targets": [{"url": "no"}], "strategy": "async"}},
            {"/cron", "/batch/targets/0/url"},
        ),
        (
            {"cron": NEVER, "batch": None, "comparison": {"urls": [URL], "contenders": ["auto"]}},
            {"/comparison/contenders/0/strategy"},
        ),
    ],
)
def test_a_schedule_that_cannot_be_says_where(
    service: Service, more: dict[str, Any], found: set[str]
) -> None:
    assert pointers(ask(service, **{"batch": {"urls": [URL]}, **more})) == found


def test_schedules_are_listed_newest_first_by_page(service: Service, rare: dict[str, Any]) -> None:
    newest = made(service, cron=NEVER, batch={"urls": [URL]})

    first = service.get(f"{PATH}?limit=1")
    second = service.get(f"{PATH}?limit=1&cursor={first['next_cursor']}")

    assert [s["id"] for s in (*first["items"], *second["items"])] == [newest["id"], rare["id"]]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_schedule_is_not_found(service: Service, method: str) -> None:
    assert service.call(method, f"{PATH}/sch_none", json={}).status_code == 404


@pytest.mark.parametrize("what", ["run", "pause", "resume"])
def test_what_is_asked_of_an_unknown_schedule_is_not_found(service: Service, what: str) -> None:
    assert service.call("POST", f"{PATH}/sch_none/{what}").status_code == 404
