"""Checks now, beside everything else that runs; nothing of them is stored."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import structlog

from app.domain.monitor import Definition
from app.engine.local import Emit, Engine, Order, RunFailed, RunInterrupted, Slot
from checkers import CATALOGUE, ClientName, Item, Outcome, StrategyName, Target
from checkers.checks import not_measured
from checkers.strategies.strategy import into

logger = structlog.get_logger(__name__)

_PER_HOST: Final = 10
# A trial of thousands is answered after this long with what is known by then.
_TRYING_SECONDS: Final = 30.0


async def check_now(
    engine: Engine, target: Target, strategy: StrategyName, client: ClientName
) -> Outcome:
    """Check one target and answer its outcome with every expectation; nothing is stored."""
    outcomes: list[Outcome] = []
    order = Order(strategy=strategy, client=client, concurrency=1, findings=True)
    try:
        await engine.execute(Slot.WATCH, order, [Item(0, target)], into(outcomes))
    except RunFailed as error:
        return not_measured(Item(0, target), str(error))
    except RunInterrupted:
        return not_measured(Item(0, target), "The service is about to stop.")
    return outcomes[0]


async def check_all(engine: Engine, definitions: Sequence[Definition]) -> list[Outcome]:
    """Check monitors once each, as they would be, and answer their outcomes in that order.

    Targets that are alike are checked once; after half a minute what is left is `not_measured`.
    """
    alike: dict[tuple[StrategyName, ClientName, Target], int] = {}
    places = [
        alike.setdefault((each.strategy, each.client, each.target), len(alike))
        for each in definitions
    ]
    found: dict[int, Outcome] = {}

    async def take(some: list[Outcome]) -> None:
        found.update((outcome.seq, outcome) for outcome in some)

    groups: defaultdict[tuple[StrategyName, ClientName], list[Item]] = defaultdict(list)
    for (strategy, client, target), seq in alike.items():
        groups[strategy, client].append(Item(seq, target))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_TRYING_SECONDS):
            for (strategy, client), items in groups.items():
                await _tried(engine, strategy, client, items, take)
    for items in groups.values():
        for item in items:
            found.setdefault(item.seq, not_measured(item, "It was not checked in time."))
    return [found[place] for place in places]


async def _tried(
    engine: Engine,
    strategy: StrategyName,
    client: ClientName,
    items: list[Item],
    take: Emit,
) -> None:
    order = Order(
        strategy=strategy,
        client=client,
        concurrency=CATALOGUE[strategy].concurrency,
        per_host=_PER_HOST,
        findings=True,
    )
    try:
        await engine.execute(Slot.QUICK, order, items, take)
    except (RunFailed, RunInterrupted) as error:
        logger.warning("trial_failed", why=str(error))
