"""Lanes on one event loop: for very many checks that wait, at the lowest cost each."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

from checkers.meter import Usage
from checkers.strategies.outbox import Outbox, first_of
from checkers.strategies.strategy import Emit, Item, Limits, Out, Work, carried_out_soon


class Asynchronous:
    """As many lanes as may be in flight over one iterator; a task per lane, not per item."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def open(self, work: Work[Item, Out]) -> None:
        """Nothing outlives a run but what the work has to load, which no run should pay for."""
        async with work.opened_async():
            pass

    async def run(self, work: Work[Item, Out], items: Iterable[Item], emit: Emit[Out]) -> None:
        outbox = Outbox(emit)
        try:
            async with work.opened_async() as perform, asyncio.TaskGroup() as group:
                group.create_task(outbox.tick())
                await _run_lanes(work, perform, iter(items), outbox, self._limits.concurrency)
                await outbox.close()
        except BaseExceptionGroup as errors:
            raise first_of(errors) from errors

    async def usage(self) -> Usage:
        return Usage()

    async def close(self) -> None:
        """Nothing outlives a run."""


async def _run_lanes(
    work: Work[Item, Out],
    perform: Callable[[Item], Awaitable[Out]],
    source: Iterator[Item],
    outbox: Outbox[Out],
    lanes: int,
) -> None:
    async def lane(first: Item) -> None:
        item: Item | None = first
        while item is not None:
            await outbox.put(await carried_out_soon(work, perform, item))
            item = next(source, None)

    async with asyncio.TaskGroup() as group:
        for _ in range(lanes):
            first = next(source, None)
            if first is None:
                break
            group.create_task(lane(first))
