"""Computing: the sum of the square roots of 0 to n, in plain Python."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from checkers.workloads.carried import Computing, Done, Order, Prepared, as_it_is, shipping


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

    yield Prepared(Computing(sum_of_roots), items, metrics, as_it_is)
