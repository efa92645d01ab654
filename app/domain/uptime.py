"""What share of a window a target was up, weighed by time.

Seconds always sum to the window, so no ratio is above 1: every instant of it belongs to one status.
What was not known, planned, or not watched is told apart and weighs nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from app.domain.monitor import MonitorStatus

_PENDING: Final = MonitorStatus.PENDING.value
#: Statuses whose seconds are told, in the order they are told in.
TOLD: Final = (
    MonitorStatus.UP,
    MonitorStatus.DEGRADED,
    MonitorStatus.DOWN,
    MonitorStatus.UNKNOWN,
    MonitorStatus.MAINTENANCE,
    MonitorStatus.PAUSED,
)


class Span(NamedTuple):
    """From one instant to another."""

    since: datetime
    until: datetime


class Change(NamedTuple):
    """A status that gave way to another."""

    at: datetime
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """How long a target was what within a window.

    Attributes:
        ratio: up or degraded, of what was known; `None` when nothing was.
        seconds: by status; they sum to the window.
    """

    ratio: float | None
    seconds: dict[MonitorStatus, float]


def uptime(window: Span, born: datetime, changes: Sequence[Change], gaps: Iterable[Span]) -> Uptime:
    """Weigh a window.

    Args:
        born: when the monitor was made; before that nothing was known.
        changes: all of them until the window's end, in the order they came to be known.
        gaps: spans in which nothing was known.
    """
    seconds = dict.fromkeys(TOLD, 0.0)
    holes = _merged(gaps)
    for span, status in _spells(window, born, changes):
        within = (span.until - span.since).total_seconds()
        told = MonitorStatus.UNKNOWN if status == _PENDING else MonitorStatus(status)
        if told in {MonitorStatus.UP, MonitorStatus.DEGRADED, MonitorStatus.DOWN}:
            unknown = sum(_overlap(span, hole) for hole in holes)
            seconds[MonitorStatus.UNKNOWN] += unknown
            within -= unknown
        seconds[told] += within
    good = seconds[MonitorStatus.UP] + seconds[MonitorStatus.DEGRADED]
    known = good + seconds[MonitorStatus.DOWN]
    return Uptime(ratio=min(good / known, 1.0) if known > 0 else None, seconds=seconds)


def _spells(window: Span, born: datetime, changes: Sequence[Change]) -> Iterable[tuple[Span, str]]:
    """The window cut where the status changed; nothing overlaps, whatever the clock did."""
    at, status = window.since, MonitorStatus.UNKNOWN.value
    for change_at, after in _effective(born, changes):
        cut = min(max(change_at, at), window.until)
        if cut > at:
            yield Span(at, cut), status
        at, status = cut, after
    if window.until > at:
        yield Span(at, window.until), status


def _effective(born: datetime, changes: Sequence[Change]) -> Iterable[tuple[datetime, str]]:
    """The statuses as they were shown: what a maintenance hides shows once that is over."""
    yield born, _PENDING
    hidden = False
    for change in changes:
        if change.after == MonitorStatus.MAINTENANCE.value:
            hidden = True
        elif change.before == MonitorStatus.MAINTENANCE.value or change.after in {
            MonitorStatus.PAUSED.value,
            _PENDING,
        }:
            hidden = False
        elif hidden:
            continue
        yield change.at, change.after


def _merged(gaps: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for gap in sorted(gaps):
        if merged and gap.since <= merged[-1].until:
            merged[-1] = Span(merged[-1].since, max(merged[-1].until, gap.until))
        else:
            merged.append(gap)
    return merged


def _overlap(one: Span, other: Span) -> float:
    shared = min(one.until, other.until) - max(one.since, other.since)
    return max(shared.total_seconds(), 0.0)
