"""Schedules over REST."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.api.batch_out import BatchOut
from app.api.bodies import Body, body_of
from app.api.comparison_out import ComparisonOut
from app.api.exported import Items, described, exported
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.schedule_in import ScheduleIn, SchedulePatch
from app.api.schedule_out import ScheduleOut, SchedulePage
from app.api.wired import (
    Cursor,
    KeyIn,
    Limit,
    PreferIn,
    Service,
    Wired,
    once_of,
    preferred_wait,
    told_of,
)
from app.domain.plan import Kind
from app.services import batches, clock, comparisons, schedules
from app.storage import schedules as schedule_rows

router = APIRouter(prefix="/api/v1", tags=["schedules"], responses=RESPONSES, dependencies=[Known])

_EXAMPLE: Final = {
    "cron": "30 6 * * MON-FRI",
    "timezone": "Europe/Berlin",
    "batch": {"urls": ["https://example.org/", "https://example.com/"], "strategy": "auto"},
    "keep": 30,
}
_PATCH: Final = {"interval_seconds": "15m", "keep": 96}
_MADE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": BatchOut | ComparisonOut, "description": "With Prefer: wait, once ended."}
}


@router.post(
    "/schedules",
    status_code=201,
    response_model=ScheduleOut,
    openapi_extra=body_of(ScheduleIn, _EXAMPLE),
)
async def create(
    request: Request, response: Response, service: Wired, key: KeyIn = None
) -> ScheduleOut:
    """Check a list, or compare strategies, again and again. An interval begins at once."""
    body = Body(request)
    draft = (await body.json(ScheduleIn)).draft(clock.now())
    plan = await schedules.create(
        service.database, service.notices, draft, once_of(request, key, body.digest)
    )
    response.headers["Location"] = f"/api/v1/schedules/{plan.id}"
    return ScheduleOut.of(plan)


@router.get("/schedules", response_model=None, responses=described(SchedulePage))
async def listed(
    request: Request, service: Wired, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Schedules, newest first; as NDJSON or CSV, all of them."""

    def page(session: Session, size: int, place: int | None) -> Items:
        found, following = schedule_rows.page(session, size, place)
        return [ScheduleOut.of(plan) for plan in found], following

    return await exported(request, service, ScheduleOut, page, limit, cursor)


@router.get("/schedules/{schedule_id}")
async def one(service: Wired, schedule_id: str) -> ScheduleOut:
    """A schedule as it stands."""
    return ScheduleOut.of(await schedules.load(service.database, schedule_id))


@router.patch(
    "/schedules/{schedule_id}",
    response_model=ScheduleOut,
    openapi_extra=body_of(SchedulePatch, _PATCH),
)
async def change(request: Request, service: Wired, schedule_id: str) -> ScheduleOut:
    """Merge changes (RFC 7396). A batch or comparison that is given replaces the one there is."""
    patch = await Body(request).json(SchedulePatch)
    return await _changed(service, schedule_id, patch)


@router.delete("/schedules/{schedule_id}", status_code=204)
async def delete(service: Wired, schedule_id: str) -> None:
    """Make nothing more; what was made stays."""
    await schedules.remove(service.database, schedule_id)


@router.post("/schedules/{schedule_id}/pause")
async def pause(request: Request, service: Wired, schedule_id: str) -> ScheduleOut:
    """Make nothing until it is resumed."""
    await Body(request).nothing()
    return await _changed(service, schedule_id, SchedulePatch(enabled=False))


@router.post("/schedules/{schedule_id}/resume")
async def resume(request: Request, service: Wired, schedule_id: str) -> ScheduleOut:
    """Go on: at cron's next instant, or when the interval since the last one has passed."""
    await Body(request).nothing()
    return await _changed(service, schedule_id, SchedulePatch(enabled=True))


@router.post(
    "/schedules/{schedule_id}/run",
    status_code=202,
    response_model=BatchOut | ComparisonOut,
    responses=_MADE,
)
async def run(
    request: Request,
    response: Response,
    service: Wired,
    schedule_id: str,
    key: KeyIn = None,
    prefer: PreferIn = None,
) -> BatchOut | ComparisonOut:
    """Make the next batch or comparison now, beside its turns."""
    body = Body(request)
    await body.nothing()
    once = once_of(request, key, body.digest)
    kind, made = await schedules.run_now(service.database, service.notices, schedule_id, once)
    wait = preferred_wait(prefer)
    if kind is Kind.BATCH:
        batch = await batches.wait_until_ended(service.database, service.notices, made, wait or 0.0)
        told_of(response, f"/api/v1/batches/{made}", wait, ended=batch.ended)
        return BatchOut.of(batch)
    comparison = await comparisons.wait_until_ended(
        service.database, service.notices, made, wait or 0.0
    )
    ended = comparison.finished_at is not None
    told_of(response, f"/api/v1/comparisons/{made}", wait, ended=ended)
    return ComparisonOut.of(await comparisons.report(service.database, made))


async def _changed(service: Service, schedule_id: str, patch: SchedulePatch) -> ScheduleOut:
    how = patch.merging(clock.now())
    return ScheduleOut.of(
        await schedules.change(service.database, service.notices, schedule_id, how)
    )
