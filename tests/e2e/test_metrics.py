"""/metrics of a running service: as the API tells it, and nothing of what is gone."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.farm.certificates import Certificates
from tests.farm.servers import Servers, answering, ok
from tests.monitor_kills import Site, site
from tests.services import PATIENCE_SECONDS, Service, running

_THRESHOLDS = {"down_after": 1, "up_after": 1, "recheck_seconds": 0.2}
# Told only while something is known.
_READINGS = {
    "tercet_monitor_up",
    "tercet_monitor_latency_seconds",
    "tercet_monitor_phase_seconds",
    "tercet_monitor_http_status_code",
    "tercet_monitor_lateness_seconds",
    "tercet_monitor_last_check_timestamp_seconds",
    "tercet_monitor_interval_seconds",
}


@pytest.fixture
def targets() -> Iterator[Site]:
    with site() as made:
        yield made


def _watch(service: Service, key: str, url: str, **more: object) -> None:
    made = {"key": key, "target": {"url": url}, "interval_seconds": 0.5,
            "thresholds": _THRESHOLDS, **more}  # fmt: skip
    answer = service.call("POST", "/api/v1/monitors", json=made)
    assert answer.status_code in (200, 201), answer.text


def _until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class _Scrape:
    """What was told, by name and labels."""

    def __init__(self, service: Service) -> None:
        answer = service.call("GET", "/metrics")
        assert answer.status_code == 200, answer.text
        self._samples = [
            sample
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        ]

    def value(self, sample: str, /, **labels: str) -> float | None:
        """The one sample of that name with these labels; `None`: there is none."""
        found = [
            s.value
            for s in self._samples
            if s.name == sample and labels.items() <= s.labels.items()
        ]
        assert len(found) <= 1, (sample, labels)
        return found[0] if found else None

    def total(self, sample: str, /, **labels: str) -> float:
        """The sum over all samples of that name with these labels."""
        return sum(
            s.value
            for s in self._samples
            if s.name == sample and labels.items() <= s.labels.items()
        )

    def told_of(self, key: str) -> set[str]:
        """The names of all samples of a monitor."""
        return {s.name for s in self._samples if s.labels.get("monitor") == key}


def _status(service: Service, key: str) -> str:
    status: str = service.get(f"/api/v1/monitors/{key}")["status"]
    return status


def _last(service: Service, key: str) -> dict[str, Any]:
    last: dict[str, Any] = service.get(f"/api/v1/monitors/{key}")["last_outcome"]
    return last


def test_what_is_scraped_is_what_the_api_tells(
    tmp_path: Path, farm: Servers, certificates: Certificates, ca_bundle: Path
) -> None:
    secure = farm.serve(answering(ok()), certificates.context())
    hour = {"interval_seconds": 3600, "labels": {"team": "web"}, "name": "The shop"}
    with running(tmp_path, {"TERCET_CA_BUNDLE": str(ca_bundle)}) as service:
        _watch(service, "shop", f"https://127.0.0.1:{secure}/shop?token=secret", **hour)
        _watch(service, "shut", "http://127.0.0.1:1/", **hour)
        _until(lambda: _Scrape(service).told_of("shop") >= _READINGS)
        _until(lambda: _Scrape(service).value("tercet_monitor_up", monitor="shut") == 0)
        scrape, last = _Scrape(service), _last(service, "shop")
        status = _status(service, "shop")

    assert scrape.value("tercet_monitor_up", monitor="shop") == 1, last
    assert scrape.value("tercet_monitor_up", monitor="shut") == 0
    assert scrape.value("tercet_monitor_status", monitor="shop", status=status) == 1
    latency = scrape.value("tercet_monitor_latency_seconds", monitor="shop")
    assert latency == pytest.approx(last["total_ms"] / 1e3, abs=1e-5)
    for phase, ms in last["phases_ms"].items():
        told = scrape.value("tercet_monitor_phase_seconds", monitor="shop", phase=phase)
        assert told == (None if ms is None else pytest.approx(ms / 1e3, abs=1e-5)), phase
    assert scrape.value("tercet_monitor_http_status_code", monitor="shop") == 200
    assert scrape.value("tercet_monitor_http_status_code", monitor="shut") is None
    ends = scrape.value("tercet_monitor_certificate_expiry_timestamp_seconds", monitor="shop")
    assert ends == pytest.approx(time.time() + last["tls"]["days_left"] * 86400, abs=3600)
    assert scrape.value("tercet_monitor_interval_seconds", monitor="shop") == 3600
    info = {"monitor": "shop", "name": "The shop", "label_team": "web"}
    url = f"https://127.0.0.1:{secure}/shop"
    assert scrape.value("tercet_monitor_info", **info, url=url) == 1
    assert scrape.value("tercet_monitors", status="down") == 1
    assert scrape.value("tercet_incidents_open") == 1
    assert scrape.total("tercet_checks_total", kind="monitor") >= 2
    assert scrape.total("tercet_check_lateness_seconds_count", strategy="async") >= 2


def test_nothing_is_told_of_what_is_paused_or_removed_and_resuming_begins_anew(
    tmp_path: Path, targets: Site
) -> None:
    with running(tmp_path) as service:
        for key in ("paused", "gone"):
            _watch(service, key, f"{targets.url}/{key}")
        _until(lambda: _Scrape(service).told_of("gone") >= _READINGS)
        _until(lambda: _Scrape(service).told_of("paused") >= _READINGS)
        service.call("POST", "/api/v1/monitors/paused/pause")
        service.call("DELETE", "/api/v1/monitors/gone")
        after = _Scrape(service)
        service.call("POST", "/api/v1/monitors/paused/resume")
        _until(lambda: _Scrape(service).told_of("paused") >= _READINGS)

    assert after.told_of("gone") == set()
    assert after.told_of("paused") == {"tercet_monitor_status", "tercet_monitor_info"}
    assert after.value("tercet_monitor_status", monitor="paused", status="paused") == 1
    assert after.value("tercet_monitors", status="paused") == 1


def test_readings_are_there_at_once_after_a_restart(tmp_path: Path, targets: Site) -> None:
    with running(tmp_path) as service:
        _watch(service, "slow", targets.url, interval_seconds=3600)
        _until(lambda: _Scrape(service).told_of("slow") >= _READINGS)
        before = _Scrape(service)
        service.stop()
        service.start()
        after = _Scrape(service)

    for name in sorted(_READINGS - {"tercet_monitor_phase_seconds"}):
        told = before.value(name, monitor="slow")
        assert after.value(name, monitor="slow") == pytest.approx(told, abs=1e-3), name


def test_a_process_that_was_replaced_is_counted(tmp_path: Path, targets: Site) -> None:
    with running(tmp_path) as service:
        _watch(service, "shop", targets.url)
        _until(lambda: _Scrape(service).value("tercet_monitor_up", monitor="shop") == 1)
        assert service.process is not None
        (child,) = psutil.Process(service.process.pid).children()
        os.kill(child.pid, signal.SIGKILL)

        _until(lambda: _Scrape(service).value("tercet_child_restarts_total", slot="watch") == 1)


def test_maintenance_is_a_status_and_hides_nothing(tmp_path: Path, targets: Site) -> None:
    window = {
        "title": "Move", "selection": {"keys": ["shop"]}, "starts_at": "2020-01-01T00:00:00Z",
        "ends_at": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    with running(tmp_path) as service:
        _watch(service, "shop", targets.url)
        service.call("POST", "/api/v1/maintenances", json=window)
        _until(lambda: _status(service, "shop") == "maintenance")
        _until(lambda: _Scrape(service).told_of("shop") >= _READINGS)
        scrape = _Scrape(service)

    assert scrape.value("tercet_monitor_status", monitor="shop", status="maintenance") == 1
    assert scrape.value("tercet_monitor_up", monitor="shop") == 1
