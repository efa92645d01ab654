"""One check after the other: the baseline that everything else is compared with."""

from collections.abc import Iterable

from checkers.meter import Usage
from checkers.strategies.strategy import Emit, Item, Limits, Out, Work
from checkers.strategies.threads import run_in_threads


class Sequential:
    """One item at a time, in a thread so that the event loop stays free."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def open(self, work: Work[Item, Out]) -> None:
        """Nothing outlives a run but what the work has to load, which no run should pay for."""
        with work.opened():
            pass

    async def run(self, work: Work[Item, Out], items: Iterable[Item], emit: Emit[Out]) -> None:
        await run_in_threads(work, items, emit, threads=1)

    async def usage(self) -> Usage:
        return Usage()

    async def close(self) -> None:
        """Nothing outlives a run."""
