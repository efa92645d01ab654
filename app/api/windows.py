"""Windows of time, and steps through them, as they are asked for."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Query

from app.api.targets import seconds_of
from app.domain.errors import FieldError, Invalid
from app.domain.uptime import Span

_LENGTHS: Final = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "365d": timedelta(days=365),
}
_TOLD: Final = "24h, 7d, 30d, 365d, a month of UTC such as 2026-10, or two instants: from,to"
_BETWEEN = re.compile(r"(?P<since>[^,]+),(?P<until>[^,]+)\Z")
_MONTH = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})\Z")
_LONGEST_STEP: Final = timedelta(days=36_500)

WindowIn = Annotated[
    str, Query(description=f"{_TOLD}.", max_length=100, examples=["24h", "2026-10"])
]


def window_of(text: str, now: datetime) -> Span:
    """The window that a text names; it ends now at the latest.

    Raises:
        Invalid: it names none, or one that has not begun.
    """
    if text in _LENGTHS:
        return Span(now - _LENGTHS[text], now)
    span, wrong = _span(text), None
    if span is None:
        wrong = f"is {_TOLD}"
    elif span.since >= span.until:
        wrong = "ends before it begins"
    elif span.since >= now:
        wrong = "has not begun"
    if span is None or wrong is not None:
        raise Invalid("The window is not valid.", [FieldError("/window", f"query: {wrong}")])
    return Span(span.since, min(span.until, now))


def length_of(name: str) -> timedelta:
    """How long one of the windows is that have a name."""
    return _LENGTHS[name]


def step_of(text: str | None) -> timedelta | None:
    """A step such as `5m`, `1h` or `86400`; `None`: left to us.

    Raises:
        Invalid: it is no duration, or none that anything can be cut by.
    """
    if text is None:
        return None
    try:
        # Days, too, though no timeout is as long.
        days = re.fullmatch(r"([0-9]{1,5})d", text)
        seconds = float(days[1]) * 86400 if days else float(str(seconds_of(_plain(text))))
        step = timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        step = timedelta(0)
    if not timedelta(seconds=1) <= step <= _LONGEST_STEP:
        told = "query: is a duration of a second or more, such as 5m, 1h or 1d"
        raise Invalid("The step is not valid.", [FieldError("/step", told)])
    return step


def _plain(text: str) -> str | float:
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else text


def _span(text: str) -> Span | None:
    try:
        if (month := _MONTH.match(text)) is not None:
            since = datetime(int(month["year"]), int(month["month"]), 1, tzinfo=UTC)
            return Span(since, (since + timedelta(days=31)).replace(day=1))
        found = _BETWEEN.match(text)
        return None if found is None else Span(_instant(found["since"]), _instant(found["until"]))
    except (ValueError, OverflowError):
        return None


def _instant(text: str) -> datetime:
    # In a query a plus sign stands for a space, so an offset arrives with one.
    at = datetime.fromisoformat(text.strip().replace(" ", "+"))
    if at.tzinfo is None:
        raise ValueError("an instant is written as in 2026-11-24T08:00:00Z (RFC 3339)")
    return at.astimezone(UTC)
