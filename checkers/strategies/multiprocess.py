"""Processes that each carry out one item at a time: for work that computes, on every core.

Items are handed out on demand over a pipe each, so a slow one holds up nobody else. A worker that
dies costs its one item a second try; then the item is `worker_lost` and the run goes on.
"""

import asyncio
import pickle
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any, Final

from checkers.child import Child, ChildLost
from checkers.errors import WorkNotPicklable
from checkers.meter import Usage
from checkers.strategies.outbox import Outbox, first_of
from checkers.strategies.strategy import Emit, Fault, Item, Limits, Out, Work

_MODULE: Final = "checkers.strategies.worker"
_TRIES: Final = 2


class Ask(Enum):
    """What a message asks for: its first byte."""

    WORK = b"w"
    ITEM = b"i"
    USAGE = b"u"


class Multiprocess:
    """Workers that stay warm from run to run; each imports its libraries once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._workers: list[_Worker] = []

    async def open(self, work: Work[Item, Out]) -> None:
        """Start the workers that are missing, and let them load what the work needs."""
        packed = _packed(work)
        missing = self._limits.concurrency - len(self._workers)
        self._workers.extend(_Worker() for _ in range(missing))
        try:
            await asyncio.gather(*(worker.take_up(packed) for worker in self._workers))
        except ChildLost as error:
            raise OSError("A worker process ended before it was ready.") from error
        finally:
            await self._stop_busy()

    async def run(self, work: Work[Item, Out], items: Iterable[Item], emit: Emit[Out]) -> None:
        if not self._workers:
            await self.open(work)
        packed = _packed(work)
        outbox, source = Outbox(emit), iter(items)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(outbox.tick())
                async with asyncio.TaskGroup() as lanes:
                    for worker in self._workers:
                        lanes.create_task(_lane(worker, work, packed, source, outbox))
                await outbox.close()
        except BaseExceptionGroup as errors:
            raise first_of(errors) from errors
        finally:
            # A cancelled lane leaves its worker in the middle of an item.
            await self._stop_busy()

    async def _stop_busy(self) -> None:
        """End workers that were left in the middle of something: their next answer is not ours."""
        await asyncio.gather(*(worker.stop_if_busy() for worker in self._workers))

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
    worker: "_Worker",
    work: Work[Item, Out],
    packed: bytes,
    source: Iterator[Item],
    outbox: Outbox[Out],
) -> None:
    for item in source:
        await outbox.put(await _carried_out(worker, work, packed, item))


async def _carried_out(worker: "_Worker", work: Work[Item, Out], packed: bytes, item: Item) -> Out:
    message = _packed(item)
    for _ in range(_TRIES):
        try:
            await worker.take_up(packed)
            outcome: Out = pickle.loads(await worker.ask(Ask.ITEM, message))  # noqa: S301 -- our own worker wrote it
        except (ChildLost, OSError):
            # Dead, or not to be started for want of descriptors or memory.
            continue
        else:
            return outcome
    return work.fault(item, Fault.WORKER_LOST, "The worker process was lost twice over this item.")


class _Worker:
    """One worker process, started again whenever it is found dead."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._work: bytes | None = None
        self._busy = False

    async def ensure(self) -> Child:
        """The living process, after it has said that it is ready."""
        if self._child is not None and self._child.alive:
            return self._child
        self._child, self._work = await Child.spawn(_MODULE), None
        self._busy = True
        await self._child.receive()
        self._busy = False
        return self._child

    async def take_up(self, packed: bytes) -> None:
        """Let the worker open this work, unless it has it open already."""
        await self.ensure()
        if self._work is not packed:
            await self.ask(Ask.WORK, packed)
            self._work = packed

    async def ask(self, what: Ask, payload: bytes = b"") -> bytes:
        """Send one message and wait for its answer.

        Raises:
            ChildLost: the process ended meanwhile; it has been waited for.
        """
        child = await self.ensure()
        self._busy = True
        try:
            await child.send(what.value + payload)
            answer = await child.receive()
        except ChildLost:
            self._busy = False
            await child.close()
            raise
        self._busy = False
        return answer

    async def stop_if_busy(self) -> None:
        if self._busy and self._child is not None:
            child, self._child, self._busy = self._child, None, False
            child.kill()
            await child.close()

    async def usage(self) -> Usage:
        if self._child is None or not self._child.alive:
            return Usage()
        try:
            usage: Usage = pickle.loads(await self.ask(Ask.USAGE))  # noqa: S301 -- our own worker wrote it
        except ChildLost:
            return Usage()
        return usage

    async def close(self) -> None:
        if self._child is not None:
            await self._child.close()


def _packed(thing: Any) -> bytes:
    try:
        return pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise WorkNotPicklable(
            f"{type(thing).__name__} cannot be sent to another process: {error}."
        ) from error
