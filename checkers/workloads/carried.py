"""What the laboratory tells a work to carry, and what comes of each item."""

import pickle
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from checkers.checks import ClientName
from checkers.outcome import Status
from checkers.strategies.catalogue import StrategyName
from checkers.workloads.catalogue import WorkloadName

if TYPE_CHECKING:
    from checkers.strategies.strategy import Fault, OwnLoop, PerPlace, Work


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a workload under one strategy.

    Attributes:
        url: whom requests go to, where the workload sends any.
        bundled: whether that is our own target.
        size: as its workload counts it; `None` where it has no size.
        folder: where files may be made; whoever carries it out says where.
        allowed_networks, user_agent, ca_bundle: as for checks, where requests are sent.
    """

    workload: WorkloadName
    strategy: StrategyName
    concurrency: int
    client: ClientName | None
    url: str | None
    bundled: bool
    items: int
    size: int | None
    seed: int
    user_agent: str
    folder: str = ""
    allowed_networks: tuple[str, ...] | None = None
    ca_bundle: str | None = None

    @property
    def each(self) -> int:
        """The size, where there is one."""
        assert self.size is not None
        return self.size


class Done(msgspec.Struct, frozen=True):
    """What one item came to.

    Attributes:
        seconds: from its beginning to its end; `None` where it did not come to one.
        status: `up` when it did what it should, `down` when it did not, `unknown` when it could
            not be carried out.
        value: what it found, as its workload says.
    """

    seq: int
    seconds: float | None
    status: Status
    value: Any = None


class Prepared(NamedTuple):
    """A workload ready to be carried.

    Attributes:
        work: carries out one item.
        metrics: what all of them together came to, in `(outcomes, seconds of wall)`.
        told: an outcome as the laboratory reads it.
    """

    work: "Work[Any, Any]"
    items: Sequence[Any]
    metrics: Callable[[Sequence[Done], float], dict[str, float]]
    told: Callable[[Any], Done]


Preparing = Callable[[Order], AbstractContextManager[Prepared]]


class Unpaced:
    """What works of the laboratory have in common: no turns, no places, no loop of their own."""

    paced: Final = False

    def per_place(self) -> "PerPlace[Any] | None":
        return None

    def own_loop(self) -> "AbstractContextManager[OwnLoop[Any, Any]] | None":
        return None

    def fault(self, item: Any, fault: "Fault", detail: str) -> Done:
        """The outcome of an item that could not be carried out."""
        return Done(item[0], None, Status.UNKNOWN, f"{fault}: {detail}")


@dataclass(frozen=True)
class Computing(Unpaced):
    """Computes something of each item; an item is its place and what it is computed of.

    Attributes:
        compute: a function at the top of a module, which every process can import.
    """

    compute: Callable[[Any], Any]

    @contextmanager
    def opened(self, *, alone: bool = False) -> Iterator[Callable[[tuple[int, Any]], Done]]:  # noqa: ARG002 -- for threads or one
        yield self._carry_out

    @asynccontextmanager
    async def opened_async(self) -> AsyncIterator[Callable[[tuple[int, Any]], Awaitable[Done]]]:
        async def perform(item: tuple[int, Any]) -> Done:
            # On purpose in the loop: that is what computing does to an event loop.
            return self._carry_out(item)

        yield perform

    def _carry_out(self, item: tuple[int, Any]) -> Done:
        seq, of = item
        return timed(seq, lambda: self.compute(of))


def timed(seq: int, compute: Callable[[], Any]) -> Done:
    """Carry out one item and time it."""
    began = perf_counter()
    value = compute()
    return Done(seq, perf_counter() - began, Status.UP, value)


def as_it_is(done: Done) -> Done:
    """An outcome that is told already."""
    return done


def shipping(order: Order, item: object, done: object) -> dict[str, float]:
    """What it costs to bring one item to another process and its outcome back, if that is done."""
    if order.strategy not in {StrategyName.MULTIPROCESS, StrategyName.HYBRID}:
        return {"shipped_bytes_per_item": 0.0, "shipping_ms_per_item": 0.0}
    packed, began = 0, perf_counter()
    for _ in range(_SHIPPED_TO_TELL):
        packed = 0
        for thing in (item, done):
            frame = pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
            pickle.loads(frame)  # noqa: S301 -- written in the line above
            packed += len(frame)
    spent = (perf_counter() - began) / _SHIPPED_TO_TELL
    return {"shipped_bytes_per_item": float(packed), "shipping_ms_per_item": spent * 1e3}


_SHIPPED_TO_TELL: Final = 5
