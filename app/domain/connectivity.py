"""Whether it is us: when most monitors fail at once, our own way out is what has failed.

Only failures without an answer count. A target that answers, with whatever status, proves that we
can reach it. A monitor that is believed to be down already tells nothing new.
"""

from datetime import datetime, timedelta
from enum import Enum
from typing import Final

#: So many monitors have to fail together before it can be us; fewer may well share one machine.
FEWEST: Final = 5
# One that answers may be a neighbour; three are the world.
_FEWEST_BACK: Final = 3
# What was seen longer ago tells nothing of now.
_REMEMBERED: Final = timedelta(seconds=60)
# Evidence is waited for so long; then a failure is believed without it.
_PATIENCE: Final = timedelta(seconds=15)
_LATELY: Final = timedelta(seconds=10)


class Opinion(Enum):
    """Who is to blame for a failure."""

    TARGET = "target"
    US = "us"
    TOO_EARLY = "too_early"


class Connectivity:
    """What the checks of the last minute tell of our own way out.

    Args:
        canaries: whether canary URLs are checked; then they alone decide.
    """

    def __init__(self, *, canaries: bool = False) -> None:
        self._canaries = canaries
        self._canaries_at: datetime | None = None
        self._canaries_failed = False
        self._seen: dict[int, tuple[datetime, bool]] = {}
        self.lost_since: datetime | None = None

    def note(self, monitor: int, at: datetime, *, unanswered: bool) -> None:
        """Take in how a check of a monitor that is not believed to be down has ended."""
        self._seen.pop(monitor, None)
        self._seen[monitor] = (at, unanswered)

    def forget(self, monitor: int) -> None:
        """Count a monitor no more: it is believed to be down."""
        self._seen.pop(monitor, None)

    def note_canaries(self, at: datetime, *, failed: bool) -> None:
        """Take in whether every canary has failed in checks that began at an instant."""
        self._canaries_at, self._canaries_failed = at, failed

    def opinion(self, failing_since: datetime, now: datetime, monitors: int) -> Opinion:
        """Whom a monitor's failures since an instant tell of.

        Args:
            monitors: how many are watched; among fewer than five nobody is outvoted.
        """
        waited = now - failing_since > _PATIENCE
        if self._canaries:
            known = self._canaries_at is not None and self._canaries_at >= failing_since
            if known and self._canaries_failed:
                return Opinion.US
            return Opinion.TARGET if known or waited else Opinion.TOO_EARLY
        if monitors < FEWEST:
            return Opinion.TARGET
        self._drop_old(now)
        failed, all_of_them = self._since(failing_since)
        if failed >= FEWEST and failed * 2 > all_of_them:
            return Opinion.US
        return Opinion.TARGET if all_of_them >= FEWEST or waited else Opinion.TOO_EARLY

    def restored(self, now: datetime) -> bool:
        """Whether a way out that was lost is there again."""
        if self.lost_since is None:
            return False
        if self._canaries:
            at = self._canaries_at
            return at is not None and at > self.lost_since and not self._canaries_failed
        failed, all_of_them = self._since(max(now - _LATELY, self.lost_since))
        return all_of_them >= _FEWEST_BACK and failed * 2 < all_of_them

    def failing(self) -> tuple[int, int]:
        """How many monitors failed lately, and of how many."""
        return sum(failed for _, failed in self._seen.values()), len(self._seen)

    def _since(self, at: datetime) -> tuple[int, int]:
        failed = all_of_them = 0
        for seen_at, unanswered in reversed(self._seen.values()):
            if seen_at < at - _LATELY:
                # What came in before this is older still, but for what took long.
                break
            if seen_at >= at:
                all_of_them += 1
                failed += unanswered
        return failed, all_of_them

    def _drop_old(self, now: datetime) -> None:
        while self._seen:
            monitor = next(iter(self._seen))
            if now - self._seen[monitor][0] < _REMEMBERED:
                return
            del self._seen[monitor]
