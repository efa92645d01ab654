"""What people do about incidents: acknowledge, comment, resolve by hand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.errors import Conflict
from app.domain.incident import Entry, Incident, IncidentStatus
from app.domain.message import MessageType
from app.domain.watch import Health
from app.services import alarms, clock
from app.services.alarms import Written
from app.services.notices import Notices
from app.storage import incidents, watches
from app.storage.database import Database
from app.storage.incidents import Happened, Stored


class Incidents:
    """Takes what people say of incidents.

    Args:
        written: messages as JSON.
    """

    def __init__(self, database: Database, notices: Notices, written: Written) -> None:
        self._database = database
        self._notices = notices
        self._written = written

    async def acknowledge(self, public_id: str, by: str | None, text: str | None) -> Incident:
        """Note that somebody sees to an incident, so that nobody is reminded of it any more.

        Raises:
            NotFound: there is no such incident.
            Conflict: it is over.
        """

        def note(session: Session, stored: Stored, now: datetime) -> None:
            _must_be_open(stored)
            incidents.acknowledge(session, stored.key, now, by)
            self._say(session, stored, now, Entry.ACKNOWLEDGED, by, text)
            alarms.tell(session, stored.key, MessageType.ACKNOWLEDGED, now, self._written)

        return await self._change(public_id, note)

    async def comment(self, public_id: str, by: str | None, text: str) -> Incident:
        """Write a comment into a time line, also of what is over; raises `NotFound`."""

        def note(session: Session, stored: Stored, now: datetime) -> None:
            self._say(session, stored, now, Entry.COMMENT, by, text)
            alarms.tell(session, stored.key, MessageType.COMMENTED, now, self._written)

        return await self._change(public_id, note)

    async def resolve(self, public_id: str, by: str | None, text: str | None) -> Incident:
        """End an incident by hand. A monitor that goes on failing opens another.

        Raises:
            NotFound: there is no such incident.
            Conflict: it is over already.
        """

        def end(session: Session, stored: Stored, now: datetime) -> None:
            _must_be_open(stored)
            told = text or "Resolved by hand."
            alarms.resolved(session, stored.key, now, self._written, at=now, text=told, author=by)
            if stored.monitor is not None:
                self._begin_anew(session, stored.monitor, now)

        return await self._change(public_id, end)

    def _begin_anew(self, session: Session, monitor: int, now: datetime) -> None:
        """Believe nothing of a monitor until its next outcomes."""
        state = watches.states(session, [monitor]).get(monitor)
        if state is None:
            return
        clean = replace(
            state.watch, health=Health.PENDING, since=now, downs=0, answers=0, ups=0, not_ups=0,
            turned_at=None, flapping=False,
        )  # fmt: skip
        watches.save(session, [replace(state, watch=clean, incident=None, told=False)])
        before, after = state.watch.health.value, Health.PENDING.value
        incidents.note(session, [Happened(monitor, None, now, Entry.STATUS, before, after)])

    def _say(
        self,
        session: Session,
        stored: Stored,
        now: datetime,
        entry: Entry,
        by: str | None,
        text: str | None,
    ) -> None:
        said = Happened(stored.monitor, stored.key, now, entry, text=text, author=by)
        incidents.note(session, [said])

    async def _change(
        self, public_id: str, change: Callable[[Session, Stored, datetime], None]
    ) -> Incident:
        def work(session: Session) -> Incident:
            change(session, incidents.load(session, public_id), clock.now())
            return incidents.load(session, public_id).incident

        changed = await self._database.write(work)
        self._notices.moved()
        return changed


def _must_be_open(stored: Stored) -> None:
    if stored.incident.status is not IncidentStatus.OPEN:
        raise Conflict("The incident is over.")
