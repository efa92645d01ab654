"""What a worker of the hybrid strategy runs: an event loop full of lanes, until its pipe ends."""

import asyncio
import os
import pickle
from typing import Any, Final

import uvloop

from checkers.child import Line, LoopLine, settle_in
from checkers.errors import WorkNotPicklable
from checkers.meter import forget_peak, own_usage
from checkers.strategies.lanes import run_lanes
from checkers.strategies.strategy import Work
from checkers.strategies.supply import Stream
from checkers.strategies.workers import Ask, unpacked


class _Worker:
    """Answers WORK and USAGE with one frame each; ITEMS with their outcomes, as they come."""

    def __init__(self, line: LoopLine) -> None:
        self._line = line
        self._stream: Stream[Any] | None = None
        self._run: asyncio.Task[None] | None = None
        self._numbers: dict[int, list[int]] = {}

    async def serve(self) -> None:
        """Until the parent closes its end."""
        await self._line.write(b"ready")
        while (message := await self._line.read()) is not None:
            ask, payload = Ask(message[:1]), message[1:]
            if ask is Ask.WORK:
                await self._answer(await self._refused(payload))
            elif ask is Ask.USAGE:
                await self._answer(own_usage())
            else:
                self._take(pickle.loads(payload))  # noqa: S301 -- as above

    async def _refused(self, payload: bytes) -> str | None:
        """Take up a work; why it cannot be, or `None`."""
        packed_work, lanes = pickle.loads(payload)  # noqa: S301 -- our own parent wrote it
        try:
            work = unpacked(packed_work)
        except WorkNotPicklable as error:
            return str(error)
        await self._begin(work, lanes)
        return None

    async def _begin(self, work: Work[Any, Any], lanes: int) -> None:
        if self._stream is not None and self._run is not None:
            # The run before this one has no item left: its parent has all outcomes.
            self._stream.finish()
            await self._run
        forget_peak()
        self._stream, self._numbers = Stream(), {}
        own = work.own_loop()
        if own is None:
            async with work.opened_async():
                # Loads what the run would otherwise be charged for.
                pass
        else:
            with own:
                pass
        self._run = asyncio.create_task(run_lanes(work, self._stream, self._emit, lanes=lanes))
        self._run.add_done_callback(_end_if_broken)

    def _take(self, numbered: list[tuple[int, Any]]) -> None:
        assert self._stream is not None
        # An item is told by where it lies: the lanes hand back the very object.
        for number, item in numbered:
            self._numbers.setdefault(id(item), []).append(number)
        self._stream.give(item for _, item in numbered)

    async def _emit(self, pairs: list[tuple[Any, Any]]) -> None:
        await self._answer([(self._number(item), outcome) for item, outcome in pairs])

    def _number(self, item: Any) -> int:
        numbers = self._numbers[id(item)]
        if len(numbers) == 1:
            del self._numbers[id(item)]
        # One object under several numbers is the same item: either number will do.
        return numbers.pop()

    async def _answer(self, answer: object) -> None:
        await self._line.write(pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL))


def _end_if_broken(run: asyncio.Task[None]) -> None:
    if not run.cancelled() and run.exception() is not None:
        # The parent counts a death, and tries what was in flight once more.
        os._exit(_BROKEN)


_BROKEN: Final = 3


def main() -> None:
    """Serve the parent named on the command line until it goes."""
    settle_in()
    line = Line()

    async def serve() -> None:
        await _Worker(line.on_loop()).serve()

    uvloop.run(serve())
    # Threads waiting for a name server must not hold up the end.
    os._exit(0)


if __name__ == "__main__":
    main()
