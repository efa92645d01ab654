"""Charts of a line of time: linear, whole, and empty where nothing was measured."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.domain.uptime import Span
from app.web import timelines
from app.web.timelines import Line, Reading, Spans

_NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def _line(length: timedelta, step: timedelta = _MINUTE) -> Line:
    return Line(Span(_NOON, _NOON + length), step, step * 2.5)


def _reading(minutes: float, seconds: float) -> Reading:
    at = _NOON + timedelta(minutes=minutes)
    return Reading(at, {"p50": seconds, "p95": seconds * 2, "p99": seconds * 3})


def test_where_nothing_was_measured_there_is_a_gap() -> None:
    readings = [_reading(n, 0.1) for n in (0, 1, 2, 30, 31, 59)]

    drawn = timelines.percentiles(_line(timedelta(hours=1)), readings, Spans())

    assert drawn.count('<polyline class="l0"') == 2
    assert drawn.count('<circle class="f0"') == 1


def test_time_is_linear() -> None:
    readings = [_reading(n, 0.1) for n in (0, 1, 2, 3)]

    drawn = timelines.percentiles(_line(timedelta(minutes=4)), readings, Spans())

    (points,) = re.findall(r'<polyline class="l0" points="([^"]+)"', drawn)
    places = [float(each.split(",")[0]) for each in points.split()]
    apart = [after - before for before, after in pairwise(places)]
    assert apart == pytest.approx([apart[0]] * 3, abs=0.25)


@pytest.mark.parametrize("seconds", [0.0, 1e-6, 0.00031, 0.25, 1.0, 299.9])
@pytest.mark.parametrize("length", [timedelta(seconds=1), timedelta(days=1), timedelta(days=365)])
def test_whatever_is_drawn_lies_inside(seconds: float, length: timedelta) -> None:
    line = _line(length, length / 10)
    readings = [_reading(length / _MINUTE / 10 * n, seconds * n) for n in range(12)]
    around = Span(_NOON - length, _NOON + length * 3)

    drawn = timelines.percentiles(line, readings, Spans([around], [around]))

    assert 2 <= drawn.count('text-anchor="end"') <= 7
    numbers = [float(n) for n in re.findall(r'(?:x1?|y1?|cx|cy)="([-0-9.]+)"', drawn)]
    pairs = re.findall(r"(-?[0-9.]+),(-?[0-9.]+)", " ".join(re.findall(r'points="([^"]+)"', drawn)))
    assert all(0 <= float(x) <= 560 and 0 <= float(y) <= 240 for x, y in pairs)
    assert all(0 <= number <= 560 for number in numbers)


def test_short_troubles_are_seen_in_a_long_window() -> None:
    trouble = Span(_NOON, _NOON + timedelta(seconds=1))

    drawn = timelines.percentiles(
        _line(timedelta(days=365), timedelta(days=1)), [_reading(0, 1)], Spans([trouble])
    )

    assert re.search(r'class="broken" d="M[0-9.]+ 8h1\.5', drawn)


def test_phases_stand_one_upon_the_other() -> None:
    values = {"connect": 0.1, "wait": 0.3}
    readings = [Reading(_NOON + n * _MINUTE, values) for n in range(3)]

    drawn = timelines.stacked(_line(timedelta(minutes=3)), readings)

    assert drawn.count("<polygon") == 2
    assert "3 points, the last connect 100 ms, wait 300 ms" in drawn


def test_nothing_at_all_is_drawn_as_nothing() -> None:
    line = _line(timedelta(hours=1))

    assert "nothing was measured" in timelines.percentiles(line, [], Spans())
    assert "nothing was measured" in timelines.stacked(line, [])
