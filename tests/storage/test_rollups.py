"""What comes of rolling up: the same answers, whatever the split, the order and the clock."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain.monitor import MonitorStatus
from app.domain.rollup import DAY, HOUR
from app.domain.statistics import nearest_rank
from app.domain.uptime import Span
from app.services.rolling import Rolling, roll
from app.storage import rollups, slots
from app.storage.database import Database
from app.storage.rollup_rows import DayRow
from app.storage.rollups import key_of
from tests.storage.past_world import PastWorld, every, hours

_SLOW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_AT = st.floats(0, 80)
_STATUSES = st.sampled_from([status.value for status in MonitorStatus])


@pytest.fixture
def world(database: Database) -> PastWorld:
    return PastWorld(database)


def test_a_window_says_the_same_before_and_after_it_is_rolled_up(world: PastWorld) -> None:
    monitor, window, now = world.monitor(), Span(hours(0.5), hours(40.25)), hours(50)
    world.outcomes(monitor, every(7, 0, 50))
    world.change(monitor, hours(0), "pending", "up")
    world.change(monitor, hours(5), "up", "down")
    world.change(monitor, hours(9), "down", "up")
    before = (world.uptime(monitor, window, now), world.count(monitor, window, now))

    world.roll(monitor, now)

    after = (world.uptime(monitor, window, now), world.count(monitor, window, now))
    assert after == before
    assert after[0].seconds[MonitorStatus.DOWN] == pytest.approx(4 * 3600)


def test_percentiles_of_what_is_rolled_up_are_right_to_half_a_percent(world: PastWorld) -> None:
    monitor, now = world.monitor(), hours(30)
    for part, total in enumerate((20_000, 50_000, 400_000)):
        world.outcomes(monitor, every(1, part * 5, part * 5 + 5), total)
    world.roll(monitor, now)

    found = world.p95(monitor, Span(hours(0), hours(30)), now)

    sample = sorted(t + n for t in (20_000, 50_000, 400_000) for n in range(300))
    assert found == pytest.approx(nearest_rank(sample, 95) / 1e6, rel=0.005)


@_SLOW
@given(
    st.lists(_AT, max_size=40),
    st.lists(st.tuples(_AT, _STATUSES, _STATUSES), max_size=8),
    st.lists(_AT, max_size=5),
)
def test_whatever_the_steps_of_rolling_up_the_rows_are_the_same(
    world: PastWorld,
    checks: list[float],
    changes: list[tuple[float, str, str]],
    steps: list[float],
) -> None:
    one, other = world.monitor(), world.monitor()
    for monitor in (one, other):
        world.outcomes(monitor, [hours(at) for at in checks])
        for at, before, after in sorted(changes):
            world.change(monitor, hours(at), before, after)

    for step in sorted(steps):
        world.roll(one, hours(step))
    for monitor in (one, other):
        world.roll(monitor, hours(90))

    assert world.rolled(one) == world.rolled(other)


@_SLOW
@given(
    st.lists(st.tuples(st.floats(-30, 120), _STATUSES, _STATUSES), max_size=10),
    st.lists(st.floats(-5, 120), max_size=6),
    st.lists(st.floats(-48, 90), min_size=2, max_size=4, unique=True),
)
def test_seconds_sum_to_every_window_and_over_windows_whatever_the_clock_did(
    world: PastWorld,
    changes: list[tuple[float, str, str]],
    steps: list[float],
    cuts: list[float],
) -> None:
    monitor, now = world.monitor(), hours(90)
    for (at, before, after), step in zip(changes, steps + [80.0] * len(changes), strict=False):
        world.change(monitor, hours(at), before, after)
        world.roll(monitor, hours(step))

    edges = [hours(cut) for cut in sorted(cuts)]
    parts = [world.uptime(monitor, Span(since, until), now) for since, until in pairwise(edges)]
    whole = world.uptime(monitor, Span(edges[0], edges[-1]), now)

    for status, seconds in whole.seconds.items():
        assert seconds == pytest.approx(sum(part.seconds[status] for part in parts), abs=1e-3)
    length = (edges[-1] - edges[0]).total_seconds()
    assert sum(whole.seconds.values()) == pytest.approx(length, abs=1e-3)
    assert all(seconds >= -1e-6 for seconds in whole.seconds.values())


@_SLOW
@given(st.permutations(range(12)), st.lists(st.integers(1, 11), max_size=4))
def test_outcomes_that_come_late_and_out_of_order_count_once(
    world: PastWorld, order: Sequence[int], pauses: list[int]
) -> None:
    monitor, now = world.monitor(), hours(60)
    for place, number in enumerate(order):
        world.outcomes(monitor, [hours(3.7 * number)])
        if place in pauses:
            world.roll(monitor, hours(46 + place))
    world.roll(monitor, now)

    assert world.count(monitor, Span(hours(0), now), now).checks == 12
    parts = [
        world.count(monitor, Span(hours(n), hours(n + 6)), now).checks for n in range(0, 60, 6)
    ]
    assert sum(parts) == 12


def test_what_a_clock_dated_ahead_holds_nothing_up(world: PastWorld) -> None:
    monitor, now = world.monitor(), hours(10)
    world.change(monitor, hours(9000), "pending", "down")
    world.outcomes(monitor, [hours(9000)])
    world.change(monitor, hours(2), "down", "up")
    world.outcomes(monitor, every(60, 2, 9))

    world.roll(monitor, now)

    found = world.uptime(monitor, Span(hours(0), now), now)
    assert found.seconds[MonitorStatus.UP] == pytest.approx(8 * 3600)
    assert world.count(monitor, Span(hours(0), now), now).checks == 7


def test_two_years_without_a_look_are_caught_up_in_steps(world: PastWorld) -> None:
    monitor = world.monitor()
    world.change(monitor, hours(0), "pending", "up")
    now = hours(0) + timedelta(days=730)

    world.roll(monitor, now)

    found = world.uptime(monitor, Span(hours(0), now), now)
    assert found.ratio == 1
    assert found.seconds[MonitorStatus.UP] == pytest.approx(730 * 86400)


def test_what_breaks_off_in_the_middle_counts_nothing(world: PastWorld) -> None:
    monitor, now = world.monitor(), hours(30)
    world.outcomes(monitor, every(10, 0, 30))

    def broken_off(session: Session) -> None:
        roll(session, monitor, now)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        world.do(broken_off)
    world.roll(monitor, now)

    assert world.count(monitor, Span(hours(0), now), now).checks == 180


def test_while_it_catches_up_every_answer_is_the_same(world: PastWorld) -> None:
    monitor, now = world.monitor(), hours(100)
    world.outcomes(monitor, every(2, 0, 100))
    window, middle = Span(hours(-0.5), now), Span(hours(20), hours(60.7))
    before = [world.count(monitor, span, now).checks for span in (window, middle)]

    more = True
    while more:
        more = world.do(lambda session: roll(session, monitor, now))
        found = [world.count(monitor, span, now).checks for span in (window, middle)]
        assert found == before == [3000, 1221]


def test_days_and_hours_are_listed_newest_first(world: PastWorld) -> None:
    monitor, now = world.monitor(), hours(50)
    world.change(monitor, hours(0), "pending", "up")
    world.outcomes(monitor, every(10, 0, 30))
    world.outcomes(monitor, [hours(31)], status="down")
    world.roll(monitor, now)

    first, place = world.do(lambda s: slots.page(s, monitor, DAY, 2, None))
    rest, end = world.do(lambda s: slots.page(s, monitor, DAY, 2, place))
    all_hours, _ = world.do(lambda s: slots.page(s, monitor, HOUR, 1000, None))

    days = first + rest
    assert end is None
    assert [day.at for day in days] == sorted((day.at for day in days), reverse=True)
    assert sum(sum(day.statuses.values()) for day in days) == 181
    assert sum(len(hour.latency) for hour in all_hours) == 181
    assert [day.reasons for day in days if day.reasons] == [{"status_unexpected": 1}]
    assert sum(day.uptime.seconds[MonitorStatus.UP] for day in days) == pytest.approx(49.5 * 3600)


def test_a_monitor_that_cannot_be_rolled_up_takes_no_other_with_it(world: PastWorld) -> None:
    sick, well = world.monitor(), world.monitor()
    for monitor in (sick, well):
        world.outcomes(monitor, every(10, 0, 30))
        world.roll(monitor, hours(5))
    broken = update(DayRow).where(DayRow.id < key_of(well, 0)).values(total=b"no histogram")
    world.do(lambda session: session.execute(broken))

    asyncio.run(Rolling(world.database, timedelta(days=7), 10**12).catch_up())

    def until(monitor: int) -> datetime:
        loaded = world.do(partial(rollups.load, monitor=monitor))
        assert loaded is not None
        return loaded[1].until

    assert until(sick) < until(well)
