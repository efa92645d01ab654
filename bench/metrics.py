"""What a scrape of `/metrics` costs with 10,000 monitors: time, bytes, memory, punctuality."""

import asyncio
import os
import socket
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, sleep
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from rich.table import Table

from bench.monitors import count_outcomes, last_outcome, lateness, percentile, post_monitors
from bench.service import MIB, Served, serving
from bench.targets import fast

_MANY: Final = 10_000
_INTERVAL: Final = 30
# So long an interval that after the first round nothing happens but the scrapes.
_QUIET_INTERVAL: Final = 86_400
_SCRAPES: Final = int(os.environ.get("BENCH_SCRAPES", "20"))
# As Prometheus asks by default four times a minute; here more often, so that it counts.
_REST_SECONDS: Final = 2.0
_SETTINGS: Final = {"TERCET_PER_HOST": "0"}
_REQUEST: Final = "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}\r\n"
_OPENMETRICS: Final = "Accept: application/openmetrics-text;version=1.0.0\r\n"


class _Scrapes(NamedTuple):
    """How long scrapes took, in ms, and how many bytes the last one was."""

    ms: list[float]
    size: int


async def measure() -> Table:
    """10,000 monitors: scrapes while nothing else happens, and while each is checked."""
    return await asyncio.to_thread(_measured)


def _measured() -> Table:
    table = Table("what", "measured", "wanted", title=f"/metrics with {_MANY:,} monitors")
    with fast() as target:
        for row in (*_quiet(target), *_busy(target)):
            table.add_row(*row)
    return table


def _quiet(target: str) -> Iterator[tuple[str, str, str]]:
    with tempfile.TemporaryDirectory(prefix="tercet-bench-") as name:
        folder = Path(name)
        with serving(folder, _SETTINGS) as served:
            post_monitors(served, target, _MANY, _QUIET_INTERVAL)
            while count_outcomes(folder) < _MANY:
                sleep(0.5)
            sleep(_REST_SECONDS)
            before = _memory(served)
            first = _scrape(served)
            grown = _peak(served) - before
            scrapes = _scraped(served)
            later = _peak(served) - before
            om = statistics.median(_scrape(served, _OPENMETRICS)[0] for _ in range(5))
        yield "a scrape, median", f"{statistics.median(scrapes.ms):.0f} ms", "≤ 300 ms"
        yield "the slowest", f"{max(scrapes.ms):.0f} ms", ""
        yield "the first", f"{first[0]:.0f} ms", ""
        yield "as OpenMetrics, median", f"{om:.0f} ms", ""
        yield "its size", f"{scrapes.size / MIB:.1f} MiB", ""
        yield "new memory at most, first scrape", f"{grown / MIB:.2f} MiB", "≤ 1 MB"
        yield f"new memory at most, {_SCRAPES} scrapes", f"{later / MIB:.2f} MiB", "≤ 1 MB"
        sleep(1)
        with serving(folder, _SETTINGS) as served:
            started = _scrape(served)
        yield "a scrape at once after a start", f"{started[0]:.0f} ms", ""


def _busy(target: str) -> Iterator[tuple[str, str, str]]:
    with tempfile.TemporaryDirectory(prefix="tercet-bench-") as name:
        folder = Path(name)
        with serving(folder, _SETTINGS) as served:
            post_monitors(served, target, _MANY, _INTERVAL)
            sleep(2 * _INTERVAL)
            last = last_outcome(folder)
            sleep(_INTERVAL)
            alone, _ = lateness(folder, last)
            last = last_outcome(folder)
            scrapes = _scraped(served, _REST_SECONDS)
            late, missed = lateness(folder, last)
    yield (
        f"each checked every {_INTERVAL} s: a scrape, median",
        (f"{statistics.median(scrapes.ms):.0f} ms"),
        "≤ 300 ms",
    )
    yield "start lateness of checks before, p50, p99", _shown(alone), ""
    yield f"with a scrape every {_REST_SECONDS:.0f} s", _shown(late), ""
    yield "missed", str(missed), "0"


def _scraped(served: Served, rest: float = 0.0) -> _Scrapes:
    times, size = [], 0
    for _ in range(_SCRAPES):
        took, size = _scrape(served)
        times.append(took)
        sleep(rest)
    return _Scrapes(times, size)


def _scrape(served: Served, accept: str = "") -> tuple[float, int]:
    """Milliseconds from the request to the last byte, and how many bytes came."""
    address = urlsplit(served.url)
    assert address.hostname is not None
    buffer, size = bytearray(MIB), 0
    began = perf_counter()
    with socket.create_connection((address.hostname, address.port or 80)) as there:
        there.sendall(_REQUEST.format(address.netloc, accept).encode())
        while got := there.recv_into(buffer):
            size += got
    return (perf_counter() - began) * 1e3, size


def _memory(served: Served) -> int:
    """Bytes the service holds; its peak is counted anew from here."""
    Path(f"/proc/{served.process.pid}/clear_refs").write_text("5", encoding="ascii")
    return _of_status(served, "VmRSS")


def _peak(served: Served) -> int:
    return _of_status(served, "VmHWM")


def _of_status(served: Served, name: str) -> int:
    for line in Path(f"/proc/{served.process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(name)


def _shown(late: list[float]) -> str:
    return f"{percentile(late, 50):.1f}, {percentile(late, 99):.1f} ms"
