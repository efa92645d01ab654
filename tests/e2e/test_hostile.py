"""A batch of hostile targets: what becomes of the service and of the healthy ones among them."""

import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from checkers import Target
from tests.farm.behaviour import UP, Behaviour
from tests.farm.certificates import Certificates
from tests.farm.grid import every_behaviour
from tests.farm.servers import Servers, answering, ok
from tests.services import PATIENCE_SECONDS, Service, running

HOSTILE = 500
HEALTHY = 60
IN_FLIGHT = 100
CHILD_BYTES = 250_000_000
CELLS = [("async", "aiohttp"), ("async", "curl"), ("threaded", "requests"), ("hybrid", "aiohttp")]


def asked(target: Target) -> dict[str, Any]:
    """A target as it is posted."""
    fields: dict[str, Any] = {
        "url": target.url,
        "method": target.method,
        "headers": dict(target.headers),
        "timeout_seconds": target.timeout,
        "attempts": target.attempts,
        "follow_redirects": target.follow_redirects,
        "max_redirects": target.max_redirects,
        "verify_tls": target.verify_tls,
        "ip_version": target.ip_version,
        "max_body_bytes": target.max_body_bytes,
        "expect": [_expectation(entry) for entry in target.expect],
    }
    if target.body is not None:
        fields["body"] = target.body.decode()
    if target.authorization is not None:
        fields["headers"]["Authorization"] = target.authorization
    return fields


def _expectation(entry: Any) -> dict[str, Any]:
    found = {"of": entry.of, "op": entry.op, "otherwise": entry.otherwise}
    if entry.value is not None:
        text = entry.of == "json"
        plain = list(entry.value) if isinstance(entry.value, tuple) else entry.value
        found["value"] = json.loads(entry.value) if text else plain
    for name in ("name", "path"):
        if getattr(entry, name) is not None:
            found[name] = getattr(entry, name)
    return found


@pytest.fixture(scope="module")
def hostile(farm: Servers, certificates: Certificates) -> list[Behaviour]:
    """Everything that is not well, round and round, without the names only the tests know."""
    sick = [
        behaviour
        for behaviour in every_behaviour(farm, certificates)
        if behaviour.verdict != UP
        and not behaviour.named_here
        and not behaviour.verdict.startswith("unknown")
    ]
    return list(itertools.islice(itertools.cycle(sick), HOSTILE))


class Watched(threading.Thread):
    """Asks whether the service lives, and how large its children are, until told to stop."""

    def __init__(self, url: str, pid: int) -> None:
        super().__init__(daemon=True)
        self._url, self._pid = url, pid
        self.over = threading.Event()
        self.answers: list[int] = []
        self.largest_child = 0

    def run(self) -> None:
        while not self.over.wait(0.05):
            answer = requests.get(self._url + "/livez", timeout=PATIENCE_SECONDS)
            self.answers.append(answer.status_code)
            for child in psutil.Process(self._pid).children(recursive=True):
                try:
                    self.largest_child = max(self.largest_child, child.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue


@pytest.fixture(scope="module")
def kept_service(ca_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    allowed = {"TERCET_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128", "TERCET_CA_BUNDLE": str(ca_bundle)}
    with running(tmp_path_factory.mktemp("service"), allowed) as made:
        yield made


@pytest.mark.parametrize(("strategy", "client"), CELLS)
def test_hostile_targets_harm_neither_the_service_nor_the_healthy_ones(
    strategy: str, client: str, farm: Servers, hostile: list[Behaviour], service: Service
) -> None:
    sick = [asked(behaviour.target) for behaviour in hostile]
    well = {"url": f"http://127.0.0.1:{farm.serve(answering(ok()))}/", "timeout_seconds": 10}
    targets = [well if n % 9 == 0 else sick.pop() for n in range(HOSTILE + HEALTHY) if sick]
    body = {"targets": targets, "strategy": strategy, "client": client, "concurrency": IN_FLIGHT}
    assert service.process is not None

    watched = Watched(service.url, service.process.pid)
    watched.start()
    posted = service.call("POST", "/api/v1/batches", json=body)
    assert posted.status_code == 202, posted.text
    batch = service.until(posted.headers["Location"], status="completed")
    watched.over.set()
    watched.join(PATIENCE_SECONDS)
    path = f"{posted.headers['Location']}/outcomes"
    found = service.get(f"{path}?limit=1000&url={well['url']}")["items"]

    assert batch["counts"]["unknown"] == 0, batch["reasons"]
    assert [outcome["status"] for outcome in found] == ["up"] * targets.count(well)
    assert watched.answers
    assert set(watched.answers) == {200}
    assert watched.largest_child < CHILD_BYTES
