"""Ninety days of a component as bars: one path for each status, and the same in words.

A path is a line, as thick as the bars are high, whose dashes are the bars: so days in a row that
are alike cost no more than one of them.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from app.domain.status_page import ComponentStatus
from app.domain.status_report import Day
from app.reports import units
from app.web import status_words as words

#: A bar and the gap after it; the style sheet's dashes are of the same length.
_STEP: Final = 4
_GAP: Final = 1
HEIGHT: Final = 20
# The worse, the higher, so that bars differ in more than their colour.
_HEIGHTS: Final[dict[ComponentStatus | None, int]] = {
    None: 4,
    ComponentStatus.OPERATIONAL: 14,
    ComponentStatus.UNDER_MAINTENANCE: 15,
    ComponentStatus.DEGRADED_PERFORMANCE: 16,
    ComponentStatus.PARTIAL_OUTAGE: 18,
    ComponentStatus.MAJOR_OUTAGE: 20,
}
_TROUBLES: Final = (
    ComponentStatus.MAJOR_OUTAGE,
    ComponentStatus.PARTIAL_OUTAGE,
    ComponentStatus.DEGRADED_PERFORMANCE,
    ComponentStatus.UNDER_MAINTENANCE,
)
_MOST_TOLD: Final = 6


class Path(NamedTuple):
    """All bars of one status; `kind` is its class."""

    kind: str
    d: str


class Bars(NamedTuple):
    """The days of a component.

    Attributes:
        summary: all of them in a sentence.
        troubles: the days on which not all was well, the newest first, those that are alike and
            follow each other together.
        more: how many such are left out.
    """

    width: int
    paths: Sequence[Path]
    summary: str
    troubles: Sequence[str]
    more: int


def bars_of(days: Sequence[Day]) -> Bars:
    """Days, oldest first, as they are drawn and told."""
    drawn: dict[ComponentStatus | None, list[str]] = {}
    told: list[str] = []
    place = 0
    for status, group in groupby(days, key=lambda day: day.status):
        run = list(group)
        y = HEIGHT - _HEIGHTS[status] / 2
        length = _STEP * len(run) - _GAP
        drawn.setdefault(status, []).append(f"M{_STEP * place} {y:g}h{length}")
        if status in _TROUBLES:
            told.append(_told(status, run))
        place += len(run)
    return Bars(
        width=_STEP * len(days) - _GAP,
        paths=[Path(kind_of(status), "".join(parts)) for status, parts in drawn.items()],
        summary=_summary(days),
        troubles=told[::-1][:_MOST_TOLD],
        more=max(len(told) - _MOST_TOLD, 0),
    )


def kind_of(status: ComponentStatus | None) -> str:
    """The class of a status, in the style sheet."""
    return "no_data" if status is None else status.value


def _summary(days: Sequence[Day]) -> str:
    counts = Counter(day.status for day in days)
    parts = [
        f"{counts[status]} {words.STATUS[status].lower()}"
        for status in (*_TROUBLES, ComponentStatus.OPERATIONAL, None)
        if counts[status]
    ]
    return f"Last {len(days)} days: {', '.join(parts)}."


def _told(status: ComponentStatus, run: Sequence[Day]) -> str:
    first, last = run[0].date, run[-1].date
    when = f"{first}" if first == last else f"{first} to {last}"
    down = sum(day.uptime.down for day in run if day.uptime is not None)
    lasted = f", down for {units.span(down)}" if down else ""
    return f"{when}: {words.STATUS[status].lower()}{lasted}"
