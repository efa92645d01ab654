"""The pages of channels and of deliveries."""

import re

import pytest

from tests.farm.servers import Servers, answering, ok, recording
from tests.services import Service
from tests.web.browser import Browser
from tests.web.conftest import at

URL = "http://127.0.0.1:1/hook"
HOSTILE = "<script>alert(1)</script>\"'\u202e"
FIELDS = {"key": "ops", "type": "webhook", "url": URL, "events": ["incident.opened"],
          "enabled": "1"}  # fmt: skip


def made(browser: Browser, **fields: object) -> str:
    """The page of a new channel."""
    answer = browser.fill("/channels/new", "/channels/new", **{**FIELDS, **fields})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].removesuffix("?done=created")


def test_a_channel_is_made_shown_changed_and_removed(browser: Browser, service: Service) -> None:
    here = made(browser, key="first", secret="s3cret", remind="1h")
    page = browser.see(here)
    assert "s3cret" not in page
    assert 'value="***"' in page
    assert 'value="1h"' in page
    assert re.search(r'value="incident.opened" checked', page)
    assert not re.search(r'value="incident.resolved" checked', page)

    changed = {**FIELDS, "key": "other", "secret": "***", "name": "Ops", "remind": ""}
    answer = browser.fill(here, here, **changed)

    assert answer.headers["Location"] == f"{here}?done=saved"
    channel = service.get("/api/v1/channels/first")
    assert (channel["name"], channel["secret"]) == ("Ops", "***")
    assert channel["remind_every_seconds"] is None
    assert browser.fill(here, f"{here}/remove").headers["Location"] == "/channels?done=removed"
    assert service.call("GET", "/api/v1/channels/first").status_code == 404


def test_a_password_in_a_url_is_masked_and_kept(browser: Browser, service: Service) -> None:
    url = "mailto://user:hunter2@127.0.0.1:1/?from=tercet@example.org&to=ops@example.org"
    here = made(browser, key="mail", type="email", url=url)
    page = browser.see(here)
    shown = re.search(r'name="url" type="text" value="([^"]+)"', page)
    assert shown is not None
    assert "hunter2" not in page + browser.see("/channels")

    kept = browser.fill(here, here, **{**FIELDS, "type": "email",
                                       "url": shown[1].replace("&amp;", "&")})  # fmt: skip

    assert kept.status_code == 303, kept.text
    assert "***" in service.get("/api/v1/channels/mail")["url"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"key": ""}, {"key"}),
        ({"key": "a\x00b"}, {"key"}),
        ({"type": "pigeon"}, {"type"}),
        ({"url": ""}, {"url"}),
        ({"url": "ftp://127.0.0.1/"}, {"url"}),
        ({"url": "http://***@127.0.0.1/"}, {"url"}),
        ({"type": "email"}, {"url"}),
        ({"secret": "***"}, {"secret"}),
        ({"secret": "whsec_?"}, {"secret"}),
        ({"events": ["incident.none"]}, {"events"}),
        ({"remind": "1s"}, {"remind"}),
        ({"remind": "often", "url": "no url"}, {"remind"}),
    ],
)
def test_what_is_wrong_with_a_channel_stands_beside_its_field(
    browser: Browser, fields: dict[str, str], wrong: set[str]
) -> None:
    answer = browser.fill("/channels/new", "/channels/new", **{**FIELDS, "key": "bad", **fields})

    assert answer.status_code == 422
    assert set(re.findall(r'id="f-(\w+)-wrong"', answer.text)) == wrong


def test_making_a_channel_changes_none_that_is_there(browser: Browser, service: Service) -> None:
    made(browser, key="taken", name="mine")

    answer = browser.fill("/channels/new", "/channels/new", **{**FIELDS, "key": "taken"})

    assert (answer.status_code, "is the key of another channel" in answer.text) == (422, True)
    assert service.get("/api/v1/channels/taken")["name"] == "mine"


def test_a_test_that_was_taken_says_so(browser: Browser, farm: Servers) -> None:
    heads: list[bytes] = []
    here = made(browser, key="taking", url=at(farm, recording(heads, ok())))

    sent = browser.fill(here, f"{here}/test")

    assert sent.status_code == 303
    assert "The test was taken." in browser.see(sent.headers["Location"])
    assert len(heads) == 1
    assert "channel test" in browser.see(here)


def test_a_test_that_was_not_taken_says_why_as_text(browser: Browser, farm: Servers) -> None:
    gone = at(farm, answering(ok(b"<script>", status=b"410 <script>")))
    here = made(browser, key="gone", name=HOSTILE, url=gone)

    shown = browser.see(browser.fill(here, f"{here}/test").headers["Location"])

    assert "The test was not taken: " in shown
    assert "<script>" not in browser.see(here)
    for page in (shown, browser.see("/channels"), browser.see("/deliveries")):
        assert "<script>" not in page
        assert "\u202e" not in page
    assert "1 given up" in browser.see("/channels")


def test_a_channel_that_monitors_name_stays(browser: Browser, service: Service) -> None:
    here = made(browser, key="named")
    body = {"key": "m", "target": {"url": URL}, "channels": ["named"], "enabled": False,
            "interval_seconds": 3600}  # fmt: skip
    assert service.call("POST", "/api/v1/monitors", json=body).status_code == 201

    answer = browser.fill(here, f"{here}/remove")

    assert (answer.status_code, "named by monitors: m" in answer.text) == (409, True)
    assert "Named by 1 monitor" in browser.see(here)


def test_deliveries_are_listed_by_what_they_came_to_and_sent_again(
    browser: Browser, service: Service, farm: Servers
) -> None:
    heads: list[bytes] = []
    here = made(browser, key="again", url=at(farm, recording(heads, ok())))
    sent = browser.fill(here, f"{here}/test").headers["Location"].partition("?")[0]
    assert sent in browser.see("/deliveries?channel=again&status=sent")
    assert "No delivery fits" in browser.see("/deliveries?channel=again&status=dead")
    assert "There is no channel" in browser.see("/deliveries?channel=none")

    answer = browser.fill(sent, f"{sent}/redeliver")

    assert answer.headers["Location"] == f"{sent}?done=again"
    service.until(f"/api/v1{sent}", status="sent")
    assert len(heads) == 2
