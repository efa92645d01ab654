"""Where the time of a check went, as bars: its phases one after another, on a common scale."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

from app.reports.units import duration
from checkers import Attempt
from checkers.timing import PHASE_NAMES

#: The phases as people call them, in the order in which they happen.
NAMES: Final = dict(
    zip(PHASE_NAMES, ("name look-up", "connect", "TLS", "wait", "receive"), strict=True)
)
_WIDTH, _HIGH = 1000, 12
# What is shorter can still be seen.
_LEAST: Final = 2.0
# A gap below this share of the total is between two clock reads, and of no phase.
_GAP: Final = 0.01


class Bar(NamedTuple):
    """An attempt to be drawn, in seconds.

    Attributes:
        begins: after the beginning of the scale.
        total: `None` where nothing was tried.
        phases: those that happened.
    """

    begins: float
    total: float | None
    phases: Mapping[str, float]


def scale_of(bars: Sequence[Bar], answered: Sequence[bool]) -> float:
    """How many seconds the width stands for: the longest that was answered, else the longest.

    One that waited in vain for its whole timeout would leave nothing to see of the others.
    """
    ends = [bar.begins + (bar.total or 0.0) for bar in bars]
    seen = [end for end, good in zip(ends, answered, strict=True) if good and end]
    return max(seen or ends, default=0.0) or 1.0


def drawn(bar: Bar, scale: float) -> Markup:
    """A bar; what is longer than the scale is cut, with a mark at its end."""
    if bar.total is None:
        return Markup("")
    parts, at = [], bar.begins
    for name, seconds in bar.phases.items():
        parts.append(_part(f"f{PHASE_NAMES.index(name)}", at, seconds, scale))
        at += seconds
    rest = bar.begins + bar.total - at
    if rest > bar.total * _GAP:
        parts.append(_part("rest", at, rest, scale))
    if bar.begins + bar.total > scale * 1.0001:
        parts.append(f'<path class="cut" d="M{_WIDTH - 14} 0h14v{_HIGH}h-14l9 -{_HIGH // 2}z"/>')
    said = ", ".join(f"{NAMES[name]} {duration(each)}" for name, each in bar.phases.items())
    if rest > bar.total * _GAP:
        said += (", " if said else "") + f"in no phase that ended {duration(rest)}"
    return Markup(
        '<svg class="bar" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img">'
        "<title>{}: {}</title>{}</svg>"
    ).format(_WIDTH, _HIGH, duration(bar.total), said, Markup("".join(parts)))  # noqa: S704 -- our numbers


def _part(kind: str, at: float, seconds: float, scale: float) -> str:
    x, end = (min(edge / scale, 1.0) * _WIDTH for edge in (at, at + seconds))
    if x >= _WIDTH:
        return ""
    wide = max(end - x, _LEAST)
    return f'<rect class="{kind}" x="{min(x, _WIDTH - wide):.1f}" width="{wide:.1f}" height="12"/>'


def of_attempts(attempts: Sequence[Attempt]) -> list[tuple[Attempt, Markup]]:
    """Each attempt with its bar, on a scale that begins with the first and ends with the last."""
    first = min((attempt.started_at for attempt in attempts), default=0.0)
    bars = [
        Bar(max(each.started_at - first, 0.0), each.total, phases_of(each)) for each in attempts
    ]
    scale = scale_of(bars, [True] * len(bars))
    return [(each, drawn(bar, scale)) for each, bar in zip(attempts, bars, strict=True)]


def phases_of(attempt: Attempt) -> dict[str, float]:
    """The phases of an attempt that happened."""
    found = {name: getattr(attempt.phases, name) for name in PHASE_NAMES}
    return {name: seconds for name, seconds in found.items() if seconds is not None}
