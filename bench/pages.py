"""What pages cost: the overview of 10,000 monitors, and many that are open and live."""

import asyncio
import contextlib
import os
import re
import shutil
import statistics
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

import aiohttp
import requests
from playwright.sync_api import sync_playwright
from rich.table import Table

from bench.past import Sizes, make
from bench.service import Served, serving
from bench.targets import fast

# Smaller ones for a first look: BENCH_OUTCOMES=100000.
_OUTCOMES: Final = int(os.environ.get("BENCH_OUTCOMES", "10000000"))
_MONITORS: Final = 10_000
_INTERVAL: Final = 100 / 3
_DAYS: Final = 35
_TRIES: Final = 25
_SETTLES_SECONDS: Final = 20.0
_OPEN: Final = 200
_LOOKED_SECONDS: Final = 20.0
_ROUNDS: Final = 3
_SETTINGS: Final = {"TERCET_PER_HOST": "0", "TERCET_RAW_MAX_BYTES": "100000000000",
                    "TERCET_RAW_DAYS": "3650"}  # fmt: skip
_PAGE: Final = {"Accept": "text/html"}


async def measure() -> Table:
    """The overview, its first picture, and open pages beside 300 checks a second."""
    return await asyncio.to_thread(_measured)


def _measured() -> Table:
    sizes = Sizes(count=_MONITORS, each=_OUTCOMES // _MONITORS, days=_DAYS, interval=_INTERVAL)
    title = f"{_MONITORS:,} monitors checked 300 times a second, {_OUTCOMES:,} outcomes kept"
    table = Table("what", "measured", "wanted", title=title)
    with fast() as target, tempfile.TemporaryDirectory(prefix="tercet-bench-") as name:
        folder = Path(name)
        make(folder, target, sizes)
        with serving(folder, _SETTINGS) as served:
            sleep(_SETTLES_SECONDS)
            for row in _read(served):
                table.add_row(*row)
            table.add_row(*_first_chart(served))
            table.add_row(*_live(served))
    return table


def _read(served: Served) -> Iterator[tuple[str, str, str]]:
    for told, path in (
        ("the overview", "/"),
        ("a page of the list, first time", "/monitors?page={}"),
    ):
        took, size = [], 0
        with requests.Session() as session:
            for number in range(_TRIES + 1):
                began = perf_counter()
                answer = session.get(
                    served.url + path.format(number + 2), headers=_PAGE, timeout=60
                )
                took.append(perf_counter() - began)
                size = len(answer.content)
        wanted = "≤ 50 ms, ≤ 150 kB" if path == "/" else ""
        middle = statistics.median(took[1:])
        yield f"{told}, median of {_TRIES}", f"{middle * 1e3:.0f} ms, {size / 1e3:.0f} kB", wanted


def _first_chart(served: Served) -> tuple[str, str, str]:
    """From asking for the page to the frame in which a strip stands."""
    path = shutil.which("chromium")
    told = f"first chart in a browser, median of {_TRIES}"
    if path is None:
        return told, "no browser here", "≤ 1,000 ms"
    took = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_context(locale="en-GB").new_page()
        for _ in range(_TRIES):
            page.goto(served.url, wait_until="commit")
            page.wait_for_selector("svg.strip")
            took.append(
                page.evaluate(
                    "new Promise((r) => requestAnimationFrame(() => r(performance.now())))"
                )
            )
        browser.close()
    return told, f"{statistics.median(took):.0f} ms", "≤ 1,000 ms"


def _live(served: Served) -> tuple[str, str, str]:
    """CPU of the service with open pages and without, by turns."""
    page = requests.get(served.url, headers=_PAGE, timeout=60).text
    found = re.search(r'sse-connect="([^"]+)"', page)
    assert found is not None
    without, along, messages = [], [], 0
    for _ in range(_ROUNDS):
        without.append(_share(served))
        with _opened(served.url + found[1]) as counted:
            sleep(2)
            along.append(_share(served))
            messages += counted[0]
    more = statistics.median(along) - statistics.median(without)
    shown = (
        f"{more:.1%} of a core ({statistics.median(without):.1%} without), "
        f"{messages:,} pieces heard"
    )
    return f"{_OPEN} open pages more, median of {_ROUNDS} by turns", shown, "≤ 10 %"


def _share(served: Served) -> float:
    cpu, began = served.cpu(), perf_counter()
    sleep(_LOOKED_SECONDS)
    return (served.cpu() - cpu) / (perf_counter() - began)


@contextlib.contextmanager
def _opened(address: str) -> Iterator[list[int]]:
    """Streams that are read as they come, by a thread of their own."""
    counted, stop = [0], threading.Event()

    async def listen(session: aiohttp.ClientSession) -> None:
        async with session.get(address) as answer:
            async for _ in answer.content.iter_any():
                counted[0] += 1

    async def all_of_them() -> None:
        timeout = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            tasks = [asyncio.ensure_future(listen(session)) for _ in range(_OPEN)]
            await asyncio.to_thread(stop.wait)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(all_of_them()))
    thread.start()
    try:
        yield counted
    finally:
        stop.set()
        thread.join()
