"""Checks now, beside everything else that runs; nothing of them is stored."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from app.domain.monitor import Definition
from app.engine.local import Engine, Order, RunFailed, RunInterrupted, Slot
from checkers import CATALOGUE, ClientName, Item, Outcome, StrategyName, Target
from checkers.checks import not_measured

_PER_HOST: Final = 10


async def check_now(
    engine: Engine, target: Target, strategy: StrategyName, client: ClientName
) -> Outcome:
    """Check one target and answer its outcome with every expectation; nothing is stored."""
    outcomes: list[Outcome] = []

    async def take(some: list[Outcome]) -> None:
        outcomes.extend(some)

    order = Order(strategy=strategy, client=client, concurrency=1, findings=True)
    try:
        await engine.execute(Slot.WATCH, order, [Item(0, target)], take)
    except RunFailed as error:
        return not_measured(Item(0, target), str(error))
    except RunInterrupted:
        return not_measured(Item(0, target), "The service is about to stop.")
    return outcomes[0]


async def check_all(engine: Engine, definitions: Sequence[Definition]) -> list[Outcome]:
    """Check monitors once each, as they would be, and answer their outcomes in that order."""
    found: dict[int, Outcome] = {}

    async def take(some: list[Outcome]) -> None:
        found.update((outcome.seq, outcome) for outcome in some)

    groups: defaultdict[tuple[StrategyName, ClientName], list[Item]] = defaultdict(list)
    for seq, definition in enumerate(definitions):
        groups[definition.strategy, definition.client].append(Item(seq, definition.target))
    for (strategy, client), items in groups.items():
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
            lost = [not_measured(item, str(error)) for item in items if item.seq not in found]
            found.update((outcome.seq, outcome) for outcome in lost)
    return [found[seq] for seq in range(len(definitions))]
