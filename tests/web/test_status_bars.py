"""Ninety days as bars: right, told in words, and light."""

from datetime import UTC, date, datetime, timedelta

from app.domain.public_failure import Failure
from app.domain.status_page import ComponentStatus, StatusPage
from app.domain.status_report import DAYS, Component, Day, Matter, StatusReport
from app.domain.uptime import TOLD, Uptime
from app.web.status_bars import Path, bars_of
from app.web.status_view import as_html

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FIRST = date(2026, 8, 28)
FINE = {"up": 86_400.0}
OUT = {"up": 82_800.0, "down": 3_600.0}


def days(*seconds: dict[str, float] | None) -> list[Day]:
    return [
        Day(
            FIRST + timedelta(days=number),
            None
            if each is None
            else Uptime(seconds={status: each.get(status.value, 0.0) for status in TOLD}),
        )
        for number, each in enumerate(seconds)
    ]


def test_days_that_are_alike_are_one_line() -> None:
    bars = bars_of(days(None, FINE, FINE, OUT, FINE))

    assert bars.width == 19
    assert bars.paths == [
        Path("no_data", "M0 18h3"),
        Path("operational", "M4 13h7M16 13h3"),
        Path("partial_outage", "M12 11h3"),
    ]


def test_bars_are_told_in_words() -> None:
    bars = bars_of(days(FINE, OUT, OUT, None, {"down": 60.0}))

    assert bars.summary == (
        "Last 5 days: 1 major outage, 2 partial outage, 1 operational, 1 no data."
    )
    assert bars.troubles == [
        "2026-09-01: major outage, down for 1 min",
        "2026-08-29 to 2026-08-30: partial outage, down for 2 h",
    ]


def test_of_much_trouble_the_newest_is_told() -> None:
    bars = bars_of(days(*[FINE, OUT] * 45))

    assert (len(bars.troubles), bars.more) == (6, 39)
    assert bars.troubles[0].startswith("2026-11-25")


def test_twenty_components_with_trouble_every_other_day_are_light() -> None:
    kinds = [FINE, OUT, {"degraded": 9.0}, {"down": 9.0}, {"maintenance": 9.0, "up": 1.0}, None]
    components = [
        Component(
            key=f"component-{number}",
            name=f"Component number {number}",
            status=ComponentStatus.MAJOR_OUTAGE,
            last_known_at=NOW,
            days=days(*(kinds[place % len(kinds)] for place in range(DAYS))),
        )
        for number in range(20)
    ]
    matters = [
        Matter(
            id=f"inc_{number:020}", title=None, components=[components[number % 20].name],
            failure=Failure.WRONG_ANSWER, incident=True, began_at=NOW - timedelta(days=number),
            ended_at=NOW, updates=[],
        )
        for number in range(50)
    ]  # fmt: skip
    page = StatusPage(id="pag_1", slug="shop", title="Shop", created_at=NOW, updated_at=NOW)
    report = StatusReport(
        page=page, now=NOW, status=ComponentStatus.MAJOR_OUTAGE, components=components, total=20,
        matters=matters, earlier=0,
    )  # fmt: skip

    assert len(as_html(report).encode()) <= 50_000
