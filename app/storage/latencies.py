"""How long the checks of a monitor took: of a window, and step by step through it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.domain.histogram import Histogram, merged
from app.domain.resolution import Resolution, Source
from app.domain.rollup import DAY, HOUR, PHASES, SLOTS, Seen, Tally, floor, instant
from app.domain.slices import sliced
from app.domain.uptime import Span
from app.storage.counts import SIZES, raw_parts, seen_in, seen_since
from app.storage.instants import LATEST, from_column
from app.storage.past import Past, driver, keys

_HOURS: Final = f"SELECT id, total, {', '.join(PHASES)} FROM monitor_hours"  # noqa: S608 -- our own constants
_DAYS: Final = "SELECT id, total FROM monitor_days"
_IN: Final = " WHERE id >= ? AND id < ? ORDER BY id"


class Point:
    """What began within one step: its latencies, and as far as is kept those of each phase."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.total = Histogram()
        self.phases: dict[str, Histogram] = {}

    def merge(self, total: bytes | None, phases: tuple[bytes | None, ...]) -> None:
        """Add an hour or a day."""
        self.total.merge(total)
        for name, phase in zip(PHASES, phases, strict=False):
            if phase is not None:
                self.phases.setdefault(name, Histogram()).merge(phase)

    def record(self, tally: Tally) -> None:
        """Add single outcomes."""
        self.total.record(tally.totals)
        for name, sample in zip(PHASES, tally.phases, strict=True):
            if sample:
                self.phases.setdefault(name, Histogram()).record(sample)


def whole_of(
    session: Session, past: Past, window: Span, resolution: Resolution, made: Sequence[Point]
) -> Histogram:
    """The latencies of a window whose points are known: theirs, where it is made of days only."""
    if resolution.source is not Source.DAYS or window.since >= past.kept.hours:
        return latencies(session, past, window)
    whole = Histogram()
    for point in made:
        whole.add(point.total)
    return whole


def latencies(session: Session, past: Past, window: Span) -> Histogram:
    """The latencies of a monitor in a window, of all that was answered."""
    cut = sliced(window, past.kept)
    cursor = driver(session)
    parts: list[bytes | None] = []
    for table, size in SIZES:
        for span in cut.days if size is DAY else cut.hours:
            query = f"SELECT total FROM {table}{_IN}"  # noqa: S608 -- our own constants
            cursor.execute(query, keys(past.monitor, span, size))
            parts += [total for (total,) in cursor.fetchall()]
    found = merged(parts)
    for ids, span in raw_parts(session, past, window, cut):
        found.record(_tally(seen_in(session, past.monitor, ids, span)).totals)
    return found


def points(session: Session, past: Past, window: Span, resolution: Resolution) -> list[Point]:
    """The latencies of a monitor, step by step, of each step in which something was answered.

    Hours and days count in the step that they begin in.
    """
    made: dict[datetime, Point] = {}
    if resolution.source is Source.OUTCOMES:
        _add(made, seen_since(session, past, window), resolution.step)
    else:
        hourly = resolution.source is Source.HOURS
        cursor, size = driver(session), HOUR if hourly else DAY
        cursor.execute((_HOURS if hourly else _DAYS) + _IN, keys(past.monitor, window, size))
        for key, total, *phases in cursor.fetchall():
            at = floor(instant(key % SLOTS, size), resolution.step)
            _point(made, at).merge(total, tuple(phases))
        if window.until > past.roll.until - HOUR:
            rest = seen_in(session, past.monitor, (past.roll.outcome + 1, LATEST), window)
            _add(made, rest, resolution.step)
    return [point for _, point in sorted(made.items()) if len(point.total)]


def _add(made: dict[datetime, Point], outcomes: Iterator[Seen], step: timedelta) -> None:
    tallies: dict[datetime, Tally] = {}
    for seen in outcomes:
        at = floor(from_column(seen.started_at), step)
        tally = tallies.get(at)
        if tally is None:
            tally = tallies[at] = Tally()
        tally.take(seen)
    for at, tally in tallies.items():
        _point(made, at).record(tally)


def _point(made: dict[datetime, Point], at: datetime) -> Point:
    # Not setdefault: a histogram is some thousand counters.
    point = made.get(at)
    if point is None:
        point = made[at] = Point(at)
    return point


def _tally(outcomes: Iterator[Seen]) -> Tally:
    tally = Tally()
    for seen in outcomes:
        tally.take(seen)
    return tally
