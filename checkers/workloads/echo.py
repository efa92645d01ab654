"""Many conversations: clients of an echo server that answers after a delay."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from checkers.outcome import Status
from checkers.workloads.aside import serving
from checkers.workloads.carried import Done, Order, Prepared, Unpaced, as_it_is

DELAY_SECONDS: Final = 0.01
_HOST: Final = "127.0.0.1"
_PATIENCE_SECONDS: Final = 30.0
_MODULE: Final = "checkers.workloads.echo_server"
_Item = tuple[int, int]


@dataclass(frozen=True)
class Conversations(Unpaced):
    """Talks to the server; each item is its place and how many round trips it makes."""

    port: int

    @contextmanager
    def opened(self, *, alone: bool = False) -> Iterator[Callable[[_Item], Done]]:  # noqa: ARG002 -- for threads or one
        yield self._talk

    @asynccontextmanager
    async def opened_async(self) -> AsyncIterator[Callable[[_Item], Awaitable[Done]]]:
        yield self._talk_async

    def _talk(self, item: _Item) -> Done:
        seq, trips = item
        began, wrong = perf_counter(), 0
        with (
            socket.create_connection((_HOST, self.port), timeout=_PATIENCE_SECONDS) as connection,
            connection.makefile("rwb") as stream,
        ):
            for trip in range(trips):
                line = _line(seq, trip)
                stream.write(line)
                stream.flush()
                wrong += stream.readline() != line
        return _done(seq, began, wrong)

    async def _talk_async(self, item: _Item) -> Done:
        seq, trips = item
        began, wrong = perf_counter(), 0
        async with asyncio.timeout(_PATIENCE_SECONDS + trips * DELAY_SECONDS * 10):
            reader, writer = await asyncio.open_connection(_HOST, self.port)
            try:
                for trip in range(trips):
                    line = _line(seq, trip)
                    writer.write(line)
                    wrong += await reader.readline() != line
            finally:
                writer.close()
        return _done(seq, began, wrong)


def _line(seq: int, trip: int) -> bytes:
    return f"client {seq} trip {trip}\n".encode("ascii")


def _done(seq: int, began: float, wrong: int) -> Done:
    spent = perf_counter() - began
    return Done(seq, spent, Status.DOWN if wrong else Status.UP, wrong)


@contextmanager
def prepared(order: Order) -> Iterator[Prepared]:
    """The server in a process of its own, so that what it costs is not the clients'."""
    items = [(seq, order.each) for seq in range(order.items)]

    def metrics(done: Sequence[Done], wall: float) -> dict[str, float]:
        talked = [item for item in done if item.seconds is not None]
        each = sorted(item.seconds / order.each for item in talked if item.seconds is not None)
        return {
            "round_trips_per_second": len(talked) * order.each / wall,
            "round_trip_ms": each[len(each) // 2] * 1e3 if each else 0.0,
            "wrong_replies": float(sum(item.value for item in talked)),
        }

    with serving(_MODULE, str(DELAY_SECONDS)) as port:
        yield Prepared(Conversations(int(port)), items, metrics, as_it_is)
