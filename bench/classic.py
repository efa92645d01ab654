"""The classic list: four quick URLs and one that takes a second, ten times over."""

import statistics

from rich.table import Table

from app.domain.fidelity import Pace
from bench.runs import Bench
from bench.targets import httpbin
from checkers import StrategyName

_RUNS = 5
_CELLS = (
    (StrategyName.ASYNC, 50, Pace.TRUTHFUL, "≤ 1.30"),
    (StrategyName.THREADED, 50, Pace.TRUTHFUL, "≤ 1.50"),
    (StrategyName.ASYNC, 50, Pace.MAX, "≤ 1.10"),
    (StrategyName.THREADED, 50, Pace.MAX, "≤ 1.20"),
    (StrategyName.MULTIPROCESS, 8, Pace.MAX, "≤ 2.1"),
    (StrategyName.SEQUENTIAL, 1, Pace.MAX, "about 10"),
)


async def measure() -> Table:
    """Median wall time of every strategy over the 50 URLs."""
    title = "The classic list on httpbin: (/status/200 × 4, /delay/1) × 10"
    headings = ("strategy", "in flight", "pace", "wall s, median of 5", "range", "wanted", "up")
    table = Table(*headings, title=title)
    with httpbin() as site:
        urls = [*[f"{site}/status/200"] * 4, f"{site}/delay/1"] * 10
        bench = Bench()
        for strategy, in_flight, pace, wanted in _CELLS:
            # Once unmeasured: processes start, libraries load.
            await bench.run(strategy, urls[:4] * in_flight, in_flight)
            runs = [await bench.run(strategy, urls, in_flight, pace=pace) for _ in range(_RUNS)]
            walls = [run.wall for run in runs]
            table.add_row(
                strategy.value,
                str(in_flight),
                pace.value,
                f"{statistics.median(walls):.3f}",
                f"{min(walls):.3f}–{max(walls):.3f}",
                wanted,
                f"{min(run.up for run in runs)} of 50",
            )
        await bench.close()
    return table
