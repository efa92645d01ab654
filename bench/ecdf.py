"""A plot of distributions as SVG: which share of the checks was off by so much or less."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 860, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 300, 44, 50
_DECADES: Final = (-1, 0, 1, 2, 3)
_POINTS: Final = 200
_COLOURS: Final = {
    True: ("#0b6e4f", "#08a045", "#1b998b", "#2d7dd2", "#3066be", "#5b5f97"),
    False: ("#d1495b", "#e07a1f", "#b5179e", "#8d5524"),
}


class Curve(NamedTuple):
    """One distribution, in milliseconds, sorted."""

    name: str
    errors: Sequence[float]
    ours: bool


def write(path: Path, curves: Sequence[Curve]) -> None:
    """Draw the curves, on a logarithmic scale from 0.1 ms to 1 s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*_frame(), *_curves(curves), "</svg>", ""]), encoding="utf-8")


def _x(error: float) -> float:
    share = (math.log10(max(error, 10 ** _DECADES[0])) - _DECADES[0]) / (_DECADES[-1] - _DECADES[0])
    return _LEFT + min(share, 1.0) * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _frame() -> list[str]:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12" role="img">',
        "<title>How far reported latencies are from the truth</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15" fill="#1c1c28">Share of checks reported at most '
        "so much too slow; a target of 50 ms</text>",
    ]
    for decade in _DECADES:
        x, label = _x(10**decade), f"{10**decade:g} ms"
        lines.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_y(0):.1f}" y2="{_y(1):.1f}" stroke="#dcdce4"/>'
            f'<text x="{x:.1f}" y="{_HEIGHT - 28}" text-anchor="middle" fill="#444">{label}</text>'
        )
    for percent in (0, 25, 50, 75, 100):
        y = _y(percent / 100)
        lines.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="#dcdce4"/><text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" '
            f'fill="#444">{percent} %</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    lines.append(
        f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle" fill="#444">reported minus '
        "true latency</text>"
    )
    return lines


def _curves(curves: Sequence[Curve]) -> list[str]:
    lines, used = [], {True: 0, False: 0}
    for number, curve in enumerate(curves):
        colours = _COLOURS[curve.ours]
        colour = colours[used[curve.ours] % len(colours)]
        used[curve.ours] += 1
        count = len(curve.errors)
        ranks = sorted({round(i * (count - 1) / (_POINTS - 1)) for i in range(_POINTS)})
        points = " ".join(
            f"{_x(curve.errors[rank]):.1f},{_y((rank + 1) / count):.1f}" for rank in ranks
        )
        dashes = "" if curve.ours else ' stroke-dasharray="6 3"'
        y, x = _TOP + 12 + number * 22, _WIDTH - _RIGHT + 14
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
            f'<line x1="{x}" x2="{x + 24}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" '
            f'stroke-width="2"{dashes}/>'
            f'<text x="{x + 30}" y="{y}" fill="#1c1c28">{escape(curve.name)}</text>'
        )
    return lines
