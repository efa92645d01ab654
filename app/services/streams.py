"""The runs that monitors are checked in: one for each strategy and client, open while needed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic
from typing import Final

import structlog

from app.engine.local import Engine, Order, Slot
from app.engine.stream import Streaming
from checkers import CATALOGUE, ClientName, Item, Outcome, StrategyName

logger = structlog.get_logger(__name__)

# A run that was given nothing for so long is closed; its processes end with it.
_UNUSED_SECONDS: Final = 900.0
_LOOK_SECONDS: Final = 60.0
# Each of them waits for its target alone, so a slow one never holds up another.
_CONCURRENCY: Final = {
    StrategyName.THREADED: 256,
    StrategyName.ASYNC: 10_000,
    StrategyName.HYBRID: 10_000,
}

Take = Callable[[list[Outcome]], Awaitable[None]]
How = tuple[StrategyName, ClientName]


class Streams:
    """Opens runs when the first check asks for them."""

    def __init__(self, engine: Engine, take: Take, per_host: int) -> None:
        self._engine = engine
        self._take = take
        self._per_host = per_host
        self._open: dict[How, Streaming] = {}
        self._used: dict[How, float] = {}
        self._group: asyncio.TaskGroup | None = None

    async def serve(self, known: Sequence[How]) -> None:
        """Carry the runs until cancelled.

        Args:
            known: ways that will be needed; they are made ready before the first check is due.
        """
        async with asyncio.TaskGroup() as group:
            self._group = group
            self.make_ready(known)
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                await self._close_unused()

    def make_ready(self, ways: Iterable[How]) -> None:
        """Open runs that will be needed in a moment, so that no check waits for a process."""
        if self._group is not None:
            for how in ways:
                if how not in self._open:
                    self._opened(how)

    async def give(self, strategy: StrategyName, client: ClientName, items: Sequence[Item]) -> None:
        """Begin checks."""
        how = (strategy, client)
        stream = self._open.get(how)
        if stream is None:
            stream = self._opened(how)
        self._used[how] = monotonic()
        await stream.give(items)

    @property
    def in_flight(self) -> int:
        """How many checks are under way."""
        return sum(stream.in_flight for stream in self._open.values())

    def _opened(self, how: How) -> Streaming:
        assert self._group is not None
        strategy, client = how
        order = Order(
            strategy=strategy,
            client=client,
            concurrency=_CONCURRENCY.get(strategy, CATALOGUE[strategy].concurrency),
            per_host=self._per_host,
        )
        self._used[how] = monotonic()
        stream = self._open[how] = self._engine.stream(Slot.WATCH, order, self._take)
        self._group.create_task(self._carry(how, stream))
        logger.info("stream_opened", strategy=strategy.value, client=client.value)
        return stream

    async def _carry(self, how: How, stream: Streaming) -> None:
        try:
            await stream.serve()
        except Exception:  # of a loop: the next check opens another
            logger.exception("stream_broken", strategy=how[0].value, client=how[1].value)
        finally:
            if self._open.get(how) is stream:
                del self._open[how]

    async def _close_unused(self) -> None:
        for how, used in list(self._used.items()):
            stream = self._open.get(how)
            if stream is None or (monotonic() - used > _UNUSED_SECONDS and not stream.in_flight):
                del self._used[how]
                if stream is not None:
                    del self._open[how]
                    await stream.close()
