"""Computing: the sum of the square roots of 0 to n, in plain Python."""

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from checkers.workloads.carried import Done, Order, Prepared, Unpaced, as_it_is, shipping, timed

_Item = tuple[int, int]


@dataclass(frozen=True)
class Roots(Unpaced):
    """Sums square roots; each item is its place and its n."""

    @contextmanager
    def opened(self, *, alone: bool = False) -> Iterator[Callable[[_Item], Done]]:  # noqa: ARG002 -- for threads or one
        yield _carry_out

    @asynccontextmanager
    async def opened_async(self) -> AsyncIterator[Callable[[_Item], Awaitable[Done]]]:
        async def perform(item: _Item) -> Done:
            # On purpose in the loop: that is what computing does to an event loop.
            return _carry_out(item)

        yield perform


def _carry_out(item: _Item) -> Done:
    seq, n = item
    return timed(seq, lambda: sum_of_roots(n))


def sum_of_roots(n: int) -> float:
    """√0 + √1 + … + √n."""
    return sum(math.sqrt(k) for k in range(n + 1))


@contextmanager
def prepared(order: Order) -> Iterator[Prepared]:
    """Every item computes the same sum."""
    items = [(seq, order.each) for seq in range(order.items)]
    expected = sum_of_roots(order.each)

    def metrics(done: Sequence[Done], wall: float) -> dict[str, float]:
        found = [item.value for item in done]
        return {
            "items_per_second": len(done) / wall,
            "wrong_sums": float(len(found) - found.count(expected)),
            **shipping(order, items[0], done[0]),
        }

    yield Prepared(Roots(), items, metrics, as_it_is)
