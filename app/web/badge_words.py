"""What a badge says of what is known, and in which colour."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from app.domain.status_page import ComponentStatus
from app.reports import units

#: Colours by the names that badges are asked for elsewhere, too.
COLOURS: Final = {
    "brightgreen": "#1a7f4b",
    "green": "#3f7d20",
    "yellowgreen": "#6f7f0f",
    "yellow": "#dfb317",
    "orange": "#b8560f",
    "red": "#b3261e",
    "blue": "#2f6fbd",
    "grey": "#667180",
    "gray": "#667180",
    "lightgrey": "#9f9f9f",
    "lightgray": "#9f9f9f",
    "purple": "#7d4fb8",
    "pink": "#d2519b",
    "black": "#22272e",
    "success": "#1a7f4b",
    "important": "#b8560f",
    "critical": "#b3261e",
    "informational": "#2f6fbd",
    "inactive": "#9f9f9f",
}
_STATUS: Final = {
    ComponentStatus.OPERATIONAL: ("up", "brightgreen"),
    ComponentStatus.DEGRADED_PERFORMANCE: ("degraded", "yellow"),
    ComponentStatus.PARTIAL_OUTAGE: ("partly down", "orange"),
    ComponentStatus.MAJOR_OUTAGE: ("down", "red"),
    ComponentStatus.UNDER_MAINTENANCE: ("maintenance", "blue"),
}
_UPTIMES: Final = ((0.999, "brightgreen"), (0.99, "green"), (0.98, "yellowgreen"),
                   (0.95, "yellow"), (0.9, "orange"))  # fmt: skip
# An expectation that every target has warns fourteen days ahead.
_DAYS: Final = ((14.0, "brightgreen"), (7.0, "yellow"), (1.0, "orange"))


class Said(NamedTuple):
    """The right side of a badge; `colour` is one of `COLOURS`."""

    message: str
    colour: str
    is_error: bool = False


NO_DATA: Final = Said("no data", "lightgrey")
#: The same for a monitor on no public page and for one that does not exist.
NOT_PUBLIC: Final = Said("not public", "lightgrey", is_error=True)


def of_status(status: ComponentStatus | None) -> Said:
    """How it stands."""
    return NO_DATA if status is None else Said(*_STATUS[status])


def of_uptime(ratio: float | None) -> Said:
    """What share of the time it was up; never rounded up to all of it."""
    return NO_DATA if ratio is None else Said(units.percent(ratio), _from(ratio, _UPTIMES))


def of_p95(seconds: float | None) -> Said:
    """How long answers took. What is slow only its owner knows, so it has one colour."""
    return NO_DATA if seconds is None else Said(units.duration(seconds), "blue")


def of_certificate(days: float | None) -> Said:
    """For how long its certificate is good."""
    if days is None:
        return NO_DATA
    if days < 0:
        return Said("expired", "red")
    whole = math.floor(days)
    return Said(f"{whole} day{'' if whole == 1 else 's'}", _from(days, _DAYS))


def _from(value: float, steps: Sequence[tuple[float, str]]) -> str:
    return next((colour for least, colour in steps if value >= least), "red")
