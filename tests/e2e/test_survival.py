"""Killed at any moment, nothing that was accepted is lost."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from tests.farm.servers import Crowd, Servers, answering, delayed, ok
from tests.services import PATIENCE_SECONDS, Service, running

_KEY = "a-key-of-sixteen-or-more"


@pytest.fixture(scope="module")
def strict_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    strict = {"TERCET_API_KEY": _KEY, "TERCET_MAX_REQUEST_BYTES": "2000"}
    with running(tmp_path_factory.mktemp("strict"), strict) as made:
        yield made


def _children(service: Service) -> list[psutil.Process]:
    assert service.process is not None
    return psutil.Process(service.process.pid).children(recursive=True)


def test_after_a_kill_the_unfinished_batch_goes_on_and_no_target_has_two_outcomes(
    service: Service, farm: Servers
) -> None:
    url = f"http://127.0.0.1:{farm.serve(delayed(0.02, ok()))}/"
    here = service.call(
        "POST", "/api/v1/batches", json={"urls": [url] * 1000, "concurrency": 8}
    ).headers["Location"]
    while service.get(here)["done"] == 0:
        pass
    left_behind = _children(service)

    service.stop(signal.SIGKILL)
    psutil.wait_procs(left_behind, timeout=10)
    service.start()

    batch = service.until(here, status="completed")
    assert batch["counts"]["up"] == batch["done"] == 1000
    assert batch["interruptions"] == 1
    assert batch["wall_ms"] is None
    assert batch["cost"] is None
    seqs = [o["seq"] for o in service.get(f"{here}/outcomes?limit=1000")["items"]]
    assert seqs == list(range(1000))
    assert not any(process.is_running() for process in left_behind)


def test_a_terminated_service_leaves_no_process_behind(service: Service, farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    service.batch(url, strategy="multiprocess", concurrency=3)
    children = _children(service)
    assert len(children) >= 4

    code = service.stop()

    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert code == 0


def test_a_comparison_that_was_cut_off_runs_its_round_again(
    service: Service, farm: Servers
) -> None:
    url = f"http://127.0.0.1:{farm.serve(delayed(0.05, ok()))}/"
    body = {"urls": [url] * 10, "contenders": ["async"], "rounds": 2}
    here = service.call("POST", "/api/v1/comparisons", json=body).headers["Location"]
    while service.get(here)["progress"]["done"] < 5:
        pass

    service.stop(signal.SIGKILL)
    service.start()

    found = service.until(here, status="completed")
    assert found["progress"] == {"done": 60, "total": 60}
    assert all(len(c["batches"]) == 2 for c in found["contenders"])


def test_a_batch_killed_between_its_last_outcome_and_its_end_completes(
    service: Service, farm: Servers
) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    batch = service.batch(url)
    here = batch["links"]["self"]
    service.stop()
    with sqlite3.connect(service.folder / "tercet.db") as database:
        cut_off = "UPDATE batches SET status = 'running', finished_at = NULL WHERE public_id = ?"
        assert database.execute(cut_off, (batch["id"],)).rowcount == 1
    database.close()

    service.start()

    assert service.until(here, status="completed")["done"] == 1
    assert service.batch(url)["status"] == "completed"


def test_who_waits_while_the_service_stops_is_answered(service: Service, farm: Servers) -> None:
    crowd = Crowd(20.0)
    url = f"http://127.0.0.1:{farm.serve(crowd.handle)}/"
    answers: list[requests.Response] = []

    def wait() -> None:
        body, prefer = {"urls": [url]}, {"Prefer": "wait=30"}
        answers.append(service.call("POST", "/api/v1/batches", json=body, headers=prefer))

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert crowd.begun.wait(PATIENCE_SECONDS)

    service.stop()
    waiting.join(10)

    assert answers[0].status_code == 202
    assert answers[0].headers["Location"]


def test_a_second_service_on_the_same_database_refuses(service: Service) -> None:
    other = subprocess.run(
        [sys.executable, "-P", "-m", "app", "serve"],
        env={**os.environ, "TERCET_DATABASE_URL": f"sqlite:///{service.folder}/tercet.db"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert other.returncode == 2
    assert "Another tercet serves" in other.stderr


def test_with_a_key_only_those_who_have_it_are_served(strict_service: Service) -> None:
    service = strict_service

    assert service.call("GET", "/livez").status_code == 200
    assert service.call("GET", "/readyz").status_code == 200
    refused = service.call("GET", "/api/v1/batches")
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    wrong = {"Authorization": "Bearer wrong"}
    assert service.call("GET", "/", headers=wrong).status_code == 401
    right = {"Authorization": f"Bearer {_KEY}"}
    assert service.call("GET", "/api/v1/batches", headers=right).status_code == 200


def test_a_body_over_the_limit_is_refused(strict_service: Service) -> None:
    right = {"Authorization": f"Bearer {_KEY}", "Content-Type": "application/json"}

    told = strict_service.call(
        "POST", "/api/v1/batches", json={"urls": ["x" * 3000]}, headers=right
    )
    untold = strict_service.call(
        "POST", "/api/v1/batches", data=iter([b"x" * 1500] * 2), headers=right
    )

    assert (told.status_code, told.json()["code"]) == (413, "too_large")
    assert untold.status_code == 413


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TERCET_PORT", "99999", "TERCET_PORT"),
        ("TERCET_ALLOWED_NETWORKS", "10.0.0.0/99", "TERCET_ALLOWED_NETWORKS"),
        ("TERCET_DATABASE_URL", "postgresql://x", "TERCET_DATABASE_URL"),
        ("TERCET_API_KEY", "short", "TERCET_API_KEY"),
        ("TERCET_HOST", "0.0.0.0", "TERCET_API_KEY"),
        ("TERCET_DATABASE_URL", "sqlite:////nowhere/at/all.db", "/nowhere/at/all.db"),
    ],
)
def test_a_bad_setting_ends_the_start_with_its_name(
    tmp_path: Path, name: str, value: str, told: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "app", "serve"],
        env={**os.environ, "TERCET_PORT": "0", name: value},
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert ended.returncode == 2
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_stopping_service_lets_what_is_in_flight_end_and_leaves_the_rest(
    service: Service, farm: Servers
) -> None:
    crowd = Crowd(1.0)
    url = f"http://127.0.0.1:{farm.serve(crowd.handle)}/"
    body = {"urls": [url] * 20, "concurrency": 5, "per_host": 0, "pace": "max"}
    here = service.call("POST", "/api/v1/batches", json=body).headers["Location"]
    crowd.begun.wait(10)

    code = service.stop()
    asked = crowd.asked
    service.start()

    assert (code, asked) == (0, 5)
    batch = service.until(here, status="completed")
    assert (batch["counts"]["up"], batch["interruptions"], crowd.asked) == (20, 1, 20)


def test_what_outlasts_the_drain_is_checked_again_after_the_restart(
    tmp_path: Path, farm: Servers
) -> None:
    crowd = Crowd(20.0)
    url = f"http://127.0.0.1:{farm.serve(crowd.handle)}/"
    quick = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    with running(tmp_path, {"TERCET_DRAIN_SECONDS": "0.5"}) as service:
        here = service.call("POST", "/api/v1/batches", json={"urls": [url, quick]}).json()["id"]
        service.until(f"/api/v1/batches/{here}", done=1)

        service.stop()
        crowd.seconds = 0.0
        service.start()

        batch = service.until(f"/api/v1/batches/{here}", status="completed")
    assert (batch["counts"]["up"], crowd.asked) == (2, 2)
