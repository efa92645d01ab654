"""Incidents as they are answered."""

from datetime import datetime

from pydantic import BaseModel

from app.domain.incident import Entry, Incident, IncidentStatus, MonitorName, TimelineEntry
from app.services import clock
from checkers import Reason


class MonitorNameOut(BaseModel):
    """Which monitor something is about; `id` is null once it is removed."""

    id: str | None
    key: str
    name: str | None

    @classmethod
    def of(cls, name: MonitorName) -> "MonitorNameOut":
        return cls(id=name.id, key=name.key, name=name.name)


class TimelineEntryOut(BaseModel):
    """One thing that happened: an outcome that moved it, who was told, what somebody said."""

    at: datetime
    type: Entry
    status: str | None
    reason: str | None
    text: str | None
    author: str | None

    @classmethod
    def of(cls, entry: TimelineEntry) -> "TimelineEntryOut":
        return cls(
            at=entry.at,
            type=entry.entry,
            status=entry.status,
            reason=entry.reason,
            text=entry.text,
            author=entry.author,
        )


class BriefIncidentOut(BaseModel):
    """An incident without its time line. `monitor` is null when it is our own connectivity."""

    id: str
    monitor: MonitorNameOut | None
    status: IncidentStatus
    reason: Reason | None
    detail: str | None
    flapping: bool
    told: bool
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    duration_seconds: float

    @classmethod
    def brief(cls, incident: Incident) -> "BriefIncidentOut":
        return BriefIncidentOut(**_fields(incident))


class IncidentOut(BriefIncidentOut):
    """An incident with everything that moved it."""

    timeline: list[TimelineEntryOut]

    @classmethod
    def of(cls, incident: Incident) -> "IncidentOut":
        timeline = [TimelineEntryOut.of(entry) for entry in incident.timeline]
        return cls(**_fields(incident), timeline=timeline)


class IncidentPage(BaseModel):
    """Incidents, newest first."""

    items: list[IncidentOut]
    next_cursor: str | None


def _fields(incident: Incident) -> dict[str, object]:
    name = incident.monitor
    return {
        "id": incident.id,
        "monitor": None if name is None else MonitorNameOut.of(name),
        "status": incident.status,
        "reason": incident.reason,
        "detail": incident.detail,
        "flapping": incident.flapping,
        "told": incident.told,
        "opened_at": incident.opened_at,
        "acknowledged_at": incident.acknowledged_at,
        "acknowledged_by": incident.acknowledged_by,
        "resolved_at": incident.resolved_at,
        "duration_seconds": round(incident.lasted(clock.now()), 3),
    }
