"""How fine a window is shown."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.resolution import MOST_POINTS, Source, StepNotKept, resolution
from app.domain.slices import Kept
from app.domain.uptime import Span

_NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
_KEPT = Kept(
    outcomes=_NOW - timedelta(days=7),
    hours=datetime(2026, 11, 12, tzinfo=UTC),
    until=_NOW - timedelta(hours=1),
)


def _window(**length: float) -> Span:
    return Span(_NOW - timedelta(**length), _NOW)


@pytest.mark.parametrize(
    ("length", "step", "source"),
    [
        ({"hours": 1}, 30, Source.OUTCOMES),
        ({"hours": 24}, 600, Source.OUTCOMES),
        ({"days": 7}, 3600, Source.HOURS),
        ({"days": 10}, 10800, Source.HOURS),
        ({"days": 30}, 86400, Source.DAYS),
        ({"days": 365}, 604800, Source.DAYS),
    ],
)
def test_a_window_is_shown_as_fine_as_is_kept_and_read(
    length: dict[str, float], step: float, source: Source
) -> None:
    found = resolution(_window(**length), _KEPT, None)

    assert (found.step.total_seconds(), found.source) == (step, source)


@pytest.mark.parametrize(
    ("length", "step", "told"),
    [
        ({"days": 8}, {"minutes": 30}, "less than an hour"),
        ({"days": 30}, {"hours": 6}, "less than a day"),
        ({"days": 2}, {"minutes": 90}, "whole hours"),
        ({"days": 30}, {"hours": 36}, "whole days"),
        ({"hours": 1}, {"seconds": 1}, "more than 1000 points"),
    ],
)
def test_a_step_that_is_not_kept_is_refused_with_what_is(
    length: dict[str, float], step: dict[str, float], told: str
) -> None:
    with pytest.raises(StepNotKept, match=told):
        resolution(_window(**length), _KEPT, timedelta(**step))


@given(st.floats(0.001, 40_000))
def test_any_window_has_a_step_that_makes_no_more_points_than_are_answered(days: float) -> None:
    window = _window(days=days)

    found = resolution(window, _KEPT, None)

    assert (window.until - window.since) / found.step <= MOST_POINTS
