"""Sees to it that no monitor is forgotten: after a start, by a watchdog, in maintenances."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import Final, NamedTuple

import structlog
from sqlalchemy.orm import Session

from app.domain.incident import Entry
from app.domain.maintenance import Maintenance, active, next_change
from app.domain.monitor import MonitorStatus
from app.domain.schedule import First, caught_up, first_turns
from app.domain.watch import Health
from app.services import clock
from app.services.logbook import note_missed
from app.services.notices import Notices, heard
from app.services.recording import Recorder
from app.services.watching import STOPPED, Watching
from app.storage import incidents, maintenances, monitors, turns, watches
from app.storage.database import Database
from app.storage.incidents import Happened

logger = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 10.0
# Between two looks at the windows, at least and at most.
_SOONEST_SECONDS, _LATEST_SECONDS = 0.05, 30.0
_OVERDUE_PERIODS: Final = 2.0
_STUCK_SECONDS: Final = 30.0

NEVER_CAME: Final = "its outcome never came."


class TakenUp(NamedTuple):
    """How many monitors were late, and how many of their turns were missed."""

    late: int
    missed: int


class Guard:
    """Looks after the watching of monitors."""

    def __init__(
        self, database: Database, notices: Notices, watching: Watching, recorder: Recorder
    ) -> None:
        self._database = database
        self._notices = notices
        self._watching = watching
        self._recorder = recorder

    @property
    def stuck(self) -> bool:
        """Whether turns have not been claimed for so long that something must be wrong."""
        return monotonic() - self._watching.claimed_at > _STUCK_SECONDS

    @property
    def cut_off_since(self) -> datetime | None:
        """Since when our own way out is believed to be lost; `None`: it is not."""
        return self._recorder.connectivity.lost_since

    async def recover(self) -> None:
        """Take up the watching again; call it before the loops begin.

        What came due while nobody watched is checked once, spread over the next seconds, and the
        turns between are recorded as missed.
        """
        now = clock.now()

        def resume(session: Session) -> TakenUp:
            self._recorder.resume(session, now)
            return take_up(session, now)

        taken = await self._database.write(resume, durable=False)
        self._watching.missed += taken.missed
        if taken.late:
            logger.info("monitors_taken_up_again", monitors=taken.late)

    async def serve(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look_on())
            group.create_task(self._keep_windows())

    async def _look_on(self) -> None:
        while True:
            try:
                await self._look()
            except Exception:  # of a loop: it looks again
                logger.exception("watchdog_interrupted")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        """Find what is overdue, and put it right."""
        if self.stuck:
            logger.error("claiming_stuck", seconds=monotonic() - self._watching.claimed_at)
        now = clock.now()
        lost = [(turn.monitor, turn.intended_at, 1) for turn in self._watching.lost_flights()]
        late = await self._database.read(lambda s: turns.overdue(s, now, _OVERDUE_PERIODS))
        astray = await self._database.read(lambda session: turns.astray(session, now))
        for _, key, due, _ in late:
            logger.warning("monitor_overdue", monitor=key, due_at=due.isoformat())
        for _, key, _ in astray:
            logger.warning("monitor_astray", monitor=key)
        if not (lost or late or astray):
            return

        def put_right(session: Session) -> TakenUp:
            note_missed(session, lost, now, NEVER_CAME)
            taken = take_up(session, now, _OVERDUE_PERIODS)
            for monitor, key, schedule in astray:
                turns.set_turns(session, {monitor: first_turns(schedule, key, now, 1)})
            return taken

        taken = await self._database.write(put_right, durable=False)
        self._watching.missed += taken.missed + len(lost)
        self._notices.monitors.set()

    async def _keep_windows(self) -> None:
        while True:
            self._notices.maintenances.clear()
            pause = _LATEST_SECONDS
            try:
                pause = await self._apply_windows()
            except Exception:  # of a loop: it looks again
                logger.exception("maintenances_interrupted")
            await heard(self._notices.maintenances, pause)

    async def _apply_windows(self) -> float:
        """Put under maintenance what is to be, and take out what is not; seconds until a change."""
        now = clock.now()
        amiss, change = await self._database.read(lambda session: _windows(session, now))
        if amiss and await self._database.write(lambda session: _apply(session, now)):
            self._notices.moved()
        return max(clock.seconds_until(change, clock.now(), _LATEST_SECONDS), _SOONEST_SECONDS)


def take_up(session: Session, now: datetime, periods: float = 0.0) -> TakenUp:
    """Let monitors that are late by so many periods be checked soon."""
    late = turns.overdue(session, now, periods)
    missed: list[tuple[int, datetime, int]] = []
    righted: dict[int, First | None] = {}
    for monitor, key, due, schedule in late:
        righted[monitor], lost = caught_up(schedule, key, due, now, len(late))
        if lost:
            missed.append((monitor, due, lost))
    turns.set_turns(session, righted)
    note_missed(session, missed, now, STOPPED)
    return TakenUp(late=len(late), missed=sum(turns for _, _, turns in missed))


def _windows(session: Session, now: datetime) -> tuple[bool, datetime | None]:
    """Whether any monitor has to enter or leave maintenance, and when that may change."""
    windows = maintenances.all_windows(session)
    entering, leaving = _moving(session, windows, now)
    changes = [at for window in windows if (at := next_change(window, now)) is not None]
    return bool(entering or leaving), min(changes, default=None)


def _moving(
    session: Session, windows: Sequence[Maintenance], now: datetime
) -> tuple[list[int], list[int]]:
    """The monitors that have to enter maintenance, and those that have to leave it."""
    wanted: set[int] = set()
    for window in windows:
        if active(window, now):
            wanted |= monitors.matching(session, window.keys, window.labels)
    under = watches.in_maintenance(session)
    return sorted(wanted - under), sorted(under - wanted)


def _apply(session: Session, now: datetime) -> bool:
    entering, leaving = _moving(session, maintenances.all_windows(session), now)
    entered = watches.set_maintenance(session, entering, now)
    left = watches.set_maintenance(session, leaving, None)
    shown = MonitorStatus.MAINTENANCE.value
    incidents.note(session, _changes(entered, now, after=shown) + _changes(left, now, before=shown))
    return bool(entered or left)


def _changes(
    moved: dict[int, Health], now: datetime, *, before: str | None = None, after: str | None = None
) -> list[Happened]:
    return [
        Happened(monitor, None, now, Entry.STATUS, before or health.value, after or health.value)
        for monitor, health in moved.items()
    ]
