"""Backup and restore, also while the service runs."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.farm.servers import Servers, answering, delayed, ok, recording
from tests.services import Service, running


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path) as made:
        yield made


def tercet(folder: Path, *words: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "app", *map(str, words)],
        env={**os.environ, "TERCET_DATABASE_URL": f"sqlite:///{folder}/tercet.db", **settings},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_copy_made_while_a_batch_runs_is_whole_and_goes_on_where_it_was(
    service: Service, farm: Servers, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{farm.serve(delayed(0.05, ok()))}/"
    body = {"urls": [url] * 500, "concurrency": 4}
    here = service.call("POST", "/api/v1/batches", json=body).headers["Location"]
    while service.get(here)["done"] < 20:
        pass
    copy = tmp_path / "copy.db"

    made = tercet(tmp_path, "backup", copy)
    service.call("DELETE", here)
    service.call("DELETE", here)
    back = tercet(tmp_path, "restore", copy)

    assert (made.returncode, back.returncode) == (0, 0), made.stderr + back.stderr
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    batch = service.until(here, status="completed")
    assert (batch["done"], batch["counts"]["up"], batch["interruptions"]) == (500, 500, 1)


def test_what_came_after_the_copy_is_gone_and_its_run_is_dropped(
    service: Service, farm: Servers, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    slow = f"http://127.0.0.1:{farm.serve(delayed(0.05, ok()))}/"
    before = service.batch(url)
    tercet(tmp_path, "backup", tmp_path / "copy.db")
    body = {"urls": [slow] * 500, "concurrency": 2}
    after = service.call("POST", "/api/v1/batches", json=body).json()
    service.until(after["links"]["self"], status="running")

    tercet(tmp_path, "restore", tmp_path / "copy.db")

    assert [b["id"] for b in service.get("/api/v1/batches")["items"]] == [before["id"]]
    assert service.batch(url)["status"] == "completed"
    assert len(service.get("/api/v1/batches")["items"]) == 2
    assert service.call("GET", after["links"]["self"]).status_code == 404


def test_a_copy_is_brought_back_where_nothing_was_with_its_secrets(
    tmp_path: Path, farm: Servers
) -> None:
    asked: list[bytes] = []
    url = f"http://127.0.0.1:{farm.serve(recording(asked, ok()))}/"
    key = {"TERCET_SECRET_KEY": "sixteen characters"}
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with running(first, key) as service:
        batch = service.batch(url, defaults={"headers": {"Authorization": "s3cret"}})
        assert tercet(first, "backup", tmp_path / "copy.db", **key).returncode == 0

    wrong = tercet(second, "restore", tmp_path / "copy.db")
    right = tercet(second, "restore", tmp_path / "copy.db", **key)

    assert (wrong.returncode, "sealed with another key" in wrong.stderr) == (2, True)
    assert right.returncode == 0, right.stderr
    with running(second, key) as service:
        service.call("POST", batch["links"]["rerun"], headers={"Prefer": "wait=30"})
    assert asked[0].count(b"s3cret") == asked[1].count(b"s3cret") == 1


def test_what_is_no_copy_changes_nothing(service: Service, farm: Servers, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    batch = service.batch(url)
    text, other = tmp_path / "text", tmp_path / "other.db"
    text.write_text("no database" * 1000)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()

    for copy in (text, other, tmp_path / "none", tmp_path):
        refused = tercet(tmp_path, "restore", copy)
        assert (refused.returncode, "Traceback" in refused.stderr) == (2, False), refused.stderr
    twice = tercet(tmp_path, "backup", text)

    assert twice.returncode == 2
    assert "is there already" in twice.stderr
    assert service.get(batch["links"]["self"]) == batch
    assert not list(tmp_path.glob("*.restoring*"))
