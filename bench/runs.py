"""Runs of Tercet's own strategies, carried out as the service carries them out."""

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.fidelity import Fidelity, Pace, judged, measured
from app.engine.local import Engine, Order, Slot
from checkers import CATALOGUE, ClientName, Item, Outcome, Status, StrategyName, Target
from checkers.strategies.strategy import into


class Run(NamedTuple):
    """What a run took, in seconds and bytes, and its outcomes."""

    wall: float
    cpu: float
    peak_rss_bytes: int
    outcomes: list[Outcome]
    fidelity: Fidelity

    @property
    def up(self) -> int:
        """How many targets were up."""
        return sum(outcome.status is Status.UP for outcome in self.outcomes)


class Bench:
    """Strategies in a warm child process, or each run in a fresh one."""

    def __init__(self, ca_bundle: str | None = None) -> None:
        self._engine = Engine(("127.0.0.0/8", "::1/128"), ca_bundle=ca_bundle)

    async def run(
        self,
        strategy: StrategyName,
        urls: Sequence[str],
        in_flight: int,
        *,
        pace: Pace = Pace.MAX,
    ) -> Run:
        """Check the URLs once with the strategy's own client and keep every outcome."""
        targets = [Target(url=url) for url in urls]
        return await self.check((strategy, None), targets, in_flight, pace=pace)

    async def check(
        self,
        cell: tuple[StrategyName, ClientName | None],
        targets: Sequence[Target],
        in_flight: int,
        *,
        fresh: bool = False,
        pace: Pace = Pace.MAX,
    ) -> Run:
        """As `run`, with any client, for targets that are more than a URL."""
        outcomes: list[Outcome] = []
        strategy, client = cell
        client = client or CATALOGUE[strategy].clients[0]
        order = Order(
            strategy=strategy,
            client=client,
            concurrency=in_flight,
            paced=pace is Pace.TRUTHFUL,
        )
        items = [Item(seq, target) for seq, target in enumerate(targets)]
        if fresh:
            report = await self._engine.execute_fresh(order, items, into(outcomes))
        else:
            report = await self._engine.execute(Slot.BATCH, order, items, into(outcomes))
        assert report.cost is not None
        assert report.wall is not None
        outcomes.sort(key=lambda outcome: outcome.seq)
        fidelity = judged(pace, measured(report.cost))
        return Run(report.wall, report.cost.cpu, report.cost.peak_rss_bytes, outcomes, fidelity)

    async def close(self) -> None:
        """End the child."""
        await self._engine.close()
