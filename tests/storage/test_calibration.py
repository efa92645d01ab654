"""A comparison carried out elsewhere is kept whole, and advice rests on it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.cli.measured import InMemory, comparison_of
from app.domain.batch import Basis
from app.domain.comparison import Comparison, Contender, LabWork, RoundRun, Turn
from app.domain.fidelity import Pace
from app.domain.lab_run import LabRun
from app.domain.question import Question
from app.services import comparisons, experiments
from app.services.advice import advise
from app.services.calibration import Carried, keep, keep_experiment
from app.storage.database import Database
from app.storage.rounds import number_of, stored_round
from checkers import ClientName, Item, Outcome, Status, StrategyName, Target
from checkers.meter import Usage
from checkers.workloads.catalogue import WorkloadName
from tests.domain.measured import batch

_NOW = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
_URL = "http://127.0.0.1:9/"


def _contender(strategy: StrategyName, client: ClientName) -> Contender:
    return Contender(
        label=strategy.value, strategy=strategy, client=client, concurrency=5, pace=Pace.TRUTHFUL
    )


_BOTH = (
    _contender(StrategyName.THREADED, ClientName.REQUESTS),
    _contender(StrategyName.ASYNC, ClientName.AIOHTTP),
)


def _measured(sizes: list[int]) -> InMemory:
    comparison = comparison_of(_BOTH, sizes, 2, baseline=None, pace=Pace.TRUTHFUL, name="kept")
    known = InMemory(comparison, [Item(seq, Target(url=_URL)) for seq in range(max(sizes))])
    for number in (0, 1, 2):
        for size in sizes:
            for who in _BOTH:
                known.kept.append(_run(comparison, number, Turn(who.label, size), who))
    return known


def _run(comparison: Comparison, number: int, turn: Turn, who: Contender) -> Carried:
    outcomes = [
        Outcome(
            seq=seq, url=_URL, status=Status.UP, reason=None, detail=None, started_at=_NOW,
            queued=0.0, total=0.01, http_status=200,
        )
        for seq in range(turn.size)
    ]  # fmt: skip
    made = batch(number, f"{turn.label}{turn.size}{comparison.id}", 1.0 + number)
    assert who.client is not None
    own = replace(
        made, strategy=who.strategy, client=who.client, concurrency=5, pace=Pace.TRUTHFUL,
        total=turn.size, done=turn.size,
    )  # fmt: skip
    return Carried(number, turn, own, outcomes)


def test_it_is_read_back_as_it_was_measured(database: Database) -> None:
    known = _measured([2, 5])
    measured = known.report()

    targets = [item.target for item in known.items]
    asyncio.run(keep(database, known.comparison, targets, known.kept, measured.evidence))
    found = asyncio.run(comparisons.report(database, known.comparison.id))

    assert found.evidence == measured.evidence
    assert [s.size for s in found.summaries] == [2, 2, 5, 5]
    assert [s.figures.wall for s in found.summaries] == [s.figures.wall for s in measured.summaries]
    assert found.comparison.machine == known.comparison.machine


def test_advice_rests_on_what_was_kept(database: Database) -> None:
    known = _measured([5])
    targets = [item.target for item in known.items]
    asyncio.run(keep(database, known.comparison, targets, known.kept, known.report().evidence))

    found = asyncio.run(advise(database, Question(targets=9, cores=2)))

    assert found.basis is Basis.MEASUREMENT
    assert set(found.runs) == {kept.batch.id for kept in known.kept if kept.number}


def test_checks_that_compute_are_advised_by_the_laboratory(database: Database) -> None:
    lab = LabWork(workload=WorkloadName.CHECKS, url=None, items=4, size=1000)
    comparison = comparison_of(_BOTH, [4], 1, baseline=None, pace=Pace.MAX, lab=lab)
    runs = [
        RoundRun(
            1, who.label, 4,
            LabRun(id=f"lab_{who.label}", done=4, counts={Status.UP: 4}, setup=0.1, wall=wall,
                   latency=None, cost=Usage(cpu=wall), metrics={"requests_per_second": 4 / wall}),
        )
        for who, wall in zip(_BOTH, (1.0, 3.0), strict=True)
    ]  # fmt: skip

    asyncio.run(keep_experiment(database, comparison, runs))

    found = asyncio.run(advise(database, Question(targets=500, cores=2, cpu_bound=True)))
    assert (found.strategy, found.basis) == (StrategyName.THREADED, Basis.MEASUREMENT)
    assert found.runs == ["lab_threaded", "lab_async"]
    report = asyncio.run(experiments.report(database, comparison.id))
    assert report.summaries[0].figures.metrics["requests_per_second"].median == 4.0


@pytest.mark.parametrize("sizes", [[10], [10, 100], [5, 50, 500]])
def test_rounds_of_all_sizes_have_places_of_their_own(sizes: list[int]) -> None:
    places = {
        (number, size): stored_round(number, size, sizes) for number in range(4) for size in sizes
    }

    assert len(set(places.values())) == len(places)
    assert all(number_of(at, len(sizes)) == number for (number, _), at in places.items())
    assert all((at > 0) == (number > 0) for (number, _), at in places.items())
