"""What share of a window a target was up, weighed by time.

Seconds always sum to the window, so no ratio is above 1: every instant of it belongs to one status.
What was not known, planned, or not watched is told apart and weighs nothing.
"""

from collections.abc import Iterable, Iterator
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


class Standing(NamedTuple):
    """What is shown of a target at an instant.

    Attributes:
        hidden: a maintenance goes on, so what is believed meanwhile is not shown.
    """

    status: str = MonitorStatus.PENDING.value
    hidden: bool = False

    def after(self, change: Change) -> "Standing":
        """What is shown once a change has come to be known."""
        if change.after == MonitorStatus.MAINTENANCE.value:
            return Standing(change.after, hidden=True)
        ends = change.before == MonitorStatus.MAINTENANCE.value
        if ends or change.after in {MonitorStatus.PAUSED.value, MonitorStatus.PENDING.value}:
            return Standing(change.after)
        return self if self.hidden else Standing(change.after)


#: Of a target that was not looked at yet: what it is, is not known.
UNSEEN: Final = Standing()


class Spell(NamedTuple):
    """A span in which one status was shown."""

    span: Span
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """How long a target was what within a window.

    Attributes:
        seconds: by status; they sum to the window.
    """

    seconds: dict[MonitorStatus, float]

    @property
    def known(self) -> float:
        """Seconds of which it is known whether it was up."""
        return self._good + self.down

    @property
    def down(self) -> float:
        """Seconds in which it was down."""
        return self.seconds[MonitorStatus.DOWN]

    @property
    def ratio(self) -> float | None:
        """Up or degraded, of what is known; `None` when nothing is."""
        return min(self._good / self.known, 1.0) if self.known > 0 else None

    @property
    def _good(self) -> float:
        return self.seconds[MonitorStatus.UP] + self.seconds[MonitorStatus.DEGRADED]

    def and_(self, other: "Uptime") -> "Uptime":
        """Both together, of two windows or two targets."""
        return Uptime(
            seconds={status: self.seconds[status] + other.seconds[status] for status in TOLD}
        )


def nothing() -> Uptime:
    """Of no time at all."""
    return Uptime(seconds=dict.fromkeys(TOLD, 0.0))


def uptime(
    window: Span, changes: Iterable[Change], gaps: Iterable[Span], opening: Standing = UNSEEN
) -> Uptime:
    """Weigh a window.

    Args:
        changes: those since the opening, in the order they came to be known.
        gaps: spans in which nothing was known.
        opening: what was shown before the first of the changes.
    """
    return weigh(spells(window, changes, opening), gaps)


def spells(window: Span, changes: Iterable[Change], opening: Standing = UNSEEN) -> Iterator[Spell]:
    """The window cut where what is shown changed; nothing overlaps, whatever the clock did.

    An instant never lies before that of the change known before it.
    """
    at, standing = window.since, opening
    for change in changes:
        cut = min(max(change.at, at), window.until)
        if cut > at:
            yield Spell(Span(at, cut), standing.status)
        at, standing = cut, standing.after(change)
    if window.until > at:
        yield Spell(Span(at, window.until), standing.status)


def weigh(cut: Iterable[Spell], gaps: Iterable[Span]) -> Uptime:
    """Seconds by status of spells; what falls into a gap was not known."""
    seconds = dict.fromkeys(TOLD, 0.0)
    holes = _merged(gaps)
    for span, status in cut:
        within = (span.until - span.since).total_seconds()
        told = MonitorStatus.UNKNOWN if status == _PENDING else MonitorStatus(status)
        if told in {MonitorStatus.UP, MonitorStatus.DEGRADED, MonitorStatus.DOWN}:
            unknown = sum(_overlap(span, hole) for hole in holes)
            seconds[MonitorStatus.UNKNOWN] += unknown
            within -= unknown
        seconds[told] += within
    return Uptime(seconds=seconds)


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
