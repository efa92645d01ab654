"""When something recurs: never in the past, never twice, in the right zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.schedule import (
    GRID,
    NeverFires,
    Schedule,
    caught_up,
    check_cron,
    first_turns,
    on_grid,
    share_of,
    zone,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"
DAY = timedelta(days=1)
# Ten years about then, in milliseconds.
_instants = st.integers(-(10**11), 2 * 10**11).map(lambda ms: NOW + timedelta(milliseconds=ms))
_crons = st.sampled_from(
    ["* * * * *", "*/7 * * * *", "0 3 * * *", "30 2 * * *", "0,30 1-3 * * *", "15 0 1 * MON",
     "0 0 29 2 *", "*/10 * * * * *", "0 0 L * *", "30 2 * * SUN"],
)  # fmt: skip
_zones = st.sampled_from(["UTC", BERLIN, "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
_schedules = st.one_of(
    st.builds(Schedule, interval=st.floats(0.5, 86_400).map(lambda s: round(s, 3))),
    st.builds(Schedule, cron=_crons, timezone=_zones),
)


def at(text: str) -> datetime:
    """An instant from what a clock in Berlin shows; the first time, where it shows it twice."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


@given(schedule=_schedules, tick=_instants, late=st.timedeltas(timedelta(), timedelta(hours=30)))
def test_what_follows_lies_after_now(schedule: Schedule, tick: datetime, late: timedelta) -> None:
    following, missed = schedule.following(tick, tick + late)

    assert following > tick + late
    assert missed >= 0


@given(schedule=_schedules, now=_instants)
def test_a_tick_that_is_met_in_time_misses_none(schedule: Schedule, now: datetime) -> None:
    tick = schedule.next_after(now)

    following, missed = schedule.following(tick, tick)

    assert missed == 0
    assert following == schedule.next_after(tick) > tick > now


@given(schedule=_schedules, tick=_instants)
def test_a_clock_that_was_put_back_repeats_no_tick(schedule: Schedule, tick: datetime) -> None:
    following, missed = schedule.following(tick, tick - DAY)

    assert (following > tick - DAY, missed) == (True, 0)


@given(seconds=st.integers(1, 3600), passed=st.integers(0, 500), share=st.floats(0, 0.99))
def test_ticks_that_passed_are_counted(seconds: int, passed: int, share: float) -> None:
    step = timedelta(seconds=seconds)
    now = NOW + step * (passed + share)

    following, missed = Schedule(interval=float(seconds)).following(NOW, now)

    assert (following, missed) == (NOW + step * (passed + 1), passed)


def test_ticks_of_a_cron_text_that_passed_are_counted() -> None:
    hourly = Schedule(cron="0 * * * *")

    assert hourly.following(NOW, NOW + timedelta(hours=3.5)) == (NOW + timedelta(hours=4), 3)


def test_years_of_missed_ticks_are_not_counted_one_by_one() -> None:
    now = NOW + 3650 * DAY

    following, missed = Schedule(cron="* * * * *").following(NOW, now)

    assert (following, missed) == (now + timedelta(minutes=1), 10_000)


def test_a_daily_tick_in_the_hour_that_is_left_out_comes_right_after_it() -> None:
    nightly = Schedule(cron="30 2 * * *", timezone=BERLIN)

    first = nightly.next_after(at("2027-03-28T00:00"))

    assert first == at("2027-03-28T03:00")
    assert nightly.following(first, first) == (at("2027-03-29T02:30"), 0)


def test_a_daily_tick_in_the_hour_that_comes_twice_is_met_once() -> None:
    nightly = Schedule(cron="30 2 * * *", timezone=BERLIN)

    first = nightly.next_after(at("2026-10-25T00:00"))

    assert first == at("2026-10-25T02:30")
    assert nightly.following(first, first) == (at("2026-10-26T02:30"), 0)


def test_in_the_second_passage_of_an_hour_nothing_of_the_first_is_named() -> None:
    nightly = Schedule(cron="30 2 * * *", timezone=BERLIN)
    second_passage = at("2026-10-25T02:10") + timedelta(hours=1)

    assert nightly.next_after(second_passage) == at("2026-10-26T02:30")


def test_a_day_of_berlin_is_as_long_as_its_clock_says() -> None:
    daily = Schedule(cron="0 12 * * *", timezone=BERLIN)

    assert daily.period(at("2026-10-24T11:00")) == timedelta(hours=25)
    assert daily.period(at("2027-03-27T11:00")) == timedelta(hours=23)
    assert Schedule(interval=90.0).period(NOW) == timedelta(seconds=90)


@pytest.mark.parametrize(
    "text", ["", "* * * *", "61 * * * *", "0 0 31 2 *", "0 0 30 2 *", "@daily", "* * * * * * *"]
)
def test_a_text_that_names_no_instant_is_told(text: str) -> None:
    with pytest.raises(NeverFires):
        check_cron(text, "UTC", NOW)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../UTC", "/etc/passwd", "\x00", "a" * 300])
def test_a_zone_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(NeverFires, match="time zone"):
        zone(name)


@given(instant=_instants)
def test_the_grid_is_never_earlier_and_never_far(instant: datetime) -> None:
    assert timedelta() <= on_grid(instant) - instant < GRID
    assert on_grid(on_grid(instant)) == on_grid(instant)


def test_who_begins_alone_begins_at_once() -> None:
    first = first_turns(Schedule(interval=60), "one", NOW, 1)

    assert first.due == first.tick
    assert first.due - NOW <= GRID


def test_many_begin_soon_and_have_their_turns_all_over_an_interval() -> None:
    keys = [f"monitor-{n}" for n in range(3000)]

    found = [first_turns(Schedule(interval=60), key, NOW, len(keys)) for key in keys]

    dues, ticks = [first.due for first in found], [first.tick for first in found]
    assert NOW <= min(dues) <= max(dues) <= NOW + timedelta(seconds=10) + GRID
    assert max(_busiest(dues, 10), 300) < 400
    assert NOW + timedelta(seconds=59) < max(ticks) <= NOW + timedelta(seconds=60) + GRID
    assert _busiest(ticks, 60) < 100
    assert all(first.due <= first.tick for first in found)


def test_as_many_as_an_interval_can_take_begin_in_their_turns() -> None:
    keys = [f"monitor-{n}" for n in range(3000)]

    found = [first_turns(Schedule(interval=5), key, NOW, len(keys)) for key in keys]

    assert all(first.due == first.tick for first in found)


def test_what_was_due_is_caught_up_with_soon_and_keeps_its_turns() -> None:
    schedule, due = Schedule(interval=60), NOW - timedelta(seconds=150)

    first, lost = caught_up(schedule, "one", due, NOW, 10)

    assert lost == 2
    assert first.due - NOW <= timedelta(seconds=10 / 300) + GRID
    assert first.tick == NOW + timedelta(seconds=30)


def _busiest(instants: list[datetime], seconds: int) -> int:
    """The most that fall into one second."""
    return max(
        sum((at - NOW) // timedelta(seconds=1) == second for at in instants)
        for second in range(seconds + 1)
    )


def test_the_share_of_a_key_is_its_own_for_ever() -> None:
    shares = [share_of(f"monitor-{n}") for n in range(1000)]

    assert 0 <= min(shares) < 0.01
    assert 0.99 < max(shares) < 1
    assert share_of("monitor-1") == shares[1] == pytest.approx(0.5404, abs=1e-4)
    assert 0 <= share_of("\ud800") < 1
