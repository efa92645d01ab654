"""Latencies along a line of time, with the spans in which something else was the matter.

Time is linear, and where nothing was measured there is a gap. Scripts draw the same to be zoomed.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from markupsafe import Markup

from app.domain.rollup import PHASES
from app.domain.uptime import Span
from app.reports.units import duration

_WIDE, _HIGH = 560, 240
_LEFT, _RIGHT, _TOP, _FOOT = 58, 8, 8, 24
_BOTTOM: Final = _HIGH - _FOOT
# Steps of the axis of time, and how their ticks are written.
_STEPS: Final = (
    *((timedelta(seconds=n), "%H:%M:%S") for n in (10, 30)),
    *((timedelta(minutes=n), "%H:%M") for n in (1, 2, 5, 10, 30)),
    *((timedelta(hours=n), "%H:%M") for n in (1, 2, 4, 6)),
    *((timedelta(days=n), "%-d %b") for n in (1, 2, 7, 14, 28, 91)),
)
_MOST_TICKS: Final = 6
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What a span is drawn as; the words are for who does not see it.
_MOST_SPANS: Final = 2000


class Reading(NamedTuple):
    """The checks that began within a step: seconds by name, of percentiles or phases."""

    at: datetime
    values: dict[str, float]


class Spans(NamedTuple):
    """What else was the matter, and when."""

    incidents: Sequence[Span] = ()
    maintenances: Sequence[Span] = ()


class Line(NamedTuple):
    """A line of time to be drawn on.

    Attributes:
        step: what a reading is of.
        gap: readings further apart than this are not joined.
    """

    window: Span
    step: timedelta
    gap: timedelta


def percentiles(line: Line, readings: Sequence[Reading], spans: Spans) -> Markup:
    """p50, p95 and p99, with the bands between them."""
    high = max((each.values["p99"] for each in readings), default=0.0)
    axes = _Axes(line.window, high)
    parts = [*_spans(axes, spans), *axes.drawn()]
    names = ("p50", "p95", "p99")
    for run in _runs(line, readings):
        places = [axes.across(each.at + line.step / 2) for each in run]
        rows = [[axes.up(each.values[name]) for each in run] for name in names]
        for number, (below, above) in enumerate(pairwise(rows)):
            parts.append(_area(places, below, above, f"band b{number}"))
        parts += [_drawn(places, row, number) for number, row in enumerate(rows)]
    return _svg("p50, p95 and p99 of the latency", parts, _said(readings, names))


def stacked(line: Line, readings: Sequence[Reading]) -> Markup:
    """The median of each phase, one upon the other."""
    sums = [sum(each.values.values()) for each in readings]
    axes = _Axes(line.window, max(sums, default=0.0))
    parts = axes.drawn()
    for run in _runs(line, readings):
        middles = [axes.across(each.at + line.step / 2) for each in run]
        # A point by itself would have no width to be seen by.
        alone = len(run) == 1
        places = [middles[0] - 1.0, middles[0] + 1.0] if alone else middles
        joined = run * 2 if alone else run
        below = [0.0] * len(joined)
        for number, name in enumerate(PHASES):
            above = [
                low + each.values.get(name, 0.0) for low, each in zip(below, joined, strict=True)
            ]
            if above != below:
                row = [axes.up(value) for value in below], [axes.up(value) for value in above]
                parts.append(_area(places, *row, f"f{number}"))
            below = above
    return _svg("Median of each phase", parts, _said(readings, PHASES))


class _Axes:
    """Time across, seconds up from nought."""

    def __init__(self, window: Span, high: float) -> None:
        self._window = window
        self._length = (window.until - window.since).total_seconds()
        self._ticks = _ticks(high)
        self._high = max(high * 1.05, self._ticks[-1])

    def across(self, at: datetime) -> float:
        share = (at - self._window.since).total_seconds() / self._length
        return _LEFT + min(max(share, 0.0), 1.0) * (_WIDE - _LEFT - _RIGHT)

    def up(self, seconds: float) -> float:
        return _BOTTOM - min(seconds / self._high, 1.0) * (_BOTTOM - _TOP)

    def drawn(self) -> list[str]:
        """The grid with its ticks."""
        parts = []
        for tick in self._ticks:
            y = self.up(tick)
            parts += [
                _rule(_LEFT, y, _WIDE - _RIGHT, y),
                _text(_LEFT - 6, y + 4, duration(tick), "end"),
            ]
        for at, words in _instants(self._window):
            x = self.across(at)
            parts += [_rule(x, _TOP, x, _BOTTOM), _text(x, _BOTTOM + 17, words, "middle")]
        return parts


def _ticks(high: float) -> list[float]:
    """Round values from nought to where the largest lies, five steps at most."""
    power = 1e-6
    while power * 10 <= high:
        power *= 10
    step = next((n * power for n in (0.2, 0.5, 1, 2, 5) if high <= 5 * n * power), 5 * power)
    return [step * n for n in range(int(high / step) + 1)] if high >= step else [0.0, step]


def _instants(window: Span) -> list[tuple[datetime, str]]:
    """Round instants of a window, with how they are written."""
    length = window.until - window.since
    step, form = next((each for each in _STEPS if length / each[0] <= _MOST_TICKS), _STEPS[-1])
    first = -(-(window.since - _EPOCH) // step)
    last = (window.until - _EPOCH) // step
    found = []
    for number in range(first, last + 1):
        at = _EPOCH + number * step
        midnight = at.hour == at.minute == at.second == 0
        found.append((at, at.strftime("%-d %b" if midnight else form)))
    return found


def _runs(line: Line, readings: Iterable[Reading]) -> list[list[Reading]]:
    """Readings that follow each other without a gap."""
    runs: list[list[Reading]] = []
    for each in readings:
        if runs and each.at - runs[-1][-1].at <= line.gap:
            runs[-1].append(each)
        else:
            runs.append([each])
    return runs


def _spans(axes: _Axes, spans: Spans) -> list[str]:
    parts = []
    for kind, found in (("maintained", spans.maintenances), ("broken", spans.incidents)):
        drawn = ""
        for since, until in found[-_MOST_SPANS:]:
            x = axes.across(since)
            # What was short is seen as well.
            drawn += f"M{x:.1f} {_TOP}h{max(axes.across(until) - x, 1.5):.1f}V{_BOTTOM}H{x:.1f}z"
        if drawn:
            parts.append(f'<path class="{kind}" d="{drawn}"/>')
    return parts


def _area(
    places: Sequence[float], below: Sequence[float], above: Sequence[float], kind: str
) -> str:
    there = [f"{x:.1f},{y:.1f}" for x, y in zip(places, above, strict=True)]
    back = [f"{x:.1f},{y:.1f}" for x, y in zip(places, below, strict=True)]
    return f'<polygon class="{kind}" points="{" ".join(there + back[::-1])}"/>'


def _drawn(places: Sequence[float], row: Sequence[float], number: int) -> str:
    if len(places) == 1:
        return f'<circle class="f{number}" cx="{places[0]:.1f}" cy="{row[0]:.1f}" r="2"/>'
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(places, row, strict=True))
    return f'<polyline class="l{number}" points="{points}"/>'


def _said(readings: Sequence[Reading], names: Sequence[str]) -> str:
    if not readings:
        return "nothing was measured"
    last = readings[-1].values
    told = [f"{n.replace('_', ' ')} {duration(last[n])}" for n in names if n in last]
    return f"{len(readings)} points, the last {', '.join(told)}"


def _svg(title: str, parts: Sequence[str], said: str) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}: {}">{}</svg>').format(
        _WIDE,
        _HIGH,
        title,
        said,
        Markup("".join(parts)),  # noqa: S704 -- our numbers
    )


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'
