"""Badges: what is known of a monitor on a public page, and of any other always the same."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
import requests

from app.domain.status_page import ComponentStatus
from app.web import badge_words as words
from app.web.badge_svg import badge, width_of
from tests.services import Service, running

KEY = "shop/§ & co?#.svg"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as made:
        for key in (KEY, "hidden"):
            watched = {
                "key": key,
                "target": {"url": f"{made.url}/livez"},
                "interval_seconds": 86_400,
            }
            assert made.call("POST", "/api/v1/monitors", json=watched).status_code == 201
            assert made.call("POST", f"/api/v1/monitors/{key}/check").status_code in {200, 404}
        page = {"slug": "shop", "title": "Shop", "selection": {"keys": [KEY]}}
        assert made.call("POST", "/api/v1/status-pages", json=page).status_code == 201
        yield made


def ask(service: Service, key: str, kind: str, **query: Any) -> requests.Response:
    return service.call("GET", f"/badges/{quote(key, safe='')}/{kind}", params=query)


def drawn(text: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(text).iter(f"{SVG}text")]


def test_a_badge_tells_how_a_public_monitor_stands(service: Service) -> None:
    path = f"/badges/{quote(KEY, safe='')}/status.json"

    found = service.until(path, message="up")

    assert found == {
        "schemaVersion": 1,
        "label": "status",
        "message": "up",
        "color": "#1a7f4b",
        "isError": False,
        "cacheSeconds": 300,
    }


@pytest.mark.parametrize(
    ("kind", "query", "label"),
    [
        ("status", {}, "status"),
        ("uptime", {}, "uptime 30d"),
        ("uptime", {"window": "90d"}, "uptime 90d"),
        ("p95", {}, "p95 24h"),
        ("certificate", {}, "certificate"),
    ],
)
def test_what_is_not_public_is_answered_like_what_is_not_there(
    service: Service, kind: str, query: dict[str, str], label: str
) -> None:
    for form in (".svg", ".json"):
        hidden, none, deep = (ask(service, k, kind + form, **query) for k in ("hidden", "x", "a/"))

        assert {answer.status_code for answer in (hidden, none, deep)} == {200}
        assert hidden.content == none.content == deep.content
        assert hidden.headers["ETag"] == none.headers["ETag"]
    assert (none.json()["label"], none.json()["message"]) == (label, "not public")
    assert (none.json()["color"], none.json()["isError"]) == ("#9f9f9f", True)


@pytest.mark.parametrize("kind", ["uptime", "p95", "certificate", "status"])
def test_every_kind_is_drawn(service: Service, kind: str) -> None:
    answer = ask(service, KEY, f"{kind}.svg")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    assert drawn(answer.text)[0].startswith(kind)
    assert "not public" not in answer.text


def test_label_and_colour_are_the_askers(service: Service) -> None:
    label = "a<script>&\"'\u202e\u0000\u0007\ufffe]]>é漢"

    answer = ask(service, KEY, "certificate.svg", label=label, color="0af", style="flat-square")

    assert drawn(answer.text) == ["a<script>&\"']]>é漢", "no data"]
    assert 'fill="#00aaff"' in answer.text
    assert "gradient" not in answer.text.lower()
    assert drawn(ask(service, KEY, "certificate.svg", label="").text) == ["no data"]


@pytest.mark.parametrize(
    ("kind", "query", "pointer"),
    [
        ("status.svg", {"color": "red;}"}, "/color"),
        ("status.svg", {"color": "#12"}, "/color"),
        ("status.svg", {"label": "x" * 101}, "/label"),
        ("status.svg", {"style": "plastic"}, "/style"),
        ("status.svg", {"window": "24h"}, "/window"),
        ("uptime.json", {"window": "1d"}, "/window"),
        ("uptime.json", {"colour": "red"}, "/colour"),
    ],
)
def test_a_badge_that_cannot_be_says_where(
    service: Service, kind: str, query: dict[str, str], pointer: str
) -> None:
    answer = ask(service, KEY, kind, **query)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("kind", ["colour.svg", "status.png", "status"])
def test_there_are_no_other_badges(service: Service, kind: str) -> None:
    assert ask(service, KEY, kind).status_code == 404


def test_what_has_not_changed_is_not_sent_again(service: Service) -> None:
    first = ask(service, "x", "status.svg")
    again = service.call(
        "GET", "/badges/x/status.svg", headers={"If-None-Match": first.headers["ETag"]}
    )

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "public, max-age=30"


def test_a_page_that_goes_takes_its_badges_along(service: Service) -> None:
    page = {"slug": "brief", "title": "Brief", "selection": {"keys": ["hidden"]}}
    service.call("POST", "/api/v1/status-pages", json=page)
    shown = ask(service, "hidden", "certificate.json").json()["message"]

    service.call("DELETE", "/api/v1/status-pages/brief")

    assert shown == "no data"
    assert ask(service, "hidden", "certificate.json").json()["message"] == "not public"


def test_words_promise_nothing() -> None:
    assert words.of_uptime(0.999999999).message == "99.999 %"
    assert words.of_uptime(1.0) == ("100 %", "brightgreen", False)
    assert words.of_uptime(0.5).colour == "red"
    assert words.of_certificate(13.99) == ("13 days", "yellow", False)
    assert [words.of_certificate(d).message for d in (1.5, 0.5, -0.1)] == [
        "1 day",
        "0 days",
        "expired",
    ]
    assert words.of_status(None) == words.of_p95(None) == words.NO_DATA
    assert all(words.of_status(status).message for status in ComponentStatus)


def test_text_is_read_on_every_colour() -> None:
    assert 'fill="#1c2430"' in badge("", "x", "#dfb317", rounded=True)
    assert 'fill="#fff"' in badge("", "x", "#b3261e", rounded=True)


def test_a_wider_text_has_a_wider_box() -> None:
    assert width_of("WWW") > width_of("iii") > width_of("i\u0301")
    assert width_of("漢") == 11.0
