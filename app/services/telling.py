"""Tells people: every channel in a lane of its own, so that a dead one holds up no other.

What was not taken is sent again for a day. What has been written is sent at least once, whatever
becomes of the service in between, under an id that is the same at every try.
"""

import asyncio
from time import monotonic
from typing import Final

import structlog
from sqlalchemy.orm import Session

from app.channels.notifier import Notifier
from app.domain.incident import Entry
from app.domain.message import Message, MessageType
from app.engine.local import Engine
from app.services import clock
from app.services.alarms import Written
from app.services.lane import Lane, Means
from app.services.notices import Notices, heard
from app.storage import deliveries, incidents, reminders
from app.storage.database import Database
from app.storage.incidents import Happened
from app.storage.reminders import Reminder

logger = structlog.get_logger(__name__)

# How long the loop sleeps when nothing is due, and after a fault of our own, in seconds.
_LOOK_SECONDS: Final = 5.0
_REST_SECONDS: Final = 1.0
_REMIND_SECONDS: Final = 15.0


class Telling:
    """The loop that sends what is on its way.

    Args:
        written: messages as JSON.
    """

    def __init__(
        self,
        database: Database,
        engine: Engine,
        notifier: Notifier,
        notices: Notices,
        written: Written,
    ) -> None:
        self._database = database
        self._notifier = notifier
        self._notices = notices
        self._written = written
        self._means = Means(database, engine, notifier, notices, clock.now)
        self._lanes: dict[int, Lane] = {}
        self._reminded_at = 0.0

    async def serve(self) -> None:
        """Until cancelled, or the service is about to stop."""
        async with asyncio.TaskGroup() as group:
            while not self._notices.closed:
                self._notices.deliveries.clear()
                try:
                    await self._remind_due()
                    await self._notifier.rest()
                    pause = await self._begin_lanes(group)
                except Exception:  # of a loop: a fault in one round must not end the telling
                    logger.exception("telling_interrupted")
                    pause = _REST_SECONDS
                await heard(self._notices.deliveries, pause)

    async def _begin_lanes(self, group: asyncio.TaskGroup) -> float:
        """Begin a lane wherever something is due; seconds until the next may be."""
        for lane in self._lanes.values():
            lane.news.set()
        now, under_way = clock.now(), frozenset(self._lanes)
        found, due_at = await self._database.read(
            lambda session: deliveries.agenda(session, now, under_way)
        )
        for row in found:
            self._lanes[row] = Lane(self._means, row)
            group.create_task(self._serve_lane(row))
        return clock.seconds_until(due_at, clock.now(), _LOOK_SECONDS)

    async def _serve_lane(self, row: int) -> None:
        try:
            await self._lanes[row].serve()
        except Exception:  # of a loop: what was not sent stays on its way
            logger.exception("lane_interrupted", channel=row)
            await heard(self._notices.stop, _REST_SECONDS)
        finally:
            del self._lanes[row]
            # Something may have become due since the lane looked last.
            self._notices.deliveries.set()

    async def _remind_due(self) -> None:
        if monotonic() < self._reminded_at + _REMIND_SECONDS:
            return
        self._reminded_at = monotonic()
        if await self._database.read(self._reminders):
            await self._database.write(self._remind)

    def _reminders(self, session: Session) -> list[Reminder]:
        found = reminders.due(session, clock.now())
        told = {each.incident: incidents.load_by_key(session, each.incident) for each in found}
        # A monitor may have been given other channels since.
        return [
            each
            for each in found
            if (keys := told[each.incident].channels) is None or each.channel in keys
        ]

    def _remind(self, session: Session) -> None:
        for channel, key in self._reminders(session):
            self._remind_of(session, channel, key)

    def _remind_of(self, session: Session, channel: str, key: int) -> None:
        stored, now = incidents.load_by_key(session, key), clock.now()
        incident = stored.incident
        message = Message(
            type=MessageType.REMINDER, at=now, incident=incident, monitor=incident.monitor
        )
        deliveries.enqueue(
            session,
            keys=[channel],
            incident_key=key,
            type=message.type,
            body=lambda id_: self._written(id_, message),
            now=now,
        )
        told = f"{channel} was reminded."
        incidents.note(session, [Happened(stored.monitor, key, now, Entry.TOLD, text=told)])
