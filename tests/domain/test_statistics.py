"""Figures of a sample."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.statistics import median_of, nearest_rank, paired_ratio

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
    assert median_of([]) is None


def test_a_ratio_is_the_geometric_mean_pair_by_pair() -> None:
    ratio = paired_ratio([1.0, 1.0], [2.0, 8.0])

    assert ratio is not None
    assert math.isclose(ratio, 4.0)
    assert paired_ratio([0.0], [1.0]) is None


@given(st.lists(st.tuples(st.floats(0.01, 1e3), st.floats(0.01, 1e3)), min_size=1, max_size=20))
def test_a_ratio_and_its_reverse_make_one(pairs: list[tuple[float, float]]) -> None:
    first, second = zip(*pairs, strict=True)
    there, back = paired_ratio(first, second), paired_ratio(second, first)

    assert there is not None
    assert back is not None
    assert math.isclose(there * back, 1.0, rel_tol=1e-9)
