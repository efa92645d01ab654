"""A status page as programs read it."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from app.domain.public_failure import Failure
from app.domain.status_page import ComponentStatus, MatterStatus, Update
from app.domain.status_report import Component, Day, Matter, StatusReport
from app.web import status_words as words

_DIGITS = 6


class DayOut(BaseModel):
    """A day of a component; null: nothing is known of it."""

    date: date
    status: ComponentStatus | None
    uptime_ratio: float | None
    down_seconds: float

    @classmethod
    def of(cls, day: Day) -> "DayOut":
        ratio = None if day.uptime is None else day.uptime.ratio
        return cls(
            date=day.date,
            status=day.status,
            uptime_ratio=None if ratio is None else round(ratio, _DIGITS),
            down_seconds=0.0 if day.uptime is None else round(day.uptime.down, 3),
        )


class ComponentOut(BaseModel):
    """A component; `status` is null where nothing is known of it."""

    key: str
    name: str
    status: ComponentStatus | None
    last_known_at: datetime | None = Field(
        description="Since when nothing new is known, by a fault of the monitoring."
    )
    uptime_ratio: float | None
    days: list[DayOut]

    @classmethod
    def of(cls, component: Component) -> "ComponentOut":
        uptime = component.uptime
        return cls(
            key=component.key,
            name=component.name,
            status=component.status,
            last_known_at=component.last_known_at,
            uptime_ratio=None if uptime is None else round(uptime, _DIGITS),
            days=[DayOut.of(day) for day in component.days],
        )


class WrittenOut(BaseModel):
    """What a person wrote."""

    id: str
    title: str
    text: str
    status: MatterStatus
    at: datetime

    @classmethod
    def of(cls, update: Update) -> "WrittenOut":
        return cls(
            id=update.id, title=update.title, text=update.text, status=update.status, at=update.at
        )


class MatterOut(BaseModel):
    """Something that happened or is announced; `ended_at` is null while it goes on."""

    id: str
    title: str
    components: list[str]
    failure: Failure | None
    began_at: datetime
    ended_at: datetime | None
    duration_seconds: float
    updates: list[WrittenOut]

    @classmethod
    def of(cls, matter: Matter, now: datetime) -> "MatterOut":
        return cls(
            id=matter.id,
            title=words.title_of(matter),
            components=list(matter.components),
            failure=matter.failure,
            began_at=matter.began_at,
            ended_at=matter.ended_at,
            duration_seconds=round(matter.lasted(now).total_seconds(), 3),
            updates=[WrittenOut.of(update) for update in matter.updates],
        )


class StatusOut(BaseModel):
    """A status page as it stands."""

    slug: str
    title: str
    description: str
    status: ComponentStatus | None
    at: datetime
    components: list[ComponentOut]
    components_total: int
    incidents: list[MatterOut]
    incidents_left_out: int

    @classmethod
    def of(cls, report: StatusReport) -> "StatusOut":
        # To the minute, so that what has not changed has not to be sent again.
        now = report.now.replace(second=0, microsecond=0)
        return cls(
            slug=report.page.slug,
            title=report.page.title,
            description=report.page.description,
            status=report.status,
            at=now,
            components=[ComponentOut.of(each) for each in report.components],
            components_total=report.total,
            incidents=[MatterOut.of(each, now) for each in report.matters],
            incidents_left_out=report.earlier,
        )
