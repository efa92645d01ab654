"""Status pages over REST, and what people write for them."""

from itertools import count
from typing import Any

import pytest
import requests

from tests.services import Service

PATH = "/api/v1/status-pages"
_number = count(1)


def ask(service: Service, **body: Any) -> requests.Response:
    return service.call(
        "POST", PATH, json={"title": "The shop", "selection": {"keys": ["none"]}, **body}
    )


def made(service: Service, **body: Any) -> dict[str, Any]:
    answer = ask(service, slug=f"page-{next(_number)}", **body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def watched(service: Service, key: str, url: str = "http://127.0.0.1:1/", **more: Any) -> str:
    body = {"key": key, "target": {"url": url}, "interval_seconds": 86_400, **more}
    answer = service.call("POST", "/api/v1/monitors", json=body)
    assert answer.status_code in {200, 201}, answer.text
    return key


def write(service: Service, page: dict[str, Any], **body: Any) -> requests.Response:
    asked = {"title": "Slow", "text": "We look into it.", "status": "investigating", **body}
    return service.call("POST", page["links"]["updates"], json=asked)


def pointers(answer: requests.Response) -> set[str]:
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    return {error["pointer"] for error in answer.json()["errors"]}


def test_a_page_is_made_read_and_removed(service: Service) -> None:
    answer = ask(service, slug="made", description="All of it.\nSince 2019.")

    page = answer.json()
    here = page["links"]["self"]
    assert (answer.status_code, answer.headers["Location"]) == (201, here)
    assert (page["slug"], page["description"]) == ("made", "All of it.\nSince 2019.")
    assert page["selection"] == {"keys": ["none"], "labels": {}}
    assert service.get(here) == page
    assert service.call("DELETE", here).status_code == 204
    assert service.call("GET", here).status_code == 404


def test_a_slug_is_taken_once(service: Service) -> None:
    assert ask(service, slug="taken").status_code == 201

    answer = ask(service, slug="taken", title="Another")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert service.get(f"{PATH}/taken")["title"] == "The shop"


def test_the_same_key_makes_one_page(service: Service) -> None:
    body = {"slug": "once", "title": "Once", "selection": {"keys": ["none"]}}
    send = {"json": body, "headers": {"Idempotency-Key": "status-page"}}

    first, second = (service.call("POST", PATH, **send) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"slug": ""}, "/slug"),
        ({"slug": "a" * 65}, "/slug"),
        ({"slug": "Shop"}, "/slug"),
        ({"slug": "a/b"}, "/slug"),
        ({"slug": "shop\n"}, "/slug"),
        ({"slug": "ok", "title": ""}, "/title"),
        ({"slug": "ok", "title": "  "}, "/title"),
        ({"slug": "ok", "title": "a\u0007b"}, "/title"),
        ({"slug": "ok", "description": "a\u001bb"}, "/description"),
        ({"slug": "ok", "description": "a" * 2001}, "/description"),
        ({"slug": "ok", "selection": {}}, "/selection"),
        ({"slug": "ok", "selection": {"all": True}}, "/selection/all"),
        ({"slug": "ok", "updates": []}, "/updates"),
    ],
)
def test_a_page_that_cannot_be_says_where(
    service: Service, body: dict[str, Any], pointer: str
) -> None:
    assert pointers(ask(service, **body)) == {pointer}


def test_changes_are_merged(service: Service) -> None:
    page = made(service, selection={"keys": ["a"], "labels": {"team": "web"}}, description="x")
    here = page["links"]["self"]

    changed = service.call(
        "PATCH",
        here,
        json={"title": "New", "description": None, "selection": {"labels": {"team": None}}},
    ).json()
    moved = service.call("PATCH", here, json={"slug": "elsewhere"})
    emptied = service.call("PATCH", here, json={"selection": {"keys": []}})

    assert (changed["title"], changed["description"]) == ("New", "")
    assert changed["selection"] == {"keys": ["a"], "labels": {}}
    assert changed["created_at"] == page["created_at"]
    assert (pointers(moved), pointers(emptied)) == ({"/slug"}, {"/selection"})


def test_pages_are_listed_newest_first_by_page(service: Service) -> None:
    older, newer = (made(service) for _ in range(2))

    first = service.get(f"{PATH}?limit=1")
    second = service.get(f"{PATH}?limit=1&cursor={first['next_cursor']}")
    lines = service.call("GET", PATH, headers={"Accept": "text/csv"}).text.splitlines()

    assert [p["slug"] for p in (*first["items"], *second["items"])] == [
        newer["slug"],
        older["slug"],
    ]
    assert lines[0].startswith("slug,title,description,selection_keys,selection_labels,updates")


def test_an_update_begins_a_matter_and_another_goes_on_with_it(service: Service) -> None:
    page = made(service, selection={"keys": [watched(service, "paid")]})

    begun = write(service, page, keys=["paid"])
    over = write(
        service,
        page,
        title=None,
        text="Gone.",
        status="resolved",
        incident=begun.json()["incident"],
    ).json()

    assert (begun.status_code, begun.headers["Location"]) == (201, begun.json()["links"]["self"])
    assert begun.json()["keys"] == ["paid"]
    assert (over["incident"], over["title"]) == (begun.json()["incident"], "Slow")
    assert [u["id"] for u in service.get(page["links"]["self"])["updates"]] == [
        over["id"],
        begun.json()["id"],
    ]
    assert service.get(page["links"]["updates"])["items"][0] == over
    assert service.get(over["links"]["self"]) == over


def test_an_update_is_taken_back(service: Service) -> None:
    page = made(service)
    update = write(service, page).json()

    assert service.call("DELETE", update["links"]["self"]).status_code == 204

    assert service.call("DELETE", update["links"]["self"]).status_code == 404
    assert service.get(page["links"]["self"])["updates"] == []


def test_the_same_key_writes_one_update(service: Service) -> None:
    page = made(service)
    body = {"title": "T", "text": "t", "status": "note"}
    send = {"json": body, "headers": {"Idempotency-Key": "update"}}

    first, second = (service.call("POST", page["links"]["updates"], **send) for _ in range(2))

    assert first.json() == second.json()
    assert len(service.get(page["links"]["updates"])["items"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": None}, "/title"),
        ({"text": ""}, "/text"),
        ({"text": "a" * 5001}, "/text"),
        ({"text": "\u0000"}, "/text"),
        ({"status": "fine"}, "/status"),
        ({"keys": ["strange"]}, "/keys/0"),
        ({"incident": "inc_none"}, "/incident"),
        ({"at": "2199-01-01T00:00:00Z"}, "/at"),
        ({"at": "1969-01-01T00:00:00Z"}, "/at"),
        ({"at": "yesterday"}, "/at"),
        ({"more": 1}, "/more"),
    ],
)
def test_an_update_that_cannot_be_says_where(
    service: Service, body: dict[str, Any], pointer: str
) -> None:
    page = made(service)

    assert pointers(write(service, page, **body)) == {pointer}


def test_a_matter_of_another_page_is_none_of_this(service: Service) -> None:
    elsewhere = write(service, made(service)).json()

    answer = write(service, made(service), incident=elsewhere["incident"])

    assert pointers(answer) == {"/incident"}


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_page_is_not_found(service: Service, method: str) -> None:
    assert service.call(method, f"{PATH}/none", json={}).status_code == 404
