"""Small pictures of lists: the last checks of a monitor as a strip, its latencies as two lines."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final, NamedTuple

from markupsafe import Markup, escape

from app.domain.rollup import PHASES
from app.domain.statistics import nearest_rank_index
from app.reports.outcomes import PhasesOut
from app.reports.units import duration
from app.storage.glimpses import Glimpse
from checkers import Status

_CELL, _HIGH, _SLOTS = 3, 18, 90
_LINE_WIDTH, _LINE_HIGH = 90, 22
# Each point of a line is of so many checks up to it; a p95 of fewer would be their largest.
_WINDOW: Final = 30
_POINTS: Final = 13
_BAR: Final = 120


class Percentiles(NamedTuple):
    """Of the last checks that were answered, in seconds."""

    p50: float
    p95: float


def strip(glimpses: Sequence[Glimpse]) -> Markup:
    """The last checks, oldest first: one path, cut where the status changes.

    What was not up is told apart by height as well as by colour.
    """
    statuses = [each.status for each in glimpses][-_SLOTS:]
    if not statuses:
        return Markup('<span class="dim">no check yet</span>')
    at, paths = _SLOTS - len(statuses), dict.fromkeys(Status, "")
    for status, run in groupby(statuses):
        long = len(list(run))
        top, high = _BARS[Status(status)]
        paths[Status(status)] += f"M{at * _CELL} {top}h{long * _CELL}v{high}h-{long * _CELL}z"
        at += long
    said = ", ".join(
        f"{number} {status.value}" for status in Status if (number := statuses.count(status.value))
    )
    drawn = "".join(f'<path class="s-{s.value}" d="{d}"/>' for s, d in paths.items() if d)
    return Markup(
        '<svg class="strip" viewBox="0 0 {} {}" role="img" aria-label="Last {} checks: {}">{}</svg>'
    ).format(_SLOTS * _CELL, _HIGH, len(statuses), said, Markup(drawn))  # noqa: S704 -- our numbers


# Where a bar begins and how high it is.
_BARS: Final = {
    Status.UP: (6, 12),
    Status.DEGRADED: (3, 15),
    Status.DOWN: (0, 18),
    Status.UNKNOWN: (13, 5),
}


def percentiles(glimpses: Sequence[Glimpse]) -> Percentiles | None:
    """p50 and p95 (nearest rank) of the checks that were answered."""
    totals = sorted(_answered(glimpses))
    if not totals:
        return None
    return Percentiles(*(totals[nearest_rank_index(len(totals), p)] / 1e6 for p in (50, 95)))


def lines(glimpses: Sequence[Glimpse]) -> Markup:
    """How p50 and p95 went, each point over the 30 checks up to it."""
    totals = _answered(glimpses)
    if len(totals) < _WINDOW:
        return Markup("")
    step = max((len(totals) - _WINDOW) // (_POINTS - 1), 1)
    windows = [sorted(totals[end - _WINDOW : end]) for end in range(_WINDOW, len(totals) + 1, step)]
    rows = [
        [window[nearest_rank_index(_WINDOW, percent)] for window in windows] for percent in (95, 50)
    ]
    highest = max(rows[0]) or 1
    across = _LINE_WIDTH / max(len(windows) - 1, 1)
    drawn = "".join(
        f'<polyline class="{name}" points="'
        + " ".join(
            f"{n * across:.0f},{_LINE_HIGH - 1 - value / highest * (_LINE_HIGH - 3):.1f}"
            for n, value in enumerate(row)
        )
        + '"/>'
        for name, row in zip(("p95", "p50"), rows, strict=True)
    )
    said = escape(f"p95 up to {duration(highest / 1e6)} over the last {len(totals)} checks")
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(_LINE_WIDTH, _LINE_HIGH, said, Markup(drawn))  # noqa: S704 -- our numbers


def phases(spent: PhasesOut, total: float | None) -> Markup:
    """Where the time of an exchange went: a bar of its phases, in their order."""
    parts, at = "", 0.0
    for number, name in enumerate(PHASES):
        part = getattr(spent, name)
        if part and total:
            wide = min(part / total, 1.0) * _BAR
            parts += f'<rect class="f{number}" x="{at:.1f}" width="{wide:.1f}" height="8"/>'
            at += wide
    if not parts:
        return Markup("")
    said = ", ".join(
        f"{name.replace('_', ' ')} {duration(part / 1e3)}"
        for name in PHASES
        if (part := getattr(spent, name)) is not None
    )
    return Markup(
        '<svg class="phases" viewBox="0 0 {} 8" preserveAspectRatio="none" role="img" '
        'aria-label="Phases: {}">{}</svg>'
    ).format(_BAR, said, Markup(parts))  # noqa: S704 -- our numbers


def _answered(glimpses: Sequence[Glimpse]) -> list[int]:
    good = {Status.UP, Status.DEGRADED}
    return [each.total_us for each in glimpses if each.total_us is not None and each.status in good]


def instant(micros: int) -> datetime:
    """When a check began."""
    return datetime.fromtimestamp(micros / 1e6, UTC)
