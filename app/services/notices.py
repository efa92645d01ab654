"""Word inside the service that something has happened; the database stays the only truth."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Final, Protocol, TypeVar

import structlog

from app.domain.outcome import Way
from app.storage.monitor_outcomes import Recording
from checkers import Outcome

logger = structlog.get_logger(__name__)

Thing = TypeVar("Thing")

#: What to watch for changes of status and of incidents.
TRANSITIONS: Final = "transitions"


#: Outcomes of monitors that have been recorded, each with its monitor's key.
Stored = Sequence[tuple[str, Recording]]


class Listener(Protocol):
    """Hears of outcomes once they are recorded, in the event loop: it is quick."""

    def of_monitors(self, stored: Stored) -> None: ...

    def of_batch(self, way: Way, outcomes: Sequence[Outcome]) -> None: ...


async def heard(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event so long at most; whether it came."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await event.wait()
    return False


class Notices:
    """Wakes whoever waits for a thing to go on or to end, or for work to come."""

    def __init__(self) -> None:
        self.work = asyncio.Event()
        self.callbacks = asyncio.Event()
        self.schedules = asyncio.Event()
        self.maintenances = asyncio.Event()
        self.monitors = asyncio.Event()
        self.deliveries = asyncio.Event()
        self.stop = asyncio.Event()
        self.closed_at = 0.0
        self.listeners: list[Listener] = []
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._watching: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @property
    def closed(self) -> bool:
        """Whether the service is about to stop."""
        return self.stop.is_set()

    def progressed(self, public_id: str) -> None:
        """Tell that more is known of a batch or a comparison."""
        for watcher in self._watching.get(public_id, ()):
            watcher.set()

    def recorded(self, stored: Stored) -> None:
        """Tell that outcomes of monitors have been recorded."""
        self._tell(lambda listener: listener.of_monitors(stored))

    def carried_on(self, public_id: str, way: Way, outcomes: Sequence[Outcome]) -> None:
        """Tell that outcomes of a run have been recorded; the id is whose progress that is."""
        self._tell(lambda listener: listener.of_batch(way, outcomes))
        self.progressed(public_id)

    def _tell(self, word: Callable[[Listener], None]) -> None:
        for listener in self.listeners:
            try:
                word(listener)
            except Exception:  # of the loops that record: what is stored must not be stored again
                logger.exception("listener_failed", listener=type(listener).__name__)

    def moved(self) -> None:
        """Tell that a monitor's status or an incident has changed."""
        self.deliveries.set()
        self.progressed(TRANSITIONS)

    def ended(self, public_id: str) -> None:
        """Tell that a batch or a comparison has come to its end."""
        self.callbacks.set()
        self.progressed(public_id)
        self.tried(public_id)

    def tried(self, public_id: str) -> None:
        """Tell that a delivery was tried, to whoever waits for that."""
        for waiter in self._waiting.pop(public_id, ()):
            waiter.set()

    def close(self) -> None:
        """Let nobody wait any more: the service is about to stop."""
        if not self.closed:
            self.closed_at = monotonic()
        self.stop.set()
        for public_id in [*self._waiting, *self._watching]:
            self.ended(public_id)

    @contextmanager
    def watching(self, public_id: str) -> Iterator[asyncio.Event]:
        """An event set whenever more is known of a thing, or the service is about to stop."""
        watcher = asyncio.Event()
        self._watching[public_id].add(watcher)
        try:
            yield watcher
        finally:
            self._watching[public_id].discard(watcher)
            if not self._watching[public_id]:
                del self._watching[public_id]

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
            if ended(thing) or seconds <= 0 or self.closed:
                return thing
            await heard(waiter, seconds)
            return await load()
        finally:
            self.unsubscribe(public_id, waiter)
