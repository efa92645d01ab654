"""Maintenance windows over REST."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.services import Service

PATH = "/api/v1/maintenances"
ONE = {"keys": ["shop"]}
STARTS, ENDS = "2036-01-10T20:00:00Z", "2036-01-11T04:00:00+01:00"


def ask(service: Service, **body: Any) -> requests.Response:
    return service.call("POST", PATH, json={"title": "move", "selection": ONE, **body})


def made(service: Service, **body: Any) -> dict[str, Any]:
    answer = ask(service, **body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def patch(service: Service, window: dict[str, Any], body: Any) -> requests.Response:
    return service.call("PATCH", window["links"]["self"], json=body)


def pointers(answer: requests.Response) -> set[str]:
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    return {error["pointer"] for error in answer.json()["errors"]}


def test_a_window_is_announced_read_and_called_off(service: Service) -> None:
    answer = ask(service, starts_at=STARTS, ends_at=ENDS)

    window = answer.json()
    here = window["links"]["self"]
    assert (answer.status_code, answer.headers["Location"]) == (201, here)
    assert (window["starts_at"], window["ends_at"]) == (STARTS, "2036-01-11T03:00:00Z")
    assert (window["active"], window["next_change_at"]) == (False, STARTS)
    assert window["selection"] == {"keys": ["shop"], "labels": {}}
    assert service.get(here) == window
    assert service.call("DELETE", here).status_code == 204
    assert service.call("GET", here).status_code == 404


def test_a_window_without_a_start_is_open_now(service: Service) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    window = made(service, ends_at=ends)

    assert window["active"]
    assert window["next_change_at"] == window["ends_at"]
    assert window["starts_at"] == window["created_at"]


def test_a_recurring_window_tells_when_it_opens_next(service: Service) -> None:
    window = made(
        service, cron="0 3 1 1 *", duration_seconds="2h", timezone="Asia/Kathmandu",
        selection={"labels": {"team": "web"}},
    )  # fmt: skip

    assert (window["duration_seconds"], window["ends_at"], window["starts_at"]) == (
        7200,
        None,
        None,
    )
    assert window["next_change_at"].endswith("-12-31T21:15:00Z")


def test_changes_are_merged(service: Service) -> None:
    window = made(service, starts_at=STARTS, ends_at=ENDS, selection={**ONE, "labels": {"a": "1"}})

    labels = patch(service, window, {"selection": {"labels": {"b": "2", "a": None}}}).json()
    recurring = patch(service, window, {"cron": "0 3 * * *", "duration_seconds": 60}).json()
    once = patch(service, window, {"ends_at": ENDS, "title": "back"}).json()

    assert labels["selection"] == {"keys": ["shop"], "labels": {"b": "2"}}
    assert (recurring["ends_at"], recurring["duration_seconds"]) == (None, 60)
    assert recurring["next_change_at"] == "2036-01-11T03:00:00Z"
    assert (once["cron"], once["duration_seconds"], once["title"]) == (None, None, "back")
    assert once["created_at"] == window["created_at"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": None}, "/title"),
        ({"selection": None}, "/selection"),
        ({"selection": {"keys": None}}, "/selection"),
        ({"ends_at": None}, "/ends_at"),
        ({"ends_at": STARTS}, "/ends_at"),
        ({"cron": "0 3 * * *"}, "/duration_seconds"),
        ({"more": None}, "/more"),
    ],
)
def test_a_change_that_cannot_be_says_where(
    service: Service, body: dict[str, Any], pointer: str
) -> None:
    window = made(service, starts_at=STARTS, ends_at=ENDS)

    assert pointers(patch(service, window, body)) == {pointer}
    assert service.get(window["links"]["self"]) == window


CRON = {"cron": "0 3 * * *", "duration_seconds": 60}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/ends_at"),
        ({"duration_seconds": 60}, "/ends_at"),
        ({**CRON, "ends_at": ENDS}, "/ends_at"),
        ({"starts_at": ENDS, "ends_at": STARTS}, "/ends_at"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "/ends_at"),
        ({"ends_at": "2026-01-01"}, "/ends_at"),
        ({"starts_at": "9998-01-01T00:00:00Z", **CRON}, "/starts_at"),
        ({"starts_at": STARTS, "ends_at": ENDS, "duration_seconds": 60}, "/duration_seconds"),
        ({"cron": "0 3 * * *"}, "/duration_seconds"),
        ({**CRON, "duration_seconds": 0}, "/duration_seconds"),
        ({**CRON, "duration_seconds": "32d"}, "/duration_seconds"),
        ({**CRON, "cron": "0 0 31 2 *"}, "/cron"),
        ({**CRON, "timezone": "Mars/Olympus"}, "/timezone"),
        ({**CRON, "selection": {}}, "/selection"),
        ({**CRON, "selection": {"labels": {}}}, "/selection"),
        ({**CRON, "selection": {"keys": []}}, "/selection"),
        ({**CRON, "selection": {"all": True}}, "/selection/all"),
        ({**CRON, "title": ""}, "/title"),
    ],
)
def test_a_window_that_cannot_be_says_where(
    service: Service, body: dict[str, Any], pointer: str
) -> None:
    assert pointers(ask(service, **body)) == {pointer}


def test_windows_are_listed_newest_first_by_page(service: Service) -> None:
    older, newer = (made(service, **CRON) for _ in range(2))

    first = service.get(f"{PATH}?limit=1")
    second = service.get(f"{PATH}?limit=1&cursor={first['next_cursor']}")

    assert [w["id"] for w in (*first["items"], *second["items"])] == [newer["id"], older["id"]]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_window_is_not_found(service: Service, method: str) -> None:
    assert service.call(method, f"{PATH}/mnt_none", json={}).status_code == 404
