"""Days and hours of a monitor, one after the other: for charts, and to be taken along."""

from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api.exported import Items, described, exported
from app.api.figures import PercentilesOut
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.uptime_out import percentiles_of, rounded
from app.api.wired import Cursor, Limit, Service, Wired
from app.domain.monitor import MonitorStatus
from app.domain.rollup import DAY, HOUR
from app.storage import monitors, slots
from app.storage.slots import SlotFigures
from checkers import Reason, Status

router = APIRouter(prefix="/api/v1", tags=["monitors"], responses=RESPONSES, dependencies=[Known])

# Each holds a histogram that is read for its percentiles.
_AT_ONCE: Final = 200


class SlotOut(BaseModel):
    """What a day or an hour of UTC came to, as far as it is rolled up."""

    at: datetime = Field(description="When it began.")
    ratio: float | None
    seconds: dict[MonitorStatus, float]
    checks: int
    counts: dict[Status, int]
    missed: int
    reasons: dict[Reason, int]
    n: int = Field(description="Checks that were answered: those with a latency.")
    latency_ms: PercentilesOut | None

    @classmethod
    def of(cls, found: SlotFigures) -> "SlotOut":
        return cls(
            at=found.at,
            ratio=rounded(found.uptime.ratio),
            seconds={status: round(each, 3) for status, each in found.uptime.seconds.items()},
            checks=sum(found.statuses.values()),
            counts={Status(status): count for status, count in found.statuses.items()},
            missed=found.missed,
            reasons={Reason(reason): count for reason, count in found.reasons.items()},
            n=len(found.latency),
            latency_ms=percentiles_of(found.latency),
        )


class SlotPage(BaseModel):
    """Days or hours, newest first."""

    items: list[SlotOut]
    next_cursor: str | None


@router.get("/monitors/{monitor_id}/days", response_model=None, responses=described(SlotPage))
async def days(
    request: Request,
    service: Wired,
    monitor_id: str,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """What its days came to, newest first; as NDJSON or CSV, all there are."""
    return await _slots(request, service, monitor_id, DAY, limit, cursor)


@router.get("/monitors/{monitor_id}/hours", response_model=None, responses=described(SlotPage))
async def hours(
    request: Request,
    service: Wired,
    monitor_id: str,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """What its hours of the last 14 days came to, newest first; as NDJSON or CSV, all there are."""
    return await _slots(request, service, monitor_id, HOUR, limit, cursor)


async def _slots(
    request: Request,
    service: Service,
    monitor_id: str,
    size: timedelta,
    limit: int,
    cursor: str | None,
) -> Response:
    row = await service.database.read(lambda session: monitors.row_of(session, monitor_id))

    def page(session: Session, count: int, place: int | None) -> Items:
        found, following = slots.page(session, row, size, count, place)
        return [SlotOut.of(each) for each in found], following

    return await exported(request, service, SlotOut, page, limit, cursor, at_once=_AT_ONCE)
