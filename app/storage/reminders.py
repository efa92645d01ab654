"""Who is to be reminded of an incident that goes on."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.incident import IncidentStatus
from app.domain.message import DeliveryStatus, MessageType
from app.storage.channel_rows import ChannelRow, DeliveryRow
from app.storage.instants import to_column
from app.storage.monitor_rows import IncidentRow, WatchRow


class Reminder(NamedTuple):
    """A channel that is to be reminded of an incident, by its key and by its row."""

    channel: str
    incident: int


def due(session: Session, now: datetime) -> list[Reminder]:
    """Channels to be reminded of incidents that go on and that nobody has acknowledged.

    A channel that something of the incident is still on its way over is left alone: reminders to
    one that is dead would pile up. Nor is anybody reminded of what is under maintenance.
    """
    pending = func.max(DeliveryRow.status == DeliveryStatus.PENDING.value)
    maintained = (
        select(WatchRow.monitor_id)
        .where(
            WatchRow.monitor_id == IncidentRow.monitor_id, WatchRow.maintenance_since.is_not(None)
        )
        .exists()
    )
    last = (
        select(
            DeliveryRow.channel_id.label("channel"),
            DeliveryRow.incident_id.label("incident"),
            func.max(DeliveryRow.created_at).label("at"),
        )
        .join(IncidentRow, IncidentRow.id == DeliveryRow.incident_id)
        .where(
            IncidentRow.status == IncidentStatus.OPEN.value,
            IncidentRow.told,
            IncidentRow.acknowledged_at.is_(None),
            ~maintained,
        )
        .group_by(DeliveryRow.channel_id, DeliveryRow.incident_id)
        .having(pending == 0)
        .subquery()
    )
    rows = session.execute(
        select(ChannelRow.key, last.c.incident)
        .join(last, ChannelRow.id == last.c.channel)
        .where(
            ChannelRow.enabled,
            ChannelRow.events.contains(f'"{MessageType.REMINDER.value}"'),
            ChannelRow.remind_every_us.is_not(None),
            last.c.at + ChannelRow.remind_every_us <= to_column(now),
        )
    )
    return [Reminder(channel, incident) for channel, incident in rows]
