"""The pages of incidents, of maintenances and of the service's own health."""

import html
import re
from typing import Any

import pytest

from tests.farm.servers import Servers, answering, ok
from tests.services import Service
from tests.web.browser import Browser
from tests.web.conftest import at

HOSTILE = "<script>alert(1)</script>\"'\u202e" + "w" * 150
BODY = b"<script>alert(2)</script>" + b"x" * 600
WINDOW = {"title": "the move", "keys": "shop", "kind": "once", "ends": "2099-01-10T21:00"}


@pytest.fixture(scope="module")
def incident(service: Service, farm: Servers) -> dict[str, Any]:
    """An incident of a monitor whose target and owner mean no good."""
    url = at(farm, answering(ok(BODY, status=b"500 <img src=x>")))
    monitor = {
        "key": "shop", "name": HOSTILE, "target": {"url": url}, "interval_seconds": 3600,
        "thresholds": {"down_after": 1}, "labels": {"team": "web"},
    }  # fmt: skip
    made = service.call("POST", "/api/v1/monitors", json=monitor).json()
    service.until(f"/api/v1/monitors/{made['id']}", status="down")
    found: dict[str, Any] = service.get("/api/v1/incidents?monitor=shop")["items"][0]
    return found


def test_an_incident_tells_of_itself_and_shows_what_was_seen(
    browser: Browser, incident: dict[str, Any]
) -> None:
    page = browser.see(f"/incidents/{incident['id']}")

    assert "A check ended down: status unexpected" in page
    assert "The incident began" in page
    assert "&lt;script&gt;alert(2)&lt;/script&gt;xxx" in page
    assert 'data-running="' in page


def test_nothing_that_a_target_or_an_owner_wrote_becomes_markup(
    browser: Browser, incident: dict[str, Any]
) -> None:
    for path in ("/incidents", f"/incidents/{incident['id']}", "/maintenances/new?key=<script>"):
        page = browser.see(path)

        assert "<script>" not in page
        assert "\u202e" not in page
        assert not re.search(r"<[^>]+\son\w+=|\sstyle=", page)


def test_incidents_are_listed_by_whether_they_go_on_and_by_monitor(
    browser: Browser, incident: dict[str, Any]
) -> None:
    here = f"/incidents/{incident['id']}"

    assert here in browser.see("/incidents?open=true&monitor=shop")
    assert "No incident fits" in browser.see("/incidents?open=false&monitor=shop")
    assert "There is no monitor &#39;none&#39;" in browser.see("/incidents?monitor=none")
    assert here in browser.see("/incidents?open=perhaps&cursor=x")


def test_what_people_say_stands_in_the_time_line(
    browser: Browser, incident: dict[str, Any]
) -> None:
    here = f"/incidents/{incident['id']}"

    commented = browser.fill(here, f"{here}/comment", author="<b>ada", text="Looking\ninto it.")
    acknowledged = browser.fill(here, f"{here}/acknowledge", author="grace")

    assert commented.headers["Location"] == f"{here}?done=commented"
    assert acknowledged.headers["Location"] == f"{here}?done=acknowledged"
    page = browser.see(here)
    assert "&lt;b&gt;ada wrote" in page
    assert "Looking\ninto it." in page
    assert "Acknowledged by grace" in page


def test_a_comment_of_nothing_is_refused_beside_its_field(
    browser: Browser, incident: dict[str, Any]
) -> None:
    here = f"/incidents/{incident['id']}"

    answer = browser.fill(here, f"{here}/comment", author="ada & co", text=" ")

    assert answer.status_code == 422
    assert 'id="f-text-wrong"' in answer.text
    assert 'value="ada &amp; co"' in answer.text


def test_an_incident_is_resolved_once(browser: Browser, service: Service, farm: Servers) -> None:
    url = at(farm, answering(ok(b"", status=b"500 No")))
    body = {"key": "once", "target": {"url": url}, "interval_seconds": 3600,
            "thresholds": {"down_after": 1}}  # fmt: skip
    service.call("POST", "/api/v1/monitors", json=body)
    service.until("/api/v1/monitors/once", status="down")
    id_ = service.get("/api/v1/incidents?monitor=once")["items"][0]["id"]

    first = browser.fill(f"/incidents/{id_}", f"/incidents/{id_}/resolve", author="ada")
    again = browser.fill(f"/incidents/{id_}", f"/incidents/{id_}/resolve", author="ada")

    assert first.status_code == 303
    assert "Resolved by ada" in browser.see(f"/incidents/{id_}")
    assert (again.status_code, "The incident is over." in again.text) == (409, True)


def test_without_a_form_of_ours_nothing_is_done(
    browser: Browser, service: Service, incident: dict[str, Any]
) -> None:
    answer = browser.post(f"{service.url}/incidents/{incident['id']}/resolve", data={}, timeout=60)

    assert answer.status_code == 403


@pytest.mark.usefixtures("incident")
def test_a_maintenance_is_announced_in_the_zone_it_was_typed_in(
    browser: Browser, service: Service
) -> None:
    fields = {**WINDOW, "starts": "2099-01-10T20:00", "timezone": "Europe/Berlin"}

    answer = browser.fill("/maintenances/new", "/maintenances/new", **fields)

    assert answer.headers["Location"] == "/maintenances?done=announced"
    window = service.get("/api/v1/maintenances")["items"][0]
    assert window["starts_at"] == "2099-01-10T19:00:00Z"
    page = browser.see(f"/maintenances/{window['id']}")
    assert 'value="2099-01-10T20:00:00"' in page
    assert "It fits <b>1</b> monitor that is watched now" in page


def test_a_maintenance_that_recurs_is_changed_and_called_off(
    browser: Browser, service: Service
) -> None:
    fields = {"title": "weekly", "labels": "team=web\na = b", "kind": "cron",
              "cron": "0 3 * * SUN", "duration": "2h", "timezone": "Europe/Berlin"}  # fmt: skip
    browser.fill("/maintenances/new", "/maintenances/new", **fields)
    window = service.get("/api/v1/maintenances")["items"][0]
    here = f"/maintenances/{window['id']}"
    assert window["selection"]["labels"] == {"team": "web", "a": "b"}
    assert 'value="2h"' in browser.see(here)

    changed = browser.fill(here, here, **{**fields, "duration": "90m"})

    assert changed.headers["Location"] == "/maintenances?done=saved"
    assert service.get(f"/api/v1{here}")["duration_seconds"] == 5400
    assert browser.fill(here, f"{here}/remove").status_code == 303
    assert service.call("GET", f"/api/v1{here}").status_code == 404


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"title": ""}, {"title"}),
        ({"keys": ""}, {"keys"}),
        ({"labels": "team"}, {"labels"}),
        ({"labels": "a=1\na=2"}, {"labels"}),
        ({"ends": ""}, {"ends"}),
        ({"ends": "tomorrow"}, {"ends"}),
        ({"ends": "2020-01-01T00:00"}, {"ends"}),
        ({"ends": "9999-12-31T23:59", "timezone": "America/New_York"}, {"ends"}),
        ({"starts": "2027-03-28T02:30", "timezone": "Europe/Berlin"}, {"starts"}),
        ({"timezone": "Mars/Olympus"}, {"timezone"}),
        ({"timezone": "../../etc/passwd"}, {"timezone"}),
        ({"kind": "cron", "cron": "", "duration": "2h"}, {"cron"}),
        ({"kind": "cron", "cron": "x", "duration": "2h"}, {"cron"}),
        ({"kind": "cron", "cron": "0 3 * * *", "duration": ""}, {"duration"}),
        ({"kind": "cron", "cron": "0 3 * * *", "duration": "long"}, {"duration"}),
    ],
)
def test_what_is_wrong_with_a_maintenance_stands_beside_its_field(
    browser: Browser, fields: dict[str, str], wrong: set[str]
) -> None:
    answer = browser.fill("/maintenances/new", "/maintenances/new", **{**WINDOW, **fields})

    assert answer.status_code == 422
    assert set(re.findall(r'id="f-(\w+)-wrong"', answer.text)) == wrong
    for typed in fields.values():
        assert html.escape(typed) in answer.text


@pytest.mark.usefixtures("incident")
def test_what_a_form_comes_to_is_shown_before_it_is_sent(
    browser: Browser, service: Service
) -> None:
    before = service.get("/api/v1/maintenances")["items"]
    fields = {**WINDOW, "title": "", "keys": "shop\nnone"}

    page = browser.fill("/maintenances/new", "/maintenances/new/preview", **fields).text
    browser.headers["HX-Request"] = "true"
    part = browser.fill("/maintenances/new", "/maintenances/new/preview", **fields).text

    assert "<html" in page
    assert "<html" not in part
    assert all("It fits <b>1</b> monitor" in shown for shown in (page, part))
    assert "2099-01-10 21:00:00 UTC" in part
    assert service.get("/api/v1/maintenances")["items"] == before


def test_the_health_of_the_service_is_told_in_words(browser: Browser) -> None:
    page = browser.see("/health")

    for name in ("Running for", "Monitors overdue", "Write-ahead log", "History rolled up",
                 "Our own connectivity", "Memory left"):  # fmt: skip
        assert name in page
    assert 'class="status s-up">good' in page
    assert all(f'href="{path}"' in page for path in ("/livez", "/readyz", "/metrics"))
