"""A window cut into what is kept of it: days, hours, and single outcomes at its fringes.

Where the finer is not kept any more, the coarser counts in the window that it begins in; so
windows that adjoin never count anything twice, and never leave anything out.
"""

from dataclasses import dataclass
from datetime import datetime

from app.domain.rollup import DAY, HOUR, ceiling, floor
from app.domain.uptime import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Since when what is kept.

    Attributes:
        outcomes: a full hour, from which on there are single outcomes.
        hours: a full day, from which on there are hours.
        until: a full hour, after which nothing is rolled up.
    """

    outcomes: datetime
    hours: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """Spans of full days, of full hours, and less than an hour of single outcomes.

    In order of time: fringe, hours, days, hours, fringe; what is empty is left out. After `until`
    nothing is rolled up.
    """

    days: tuple[Span, ...]
    hours: tuple[Span, ...]
    fringes: tuple[Span, ...]


def sliced(window: Span, kept: Kept) -> Slices:
    """What the part of a window that is rolled up is made of."""
    until = min(window.until, kept.until)
    # Single outcomes are reached by way of their hours.
    outcomes = max(kept.outcomes, kept.hours)
    # The day that the roll-up stands in holds no more than what is rolled up.
    last_day = (ceiling if until == kept.until or until < kept.hours else floor)(until, DAY)
    last_hour = (ceiling if until < outcomes else floor)(until, HOUR)
    first_hour, first_day = ceiling(window.since, HOUR), ceiling(window.since, DAY)
    if window.since >= until:
        return Slices(days=(), hours=(), fringes=())
    if first_day >= last_day:
        # All of it within a day, or around one midnight.
        hours = [Span(max(first_hour, kept.hours), last_hour)]
        days = []
    else:
        days = [Span(first_day, last_day)]
        hours = [Span(max(first_hour, kept.hours), first_day)]
        hours += [Span(max(last_day, kept.hours), last_hour)]
    fringes = [Span(window.since, min(first_hour, until))]
    if last_hour >= first_hour:
        fringes += [Span(last_hour, until)]
    return Slices(
        days=_real(days),
        hours=_real(hours),
        fringes=tuple(each for each in _real(fringes) if each.since >= outcomes),
    )


def _real(spans: list[Span]) -> tuple[Span, ...]:
    return tuple(span for span in spans if span.since < span.until)
