"""Histograms that merge: exact in count, half a percent in value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.histogram import LARGEST, RELATIVE_ERROR, histogram_of, merged
from app.domain.statistics import nearest_rank

_SAMPLES = st.lists(st.integers(0, LARGEST), min_size=1, max_size=200)


@given(_SAMPLES, st.floats(0, 100))
def test_a_percentile_is_within_its_bound_of_the_nearest_rank(
    sample: list[int], percent: float
) -> None:
    found = histogram_of(sample).value_at(percent) * 1e6

    assert found == pytest.approx(nearest_rank(sorted(sample), percent), rel=RELATIVE_ERROR, abs=1)


@given(_SAMPLES, st.integers(1, 7))
def test_parts_merge_to_the_histogram_of_the_whole(sample: list[int], parts: int) -> None:
    split = merged(histogram_of(sample[part::parts]).encoded() for part in range(parts))

    assert len(split) == len(sample)
    assert split.encoded() == histogram_of(sample).encoded()
    assert split.percentiles() == histogram_of(sample).percentiles()


def test_what_is_beyond_the_range_counts_at_its_end() -> None:
    found = histogram_of([-5, 10 * LARGEST])

    assert len(found) == 2
    assert found.value_at(1) == 0
    assert found.value_at(100) == pytest.approx(3600, rel=RELATIVE_ERROR)


def test_an_empty_one_has_no_percentiles_and_takes_no_room() -> None:
    empty = merged([None])

    assert empty.percentiles() is None
    assert empty.encoded() is None
    with pytest.raises(ValueError, match="empty"):
        empty.value_at(50)
