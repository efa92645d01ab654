"""Which strategy is advised, by the guide and by what was measured."""

from dataclasses import replace

import pytest

from app.domain.advice import Measured, by_evidence, by_guide
from app.domain.batch import Basis
from app.domain.fidelity import Pace
from app.domain.question import Question
from checkers import ClientName, StrategyName
from tests.domain.measured import batch


def _measured(
    strategy: StrategyName, client: ClientName, wall: float, within: str | None = "cmp_1"
) -> Measured:
    run = replace(batch(1, f"{strategy}{client}{within}", wall), strategy=strategy, client=client)
    return Measured(
        strategy=strategy, client=client, concurrency=20, pace=Pace.TRUTHFUL, within=within, run=run
    )


_THREADS = _measured(StrategyName.THREADED, ClientName.REQUESTS, 2.0)
_LOOP = _measured(StrategyName.ASYNC, ClientName.AIOHTTP, 1.0)


@pytest.mark.parametrize(
    ("question", "strategy"),
    [
        (Question(targets=500, cores=2, cpu_bound=True), StrategyName.MULTIPROCESS),
        (Question(targets=500, cores=2, blocking_libraries=True), StrategyName.THREADED),
        (Question(targets=2, cores=2), StrategyName.SEQUENTIAL),
        (Question(targets=20, cores=2), StrategyName.THREADED),
        (Question(targets=500, cores=2), StrategyName.ASYNC),
        (Question(targets=500, cores=2, client=ClientName.REQUESTS), StrategyName.THREADED),
        (Question(targets=20, cores=2, client=ClientName.AIOHTTP), StrategyName.ASYNC),
        (Question(targets=9000, cores=2, concurrency=5000), StrategyName.ASYNC),
    ],
)
def test_the_guide_answers_until_there_is_evidence(
    question: Question, strategy: StrategyName
) -> None:
    found = by_guide(question)

    assert found.basis is Basis.GUIDE
    assert found.strategy is strategy
    assert question.client in {None, found.client}


def test_evidence_names_who_won_and_the_runs_behind_it() -> None:
    found = by_evidence(Question(targets=100, cores=2), [_THREADS, _LOOP])

    assert found is not None
    assert (found.strategy, found.concurrency) == (StrategyName.ASYNC, 20)
    assert (found.fastest, found.cheapest) == ("async+aiohttp", "async+aiohttp")
    assert found.expected_wall == pytest.approx(10.0)
    assert found.runs == [_THREADS.run.id, _LOOP.run.id]


def test_one_way_alone_is_no_evidence() -> None:
    assert by_evidence(Question(targets=100, cores=2), [_LOOP, _LOOP]) is None


def test_runs_side_by_side_count_before_runs_that_stood_alone() -> None:
    alone = _measured(StrategyName.HYBRID, ClientName.AIOHTTP, 0.1, within=None)

    found = by_evidence(Question(targets=100, cores=2), [alone, _THREADS, _LOOP])

    assert found is not None
    assert found.strategy is StrategyName.ASYNC


def test_what_is_settled_already_is_kept_to() -> None:
    curl = _measured(StrategyName.SEQUENTIAL, ClientName.CURL, 0.5)

    found = by_evidence(
        Question(targets=100, cores=2, blocking_libraries=True), [curl, _THREADS, _LOOP]
    )

    assert found is not None
    assert found.strategy is StrategyName.SEQUENTIAL


def test_of_those_about_as_fast_the_cheaper_is_advised() -> None:
    close = _measured(StrategyName.HYBRID, ClientName.AIOHTTP, 0.98)
    dear = replace(close, run=replace(batch(1, "dear", 0.98, cpu=5.0), id="bat_dear"))

    found = by_evidence(Question(targets=100, cores=2), [_LOOP, dear])

    assert found is not None
    assert (found.fastest, found.strategy) == ("hybrid+aiohttp", StrategyName.ASYNC)
