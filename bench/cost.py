"""Processor time of a check, beside the shortest loop over the same library and beside wrk."""

import asyncio
import math
import resource
import shutil
import statistics
import sys
from collections.abc import Callable
from typing import NamedTuple

from rich.table import Table

from bench.runs import Bench
from bench.targets import fast, fast_secure
from checkers import ClientName, StrategyName, Target

_ROUNDS = 5
_WRK_SECONDS = 1
_NO_WRK = "wrk is not on this machine (Debian's package wrk), so nothing is held against it."


class Pair(NamedTuple):
    """A cell and the plain loop it is held against."""

    title: str
    cell: tuple[StrategyName, ClientName]
    plain: str
    in_flight: int
    checks: int
    wanted: str


class Took(NamedTuple):
    """What a loop took for each request, in seconds of processor and of wall time."""

    cpu: float
    wall: float


_CURL, _REQUESTS = ClientName.CURL, ClientName.REQUESTS
_ASYNC, _THREADED = StrategyName.ASYNC, StrategyName.THREADED
_PLAIN = (
    Pair("async + aiohttp : bare aiohttp", (_ASYNC, ClientName.AIOHTTP), "aiohttp", 200, 10_000,
         "≤ 1.4"),
    Pair("threaded + requests : requests.get", (_THREADED, _REQUESTS), "requests", 32, 10_000,
         "≤ 1.0"),
    Pair("async + curl : wrk", (_ASYNC, _CURL), "wrk", 200, 10_000, "≤ 2.0"),
    Pair("async + curl : bare libcurl", (_ASYNC, _CURL), "curl", 200, 10_000, ""),
    Pair("threaded + curl : wrk", (_THREADED, _CURL), "wrk", 32, 10_000, ""),
)  # fmt: skip
_SECURE = (
    Pair("threaded + requests : requests.get", (_THREADED, _REQUESTS), "requests", 32, 1_000,
         "≤ 0.15"),
    Pair("async + curl : wrk, which resumes sessions", (_ASYNC, _CURL), "wrk", 200, 3_000, "≤ 1.4"),
    Pair("async + curl : bare libcurl", (_ASYNC, _CURL), "curl", 200, 3_000, ""),
)  # fmt: skip
_RATE = Pair("threaded + curl : requests.get", (_THREADED, _CURL), "requests", 32, 10_000, "≥ 8")


async def measure() -> Table:
    """Ratios of CPU per check, the two of a pair in turn within one run."""
    title = f"CPU per check, a new connection each, {_ROUNDS} rounds side by side"
    headings = ("pair", "checks", "Tercet µs", "plain µs", "ratio", "range", "wanted")
    wrk = shutil.which("wrk") is not None
    table = Table(*headings, title=title, caption=None if wrk else _NO_WRK)
    with fast() as url:
        for pair in _PLAIN:
            if wrk or pair.plain != "wrk":
                await _add(table, pair, url, None, lambda took: took.cpu)
        table.add_section()
        await _add(table, _RATE, url, None, lambda took: 1 / took.wall, "checks/s")
        table.add_section()
    with fast_secure() as (url, bundle):
        for pair in _SECURE:
            if wrk or pair.plain != "wrk":
                secure = pair._replace(title=f"HTTPS, {pair.title}")
                await _add(table, secure, url, str(bundle), lambda took: took.cpu)
    return table


async def _add(
    table: Table,
    pair: Pair,
    url: str,
    ca_bundle: str | None,
    figure: Callable[[Took], float],
    unit: str = "",
) -> None:
    bench = Bench(ca_bundle)
    targets = [Target(url=url)] * pair.checks
    await bench.check(pair.cell, targets[:500], pair.in_flight)
    ours, theirs = [], []
    for _ in range(_ROUNDS):
        run = await bench.check(pair.cell, targets, pair.in_flight)
        if run.up != pair.checks:
            raise RuntimeError(f"{pair.title}: only {run.up} of {pair.checks} were up")
        ours.append(figure(Took(run.cpu / pair.checks, run.wall / pair.checks)))
        theirs.append(figure(await _plain(pair, url, ca_bundle)))
    await bench.close()
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    scale = 1 if unit else 1e6
    table.add_row(
        pair.title,
        f"{pair.checks:,}",
        f"{statistics.median(ours) * scale:,.0f} {unit}".strip(),
        f"{statistics.median(theirs) * scale:,.0f} {unit}".strip(),
        f"{math.exp(statistics.fmean(map(math.log, ratios))):.2f}",
        f"{min(ratios):.2f}–{max(ratios):.2f}",
        pair.wanted,
    )


async def _plain(pair: Pair, url: str, ca_bundle: str | None) -> Took:
    if pair.plain == "wrk":
        return await wrk(url, pair.in_flight)
    words = [pair.plain, url, str(pair.checks), str(pair.in_flight)]
    told = await _told(
        sys.executable, "-m", "bench.plain", *words, *([ca_bundle] if ca_bundle else [])
    )
    cpu, wall = map(float, told.split())
    return Took(cpu / pair.checks, wall / pair.checks)


async def wrk(url: str, in_flight: int) -> Took:
    """The floor: a client in C that reads no more of an answer than it must."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    many = ("-t1", f"-c{in_flight}", f"-d{_WRK_SECONDS}s", "-H", "Connection: close")
    told = await _told("wrk", *many, url)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    count = next(int(line.split()[0]) for line in told.splitlines() if "requests in" in line)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(cpu / count, _WRK_SECONDS / count)


async def _told(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:4])} failed")
    return told.decode()
