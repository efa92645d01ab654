"""Rounds, ratios, effects and what is recommended because of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.batch import RunStatus
from app.domain.comparison import RoundRun, Turn, order, schedule, summarise
from app.domain.contrasts import Metric, Pair, effects, pairs
from app.domain.recommendation import Recommendation, recommend
from checkers import ClientName, Status, StrategyName
from tests.domain.measured import batch, comparison, contender, rounds

_STEADY = (1.0, 1.01, 0.99, 1.0, 1.02)


def _walls(found: list[Pair]) -> Pair:
    return next(pair for pair in found if pair.metric is Metric.WALL)


def _recommended(runs: list[RoundRun], *labels: str, many: int = 5) -> Recommendation:
    asked = comparison(*labels, rounds=many)
    return recommend(asked, summarise(asked, runs), pairs(asked, runs))


@given(st.integers(0, 2**31), st.integers(1, 20))
def test_an_order_holds_everyone_once_a_round_and_is_the_same_for_a_seed(
    seed: int, many: int
) -> None:
    drawn = order(["a", "b", "c"], many, seed)

    assert len(drawn) == many
    assert all(sorted(turn) == ["a", "b", "c"] for turn in drawn)
    assert drawn == order(["a", "b", "c"], many, seed)


def test_every_size_is_measured_in_every_round() -> None:
    planned = dict(schedule(comparison("a", "b", rounds=2, sizes=(10, 100))))

    assert list(planned) == [0, 1, 2]
    assert all(len(turns) == 4 for turns in planned.values())
    assert planned[0] == [Turn("a", 10), Turn("b", 10), Turn("a", 100), Turn("b", 100)]


def test_the_warm_up_and_what_was_cut_off_are_in_no_figure() -> None:
    asked = comparison("a", "b")
    cut_off = batch(4, "a", 50.0, status=RunStatus.CANCELLED)
    runs = [
        RoundRun(0, "a", 10, batch(0, "a", 99.0)),
        *rounds("a", (1.0, 2.0, 3.0)),
        RoundRun(4, "a", 10, cut_off),
    ]

    summary = summarise(asked, runs)[0]

    assert summary.figures.wall is not None
    assert summary.figures.wall.median == 2.0
    assert summary.figures.counts[Status.UP] == 30


def test_a_pair_is_the_ratio_of_the_second_to_the_first_over_shared_rounds() -> None:
    runs = rounds("a", (1.0, 1.0, 5.0)) + rounds("b", (2.0, 8.0))

    found = pairs(comparison("a", "b"), runs)

    assert (_walls(found).a, _walls(found).b) == ("a", "b")
    assert abs(_walls(found).ratio - 4.0) < 1e-9
    assert {pair.metric for pair in found} == set(Metric)


def test_a_clear_difference_is_shown_and_needs_no_more_rounds() -> None:
    runs = rounds("a", _STEADY) + rounds("b", [wall * 2 for wall in reversed(_STEADY)])

    pair = _walls(pairs(comparison("a", "b"), runs))

    assert pair.significant is True
    assert pair.rounds_to_settle is None
    assert pair.low is not None
    assert pair.high is not None
    assert pair.low < 2.0 < pair.high


def test_nothing_is_shown_under_five_rounds() -> None:
    runs = rounds("a", _STEADY[:4]) + rounds("b", [wall * 2 for wall in _STEADY[:4]])

    assert _walls(pairs(comparison("a", "b"), runs)).significant is None


def test_a_difference_under_two_percent_is_not_shown_however_certain() -> None:
    runs = rounds("a", _STEADY) + rounds("b", [wall * 1.015 for wall in _STEADY])

    pair = _walls(pairs(comparison("a", "b"), runs))

    assert pair.significant is False
    assert pair.rounds_to_settle is None


def test_what_scatters_is_not_shown_and_asks_for_more_rounds() -> None:
    runs = rounds("a", (1.0, 1.3, 0.8, 1.1, 0.9)) + rounds("b", (1.2, 0.9, 1.1, 1.0, 1.2))

    pair = _walls(pairs(comparison("a", "b"), runs))

    assert pair.significant is False
    assert pair.rounds_to_settle is not None
    assert pair.rounds_to_settle > 5


def test_among_many_pairs_a_difference_has_to_be_clearer() -> None:
    scattered = (1.00, 1.12, 0.95, 1.06, 1.02)
    runs = rounds("a", _STEADY) + rounds("b", [wall * 1.08 for wall in scattered])
    others = [f"c{number}" for number in range(8)]
    crowd = [run for label in others for run in rounds(label, _STEADY)]

    alone = _walls(pairs(comparison("a", "b"), runs))
    together = _walls(pairs(comparison("a", "b", *others), runs + crowd))

    assert (alone.low, alone.high) == (together.low, together.high)
    assert alone.significant is True
    assert together.significant is False


def test_an_effect_changes_one_thing_and_holds_the_others() -> None:
    threads = contender("t", StrategyName.THREADED, ClientName.CURL)
    loop = contender("l", StrategyName.ASYNC, ClientName.CURL)
    other = contender("o", StrategyName.ASYNC, ClientName.AIOHTTP)
    asked = comparison(threads, loop, other)
    runs = rounds("t", _STEADY) + rounds("l", _STEADY) + rounds("o", _STEADY)

    found = {(e.factor, e.start, e.to): e.holding for e in effects(asked, runs, pairs(asked, runs))}

    assert found == {
        ("strategy", "threaded", "async"): {
            "client": "curl", "concurrency": "each strategy's own",
        },
        ("client", "curl", "aiohttp"): {"strategy": "async", "concurrency": "200"},
    }  # fmt: skip


def test_growth_is_an_effect_of_the_size() -> None:
    asked = comparison("a", sizes=(10, 100))
    runs = rounds("a", (1.0, 1.0), 10) + rounds("a", (5.0, 5.0), 100)

    wall = next(e for e in effects(asked, runs, pairs(asked, runs)) if e.metric is Metric.WALL)

    assert (wall.factor, wall.start, wall.to) == ("size", "10", "100")
    assert abs(wall.ratio - 5.0) < 1e-9


def test_who_is_shown_to_be_fastest_is_recommended() -> None:
    runs = rounds("a", _STEADY) + rounds("b", [wall * 2 for wall in _STEADY])

    found = _recommended(runs, "a", "b")

    assert (found.label, found.fastest, found.cheapest) == ("a", "a", "a")
    assert "each of the others was shown to be slower" in found.because[0]


def test_of_those_that_are_as_fast_the_cheaper_is_recommended() -> None:
    dear = [RoundRun(n, "b", 10, batch(n, "b", w, cpu=w)) for n, w in enumerate(_STEADY, 1)]

    found = _recommended(rounds("a", [w * 1.001 for w in reversed(_STEADY)]) + dear, "a", "b")

    assert found.label == "a"
    assert found.fastest == "b"


@pytest.mark.parametrize(
    ("walls", "many", "why"),
    [(_STEADY, 5, "no difference is shown"), (_STEADY[:3], 3, "cannot tell a difference")],
)
def test_nobody_is_recommended_where_nothing_is_shown(
    walls: tuple[float, ...], many: int, why: str
) -> None:
    runs = rounds("a", walls) + rounds("b", tuple(reversed(walls)))

    found = _recommended(runs, "a", "b", many=many)

    assert found.label is None
    assert why in " ".join(found.because)


def test_who_could_not_check_what_others_could_is_left_out() -> None:
    blind = [
        RoundRun(n, "b", 10, batch(n, "b", w / 9, unknown=3)) for n, w in enumerate(_STEADY, 1)
    ]

    found = _recommended(rounds("a", _STEADY) + blind, "a", "b")

    assert found.fastest == "a"
    assert "b is left out" in found.because[0]


def test_a_comparison_without_a_finished_round_recommends_nobody() -> None:
    found = _recommended([], "a", "b")

    assert found == Recommendation(None, None, None, None, [], [])
