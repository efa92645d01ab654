"""Quantities as people read them."""


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
