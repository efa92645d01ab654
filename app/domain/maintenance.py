"""A window in which nobody is alerted: once, or again and again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from cronsim import CronSim

from app.domain.schedule import zone

MIN_DURATION_SECONDS: Final = 1.0
MAX_DURATION_SECONDS: Final = 31 * 86_400.0
_INSTANT: Final = timedelta(microseconds=1)
# Of windows that run into each other so many are followed: two days of one a minute, and more.
_MOST_MERGED: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """A window: up to `ends_at`, or for `duration` after whatever `cron` names in `timezone`.

    Attributes:
        keys, labels: the monitors it is of: those with one of the keys, and, where there are
            labels, those that bear all of them.
        starts_at: when it begins; with `cron` nothing before it is named, and `None` is no bound.
        duration: in seconds that pass, also where clocks are put forward or back meanwhile.
    """

    id: str
    title: str
    keys: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    cron: str | None = None
    duration: float | None = None
    timezone: str = "UTC"
    created_at: datetime


def active(window: Maintenance, now: datetime) -> bool:
    """Whether an instant lies in the window; its end does not."""
    if window.cron is None:
        assert window.ends_at is not None
        return (window.starts_at is None or window.starts_at <= now) and now < window.ends_at
    # What was named within the duration before now is still open.
    named = next(_named(window, now - _length(window)), None)
    return named is not None and named <= now


def occurrences(window: Maintenance, now: datetime, most: int) -> list[tuple[datetime, datetime]]:
    """When the window is open next, from when to when, beginning with now if it is open now."""
    if window.cron is None:
        assert window.ends_at is not None
        begins = window.created_at if window.starts_at is None else window.starts_at
        return [(begins, window.ends_at)] if now < window.ends_at else []
    length = _length(window)
    return [(at, at + length) for at in islice(_named(window, now - length), most)]


def next_change(window: Maintenance, now: datetime) -> datetime | None:
    """When the window opens or closes next; `None`: never, or no end is in sight.

    Windows that overlap or touch are one.
    """
    if window.cron is None:
        bounds = (window.starts_at, window.ends_at)
        return min((at for at in bounds if at is not None and at > now), default=None)
    if not active(window, now):
        return next(_named(window, now), None)
    end = now
    for named in islice(_named(window, now - _length(window)), _MOST_MERGED):
        if named > end:
            return end
        end = named + _length(window)
    return None


def _length(window: Maintenance) -> timedelta:
    assert window.duration is not None
    return timedelta(seconds=window.duration)


def _named(window: Maintenance, after: datetime) -> Iterator[datetime]:
    """What the cron text names after an instant, in order; it gives up after fifty years."""
    assert window.cron is not None
    if window.starts_at is not None:
        after = max(after, window.starts_at - _INSTANT)
    for found in CronSim(window.cron, after.astimezone(zone(window.timezone))):
        at = found.astimezone(UTC)
        # In the hour that clocks go through twice, what is named lies in the first passage.
        if at > after:
            yield at
