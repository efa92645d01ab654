"""Quantities as people read them."""

import math
from typing import Final

_SPANS: Final = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def duration(seconds: float | None) -> str:
    """A duration with three digits that count."""
    if seconds is None:
        return "–"
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return (
                f"{seconds * factor:,.3g} {unit}"
                if seconds * factor < 1000
                else (f"{seconds * factor:,.0f} {unit}")
            )
    return f"{seconds * 1e6:,.0f} µs"


def size(count: float | None) -> str:
    """Bytes in the unit that leaves some digits before the point."""
    if count is None:
        return "–"
    for unit, factor in (("MiB", 2**20), ("KiB", 2**10)):
        if count >= factor / 2:
            return f"{count / factor:,.1f} {unit}"
    return f"{count:,.0f} B"


def milliseconds(seconds: float | None) -> float | None:
    """Seconds as programs read them; `None` stays `None`."""
    return None if seconds is None else round(seconds * 1e3, 3)


def percent(ratio: float | None) -> str:
    """A share, with the digits that tell one nine from another; never rounded up to all of it."""
    if ratio is None:
        return "–"
    if ratio in {0.0, 1.0}:
        return f"{ratio:.0%}".replace("%", " %")
    shown = f"{math.floor(ratio * 1e5) / 1e3:.3f}".rstrip("0").rstrip(".")
    return f"{shown} %"


def span(seconds: float | None) -> str:
    """A stretch of time as people say it: its two largest units."""
    if seconds is None:
        return "–"
    left = max(round(seconds), 0)
    parts = []
    for name, length in _SPANS:
        number, left = divmod(left, length)
        if number:
            parts.append(f"{number} {name}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 s"
