"""Computing over data that has to be there: filter a batch of integers and aggregate the rest."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from checkers.workloads.carried import Computing, Done, Order, Prepared, as_it_is, shipping

_ABOVE: Final = 50
#: The integers are 0 to 100.
_RANGE: Final = 101


class Aggregate(NamedTuple):
    """What is left of a batch after the filter; the mean of nothing is 0."""

    kept: int
    total: int
    mean: float


def aggregate(integers: Sequence[int]) -> Aggregate:
    """Count, sum and mean of those above 50."""
    kept = [integer for integer in integers if integer > _ABOVE]
    total = sum(kept)
    return Aggregate(len(kept), total, total / len(kept) if kept else 0.0)


@contextmanager
def prepared(order: Order) -> Iterator[Prepared]:
    """Batches of random integers, the same for a seed; making them is not part of the run."""
    drawn = random.Random(order.seed)
    items = [
        (seq, [byte * _RANGE >> 8 for byte in drawn.randbytes(order.each)])
        for seq in range(order.items)
    ]

    def metrics(done: Sequence[Done], wall: float) -> dict[str, float]:
        found = [item.value for item in done if item.value is not None]
        return {
            "integers_per_second": len(done) * order.each / wall,
            "kept": float(sum(aggregate.kept for aggregate in found)),
            "computing_ms_per_item": _mean([d.seconds for d in done if d.seconds is not None])
            * 1e3,
            **shipping(order, items[0], done[0]),
        }

    yield Prepared(Computing(aggregate), items, metrics, as_it_is)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
