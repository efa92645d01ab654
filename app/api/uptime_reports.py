"""The report on uptime that people have to write every month."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api import headers, reported
from app.api.bodies import JSON
from app.api.known import Known
from app.api.monitor_bodies import labels_of
from app.api.monitors import Labels
from app.api.problems import RESPONSES
from app.api.reported import Format
from app.api.uptime_out import rounded
from app.api.windows import WindowIn, window_of
from app.api.wired import Wired
from app.domain.monitor import MonitorStatus
from app.domain.uptime_report import Figures, Group, Line, UptimeReport
from app.reports import uptime
from app.services import clock
from app.storage.uptime_reports import report

router = APIRouter(prefix="/api/v1", tags=["reports"], responses=RESPONSES, dependencies=[Known])


class FiguresOut(BaseModel):
    """What one or several monitors came to; the seconds of all statuses sum to their windows."""

    ratio: float | None
    seconds: dict[MonitorStatus, float]
    checks: int
    missed: int
    incidents: int
    mttr_seconds: float | None

    @classmethod
    def of_figures(cls, figures: Figures) -> "FiguresOut":
        return FiguresOut(**_figures(figures))


class ObjectiveOut(BaseModel):
    """How a monitor stands to its objective in the report's window."""

    target: float
    met: bool | None
    budget_left_ratio: float | None


class LineOut(FiguresOut):
    """One monitor."""

    id: str
    key: str
    name: str | None
    labels: dict[str, str]
    slo: ObjectiveOut | None

    @classmethod
    def of(cls, line: Line) -> "LineOut":
        found, slo = line.budget, None
        if line.slo is not None and found is not None:
            slo = ObjectiveOut(
                target=line.slo.target,
                met=found.met,
                budget_left_ratio=rounded(found.left_ratio),
            )
        return cls(
            id=line.id, key=line.key, name=line.name, labels=dict(line.labels), slo=slo,
            **_figures(line.figures),
        )  # fmt: skip


class GroupOut(FiguresOut):
    """Monitors that bear the same value of a label, together; null: those without it."""

    value: str | None
    monitors: int

    @classmethod
    def of(cls, group: Group) -> "GroupOut":
        return cls(value=group.value, monitors=group.monitors, **_figures(group.figures))


class UptimeReportOut(BaseModel):
    """The uptime of many monitors over one window."""

    since: datetime = Field(serialization_alias="from")
    until: datetime = Field(serialization_alias="to")
    by: str | None
    total: FiguresOut
    groups: list[GroupOut]
    items: list[LineOut]

    @classmethod
    def of(cls, found: UptimeReport) -> "UptimeReportOut":
        return cls(
            since=found.window.since,
            until=found.window.until,
            by=found.by,
            total=FiguresOut.of_figures(found.total),
            groups=[GroupOut.of(group) for group in found.groups],
            items=[LineOut.of(line) for line in found.lines],
        )


@router.get("/reports/uptime", response_model=None, responses=reported.described(UptimeReportOut))
async def uptimes(
    service: Wired,
    label: Labels = [],  # noqa: B006 -- FastAPI copies it
    window: WindowIn = "30d",
    by: Annotated[
        str | None, Query(description="A label to group by.", min_length=1, max_length=200)
    ] = None,
    format: Format = "json",  # noqa: A002 -- the contract's name
) -> Response:
    """The uptime of every monitor, or of those that bear these labels: each, by group, together."""
    now = clock.now()
    span = window_of(window, now)
    labels = labels_of(label) if label else {}

    def read(session: Session) -> Response:
        return _written(report(session, labels, by, span, now), format)

    # Written in the reader's thread: thousands of monitors are not for the event loop.
    return await service.database.read(read)


def _written(found: UptimeReport, form: str) -> Response:
    match form:
        case "markdown":
            return Response(uptime.as_markdown(found), media_type="text/markdown")
        case "html":
            return headers.html(uptime.as_html(found))
        case "csv":
            return Response(uptime.as_csv(found), media_type="text/csv")
    told = UptimeReportOut.of(found).model_dump_json(by_alias=True)
    return Response(told, media_type=JSON)


def _figures(figures: Figures) -> dict[str, object]:
    seconds = figures.uptime.seconds
    return {
        "ratio": rounded(figures.uptime.ratio),
        "seconds": {status: round(value, 3) for status, value in seconds.items()},
        "checks": figures.checks,
        "missed": figures.missed,
        "incidents": figures.incidents,
        "mttr_seconds": None if figures.mttr is None else round(figures.mttr, 3),
    }
