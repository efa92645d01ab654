"""Runs in supervised processes of this machine: started when first needed, again when they die."""

import asyncio
import contextlib
import itertools
import weakref
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from time import monotonic

import msgspec
import structlog

from app import USER_AGENT
from app.engine.process import HostProcess, fresh_host
from app.engine.remaining import DEATHS, Remaining
from app.engine.stream import Streaming
from checkers import Item, Outcome, StrategyName
from checkers.checks import CheckWork, ClientName
from checkers.child import Child, ChildLost
from checkers.messages import (
    ITEMS_PER_FRAME,
    STREAM_HOLD_SECONDS,
    Begin,
    Cancel,
    Ended,
    Finish,
    Items,
    Outcomes,
    encode,
)
from checkers.meter import Usage

logger = structlog.get_logger(__name__)

Emit = Callable[[list[Outcome]], Awaitable[None]]


class Slot(StrEnum):
    """The processes a service keeps: no big run delays a small one, no run delays a check."""

    BATCH = "batch"
    QUICK = "quick"
    WATCH = "watch"
    PROBE = "probe"


class RunFailed(Exception):
    """The run could not be carried out to its end; its text is a sentence for people."""


class RunInterrupted(Exception):
    """The service stops: what is left of the run has to wait for the next start."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is to be carried out.

    Attributes:
        hold_seconds: how long an outcome of a stream may be held back, so that more go together.
    """

    strategy: StrategyName
    client: ClientName
    concurrency: int
    per_host: int = 0
    paced: bool = True
    findings: bool = False
    hold_seconds: float = STREAM_HOLD_SECONDS


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run took, in seconds; `None` where a process was lost, or nothing was left to do."""

    setup: float | None
    wall: float | None
    cost: Usage | None


class Engine:
    """Carries out runs in child processes, one process for each slot.

    Args:
        allowed_networks: special networks that may be contacted; `None`: every address.
        ca_bundle: a PEM file to trust instead of the system's store.
    """

    def __init__(
        self, allowed_networks: tuple[str, ...] | None, *, ca_bundle: str | None = None
    ) -> None:
        self._allowed_networks = allowed_networks
        self._ca_bundle = ca_bundle
        self._hosts = {slot: HostProcess() for slot in Slot}
        self._numbers = itertools.count(1)
        self._under_way: set[_Execution] = set()
        self._streams: weakref.WeakSet[Streaming] = weakref.WeakSet()
        self._finishing = False

    async def execute(self, slot: Slot, order: Order, items: Sequence[Item], emit: Emit) -> Report:
        """Carry out a run and emit one outcome for each item.

        Raises:
            RunFailed: it could not be carried out; outcomes emitted before stay good.
            RunInterrupted: `finish` was called before every item had its outcome.
        """
        return await self._execute(self._hosts[slot], order, items, emit)

    async def execute_fresh(self, order: Order, items: Sequence[Item], emit: Emit) -> Report:
        """As `execute`, in a process of its own that nothing has warmed."""
        async with fresh_host() as host:
            return await self._execute(host, order, items, emit)

    def stream(self, slot: Slot, order: Order, emit: Emit) -> Streaming:
        """A run that stays open, for as long as its `serve` is under way."""
        begin = self._begin(order, stream=True)
        streaming = Streaming(self._hosts[slot], begin, self._numbers, emit)
        if self._finishing:
            streaming.begin_nothing()
        self._streams.add(streaming)
        return streaming

    @property
    def restarts(self) -> dict[Slot, int]:
        """How often each process died and another took its place."""
        return {slot: host.restarts for slot, host in self._hosts.items()}

    @property
    def pids(self) -> dict[Slot, int]:
        """The processes that are warm, by what they are kept for."""
        return {slot: host.pid for slot, host in self._hosts.items() if host.pid is not None}

    async def finish(self) -> None:
        """Begin no further check of any run; those in flight still come to their outcome."""
        self._finishing = True
        executions = [execution.finish() for execution in self._under_way]
        await asyncio.gather(*executions, *[stream.finish() for stream in self._streams])

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(*(host.close() for host in self._hosts.values()))

    async def _execute(
        self, host: HostProcess, order: Order, items: Sequence[Item], emit: Emit
    ) -> Report:
        if self._finishing:
            raise RunInterrupted
        execution = _Execution(host, self._begin(order), items, emit)
        self._under_way.add(execution)
        try:
            return await execution.carry_out()
        finally:
            self._under_way.discard(execution)

    def _begin(self, order: Order, *, stream: bool = False) -> Begin:
        return Begin(
            run=next(self._numbers),
            strategy=order.strategy,
            concurrency=order.concurrency,
            work=CheckWork(
                client=order.client,
                waiting_since=monotonic(),
                allowed_networks=self._allowed_networks,
                user_agent=USER_AGENT,
                ca_bundle=self._ca_bundle,
                per_host=order.per_host,
                paced=order.paced,
                findings=order.findings,
            ),
            stream=stream,
            hold_seconds=order.hold_seconds,
        )


class _Execution:
    """One run, over as many processes as it takes."""

    def __init__(self, host: HostProcess, begin: Begin, items: Sequence[Item], emit: Emit) -> None:
        self._host = host
        self._begin = begin
        self._left = Remaining(begin.work, begin.concurrency, items)
        self._emit = emit
        self._lost_process = False
        self._finishing = False
        self._child: Child | None = None

    async def finish(self) -> None:
        """Let what is in flight end, and nothing more begin."""
        self._finishing = True
        if self._child is not None:
            with contextlib.suppress(ChildLost):
                await self._child.send(encode(Finish()))

    async def carry_out(self) -> Report:
        asked = monotonic()
        while self._left:
            if self._finishing:
                raise RunInterrupted
            try:
                ended = await self._try(asked)
            except (ChildLost, OSError) as error:
                await self._bury(error)
                await asyncio.sleep(self._left.rest_seconds)
                continue
            if ended.error is not None:
                raise RunFailed(ended.error)
            if self._left and self._finishing:
                raise RunInterrupted
            if self._left:
                raise RunFailed(f"{len(self._left)} targets came back without an outcome.")
            if not self._lost_process:
                return Report(setup=ended.setup, wall=ended.wall, cost=ended.cost)
        # A process that died took its counters with it, and part of the time was waiting for it.
        return Report(setup=None, wall=None, cost=None)

    async def _try(self, asked: float) -> Ended:
        """Send what is left and take outcomes until the run ends.

        Raises:
            ChildLost, OSError: the process died, or could not be started.
        """
        run = self._begin.run
        async with self._host.conversation(run) as (child, answers):
            try:
                await self._send(child)
                self._child = child
                if self._finishing:
                    await self.finish()
                while True:
                    message = await answers.get()
                    if isinstance(message, Outcomes):
                        await self._take(message.outcomes)
                    else:
                        return self._ended(message, asked)
            except ChildLost:
                raise
            except BaseException:
                # Cancelled, or the consumer failed: either way nobody wants the rest.
                with contextlib.suppress(ChildLost):
                    await child.send(encode(Cancel(run=run)))
                raise
            finally:
                self._child = None

    def _ended(self, message: Ended | None, asked: float) -> Ended:
        if message is None:
            raise ChildLost("the process that ran the checks ended")
        setup = message.setup + self._host.started_within(asked)
        return msgspec.structs.replace(message, setup=setup)

    async def _send(self, child: Child) -> None:
        await child.send(encode(self._begin))
        items = self._left.items
        for start in range(0, len(items), ITEMS_PER_FRAME):
            part = items[start : start + ITEMS_PER_FRAME]
            last = start + ITEMS_PER_FRAME >= len(items)
            await child.send(encode(Items(run=self._begin.run, items=part, last=last)))

    async def _take(self, outcomes: list[Outcome]) -> None:
        self._left.settle(outcomes)
        await self._emit(outcomes)

    async def _bury(self, error: Exception) -> None:
        """Note a death: what was in flight is tried once more, then it is lost."""
        self._lost_process = True
        logger.warning("child_lost", run=self._begin.run, error=str(error), left=len(self._left))
        if self._left.note_death():
            raise RunFailed(
                f"The process that runs the checks died {DEATHS} times without a new outcome."
            ) from error
        if lost := self._left.bury():
            await self._emit(lost)
