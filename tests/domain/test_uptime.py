"""Seconds by status: they sum to the window, whatever happened."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.monitor import MonitorStatus
from app.domain.uptime import Change, Span, uptime

_BORN = datetime(2026, 11, 25, tzinfo=UTC)


def _hour(number: float) -> datetime:
    return _BORN + timedelta(hours=number)


def _hours(*changes: tuple[float, str, str]) -> list[Change]:
    return [Change(_hour(at), before, after) for at, before, after in changes]


def _seconds(found: dict[MonitorStatus, float]) -> dict[str, float]:
    return {status.value: value / 3600 for status, value in found.items() if value}


def test_time_is_weighed_by_what_was_believed() -> None:
    changes = _hours((0, "pending", "up"), (6, "up", "down"), (8, "down", "up"))

    found = uptime(Span(_hour(0), _hour(10)), changes, [])

    assert _seconds(found.seconds) == {"up": 8, "down": 2}
    assert found.ratio == pytest.approx(0.8)


def test_what_happened_before_the_window_counts_in_it() -> None:
    changes = _hours((0, "pending", "up"), (1, "up", "down"))

    found = uptime(Span(_hour(5), _hour(6)), changes, [])

    assert found.ratio == 0


def test_before_it_was_made_nothing_was_known() -> None:
    found = uptime(Span(_hour(-2), _hour(2)), _hours((0, "pending", "up")), [])

    assert _seconds(found.seconds) == {"unknown": 2, "up": 2}
    assert found.ratio == 1


def test_maintenance_weighs_nothing_and_hides_what_is_believed_in_it() -> None:
    changes = _hours(
        (0, "pending", "up"), (2, "up", "maintenance"), (3, "up", "down"),
        (4, "maintenance", "down"), (5, "down", "up"),
    )  # fmt: skip

    found = uptime(Span(_hour(0), _hour(10)), changes, [])

    assert _seconds(found.seconds) == {"up": 7, "maintenance": 2, "down": 1}
    assert found.ratio == pytest.approx(7 / 8)


def test_pauses_are_told_apart() -> None:
    changes = _hours((0, "pending", "up"), (2, "up", "paused"), (5, "paused", "pending"))

    found = uptime(Span(_hour(0), _hour(6)), changes, [])

    assert _seconds(found.seconds) == {"up": 2, "paused": 3, "unknown": 1}


def test_gaps_are_unknown_once_however_often_they_are_told() -> None:
    gaps = [Span(_hour(1), _hour(3)), Span(_hour(2), _hour(4))]

    found = uptime(Span(_hour(0), _hour(10)), _hours((0, "pending", "up")), gaps)

    assert _seconds(found.seconds) == {"up": 7, "unknown": 3}


_STATUSES = st.sampled_from([status.value for status in MonitorStatus])


@given(
    st.lists(st.tuples(st.floats(-5, 30), _STATUSES, _STATUSES), max_size=20),
    st.lists(st.tuples(st.floats(-5, 30), st.floats(0, 10)), max_size=10),
    st.floats(-5, 20),
    st.floats(0.01, 20),
)
def test_seconds_sum_to_the_window_whatever_the_clock_did(
    changes: list[tuple[float, str, str]],
    gaps: list[tuple[float, float]],
    begin: float,
    length: float,
) -> None:
    window = Span(_hour(begin), _hour(begin + length))
    spans = [Span(_hour(at), _hour(at + lasts)) for at, lasts in gaps]

    found = uptime(window, _hours(*changes), spans)

    total = sum(found.seconds.values())
    assert total == pytest.approx((window.until - window.since).total_seconds(), abs=1e-3)
    assert all(value >= -1e-9 for value in found.seconds.values())
    assert found.ratio is None or 0 <= found.ratio <= 1
