"""Monitors around the clock: how punctual they are, and what one check costs, all included."""

import asyncio
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any, Final

import requests
from rich.table import Table

from app.domain.statistics import nearest_rank
from bench.service import MIB, Served, serving
from bench.targets import fast

_MANY, _MANY_INTERVAL = 10_000, 30
_SOME, _SOME_INTERVAL = 1_000, 20
_BESIDE: Final = 100_000
_IDLE_SECONDS: Final = 20.0
# Shorter runs for a first look: BENCH_SECONDS=60.
_SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "300"))
_SETTINGS: Final = {"TERCET_PER_HOST": "0"}


async def measure() -> Table:
    """10,000 monitors at 30 s and 1,000 at 20 s, client curl, local targets."""
    return await asyncio.to_thread(_measured)


async def beside() -> Table:
    """How punctual 1,000 monitors stay while a batch of 100,000 is carried out."""
    return await asyncio.to_thread(_beside)


def _measured() -> Table:
    table = Table("what", "measured", "wanted", title=f"Monitors, {_SECONDS:.0f} s each")
    with fast() as target:
        for row in (*_many(target), *_some(target)):
            table.add_row(*row)
    return table


def _many(target: str) -> Iterator[tuple[str, str, str]]:
    with tempfile.TemporaryDirectory(prefix="tercet-bench-") as name:
        folder = Path(name)
        with serving(folder, _SETTINGS) as served:
            idle = _share(served, _IDLE_SECONDS)
            post_monitors(served, target, _MANY, _MANY_INTERVAL)
            busy = _share(served, _SECONDS)
            resident = served.resident()
            late, missed = lateness(folder)
        yield f"{_MANY:,} monitors at {_MANY_INTERVAL} s: checks", f"{len(late):,}", ""
        yield "missed", str(missed), "0"
        yield "start lateness, p50", f"{percentile(late, 50):.1f} ms", "≤ 50 ms"
        yield "start lateness, p99", f"{percentile(late, 99):.1f} ms", "≤ 500 ms"
        yield "start lateness, largest", f"{max(late):.0f} ms", ""
        yield "service and child, of one core", f"{busy * 100:.0f} %", "≤ 60 %"
        yield "of that while idle", f"{idle * 100:.1f} %", ""
        yield "service and child hold", f"{resident / MIB:.0f} MiB", "≤ 350 MB"
        sleep(1)
        began, last = time(), last_outcome(folder)
        with serving(folder, _SETTINGS) as served:
            first = _first_after(folder, last) - began
        yield f"first check begins after a start with {_MANY:,}", f"{first:.2f} s", "≤ 2 s"


def _some(target: str) -> Iterator[tuple[str, str, str]]:
    with tempfile.TemporaryDirectory(prefix="tercet-bench-") as name:
        folder = Path(name)
        with serving(folder, _SETTINGS) as served:
            idle = _share(served, _IDLE_SECONDS)
            post_monitors(served, target, _SOME, _SOME_INTERVAL)
            before, checks, began = served.cpu(), count_outcomes(folder), monotonic()
            sleep(_SECONDS)
            used, checks, lasted = (
                served.cpu() - before,
                count_outcomes(folder) - checks,
                monotonic() - began,
            )
            resident = served.resident()
    yield (
        f"{_SOME:,} monitors at {_SOME_INTERVAL} s: CPU of a check, all included",
        (f"{used / checks * 1e3:.2f} ms"),
        "≤ 1.0 ms",
    )
    yield "of that the idle service", f"{idle * lasted / checks * 1e3:.2f} ms", ""
    yield "service and child hold", f"{resident / MIB:.0f} MiB", ""


def _beside() -> Table:
    table = Table("what", "measured", "wanted", title="Monitors beside a batch of 100,000")
    with fast() as target, tempfile.TemporaryDirectory(prefix="tercet-bench-") as name:
        folder = Path(name)
        with serving(folder, _SETTINGS) as served:
            post_monitors(served, target, _SOME, _SOME_INTERVAL)
            sleep(_SOME_INTERVAL)
            before = last_outcome(folder)
            body = {"urls": [f"{target}?{n}" for n in range(_BESIDE)], "per_host": 0}
            batch = served.ended(served.post(body))
            late, missed = lateness(folder, before)
        table.add_row("the batch took", f"{batch['wall_ms'] / 1e3:.0f} s", "")
        table.add_row("checks of monitors meanwhile", f"{len(late):,}", "")
        table.add_row("missed", str(missed), "0")
        table.add_row("start lateness, p50", f"{percentile(late, 50):.1f} ms", "")
        table.add_row("start lateness, p99", f"{percentile(late, 99):.1f} ms", "≤ 1,000 ms")
    return table


def post_monitors(served: Served, target: str, count: int, interval: int) -> None:
    """Have so many monitors watch a target, with the client curl."""
    monitors = [
        {"key": f"m{n}", "target": {"url": f"{target}?{n}"}, "interval_seconds": interval,
         "client": "curl"}
        for n in range(count)
    ]  # fmt: skip
    answer = requests.post(
        f"{served.url}/api/v1/monitors", data=json.dumps({"monitors": monitors}),
        headers={"Content-Type": "application/json"}, timeout=60,
    )  # fmt: skip
    answer.raise_for_status()
    created: dict[str, Any] = answer.json()
    assert created["created"] == count, created["refused"]


def _share(served: Served, seconds: float) -> float:
    """What share of one core the service and its children use."""
    before, began = served.cpu(), monotonic()
    sleep(seconds)
    return (served.cpu() - before) / (monotonic() - began)


def lateness(folder: Path, after: int = 0) -> tuple[list[float], int]:
    """How late every check began, in ms, and how many were missed."""
    with sqlite3.connect(folder / "tercet.db") as database:
        late = database.execute(
            "SELECT late_us FROM monitor_outcomes WHERE missed IS NULL AND id > ?", (after,)
        ).fetchall()
        (missed,) = database.execute("SELECT sum(missed) FROM monitor_outcomes").fetchone()
    return [us / 1e3 for (us,) in late], missed or 0


def count_outcomes(folder: Path) -> int:
    """How many checks have been recorded."""
    return _asked(folder, "SELECT count(*) FROM monitor_outcomes WHERE missed IS NULL")


def last_outcome(folder: Path) -> int:
    """The row of the last outcome."""
    return _asked(folder, "SELECT max(id) FROM monitor_outcomes")


def _asked(folder: Path, query: str) -> int:
    with sqlite3.connect(folder / "tercet.db") as database:
        (found,) = database.execute(query).fetchone()
    return int(found or 0)


def _first_after(folder: Path, last: int) -> float:
    """When the first check began whose outcome was not there before, by the clock on the wall."""
    query = f"SELECT min(started_at) FROM monitor_outcomes WHERE missed IS NULL AND id > {last}"
    while not (found := _asked(folder, query)):
        sleep(0.02)
    return found / 1e6


def percentile(late: Sequence[float], share: int) -> float:
    """Nearest-rank."""
    return nearest_rank(sorted(late), share)
