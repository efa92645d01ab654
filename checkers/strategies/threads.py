"""Threads that take items from one iterator and hand outcomes to the event loop."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sized
from typing import Any, Final, Generic

from checkers.beat import Beat
from checkers.lag import OWN
from checkers.meter import Usage
from checkers.pacing import Turnstile, kept
from checkers.strategies.strategy import Emit, Item, Limits, Out, Work, carried_out
from checkers.strategies.supply import Stream, supplied
from checkers.timing import now

# Outcomes that may wait for the consumer before the threads wait for it too.
_ROOM: Final = 1000
# The loop lets outcomes gather for this long: waking it for each one would cost the threads more
# (every wake-up is a change of the interpreter lock's owner) than the outcome itself.
_GATHER_SECONDS: Final = 0.01


class InThreads:
    """A strategy over a crew of threads that lives as long as a run."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._crew: _Crew[Any, Any] | None = None

    async def open(self, work: Work[Item, Out]) -> None:
        """Nothing outlives a run but what the work has to load, which no run should pay for."""
        with work.opened():
            pass

    async def run(self, work: Work[Item, Out], items: Iterable[Item], emit: Emit[Out]) -> None:
        """As `Strategy.run`; a thread in the middle of an item ends with it."""
        threads = self._limits.concurrency
        # One at a time waits for nobody.
        paced = work.paced and threads > 1
        with (
            work.opened(alone=threads == 1) as perform,
            Beat(None, lambda: isinstance(items, Stream) and items.idle) as beat,
            kept() if paced else contextlib.nullcontext() as pace,
        ):
            wanted = max(min(threads, len(items)), 1) if isinstance(items, Sized) else threads
            self._crew = crew = _Crew(work, perform, items, Turnstile(pace), beat, wanted)
            try:
                await crew.deliver(emit)
            finally:
                crew.dismiss()

    def finish(self) -> None:
        if self._crew is not None:
            self._crew.finish()

    async def usage(self) -> Usage:
        return Usage()

    async def close(self) -> None:
        """Nothing outlives a run: a thread costs 0.1 ms to start."""


class _Crew(Generic[Item, Out]):
    """The threads of one run and what they share."""

    def __init__(
        self,
        work: Work[Item, Out],
        perform: Callable[[Item], Out],
        items: Iterable[Item],
        turnstile: Turnstile,
        beat: Beat,
        threads: int,
    ) -> None:
        self._work = work
        self._turnstile = turnstile
        self._beat = beat
        self._perform = perform
        per_place = work.per_place()
        self._supply = supplied(items, per_place)
        self._comes_in = isinstance(self._supply, Stream)
        self._taking = threading.Condition()
        # A list's own iterator cannot be interrupted, so each item is taken once without a lock;
        # a lock that thirty threads want costs more than taking the item.
        plain = per_place is None and isinstance(items, list | tuple | range)
        self._plain = iter(items) if plain else None
        self._finishing = False
        self._room = threading.Event()
        self._room.set()
        self._dismissed = False
        self._outcomes: deque[Out] = deque()
        self._errors: list[BaseException] = []
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._all_ended = asyncio.Event()
        self._told = False
        self._at_work = threads
        self._called = 0.0
        self._supply.tell(self._on_given)
        for number in range(threads):
            # Daemons: a thread waiting for its deadline must not hold up the exit.
            threading.Thread(target=self._lane, name=f"lane-{number}", daemon=True).start()

    async def deliver(self, emit: Emit[Out]) -> None:
        """Emit outcomes as they come, until every thread has ended."""
        while True:
            ended = self._at_work == 0
            self._told = False
            chunk = [self._outcomes.popleft() for _ in range(len(self._outcomes))]
            if chunk:
                await emit(chunk)
                self._room.set()
            elif self._errors:
                raise self._errors[0]
            elif ended:
                return
            else:
                await self._news.wait()
                self._news.clear()
                await self._gather()

    async def _gather(self) -> None:
        """Let more outcomes come, unless all have."""
        try:
            async with asyncio.timeout(_GATHER_SECONDS):
                await self._all_ended.wait()
        except TimeoutError:
            return

    def dismiss(self) -> None:
        """Let no thread take another item."""
        self._dismissed = True
        self.finish()
        # A stream may outlive the beat that it stirs.
        self._supply.tell(lambda: None)
        self._room.set()

    def finish(self) -> None:
        """Let no thread take another item, but end the one it has."""
        self._finishing = True
        with self._taking:
            self._supply.close()
            self._taking.notify_all()

    def _lane(self) -> None:
        try:
            while self._carry_one():
                pass
        except BaseException as error:  # noqa: BLE001 -- raised in the run, which awaits it
            self._errors.append(error)
        finally:
            with self._taking:
                self._at_work -= 1
                last = self._at_work == 0
            self._tell(last=last)

    def _carry_one(self) -> bool:
        if len(self._outcomes) >= _ROOM:
            self._wait_for_room()
        item = self._take()
        if item is None:
            return False
        self._turnstile.turn()
        if self._finishing:
            return False
        outcome = carried_out(self._work, self._perform, item)
        self._turnstile.ended()
        self._done(item)
        if self._dismissed:
            return False
        self._outcomes.append(outcome)
        self._tell()
        return True

    def _take(self) -> Item | None:
        if self._finishing:
            return None
        if self._plain is not None:
            return next(self._plain, None)
        with self._taking:
            while (item := self._supply.take()) is None and not self._supply.over:
                self._taking.wait()
                self._note_wakening()
            if self._supply.over:
                # Whoever else waits waits in vain.
                self._taking.notify_all()
            elif self._comes_in and self._supply.ready:
                # Only one was woken for all that came.
                self._wake_one()
            return item

    def _on_given(self) -> None:
        self._beat.stir()
        with self._taking:
            self._wake_one()

    def _wake_one(self) -> None:
        self._called = now()
        self._taking.notify()

    def _note_wakening(self) -> None:
        """How late a thread came that was called: where all have rested nothing else tells it."""
        if self._comes_in:
            at = now()
            OWN.note(at, at - self._called)

    def _done(self, item: Item) -> None:
        if self._plain is None:
            with self._taking:
                if self._supply.done(item):
                    self._wake_one()

    def _wait_for_room(self) -> None:
        while len(self._outcomes) >= _ROOM and not self._dismissed:
            self._room.clear()
            # Looked at again after clearing: the consumer may have come in between.
            if len(self._outcomes) >= _ROOM and not self._dismissed:
                self._room.wait()

    def _tell(self, *, last: bool = False) -> None:
        if (self._told and not last) or self._loop.is_closed():
            return
        self._told = True
        try:
            self._loop.call_soon_threadsafe(self._news.set)
            if last:
                self._loop.call_soon_threadsafe(self._all_ended.set)
        except RuntimeError:
            # The loop was closed between the question and the call: nobody is waiting.
            return
