"""A past that is rolled up and forgotten while the service is killed again and again."""

import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from app.storage.database import Database
from app.storage.file import migrate, vault_at_hand
from tests.services import PATIENCE_SECONDS, Service, running
from tests.storage.past_world import PastWorld, every

_MONITORS = 4
_HOURS = 300
_EACH = _HOURS * 6
_KILLS = 3


def _make(folder: Path) -> None:
    """Monitors with two weeks of checks ten minutes apart, of which nothing is rolled up."""
    path = folder / "tercet.db"
    migrate(f"sqlite:///{path}")
    database = Database(f"sqlite:///{path}", vault_at_hand(f"sqlite:///{path}", None))
    world = PastWorld(database)
    for _ in range(_MONITORS):
        world.outcomes(world.monitor(enabled=False), every(10, 0, _HOURS))
    database.close()


def _left(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "tercet.db", timeout=30)) as database:
        (left,) = database.execute("SELECT count(*) FROM monitor_outcomes").fetchone()
    return int(left)


def _fewer(folder: Path, than: int) -> int:
    """How many outcomes are left, once some have gone."""
    deadline = time.monotonic() + 3 * PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if (left := _left(folder)) < than:
            return left
        time.sleep(0.02)
    raise AssertionError("nothing was forgotten")


def _checks(service: Service) -> list[int]:
    return [
        service.get(f"/api/v1/monitors/m{n}/uptime?window=365d")["checks"]
        for n in range(1, _MONITORS + 1)
    ]


def test_no_kill_makes_anything_count_twice_or_not_at_all(tmp_path: Path) -> None:
    _make(tmp_path)
    left = _MONITORS * _EACH

    for _ in range(_KILLS):
        with running(tmp_path, {"TERCET_RAW_DAYS": "1"}) as service:
            counted = _checks(service)
            if left > _MONITORS:
                left = _fewer(tmp_path, left)
            service.stop(signal.SIGKILL)
        assert counted == [_EACH] * _MONITORS

    with running(tmp_path, {"TERCET_RAW_DAYS": "1"}) as service:
        while left > _MONITORS:
            left = _fewer(tmp_path, left)
        assert _checks(service) == [_EACH] * _MONITORS
