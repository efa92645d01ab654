"""What a strategy is, and what it carries."""

import logging
from collections.abc import Awaitable, Callable, Hashable, Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeVar

from checkers.meter import Usage
from checkers.pacing import Pace

logger = logging.getLogger(__name__)

# An outcome is held back for at most this long, in seconds, so that several go together.
HOLD_SECONDS: Final = 0.05

Item = TypeVar("Item")
Out = TypeVar("Out")

#: Takes outcomes in order of completion; awaited, so a slow consumer slows the run.
Emit = Callable[[list[Out]], Awaitable[None]]


def into(gathered: list[Out]) -> Emit[Out]:
    """An emit that gathers outcomes in a list, in order of completion."""

    async def take(some: list[Out]) -> None:
        gathered.extend(some)

    return take


class Fault(StrEnum):
    """Why an item has no outcome of its own; the fault is ours."""

    WORKER_LOST = "worker_lost"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class PerPlace(Generic[Item]):
    """How many items that go to one place may be out at a time, so that none is overrun.

    Attributes:
        place_of: where an item goes.
        most: so many at most.
    """

    place_of: Callable[[Item], Hashable]
    most: int


class Source(Protocol[Item]):
    """Where items are taken from."""

    @property
    def over(self) -> bool:
        """Whether there is nothing left to take, now or later."""
        ...

    @property
    def ready(self) -> bool:
        """Whether there may be something to take now."""
        ...

    @property
    def pace(self) -> Pace | None:
        """In whose turns items may be taken; `None`: all at once."""
        ...

    @property
    def hold_seconds(self) -> float:
        """How long an outcome may be held back."""
        ...

    def take(self) -> Item | None:
        """The next item, `None` while there is none."""
        ...

    def done(self, item: Item) -> bool:
        """Say that an item is no longer out; whether another may be taken for it."""
        ...


class OwnLoop(Protocol[Item, Out]):
    """An event loop of a library's own, in whatever thread calls `run`."""

    def run(
        self, source: Source[Item], put: Callable[[list[tuple[Item, Out]]], None], lanes: int
    ) -> None:
        """Carry out items until the source is over.

        `put` is given every item with its outcome, in order of completion.
        """
        ...

    def wake(self) -> None:
        """Say, from any thread, that there may be more to take."""
        ...

    def stop(self) -> None:
        """End, from any thread; what is in flight is forgotten."""
        ...


class Work(Protocol[Item, Out]):
    """What is done with each item. Picklable, since it may be carried to another process."""

    @property
    def paced(self) -> bool:
        """Whether items are begun in turns, so that they do not wait for each other in us."""
        ...

    def opened(self, *, alone: bool = False) -> AbstractContextManager[Callable[[Item], Out]]:
        """What carries out one item in the calling thread.

        Args:
            alone: no other thread of the process will use it; else threads may share it.
        """
        ...

    def opened_async(
        self,
    ) -> AbstractAsyncContextManager[Callable[[Item], Awaitable[Out]]]:
        """What carries out one item on the running event loop."""
        ...

    def per_place(self) -> PerPlace[Item] | None:
        """How many items of one place may be out at a time; `None`: as many as there are."""
        ...

    def own_loop(self) -> AbstractContextManager[OwnLoop[Item, Out]] | None:
        """The event loop of a library that brings its own; `None` where asyncio's carries it."""
        ...

    def fault(self, item: Item, fault: Fault, detail: str) -> Out:
        """The outcome of an item that could not be carried out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a strategy may go.

    Attributes:
        concurrency: items in flight at most.
        timeout: seconds by which no item outlives a cancelled run.
    """

    concurrency: int
    timeout: float = 300.0


class Strategy(Protocol):
    """A way of carrying out many items at once."""

    async def open(self, work: Work[Item, Out]) -> None:
        """Make ready what outlives a run, such as processes, so that no run pays for it.

        Raises:
            WorkNotPicklable: the work cannot go where the strategy would carry it.
            OSError: a process could not be made.
        """
        ...

    async def run(self, work: Work[Item, Out], items: Iterable[Item], emit: Emit[Out]) -> None:
        """Carry out the work once on every item and emit one outcome each, in order of completion.

        `emit` is awaited, so a slow consumer slows the run. On cancellation no item outlives the
        call by more than `Limits.timeout` seconds, and nothing is emitted any more.

        Args:
            items: those there are, or a `Stream` of those that will come, which lasts as long as it
                does and keeps to the places it was made with.

        Raises:
            WorkNotPicklable: the work or an item cannot go where the strategy would carry it.
        """
        ...

    def finish(self) -> None:
        """Begin nothing more: the run under way returns once what is out has come back."""
        ...

    async def usage(self) -> Usage:
        """What the processes it keeps have used so far; nothing where it keeps none."""
        ...

    async def close(self) -> None:
        """End what `open` made."""
        ...


def carried_out(work: Work[Item, Out], perform: Callable[[Item], Out], item: Item) -> Out:
    """The outcome of one item, whatever its work raises: a poisonous item ends only itself."""
    try:
        return perform(item)
    except Exception as error:
        logger.exception("an item failed in an unforeseen way")
        return work.fault(item, Fault.INTERNAL_ERROR, f"{type(error).__name__}: {error}")


async def carried_out_soon(
    work: Work[Item, Out], perform: Callable[[Item], Awaitable[Out]], item: Item
) -> Out:
    """As `carried_out`, on the running event loop."""
    try:
        return await perform(item)
    except Exception as error:
        logger.exception("an item failed in an unforeseen way")
        return work.fault(item, Fault.INTERNAL_ERROR, f"{type(error).__name__}: {error}")
