"""What people type, read and written back."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.targets import seconds_of
from app.web.typed import (
    BadTyping,
    duration_text,
    instant_of,
    local_text,
    zones,
)

BERLIN = ZoneInfo("Europe/Berlin")


@given(st.integers(60_000_000, 31 * 86_400_000_000).map(lambda micros: micros / 1e6))
def test_a_duration_is_read_as_it_was_written(seconds: float) -> None:
    assert seconds_of(duration_text(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (60, "1m"), (90, "90s"), (7200, "2h"), (86_400, "1d")]
)
def test_a_duration_stands_in_its_largest_unit(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30)).map(  # noqa: DTZ001 -- made aware next
        lambda at: at.replace(microsecond=0, tzinfo=UTC)
    ),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"]),
)
def test_an_instant_is_read_as_it_was_written_but_in_the_hour_that_comes_twice(
    at: datetime, name: str
) -> None:
    zone = ZoneInfo(name)

    read = instant_of(local_text(at, zone), zone)

    assert read == at or (at - read).total_seconds() in {1800, 3600, 7200}
    assert local_text(read, zone) == local_text(at, zone)


@pytest.mark.parametrize(
    "typed",
    ["", "now", "2027-01-10", "2027-02-30T10:00", "2027-01-10T24:01", "0001-01-01T00:00",
     "2027-01-10T10:00Z", "2027-03-28T02:30", "٢٠٢٧-01-10T10:00", "2027-01-10T10:00\n"],
)  # fmt: skip
def test_what_is_no_local_time_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(BadTyping):
        instant_of(typed, BERLIN)


def test_zones_to_choose_from_are_those_people_live_in() -> None:
    assert {"UTC", "Europe/Berlin", "America/Argentina/Ushuaia"} <= set(zones())
    assert not {"Etc/GMT+3", "US/Eastern"} & set(zones())
