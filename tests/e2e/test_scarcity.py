"""Short of descriptors, of disk, of the database: no false alarm, no crash, recovery by itself."""

import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from checkers import StrategyName
from tests.farm.servers import Crowd, Servers, delayed, ok
from tests.services import running


@pytest.mark.parametrize("strategy", list(StrategyName))
def test_with_64_descriptors_nothing_is_called_down(
    strategy: StrategyName, farm: Servers, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{farm.serve(delayed(0.02, ok()))}/"
    many = {"async": 300, "hybrid": 300, "threaded": 100, "multiprocess": 30}
    with running(tmp_path) as service:
        assert service.process is not None
        psutil.Process(service.process.pid).rlimit(psutil.RLIMIT_NOFILE, (64, 64))

        batch = service.batch(
            *[url] * 300,
            strategy=strategy,
            concurrency=many.get(strategy, 1),
            per_host=0,
            pace="max",
        )
        after = service.batch(url)

    assert (batch["status"], batch["done"], batch["counts"]["down"]) == ("completed", 300, 0)
    # What is lacking is waited for; whoever had no luck for half a minute is not called down.
    assert batch["counts"]["up"] >= 290
    assert set(batch["reasons"]) <= {"not_measured"}
    assert after["counts"]["up"] == 1
    assert "Traceback" not in service.log()


def test_a_database_that_another_process_holds_is_waited_for(farm: Servers, tmp_path: Path) -> None:
    crowd = Crowd(0.005)
    url = f"http://127.0.0.1:{farm.serve(crowd.handle)}/"
    answers: list[requests.Response] = []
    with running(tmp_path) as service:
        body = {"urls": [url] * 1000}
        here = service.call("POST", "/api/v1/batches", json=body).headers["Location"]
        service.until(here, status="running")
        holder = sqlite3.connect(tmp_path / "tercet.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        posting = threading.Thread(
            target=lambda: answers.append(service.call("POST", "/api/v1/batches", json=body))
        )
        posting.start()
        deadline = time.monotonic() + 30
        while service.call("GET", "/readyz").status_code == 200 and time.monotonic() < deadline:
            assert service.call("GET", "/api/v1/batches").status_code == 200
            time.sleep(0.1)
        told = service.call("GET", "/readyz").json()["missing"]
        holder.execute("COMMIT")
        holder.close()
        posting.join(30)

        assert service.until(here, status="completed")["counts"]["up"] == 1000
        service.until(answers[0].headers["Location"], status="completed")
        assert service.call("GET", "/readyz").status_code == 200

    assert "a write has been waiting" in told[0]
    assert "database_write_waits" in service.log()
    assert crowd.asked == 2000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be made by root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_waited_out(small_disk: Path, farm: Servers) -> None:
    crowd = Crowd(0.001)
    url = f"http://127.0.0.1:{farm.serve(crowd.handle)}/{'x' * 50}"
    with running(small_disk) as service:
        body: dict[str, Any] = {"urls": [url] * 5000, "per_host": 0, "pace": "max"}
        here = service.call("POST", "/api/v1/batches", json=body).headers["Location"]
        while service.get(here)["done"] < 1000:
            pass
        _fill(small_disk / "fill")
        deadline = time.monotonic() + 30
        while service.call("GET", "/readyz").status_code == 200 and time.monotonic() < deadline:
            time.sleep(0.1)

        told = service.call("GET", "/readyz").json()["missing"]
        refused = service.call("POST", "/api/v1/batches", json=body)
        (small_disk / "fill").unlink()

        batch = service.until(here, status="completed")
        assert (batch["counts"]["up"], batch["interruptions"], crowd.asked) == (5000, 0, 5000)
        assert service.call("GET", "/readyz").status_code == 200
    assert "full" in told[0]
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert refused.headers["Retry-After"]


def _fill(path: Path) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(opened, bytes(4096))
    except OSError:
        return
    finally:
        os.close(opened)
