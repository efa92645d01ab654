"""Runs strategies in a process of its own, fed and read over a pipe.

Nothing else happens here, so no latency is coloured by the service's JSON and SQL, and what a run
cost is the difference of this process's counters.
"""

import asyncio
import contextlib
import logging
import os
import sys
from time import monotonic
from typing import Final

import msgspec
import uvloop

from checkers.checks import Item
from checkers.child import Line, LoopLine, settle_in
from checkers.errors import CheckerError
from checkers.messages import (
    Begin,
    Cancel,
    Ended,
    Finish,
    FromHost,
    Outcomes,
    Ready,
    ToHost,
    decode_to_host,
    encode,
)
from checkers.metered import metered
from checkers.outcome import Outcome
from checkers.strategies.catalogue import CATALOGUE, StrategyName
from checkers.strategies.strategy import Limits, Strategy
from checkers.strategies.supply import Stream

logger = logging.getLogger(__name__)

# What may wait for the parent to read it, in frames, before the runs wait too.
_UNREAD_FRAMES: Final = 64


class _Run:
    """One run under way."""

    def __init__(self, begin: Begin) -> None:
        self.begin = begin
        self.items: list[Item] = []
        self.stream: Stream[Item] | None = None
        if begin.stream:
            self.stream = Stream(begin.work.per_place(), hold_seconds=begin.hold_seconds)
        self.task: asyncio.Task[None] | None = None

    def take(self, items: list[Item], *, last: bool) -> bool:
        """Take in some of its items; whether it is to be started now."""
        if self.stream is None:
            self.items.extend(items)
            return last
        if items:
            self.stream.give(items)
        if last:
            self.stream.finish()
        return False

    def finish(self) -> None:
        """Begin nothing more of a stream, which may still be making itself ready."""
        if self.stream is not None:
            self.stream.close()


class Host:
    """Carries out the runs it is told of, several at once if need be."""

    def __init__(self, line: LoopLine) -> None:
        self._line = line
        self._runs: dict[int, _Run] = {}
        self._strategies: dict[tuple[StrategyName, int], Strategy] = {}
        self._in_use: set[tuple[StrategyName, int]] = set()
        self._at_work: list[Strategy] = []
        self._unsent: asyncio.Queue[bytes] = asyncio.Queue(_UNREAD_FRAMES)

    async def serve(self) -> None:
        """Until the parent closes its end."""
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write())
            await self._send(Ready(pid=os.getpid()))
            while (payload := await self._line.read()) is not None:
                self._take(decode_to_host(payload), group)
                # What was begun is under way before the next frame can cancel it.
                await asyncio.sleep(0)
            for run in self._runs.values():
                if run.task is not None:
                    run.task.cancel()
            writer.cancel()

    def _take(self, message: ToHost, group: asyncio.TaskGroup) -> None:
        if isinstance(message, Finish):
            self._finish()
        elif isinstance(message, Begin):
            self._runs[message.run] = run = _Run(message)
            if message.stream:
                run.task = group.create_task(self._carry_out(run))
        elif (found := self._runs.get(message.run)) is None:
            return
        elif isinstance(message, Cancel):
            self._cancel(found)
        elif found.take(message.items, last=message.last):
            found.task = group.create_task(self._carry_out(found))

    def _finish(self) -> None:
        for strategy in self._at_work:
            strategy.finish()
        for run in self._runs.values():
            run.finish()

    def _cancel(self, run: _Run) -> None:
        if run.task is None:
            del self._runs[run.begin.run]
        else:
            run.task.cancel()

    async def _carry_out(self, run: _Run) -> None:
        begin, asked = run.begin, monotonic()
        ended = Ended(run=begin.run, setup=0.0, wall=0.0, cost=None)
        key = (begin.strategy, begin.concurrency)
        strategy = self._strategy(key)
        self._at_work.append(strategy)
        try:
            await self._close_idle(begin.strategy)
            ended = await self._measured(run, strategy, asked)
        except asyncio.CancelledError:
            # The parent has asked for it, or has gone; either way nobody waits for more.
            ended = msgspec.structs.replace(ended, error="cancelled")
        except (CheckerError, OSError) as error:
            ended = msgspec.structs.replace(ended, error=str(error))
        except Exception as error:  # of a run: the process goes on with the others
            logger.exception("run failed in an unforeseen way")
            ended = msgspec.structs.replace(ended, error=f"{type(error).__name__}: {error}")
        finally:
            del self._runs[begin.run]
            self._at_work.remove(strategy)
            if self._strategies.get(key) is strategy:
                self._in_use.discard(key)
            else:
                await strategy.close()
        await self._send(ended)

    def _strategy(self, key: tuple[StrategyName, int]) -> Strategy:
        """A strategy of these limits: the warm one, or another while that is in use."""
        made = CATALOGUE[key[0]].make(Limits(concurrency=key[1]))
        if key in self._in_use:
            return made
        self._in_use.add(key)
        return self._strategies.setdefault(key, made)

    async def _close_idle(self, name: StrategyName) -> None:
        """Keep one of a name warm, or processes would pile up with every other concurrency."""
        for key in [k for k in self._strategies if k[0] is name and k not in self._in_use]:
            await self._strategies.pop(key).close()

    async def _measured(self, run: _Run, strategy: Strategy, asked: float) -> Ended:
        begin = run.begin

        async def emit(outcomes: list[Outcome]) -> None:
            await self._send(Outcomes(run=begin.run, outcomes=outcomes))

        found = await metered(
            strategy,
            begin.work,
            run.items if run.stream is None else run.stream,
            emit,
            asked=asked,
            begun=lambda now: msgspec.structs.replace(begin.work, waiting_since=now),
        )
        return Ended(run=begin.run, setup=found.setup, wall=found.wall, cost=found.cost)

    async def _send(self, message: FromHost) -> None:
        await self._unsent.put(encode(message))

    async def _write(self) -> None:
        while True:
            await self._line.write(await self._unsent.get())


def main() -> None:
    """Serve the parent named on the command line until it goes."""
    settle_in()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    line = Line()

    async def serve() -> None:
        await Host(line.on_loop()).serve()

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve())
    # Threads waiting for a name server must not hold up the end.
    os._exit(0)


if __name__ == "__main__":
    main()
