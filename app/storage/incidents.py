"""Incidents and their time lines, and the transitions that everything else hears of."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.incident import Entry, Incident, IncidentStatus, MonitorName, TimelineEntry
from app.storage.instants import from_column, from_optional, to_column
from app.storage.monitor_rows import IncidentRow, MonitorRow, TransitionRow
from checkers import Reason

# What a time line shows of an incident that went on for weeks.
_MOST_ENTRIES: Final = 1000
# Written out in a statement, so that the index of those that are open is used.
_OPEN: Final = literal(IncidentStatus.OPEN.value, literal_execute=True)
# What is told of as it happens; single outcomes are not.
_TOLD_OF: Final = tuple(
    entry.value for entry in Entry if entry not in {Entry.OUTCOME, Entry.TOLD, Entry.HELD_BACK}
)


class Happened(NamedTuple):
    """A line for the time line, of a monitor, an incident, or both."""

    monitor: int | None
    incident: int | None
    at: datetime
    entry: Entry
    before: str | None = None
    status: str | None = None
    reason: str | None = None
    text: str | None = None
    author: str | None = None


class Told(NamedTuple):
    """Something that moved, with the ids of what it is about."""

    id: int
    happened: Happened
    monitor: str | None
    monitor_key: str | None
    incident: str | None


class Stored(NamedTuple):
    """An incident with its row, its monitor's row, and the keys of its monitor's channels."""

    key: int
    monitor: int | None
    channels: Sequence[str] | None
    incident: Incident


def open_incident(
    session: Session,
    public_id: str,
    monitor: tuple[int, MonitorName] | None,
    *,
    reason: Reason | None,
    detail: str | None,
    flapping: bool,
    opened_at: datetime,
) -> int:
    """Store an incident that begins; of no monitor, if it is our own connectivity."""
    row, name = monitor if monitor is not None else (None, None)
    key: int = session.execute(
        insert(IncidentRow)
        .values(
            public_id=public_id,
            monitor_id=row,
            monitor_public_id=None if name is None else name.id,
            monitor_key=None if name is None else name.key,
            monitor_name=None if name is None else name.name,
            status=IncidentStatus.OPEN.value,
            reason=None if reason is None else reason.value,
            detail=detail,
            flapping=flapping,
            told=False,
            opened_at=to_column(opened_at),
        )
        .returning(IncidentRow.id)
    ).scalar_one()
    return key


def resolve(session: Session, key: int, at: datetime) -> bool:
    """End an incident; false when it had ended already."""
    ended = session.execute(
        update(IncidentRow)
        .where(IncidentRow.id == key, IncidentRow.status == IncidentStatus.OPEN.value)
        .values(status=IncidentStatus.RESOLVED.value, resolved_at=to_column(at))
        .returning(IncidentRow.id)
    )
    return ended.first() is not None


def mark_told(session: Session, key: int) -> None:
    """Note that people were told of an incident."""
    session.execute(update(IncidentRow).where(IncidentRow.id == key).values(told=True))


def acknowledge(session: Session, key: int, at: datetime, by: str | None) -> None:
    """Note that somebody knows of an incident and sees to it."""
    session.execute(
        update(IncidentRow)
        .where(IncidentRow.id == key)
        .values(acknowledged_at=to_column(at), acknowledged_by=by)
    )


def note(session: Session, happened: Sequence[Happened]) -> None:
    """Write lines of time lines."""
    if happened:
        session.execute(
            insert(TransitionRow),
            [
                {
                    "monitor_id": each.monitor,
                    "incident_id": each.incident,
                    "at": to_column(each.at),
                    "entry": each.entry.value,
                    "before": each.before,
                    "status": each.status,
                    "reason": each.reason,
                    "text": each.text,
                    "author": each.author,
                }
                for each in happened
            ],
        )


def adopt_outcomes(session: Session, monitor: int, incident: int, since: datetime) -> None:
    """Let the outcomes that led to an incident stand in its time line."""
    session.execute(
        update(TransitionRow)
        .where(
            TransitionRow.monitor_id == monitor,
            TransitionRow.incident_id.is_(None),
            TransitionRow.entry == Entry.OUTCOME.value,
            TransitionRow.at >= to_column(since),
        )
        .values(incident_id=incident)
    )


def drop_outcomes(session: Session, monitor: int, since: datetime) -> None:
    """Forget outcomes that turned out to tell of us."""
    session.execute(
        delete(TransitionRow).where(
            TransitionRow.monitor_id == monitor,
            TransitionRow.incident_id.is_(None),
            TransitionRow.entry == Entry.OUTCOME.value,
            TransitionRow.at >= to_column(since),
        )
    )


def load(session: Session, public_id: str) -> Stored:
    """An incident with its time line; raises `NotFound`."""
    row = session.scalars(
        select(IncidentRow).where(IncidentRow.public_id == public_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no incident {public_id!r}.")
    return stored_of(session, row)


def load_by_key(session: Session, key: int) -> Stored:
    """The incident of a row."""
    return stored_of(
        session, session.scalars(select(IncidentRow).where(IncidentRow.id == key)).one()
    )


def of_connectivity(session: Session) -> int | None:
    """The row of the open incident that is our own connectivity, if there is one."""
    return session.scalar(
        select(IncidentRow.id).where(IncidentRow.status == _OPEN, IncidentRow.monitor_key.is_(None))
    )


def happened_since(session: Session, after: int, limit: int) -> list[Told]:
    """What moved after a transition, in order."""
    rows = session.execute(
        select(TransitionRow, MonitorRow.public_id, MonitorRow.key, IncidentRow.public_id)
        .outerjoin(MonitorRow, MonitorRow.id == TransitionRow.monitor_id)
        .outerjoin(IncidentRow, IncidentRow.id == TransitionRow.incident_id)
        .where(TransitionRow.id > after, TransitionRow.entry.in_(_TOLD_OF))
        .order_by(TransitionRow.id)
        .limit(limit)
    )
    return [
        Told(row.id, _happened(row), monitor, key, incident) for row, monitor, key, incident in rows
    ]


def last_transition(session: Session) -> int:
    """The id of the last transition that is told of; nought before the first."""
    query = select(func.max(TransitionRow.id)).where(TransitionRow.entry.in_(_TOLD_OF))
    return session.scalar(query) or 0


def spans(session: Session, monitor: int, since: datetime, until: datetime) -> list[Incident]:
    """The incidents of a monitor that reach into a window, without their time lines."""
    query = select(IncidentRow).where(
        IncidentRow.monitor_id == monitor,
        IncidentRow.opened_at < to_column(until),
        IncidentRow.resolved_at.is_(None) | (IncidentRow.resolved_at > to_column(since)),
    )
    return [incident_of(row) for row in session.scalars(query.order_by(IncidentRow.id))]


def stored_of(session: Session, row: IncidentRow) -> Stored:
    """The incident of a row, with its time line."""
    entries = session.scalars(
        select(TransitionRow)
        .where(TransitionRow.incident_id == row.id)
        .order_by(TransitionRow.at, TransitionRow.id)
        .limit(_MOST_ENTRIES)
    )
    timeline = tuple(
        TimelineEntry(
            at=from_column(entry.at),
            entry=Entry(entry.entry),
            status=entry.status,
            reason=entry.reason,
            text=entry.text,
            author=entry.author,
        )
        for entry in entries
    )
    channels: Sequence[str] | None = None
    if row.monitor_key is not None:
        query = select(MonitorRow.channels).where(MonitorRow.id == row.monitor_id)
        channels = json.loads(session.scalar(query) or "[]")
    return Stored(row.id, row.monitor_id, channels, incident_of(row, timeline))


def incident_of(row: IncidentRow, timeline: tuple[TimelineEntry, ...] = ()) -> Incident:
    """The incident of a row."""
    name = None
    if row.monitor_key is not None:
        there = row.monitor_public_id if row.monitor_id is not None else None
        name = MonitorName(id=there, key=row.monitor_key, name=row.monitor_name)
    return Incident(
        id=row.public_id,
        monitor=name,
        status=IncidentStatus(row.status),
        reason=None if row.reason is None else Reason(row.reason),
        detail=row.detail,
        flapping=row.flapping,
        told=row.told,
        opened_at=from_column(row.opened_at),
        acknowledged_at=from_optional(row.acknowledged_at),
        acknowledged_by=row.acknowledged_by,
        resolved_at=from_optional(row.resolved_at),
        timeline=timeline,
    )


def _happened(row: TransitionRow) -> Happened:
    return Happened(
        row.monitor_id, row.incident_id, from_column(row.at), Entry(row.entry), row.before,
        row.status, row.reason, row.text, row.author,
    )  # fmt: skip
