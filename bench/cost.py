"""Processor time of a check beside the shortest honest loop over the same library."""

import asyncio
import math
import statistics
import sys
from typing import NamedTuple

from rich.table import Table

from bench.runs import Bench
from bench.targets import fast, fast_secure
from checkers import StrategyName

_ROUNDS = 5


class Pair(NamedTuple):
    """A strategy and the plain loop it is held against."""

    title: str
    strategy: StrategyName
    library: str
    in_flight: int
    checks: int
    wanted: str


_PLAIN = (
    Pair("async : bare aiohttp", StrategyName.ASYNC, "aiohttp", 200, 10_000, "≤ 1.4"),
    Pair("threaded : requests.get", StrategyName.THREADED, "requests", 32, 10_000, "≤ 1.0"),
)
_SECURE = Pair(
    "threaded : requests.get, HTTPS", StrategyName.THREADED, "requests", 32, 1_000, "≤ 0.15"
)


async def measure() -> Table:
    """Ratios of CPU per check, the two of a pair in turn within one run."""
    title = f"CPU per check, a new connection each, {_ROUNDS} rounds side by side"
    headings = ("pair", "checks", "Tercet µs", "plain µs", "ratio", "range", "wanted")
    table = Table(*headings, title=title)
    with fast() as url:
        for pair in _PLAIN:
            await _add(table, pair, url, None)
    with fast_secure() as (url, bundle):
        await _add(table, _SECURE, url, str(bundle))
    return table


async def _add(table: Table, pair: Pair, url: str, ca_bundle: str | None) -> None:
    bench = Bench(ca_bundle)
    await bench.run(pair.strategy, [url] * 100, pair.in_flight)
    ours, plain = [], []
    for _ in range(_ROUNDS):
        run = await bench.run(pair.strategy, [url] * pair.checks, pair.in_flight)
        if run.up != pair.checks:
            raise RuntimeError(f"{pair.title}: only {run.up} of {pair.checks} were up")
        ours.append(run.cpu)
        plain.append(await _plain_cpu(pair, url, ca_bundle))
    await bench.close()
    ratios = [a / b for a, b in zip(ours, plain, strict=True)]
    table.add_row(
        pair.title,
        f"{pair.checks:,}",
        f"{statistics.median(ours) / pair.checks * 1e6:,.0f}",
        f"{statistics.median(plain) / pair.checks * 1e6:,.0f}",
        f"{math.exp(statistics.fmean(map(math.log, ratios))):.2f}",
        f"{min(ratios):.2f}–{max(ratios):.2f}",
        pair.wanted,
    )


async def _plain_cpu(pair: Pair, url: str, ca_bundle: str | None) -> float:
    words = [pair.library, url, str(pair.checks), str(pair.in_flight)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.plain", *words, *([ca_bundle] if ca_bundle else []),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the plain loop over {pair.library} failed")
    return float(told.split()[0])
