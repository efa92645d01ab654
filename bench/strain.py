"""The pace under strain: other programs at work, a machine that slows down, and what it costs."""

import asyncio
import contextlib
import math
import statistics
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic
from typing import Final

from rich.table import Table

from app.domain.fidelity import Pace
from app.domain.statistics import nearest_rank
from bench.fidelity import GRID, MS, ROUNDS, median, seen, warmed
from bench.runs import Bench
from bench.targets import delayed
from checkers import ClientName, StrategyName


@contextlib.contextmanager
def _busy(processes: int) -> Iterator[None]:
    """Keep so many cores busy with something else."""
    burning = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()


async def contention() -> Table:
    """One core kept busy by something else: errors, and whether the bounds grow and hold."""
    table = Table(
        "cell", "error p50", "p95", "p99", "bound p50", "p99", "held %", "checks/s",
        title="1,000 targets of 50 ms while another process burns one core, ms; one run each",
        caption="wanted: held by ≥ 98 %",
    )  # fmt: skip
    with delayed() as base:
        for cell in GRID:
            size = 200 if cell[0] is StrategyName.SEQUENTIAL else 1000
            async with warmed(base, cell) as (bench, in_flight):
                with _busy(1):
                    run = await seen(
                        bench, base, cell, size, pace=Pace.TRUTHFUL, in_flight=in_flight
                    )
            table.add_row(
                "+".join(cell),
                *(median([run], "errors", p) for p in (50, 95, 99)),
                *(median([run], "bounds", p) for p in (50, 99)),
                f"{run.held * 100:.1f}", f"{size / run.run.wall:,.0f}",
            )  # fmt: skip
    return table


_SLOWED_SECONDS: Final = 10.0


async def slowed() -> Table:
    """Both cores burnt for ten seconds half-way: the pace backs off, comes back, and says so."""
    table = Table(
        "seconds", "checks/s", "error p50", "p99", "bound p50", "p99", "held %",
        title="async+aiohttp, 30,000 targets of 50 ms, both cores burnt for ten seconds, ms",
    )  # fmt: skip
    cell = (StrategyName.ASYNC, ClientName.AIOHTTP)
    with delayed() as base:
        bench = Bench()
        task = asyncio.create_task(
            seen(bench, base, cell, 30_000, pace=Pace.TRUTHFUL, in_flight=200)
        )
        await asyncio.sleep(6)
        burnt_from = monotonic()
        with _busy(2):
            await asyncio.sleep(_SLOWED_SECONDS)
        burnt_until = monotonic()
        found = await task
        offset = found.run.outcomes[0].started_at
        table.caption = (
            f"burnt from second 6 to {6 + burnt_until - burnt_from:.0f}; "
            f"{found.run.fidelity.verdict}: {found.run.fidelity.detail}"
        )
        by_second: dict[int, list[tuple[float, float]]] = {}
        for outcome, error in zip(found.run.outcomes, found.by_outcome, strict=True):
            second = int(outcome.started_at - offset)
            by_second.setdefault(second // 2 * 2, []).append((error, outcome.error_bound or 0.0))
        for second, pairs in sorted(by_second.items()):
            errors = sorted(error for error, _ in pairs)
            bounds = sorted(bound for _, bound in pairs)
            held = statistics.fmean(error <= bound for error, bound in pairs)
            table.add_row(
                f"{second}–{second + 2}", f"{len(pairs) / 2:,.0f}",
                f"{nearest_rank(errors, 50) * MS:.2f}", f"{nearest_rank(errors, 99) * MS:.2f}",
                f"{nearest_rank(bounds, 50) * MS:.2f}", f"{nearest_rank(bounds, 99) * MS:.2f}",
                f"{held * 100:.1f}",
            )  # fmt: skip
        await bench.close()
    return table


_COSTS: Final = (
    ((StrategyName.ASYNC, ClientName.AIOHTTP), 40),
    ((StrategyName.ASYNC, ClientName.CURL), 60),
    ((StrategyName.THREADED, ClientName.REQUESTS), 16),
    ((StrategyName.THREADED, ClientName.CURL), 20),
)


async def pace_cost() -> Table:
    """CPU per check, paced and at max, at one rate: so few in flight that the pace lets all go."""
    table = Table(
        "cell", "in flight", "checks/s paced", "at max", "CPU ratio", "range", "wanted",
        title="CPU per check of the pace beside max, 3,000 targets of 25 to 75 ms, 5 rounds",
    )  # fmt: skip
    with delayed() as base:
        for cell, in_flight in _COSTS:
            bench = Bench()
            ratios, rates = [], []
            await seen(bench, base, cell, 200, pace=Pace.MAX, in_flight=in_flight, path="spread/")
            for _ in range(ROUNDS):
                cpu = []
                for pace in Pace:
                    found = await seen(
                        bench, base, cell, 3000, pace=pace, in_flight=in_flight, path="spread/"
                    )
                    cpu.append(found.run.cpu)
                    rates.append(3000 / found.run.wall)
                ratios.append(cpu[0] / cpu[1])
            table.add_row(
                "+".join(cell), str(in_flight), f"{statistics.median(rates[::2]):,.0f}",
                f"{statistics.median(rates[1::2]):,.0f}",
                f"{math.exp(statistics.fmean(map(math.log, ratios))):.2f}",
                f"{min(ratios):.2f}–{max(ratios):.2f}", "≤ 1.05",
            )  # fmt: skip
            await bench.close()
    return table
