"""What an objective allows, and how fast that is used up.

Burn rates as in the Site Reliability Workbook (Beyer et al., chapter 5): 1 uses up the budget
exactly at the end of the window; 14.4 over an hour uses up 2 % of a budget of 30 days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.domain.uptime import Uptime

#: The windows that burn rates are told over, longest last.
BURN_WINDOWS: Final = {
    "5m": timedelta(minutes=5),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "72h": timedelta(hours=72),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The error budget of a window.

    Attributes:
        ratio: as of `Uptime`.
        allowed: seconds that may be down, of the time of which something is known.
        spent: seconds that were.
        met: whether the objective holds so far; `None` when nothing is known.
    """

    ratio: float | None
    allowed: float
    spent: float
    met: bool | None

    @property
    def left(self) -> float:
        """Seconds left; below nought once it is overdrawn."""
        return self.allowed - self.spent

    @property
    def left_ratio(self) -> float | None:
        """What share of it is left; below nought once it is overdrawn."""
        return self.left / self.allowed if self.allowed > 0 else None


def budget(found: Uptime, target: float) -> Budget:
    """What an objective leaves of a window.

    Args:
        target: the share of the time that is to be up, above 0 and below 1.
    """
    spent = found.down
    return Budget(
        ratio=found.ratio,
        allowed=(1 - target) * found.known,
        spent=spent,
        met=None if found.ratio is None else found.ratio >= target,
    )


def burn_rates(found: Mapping[str, Uptime], target: float) -> dict[str, float | None]:
    """How many times as fast as allowed the budget is used up; `None` where nothing is known."""
    return {
        name: None if (ratio := each.ratio) is None else (1 - ratio) / (1 - target)
        for name, each in found.items()
    }
