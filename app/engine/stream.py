"""A run that stays open: items are given to it as they become due, outcomes come as they end."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

import msgspec
import structlog

from app.engine.process import HostProcess
from app.engine.remaining import DEATHS, Remaining
from checkers import Item, Outcome
from checkers.checks import not_measured
from checkers.child import Child, ChildLost
from checkers.messages import ITEMS_PER_FRAME, Begin, Cancel, Ended, Finish, Items, Outcomes, encode
from checkers.strategies.outbox import first_of

logger = structlog.get_logger(__name__)

# After so many deaths that something must be wrong with this machine.
_LONG_REST_SECONDS: Final = 5.0

_Answers = asyncio.Queue[Outcomes | Ended | None]


class Streaming:
    """One open run, over as many processes as it takes; it never gives up for good.

    Every item given has one outcome, unless it is closed by cancelling `serve`, or the service
    stops before the item has begun.

    Args:
        begin: how it is carried out; every process hears of it under a new number.
        numbers: those numbers.
        emit: given outcomes in order of completion. What it raises ends `serve`.
    """

    def __init__(
        self,
        host: HostProcess,
        begin: Begin,
        numbers: Iterator[int],
        emit: Callable[[list[Outcome]], Awaitable[None]],
    ) -> None:
        self._host = host
        self._begin = begin
        self._numbers = numbers
        self._emit = emit
        self._remaining = Remaining(begin.work, begin.concurrency)
        self._unsent: list[Item] = []
        self._news = asyncio.Event()
        self._child: Child | None = None
        self._closing = False
        self._finishing = False
        self._ending = asyncio.Event()

    @property
    def in_flight(self) -> int:
        """How many items have been given whose outcomes have not come yet."""
        return len(self._remaining)

    async def give(self, items: Sequence[Item]) -> None:
        """Have these carried out, as soon as the limits let them; waits for nothing.

        Args:
            items: with numbers that no other item in flight has.
        """
        if self._closing or self._finishing:
            return
        self._remaining.add(items)
        self._unsent.extend(items)
        self._news.set()

    async def close(self) -> None:
        """Take no more: `serve` returns once everything given has its outcome."""
        self._closing = True
        self._ending.set()
        self._news.set()

    def begin_nothing(self) -> None:
        """Carry out nothing that the process has not been told of yet."""
        self._finishing = True
        self._ending.set()
        self._news.set()

    async def finish(self) -> None:
        """Begin nothing more: `serve` returns once what is in flight has its outcome."""
        self.begin_nothing()
        if self._child is not None:
            with contextlib.suppress(ChildLost):
                await self._child.send(encode(Finish()))

    async def serve(self) -> None:
        """Carry out what is given, until closed and done, finished, or cancelled."""
        while not (self._finishing or (self._closing and not self._remaining)):
            try:
                ended = await self._converse()
            except (ChildLost, OSError) as error:
                await self._bury(str(error))
            else:
                if self._finishing or (self._closing and not self._remaining):
                    return
                await self._bury(ended.error or "the run ended by itself")

    async def _converse(self) -> Ended:
        """Speak with one process until the run ends.

        Raises:
            ChildLost, OSError: the process died, or could not be started.
        """
        run = next(self._numbers)
        # Any number of answers: there are never more outcomes than items that were given.
        async with self._host.conversation(run, unread=0) as (child, answers):
            try:
                async with asyncio.TaskGroup() as group:
                    self._child = child
                    giving = group.create_task(self._hand_on(child, run))
                    try:
                        return await self._take(answers)
                    finally:
                        giving.cancel()
            except BaseExceptionGroup as errors:
                raise first_of(errors) from errors
            finally:
                self._child = None
                # Whatever ended it here, nobody wants the rest; of an ended run it says nothing.
                with contextlib.suppress(ChildLost):
                    await child.send(encode(Cancel(run=run)))

    async def _hand_on(self, child: Child, run: int) -> None:
        try:
            await self._send(child, run)
        except ChildLost:
            # Its death is told by its answers, after those that came before.
            child.kill()

    async def _send(self, child: Child, run: int) -> None:
        """Send items as they are given: first what was given to the process before."""
        await child.send(encode(msgspec.structs.replace(self._begin, run=run)))
        if self._finishing:
            await child.send(encode(Finish()))
        self._unsent = self._remaining.items
        while True:
            self._news.clear()
            while self._unsent and not self._finishing:
                part, self._unsent = (
                    self._unsent[:ITEMS_PER_FRAME],
                    self._unsent[ITEMS_PER_FRAME:],
                )
                await child.send(encode(Items(run=run, items=part, last=False)))
            if self._closing:
                await child.send(encode(Items(run=run, items=[], last=True)))
                return
            await self._news.wait()

    async def _take(self, answers: _Answers) -> Ended:
        while True:
            message = await answers.get()
            if message is None:
                raise ChildLost("the process that ran the checks ended")
            if isinstance(message, Ended):
                return message
            self._remaining.settle(message.outcomes)
            await self._emit(message.outcomes)

    async def _bury(self, error: str) -> None:
        """Note a death: what was in flight is tried once more, unless nothing helps."""
        logger.warning("stream_lost", run=self._begin.run, error=error, left=len(self._remaining))
        if self._finishing:
            return
        if not self._remaining.note_death():
            await self._tell(self._remaining.bury())
            await self._rest(self._remaining.rest_seconds)
            return
        detail = f"The process that runs the checks died {DEATHS} times without a new outcome."
        await self._tell([not_measured(item, detail) for item in self._remaining.clear()])
        await self._rest(_LONG_REST_SECONDS)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ending.wait()

    async def _tell(self, outcomes: list[Outcome]) -> None:
        if outcomes:
            await self._emit(outcomes)
