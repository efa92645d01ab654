"""What a worker costs: start and stop of a thread, a process, a task; time and memory each."""

import asyncio
import gc
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from statistics import fmean, median
from time import perf_counter
from typing import Final, NamedTuple

import psutil

from checkers.outcome import Status
from checkers.strategies.catalogue import StrategyName
from checkers.workloads.carried import Done, Order, Prepared, Unpaced, as_it_is

#: The least a process of Python costs: an interpreter that says it is there, and ends when told.
_PROCESS: Final = (
    sys.executable, "-P", "-S", "-c",
    "import sys; sys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()",
)  # fmt: skip
# How many are held at once to see what each takes; tasks are small, and many of them make one page.
_HELD: Final = {
    StrategyName.THREADED: 100,
    StrategyName.MULTIPROCESS: 5,
    StrategyName.ASYNC: 20_000,
}
_Item = tuple[int, int]


class Spent(NamedTuple):
    """Seconds from asking for a worker to its first step, and from telling it to end to its end."""

    start: float
    stop: float


@dataclass(frozen=True)
class Spawns(Unpaced):
    """Starts and stops what a strategy is made of, one after the other."""

    kind: StrategyName

    @contextmanager
    def opened(self, *, alone: bool = False) -> Iterator[Callable[[_Item], Done]]:  # noqa: ARG002 -- for threads or one
        spawn = _SPAWNS[self.kind]

        def perform(item: _Item) -> Done:
            spent = spawn()
            return Done(item[0], spent.start + spent.stop, Status.UP, spent)

        yield perform

    @asynccontextmanager
    async def opened_async(self) -> AsyncIterator[Callable[[_Item], Awaitable[Done]]]:
        async def perform(item: _Item) -> Done:
            spent = await _task()
            return Done(item[0], spent.start + spent.stop, Status.UP, spent)

        yield perform


def _call() -> Spent:
    """Nothing is started at all: what calling a function costs."""
    began = perf_counter()
    entered = _entered()
    return Spent(entered - began, perf_counter() - entered)


def _entered() -> float:
    return perf_counter()


def _thread() -> Spent:
    entered = 0.0
    there, told = threading.Event(), threading.Event()

    def live() -> None:
        nonlocal entered
        entered = perf_counter()
        there.set()
        told.wait()

    began = perf_counter()
    thread = threading.Thread(target=live)
    thread.start()
    there.wait()
    ending = perf_counter()
    told.set()
    thread.join()
    return Spent(entered - began, perf_counter() - ending)


def _process() -> Spent:
    began = perf_counter()
    process = _started()
    entered = perf_counter()
    process.communicate()
    return Spent(entered - began, perf_counter() - entered)


def _started() -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(_PROCESS, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read(1)
    return process


async def _task() -> Spent:
    entered = 0.0
    there, told = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        nonlocal entered
        entered = perf_counter()
        there.set()
        await told.wait()

    began = perf_counter()
    async with asyncio.TaskGroup() as group:
        group.create_task(live())
        await there.wait()
        ending = perf_counter()
        told.set()
    return Spent(entered - began, perf_counter() - ending)


_SPAWNS: Final[dict[StrategyName, Callable[[], Spent]]] = {
    StrategyName.SEQUENTIAL: _call,
    StrategyName.THREADED: _thread,
    StrategyName.MULTIPROCESS: _process,
}


@contextmanager
def prepared(order: Order) -> Iterator[Prepared]:
    """Memory is looked at before the run, while some are held at once."""
    each = _memory_of_each(order.strategy)

    def metrics(done: Sequence[Done], wall: float) -> dict[str, float]:
        spent = [item.value for item in done if item.value is not None]
        return {
            "start_us": median(item.start for item in spent) * 1e6,
            "stop_us": median(item.stop for item in spent) * 1e6,
            "memory_bytes": each,
            "started_per_second": len(done) / wall,
        }

    items = [(seq, 0) for seq in range(order.items)]
    yield Prepared(Spawns(order.strategy), items, metrics, as_it_is)


def _memory_of_each(kind: StrategyName) -> float:
    """Bytes that one more takes: what only it has in memory."""
    match kind:
        case StrategyName.THREADED:
            return _memory_of_threads(_HELD[kind])
        case StrategyName.MULTIPROCESS:
            return _memory_of_processes(_HELD[kind])
        case StrategyName.ASYNC:
            return asyncio.run(_memory_of_tasks(_HELD[kind]))
        case _:
            return 0.0


def _memory_of_threads(count: int) -> float:
    told = threading.Event()
    threads = [threading.Thread(target=told.wait) for _ in range(count)]
    before = _resident()
    for thread in threads:
        thread.start()
    taken = _resident() - before
    told.set()
    for thread in threads:
        thread.join()
    return max(taken / count, 0.0)


def _memory_of_processes(count: int) -> float:
    held = [_started() for _ in range(count)]
    try:
        return fmean(psutil.Process(process.pid).memory_full_info().uss for process in held)
    finally:
        for process in held:
            process.communicate()


async def _memory_of_tasks(count: int) -> float:
    told = asyncio.Event()

    async def live() -> None:
        await told.wait()

    gc.collect()
    before = _resident()
    tasks = [asyncio.ensure_future(live()) for _ in range(count)]
    await asyncio.sleep(0)
    taken = _resident() - before
    told.set()
    await asyncio.gather(*tasks)
    return max(taken / count, 0.0)


def _resident() -> int:
    resident: int = psutil.Process().memory_info().rss
    return resident
