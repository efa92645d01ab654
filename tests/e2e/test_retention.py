"""What has had its time goes, in small steps, and the file shrinks."""

import sqlite3
import time
from pathlib import Path

from app.storage.database import STEP_PAGES
from tests.farm.servers import Servers, answering, ok
from tests.services import PATIENCE_SECONDS, running


def _age(database: Path, days: float) -> None:
    moved = int(days * 86_400 * 1e6)
    with sqlite3.connect(database, timeout=30) as connection:
        for table in ("batches", "comparisons"):
            connection.execute(f"UPDATE {table} SET finished_at = finished_at - ?", (moved,))
        connection.execute("UPDATE idempotency_keys SET created_at = created_at - ?", (moved,))
    connection.close()


def _counts(database: Path) -> dict[str, int]:
    connection = sqlite3.connect(database, timeout=30)
    names = ("batches", "comparisons", "outcomes", "targets", "target_lists", "idempotency_keys")
    counts = {n: connection.execute(f"SELECT count(*) FROM {n}").fetchone()[0] for n in names}
    connection.close()
    return counts


def _is_small(database: Path) -> bool:
    connection = sqlite3.connect(database, timeout=30)
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    connection.close()
    return _counts(database)["target_lists"] == 1 and free < STEP_PAGES


def test_what_ended_long_ago_is_removed_and_what_did_not_is_kept(
    tmp_path: Path, farm: Servers
) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    database = tmp_path / "tercet.db"
    with running(tmp_path) as service:
        many = {"urls": [f"{url}{'x' * 300}{n}" for n in range(5000)], "per_host": 0, "pace": "max"}
        headers = {"Idempotency-Key": "old", "Prefer": "wait=60"}
        old = service.call("POST", "/api/v1/batches", json=many, headers=headers).json()
        body = {"urls": [url], "contenders": ["async"], "rounds": 1}
        service.call("POST", "/api/v1/comparisons", json=body, headers={"Prefer": "wait=60"})
    assert old["status"] == "completed"
    _age(database, 31)
    with running(tmp_path, {"TERCET_RETENTION_DAYS": "0"}) as service:
        kept = service.batch(url)
        assert service.call("GET", old["links"]["self"]).status_code == 200
    size = database.stat().st_size

    with running(tmp_path) as service:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _is_small(database) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert service.call("GET", old["links"]["self"]).status_code == 404
        assert service.get(kept["links"]["self"]) == kept
        assert service.get("/api/v1/comparisons")["items"] == []

    assert _counts(database) == {
        "batches": 1, "comparisons": 0, "outcomes": 1, "targets": 1, "target_lists": 1,
        "idempotency_keys": 0,
    }  # fmt: skip
    assert database.stat().st_size < size
