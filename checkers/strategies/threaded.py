"""A crew of threads around one queue: for blocking libraries that wait more than they compute."""

from collections.abc import Iterable

from checkers.meter import Usage
from checkers.strategies.strategy import Emit, Item, Limits, Out, Work
from checkers.strategies.threads import run_in_threads


class Threaded:
    """As many threads as may be in flight, alive as long as the run."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def open(self, work: Work[Item, Out]) -> None:
        """Nothing outlives a run but what the work has to load, which no run should pay for."""
        with work.opened():
            pass

    async def run(self, work: Work[Item, Out], items: Iterable[Item], emit: Emit[Out]) -> None:
        await run_in_threads(work, items, emit, threads=self._limits.concurrency)

    async def usage(self) -> Usage:
        return Usage()

    async def close(self) -> None:
        """Nothing outlives a run."""
