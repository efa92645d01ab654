"""The loops that check monitors when they are due, and record what comes of it.

Turns are claimed some seconds ahead and wait in a heap for their exact instant, so that neither a
slow disk nor a long request makes a check late. Instants are the monotonic clock's: whoever moves
the clock on the wall moves no check.
"""

import asyncio
import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from time import monotonic
from typing import Final, NamedTuple

import structlog
from sqlalchemy.orm import Session

from app.domain.outcome import Way
from app.domain.schedule import first_turns
from app.engine.local import Engine
from app.services import clock
from app.services.logbook import Logbook, note_missed
from app.services.notices import Notices, heard
from app.services.recording import Recorder
from app.services.steady import Steady
from app.services.streams import Streams
from app.storage import monitor_outcomes, turns
from app.storage.database import Database
from app.storage.monitor_outcomes import Recording
from app.storage.turns import Missed, Turn
from checkers import ClientName, Item, Outcome, StrategyName

logger = structlog.get_logger(__name__)

# Turns are claimed so far ahead, and so often; what lies between a disk may take to write.
_AHEAD: Final = timedelta(seconds=4)
_CLAIM_SECONDS: Final = 2.0
_CLAIMED_AT_ONCE: Final = 2000
# What is due within this of each other is begun together; the pace then spreads it.
_TOGETHER_SECONDS: Final = 0.005
_IDLE_SECONDS: Final = 5.0
_REST_SECONDS: Final = 1.0
_DRAIN_SECONDS: Final = 0.05
# A check whose outcome has not come so long after its last deadline never will.
_OVERTIME_SECONDS: Final = 30.0

STILL_RUNNING: Final = "the check before it had not ended."
BUSY: Final = "the service was busy."
STOPPED: Final = "the service was not running."


class _Flight(NamedTuple):
    """A check under way, and the instant after which nobody waits for it any more."""

    turn: Turn
    given_up_at: float


class Watching:
    """Claims turns, begins checks on time, records their outcomes."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        notices: Notices,
        recorder: Recorder,
        *,
        per_host: int,
    ) -> None:
        self._database = database
        self._notices = notices
        self._steady = Steady()
        self._heap: list[tuple[float, int, Turn]] = []
        self._numbers = itertools.count()
        # Monitors that were changed: what was claimed of an edition before this is not begun.
        self._editions: dict[int, float] = {}
        self._flights: dict[int, _Flight] = {}
        self._flying: dict[int, int] = {}
        # Turns that came while the check before them went on.
        self._overrun: dict[int, Missed] = {}
        self._more = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._logbook = Logbook(database, notices, recorder)
        self._streams = Streams(engine, self._take, per_host)
        self.claimed_at = monotonic()
        #: Turns in which no check was made, since the start.
        self.missed = 0

    @property
    def in_flight(self) -> int:
        """How many checks are under way."""
        return self._streams.in_flight

    async def serve(self) -> None:
        """Until cancelled; nothing begins any more once the service is about to stop."""
        known = await self._database.read(turns.ways)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._logbook.serve())
            group.create_task(self._streams.serve(known))
            group.create_task(self._claim_on())
            group.create_task(self._begin_on())

    def changed(self, editions: Mapping[int, float]) -> None:
        """Begin nothing that was claimed of monitors before these editions of them."""
        self._editions.update(editions)
        self._notices.monitors.set()
        self._notices.maintenances.set()

    def make_ready(self, ways: Iterable[tuple[StrategyName, ClientName]]) -> None:
        """Open the runs that monitors are about to need."""
        self._streams.make_ready(ways)

    async def record_now(self, recording: Recording) -> None:
        """Record a check that was made by hand."""
        await self._logbook.record([recording])

    async def drain(self, seconds: float) -> None:
        """Give the checks in flight so long to come to their outcome, and what is due back."""
        ends = monotonic() + seconds
        async with self._claiming:
            left, self._heap = self._heap, []
        while self._streams.in_flight and monotonic() < ends:  # noqa: ASYNC110 -- of several runs
            await asyncio.sleep(_DRAIN_SECONDS)
        await self._note_overrun(list(self._overrun))
        given_up = [(turn.monitor, turn.intended_at, 1) for turn, _ in self._flights.values()]

        def settle(session: Session) -> None:
            turns.give_back(session, (turn for _, _, turn in left))
            note_missed(session, given_up, clock.now(), STOPPED)

        if left or given_up:
            await self._database.write(settle, durable=False)

    def lost_flights(self) -> list[Turn]:
        """Checks that were begun and whose outcome will never come; they are let go of."""
        now = monotonic()
        lost = {seq: f.turn for seq, f in self._flights.items() if f.given_up_at < now}
        for seq in lost:
            self._landed(seq)
        return list(lost.values())

    async def _claim_on(self) -> None:
        while not self._notices.closed:
            self._notices.monitors.clear()
            try:
                async with self._claiming:
                    pause = 0.0 if self._notices.closed else await self._claim()
            except Exception:  # of a loop: what was not claimed now is claimed in a moment
                logger.exception("claiming_interrupted")
                pause = _REST_SECONDS
            self.claimed_at = monotonic()
            await heard(self._notices.monitors, pause)

    async def _claim(self) -> float:
        """Take the turns of the next seconds; how long to wait until there are more."""
        await self._mind_the_clock()
        found = await self._claim_some()
        while found >= _CLAIMED_AT_ONCE:
            found = await self._claim_some()
        if found:
            return _CLAIM_SECONDS
        due = await self._database.read(turns.next_due_at)
        return max(clock.seconds_until(due, clock.now() + _AHEAD, _IDLE_SECONDS), _CLAIM_SECONDS)

    async def _claim_some(self) -> int:
        now = clock.now()

        def take(session: Session) -> tuple[list[Turn], list[Missed]]:
            found: list[Turn] = []
            missed: list[Missed] = []
            # A short interval has several turns in this time, each of which is one claim.
            while len(found) < _CLAIMED_AT_ONCE:
                more, lost = turns.claim(session, now, now + _AHEAD, _CLAIMED_AT_ONCE)
                found += more
                missed += lost
                if not more:
                    break
            note_missed(session, missed, now, BUSY)
            return found, missed

        found, missed = await self._database.write(take, durable=False)
        for turn in found:
            at = self._steady.monotonic_at(turn.intended_at)
            heapq.heappush(self._heap, (at, next(self._numbers), turn))
        if missed:
            self.missed += sum(each.turns for each in missed)
            logger.warning("checks_missed", monitors=len(missed), why=BUSY)
        self._more.set()
        return len(found)

    async def _mind_the_clock(self) -> None:
        moved = self._steady.jumped()
        if moved is None:
            return
        logger.warning("wall_clock_moved", seconds=moved.total_seconds())

        def shift(session: Session) -> None:
            turns.shift(session, moved)
            anew = {
                monitor: first_turns(schedule, "", clock.now(), 1)
                for monitor, schedule in turns.by_cron(session)
            }
            turns.set_turns(session, anew)

        await self._database.write(shift)

    async def _begin_on(self) -> None:
        while not self._notices.closed:
            self._more.clear()
            try:
                await self._begin_due()
            except Exception:  # of a loop: the next turns are begun all the same
                logger.exception("beginning_interrupted")
                await asyncio.sleep(_REST_SECONDS)
            wait = self._heap[0][0] - monotonic() if self._heap else _IDLE_SECONDS
            if wait > 0:
                await heard(self._more, wait)

    async def _begin_due(self) -> None:
        until = monotonic() + _TOGETHER_SECONDS
        groups: defaultdict[tuple[StrategyName, ClientName], list[Item]] = defaultdict(list)
        while self._heap and self._heap[0][0] <= until:
            at, seq, turn = heapq.heappop(self._heap)
            if turn.edition < self._editions.get(turn.monitor, 0):
                continue
            if turn.monitor in self._flying:
                self._overran(turn)
                continue
            groups[turn.strategy, turn.client].append(Item(seq, turn.target, at))
            self._flights[seq] = _Flight(turn, at + _longest(turn))
            self._flying[turn.monitor] = seq
        for (strategy, client), items in groups.items():
            await self._streams.give(strategy, client, items)

    def _overran(self, turn: Turn) -> None:
        before = self._overrun.get(turn.monitor)
        since, turns = (turn.intended_at, 0) if before is None else (before.since, before.turns)
        self._overrun[turn.monitor] = Missed(turn.monitor, since, turns + 1)

    async def _note_overrun(self, monitors: Iterable[int]) -> None:
        missed = [self._overrun.pop(monitor) for monitor in monitors if monitor in self._overrun]
        if missed:
            self.missed += sum(each.turns for each in missed)
            await self._database.write_at_last(
                lambda session: monitor_outcomes.insert_missed(
                    session, missed, clock.now(), STILL_RUNNING
                ),
                durable=False,
            )

    async def _take(self, outcomes: list[Outcome]) -> None:
        landed = [
            Recording(turn.monitor, turn.intended_at, outcome, _way_of(turn))
            for outcome in outcomes
            if (turn := self._landed(outcome.seq)) is not None
        ]
        if self._overrun:
            await self._note_overrun(recording.monitor for recording in landed)
        self._logbook.put(landed)

    def _landed(self, seq: int) -> Turn | None:
        flight = self._flights.pop(seq, None)
        if flight is None:
            return None
        self._flying.pop(flight.turn.monitor, None)
        return flight.turn


def _way_of(turn: Turn) -> Way:
    """How the check of a turn is carried out."""
    return Way(turn.strategy, turn.client, turn.target.method)


def _longest(turn: Turn) -> float:
    """Seconds after which the outcome of a check must have come."""
    return turn.target.timeout * turn.target.attempts + _OVERTIME_SECONDS
