"""A run under a meter: what it took and what it cost, apart from making it ready."""

from collections.abc import Callable, Iterable
from time import monotonic
from typing import NamedTuple

from checkers.meter import Usage, forget_peak, own_usage
from checkers.strategies.strategy import Emit, Item, Out, Strategy, Work


class Metered(NamedTuple):
    """What a run came to.

    Attributes:
        setup: seconds from its being asked for to the first permitted start.
        wall: seconds from the first permitted start to the last outcome.
        cost: what this process and its workers used meanwhile.
    """

    setup: float
    wall: float
    cost: Usage


async def metered(
    strategy: Strategy,
    work: Work[Item, Out],
    items: Iterable[Item],
    emit: Emit[Out],
    *,
    asked: float,
    begun: Callable[[float], Work[Item, Out]] | None = None,
) -> Metered:
    """Carry out a run; raises as `Strategy.open` and `Strategy.run`.

    Args:
        asked: the instant of the monotonic clock when it was asked for.
        begun: the work as it is once the first start is permitted, in that instant.
    """
    await strategy.open(work)
    forget_peak()
    before = own_usage().plus(await strategy.usage())
    started = last = monotonic()

    async def noting(outcomes: list[Out]) -> None:
        nonlocal last
        last = monotonic()
        await emit(outcomes)

    await strategy.run(work if begun is None else begun(started), items, noting)
    used = own_usage().plus(await strategy.usage()).since(before)
    return Metered(started - asked, last - started, used)
