"""Where lanes take their items from: a list that is there, or a pipe that brings more."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic

from checkers.strategies.strategy import Item


class Supply(Generic[Item]):
    """The items of a list, each taken once."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._source: Iterator[Item] = iter(items)
        self.over = False

    def take(self) -> Item | None:
        """The next item, `None` when there is none now; none will come once `over`."""
        for item in self._source:
            return item
        self.over = True
        return None

    async def more(self) -> None:
        """Wait until there may be more to take."""

    def tell(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from any thread, whenever there may be more to take."""


class Stream(Supply[Item]):
    """Items that keep coming, given on the event loop and taken there or in one other thread."""

    def __init__(self) -> None:
        super().__init__(())
        self._waiting: deque[Item] = deque()
        self._news = asyncio.Event()
        self._wake: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._all_given = False

    def give(self, items: Iterable[Item]) -> None:
        """Add some."""
        self._waiting.extend(items)
        self._announce()

    def finish(self) -> None:
        """Say that no more will come."""
        self._all_given = True
        self._announce()

    def take(self) -> Item | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self.over = self._all_given
            return None

    async def more(self) -> None:
        self._news.clear()
        if not (self._waiting or self._all_given):
            await self._news.wait()

    def tell(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def _announce(self) -> None:
        self._news.set()
        if self._wake is not None:
            self._wake()
