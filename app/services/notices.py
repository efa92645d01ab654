"""Word inside the service that something has happened; the database stays the only truth."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeVar

Thing = TypeVar("Thing")


class Notices:
    """Wakes whoever waits for a thing to end, or for work to come."""

    def __init__(self) -> None:
        self.work = asyncio.Event()
        self._closed = False
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def ended(self, public_id: str) -> None:
        """Tell that a batch or a comparison has come to its end."""
        for waiter in self._waiting.pop(public_id, ()):
            waiter.set()

    def close(self) -> None:
        """Let nobody wait any more: the service is about to stop."""
        self._closed = True
        for public_id in list(self._waiting):
            self.ended(public_id)

    def subscribe(self, public_id: str) -> asyncio.Event:
        """An event set when the thing ends. Look at the thing after subscribing, not before."""
        waiter = asyncio.Event()
        self._waiting[public_id].add(waiter)
        return waiter

    def unsubscribe(self, public_id: str, waiter: asyncio.Event) -> None:
        waiters = self._waiting.get(public_id)
        if waiters is not None:
            waiters.discard(waiter)
            if not waiters:
                del self._waiting[public_id]

    async def wait_until(
        self,
        public_id: str,
        load: Callable[[], Awaitable[Thing]],
        ended: Callable[[Thing], bool],
        seconds: float,
    ) -> Thing:
        """The thing once it has ended in any way, or as it is after so many seconds."""
        waiter = self.subscribe(public_id)
        try:
            thing = await load()
            if ended(thing) or seconds <= 0 or self._closed:
                return thing
            try:
                async with asyncio.timeout(seconds):
                    await waiter.wait()
            except TimeoutError:
                pass
            return await load()
        finally:
            self.unsubscribe(public_id, waiter)
