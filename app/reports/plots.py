"""Plots as inline SVG that follow the page's colours, and need neither scripts nor another host.

Series are told apart by dashes and places as well as by colour; what is drawn is in a table beside.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup, escape

from app.reports.visible import plain

# So narrow that its letters are read on a telephone, where it is drawn at about this width.
_WIDTH: Final = 400
_EDGE: Final = 10
_LEFT: Final = 58
# A row is a line of text above a line of the plot.
_ROW: Final = 42
_LINE: Final = 29
_PLOT: Final = 226
_TOP: Final = 22
_FOOT: Final = 42
_COLOURS: Final = 8
_LABEL_CHARACTERS: Final = 38
# Two labels stand beside each other in the legend if none is longer.
_HALF_CHARACTERS: Final = 20
# About how wide a character of a tick is.
_TICK_CHARACTER: Final = 6.6


class Dot(NamedTuple):
    """A value with its interval, and how it is written."""

    label: str
    value: float
    low: float | None
    high: float | None
    written: str


class Curve(NamedTuple):
    """A line through points, in the order of x."""

    label: str
    points: Sequence[tuple[float, float]]


class Plot(NamedTuple):
    """A drawing with its title and what it says to those who do not see it."""

    title: str
    svg: Markup


class Axes(NamedTuple):
    """What lies along each axis, and how its values are written."""

    across: str
    write_x: Callable[[float], str]
    up: str
    write_y: Callable[[float], str]


class _Scale(NamedTuple):
    """Values to places, linear from nought or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool

    def __call__(self, value: float) -> float:
        if self.logarithmic:
            value = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            value = (value - self.low) / (self.high - self.low)
        return self.start + min(max(value, 0.0), 1.0) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Some round values inside."""
        if not self.logarithmic:
            step = 10 ** math.floor(math.log10(self.high / 2))
            step *= next(n for n in (1, 2, 5, 10) if self.high / (step * n) <= 5)
            return [step * n for n in range(int(self.high / step) + 1)]
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        fine = last - first <= 2
        steps = (1, 2, 5) if fine else (1,)
        found = [n * 10.0**power for power in range(first, last + 1) for n in steps]
        return [
            value for value in found if self.low <= value * 1.0001 and value <= self.high * 1.0001
        ]


def intervals(title: str, dots: Sequence[Dot], write: Callable[[float], str]) -> Plot | None:
    """A row for each contender: a dot with its 95 % interval, on a scale from nought."""
    if not dots:
        return None
    high = max(max(dot.value, dot.high or 0.0) for dot in dots) * 1.05 or 1.0
    scale = _Scale(0.0, high, _EDGE, _WIDTH - _EDGE, logarithmic=False)
    return _rows(title, dots, scale, write, None)


def ratios(title: str, dots: Sequence[Dot]) -> Plot | None:
    """A row for each ratio, around the line at which both are alike."""
    if not dots:
        return None
    ends = [end for dot in dots for end in (dot.value, dot.low, dot.high) if end]
    reach = max(1.25, *(max(end, 1 / end) for end in ends)) * 1.1
    scale = _Scale(1 / reach, reach, _EDGE, _WIDTH - _EDGE, logarithmic=True)
    return _rows(title, dots, scale, lambda value: f"{value:g} ×", 1.0)


def curves(title: str, found: Sequence[Curve], axes: Axes, *, share: bool = False) -> Plot | None:
    """Lines over a logarithmic scale; as high as a share goes, or logarithmic as well."""
    found = [curve for curve in found if curve.points]
    if not found:
        return None
    xs = [x for curve in found for x, _ in curve.points if x > 0]
    ys = [y for curve in found for _, y in curve.points if y > 0]
    if not xs or not ys:
        return None
    across = _Scale(*_around(xs), _LEFT, _WIDTH - _EDGE, logarithmic=True)
    up = (
        _Scale(0.0, 1.0, _PLOT, _TOP, logarithmic=False)
        if share
        else _Scale(*_around(ys), _PLOT, _TOP, logarithmic=True)
    )
    parts = _grid(across, up, axes)
    for index, curve in enumerate(found):
        points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in curve.points)
        parts.append(
            f'<polyline class="l{index % _COLOURS} d{index // _COLOURS}" points="{points}"/>'
        )
        if len(curve.points) <= 12:
            parts += [
                f'<circle class="f{index % _COLOURS}" cx="{across(x):.1f}" cy="{up(y):.1f}" r="3"/>'
                for x, y in curve.points
            ]
    return _with_legend(title, parts, [curve.label for curve in found], _PLOT + _FOOT)


def scatter(title: str, dots: Sequence[tuple[Dot, Dot]], axes: Axes) -> Plot | None:
    """A cross for each contender: one quantity against another, with both intervals."""
    if not dots:
        return None
    xs, ys = [e for x, _ in dots for e in _ends(x)], [e for _, y in dots for e in _ends(y)]
    across = _Scale(*_around(xs), _LEFT, _WIDTH - _EDGE, logarithmic=True)
    up = _Scale(*_around(ys), _PLOT, _TOP, logarithmic=True)
    parts = _grid(across, up, axes)
    for index, (x, y) in enumerate(dots):
        colour, (cx, cy) = index % _COLOURS, (across(x.value), up(y.value))
        if x.low and x.high:
            parts.append(_line(across(x.low), cy, across(x.high), cy, f"l{colour} solid"))
        if y.low and y.high:
            parts.append(_line(cx, up(y.low), cx, up(y.high), f"l{colour} solid"))
        parts.append(f'<circle class="f{colour}" cx="{cx:.1f}" cy="{cy:.1f}" r="4.5"/>')
        parts.append(_text(cx + 6, cy - 6, str(index + 1)))
    labels = [f"{number} {x.label}" for number, (x, _) in enumerate(dots, start=1)]
    spoken = [f"{x.label} {x.written}, {y.written}" for x, y in dots]
    return _with_legend(title, parts, labels, _PLOT + _FOOT, bars=True, spoken=spoken)


def stacked(
    title: str, rows: Sequence[tuple[str, Mapping[str, float]]], write: Callable[[float], str]
) -> Plot | None:
    """A bar for each contender, made of parts."""
    rows = [row for row in rows if sum(row[1].values()) > 0]
    if not rows:
        return None
    names = list(dict.fromkeys(name for _, values in rows for name in values))
    high = max(sum(values.values()) for _, values in rows)
    scale = _Scale(0.0, high, _EDGE, _WIDTH - _EDGE, logarithmic=False)
    parts, spoken = [], []
    for index, (label, values) in enumerate(rows):
        y, at = index * _ROW, 0.0
        parts += _above(y, label, write(sum(values.values())))
        for name, value in values.items():
            x, width = scale(at), scale(at + value) - scale(at)
            colour = names.index(name) % _COLOURS
            parts.append(
                f'<rect class="f{colour}" x="{x:.1f}" y="{y + 20}" width="{width:.1f}" '
                f'height="14"/>'
            )
            at += value
        spoken.append(f"{label}: " + ", ".join(f"{n} {write(v)}" for n, v in values.items()))
    return _with_legend(title, parts, names, len(rows) * _ROW + 4, bars=True, spoken=spoken)


def _rows(
    title: str,
    dots: Sequence[Dot],
    scale: _Scale,
    write: Callable[[float], str],
    mark: float | None,
) -> Plot:
    height = len(dots) * _ROW
    parts = _ticks(scale, 0, height, write)
    if mark is not None:
        parts.append(_line(scale(mark), 0, scale(mark), height, "mark"))
    for index, dot in enumerate(dots):
        y = index * _ROW + _LINE
        parts += _above(index * _ROW, dot.label, dot.written)
        if dot.low is not None and dot.high is not None:
            parts.append(_line(scale(dot.low), y, scale(dot.high), y, "whisker"))
        parts.append(f'<circle class="f0" cx="{scale(dot.value):.1f}" cy="{y}" r="5"/>')
    return Plot(title, _svg(title, parts, height + 24, [f"{d.label} {d.written}" for d in dots]))


def _above(y: float, label: str, written: str) -> list[str]:
    """The line of text of a row: whose it is, and what it comes to."""
    return [
        _text(_EDGE, y + 15, plain(label, _LABEL_CHARACTERS)),
        _text(_WIDTH - _EDGE, y + 15, written, "end"),
    ]


def _ticks(scale: _Scale, top: float, foot: float, write: Callable[[float], str]) -> list[str]:
    """Lines at round values across, each with what it stands for below, inside of the drawing."""
    parts, free = [], 0.0
    for tick in scale.ticks():
        x, written = scale(tick), write(tick)
        parts.append(_line(x, top, x, foot, "grid"))
        half = len(written) * _TICK_CHARACTER / 2
        centre = min(max(x, half + 1), _WIDTH - half - 1)
        if centre - half >= free:
            parts.append(_text(centre, foot + 18, written, "middle", "tick"))
            free = centre + half + _TICK_CHARACTER
    return parts


def _grid(across: _Scale, up: _Scale, axes: Axes) -> list[str]:
    parts = _ticks(across, _TOP, _PLOT, axes.write_x)
    for tick in up.ticks():
        y = up(tick)
        parts += [
            _line(_LEFT, y, _WIDTH - _EDGE, y, "grid"),
            _text(_LEFT - 6, y + 4, axes.write_y(tick), "end", "tick"),
        ]
    return [
        *parts,
        _text(_EDGE, 13, f"↑ {axes.up}", "start", "tick"),
        _text(_WIDTH - _EDGE, _PLOT + 36, f"{axes.across} →", "end", "tick"),
    ]


def _with_legend(
    title: str,
    parts: list[str],
    labels: Sequence[str],
    height: int,
    *,
    bars: bool = False,
    spoken: Sequence[str] | None = None,
) -> Plot:
    shown = [plain(label, _LABEL_CHARACTERS) for label in labels]
    columns = 2 if all(len(label) <= _HALF_CHARACTERS for label in shown) else 1
    each = (_WIDTH - _EDGE) // 2
    for index, label in enumerate(shown):
        x, y = _EDGE + index % columns * each, height + 14 + index // columns * 20
        colour, dashes = index % _COLOURS, index // _COLOURS
        parts.append(
            f'<rect class="f{colour}" x="{x}" y="{y - 9}" width="14" height="10"/>'
            if bars
            else _line(x, y - 4, x + 24, y - 4, f"l{colour} d{dashes}")
        )
        parts.append(_text(x + (20 if bars else 30), y, label))
    below = math.ceil(len(labels) / columns) * 20 + 8
    return Plot(title, _svg(title, parts, height + below, spoken or labels))


def _svg(title: str, parts: Sequence[str], height: float, spoken: Sequence[str]) -> Markup:
    said = escape(plain(f"{title}: {'; '.join(spoken)}"))
    return Markup(  # noqa: S704 -- what came from outside was escaped where it was written
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img" aria-label="{said}">'
        f"{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{of_kind}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _around(values: Sequence[float]) -> tuple[float, float]:
    """A little more than the values take, on a logarithmic scale."""
    there = [value for value in values if value > 0] or [1.0]
    return min(there) / 1.25, max(there) * 1.25


def _ends(dot: Dot) -> list[float]:
    return [value for value in (dot.value, dot.low, dot.high) if value is not None]
