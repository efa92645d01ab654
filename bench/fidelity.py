"""How far reported latencies are from the truth, which the target tells by its own clock."""

import asyncio
import contextlib
import json
import statistics
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

import requests
from rich.table import Table

from app.domain.fidelity import Pace
from app.domain.statistics import nearest_rank
from bench.ecdf import Curve, write
from bench.runs import Bench, Run
from bench.targets import delayed
from checkers import CATALOGUE, ClientName, StrategyName, Target

Cell = tuple[StrategyName, ClientName]

GRID: Final = tuple(
    (entry.name, client) for entry in CATALOGUE.values() for client in entry.clients
)
PLOT: Final = Path("build/truth.svg")
_SIZES: Final = (100, 1000, 5000)
ROUNDS: Final = 5
# One at a time, and eight at a time, take minutes for thousands: fewer rounds for them.
_SECONDS_EACH: Final = 45.0
MS: Final = 1e3
_USUAL: Final = {
    "gather": "asyncio.gather over aiohttp, all at once",
    "semaphore": "the same behind a semaphore of 100",
    "threads": "requests.get in 200 threads",
    "processes": "requests.get in 16 processes",
}


class Seen(NamedTuple):
    """One run against the truth.

    Attributes:
        by_outcome: reported minus true, in seconds, in the order of the outcomes.
        errors: the same, sorted.
        held: share of the checks whose error lay within their bound.
    """

    run: Run
    by_outcome: Sequence[float]
    errors: Sequence[float]
    bounds: Sequence[float]
    held: float


def truth(base: str) -> Mapping[str, float]:
    """Seconds that each path asked since the last time really took."""
    told: dict[str, float] = requests.get(f"{base}/truth", timeout=60).json()
    return told


async def seen(
    bench: Bench, base: str, cell: Cell, count: int, *, pace: Pace, in_flight: int, path: str = ""
) -> Seen:
    """Check so many paths of the target once and hold what is said against what it says."""
    targets = [Target(url=f"{base}/{path}{number}") for number in range(count)]
    await asyncio.to_thread(truth, base)
    run = await bench.check(cell, targets, in_flight, pace=pace)
    if run.up != count:
        raise RuntimeError(f"{cell}: only {run.up} of {count} were up")
    true = await asyncio.to_thread(truth, base)
    errors, bounds, held = [], [], 0
    for outcome in run.outcomes:
        assert outcome.total is not None
        assert outcome.error_bound is not None
        error = outcome.total - true[outcome.url.removeprefix(base)]
        errors.append(error)
        bounds.append(outcome.error_bound)
        held += error <= outcome.error_bound
    return Seen(run, errors, sorted(errors), sorted(bounds), held / count)


@contextlib.asynccontextmanager
async def warmed(base: str, cell: Cell) -> AsyncIterator[tuple[Bench, int]]:
    """A child that has loaded what the cell needs, and the cell's own concurrency."""
    bench, in_flight = Bench(), CATALOGUE[cell[0]].concurrency
    try:
        await seen(bench, base, cell, 20, pace=Pace.TRUTHFUL, in_flight=in_flight)
        yield bench, in_flight
    finally:
        await bench.close()


def median(runs: Sequence[Seen], name: str, percentile: int) -> str:
    """Of a percentile over some runs, in milliseconds as they are printed."""
    found = [nearest_rank(getattr(run, name), percentile) for run in runs]
    return f"{statistics.median(found) * MS:.2f}"


async def grid() -> Table:
    """Every cell at its own concurrency, per_host 0, the default pace."""
    table = Table(
        "cell", "in flight", "targets", "runs", "error p50", "p95", "p99", "bound p50", "p99",
        "held %", "checks/s",
        title="Reported minus true, ms, against a target of 50 ms in another process; medians",
        caption="wanted: 100 targets ≤ 2 at p50, ≤ 8 at p95; more ≤ 1.0 / 3 / 10; bounds ≤ 2 at "
        "p50, ≤ 15 at p99, held by ≥ 99 %",
    )  # fmt: skip
    with delayed() as base:
        for cell in GRID:
            async with warmed(base, cell) as (bench, in_flight):
                for size in _SIZES:
                    if cell[0] is StrategyName.SEQUENTIAL and size > _SIZES[1]:
                        continue
                    runs: list[Seen] = []
                    began = monotonic()
                    while len(runs) < ROUNDS and (not runs or monotonic() - began < _SECONDS_EACH):
                        runs.append(
                            await seen(
                                bench, base, cell, size, pace=Pace.TRUTHFUL, in_flight=in_flight
                            )
                        )
                    rates = [size / run.run.wall for run in runs]
                    table.add_row(
                        "+".join(cell), str(in_flight), f"{size:,}", str(len(runs)),
                        *(median(runs, "errors", p) for p in (50, 95, 99)),
                        *(median(runs, "bounds", p) for p in (50, 99)),
                        f"{statistics.median(run.held for run in runs) * 100:.1f}",
                        f"{statistics.median(rates):,.0f}",
                    )  # fmt: skip
            table.add_section()
    return table


async def designs() -> Table:
    """The usual designs with a thousand targets, beside Tercet's; and a plot of both."""
    table = Table(
        "design", "error p50", "p95", "p99", "all done after, s",
        title="Reported minus true, ms, 1,000 targets of 50 ms; one run each, one after the other",
        caption=f"plot: {PLOT}",
    )  # fmt: skip
    curves: list[Curve] = []

    def add(name: str, errors: Sequence[float], wall: float, *, ours: bool) -> None:
        curves.append(Curve(name, [error * MS for error in errors], ours=ours))
        told = (f"{nearest_rank(errors, p) * MS:.1f}" for p in (50, 95, 99))
        table.add_row(name, *told, f"{wall:.1f}")

    with delayed() as base:
        for design, name in _USUAL.items():
            began = monotonic()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.usual", design, base, "1000",
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            told, _ = await process.communicate()
            wall = monotonic() - began
            true = await asyncio.to_thread(truth, base)
            said: dict[str, float] = json.loads(told)
            errors = sorted(took - true[path] for path, took in said.items())
            add(name, errors, wall, ours=False)
        table.add_section()
        for cell in GRID:
            if cell[0] in (StrategyName.SEQUENTIAL, StrategyName.MULTIPROCESS):
                continue
            async with warmed(base, cell) as (bench, in_flight):
                found = await seen(bench, base, cell, 1000, pace=Pace.TRUTHFUL, in_flight=in_flight)
            add(f"Tercet, {'+'.join(cell)}", found.errors, found.run.wall, ours=True)
    write(PLOT, curves)
    return table


_RATES: Final = (
    ((StrategyName.THREADED, ClientName.REQUESTS), 32, 0.4),
    ((StrategyName.THREADED, ClientName.CURL), 32, 0.4),
    ((StrategyName.MULTIPROCESS, ClientName.REQUESTS), 64, 0.3),
    ((StrategyName.MULTIPROCESS, ClientName.CURL), 64, 0.3),
    ((StrategyName.ASYNC, ClientName.AIOHTTP), 200, 0.4),
    ((StrategyName.ASYNC, ClientName.CURL), 200, 0.4),
    ((StrategyName.HYBRID, ClientName.AIOHTTP), 200, 0.3),
    ((StrategyName.HYBRID, ClientName.CURL), 200, 0.3),
)


async def throughput() -> Table:
    """What the pace costs in checks per second: paced and flat out in turn."""
    table = Table(
        "cell", "in flight", "checks/s paced", "at max", "ratio", "wanted",
        title="20,000 targets of 50 ms: the pace's checks per second beside those at max",
    )  # fmt: skip
    with delayed() as base:
        for cell, in_flight, wanted in _RATES:
            bench, rates = Bench(), []
            await seen(bench, base, cell, 100, pace=Pace.MAX, in_flight=in_flight)
            for pace in Pace:
                found = await seen(bench, base, cell, 20_000, pace=pace, in_flight=in_flight)
                rates.append(20_000 / found.run.wall)
            table.add_row(
                "+".join(cell), str(in_flight), f"{rates[0]:,.0f}", f"{rates[1]:,.0f}",
                f"{rates[0] / rates[1]:.2f}", f"≥ {wanted:.2f}",
            )  # fmt: skip
            await bench.close()
    return table
