"""The whole service: what a batch costs end to end, and how quick it stays meanwhile."""

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Final

import psutil
import requests
from rich.table import Table

from app.domain.statistics import nearest_rank
from bench.cost import wrk
from bench.targets import fast

_READY: Final = "Tercet serves on "
_BIG: Final = 100_000
_COMPARED: Final = 20_000
_IN_FLIGHT: Final = 200
_ROUNDS: Final = 5
MIB: Final = 2**20


class Served:
    """A service in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.url = url
        self.process = psutil.Process(process.pid)

    def post(self, body: dict[str, Any]) -> str:
        answer = requests.post(f"{self.url}/api/v1/batches", json=body, timeout=60)
        answer.raise_for_status()
        return str(answer.json()["links"]["self"])

    def ended(self, here: str) -> dict[str, Any]:
        while True:
            batch: dict[str, Any] = requests.get(self.url + here, timeout=60).json()
            if batch["status"] not in ("queued", "running"):
                return batch
            sleep(0.1)

    def cpu(self) -> float:
        """Seconds of processor time of the service and its children so far."""
        return sum(sum(p.cpu_times()[:2]) for p in self._processes())

    def resident(self) -> int:
        """Bytes that the service and its children hold."""
        return sum(process.memory_info().rss for process in self._processes())

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


async def measure() -> Table:
    """100,000 URLs through REST, and what 20,000 cost beside a bare loop; everything stored."""
    return await asyncio.to_thread(_measured)


def _measured() -> Table:
    table = Table("what", "measured", "wanted", title="The service, async, local targets")
    with (
        fast() as target,
        tempfile.TemporaryDirectory(prefix="tercet-bench-") as folder,
        serving(Path(folder)) as served,
    ):
        for row in _big(served, target):
            table.add_row(*row)
        title = "CPU, everything stored ÷ bare aiohttp loop"
        table.add_row(title, _beside(served, target, None, _bare), "≤ 1.8")
        if shutil.which("wrk") is not None:
            title = "CPU with curl, everything stored ÷ wrk"
            table.add_row(title, _beside(served, target, "curl", _wrk), "≤ 3.0")
    return table


def _beside(served: Served, target: str, client: str | None, plain: Callable[[str], float]) -> str:
    """CPU of a request through REST, stored, ÷ that of something plain: each in its turn."""
    ratios = []
    for _ in range(_ROUNDS):
        before = served.cpu()
        here = served.post(
            {"urls": [target] * _COMPARED, "pace": "max", "per_host": 0, "client": client,
             "concurrency": _IN_FLIGHT}
        )  # fmt: skip
        served.ended(here)
        ours = (served.cpu() - before) / _COMPARED
        ratios.append(ours / plain(target))
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


def _wrk(target: str) -> float:
    return asyncio.run(wrk(target, _IN_FLIGHT)).cpu


def _bare(target: str) -> float:
    """Seconds of processor time that a bare aiohttp loop takes for each request."""
    words = ["aiohttp", target, str(_COMPARED), str(_IN_FLIGHT)]
    told = subprocess.run(
        [sys.executable, "-m", "bench.plain", *words], capture_output=True, text=True, check=True
    ).stdout
    return float(told.split()[0]) / _COMPARED


def _big(served: Served, target: str) -> Iterator[tuple[str, str, str]]:
    body = "\n".join(f"{target}?{number}" for number in range(_BIG)).encode()
    with _watched(served) as watched:
        began = perf_counter()
        answer = requests.post(
            f"{served.url}/api/v1/batches?per_host=0&pace=max",
            data=body, headers={"Content-Type": "text/plain"}, timeout=60,
        )  # fmt: skip
        accepted = perf_counter() - began
        batch = served.ended(answer.json()["links"]["self"])
    assert batch["counts"]["up"] == _BIG, batch["counts"]
    yield f"{_BIG:,} URLs as text: accepted (202) after", f"{accepted:.2f} s", "≤ 2 s"
    yield "checked and stored, checks/s", f"{batch['checks_per_second']:,.0f}", ""
    yield "service and child together, at most", f"{watched.resident / MIB:.0f} MiB", "≤ 300 MB"
    yield "/livez meanwhile, p99", f"{_p99(watched.livez):.0f} ms", "≤ 100 ms"
    yield "GET /batches meanwhile, p99", f"{_p99(watched.listed):.0f} ms", "≤ 150 ms"


class _Watched:
    """What was seen of a service while it worked."""

    def __init__(self) -> None:
        self.resident = 0
        self.livez: list[float] = []
        self.listed: list[float] = []


@contextmanager
def _watched(served: Served) -> Iterator[_Watched]:
    seen, over = _Watched(), threading.Event()

    def watch() -> None:
        with requests.Session() as session:
            while not over.wait(0.02):
                seen.resident = max(seen.resident, served.resident())
                for path, times in (("/livez", seen.livez), ("/api/v1/batches", seen.listed)):
                    began = perf_counter()
                    session.get(served.url + path, timeout=60).raise_for_status()
                    times.append(perf_counter() - began)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


@contextmanager
def serving(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Served]:
    """A service over a database in a folder, until the block is left."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TERCET_")}
    environment = {
        **own,
        "TERCET_DATABASE_URL": f"sqlite:///{folder}/tercet.db",
        "TERCET_PORT": "0",
        "TERCET_ALLOWED_NETWORKS": "127.0.0.0/8",
        **(settings or {}),
    }
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "app", "serve"],
        env=environment, cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield Served(process, line.removeprefix(_READY).split()[0])
    finally:
        process.terminate()
        process.wait(30)


def _p99(seconds: Sequence[float]) -> float:
    return nearest_rank(sorted(seconds), 99) * 1e3
