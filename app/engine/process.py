"""A child process that runs strategies, and who waits for its answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

import msgspec
import structlog

from checkers.child import Child, ChildLost
from checkers.messages import Ended, Outcomes, Ready, decode_from_host

logger = structlog.get_logger(__name__)

_MODULE: Final = "checkers.host"
# Messages of one run that may wait here; beyond them the pipe fills and the run waits.
_UNREAD_MESSAGES: Final = 8


class HostProcess:
    """One child process and who waits for its answers."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._reader: asyncio.Task[None] | None = None
        self._reading = False
        self._waiting: dict[int, asyncio.Queue[Outcomes | Ended | None]] = {}
        self._starting = asyncio.Lock()
        self._started_at = 0.0
        self._start_seconds = 0.0
        #: How often it died and another took its place.
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.alive else None

    def started_within(self, asked: float) -> float:
        """Seconds that the start of the process took, if it was started for this run."""
        return self._start_seconds if self._started_at >= asked else 0.0

    @asynccontextmanager
    async def conversation(
        self, run: int, *, unread: int = _UNREAD_MESSAGES
    ) -> AsyncIterator[tuple[Child, asyncio.Queue[Outcomes | Ended | None]]]:
        """The living process, and the messages it sends of this run; `None` is its death.

        Args:
            unread: how many may wait, so that a slow consumer slows the run, and with it every
                other of the process; 0: any number.
        """
        child = await self._living()
        answers: asyncio.Queue[Outcomes | Ended | None] = asyncio.Queue(unread)
        self._waiting[run] = answers
        try:
            yield child, answers
        finally:
            del self._waiting[run]
            while not answers.empty():
                # Makes room for the reader, should it be waiting to hand over one more.
                answers.get_nowait()

    async def close(self) -> None:
        """End the process."""
        async with self._starting:
            if self._child is not None:
                self._child.kill()
                await self._child.close()
            if self._reader is not None:
                await self._reader
            self._child = self._reader = None

    async def _living(self) -> Child:
        async with self._starting:
            if self._child is not None and self._child.alive and self._reading:
                return self._child
            if self._reader is not None:
                # Whoever joined now would not be told of the death that it is telling of.
                await asyncio.wait([self._reader])
            began = monotonic()
            child = await Child.spawn(_MODULE)
            try:
                first = decode_from_host(await child.receive())
                assert isinstance(first, Ready)
            except BaseException:
                # Nobody else knows of it yet.
                child.kill()
                await asyncio.shield(child.close())
                raise
            self.restarts += self._reader is not None
            self._started_at = monotonic()
            self._start_seconds = self._started_at - began
            self._child = child
            # Its parent is this object: close() waits for it.
            self._reading = True
            self._reader = asyncio.create_task(self._read(child))
            return child

    async def _read(self, child: Child) -> None:
        try:
            while True:
                message = decode_from_host(await child.receive())
                if isinstance(message, Ready):
                    continue
                answers = self._waiting.get(message.run)
                if answers is not None:
                    await answers.put(message)
        except ChildLost:
            pass
        except msgspec.MsgspecError:
            logger.exception("child_spoke_nonsense", pid=child.pid)
        finally:
            self._reading = False
            child.kill()
            for answers in list(self._waiting.values()):
                await answers.put(None)
            await child.close()


@asynccontextmanager
async def fresh_host() -> AsyncIterator[HostProcess]:
    """A process of its own, ended with the block."""
    host = HostProcess()
    try:
        yield host
    finally:
        await host.close()
