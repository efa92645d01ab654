"""Monitors of a running service: on time, told of, and never blamed for what is ours."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.farm.servers import Servers, delayed, ok, recording
from tests.monitor_kills import Site, site
from tests.services import PATIENCE_SECONDS, Service, running

_QUICK = {"down_after": 2, "up_after": 2, "recheck_seconds": 0.2}


@pytest.fixture
def targets() -> Iterator[Site]:
    with site() as made:
        yield made


@pytest.fixture
def service(service: Service) -> Iterator[Service]:
    """The module's, without what a test watched: its targets end with it."""
    yield service
    for monitor in service.get("/api/v1/monitors")["items"]:
        service.call("DELETE", f"/api/v1/monitors/{monitor['key']}")


def _watch(service: Service, targets: Site, *keys: str, **more: object) -> None:
    """Monitors that tell a channel of the first one's name."""
    service.call(
        "POST", "/api/v1/channels",
        json={"key": keys[0], "type": "webhook", "url": f"{targets.url}/told"},
    )  # fmt: skip
    monitors = [
        {"key": key, "target": {"url": f"{targets.url}/{key}"}, "interval_seconds": 0.5,
         "channels": [keys[0]], "thresholds": _QUICK, **more}
        for key in keys
    ]  # fmt: skip
    answer = service.call("POST", "/api/v1/monitors", json={"monitors": monitors})
    assert answer.json()["created"] == len(keys), answer.text


def _until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _told(targets: Site) -> list[tuple[str, str | None]]:
    about = [(m["type"], m["data"]["monitor"]) for m in targets.told]
    return [(kind, monitor and monitor["key"]) for kind, monitor in about]


def _outcomes(service: Service, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get(f"/api/v1/monitors/{key}/outcomes")["items"]
    return found


def _overran(outcome: dict[str, Any]) -> bool:
    """Whether it tells of several turns that came while one check went on."""
    return (outcome["missed"] or 0) > 1 and "had not ended" in outcome["detail"]


def test_a_slow_target_delays_no_other_and_its_own_turns_are_recorded_as_missed(
    farm: Servers, targets: Site, service: Service
) -> None:
    slow = {"url": f"http://127.0.0.1:{farm.serve(delayed(60, ok()))}/", "timeout_seconds": 3}
    _watch(service, targets, "quick")
    service.call(
        "POST", "/api/v1/monitors",
        json={"key": "slow", "target": slow, "interval_seconds": 0.5},
    )  # fmt: skip

    _until(lambda: any(_overran(o) for o in _outcomes(service, "slow")))
    slow_ones, quick_ones = _outcomes(service, "slow"), _outcomes(service, "quick")

    missed = next(o for o in slow_ones if _overran(o))
    assert (missed["status"], missed["reason"]) == ("unknown", "not_measured")
    assert len(quick_ones) > 2 * len([o for o in slow_ones if not o["missed"]])


def test_turns_of_a_time_in_which_the_service_was_stopped_are_one_row(
    targets: Site, service: Service
) -> None:
    _watch(service, targets, "stopped")
    service.until("/api/v1/monitors/stopped", status="up")

    service.stop()
    time.sleep(2)
    service.start()

    _until(lambda: not _outcomes(service, "stopped")[0]["missed"])
    missed = [o for o in _outcomes(service, "stopped") if "not running" in (o["detail"] or "")]
    uptime = service.get("/api/v1/monitors/stopped/uptime")

    assert len(missed) == 1
    assert missed[0]["missed"] >= 3
    assert uptime["ratio"] == 1
    assert uptime["seconds"]["down"] == 0


def test_under_maintenance_checks_go_on_and_nobody_is_told(targets: Site, service: Service) -> None:
    _watch(service, targets, "mended", labels={"team": "web"})
    service.until("/api/v1/monitors/mended", status="up")
    window = service.call(
        "POST", "/api/v1/maintenances",
        json={"title": "x", "selection": {"labels": {"team": "web"}},
              "ends_at": "2199-01-01T00:00:00Z"},
    ).json()  # fmt: skip
    service.until("/api/v1/monitors/mended", status="maintenance")
    targets.failing.add("mended")
    _until(lambda: bool(service.get("/api/v1/incidents?open=true&monitor=mended")["items"]))
    held = _told(targets)
    service.call("DELETE", f"/api/v1/maintenances/{window['id']}")
    service.until("/api/v1/monitors/mended", status="down")
    _until(lambda: bool(targets.told))
    uptime = service.get("/api/v1/monitors/mended/uptime")

    assert held == []
    assert _told(targets) == [("incident.opened", "mended")]
    assert uptime["seconds"]["maintenance"] > 0


def test_what_moves_is_streamed_and_what_was_missed_is_told_again(
    targets: Site, service: Service
) -> None:
    _watch(service, targets, "moving")
    service.until("/api/v1/monitors/moving", status="up")
    targets.failing.add("moving")
    service.until("/api/v1/monitors/moving", status="down")
    with requests.get(
        f"{service.url}/api/v1/events", headers={"Last-Event-ID": "0"}, stream=True, timeout=30
    ) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        data = next(line for line in lines if line.startswith("data:"))
        last = next(line for line in lines if line.startswith("id:"))

    moved = json.loads(data.removeprefix("data:"))["transitions"]
    its_own = [m for m in moved if m["monitor"] and m["monitor"]["key"] == "moving"]
    assert [(m["type"], m["before"], m["status"]) for m in its_own] == [
        ("status", "pending", "up"), ("opened", None, None), ("status", "up", "down"),
    ]  # fmt: skip
    assert last.removeprefix("id:").strip() == moved[-1]["id"]


def test_where_no_canary_answers_it_is_our_own_connectivity(
    farm: Servers, targets: Site, tmp_path: Path
) -> None:
    dead = f"http://127.0.0.1:{farm.refusing()}/"
    with running(tmp_path, {"TERCET_CANARY_URLS": f"{dead}, {dead}"}) as service:
        _watch(service, targets, "well")
        service.call(
            "POST", "/api/v1/monitors",
            json={"key": "silent", "target": {"url": dead}, "interval_seconds": 0.5,
                  "thresholds": _QUICK, "channels": ["well"]},
        )  # fmt: skip
        _until(lambda: bool(targets.told))
        incidents = service.get("/api/v1/incidents")["items"]
        silent = service.get("/api/v1/monitors/silent")

    assert [incident["monitor"] for incident in incidents] == [None]
    assert silent["status"] != "down"
    assert _told(targets) == [("incident.opened", None)]


def test_where_a_canary_answers_a_silent_target_is_down_and_who_watches_the_watcher_is_called(
    farm: Servers, targets: Site, tmp_path: Path
) -> None:
    called: list[bytes] = []
    dead, well = f"http://127.0.0.1:{farm.refusing()}/", f"{targets.url}/canary"
    beat = f"http://127.0.0.1:{farm.serve(recording(called, ok(status=b'204 No Content')))}/beat"
    calls = {"TERCET_CANARY_URLS": f"{dead},{well}", "TERCET_HEARTBEAT_URL": beat}
    with running(tmp_path, calls) as service:
        service.call(
            "POST", "/api/v1/monitors",
            json={"key": "silent", "target": {"url": dead}, "interval_seconds": 0.5,
                  "thresholds": _QUICK},
        )  # fmt: skip
        found = service.until("/api/v1/monitors/silent", status="down")
        _until(lambda: bool(called))

    assert found["open_incident"]["reason"] == "connection_refused"
    assert called[0].startswith(b"GET /beat ")
