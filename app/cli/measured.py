"""A comparison carried out in this process and kept in memory, without a service."""

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from app.domain.batch import Batch, RunStatus
from app.domain.comparison import (
    MAX_SEED,
    WARM_UP,
    Comparison,
    Contender,
    LabWork,
    RoundRun,
    Turn,
    schedule,
)
from app.domain.evidence import Sights, weigh
from app.domain.fidelity import Pace, judged, measured
from app.domain.run_figures import percentiles_of
from app.engine.local import Engine, Order
from app.engine.local import Report as RunReport
from app.engine.machine import this_machine
from app.services import clock
from app.services.calibration import Carried
from app.services.reports import Report, assemble
from app.services.rounds import whole_rounds
from checkers import Item, Outcome
from checkers.strategies.strategy import into

#: Told before each run: the round, and who is to run.
Telling = Callable[[int, Turn], None]


class InMemory:
    """What a comparison has shown so far."""

    def __init__(self, comparison: Comparison, items: Sequence[Item]) -> None:
        self.comparison = comparison
        self.items = items
        self.kept: list[Carried] = []

    @property
    def rounds(self) -> int:
        """Rounds that are whole, the warm-up not among them."""
        numbers = [kept.number for kept in self.kept]
        return len(whole_rounds(self.comparison, numbers) - {WARM_UP})

    async def carry_out(self, engine: Engine, telling: Telling) -> None:
        """Make every run; raises `RunFailed`."""
        contenders = {contender.label: contender for contender in self.comparison.contenders}
        for number, turns in schedule(self.comparison):
            for turn in turns:
                telling(number, turn)
                items = self.items[: turn.size]
                run = await _run_once(engine, contenders[turn.label], items)
                self.kept.append(Carried(number, turn, *run))

    def report(self) -> Report:
        """All of it, put together."""
        runs = [RoundRun(k.number, k.turn.label, k.turn.size, k.batch) for k in self.kept]
        found = weigh(
            self.comparison.contenders,
            (
                Sights(k.number, k.turn.label, k.turn.size, [_sight(o) for o in k.outcomes])
                for k, run in zip(self.kept, runs, strict=True)
                if run.measured
            ),
        )
        urls = {seq: self.items[seq].target.url for seq, _ in found.disagreements}
        return assemble(self.comparison, runs, found, urls)


def comparison_of(
    contenders: Sequence[Contender],
    sizes: Sequence[int],
    rounds: int,
    *,
    baseline: str | None,
    pace: Pace,
    name: str | None = None,
    lab: LabWork | None = None,
) -> Comparison:
    """A comparison that is carried out here and now."""
    now = clock.now()
    labels = {contender.label for contender in contenders}
    return Comparison(
        id=clock.new_id("cmp" if lab is None else "exp"),
        name=name,
        labels={},
        status=RunStatus.COMPLETED,
        error=None,
        contenders=contenders,
        sizes=sizes,
        baseline=baseline if baseline in labels else None,
        rounds=rounds,
        pace=pace,
        per_host=0,
        seed=secrets.randbelow(MAX_SEED),
        created_at=now,
        started_at=now,
        finished_at=now,
        machine=this_machine(),
        lab=lab,
    )


async def _run_once(
    engine: Engine, contender: Contender, items: Sequence[Item]
) -> tuple[Batch, list[Outcome]]:
    outcomes: list[Outcome] = []
    assert contender.client is not None
    order = Order(
        strategy=contender.strategy,
        client=contender.client,
        concurrency=contender.concurrency,
        paced=contender.pace is Pace.TRUTHFUL,
    )
    started = clock.now()
    report = await engine.execute_fresh(order, items, into(outcomes))
    return _batch(contender, outcomes, report, started), outcomes


def _batch(
    contender: Contender, outcomes: Sequence[Outcome], report: RunReport, started: datetime
) -> Batch:
    """A run as the service would have stored it."""
    assert contender.client is not None
    answered = [o for o in outcomes if o.http_status is not None and o.total is not None]
    return Batch(
        id=clock.new_id("bat"),
        name=None,
        labels={},
        status=RunStatus.COMPLETED,
        strategy=contender.strategy,
        client=contender.client,
        concurrency=contender.concurrency,
        per_host=0,
        pace=contender.pace,
        total=len(outcomes),
        done=len(outcomes),
        counts=Counter(outcome.status for outcome in outcomes),
        reasons=Counter(outcome.reason for outcome in outcomes if outcome.reason is not None),
        created_at=started,
        started_at=started,
        finished_at=clock.now(),
        setup=report.setup,
        wall=report.wall,
        latency=percentiles_of([o.total for o in answered if o.total is not None]),
        phases={
            name: found
            for name in outcomes[0].phases.__struct_fields__
            if (found := percentiles_of(_phase(answered, name))) is not None
        },
        bound=percentiles_of([o.error_bound for o in answered if o.error_bound is not None]),
        cost=report.cost,
        fidelity=None if report.cost is None else judged(contender.pace, measured(report.cost)),
        interruptions=0,
        error=None,
        comparison_id=None,
    )


def _phase(outcomes: Sequence[Outcome], name: str) -> list[float]:
    return [value for o in outcomes if (value := getattr(o.phases, name)) is not None]


def _sight(outcome: Outcome) -> tuple[int, str, str | None, int | None]:
    answered = outcome.http_status is not None and outcome.total is not None
    return (
        outcome.seq,
        outcome.status.value,
        None if outcome.reason is None else outcome.reason.value,
        round(outcome.total * 1e6) if answered and outcome.total is not None else None,
    )
