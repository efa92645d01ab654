"""Lanes on one event loop: for very many checks that wait, at the lowest cost each."""

from collections.abc import Iterable
from typing import Any

from checkers.meter import Usage
from checkers.strategies.lanes import run_lanes
from checkers.strategies.strategy import Emit, Item, Limits, Out, Work
from checkers.strategies.supply import Supply, supplied


class Asynchronous:
    """As many lanes as may be in flight, on asyncio's loop or one that the library brings."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._supply: Supply[Any] | None = None

    async def open(self, work: Work[Item, Out]) -> None:
        """Nothing outlives a run but what the work has to load, which no run should pay for."""
        own = work.own_loop()
        if own is None:
            async with work.opened_async():
                return
        with own:
            return

    async def run(self, work: Work[Item, Out], items: Iterable[Item], emit: Emit[Out]) -> None:
        async def hand_on(pairs: list[tuple[Item, Out]]) -> None:
            await emit([outcome for _, outcome in pairs])

        self._supply = supply = supplied(items, work.per_place())
        await run_lanes(work, supply, hand_on, lanes=self._limits.concurrency)

    def finish(self) -> None:
        if self._supply is not None:
            self._supply.close()

    async def usage(self) -> Usage:
        return Usage()

    async def close(self) -> None:
        """Nothing outlives a run."""
