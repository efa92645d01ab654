"""What reading and keeping a long past takes: two years of days, millions of single outcomes."""

import asyncio
import os
import sqlite3
import statistics
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Final

import requests
from rich.table import Table

from app.domain.statistics import nearest_rank
from bench.past import Sizes, make
from bench.service import MIB, Served, serving
from bench.targets import fast

# Smaller ones for a first look: BENCH_OUTCOMES=100000.
_OUTCOMES: Final = int(os.environ.get("BENCH_OUTCOMES", "10000000"))
_MONITORS: Final = 1000
_DAYS: Final = 730
_TRIES: Final = 15
_START_SECONDS: Final = 5.0
_SETTINGS: Final = {"TERCET_PER_HOST": "0", "TERCET_RAW_MAX_BYTES": "100000000000"}
_ASKED: Final = (
    ("GET /monitors?limit=100", "/api/v1/monitors?limit=100", "≤ 30 ms"),
    ("uptime of 30 days", "/api/v1/monitors/m00500/uptime?window=30d", "≤ 10 ms"),
    ("latency over a year", "/api/v1/monitors/m00500/latency?window=365d", "≤ 50 ms"),
    ("latency over 24 h", "/api/v1/monitors/m00500/latency?window=24h", ""),
    ("objective over 30 days", "/api/v1/monitors/m00500/slo", ""),
    ("the month's report, all monitors", "/api/v1/reports/uptime?window={month}", "≤ 1,000 ms"),
    ("report of the last 30 days, all", "/api/v1/reports/uptime?window=30d", ""),
)


async def measure() -> Table:
    """Reading, and pruning beside checks."""
    return await asyncio.to_thread(_measured)


def _measured() -> Table:
    sizes = Sizes(count=_MONITORS, each=_OUTCOMES // _MONITORS, days=_DAYS)
    title = f"{_OUTCOMES:,} outcomes of {_MONITORS:,} monitors, {_DAYS} days rolled up"
    table = Table("what", "measured", "wanted", title=title)
    with fast() as target, tempfile.TemporaryDirectory(prefix="tercet-bench-") as name:
        folder = Path(name)
        make(folder, target, sizes)
        whole = (folder / "tercet.db").stat().st_size
        table.add_row("the file", f"{whole / MIB:,.0f} MiB", "")
        month = f"{sizes.now.replace(day=1) - timedelta(days=1):%Y-%m}"
        with serving(folder, {**_SETTINGS, "TERCET_RAW_DAYS": "3650"}) as served:
            sleep(_START_SECONDS)
            for told, path, wanted in _ASKED:
                took = _timed(served, path.format(month=month))
                table.add_row(f"{told}, median of {_TRIES}", f"{took * 1e3:.1f} ms", wanted)
        with serving(folder, {**_SETTINGS, "TERCET_RAW_DAYS": "1"}) as served:
            for row in _pruned(served, folder, whole, sizes):
                table.add_row(*row)
    return table


def _timed(served: Served, path: str) -> float:
    """Seconds until it is answered, over one connection; the median."""
    took = []
    with requests.Session() as session:
        for _ in range(_TRIES + 1):
            began = perf_counter()
            answer = session.get(served.url + path, timeout=60)
            took.append(perf_counter() - began)
            answer.raise_for_status()
    return statistics.median(took[1:])


def _pruned(
    served: Served, folder: Path, whole: int, sizes: Sizes
) -> Iterator[tuple[str, str, str]]:
    """What becomes of the outcomes before the last day, and how late checks are meanwhile."""
    # While a service starts it is late whatever it prunes.
    sleep(_START_SECONDS)
    last = _asked(folder, "SELECT max(id) FROM monitor_outcomes")
    # A day of them is left; what was checked since the database was made comes on top.
    removed = max(_OUTCOMES - int(timedelta(days=1) / sizes.interval) * _MONITORS, 0)
    began, cpu = monotonic(), served.cpu()
    while _asked(folder, "SELECT min(id) FROM monitor_outcomes") < removed - _MONITORS:
        sleep(2)
    took = monotonic() - began
    while _asked(folder, "PRAGMA freelist_count") > 2000:
        sleep(1)
    late = _lateness(folder, last)
    size = (folder / "tercet.db").stat().st_size
    yield "outcomes pruned beside checks", f"{removed:,} in {took:.0f} s", ""
    yield "CPU of it, checks included", f"{served.cpu() - cpu:.0f} s", ""
    yield f"lateness of {len(late):,} checks meanwhile, p50", f"{nearest_rank(late, 50):.1f} ms", ""
    yield "lateness, p99", f"{nearest_rank(late, 99):.1f} ms", "≤ 100 ms"
    yield "the file then", f"{size / MIB:,.0f} of {whole / MIB:,.0f} MiB", "shrinks"


def _lateness(folder: Path, after: int) -> list[float]:
    with sqlite3.connect(folder / "tercet.db") as database:
        rows = database.execute(
            "SELECT late_us FROM monitor_outcomes WHERE missed IS NULL AND id > ?", (after,)
        ).fetchall()
    database.close()
    return sorted(us / 1e3 for (us,) in rows)


def _asked(folder: Path, query: str) -> int:
    with sqlite3.connect(folder / "tercet.db", timeout=60) as database:
        (found,) = database.execute(query).fetchone()
    database.close()
    return int(found or 0)
