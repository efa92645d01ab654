"""Instants and durations as columns hold them: whole microseconds."""

from datetime import UTC, datetime, timedelta
from typing import Final

from app.domain.schedule import Schedule

#: No row has an id above this.
LATEST: Final = 2**62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_column(at: datetime) -> int:
    """Microseconds since the epoch of an aware instant."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_column(microseconds: int) -> datetime:
    """The instant that a column holds."""
    return _EPOCH + timedelta(microseconds=microseconds)


def from_optional(microseconds: int | None) -> datetime | None:
    """As `from_column`; `None` stays `None`."""
    return None if microseconds is None else from_column(microseconds)


def to_optional(at: datetime | None) -> int | None:
    """As `to_column`; `None` stays `None`."""
    return None if at is None else to_column(at)


def micros(seconds: float | None) -> int | None:
    """A duration for its column; `None` stays `None`."""
    return None if seconds is None else round(seconds * 1e6)


def seconds(microseconds: int | None) -> float | None:
    """The duration that a column holds; `None` stays `None`."""
    return None if microseconds is None else microseconds / 1e6


def recurrence(interval_us: int | None, cron: str | None, timezone: str) -> Schedule:
    """The schedule that columns hold."""
    return Schedule(interval=seconds(interval_us), cron=cron, timezone=timezone)
