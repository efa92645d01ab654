"""Wall time by the steps of the monotonic clock, which nobody moves."""

from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from app.services import clock

# The wall clock is slewed by less than this at a time; more is a jump.
_JUMP: Final = timedelta(seconds=1)


class Steady:
    """Ties instants on the wall to instants of the monotonic clock."""

    def __init__(self) -> None:
        self._wall, self._at = clock.now(), monotonic()

    def monotonic_at(self, wall: datetime) -> float:
        """When it is so late, by the monotonic clock."""
        return self._at + (wall - self._wall).total_seconds()

    def jumped(self) -> timedelta | None:
        """By how much the wall clock was moved since this was last asked; `None`: it was not."""
        wall, at = clock.now(), monotonic()
        drift = (wall - self._wall) - timedelta(seconds=at - self._at)
        self._wall, self._at = wall, at
        return drift if abs(drift) >= _JUMP else None
