"""Processes with an event loop each: very many checks that wait, on every core.

Each worker is kept supplied with as many items as it has lanes and a few more; what it brings back
is made up for at once. A worker that dies costs what it held a second try.
"""

import asyncio
import itertools
import math
import os
import pickle
from collections import deque
from collections.abc import Iterable, Sized
from typing import Any, Final, Generic

from checkers.child import Child, ChildLost
from checkers.meter import Usage
from checkers.strategies.outbox import Outbox, first_of
from checkers.strategies.strategy import Emit, Fault, Item, Limits, Out, Work
from checkers.strategies.supply import Stream, Supply, supplied
from checkers.strategies.workers import Ask, Worker, packed

_MODULE: Final = "checkers.strategies.hybrid_worker"
_TRIES: Final = 2
# Items that lie ready in a worker, so that no lane waits for the pipe.
_AHEAD: Final = 32
# Of items that come in, a worker takes so many at most before it is another's turn.
_AT_ONCE: Final = 32
# Starting a worker may fail for want of memory or descriptors; then the others do its part.
_STARTS: Final = 5
_CHUNK: Final = 1000


class Hybrid:
    """As many workers as there are cores; they stay warm from run to run."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        count = min(len(os.sched_getaffinity(0)), limits.concurrency)
        self._workers = [Worker(_MODULE) for _ in range(count)]
        self._backlog: _Backlog[Any] | None = None

    async def open(self, work: Work[Item, Out]) -> None:
        """Start the workers, and let them load what the work needs."""
        try:
            await asyncio.gather(
                *(worker.take_up(load) for worker, load, _ in self._shares(packed(work)))
            )
        except ChildLost as error:
            raise OSError("A worker process ended before it was ready.") from error
        finally:
            await self._stop_busy()

    async def run(self, work: Work[Item, Out], items: Iterable[Item], emit: Emit[Out]) -> None:
        total = len(items) if isinstance(items, Sized) else None
        # Of a short list every worker gets its share, and none takes it all.
        share = math.inf if total is None else max(math.ceil(total / len(self._workers)), 1)
        supply = supplied(items, work.per_place())
        outbox = Outbox(emit, seconds=supply.hold_seconds)
        self._backlog = backlog = _Backlog(supply)
        shares = self._shares(packed(work))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(outbox.tick())
                async with asyncio.TaskGroup() as serving:
                    for worker, load, lanes in shares:
                        served = _Served(worker, load, work, backlog, outbox)
                        # Of what comes in, nothing lies in one worker while another is free.
                        window = lanes if backlog.comes_in else int(min(lanes + _AHEAD, share))
                        serving.create_task(served.serve(window))
                await _give_up(work, backlog, outbox)
                await outbox.close()
        except BaseExceptionGroup as errors:
            raise first_of(errors) from errors
        finally:
            await self._stop_busy()

    def finish(self) -> None:
        if self._backlog is not None:
            self._backlog.finish()

    async def usage(self) -> Usage:
        """All living workers; those that ended count among the children waited for."""
        total = Usage()
        for worker in self._workers:
            total = total.plus(await worker.usage())
        return total

    async def close(self) -> None:
        await asyncio.gather(*(worker.close() for worker in self._workers))

    def _shares(self, packed_work: bytes) -> list[tuple[Worker, bytes, int]]:
        """Each worker with what it is told and the lanes it has."""
        each, more = divmod(self._limits.concurrency, len(self._workers))
        lanes = [each + (number < more) for number in range(len(self._workers))]
        loads = {count: packed((packed_work, count)) for count in set(lanes)}
        return [(w, loads[n], n) for w, n in zip(self._workers, lanes, strict=True)]

    async def _stop_busy(self) -> None:
        """End workers that were left in the middle of something: their next answer is not ours."""
        await asyncio.gather(*(worker.stop_if_busy() for worker in self._workers))


class _Backlog(Generic[Item]):
    """Items not yet handed to a worker, with how often each was tried.

    Attributes:
        comes_in: there may be more to take while others are waited for.
    """

    def __init__(self, supply: Supply[Item]) -> None:
        self._supply = supply
        self.comes_in = isinstance(supply, Stream)
        self._numbers = itertools.count()
        self._again: deque[tuple[int, Item]] = deque()
        self._tries: dict[int, int] = {}

    @property
    def over(self) -> bool:
        return self._supply.over and not self._again

    def take(self, count: int) -> list[tuple[int, Item]]:
        """Up to so many, those tried before first."""
        taken: list[tuple[int, Item]] = []
        while len(taken) < count:
            if self._again:
                taken.append(self._again.popleft())
            elif (item := self._supply.take()) is not None:
                taken.append((next(self._numbers), item))
            else:
                break
        return taken

    async def more(self) -> None:
        """Wait until there may be more to take."""
        if not self._again:
            await self._supply.more()

    def done(self, number: int, item: Item) -> None:
        """Say that an item has its outcome."""
        self._tries.pop(number, None)
        self._supply.done(item)

    def stir(self) -> None:
        """Let whoever waits for more look again."""
        self._supply.stir()

    def finish(self) -> None:
        """Hand out nothing that is not out already."""
        self._supply.close()

    def put_back(self, number: int, item: Item) -> bool:
        """Keep an item whose worker was lost for another try; false when it has had its tries."""
        self._tries[number] = self._tries.get(number, 0) + 1
        if self._tries[number] >= _TRIES:
            return False
        self._again.append((number, item))
        self._supply.stir()
        return True


class _Served(Generic[Item, Out]):
    """One worker over a run."""

    def __init__(
        self,
        worker: Worker,
        load: bytes,
        work: Work[Item, Out],
        backlog: _Backlog[Item],
        outbox: Outbox[Out],
    ) -> None:
        self._worker = worker
        self._load = load
        self._work = work
        self._backlog = backlog
        self._outbox = outbox
        self._held: dict[int, Item] = {}
        self._room = asyncio.Event()

    async def serve(self, window: int) -> None:
        """Until there is nothing left to hand out and everything held has come back."""
        starts = 0
        while starts < _STARTS:
            try:
                child = await self._worker.take_up(self._load)
                starts = 0
                self._worker.engage()
                if self._backlog.comes_in:
                    await self._exchange_as_given(child, window)
                else:
                    await self._exchange(child, window)
                self._worker.disengage()
            except (ChildLost, OSError):
                starts += 1
                await self._worker.bury()
                await self._lose()
            else:
                return

    async def _exchange(self, child: Child, window: int) -> None:
        while True:
            await self._hand_out(child, window - len(self._held))
            if not self._held:
                if self._backlog.over:
                    self._backlog.stir()
                    return
                await self._backlog.more()
                continue
            await self._take(child)

    async def _exchange_as_given(self, child: Child, window: int) -> None:
        """As above, but handing out goes on while what is held is waited for."""
        try:
            async with asyncio.TaskGroup() as group:
                both = [
                    group.create_task(self._keep_handing_out(child, window)),
                    group.create_task(self._keep_taking(child)),
                ]
                # Either notes the end: then nothing is held, and no frame can be cut in two.
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                for task in both:
                    task.cancel()
        except BaseExceptionGroup as errors:
            raise first_of(errors) from errors

    async def _keep_handing_out(self, child: Child, window: int) -> None:
        while True:
            if await self._hand_out(child, min(window - len(self._held), _AT_ONCE)):
                # The next ones are another worker's.
                await asyncio.sleep(0)
            over = self._backlog.over
            if over:
                self._backlog.stir()
                if not self._held:
                    return
            self._room.clear()
            if over or len(self._held) >= window:
                await self._room.wait()
            else:
                await self._backlog.more()

    async def _keep_taking(self, child: Child) -> None:
        while self._held or not self._backlog.over:
            await self._take(child)
            self._room.set()

    async def _hand_out(self, child: Child, most: int) -> bool:
        """Hand out so many at most; whether there was any."""
        wanted = self._backlog.take(most)
        if wanted:
            self._held.update(wanted)
            await child.send(Ask.ITEMS.value + packed(wanted))
        return bool(wanted)

    async def _take(self, child: Child) -> None:
        numbered: list[tuple[int, Out]] = pickle.loads(await child.receive())  # noqa: S301 -- our own worker wrote it
        for number, _ in numbered:
            self._backlog.done(number, self._held.pop(number))
        await self._outbox.put(*(outcome for _, outcome in numbered))

    async def _lose(self) -> None:
        held, self._held = self._held, {}
        for number, item in held.items():
            if not self._backlog.put_back(number, item):
                self._backlog.done(number, item)
                await self._outbox.put(_lost(self._work, item))


async def _give_up(work: Work[Item, Out], backlog: _Backlog[Item], outbox: Outbox[Out]) -> None:
    """What no worker could be had for, after every one of them was tried again and again."""
    while left := backlog.take(_CHUNK):
        for number, item in left:
            backlog.done(number, item)
            await outbox.put(_lost(work, item))


def _lost(work: Work[Item, Out], item: Item) -> Out:
    return work.fault(item, Fault.WORKER_LOST, "The worker process was lost twice over this item.")
