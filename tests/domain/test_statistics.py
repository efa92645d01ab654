"""Figures of a sample."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.statistics import (
    Interval,
    Ratio,
    holm,
    nearest_rank,
    paired_ratio,
    pairs_needed,
    typical,
)
from app.domain.student import quantile, within

samples = st.lists(st.floats(0, 1e6), min_size=1, max_size=200).map(sorted)


@given(samples, st.floats(0, 100))
def test_a_percentile_lies_in_the_sample_and_enough_of_it_below(
    sample: list[float], percent: float
) -> None:
    found = nearest_rank(sample, percent)

    assert found in sample
    assert sum(value <= found for value in sample) >= percent / 100 * len(sample) - 1e-6


@pytest.mark.parametrize(
    ("size", "percent", "rank"), [(20, 95, 19), (100, 99, 99), (1, 50, 1), (4, 50, 2), (5, 50, 3)]
)
def test_ranks_are_those_of_the_definition(size: int, percent: float, rank: int) -> None:
    assert nearest_rank([float(n) for n in range(1, size + 1)], percent) == rank


def test_an_empty_sample_has_no_percentile_and_no_median() -> None:
    with pytest.raises(ValueError, match="sample"):
        nearest_rank([], 50)
    assert typical([]) is None


@pytest.mark.parametrize(
    ("share", "freedom", "t"),
    [(0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 4, 2.776), (0.99, 4, 4.604), (0.95, 9, 2.262),
     (0.95, 30, 2.042), (0.999, 10, 4.587)],
)  # fmt: skip
def test_quantiles_of_student_are_those_of_the_tables(share: float, freedom: int, t: float) -> None:
    assert abs(quantile(share, freedom) - t) < 6e-4
    assert abs(within(quantile(share, freedom), freedom) - share) < 1e-9


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=30))
def test_an_interval_holds_the_median(sample: list[float]) -> None:
    found = typical(sample)

    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.median <= found.high


def test_a_single_value_has_no_interval() -> None:
    assert typical([3.0]) == Interval(3.0)


def test_an_interval_is_that_of_the_textbook() -> None:
    # Mean of the logs 1, deviation 1, three values: 4.303 / √3 on both sides.
    found = typical([math.exp(0), math.exp(1), math.exp(2)])

    assert found is not None
    assert found.high is not None
    assert math.isclose(math.log(found.high), 1 + 4.3027 / math.sqrt(3), rel_tol=1e-4)


def test_holm_is_stricter_with_the_first_and_never_turns_the_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_more_scatter_needs_more_pairs() -> None:
    # Scatter 0.1, with its upper limit after 101 pairs 6 % more:
    # (1.96 + 0.842)² (0.106 / ln 1.1)² + 1.96² / 2 = 11.7
    seen = Ratio(1.1, 1.0, 1.2, 0.1, 0.1, 101)

    assert pairs_needed(seen, 1.1, 0.05) == 12
    assert pairs_needed(seen._replace(spread=0.2), 1.1, 0.05) > 40
    assert pairs_needed(seen, 1.1, 0.005) > 12
    assert pairs_needed(seen._replace(pairs=5), 1.1, 0.05) > 20


def test_a_ratio_is_the_geometric_mean_pair_by_pair() -> None:
    found = paired_ratio([1.0, 1.0], [2.0, 8.0])

    assert found is not None
    assert math.isclose(found.ratio, 4.0)
    assert paired_ratio([0.0], [1.0]) is None


def test_a_single_pair_has_a_ratio_and_no_interval() -> None:
    found = paired_ratio([1.0], [2.0])

    assert found is not None
    assert (found.ratio, found.low, found.high, found.p) == (2.0, None, None, None)


@given(st.lists(st.tuples(st.floats(0.01, 1e3), st.floats(0.01, 1e3)), min_size=1, max_size=20))
def test_a_ratio_and_its_reverse_make_one(pairs: list[tuple[float, float]]) -> None:
    first, second = zip(*pairs, strict=True)
    there, back = paired_ratio(first, second), paired_ratio(second, first)

    assert there is not None
    assert back is not None
    assert math.isclose(there.ratio * back.ratio, 1.0, rel_tol=1e-9)
