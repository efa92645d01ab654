"""Outcomes on their way out of an event loop: handed over in chunks, never held for long."""

import asyncio
from typing import Final, Generic

from checkers.strategies.strategy import Emit, Out

# Large enough that the consumer's own cost is spread, small enough for a lively progress bar.
CHUNK: Final = 50
FLUSH_SECONDS: Final = 0.05


class Outbox(Generic[Out]):
    """Gathers outcomes and emits them; whoever fills a chunk waits until it has been taken."""

    def __init__(self, emit: Emit[Out]) -> None:
        self._emit = emit
        self._held: list[Out] = []
        self._emitting = asyncio.Lock()
        self._closed = asyncio.Event()

    async def put(self, outcome: Out) -> None:
        self._held.append(outcome)
        if len(self._held) >= CHUNK:
            await self._flush()

    async def tick(self) -> None:
        """Emit what has gathered, every so often, until closed. Never cancelled between the two."""
        while not self._closed.is_set():
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._closed.wait()
            except TimeoutError:
                await self._flush()

    async def close(self) -> None:
        """Emit what is left."""
        self._closed.set()
        await self._flush()

    async def _flush(self) -> None:
        async with self._emitting:
            chunk, self._held = self._held, []
            if chunk:
                await self._emit(chunk)
