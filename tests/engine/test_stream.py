"""Runs that stay open, to which items are given as they become due."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
import uvloop

from app.engine import stream as stream_module
from app.engine.local import Engine, Order, Slot
from app.engine.stream import Streaming
from checkers import CATALOGUE, ClientName, Item, Outcome, Reason, Status, StrategyName, Target
from tests.farm.grid import GRID
from tests.farm.servers import Crowd, Servers, answering, delayed, ok

LOOPBACK = ("127.0.0.0/8",)
DEADLINE = 30.0


class Open:
    """A stream that is served, and what it has emitted."""

    def __init__(self, engine: Engine, order: Order) -> None:
        self.engine = engine
        self.outcomes: list[Outcome] = []
        self._news = asyncio.Event()
        self.streaming: Streaming = engine.stream(Slot.WATCH, order, self._take)
        self.serving = asyncio.ensure_future(self.streaming.serve())

    async def _take(self, some: list[Outcome]) -> None:
        self.outcomes.extend(some)
        self._news.set()

    async def give(self, url: str, *seqs: int, since: float | None = None) -> None:
        now = monotonic() if since is None else since
        await self.streaming.give([Item(seq, Target(url=url, timeout=20), now) for seq in seqs])

    async def until(self, count: int) -> None:
        """Wait for so many outcomes."""
        async with asyncio.timeout(DEADLINE):
            while len(self.outcomes) < count:
                self._news.clear()
                await self._news.wait()

    async def ended(self) -> None:
        async with asyncio.timeout(DEADLINE):
            await self.serving

    async def child(self) -> int:
        """The process, once there is one."""
        while True:
            if (pid := self.engine._hosts[Slot.WATCH].pid) is not None:
                return pid
            await asyncio.sleep(0.01)


def _order(
    name: StrategyName = StrategyName.ASYNC,
    client: ClientName = ClientName.CURL,
    concurrency: int = 4,
    **more: Any,
) -> Order:
    most = CATALOGUE[name].max_concurrency
    return Order(strategy=name, client=client, concurrency=min(concurrency, most), **more)


@asynccontextmanager
async def opened(order: Order) -> AsyncIterator[Open]:
    engine = Engine(LOOPBACK)
    stream = Open(engine, order)
    try:
        yield stream
    finally:
        stream.serving.cancel()
        await asyncio.wait([stream.serving])
        await engine.close()


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    uvloop.run(scenario())


@pytest.mark.parametrize(("name", "client"), GRID)
def test_what_is_given_bit_by_bit_comes_back_once_each(
    name: StrategyName, client: ClientName, farm: Servers
) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"

    async def scenario() -> None:
        async with opened(_order(name, client)) as stream:
            for first in range(0, 30, 10):
                await stream.give(url, *range(first, first + 10))
                await stream.until(first + 10)
            assert stream.streaming.in_flight == 0
            await stream.give(url, 30)
            await stream.streaming.close()
            await stream.ended()

            assert Counter(o.seq for o in stream.outcomes) == Counter(range(31))
            assert {o.status for o in stream.outcomes} == {Status.UP}

    run(scenario)


@pytest.mark.parametrize(
    ("name", "client"), [cell for cell in GRID if cell[0] is not StrategyName.SEQUENTIAL]
)
def test_a_slow_target_delays_no_other(
    name: StrategyName, client: ClientName, farm: Servers
) -> None:
    slow = f"http://127.0.0.1:{farm.serve(delayed(15, ok()))}/"
    quick = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"

    async def scenario() -> None:
        async with opened(_order(name, client)) as stream:
            await stream.give(slow, 100)
            for seq in range(12):
                await stream.give(quick, seq)
                await stream.until(seq + 1)

            assert [o.seq for o in stream.outcomes] == list(range(12))
            assert stream.streaming.in_flight == 1

    run(scenario)


@pytest.mark.parametrize(("name", "client"), GRID)
def test_a_host_has_no_more_checks_in_flight_than_it_may(
    name: StrategyName, client: ClientName, farm: Servers
) -> None:
    crowd = Crowd(0.02)
    url = f"http://127.0.0.1:{farm.serve(crowd.handle)}/"

    async def scenario() -> None:
        async with opened(_order(name, client, per_host=2)) as stream:
            for seq in range(20):
                await stream.give(url, seq)
            await stream.until(20)

    run(scenario)

    assert crowd.asked == 20
    assert 1 <= crowd.most <= 2


def test_a_check_is_queued_from_the_instant_at_which_it_was_meant_to_begin(farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"

    async def scenario() -> None:
        async with opened(_order()) as stream:
            await stream.give(url, 0)
            await stream.until(1)
            given = monotonic()
            await stream.give(url, 1, since=given - 100)
            await stream.until(2)

            assert 100 <= stream.outcomes[1].queued <= 100 + monotonic() - given

    run(scenario)


@pytest.mark.parametrize("name", [StrategyName.ASYNC, StrategyName.THREADED, StrategyName.HYBRID])
def test_what_a_killed_process_had_is_checked_by_the_next_and_told_once(
    name: StrategyName, farm: Servers
) -> None:
    url = f"http://127.0.0.1:{farm.serve(delayed(0.05, ok()))}/"

    async def scenario() -> None:
        async with opened(_order(name, concurrency=8)) as stream:
            await stream.give(url, *range(40))
            await stream.until(1)
            os.kill(await stream.child(), signal.SIGKILL)
            await stream.give(url, *range(40, 60))
            await stream.until(60)
            await stream.streaming.close()
            await stream.ended()

            assert Counter(o.seq for o in stream.outcomes) == Counter(range(60))
            assert {o.status for o in stream.outcomes} == {Status.UP}

    run(scenario)


def test_what_is_lost_twice_is_unknown_and_the_stream_goes_on(farm: Servers) -> None:
    crowd = Crowd(15)
    deadly = f"http://127.0.0.1:{farm.serve(crowd.handle)}/"
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"

    async def scenario() -> None:
        async with opened(_order()) as stream:
            await stream.give(deadly, 0)
            for _ in range(2):
                await asyncio.to_thread(crowd.begun.wait, DEADLINE)
                crowd.begun.clear()
                os.kill(await stream.child(), signal.SIGKILL)
            await stream.until(1)
            await stream.give(url, 1)
            await stream.until(2)

            assert [o.reason for o in stream.outcomes] == [Reason.WORKER_LOST, None]
            assert stream.outcomes[0].status is Status.UNKNOWN

    run(scenario)


def test_a_stream_whose_process_keeps_dying_says_so_rests_and_goes_on(
    farm: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "_LONG_REST_SECONDS", 0.01)
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    silent = f"http://127.0.0.1:{farm.serve(delayed(15, ok()))}/"

    async def scenario() -> None:
        async with opened(_order(concurrency=1)) as stream:
            await stream.give(silent, *range(20))
            killed = set[int]()
            while len(stream.outcomes) < 20:
                if (pid := await stream.child()) not in killed:
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
                await asyncio.sleep(0.01)
            await stream.give(url, 20)
            await stream.until(21)

            reasons = Counter(o.reason for o in stream.outcomes)
            assert reasons == {Reason.WORKER_LOST: 2, Reason.NOT_MEASURED: 18, None: 1}

    run(scenario)


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_a_stream_that_is_to_finish_ends_what_is_in_flight_and_begins_nothing_more(
    name: StrategyName, farm: Servers
) -> None:
    crowd = Crowd(0.3)
    url = f"http://127.0.0.1:{farm.serve(crowd.handle)}/"

    async def scenario() -> None:
        async with opened(_order(name, CATALOGUE[name].clients[0])) as stream:
            await stream.give(url, *range(400))
            await asyncio.to_thread(crowd.begun.wait, DEADLINE)
            await stream.engine.finish()
            await stream.give(url, 400)
            await stream.ended()

            assert 1 <= len(stream.outcomes) == crowd.asked < 100
            assert {o.status for o in stream.outcomes} == {Status.UP}

    run(scenario)


def test_a_stream_that_is_to_finish_before_it_has_begun_begins_nothing() -> None:
    async def scenario() -> None:
        async with opened(_order()) as stream:
            await stream.engine.finish()
            await stream.ended()

            late = stream.engine.stream(Slot.WATCH, _order(), stream._take)
            await asyncio.wait_for(late.serve(), DEADLINE)

    run(scenario)


def test_a_run_goes_on_beside_a_stream_of_the_same_process(farm: Servers) -> None:
    slow = f"http://127.0.0.1:{farm.serve(delayed(15, ok()))}/"
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    beside: list[Outcome] = []

    async def take(some: list[Outcome]) -> None:
        beside.extend(some)

    async def scenario() -> None:
        async with opened(_order()) as stream:
            await stream.give(slow, 0)
            pid = await stream.child()
            for _ in range(3):
                await stream.engine.execute(Slot.WATCH, _order(), [Item(0, Target(url=url))], take)

            assert [o.status for o in beside] == [Status.UP] * 3
            assert await stream.child() == pid
            assert stream.streaming.in_flight == 1

    run(scenario)


def test_a_stream_that_is_cancelled_leaves_the_process_to_others(farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"

    async def scenario() -> None:
        async with opened(_order()) as stream:
            await stream.give(url, 0)
            await stream.until(1)
            pid = await stream.child()
            stream.serving.cancel()
            await asyncio.wait([stream.serving])
            other = Open(stream.engine, _order())
            await other.give(url, 0)
            await other.until(1)
            await other.streaming.close()
            await other.ended()

            assert await stream.child() == pid

    run(scenario)
