"""Where outcomes of monitors wait for the commit that records them, and turns that were missed."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.orm import Session

from app.services import clock
from app.services.notices import Notices, heard
from app.services.recording import Recorded, Recorder
from app.storage import monitor_outcomes, watches
from app.storage.database import Database
from app.storage.monitor_outcomes import Recording

logger = structlog.get_logger(__name__)

# One commit for what comes within this time; an outcome that may move something waits less.
_SECONDS_PER_COMMIT: Final = 0.5
_GRAVE_SECONDS: Final = 0.05
_OUTCOMES_PER_COMMIT: Final = 1000
# Those who count what was recorded take some microseconds for each: others have a turn between.
_TOLD_AT_ONCE: Final = 200


class Logbook:
    """Gathers outcomes for a moment and records them together."""

    def __init__(self, database: Database, notices: Notices, recorder: Recorder) -> None:
        self._database = database
        self._notices = notices
        self._recorder = recorder
        self._held: list[Recording] = []
        self._come = asyncio.Event()
        self._grave = asyncio.Event()

    def put(self, recordings: Sequence[Recording]) -> None:
        """Have these recorded soon."""
        self._held.extend(recordings)
        self._come.set()
        if self._recorder.weighty(recordings):
            self._grave.set()

    async def serve(self) -> None:
        """Until cancelled; what is held then is recorded all the same."""
        try:
            await self._record_on()
        finally:
            # What was seen is not thrown away.
            await asyncio.shield(self._record_held())

    async def _record_on(self) -> None:
        while True:
            await self._come.wait()
            self._come.clear()
            if await heard(self._grave, _SECONDS_PER_COMMIT):
                # Its like often come together.
                await asyncio.sleep(_GRAVE_SECONDS)
                self._grave.clear()
            storing = asyncio.ensure_future(self._record_held())
            try:
                await asyncio.shield(storing)
            except asyncio.CancelledError:
                # It is stored all the same, and then whoever listens has to hear of it.
                await storing
                raise

    async def _record_held(self) -> None:
        held, self._held = self._held, []
        for start in range(0, len(held), _OUTCOMES_PER_COMMIT):
            await self.record(held[start : start + _OUTCOMES_PER_COMMIT])

    async def record(self, recordings: list[Recording]) -> None:
        """Record outcomes now; one that cannot be takes no other with it."""
        try:
            await self._store(recordings)
        except Exception:  # of a loop: one that cannot be recorded must not take others with it
            logger.exception("recording_failed", outcomes=len(recordings))
            for recording in recordings if len(recordings) > 1 else ():
                await self.record([recording])

    async def _store(self, recordings: list[Recording]) -> None:
        def store(session: Session) -> Recorded:
            return self._recorder.record(session, recordings, clock.now())

        durable = self._recorder.weighty(recordings)
        recorded = await self._database.write_at_last(store, durable=durable)
        for start in range(0, len(recorded.stored), _TOLD_AT_ONCE):
            self._notices.recorded(recorded.stored[start : start + _TOLD_AT_ONCE])
            await asyncio.sleep(0)
        if recorded.sooner:
            self._notices.monitors.set()
        if recorded.news:
            self._notices.moved()


def note_missed(
    session: Session, missed: Sequence[tuple[int, datetime, int]], now: datetime, why: str
) -> None:
    """Record turns in which no check was made; of that time nothing is known."""
    monitor_outcomes.insert_missed(session, missed, now, why)
    watches.begin_unknown(session, {monitor: since for monitor, since, _ in missed})
