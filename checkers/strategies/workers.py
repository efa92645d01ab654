"""Worker processes of a strategy: started when needed, again when found dead."""

import pickle
from enum import Enum
from typing import Any

from checkers.child import Child, ChildLost
from checkers.errors import WorkNotPicklable
from checkers.meter import Usage


class Ask(Enum):
    """What a message asks for: its first byte."""

    WORK = b"w"
    ITEMS = b"i"
    USAGE = b"u"


class Worker:
    """One worker process, started again whenever it is found dead.

    Args:
        module: what it runs; it says `ready` before anything else, and answers every `ask` with
            one pickled frame.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._child: Child | None = None
        self._work: bytes | None = None
        self._busy = False

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int | None:
        """Of the living process, if there is one."""
        return self._child.pid if self._child is not None and self.alive else None

    async def ensure(self) -> Child:
        """The living process, after it has said that it is ready."""
        if self._child is not None and self._child.alive:
            return self._child
        self._child, self._work = await Child.spawn(self._module), None
        self._busy = True
        await self._child.receive()
        self._busy = False
        return self._child

    async def take_up(self, packed_work: bytes) -> Child:
        """Let the worker open this work, unless it has it open already.

        Raises:
            WorkNotPicklable: what arrives there cannot be made a work again.
        """
        child = await self.ensure()
        if self._work is not packed_work:
            refused: str | None = pickle.loads(await self.ask(Ask.WORK, packed_work))  # noqa: S301 -- our own worker wrote it
            if refused is not None:
                raise WorkNotPicklable(refused)
            self._work = packed_work
        return child

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
            await self.bury()
            raise
        self._busy = False
        return answer

    def engage(self) -> None:
        """Say that answers are to come that nobody may take for others."""
        self._busy = True

    def disengage(self) -> None:
        """Say that every answer has come."""
        self._busy = False

    async def bury(self) -> None:
        """Let go of a process that has died."""
        child, self._child, self._busy = self._child, None, False
        if child is not None:
            await child.close()

    async def stop_if_busy(self) -> None:
        """End the process if it was left in the middle of something."""
        if self._busy and self._child is not None:
            self._child.kill()
            await self.bury()

    async def usage(self) -> Usage:
        """What the process has used; nothing once it is gone."""
        if self._child is None or not self._child.alive:
            return Usage()
        try:
            usage: Usage = pickle.loads(await self.ask(Ask.USAGE))  # noqa: S301 -- our own worker wrote it
        except ChildLost:
            return Usage()
        return usage

    async def close(self) -> None:
        """End the process."""
        if self._child is not None:
            await self._child.close()


def unpacked(payload: bytes) -> Any:
    """What came over the pipe.

    Raises:
        WorkNotPicklable: nothing can be made of it here.
    """
    try:
        return pickle.loads(payload)  # noqa: S301 -- our own parent wrote it
    except (pickle.UnpicklingError, AttributeError, ImportError, TypeError, EOFError) as error:
        raise WorkNotPicklable(
            f"What was sent cannot be loaded in another process: {error}. A work and its items are "
            "of classes at the top of a module that every process can import."
        ) from error


def packed(thing: Any) -> bytes:
    """What goes over the pipe.

    Raises:
        WorkNotPicklable: it cannot.
    """
    try:
        return pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise WorkNotPicklable(
            f"{type(thing).__name__} cannot be sent to another process: {error}. Threads and an "
            "event loop can carry it."
        ) from error
