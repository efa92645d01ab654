"""Maintenance windows as they are answered."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from app.api.selections import SelectionOut
from app.domain.maintenance import Maintenance, active, next_change


class MaintenanceOut(BaseModel):
    """A window in which nobody is alerted, as it stands."""

    id: str
    title: str
    selection: SelectionOut
    starts_at: datetime | None
    ends_at: datetime | None
    cron: str | None
    duration_seconds: float | None
    timezone: str
    active: bool
    next_change_at: datetime | None = Field(
        description="When it begins or ends next; null: never again, or not in sight."
    )
    created_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, window: Maintenance, now: datetime) -> Self:
        return cls(
            id=window.id,
            title=window.title,
            selection=SelectionOut(keys=list(window.keys), labels=window.labels),
            starts_at=window.starts_at,
            ends_at=window.ends_at,
            cron=window.cron,
            duration_seconds=window.duration,
            timezone=window.timezone,
            active=active(window, now),
            next_change_at=next_change(window, now),
            created_at=window.created_at,
            links={"self": f"/api/v1/maintenances/{window.id}"},
        )


class MaintenancePage(BaseModel):
    """Windows, newest first."""

    items: list[MaintenanceOut]
    next_cursor: str | None
