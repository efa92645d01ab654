"""Rounds, pairs and disagreements of a comparison."""

from collections import Counter
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.domain.batch import Batch, Percentiles, RunStatus
from app.domain.comparison import (
    Comparison,
    Contender,
    Metric,
    RoundRun,
    order,
    pairs,
    recommend,
    schedule,
    summarise,
)
from app.domain.disagreement import Verdict, split_verdicts
from app.domain.fidelity import Pace
from checkers import ClientName, Reason, Status, StrategyName
from checkers.meter import Usage

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def _contender(label: str) -> Contender:
    return Contender(
        label=label, strategy=StrategyName.ASYNC, client=ClientName.AIOHTTP, concurrency=1,
        pace=Pace.MAX,
    )  # fmt: skip


def _comparison(*labels: str, rounds: int = 3) -> Comparison:
    return Comparison(
        id="cmp_1", name=None, labels={}, status=RunStatus.COMPLETED, error=None,
        contenders=[_contender(label) for label in labels], baseline=labels[0], rounds=rounds,
        pace=Pace.MAX, per_host=0, seed=7, total=10, created_at=NOW, started_at=NOW,
        finished_at=NOW,
    )  # fmt: skip


def _run(number: int, label: str, wall: float, status: RunStatus = RunStatus.COMPLETED) -> RoundRun:
    batch = Batch(
        id=f"bat_{label}{number}", name=None, labels={}, status=status,
        strategy=StrategyName.ASYNC, client=ClientName.AIOHTTP, concurrency=1, per_host=0,
        pace=Pace.MAX, total=10, done=10, counts=Counter({Status.UP: 10}), reasons={},
        created_at=NOW, started_at=NOW, finished_at=NOW, setup=0.1, wall=wall,
        latency=Percentiles(p50=wall, p95=wall, p99=wall, maximum=wall), phases={},
        fidelity=None, cost=Usage(cpu=wall / 2, peak_rss_bytes=100, voluntary_switches=0,
                     involuntary_switches=0),
        interruptions=0, error=None, comparison_id="cmp_1",
    )  # fmt: skip
    return RoundRun(number, label, batch)


def _said(seq: int, label: str, status: Status, reason: Reason | None = None) -> Verdict:
    return Verdict(seq, f"http://{seq}/", label, status, reason, 1)


@given(st.integers(0, 2**31), st.integers(1, 20))
def test_an_order_holds_everyone_once_a_round_and_is_the_same_for_a_seed(
    seed: int, rounds: int
) -> None:
    drawn = order(["a", "b", "c"], rounds, seed)

    assert len(drawn) == rounds
    assert all(sorted(turn) == ["a", "b", "c"] for turn in drawn)
    assert drawn == order(["a", "b", "c"], rounds, seed)


def test_the_warm_up_comes_first_and_is_in_no_figure() -> None:
    comparison = _comparison("a", "b")
    runs = [_run(0, "a", 99.0), _run(1, "a", 1.0), _run(2, "a", 2.0), _run(3, "a", 3.0)]

    assert [number for number, _ in schedule(comparison)] == [0, 1, 2, 3]
    summary = summarise(comparison, runs)[0]
    assert summary.figures.wall is not None
    assert summary.figures.wall.median == 2.0
    assert summary.figures.counts[Status.UP] == 30


def test_a_pair_is_the_ratio_of_the_second_to_the_first_over_shared_rounds() -> None:
    runs = [_run(1, "a", 1.0), _run(1, "b", 2.0), _run(2, "a", 1.0), _run(2, "b", 8.0),
            _run(3, "a", 5.0)]  # fmt: skip

    found = {pair.metric: pair for pair in pairs(_comparison("a", "b"), runs)}

    assert (found[Metric.WALL].a, found[Metric.WALL].b) == ("a", "b")
    assert abs(found[Metric.WALL].ratio - 4.0) < 1e-9
    assert set(found) == set(Metric)


def test_contenders_that_say_different_things_disagree() -> None:
    disagreements, unstable = split_verdicts(
        [_said(1, "a", Status.UP), _said(1, "b", Status.DOWN, Reason.TOO_SLOW)]
    )

    assert unstable == []
    assert disagreements[0].verdicts == {"a": "up", "b": "down/too_slow"}


def test_a_target_that_changed_between_rounds_is_unstable_and_no_disagreement() -> None:
    disagreements, unstable = split_verdicts(
        [_said(1, "a", Status.UP), _said(1, "a", Status.DOWN, Reason.TOO_SLOW),
         _said(1, "b", Status.UP)]
    )  # fmt: skip

    assert disagreements == []
    assert unstable == [1]


def test_nobody_is_recommended_on_medians_alone() -> None:
    comparison = _comparison("a", "b")
    runs = [_run(1, "a", 2.0), _run(1, "b", 1.0)]

    found = recommend(summarise(comparison, runs), pairs(comparison, runs))

    assert (found.fastest, found.cheapest) == ("b", "b")
    assert "nobody is recommended" in found.because[-1]


def test_a_comparison_without_a_finished_round_has_no_figures() -> None:
    summaries = summarise(_comparison("a"), [_run(1, "a", 1.0, RunStatus.CANCELLED)])

    assert summaries[0].figures.wall is None
    assert recommend(summaries, []).fastest is None
