"""Where lanes take their items from: a list that is there, or a pipe that brings more."""

import asyncio
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Final, Generic

from checkers.pacing import Pace
from checkers.strategies.strategy import HOLD_SECONDS, Item, PerPlace
from checkers.timing import now

# Items that may be put aside from a source of unknown length, so that it need not all be held.
_ASIDE: Final = 10_000
# Something has waited all this time: the pace is slower than what is given.
_PATIENCE_SECONDS: Final = 0.15
_HURRIED: Final = 0.25


class Supply(Generic[Item]):
    """Items in order, each taken once; of one place at most so many are out at a time.

    Whoever has taken an item says when it is `done`. Not for several threads without a lock.
    """

    #: Turns are given where items are begun, not here.
    pace: Pace | None = None
    hold_seconds: float = HOLD_SECONDS

    def __init__(self, items: Iterable[Item], per_place: PerPlace[Item] | None = None) -> None:
        self._source: Iterator[Item] = iter(items)
        self._per_place = per_place
        # What is in a list is held anyway: there the search for another place may go on to its end.
        self._aside_at_most = len(items) if isinstance(items, Sequence) else _ASIDE
        self._out: Counter[Hashable] = Counter()
        self._aside: defaultdict[Hashable, deque[Item]] = defaultdict(deque)
        self._aside_count = 0
        self._freed: deque[Item] = deque()
        self._exhausted = False
        self._closed = False
        self._news = asyncio.Event()
        self._first_in_line = asyncio.Lock()

    def __iter__(self) -> Iterator[Item]:
        """What can be taken now."""
        return iter(self.take, None)

    @property
    def ready(self) -> bool:
        """Whether there may be something to take now."""
        return not self.over

    @property
    def idle(self) -> bool:
        """Whether nothing is out and nothing can be, until more is given."""
        return False

    @property
    def hurry(self) -> float:
        """Which share of the pace's interval may be kept: less, once items wait for too long."""
        return 1.0

    @property
    def over(self) -> bool:
        """Whether there is nothing left to take, now or later."""
        return self._closed or (self._exhausted and not self._aside_count and not self._freed)

    @property
    def closed(self) -> bool:
        """Whether nothing more is to be begun, not even what has been taken."""
        return self._closed

    def take(self) -> Item | None:
        """The next item, `None` when there is none now; none will come once `over`."""
        if self._closed:
            return None
        if self._per_place is None:
            return self._pull()
        if self._freed:
            return self._freed.popleft()
        return self._search(self._per_place)

    def done(self, item: Item) -> bool:
        """Say that an item is no longer out; whether another may be taken for it."""
        if self._per_place is None:
            return False
        place = self._per_place.place_of(item)
        waiting = self._aside.get(place)
        if waiting:
            # It takes over the place of the one that has gone.
            self._freed.append(waiting.popleft())
            self._aside_count -= 1
            self._news.set()
            return True
        self._aside.pop(place, None)
        self._out[place] -= 1
        if not self._out[place]:
            del self._out[place]
        return False

    def close(self) -> None:
        """Let nothing more be taken."""
        self._closed = True
        self._news.set()

    def stir(self) -> None:
        """Let whoever waits for more look again."""
        self._news.set()

    async def more(self) -> None:
        """Wait until there may be more to take."""
        self._news.clear()
        if not (self._freed or self.over):
            await self._news.wait()

    async def next(self) -> Item | None:
        """The next item, waited for; `None` once there is nothing left to take."""
        item = self.take()
        if item is None and not self.over:
            # One waits for more and the others wait for it: nobody is woken in vain.
            async with self._first_in_line:
                while (item := self.take()) is None and not self.over:
                    await self.more()
        if self.over:
            # Whoever else waits waits in vain.
            self.stir()
        return item

    def tell(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from any thread, whenever there may be more to take."""

    def _pull(self) -> Item | None:
        for item in self._source:
            return item
        self._exhausted = True
        return None

    def _search(self, per_place: PerPlace[Item]) -> Item | None:
        while self._aside_count <= self._aside_at_most:
            item = self._pull()
            if item is None:
                return None
            place = per_place.place_of(item)
            if self._out[place] < per_place.most:
                self._out[place] += 1
                return item
            self._aside[place].append(item)
            self._aside_count += 1
        return None


class Stream(Supply[Item]):
    """Items that keep coming, given on the event loop and taken there or in one other thread.

    Several threads may take them under a lock of their own.

    Args:
        hold_seconds: how long an outcome may be held back, so that more go together.
    """

    def __init__(
        self, per_place: PerPlace[Item] | None = None, *, hold_seconds: float = HOLD_SECONDS
    ) -> None:
        super().__init__((), per_place)
        self.hold_seconds = hold_seconds
        # What has been given is held anyway.
        self._aside_at_most = sys.maxsize
        self._waiting: deque[Item] = deque()
        self._waiting_since = 0.0
        self._wake: Callable[[], None] | None = None
        self._all_given = False
        # Each is counted in one thread.
        self._given = self._done = 0

    @property
    def ready(self) -> bool:
        return not self._closed and bool(self._waiting or self._freed)

    @property
    def hurry(self) -> float:
        # What is due has an instant of its own: rather a wider bound than a check that is late.
        waits = self._waiting and now() - self._waiting_since > _PATIENCE_SECONDS
        return _HURRIED if waits else 1.0

    @property
    def idle(self) -> bool:
        return self._given == self._done

    @property
    def over(self) -> bool:
        # In this order: nothing is given once it is known that all was.
        all_was = self._all_given and not (self._waiting or self._aside_count or self._freed)
        return self._closed or all_was

    def give(self, items: Iterable[Item]) -> None:
        """Add some."""
        some = list(items)
        self._given += len(some)
        if not self._waiting:
            self._waiting_since = now()
        self._waiting.extend(some)
        self._announce()

    def done(self, item: Item) -> bool:
        self._done += 1
        return super().done(item)

    def finish(self) -> None:
        """Say that no more will come."""
        self._all_given = True
        self._announce()

    def close(self) -> None:
        super().close()
        self._announce()

    async def more(self) -> None:
        self._news.clear()
        if not (self.ready or self.over):
            await self._news.wait()

    def tell(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def _pull(self) -> Item | None:
        return self._waiting.popleft() if self._waiting else None

    def _announce(self) -> None:
        self._news.set()
        if self._wake is not None:
            self._wake()


def supplied(items: Iterable[Item], per_place: PerPlace[Item] | None) -> Supply[Item]:
    """A supply of these items; what is one already keeps to the places it was made with."""
    return items if isinstance(items, Supply) else Supply(items, per_place)
