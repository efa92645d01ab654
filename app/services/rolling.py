"""Rolls up what monitors came to, in small steps beside the work, and forgets what is rolled up."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Final

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.domain.rollup import (
    DAY,
    HOUR,
    HOURS_KEPT,
    SETTLED_AFTER,
    floor,
    lay,
    number,
    settled,
    tallied,
)
from app.domain.uptime import Span
from app.services import clock
from app.storage import raw, rollups, spells
from app.storage.database import Database
from app.storage.rollup_rows import DayRow, HourRow

logger = structlog.get_logger(__name__)

_EVERY_SECONDS: Final = 60.0
# Between two steps, so that whoever has something to store goes first.
_BREATH_SECONDS: Final = 0.02
# Outcomes looked at, hours and days laid down in one step of a monitor: some milliseconds each.
_OUTCOMES: Final = 1000
_DAYS_AHEAD: Final = timedelta(days=30)
# Monitors in one transaction: an hour of one is a millisecond or two.
_MONITORS: Final = 4
_DAYS: Final = DayRow.__tablename__
_HOURS: Final = HourRow.__tablename__


class Rolling:
    """The loop that does it.

    Args:
        raw_kept: how long single outcomes of monitors are kept.
        raw_bytes: how much room they may take.
    """

    def __init__(self, database: Database, raw_kept: timedelta, raw_bytes: int) -> None:
        self._database = database
        self._raw_kept = raw_kept
        self._raw_bytes = raw_bytes

    async def serve(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.catch_up()
            except Exception:  # of a loop: what was not rolled up now is rolled up later
                logger.exception("rolling_interrupted")
            await asyncio.sleep(_EVERY_SECONDS)

    async def catch_up(self) -> None:
        """Roll up every hour that is over for a while, then forget outcomes that had their time."""
        now = clock.now()
        boundary = floor(now - SETTLED_AFTER, HOUR)
        behind = await self._database.read(lambda session: rollups.due(session, boundary))
        for start in range(0, len(behind), _MONITORS):
            await self._roll_up(behind[start : start + _MONITORS], now)
        if behind:
            logger.info("rolled_up", monitors=len(behind), until=boundary.isoformat())
        await self._forget(now)

    async def _roll_up(self, some: Sequence[int], now: datetime) -> None:
        """Roll up some monitors; one that cannot be takes no other with it."""
        try:
            while some:
                step = partial(_roll_some, monitors=some, now=now)
                some = await self._database.write(step, durable=False)
                await asyncio.sleep(_BREATH_SECONDS)
        except OperationalError:
            raise
        except Exception:  # of a loop: what is wrong with one must not keep the history of all
            logger.exception("roll_up_failed", monitors=some)
            for monitor in some if len(some) > 1 else ():
                await self._roll_up([monitor], now)

    async def _forget(self, now: datetime) -> None:
        """Remove outcomes that are rolled up and old, or too many."""
        sweep = await self._database.read(
            lambda session: raw.to_sweep(session, now - self._raw_kept, now, self._raw_bytes)
        )
        removed, place = 0, 0
        while sweep is not None:
            step = partial(raw.remove_some, sweep=sweep, after=place)
            began = monotonic()
            gone, following = await self._database.write(step, durable=False)
            removed += gone
            # Half of the time at most: whoever checks, records or asks has the other.
            await asyncio.sleep(max(monotonic() - began, _BREATH_SECONDS))
            if following is None:
                break
            place = following
        if removed:
            logger.info("raw_outcomes_removed", outcomes=removed)


def roll(session: Session, monitor: int, now: datetime) -> bool:
    """Take one step at rolling up a monitor; whether there is more to do."""
    loaded = rollups.load(session, monitor)
    boundary = floor(now - SETTLED_AFTER, HOUR)
    if loaded is None or loaded[1].until >= boundary:
        return False
    _, found = loaded
    looked_at = rollups.outcomes_after(session, monitor, found.outcome, _OUTCOMES)
    over = settled(looked_at, boundary, now)
    hourly_from = floor(now - HOURS_KEPT, HOUR)
    if over:
        kept = number(hourly_from, HOUR)
        hours = [(slot, tally) for slot, tally in tallied(over, HOUR).items() if slot >= kept]
        rollups.add_outcomes(session, _HOURS, monitor, hours)
        rollups.add_outcomes(session, _DAYS, monitor, tallied(over, DAY).items())
        found = found._replace(outcome=over[-1].id)
    if len(over) < _OUTCOMES:
        until = min(boundary, found.until + _DAYS_AHEAD)
        changes = spells.changes(session, monitor, now, found.through)
        gaps = spells.gaps(session, monitor, Span(found.until, until))
        laid, found = lay(found, until, hourly_from, changes, gaps)
        rollups.add_seconds(
            session, _HOURS, monitor, [each for each in laid if each.span.since >= hourly_from]
        )
        rollups.add_seconds(session, _DAYS, monitor, laid)
        rollups.remove_hours(session, monitor, hourly_from)
    rollups.save(session, monitor, found)
    return found.until < boundary


def _roll_some(session: Session, monitors: Sequence[int], now: datetime) -> list[int]:
    """Those of some monitors that have more to roll up."""
    return [monitor for monitor in monitors if roll(session, monitor, now)]
