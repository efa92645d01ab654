"""Outcomes on their way out of an event loop: handed over in chunks, never held for long."""

import asyncio
from typing import Final, Generic

from checkers.strategies.strategy import HOLD_SECONDS, Emit, Out

# Large enough that the consumer's own cost is spread, small enough for a lively progress bar.
_CHUNK: Final = 50


class Outbox(Generic[Out]):
    """Gathers outcomes and emits them; whoever fills a chunk waits until it has been taken.

    Args:
        chunk: how many are handed over at once, about.
        seconds: how long one may be held back.
    """

    def __init__(
        self, emit: Emit[Out], *, chunk: int = _CHUNK, seconds: float = HOLD_SECONDS
    ) -> None:
        self._emit = emit
        self._chunk = chunk
        self._seconds = seconds
        self._held: list[Out] = []
        self._emitting = asyncio.Lock()
        self._some = asyncio.Event()
        self._closed = asyncio.Event()

    async def put(self, *outcomes: Out) -> None:
        self._held.extend(outcomes)
        self._some.set()
        if len(self._held) >= self._chunk:
            await self._flush()

    async def tick(self) -> None:
        """Emit what has gathered, every so often, until closed. Never cancelled between the two."""
        while not self._closed.is_set():
            # While there is nothing to hold back it costs nothing.
            await self._some.wait()
            try:
                async with asyncio.timeout(self._seconds):
                    await self._closed.wait()
            except TimeoutError:
                await self._flush()

    async def close(self) -> None:
        """Emit what is left."""
        self._closed.set()
        self._some.set()
        await self._flush()

    async def _flush(self) -> None:
        async with self._emitting:
            chunk, self._held = self._held, []
            self._some.clear()
            if chunk:
                await self._emit(chunk)


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What went wrong first in a group of tasks; the others were cancelled for it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
