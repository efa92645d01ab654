"""Many items at once on one event loop: asyncio's, or one that the work's library brings along."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Generic

from checkers.beat import Beat, beating
from checkers.pacing import Pace, kept
from checkers.strategies.outbox import Outbox, first_of
from checkers.strategies.strategy import Emit, Item, Out, OwnLoop, Work, carried_out_soon
from checkers.strategies.supply import Stream, Supply
from checkers.timing import now

# Outcomes that may wait for the consumer before no further item is begun.
_ROOM: Final = 2000


Pair = tuple[Item, Out]


async def run_lanes(
    work: Work[Item, Out], supply: Supply[Item], emit: Emit[Pair[Item, Out]], *, lanes: int
) -> None:
    """Carry out the work on every item the supply will have, so many at once at most.

    Args:
        emit: given every item with its outcome, in order of completion.
    """
    own = work.own_loop()
    if own is not None:
        with own as loop:
            await _Elsewhere(loop, supply, emit, paced=work.paced and lanes > 1).run(lanes)
        return
    outbox = Outbox(emit, seconds=supply.hold_seconds)
    try:
        async with work.opened_async() as perform, asyncio.TaskGroup() as group:
            group.create_task(outbox.tick())
            paced = work.paced and lanes > 1
            with beating(lambda: supply.idle, paced=paced) as beat:
                if isinstance(supply, Stream):
                    await _run_as_given(work, perform, supply, outbox, beat, lanes)
                else:
                    await _run_tasks(work, perform, supply, outbox, beat, lanes)
            await outbox.close()
    except BaseExceptionGroup as errors:
        raise first_of(errors) from errors


async def _run_tasks(
    work: Work[Item, Out],
    perform: Callable[[Item], Awaitable[Out]],
    supply: Supply[Item],
    outbox: Outbox[Pair[Item, Out]],
    beat: Beat,
    lanes: int,
) -> None:
    """A task for each lane, not for each item; no more of them than there ever were items."""

    async def lane(item: Item | None) -> None:
        while item is not None:
            await beat.turn()
            if supply.closed:
                return
            outcome = await carried_out_soon(work, perform, item)
            beat.ended()
            await outbox.put((item, outcome))
            supply.done(item)
            item = await supply.next()

    async with asyncio.TaskGroup() as group:
        for _ in range(lanes):
            first = await supply.next()
            if first is None:
                break
            group.create_task(lane(first))


async def _run_as_given(
    work: Work[Item, Out],
    perform: Callable[[Item], Awaitable[Out]],
    stream: Stream[Item],
    outbox: Outbox[Pair[Item, Out]],
    beat: Beat,
    lanes: int,
) -> None:
    """A task for each item, as long as it is out: thousands of lanes would mostly be idle."""
    free = asyncio.Semaphore(lanes)

    async def carry(item: Item) -> None:
        outcome = await carried_out_soon(work, perform, item)
        beat.ended()
        await outbox.put((item, outcome))
        stream.done(item)
        free.release()

    async with asyncio.TaskGroup() as group:
        while True:
            await free.acquire()
            item = await stream.next()
            if item is None:
                return
            beat.hurry = stream.hurry
            await beat.turn()
            if stream.closed:
                return
            group.create_task(carry(item))


class _Elsewhere(Generic[Item, Out]):
    """A library's own loop in a thread of its own, its outcomes brought over to asyncio's."""

    def __init__(
        self,
        own: OwnLoop[Item, Out],
        supply: Supply[Item],
        emit: Emit[Pair[Item, Out]],
        *,
        paced: bool,
    ) -> None:
        self._own = own
        self._paced = paced
        self.pace: Pace | None = None
        self._supply = supply
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[Pair[Item, Out]] = deque()
        self._news = asyncio.Event()
        self._ended = False
        self._error: BaseException | None = None

    async def run(self, lanes: int) -> None:
        """Until every item has been carried out and its outcome emitted."""
        self._supply.tell(self._own.wake)
        thread = threading.Thread(target=self._work, args=(lanes,), name="own-loop", daemon=True)
        thread.start()
        try:
            await self._deliver()
        finally:
            self._own.stop()
            # It looks up at every event and within a second; what is in flight is let go.
            await asyncio.shield(asyncio.to_thread(thread.join))

    async def _deliver(self) -> None:
        while True:
            ended = self._ended
            chunk = [self._arrived.popleft() for _ in range(len(self._arrived))]
            if chunk:
                crowded = len(chunk) >= _ROOM
                await self._emit(chunk)
                if crowded:
                    self._own.wake()
            elif ended:
                if self._error is not None:
                    raise self._error
                return
            else:
                await self._news.wait()
                self._news.clear()

    def _work(self, lanes: int) -> None:
        try:
            # Here, since it measures how long this very thread has to wait.
            with kept() if self._paced else contextlib.nullcontext() as self.pace:
                self._own.run(self, self._put, lanes)
        except BaseException as error:  # noqa: BLE001 -- raised in the run, which awaits it
            self._error = error
        finally:
            # It holds a descriptor.
            self.pace = None
            self._ended = True
            self._announce()

    @property
    def ready(self) -> bool:
        return self._supply.ready

    @property
    def hold_seconds(self) -> float:
        return self._supply.hold_seconds

    @property
    def over(self) -> bool:
        return self._supply.over

    def take(self) -> Item | None:
        # A consumer that does not keep up holds back new items, never those in flight.
        if len(self._arrived) >= _ROOM:
            return None
        pace = self.pace
        if pace is None:
            return self._supply.take()
        if pace.due > now() or (item := self._supply.take()) is None:
            return None
        pace.reserve(self._supply.hurry)
        return item

    def done(self, item: Item) -> bool:
        if self.pace is not None:
            self.pace.ended()
        return self._supply.done(item)

    def _put(self, outcomes: list[Pair[Item, Out]]) -> None:
        self._arrived.extend(outcomes)
        self._announce()

    def _announce(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:
            # The loop was closed: nobody is waiting.
            return
