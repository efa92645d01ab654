"""How fine a window can be shown: by what is kept of it, and by how much anybody reads."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from app.domain.rollup import DAY, HOUR
from app.domain.slices import Kept
from app.domain.uptime import Span

#: Points that are answered at most.
MOST_POINTS: Final = 1000
# Points that a chart has room for.
_WANTED_POINTS: Final = 170
_STEPS: Final = (
    *(timedelta(seconds=seconds) for seconds in (10, 30)),
    *(timedelta(minutes=minutes) for minutes in (1, 5, 10, 30)),
    *(timedelta(hours=hours) for hours in (1, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 7, 28, 364)),
)


class Source(StrEnum):
    """What figures are made of."""

    OUTCOMES = "outcomes"
    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A step, and what it is made of."""

    step: timedelta
    source: Source


class StepNotKept(Exception):
    """There are no figures as fine as that; the text says what there is."""


def resolution(window: Span, kept: Kept, step: timedelta | None) -> Resolution:
    """How a window is shown.

    Args:
        step: what is asked for; `None`: as fine as is kept of all of the window, in some
            hundred points.

    Raises:
        StepNotKept: it is finer than what is kept, or not made of what is.
    """
    length = window.until - window.since
    if step is None:
        finest = _finest(window, kept)
        fitting = [each for each in _STEPS if each >= finest and length / each <= _WANTED_POINTS]
        step = fitting[0] if fitting else _STEPS[-1]
    elif length / step > MOST_POINTS:
        raise StepNotKept(f"makes more than {MOST_POINTS} points of this window")
    elif step < _finest(window, kept):
        raise StepNotKept(_told(window, kept))
    if step < HOUR:
        return Resolution(step=step, source=Source.OUTCOMES)
    if step % HOUR:
        raise StepNotKept("of an hour or more is whole hours")
    if step >= DAY and step % DAY:
        raise StepNotKept("of a day or more is whole days")
    return Resolution(step=step, source=Source.HOURS if step < DAY else Source.DAYS)


def _finest(window: Span, kept: Kept) -> timedelta:
    if window.since >= min(kept.outcomes, kept.until):
        return timedelta(0)
    return HOUR if window.since >= kept.hours else DAY


def _told(window: Span, kept: Kept) -> str:
    if window.since < kept.hours:
        return f"of less than a day is kept since {kept.hours:%Y-%m-%dT%H:%MZ} only"
    return f"of less than an hour is kept since {kept.outcomes:%Y-%m-%dT%H:%MZ} only"
