"""Processes that each carry out one item at a time: for work that computes, on every core.

Items are handed out on demand over a pipe each, so a slow one holds up nobody else. A worker that
dies costs its one item a second try; then the item is `worker_lost` and the run goes on.
"""

import asyncio
import logging
import pickle
from collections.abc import Iterable, Sequence
from typing import Any, Final

from checkers.beat import Beat
from checkers.child import ChildLost
from checkers.meter import Usage
from checkers.pacing import OwnMeter, Pace, WorkersMeter
from checkers.strategies.outbox import Outbox, first_of
from checkers.strategies.strategy import Emit, Fault, Item, Limits, Out, Work
from checkers.strategies.supply import Supply, supplied
from checkers.strategies.workers import Ask, Worker, packed

logger = logging.getLogger(__name__)

_MODULE: Final = "checkers.strategies.worker"
_TRIES: Final = 2


class Multiprocess:
    """Workers that stay warm from run to run; each imports its libraries once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._workers: list[Worker] = []
        self._supply: Supply[Any] | None = None

    async def open(self, work: Work[Item, Out]) -> None:
        """Start the workers that are missing, and let them load what the work needs."""
        packed_work = packed(work)
        missing = self._limits.concurrency - len(self._workers)
        self._workers.extend(Worker(_MODULE) for _ in range(missing))
        try:
            ended = await asyncio.gather(
                *(worker.take_up(packed_work) for worker in self._workers), return_exceptions=True
            )
        finally:
            await self._stop_busy()
        await self._do_without([error for error in ended if isinstance(error, BaseException)])

    async def _do_without(self, errors: Sequence[BaseException]) -> None:
        """Go on with the workers that could be started: a machine may be short of something.

        Raises:
            OSError: there is none; or whatever else went wrong.
        """
        for error in errors:
            if not isinstance(error, ChildLost | OSError):
                raise error
        if not errors:
            return
        started = [worker for worker in self._workers if worker.alive]
        logger.warning(
            "%d of %d worker processes could be started: %s",
            len(started), len(self._workers), errors[0],
        )  # fmt: skip
        self._workers = started
        if not started:
            raise OSError(f"No worker process could be started: {errors[0]}") from errors[0]

    async def run(self, work: Work[Item, Out], items: Iterable[Item], emit: Emit[Out]) -> None:
        if not self._workers:
            await self.open(work)
        packed_work = packed(work)
        self._supply = supply = supplied(items, work.per_place())
        outbox = Outbox(emit, seconds=supply.hold_seconds)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(outbox.tick())
                with Beat(self._pace(work), lambda: supply.idle) as beat:
                    async with asyncio.TaskGroup() as lanes:
                        for worker in self._workers:
                            lane = _lane(worker, work, packed_work, supply, outbox, beat)
                            lanes.create_task(lane)
                await outbox.close()
        except BaseExceptionGroup as errors:
            raise first_of(errors) from errors
        finally:
            # A cancelled lane leaves its worker in the middle of an item.
            await self._stop_busy()

    def _pace(self, work: Work[Item, Out]) -> Pace | None:
        """Neither this process nor the cores may be kept too busy; the cores are the workers'."""
        if not work.paced or len(self._workers) < 2:
            return None
        pids = [worker.pid for worker in self._workers if worker.pid is not None]
        return Pace(OwnMeter(), WorkersMeter(pids))

    async def _stop_busy(self) -> None:
        """End workers that were left in the middle of something: their next answer is not ours."""
        await asyncio.gather(*(worker.stop_if_busy() for worker in self._workers))

    def finish(self) -> None:
        if self._supply is not None:
            self._supply.close()

    async def usage(self) -> Usage:
        """All living workers; those that ended count among the children waited for."""
        total = Usage()
        for worker in self._workers:
            total = total.plus(await worker.usage())
        return total

    async def close(self) -> None:
        workers, self._workers = self._workers, []
        await asyncio.gather(*(worker.close() for worker in workers))


async def _lane(
    worker: Worker,
    work: Work[Item, Out],
    packed_work: bytes,
    supply: Supply[Item],
    outbox: Outbox[Out],
    beat: Beat,
) -> None:
    while (item := await supply.next()) is not None:
        await beat.turn()
        if supply.closed:
            return
        outcome = await _carried_out(worker, work, packed_work, item)
        beat.ended()
        supply.done(item)
        await outbox.put(outcome)


async def _carried_out(
    worker: Worker, work: Work[Item, Out], packed_work: bytes, item: Item
) -> Out:
    message = packed(item)
    for _ in range(_TRIES):
        try:
            await worker.take_up(packed_work)
            outcome: Out = pickle.loads(await worker.ask(Ask.ITEMS, message))  # noqa: S301 -- our own worker wrote it
        except (ChildLost, OSError):
            # Dead, or not to be started for want of descriptors or memory.
            continue
        else:
            return outcome
    return work.fault(item, Fault.WORKER_LOST, "The worker process was lost twice over this item.")
