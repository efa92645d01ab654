"""Monitors over REST: one or many, changed, chosen by label, tried, and refused with a reason."""

import json
import uuid
from datetime import datetime
from typing import Any

import pytest

from tests.farm.servers import Servers, answering, ok
from tests.services import Service

_HERE = "/api/v1/monitors"


@pytest.fixture
def key() -> str:
    return f"k{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def url(farm: Servers) -> str:
    return f"http://127.0.0.1:{farm.serve(answering(ok()))}/"


def _post(service: Service, body: object, **query: str) -> Any:
    return service.call("POST", _HERE, json=body, params=query)


def _monitor(key: str, url: str, **more: object) -> dict[str, Any]:
    return {"key": key, "target": {"url": url}, "interval_seconds": 3600, **more}


def test_the_same_key_changes_the_monitor_and_left_out_fields_take_their_defaults(
    service: Service, key: str, url: str
) -> None:
    made = _post(service, _monitor(key, url, name="One", labels={"a": "b"}))
    same = _post(service, _monitor(key, url, name="One", labels={"a": "b"}))
    changed = _post(service, _monitor(key, url))

    assert [made.status_code, same.status_code, changed.status_code] == [201, 200, 200]
    assert made.json()["id"] == changed.json()["id"]
    assert changed.json()["name"] is None
    assert changed.json()["labels"] == {}


def test_a_new_monitor_is_checked_at_once(service: Service, key: str, url: str) -> None:
    _post(service, _monitor(key, url))

    monitor = service.until(f"{_HERE}/{key}", status="up")

    last = monitor["last_outcome"]
    assert last["lateness_ms"] >= 0
    # As instants: on a full second they are written without a fraction.
    intended, started = (datetime.fromisoformat(last[at]) for at in ("intended_at", "started_at"))
    assert intended <= started


def test_without_a_key_it_is_known_by_its_id(service: Service, url: str) -> None:
    made = _post(service, {"target": {"url": url}}).json()

    assert made["key"] == made["id"]
    assert made["interval_seconds"] == 60


def test_of_many_each_row_is_for_itself(service: Service, key: str, url: str) -> None:
    rows = [
        _monitor(f"{key}a", url), _monitor(f"{key}b", "nonsense"), _monitor(f"{key}a", url),
        {"target": {"url": url}, "interval_seconds": 0}, 7, _monitor(f"{key}c", url, surprise=1),
        _monitor(f"{key}a", url, name="Now changed"),
    ]  # fmt: skip

    answer = _post(service, {"monitors": rows}).json()

    assert [item["result"] for item in answer["items"]] == [
        "created", "refused", "unchanged", "refused", "refused", "refused", "changed",
    ]  # fmt: skip
    assert (answer["created"], answer["unchanged"], answer["changed"]) == (1, 1, 1)
    assert answer["items"][1]["errors"][0]["pointer"] == "/monitors/1/target/url"
    assert answer["items"][5]["errors"][0]["pointer"] == "/monitors/5/surprise"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"interval_seconds": 0}, "/interval_seconds"),
        ({"interval_seconds": 3_153_600_000}, "/interval_seconds"),
        ({"interval_seconds": 30, "cron": "* * * * *"}, "/interval_seconds"),
        ({"interval_seconds": None, "cron": "0 0 30 2 *"}, "/cron"),
        ({"interval_seconds": None, "cron": "nonsense"}, "/cron"),
        ({"interval_seconds": None, "cron": "* * * * *", "timezone": "Mars/One"}, "/timezone"),
        ({"depends_on": ["nobody"]}, "/depends_on/0"),
        ({"channels": ["nobody"]}, "/channels/0"),
        ({"thresholds": {"down_after": 0}}, "/thresholds/down_after"),
        ({"slo": {"target": 1.5}}, "/slo/target"),
        ({"strategy": "auto"}, "/strategy"),
        ({"strategy": "threaded", "client": "aiohttp"}, "/client"),
        ({"labels": {"": "x"}}, "/labels/"),
        ({"target": {"url": "http://a/", "headers": {"Cookie": "***"}}}, "/target/headers/Cookie"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_a_pointer(
    service: Service, key: str, url: str, fields: dict[str, Any], pointer: str
) -> None:
    answer = _post(service, {**_monitor(key, url), **fields})

    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_a_circle_of_dependencies_is_refused(service: Service, key: str, url: str) -> None:
    _post(service, _monitor(f"{key}a", url))
    _post(service, _monitor(f"{key}b", url, depends_on=[f"{key}a"]))

    answer = _post(service, _monitor(f"{key}a", url, depends_on=[f"{key}b"]))
    itself = _post(service, _monitor(f"{key}c", url, depends_on=[f"{key}c"]))

    assert answer.status_code == itself.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/depends_on"


def test_rows_of_one_request_may_depend_on_each_other(service: Service, key: str, url: str) -> None:
    rows = [_monitor(f"{key}b", url, depends_on=[f"{key}a"]), _monitor(f"{key}a", url)]

    assert _post(service, {"monitors": rows}).json()["created"] == 2


def test_ten_thousand_and_one_are_too_many(service: Service, url: str) -> None:
    answer = _post(service, {"monitors": [_monitor("x", url)] * 10_001})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/monitors"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"null", b'{"monitors": []}', b'{"monitors": 1}']
)
def test_a_body_that_is_none_is_refused(service: Service, body: bytes) -> None:
    answer = service.call("POST", _HERE, data=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_dry_run_checks_shows_and_stores_nothing(service: Service, key: str, url: str) -> None:
    one = _post(service, _monitor(key, url), dry_run="true").json()
    many = _post(
        service, {"monitors": [_monitor(key, url), _monitor(key, "nonsense")]}, dry_run="true"
    ).json()

    assert one["result"] == "created"
    assert one["monitor"]["key"] == key
    assert one["outcome"]["status"] == "up"
    assert [item["result"] for item in many["items"]] == ["created", "refused"]
    assert service.call("GET", f"{_HERE}/{key}").status_code == 404


def test_a_selection_is_changed_paused_resumed_and_removed(
    service: Service, key: str, url: str
) -> None:
    rows = [_monitor(f"{key}{n}", url, labels={"of": key, "n": str(n)}) for n in range(3)]
    _post(service, {"monitors": rows})
    chosen = {"label": [f"of={key}"]}

    patched = service.call("PATCH", _HERE, params=chosen, json={"name": "All"}).json()
    paused = service.call("POST", f"{_HERE}/pause", params={"label": [f"of={key}", "n=1"]}).json()
    listed = service.get(f"{_HERE}?label=of={key}&status=paused")["items"]
    resumed = service.call("POST", f"{_HERE}/resume", params=chosen).json()
    removed = service.call("DELETE", _HERE, params=chosen).json()

    assert patched == {"matched": 3, "changed": 3}
    assert paused == {"matched": 1, "changed": 1}
    assert [(m["key"], m["name"]) for m in listed] == [(f"{key}1", "All")]
    assert resumed == {"matched": 3, "changed": 1}
    assert removed == {"matched": 3, "changed": 3}


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_without_a_selection_nothing_is_done(service: Service, method: str) -> None:
    assert service.call(method, _HERE, json={}).status_code == 422


def test_a_selection_that_matches_nothing_says_so(service: Service) -> None:
    answer = service.call("DELETE", _HERE, params={"label": "no=body"})

    assert answer.json() == {"matched": 0, "changed": 0}


def test_a_patch_of_a_selection_is_for_all_or_for_none(
    service: Service, key: str, url: str
) -> None:
    _post(service, {"monitors": [_monitor(f"{key}{n}", url, labels={"of": key}) for n in (1, 2)]})

    answer = service.call(
        "PATCH", _HERE, params={"label": f"of={key}"}, json={"depends_on": [f"{key}1"]}
    )

    assert answer.status_code == 422
    assert service.get(f"{_HERE}/{key}2")["depends_on"] == []


def test_a_patch_changes_what_it_names(service: Service, key: str, url: str) -> None:
    _post(service, _monitor(key, url, name="One", labels={"a": "1", "b": "2"}))

    patched = service.call(
        "PATCH", f"{_HERE}/{key}",
        json={"labels": {"a": None}, "cron": "0 * * * *", "thresholds": {"down_after": 3}},
    ).json()  # fmt: skip

    assert patched["name"] == "One"
    assert patched["labels"] == {"b": "2"}
    assert (patched["interval_seconds"], patched["cron"]) == (None, "0 * * * *")
    assert patched["thresholds"] == {"down_after": 3, "up_after": 2, "recheck_seconds": 5.0}


def test_secrets_are_masked_and_kept(service: Service, key: str, url: str) -> None:
    auth = {"type": "basic", "username": "u", "password": "hidden"}
    target = {"url": url, "auth": auth, "headers": {"Cookie": "hidden"}}
    made = _post(service, {"key": key, "target": target})
    shown = made.json()["target"]

    again = _post(service, {"key": key, "target": {**shown, "timeout_seconds": 10}})
    named = service.call("PATCH", f"{_HERE}/{key}", json={"name": "Named"})

    assert "hidden" not in made.text + again.text + named.text
    assert again.status_code == 200
    assert again.json()["updated_at"] == made.json()["updated_at"]
    assert named.json()["target"]["auth"]["password"] == "***"


def test_what_others_depend_on_is_not_removed(service: Service, key: str, url: str) -> None:
    _post(service, _monitor(f"{key}a", url))
    _post(service, _monitor(f"{key}b", url, depends_on=[f"{key}a"]))

    answer = service.call("DELETE", f"{_HERE}/{key}a")

    assert answer.status_code == 409
    assert f"{key}b" in answer.json()["detail"]


def test_a_check_by_hand_answers_and_counts(service: Service, key: str, url: str) -> None:
    _post(service, _monitor(key, url))
    service.until(f"{_HERE}/{key}", status="up")

    outcome = service.call("POST", f"{_HERE}/{key}/check").json()

    assert outcome["status"] == "up"
    assert outcome["expectations"][0]["held"] is True
    assert len(service.get(f"{_HERE}/{key}/outcomes")["items"]) == 2


def test_the_same_idempotency_key_makes_one_monitor(service: Service, url: str) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"target": {"url": url}, "interval_seconds": 3600}

    first = service.call("POST", _HERE, json=body, headers=headers).json()
    second = service.call("POST", _HERE, json=body, headers=headers).json()

    assert first["id"] == second["id"]


def test_pausing_ends_an_incident_and_it_stays_when_the_monitor_goes(
    service: Service, key: str
) -> None:
    down = {"down_after": 1, "recheck_seconds": 0.2}
    _post(service, _monitor(key, "http://127.0.0.1:1/", thresholds=down))
    monitor = service.until(f"{_HERE}/{key}", status="down")
    incident = f"/api/v1/incidents/{monitor['open_incident']['id']}"

    service.call("POST", f"{_HERE}/{key}/pause")
    service.call("DELETE", f"{_HERE}/{key}")

    ended = service.get(incident)
    assert ended["status"] == "resolved"
    assert ended["monitor"] == {"id": None, "key": key, "name": None}
    assert "paused" in json.dumps(ended["timeline"])


def test_people_acknowledge_comment_and_resolve(service: Service, key: str) -> None:
    down = {"down_after": 1, "recheck_seconds": 0.2}
    _post(service, _monitor(key, "http://127.0.0.1:1/", thresholds=down))
    monitor = service.until(f"{_HERE}/{key}", status="down")
    here = f"/api/v1/incidents/{monitor['open_incident']['id']}"

    service.call("POST", f"{here}/acknowledge", json={"author": "ada"})
    service.call("POST", f"{here}/comment", json={"author": "ada", "text": "On it."})
    service.call("POST", f"{here}/resolve")
    again = service.call("POST", f"{here}/resolve")

    entries = [(e["type"], e["author"]) for e in service.get(here)["timeline"] if e["author"]]
    assert entries == [("acknowledged", "ada"), ("comment", "ada")]
    assert again.status_code == 409
    assert service.call("POST", f"{here}/comment", json={}).status_code == 422
