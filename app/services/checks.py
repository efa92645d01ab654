"""One check, now, beside everything else that runs."""

from app.engine.local import Engine, Order, RunFailed, RunInterrupted, Slot
from checkers import ClientName, Item, Outcome, StrategyName, Target
from checkers.checks import not_measured


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
