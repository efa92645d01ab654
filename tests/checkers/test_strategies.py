"""What every strategy promises, asked of each with any work."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import pytest
import uvloop

from checkers import CATALOGUE, Limits, Strategy, StrategyName
from checkers.errors import WorkNotPicklable
from checkers.strategies.catalogue import entry
from checkers.strategies.strategy import Fault
from checkers.strategies.supply import Stream

# Two where each lane is a process of its own.
LANES = {name: min(4, known.max_concurrency) for name, known in CATALOGUE.items()}
LANES[StrategyName.MULTIPROCESS] = 2
ALL = list(CATALOGUE)


@dataclass(frozen=True)
class Doubling:
    """A work that doubles numbers; some items are poisonous."""

    poison: int = -1
    deadly: int = -1
    slow_seconds: float = 0.0

    @contextmanager
    def opened(
        self,
        *,
        alone: bool = False,  # noqa: ARG002 -- as a work has it
    ) -> Iterator[Callable[[int], tuple[int, object]]]:
        yield self.perform

    @asynccontextmanager
    async def opened_async(self) -> AsyncIterator[Callable[[int], Awaitable[tuple[int, object]]]]:
        async def perform(item: int) -> tuple[int, object]:
            await asyncio.sleep(self.slow_seconds)
            return self.doubled(item)

        yield perform

    def perform(self, item: int) -> tuple[int, object]:
        time.sleep(self.slow_seconds)
        return self.doubled(item)

    def doubled(self, item: int) -> tuple[int, object]:
        if item == self.poison:
            raise ValueError("poison")
        if item == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return item, item * 2

    @property
    def paced(self) -> bool:
        return True

    def per_place(self) -> None:
        return None

    def own_loop(self) -> None:
        return None

    def fault(self, item: int, fault: Fault, detail: str) -> tuple[int, object]:
        assert detail
        return item, fault


def carried_out(
    name: StrategyName, work: Doubling, items: Iterator[int] | range
) -> list[tuple[int, object]]:
    """Everything a strategy emits of a run."""
    (emitted,) = carried_out_in_turn(name, work, items)
    return emitted


def carried_out_in_turn(
    name: StrategyName, work: Doubling, *runs: Iterator[int] | range
) -> list[list[tuple[int, object]]]:
    """Everything a strategy emits of some runs, one after another."""
    emitted: list[list[tuple[int, object]]] = []

    async def emit(some: list[tuple[int, object]]) -> None:
        emitted[-1].extend(some)

    async def scenario() -> None:
        strategy = made(name)
        try:
            await strategy.open(work)
            for items in runs:
                emitted.append([])
                await strategy.run(work, items, emit)
        finally:
            await strategy.close()

    uvloop.run(scenario())
    return emitted


def made(name: StrategyName) -> Strategy:
    return entry(name).make(Limits(concurrency=LANES[name]))


@pytest.mark.parametrize("name", ALL)
def test_every_item_has_exactly_one_outcome(name: StrategyName) -> None:
    counts = [0, 1, 3, 500]

    runs = carried_out_in_turn(name, Doubling(), *map(range, counts))

    assert [sorted(run) for run in runs] == [[(n, n * 2) for n in range(c)] for c in counts]


@pytest.mark.parametrize("name", ALL)
def test_a_poisonous_item_ends_only_itself(name: StrategyName) -> None:
    emitted = dict(carried_out(name, Doubling(poison=7), range(50)))

    assert emitted.pop(7) is Fault.INTERNAL_ERROR
    assert emitted == {n: n * 2 for n in range(50) if n != 7}


@pytest.mark.parametrize("name", ALL)
def test_items_are_taken_as_they_are_needed(name: StrategyName) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100_000):
            taken.append(number)
            yield number

    async def scenario() -> None:
        release = asyncio.Event()

        async def emit(_some: list[tuple[int, object]]) -> None:
            await release.wait()

        strategy = made(name)
        await strategy.open(Doubling())
        task = asyncio.create_task(strategy.run(Doubling(), items(), emit))
        before = -1
        while before != len(taken):
            before = len(taken)
            await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.wait([task])
        await strategy.close()

    uvloop.run(scenario())

    # Nobody takes the outcomes, so the run stands still with what fits in between.
    assert 0 < len(taken) <= 1200


@pytest.mark.parametrize("name", ALL)
def test_after_cancellation_nothing_is_emitted_and_nothing_started(name: StrategyName) -> None:
    emitted: list[tuple[int, object]] = []
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10_000):
            taken.append(number)
            yield number

    async def scenario() -> tuple[int, int]:
        first = asyncio.Event()

        async def emit(some: list[tuple[int, object]]) -> None:
            emitted.extend(some)
            first.set()

        strategy = made(name)
        await strategy.open(Doubling(slow_seconds=0.01))
        task = asyncio.create_task(strategy.run(Doubling(slow_seconds=0.01), items(), emit))
        await first.wait()
        task.cancel()
        await asyncio.wait([task])
        counts = len(emitted), len(taken)
        await asyncio.sleep(0.2)
        await strategy.close()
        return counts

    emitted_then, taken_then = uvloop.run(scenario())

    assert len(emitted) == emitted_then
    assert len(taken) <= taken_then + LANES[name]
    assert len(taken) < 10_000


@pytest.mark.parametrize("name", ALL)
def test_what_the_consumer_raises_ends_the_run(name: StrategyName) -> None:
    class Full(Exception):
        """The consumer has no room."""

    async def scenario() -> None:
        async def emit(_some: list[tuple[int, object]]) -> None:
            raise Full

        strategy = made(name)
        await strategy.open(Doubling())
        try:
            await strategy.run(Doubling(), range(1000), emit)
        finally:
            await strategy.close()

    with pytest.raises(Full):
        uvloop.run(scenario())


@pytest.mark.parametrize("name", ALL)
def test_what_the_source_of_items_raises_ends_the_run(name: StrategyName) -> None:
    def items() -> Iterator[int]:
        yield from range(10)
        raise UnicodeError("not a list of URLs")

    with pytest.raises(UnicodeError):
        carried_out(name, Doubling(), items())


def test_a_worker_that_dies_costs_its_own_item_and_no_other() -> None:
    emitted = dict(carried_out(StrategyName.MULTIPROCESS, Doubling(deadly=5), range(40)))

    assert emitted.pop(5) is Fault.WORKER_LOST
    assert emitted == {n: n * 2 for n in range(40) if n != 5}


def test_workers_stay_warm_from_run_to_run_and_their_usage_counts() -> None:
    async def emit(_some: list[tuple[int, object]]) -> None:
        return None

    async def scenario() -> tuple[float, float]:
        strategy = made(StrategyName.MULTIPROCESS)
        await strategy.open(Doubling())
        before = await strategy.usage()
        await strategy.run(Doubling(), range(100), emit)
        await strategy.run(Doubling(), range(100), emit)
        after = await strategy.usage()
        await strategy.close()
        return before.cpu, after.cpu

    before, after = uvloop.run(scenario())

    assert 0 < before <= after


def test_work_that_cannot_go_to_another_process_is_refused_with_a_sentence() -> None:
    @dataclass(frozen=True)
    class Local(Doubling):
        """A class that no other process can find."""

    with pytest.raises(WorkNotPicklable, match="Local"):
        carried_out(StrategyName.MULTIPROCESS, Local(), range(3))


def test_workers_left_in_the_middle_of_their_start_answer_nobody_else() -> None:
    emitted: list[tuple[int, object]] = []

    async def emit(some: list[tuple[int, object]]) -> None:
        emitted.extend(some)

    async def scenario() -> None:
        strategy = made(StrategyName.MULTIPROCESS)
        for patience in (0.05, 0.15, 0.3):
            opening = asyncio.create_task(strategy.open(Doubling()))
            await asyncio.sleep(patience)
            opening.cancel()
            await asyncio.wait([opening])
        await strategy.open(Doubling())
        await strategy.run(Doubling(), range(20), emit)
        await strategy.close()

    uvloop.run(scenario())

    assert sorted(emitted) == [(n, n * 2) for n in range(20)]


async def streamed(
    name: StrategyName,
    work: Doubling,
    use: Callable[[Strategy, Stream[int], Callable[[int], Awaitable[None]]], Awaitable[None]],
) -> list[tuple[int, object]]:
    """Everything a strategy emits of a stream; `use` is given it, and what waits for so many."""
    emitted: list[tuple[int, object]] = []
    news = asyncio.Event()

    async def emit(some: list[tuple[int, object]]) -> None:
        emitted.extend(some)
        news.set()

    async def until(count: int) -> None:
        while len(emitted) < count:
            news.clear()
            await news.wait()

    strategy, stream = made(name), Stream[int]()
    try:
        await strategy.open(work)
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(strategy.run(work, stream, emit))
            await use(strategy, stream, until)
    finally:
        await strategy.close()
    return emitted


@pytest.mark.parametrize("name", ALL)
def test_items_that_come_in_are_carried_out_as_they_come(name: StrategyName) -> None:
    async def use(
        _: Strategy, stream: Stream[int], until: Callable[[int], Awaitable[None]]
    ) -> None:
        for first in range(0, 100, 10):
            stream.give(range(first, first + 10))
            await until(first + 10)
        stream.give(range(100, 200))
        stream.finish()

    emitted = uvloop.run(streamed(name, Doubling(), use))

    assert sorted(emitted) == [(n, n * 2) for n in range(200)]


@pytest.mark.parametrize("name", ALL)
def test_a_stream_that_ends_without_an_item_ends_the_run(name: StrategyName) -> None:
    async def use(_: Strategy, stream: Stream[int], __: Callable[[int], Awaitable[None]]) -> None:
        await asyncio.sleep(0)
        stream.finish()

    assert uvloop.run(streamed(name, Doubling(), use)) == []


@pytest.mark.parametrize("name", ALL)
def test_a_stream_is_finished_though_nothing_is_under_way(name: StrategyName) -> None:
    async def use(
        strategy: Strategy, stream: Stream[int], until: Callable[[int], Awaitable[None]]
    ) -> None:
        stream.give([1])
        await until(1)
        strategy.finish()

    assert uvloop.run(streamed(name, Doubling(), use)) == [(1, 2)]


@pytest.mark.parametrize("name", [StrategyName.MULTIPROCESS, StrategyName.HYBRID])
def test_an_item_of_a_stream_that_kills_its_worker_twice_is_lost_and_no_other(
    name: StrategyName,
) -> None:
    async def use(
        _: Strategy, stream: Stream[int], until: Callable[[int], Awaitable[None]]
    ) -> None:
        stream.give([5])
        await until(1)
        stream.give(range(10, 50))
        await until(41)
        stream.finish()

    emitted = dict(uvloop.run(streamed(name, Doubling(deadly=5), use)))

    assert emitted.pop(5) is Fault.WORKER_LOST
    assert emitted == {n: n * 2 for n in range(10, 50)}
