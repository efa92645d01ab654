"""Runs in supervised child processes."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
import uvloop

from app.engine.local import Engine, Order, Report, RunFailed, RunInterrupted, Slot
from checkers import CATALOGUE, Item, Outcome, Reason, Status, StrategyName, Target
from tests.farm.servers import Crowd, Servers, answering, delayed, ok

LOOPBACK = ("127.0.0.0/8",)


def _order(name: StrategyName = StrategyName.ASYNC, concurrency: int = 4) -> Order:
    return Order(strategy=name, client=CATALOGUE[name].clients[0], concurrency=concurrency)


def _items(url: str, count: int) -> list[Item]:
    return [Item(seq, Target(url=url, timeout=5)) for seq in range(count)]


def _child_of(engine: Engine, slot: Slot = Slot.QUICK) -> int:
    pid = engine._hosts[slot].pid
    assert pid is not None
    return pid


def test_a_child_loads_neither_the_web_framework_nor_the_database() -> None:
    program = "import checkers.host, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    heavy = {"fastapi", "starlette", "sqlalchemy", "pydantic", "requests", "aiohttp", "app"}
    assert heavy.isdisjoint(loaded)


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_a_run_reports_every_outcome_and_what_it_cost(name: StrategyName, farm: Servers) -> None:
    async def scenario() -> tuple[list[Outcome], Report]:
        engine, outcomes = Engine(LOOPBACK), list[Outcome]()

        async def take(some: list[Outcome]) -> None:
            outcomes.extend(some)

        url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
        order = _order(name, min(4, CATALOGUE[name].max_concurrency))
        report = await engine.execute(Slot.QUICK, order, _items(url, 30), take)
        await engine.close()
        return outcomes, report

    outcomes, report = uvloop.run(scenario())

    assert sorted(o.seq for o in outcomes) == list(range(30))
    assert all(o.status is Status.UP for o in outcomes)
    assert report.setup is not None
    assert report.setup > 0
    assert report.wall is not None
    assert report.wall > 0
    assert report.cost is not None
    assert report.cost.cpu > 0
    assert report.cost.peak_rss_bytes > 10_000_000


@pytest.mark.parametrize("name", [StrategyName.ASYNC, StrategyName.THREADED])
def test_a_child_that_is_killed_is_started_again_and_the_run_goes_on(
    name: StrategyName, farm: Servers
) -> None:
    async def scenario() -> list[Outcome]:
        engine, outcomes = Engine(LOOPBACK), list[Outcome]()

        async def take(some: list[Outcome]) -> None:
            if not outcomes:
                os.kill(_child_of(engine), signal.SIGKILL)
            outcomes.extend(some)

        url = f"http://127.0.0.1:{farm.serve(delayed(0.05, ok()))}/"
        await engine.execute(Slot.QUICK, _order(name), _items(url, 40), take)
        await engine.close()
        return outcomes

    outcomes = uvloop.run(scenario())

    assert sorted(o.seq for o in outcomes) == list(range(40))
    assert all(o.status is Status.UP for o in outcomes)


def test_a_run_whose_child_keeps_dying_is_given_up_and_what_was_in_flight_is_lost(
    farm: Servers,
) -> None:
    lost: list[Outcome] = []

    async def scenario() -> None:
        engine = Engine(LOOPBACK)
        url = f"http://127.0.0.1:{farm.serve(delayed(30, ok()))}/"

        async def take(some: list[Outcome]) -> None:
            lost.extend(some)

        async def kill() -> None:
            while True:
                pid = engine._hosts[Slot.QUICK].pid
                if pid is not None:
                    os.kill(pid, signal.SIGKILL)
                await asyncio.sleep(0.05)

        killer = asyncio.create_task(kill())
        try:
            await engine.execute(Slot.QUICK, _order(concurrency=2), _items(url, 100), take)
        finally:
            killer.cancel()
            await engine.close()

    with pytest.raises(RunFailed, match="5 times"):
        uvloop.run(scenario())

    assert {o.reason for o in lost} == {Reason.WORKER_LOST}
    assert {o.status for o in lost} == {Status.UNKNOWN}


def test_several_runs_share_a_child_and_none_waits_for_another(farm: Servers) -> None:
    async def scenario() -> list[Outcome]:
        engine, outcomes = Engine(LOOPBACK), list[Outcome]()

        async def take(some: list[Outcome]) -> None:
            outcomes.extend(some)

        url = f"http://127.0.0.1:{farm.serve(delayed(0.1, ok()))}/"
        order = _order(concurrency=1)
        await asyncio.gather(
            *(engine.execute(Slot.WATCH, order, _items(url, 1), take) for _ in range(20))
        )
        await engine.close()
        return outcomes

    assert [o.status for o in uvloop.run(scenario())] == [Status.UP] * 20


def test_a_cancelled_run_leaves_the_child_ready_for_the_next(farm: Servers) -> None:
    async def scenario() -> list[Outcome]:
        engine, outcomes = Engine(LOOPBACK), list[Outcome]()
        begun = asyncio.Event()

        async def note(_some: list[Outcome]) -> None:
            begun.set()

        async def take(some: list[Outcome]) -> None:
            outcomes.extend(some)

        url = f"http://127.0.0.1:{farm.serve(delayed(0.02, ok()))}/"
        run = engine.execute(Slot.QUICK, _order(), _items(url, 5000), note)
        task = asyncio.create_task(run)
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        await engine.execute(Slot.QUICK, _order(), _items(url, 5), take)
        await engine.close()
        return outcomes

    assert len(uvloop.run(scenario())) == 5


def test_a_run_with_nothing_left_to_check_ends_at_once() -> None:
    async def scenario() -> Report:
        async def take(_some: list[Outcome]) -> None:
            return None

        engine = Engine(LOOPBACK)
        return await engine.execute(Slot.QUICK, _order(), [], take)

    assert uvloop.run(scenario()) == Report(setup=None, wall=None, cost=None)


def test_a_run_whose_last_target_is_lost_ends_and_claims_no_wall_time(farm: Servers) -> None:
    async def scenario() -> tuple[list[Outcome], Report]:
        engine, outcomes = Engine(LOOPBACK), list[Outcome]()

        async def take(some: list[Outcome]) -> None:
            outcomes.extend(some)

        async def kill_twice() -> None:
            killed: set[int] = set()
            while len(killed) < 2:
                pid = engine._hosts[Slot.QUICK].pid
                if pid is not None and pid not in killed:
                    await asyncio.sleep(0.1)
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
                await asyncio.sleep(0.02)

        killer = asyncio.create_task(kill_twice())
        url = f"http://127.0.0.1:{farm.serve(delayed(30, ok()))}/"
        report = await engine.execute(Slot.QUICK, _order(), _items(url, 1), take)
        await killer
        await engine.close()
        return outcomes, report

    outcomes, report = uvloop.run(scenario())

    assert [o.reason for o in outcomes] == [Reason.WORKER_LOST]
    assert report.wall is None


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_a_run_that_is_to_finish_ends_what_is_in_flight_and_begins_nothing_more(
    name: StrategyName, farm: Servers
) -> None:
    crowd = Crowd(0.3)
    url = f"http://127.0.0.1:{farm.serve(crowd.handle)}/"
    outcomes: list[Outcome] = []

    async def take(some: list[Outcome]) -> None:
        outcomes.extend(some)

    async def scenario() -> None:
        engine = Engine(LOOPBACK)
        order = _order(name, min(4, CATALOGUE[name].max_concurrency))
        run = asyncio.create_task(engine.execute(Slot.BATCH, order, _items(url, 400), take))
        await asyncio.to_thread(crowd.begun.wait, 10)
        await engine.finish()
        with pytest.raises(RunInterrupted):
            await run
        await engine.close()

    uvloop.run(scenario())

    assert 1 <= len(outcomes) == crowd.asked < 100
    assert all(o.status is Status.UP for o in outcomes)
