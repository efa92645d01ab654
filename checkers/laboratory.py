"""One run of a workload under one strategy, in a process of its own.

Run as `python -m checkers.laboratory`: it reads one order from its pipe, carries it out, answers
with what it came to, and ends.
"""

import asyncio
import logging
import os
import sys
from collections import Counter
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

import msgspec
import uvloop

from checkers.child import Line, settle_in
from checkers.errors import CheckerError
from checkers.meter import Usage
from checkers.metered import Metered, metered
from checkers.outcome import Status
from checkers.strategies.catalogue import CATALOGUE, StrategyName
from checkers.strategies.strategy import Limits, into
from checkers.workloads import cpu, data, database, echo, fetch, spawn
from checkers.workloads.carried import Done, Order, Prepared, Preparing
from checkers.workloads.catalogue import WorkloadName

logger = logging.getLogger(__name__)

_PREPARED: Final[Mapping[WorkloadName, Preparing]] = {
    WorkloadName.REQUESTS: fetch.prepared,
    WorkloadName.CPU: cpu.prepared,
    WorkloadName.DATA: data.prepared,
    WorkloadName.DATABASE: database.prepared,
    WorkloadName.ECHO: echo.prepared,
    WorkloadName.SPAWN: spawn.prepared,
    WorkloadName.CHECKS: fetch.prepared,
}


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to, in seconds.

    Attributes:
        times: what each item took that came to its end.
        metrics: what the workload itself measures, by name.
        error: why it could not be carried out; a sentence.
    """

    setup: float = 0.0
    wall: float = 0.0
    cost: Usage | None = None
    done: int = 0
    times: list[float] = msgspec.field(default_factory=list)
    counts: dict[Status, int] = msgspec.field(default_factory=dict)
    metrics: dict[str, float] = msgspec.field(default_factory=dict)
    error: str | None = None


encode = msgspec.msgpack.Encoder().encode
decode_order = msgspec.msgpack.Decoder(Order).decode
decode_carried = msgspec.msgpack.Decoder(Carried).decode


async def carry_out(order: Order) -> Carried:
    """Carry out an order; whatever goes wrong is in the answer."""
    asked = monotonic()
    try:
        # In a thread: what it prepares may take its time, and ends with a loop of its own.
        entering = _PREPARED[order.workload](order)
        prepared = await asyncio.to_thread(entering.__enter__)
        try:
            return await _measured(order, prepared, asked)
        finally:
            await asyncio.to_thread(entering.__exit__, None, None, None)
    except (CheckerError, OSError) as error:
        return Carried(error=str(error))
    except Exception as error:  # of a run: it is told, and the process ends anyway
        logger.exception("an experiment failed in an unforeseen way")
        return Carried(error=f"{type(error).__name__}: {error}")


async def _measured(order: Order, prepared: Prepared, asked: float) -> Carried:
    outcomes: list[Any] = []
    # What a worker costs is measured one by one: the strategy says of which kind.
    alone = order.workload is WorkloadName.SPAWN and order.strategy is not StrategyName.ASYNC
    name = StrategyName.SEQUENTIAL if alone else order.strategy
    strategy = CATALOGUE[name].make(Limits(concurrency=order.concurrency))
    try:
        found = await metered(strategy, prepared.work, prepared.items, into(outcomes), asked=asked)
    finally:
        await strategy.close()
    done = [prepared.told(outcome) for outcome in outcomes]
    return _told(found, done, prepared.metrics(done, found.wall))


def _told(found: Metered, done: list[Done], metrics: dict[str, float]) -> Carried:
    return Carried(
        setup=found.setup,
        wall=found.wall,
        cost=found.cost,
        done=len(done),
        times=[item.seconds for item in done if item.seconds is not None],
        counts=dict(Counter(item.status for item in done)),
        metrics=metrics,
    )


def main() -> None:
    """Carry out the one order that the parent sends."""
    settle_in()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    line = Line()
    line.write(b"ready")
    payload = line.read()
    if payload is not None:
        line.write(encode(uvloop.run(carry_out(decode_order(payload)))))
    # Threads in the middle of something must not hold up the end.
    os._exit(0)


if __name__ == "__main__":
    main()
