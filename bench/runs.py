"""Runs of Tercet's own strategies, carried out as the service carries them out."""

from collections.abc import Sequence
from typing import NamedTuple

from app.engine.local import Engine, Order, Slot
from checkers import CATALOGUE, ClientName, Item, Outcome, Status, StrategyName, Target


class Run(NamedTuple):
    """What a run took, in seconds, and how many of its targets were up."""

    wall: float
    cpu: float
    up: int


class Bench:
    """Strategies in a warm child process."""

    def __init__(self, ca_bundle: str | None = None) -> None:
        self._engine = Engine(("127.0.0.0/8",), ca_bundle=ca_bundle)

    async def run(
        self,
        strategy: StrategyName,
        urls: Sequence[str],
        in_flight: int,
        client: ClientName | None = None,
    ) -> Run:
        """Check the URLs once and keep every outcome; the client is the strategy's own if none."""
        outcomes: list[Outcome] = []

        async def take(some: list[Outcome]) -> None:
            outcomes.extend(some)

        entry = CATALOGUE[strategy]
        order = Order(strategy=strategy, client=client or entry.clients[0], concurrency=in_flight)
        items = [Item(seq, Target(url=url)) for seq, url in enumerate(urls)]
        report = await self._engine.execute(Slot.BATCH, order, items, take)
        assert report.cost is not None
        assert report.wall is not None
        up = sum(outcome.status is Status.UP for outcome in outcomes)
        return Run(report.wall, report.cost.cpu, up)

    async def close(self) -> None:
        """End the child."""
        await self._engine.close()
