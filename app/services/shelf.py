"""What many readers ask for at once: made once, and handed to all of them for a few seconds."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Final, TypeVar, cast

T = TypeVar("T")

#: However many readers there are, a thing is made once in so many seconds.
FRESH_SECONDS: Final = 5.0
# A page is some tens of kilobytes.
_MOST_KEPT: Final = 512


class _Place:
    """Where one thing lies; who makes it holds the lock."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.thing: object = None
        self.stale_at = 0.0


class Shelf:
    """Things by name, none older than it may be; what was not asked for longest goes first."""

    def __init__(self) -> None:
        self._places: OrderedDict[Hashable, _Place] = OrderedDict()
        self._edition = 0

    async def take(self, name: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """The thing of that name: as it lies there, or made by the first who asks for it.

        What raises is kept for nobody.

        Args:
            make: always makes the same type of thing under the same name.
        """
        place = self._places.setdefault(name, _Place())
        self._places.move_to_end(name)
        try:
            async with place.lock:
                if place.stale_at <= monotonic():
                    edition, made = self._edition, await make()
                    if edition != self._edition:
                        # Something was changed meanwhile, and perhaps it was read before that.
                        return made
                    place.thing, place.stale_at = made, monotonic() + FRESH_SECONDS
                return cast("T", place.thing)
        finally:
            self._tidy(name, place)

    def clear(self) -> None:
        """Make everything anew: what it was made of has changed."""
        self._edition += 1
        self._places.clear()

    def _tidy(self, name: Hashable, place: _Place) -> None:
        """Keep no place that holds nothing, and not too many of the others."""
        if not place.stale_at and not place.lock.locked() and self._places.get(name) is place:
            del self._places[name]
        while len(self._places) > _MOST_KEPT:
            self._places.popitem(last=False)
