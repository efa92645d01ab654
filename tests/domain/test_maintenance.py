"""Windows in which nobody is alerted: open when they say so, and their bounds told ahead."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.maintenance import Maintenance, active, next_change, occurrences

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# Some three years about then, in seconds.
_instants = st.integers(-(5 * 10**7), 5 * 10**7).map(lambda s: NOW + timedelta(seconds=s))


def once(starts_at: datetime | None, ends_at: datetime) -> Maintenance:
    return Maintenance(id="mnt_1", title="m", starts_at=starts_at, ends_at=ends_at, created_at=NOW)


def recurring(
    cron: str, length: timedelta, zone: str = "UTC", starts_at: datetime | None = None
) -> Maintenance:
    return Maintenance(
        id="mnt_1", title="m", cron=cron, duration=length.total_seconds(), timezone=zone,
        starts_at=starts_at, created_at=NOW,
    )  # fmt: skip


def at(text: str) -> datetime:
    """An instant from what a clock in Berlin shows; the first time, where it shows it twice."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


def test_a_window_is_open_from_its_start_up_to_its_end() -> None:
    window = once(NOW, NOW + HOUR)

    seen = [active(window, NOW + minutes * MINUTE) for minutes in (-1, 0, 59, 60)]

    assert seen == [False, True, True, False]
    assert next_change(window, NOW - MINUTE) == NOW
    assert next_change(window, NOW) == NOW + HOUR
    assert next_change(window, NOW + HOUR) is None


def test_a_window_without_a_start_has_begun() -> None:
    assert active(once(None, NOW + HOUR), NOW)


def test_a_recurring_window_lasts_its_duration_after_every_firing() -> None:
    window = recurring("0 12 * * *", HOUR)

    seen = [active(window, NOW + minutes * MINUTE) for minutes in (-1, 0, 59, 60)]

    assert seen == [False, True, True, False]
    assert next_change(window, NOW - MINUTE) == NOW
    assert next_change(window, NOW) == NOW + HOUR
    assert next_change(window, NOW + HOUR) == NOW + 24 * HOUR


def test_firings_before_the_start_open_nothing() -> None:
    window = recurring("0 12 * * *", HOUR, starts_at=NOW + MINUTE)

    assert not active(window, NOW + 2 * MINUTE)
    assert next_change(window, NOW) == NOW + 24 * HOUR
    assert active(recurring("0 12 * * *", HOUR, starts_at=NOW), NOW)


def test_windows_that_overlap_or_touch_are_one() -> None:
    overlapping = recurring("*/10 12 * * *", 15 * MINUTE)
    touching = recurring("*/10 12 * * *", 10 * MINUTE)

    assert active(touching, NOW + 10 * MINUTE)
    assert next_change(overlapping, NOW) == NOW + 65 * MINUTE
    assert next_change(touching, NOW + 30 * MINUTE) == NOW + 60 * MINUTE


def test_of_a_window_that_never_closes_no_end_is_in_sight() -> None:
    window = recurring("* * * * *", 5 * MINUTE)

    assert (active(window, NOW), next_change(window, NOW)) == (True, None)


def test_a_window_of_berlin_follows_its_clock_and_keeps_its_length() -> None:
    nightly = recurring("30 1 * * *", 2 * HOUR, BERLIN)
    put_forward, put_back = at("2027-03-28T01:30"), at("2026-10-25T01:30")

    assert next_change(nightly, put_forward - MINUTE) == put_forward
    assert next_change(nightly, put_forward) == put_forward + 2 * HOUR == at("2027-03-28T04:30")
    assert next_change(nightly, put_back) == put_back + 2 * HOUR


def test_the_hour_that_comes_twice_is_one_window() -> None:
    nightly = recurring("30 2 * * *", 40 * MINUTE, BERLIN)
    named = at("2026-10-25T02:30")
    second_passage = named + HOUR

    assert next_change(nightly, named) == named + 40 * MINUTE
    assert not active(nightly, second_passage)
    assert next_change(nightly, second_passage - MINUTE) == at("2026-10-26T02:30")


def test_a_window_that_is_once_is_open_once_and_then_never() -> None:
    window = once(None, NOW + HOUR)

    assert occurrences(window, NOW, 3) == [(NOW, NOW + HOUR)]
    assert occurrences(window, NOW + HOUR, 3) == []


def test_the_next_times_begin_with_the_one_that_is_open_now() -> None:
    daily = recurring("0 12 * * *", HOUR)

    found = occurrences(daily, NOW + 30 * MINUTE, 2)

    day = timedelta(days=1)
    assert found == [(NOW, NOW + HOUR), (NOW + day, NOW + day + HOUR)]


def test_nothing_is_open_before_its_beginning() -> None:
    daily = recurring("0 12 * * *", HOUR, starts_at=NOW + MINUTE)

    assert occurrences(daily, NOW, 1)[0][0] == NOW + timedelta(days=1)


@settings(max_examples=80)
@given(
    window=st.builds(
        recurring,
        st.sampled_from(["*/20 9-11 * * *", "30 2 * * *", "0 1-3 * * *", "0 0 * * SAT,SUN"]),
        st.sampled_from([MINUTE, 20 * MINUTE, HOUR, 5 * HOUR]),
        st.sampled_from(["UTC", BERLIN, "America/New_York"]),
        st.none() | _instants,
    ),
    now=_instants,
)
def test_it_changes_when_it_says_and_not_before(window: Maintenance, now: datetime) -> None:
    change = next_change(window, now)

    if change is None:
        return
    assert change > now
    halfway = now + (change - now) / 2
    assert active(window, now) == active(window, halfway) != active(window, change)
