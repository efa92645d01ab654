"""The last checks of monitors at hand for pages: asking the database for each takes too long."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from app.services.notices import Stored
from app.storage import glimpses
from app.storage.glimpses import Glimpse
from checkers import Outcome

#: So many checks are shown of each monitor.
SHOWN: Final = 90
#: Of so many monitors are they kept; whose page was opened longest ago is forgotten first.
_KEPT: Final = 20_000


class Strip(NamedTuple):
    """The last checks of a monitor, oldest first."""

    glimpses: tuple[Glimpse, ...]


class Glances:
    """Reads the last checks of a monitor once, and hears of those after them."""

    def __init__(self) -> None:
        self._known: dict[int, deque[Glimpse]] = {}
        # Pages are read in threads; who asks for the same monitors at once waits for the first.
        self._reading = Lock()

    def of_monitors(self, stored: Stored) -> None:
        """Add what has been recorded to what is known."""
        for _, (monitor, _, outcome, _) in stored:
            known = self._known.get(monitor)
            if known is not None:
                known.append(_glimpse(outcome))

    def read(self, session: Session, monitors: Iterable[int]) -> Mapping[int, Strip]:
        """The last checks of monitors."""
        with self._reading:
            return self._read(session, list(monitors))

    def _read(self, session: Session, asked: Sequence[int]) -> Mapping[int, Strip]:
        missing = [monitor for monitor in asked if monitor not in self._known]
        for monitor in missing:
            # Known before it is read: what is recorded meanwhile is heard, and told apart below.
            self._known[monitor] = deque(maxlen=SHOWN)
        for monitor, found in glimpses.latest(session, missing, SHOWN).items():
            # What is recorded from here on is added to the new one, so nothing falls between.
            heard, self._known[monitor] = self._known[monitor], deque(found, maxlen=SHOWN)
            newest = found[-1].started_at if found else 0
            later = [each for each in list(heard) if each.started_at > newest]
            self._known[monitor].extend(later)
        strips = {monitor: Strip(tuple(self._known[monitor])) for monitor in asked}
        while len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        return strips

    def now(self, monitor: int) -> Strip:
        """What is known of a monitor without asking for it."""
        return Strip(tuple(self._known.get(monitor, ())))


def _glimpse(outcome: Outcome) -> Glimpse:
    total = None if outcome.total is None else round(outcome.total * 1e6)
    return Glimpse(outcome.status.value, round(outcome.started_at * 1e6), total)
