"""Channels and deliveries over REST."""

import itertools
from typing import Any

import pytest
import requests

from tests.farm.servers import Servers, answering, ok, recording
from tests.services import Service

PATH = "/api/v1/channels"
URL = "http://127.0.0.1:1/hook"
MAIL = "mailto://user:hunter2@127.0.0.1:1/?from=tercet@example.org&to=ops@example.org"
_numbers = itertools.count()


def ask(service: Service, key: str | None = None, **body: Any) -> requests.Response:
    key = key or f"channel-{next(_numbers)}"
    return service.call("POST", PATH, json={"key": key, "type": "webhook", "url": URL, **body})


def made(service: Service, **body: Any) -> dict[str, Any]:
    answer = ask(service, **body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def patch(service: Service, channel: dict[str, Any], **body: Any) -> requests.Response:
    return service.call("PATCH", channel["links"]["self"], json=body)


def sent_test(service: Service, channel: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = service.call("POST", f"{channel['links']['self']}/test", **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def pointers(answer: requests.Response) -> set[str]:
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), answer.text
    return {error["pointer"] for error in answer.json()["errors"]}


def test_a_channel_is_made_read_by_id_and_key_and_removed(service: Service) -> None:
    answer = ask(service, "first")

    channel = answer.json()
    here = channel["links"]["self"]
    assert (answer.status_code, answer.headers["Location"]) == (201, here)
    assert (channel["name"], channel["secret"], channel["enabled"]) == (None, None, True)
    assert channel["remind_every_seconds"] is None
    assert channel["events"] == [
        "incident.opened",
        "incident.resolved",
        "incident.reminder",
        "monitor.degraded",
        "monitor.recovered",
    ]
    assert service.get(here) == service.get(f"{PATH}/first") == channel
    assert service.call("DELETE", here).status_code == 204
    assert service.call("GET", here).status_code == 404


def test_a_channel_of_a_known_key_is_changed(service: Service) -> None:
    first = made(service, key="known", name="A", events=["incident.opened"])

    same = ask(service, "known", name="A", events=["incident.opened"])
    changed = ask(service, "known", remind_every_seconds="1h")

    assert (same.status_code, same.json()) == (200, first)
    assert (changed.status_code, changed.json()["id"]) == (200, first["id"])
    assert (changed.json()["name"], changed.json()["remind_every_seconds"]) == (None, 3600)
    assert len(changed.json()["events"]) == 5


def test_changes_are_merged_and_null_takes_a_field_back(service: Service) -> None:
    channel = made(service, name="A", remind_every_seconds=60, secret="s3cret")

    changed = patch(service, channel, name=None, enabled=False, events=["incident.opened"]).json()

    assert (changed["name"], changed["enabled"]) == (None, False)
    assert (changed["secret"], changed["remind_every_seconds"]) == ("***", 60)
    assert changed["events"] == ["incident.opened"]
    assert len(patch(service, channel, events=None).json()["events"]) == 5


def test_secrets_are_masked_and_kept_when_sent_back_masked(service: Service, farm: Servers) -> None:
    heads: list[bytes] = []
    port = farm.serve(recording(heads, ok()))
    channel = made(service, url=f"http://127.0.0.1:{port}/", secret="whsec_aHVudGVyMg==")
    fields = {name: channel[name] for name in ("key", "type", "url", "secret")}

    again = service.call("POST", PATH, json=fields)
    sent_test(service, channel)

    assert (again.status_code, again.json()["secret"]) == (200, "***")
    assert b"webhook-signature: v1," in heads[0]


def test_passwords_in_addresses_are_masked_and_kept(service: Service) -> None:
    channel = made(service, type="email", url=MAIL)

    again = patch(service, channel, url=channel["url"], name="renamed").json()

    assert channel["url"] == (
        "mailto://user:***@127.0.0.1:1/ops%40example.org?cto=15.0&from=tercet%40example.org"
    )
    assert (again["url"], again["name"]) == (channel["url"], "renamed")
    assert pointers(patch(service, channel, url=channel["url"] + "&x=1")) == {"/url"}
    assert pointers(ask(service, type="email", url=channel["url"])) == {"/url"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"key": ""}, "/key"),
        ({"key": None}, "/key"),
        ({"type": "pigeon"}, "/type"),
        ({"url": ""}, "/url"),
        ({"url": "ftp://127.0.0.1/"}, "/url"),
        ({"url": "http://user:password@127.0.0.1/"}, "/url"),
        ({"url": "http://127.0.0.1/\u0000"}, "/url"),
        ({"type": "apprise", "url": "nosuch://host"}, "/url"),
        ({"type": "apprise", "url": "slack://incomplete"}, "/url"),
        ({"type": "email", "url": "json://127.0.0.1/"}, "/url"),
        ({"type": "email", "url": "ops@example.org"}, "/url"),
        ({"type": "email", "url": MAIL, "secret": "s3cret"}, "/secret"),
        ({"secret": ""}, "/secret"),
        ({"secret": "whsec_not base64"}, "/secret"),
        ({"secret": "***"}, "/secret"),
        ({"events": ["incident.exploded"]}, "/events/0"),
        ({"events": "all"}, "/events"),
        ({"enabled": "yes"}, "/enabled"),
        ({"remind_every_seconds": 1}, "/remind_every_seconds"),
        ({"color": "red"}, "/color"),
    ],
)
def test_a_channel_that_cannot_be_says_where(
    service: Service, body: dict[str, Any], pointer: str
) -> None:
    asked = {"key": "bad", "type": "webhook", "url": URL, **body}

    assert pointers(service.call("POST", PATH, json=asked)) == {pointer}
    assert service.call("GET", f"{PATH}/bad").status_code == 404


def test_a_key_cannot_be_changed(service: Service) -> None:
    channel = made(service)

    assert pointers(patch(service, channel, key="another")) == {"/key"}


def test_channels_are_listed_by_page(service: Service) -> None:
    first, second = made(service), made(service)
    cursor = None
    keys: list[str] = []
    while True:
        page = service.get(f"{PATH}?limit=1" + ("" if cursor is None else f"&cursor={cursor}"))
        keys += [channel["key"] for channel in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert keys.index(first["key"]) < keys.index(second["key"])
    assert len(keys) == len(set(keys))


def test_a_request_with_a_key_makes_one_channel_and_one_test(
    service: Service, farm: Servers
) -> None:
    body = {"key": "once", "type": "webhook", "url": f"http://127.0.0.1:{farm.refusing()}/"}
    once = {"Idempotency-Key": "k1"}

    first, again = (service.call("POST", PATH, json=body, headers=once) for _ in range(2))
    tests = [sent_test(service, first.json(), headers=once)["id"] for _ in range(2)]

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert tests[0] == tests[1]


def test_a_channel_that_monitors_name_stays(service: Service) -> None:
    channel = made(service)
    monitor = {"key": "named", "target": {"url": URL}, "channels": [channel["key"]]}
    placed = service.call("POST", "/api/v1/monitors", json={**monitor, "enabled": False})
    assert placed.status_code == 201, placed.text

    refused = service.call("DELETE", channel["links"]["self"])

    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "named" in refused.json()["detail"]
    service.call("DELETE", "/api/v1/monitors/named")
    assert service.call("DELETE", channel["links"]["self"]).status_code == 204


def test_a_test_is_delivered_and_stands_in_the_list(service: Service, farm: Servers) -> None:
    channel = made(service, url=f"http://127.0.0.1:{farm.serve(answering(ok()))}/", enabled=False)

    delivery = sent_test(service, channel)

    assert (delivery["status"], delivery["tries"], delivery["error"]) == ("sent", 1, None)
    assert delivery["channel"] == {"id": channel["id"], "key": channel["key"]}
    assert (delivery["type"], delivery["due_at"]) == ("channel.test", None)
    assert delivery["message"] == {
        "id": delivery["id"],
        "type": "channel.test",
        "timestamp": delivery["created_at"],
        "data": {"incident": None, "monitor": None, "outcome": None},
    }
    assert service.get(f"/api/v1/deliveries/{delivery['id']}") == delivery
    assert service.get(channel["links"]["deliveries"])["items"] == [delivery]
    assert service.get(f"/api/v1/deliveries?channel={channel['key']}&status=dead")["items"] == []


def test_what_is_forbidden_is_dead_and_can_be_sent_again(service: Service) -> None:
    channel = made(service, url="http://10.0.0.1/hook")
    dead = sent_test(service, channel)

    again = service.call("POST", f"/api/v1/deliveries/{dead['id']}/redeliver")
    ended = service.until(f"/api/v1/deliveries/{dead['id']}", status="dead")

    assert (dead["status"], "10.0.0.1" in dead["error"]) == ("dead", True)
    assert (again.status_code, again.json()["status"], again.json()["tries"]) == (202, "pending", 0)
    assert (ended["id"], ended["tries"]) == (dead["id"], 1)


def test_a_channel_that_is_disabled_sends_no_more_of_what_it_could_not(
    service: Service, farm: Servers
) -> None:
    channel = made(service, url=f"http://127.0.0.1:{farm.refusing()}/")
    pending = sent_test(service, channel)

    patch(service, channel, enabled=False)

    assert pending["status"] == "pending"
    given_up = service.get(f"/api/v1/deliveries/{pending['id']}")
    assert (given_up["status"], given_up["error"]) == ("dead", "The channel was disabled.")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{PATH}/none"),
        ("PATCH", f"{PATH}/none"),
        ("DELETE", f"{PATH}/none"),
        ("POST", f"{PATH}/none/test"),
        ("GET", "/api/v1/deliveries/none"),
        ("POST", "/api/v1/deliveries/none/redeliver"),
        ("GET", "/api/v1/deliveries?channel=none"),
        ("GET", "/api/v1/deliveries?incident=none"),
    ],
)
def test_what_is_not_there_is_not_found(service: Service, method: str, path: str) -> None:
    body: dict[str, Any] = {"json": {}} if method == "PATCH" else {}

    assert service.call(method, path, **body).status_code == 404


@pytest.mark.parametrize("query", ["status=lost", "limit=0", "cursor=x", "color=red"])
def test_a_bad_query_says_where(service: Service, query: str) -> None:
    answer = service.call("GET", f"/api/v1/deliveries?{query}")

    assert pointers(answer) == {f"/{query.partition('=')[0]}"}
