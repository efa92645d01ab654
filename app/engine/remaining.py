"""What of a run has no outcome yet, and what that suffers when the process that checks it dies."""

import itertools
from collections.abc import Iterable
from time import monotonic
from typing import Final

from checkers import Item, Outcome
from checkers.checks import CheckWork
from checkers.strategies.strategy import Fault

# A run whose process dies this often within this time, with no new outcome, is in a bad way.
DEATHS: Final = 5
_DEATHS_WITHIN_SECONDS: Final = 60.0
_TRIES: Final = 2
# Before a process is started again; what killed it may be passing, such as a lack of memory.
_REST_SECONDS: Final = 0.05


class Remaining:
    """Items without an outcome, in the order in which they are begun.

    Args:
        concurrency: how many are in flight at most.
    """

    def __init__(self, work: CheckWork, concurrency: int, items: Iterable[Item] = ()) -> None:
        self._work = work
        self._concurrency = concurrency
        self._left = {item.seq: item for item in items}
        self._tries: dict[int, int] = {}
        self._deaths: list[float] = []

    def __len__(self) -> int:
        return len(self._left)

    @property
    def items(self) -> list[Item]:
        return list(self._left.values())

    @property
    def rest_seconds(self) -> float:
        """How long to wait before another process is tried."""
        return _REST_SECONDS * len(self._deaths)

    def add(self, items: Iterable[Item]) -> None:
        """Take in more."""
        self._left.update((item.seq, item) for item in items)

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        """Strike out what has its outcome: whatever kills the processes, something goes on."""
        for outcome in outcomes:
            self._left.pop(outcome.seq, None)
            if self._tries:
                self._tries.pop(outcome.seq, None)
        self._deaths.clear()

    def note_death(self) -> bool:
        """Note that a process has died; whether it was one too many."""
        now = monotonic()
        self._deaths = [at for at in self._deaths if now - at < _DEATHS_WITHIN_SECONDS] + [now]
        return len(self._deaths) >= DEATHS

    def bury(self) -> list[Outcome]:
        """What was in flight is tried once more, then it is lost: the outcomes of what was.

        Lanes take items in order, so the first ones without an outcome were in flight.
        """
        lost: list[Outcome] = []
        for seq in itertools.islice(list(self._left), self._concurrency):
            self._tries[seq] = self._tries.get(seq, 0) + 1
            if self._tries[seq] >= _TRIES:
                del self._tries[seq]
                detail = "The process that ran this check was lost twice."
                lost.append(self._work.fault(self._left.pop(seq), Fault.WORKER_LOST, detail))
        return lost

    def clear(self) -> list[Item]:
        """Forget everything: what there was."""
        items = self.items
        self._left.clear()
        self._tries.clear()
        self._deaths.clear()
        return items
