"""Maintenance windows over REST."""

from typing import Final

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.api.bodies import Body, body_of
from app.api.exported import Items, described, exported
from app.api.known import Known
from app.api.maintenance_in import MaintenanceIn, MaintenancePatch
from app.api.maintenance_out import MaintenanceOut, MaintenancePage
from app.api.problems import RESPONSES
from app.api.wired import Cursor, KeyIn, Limit, Wired, once_of
from app.services import clock, maintenances
from app.storage import maintenances as maintenance_rows

router = APIRouter(
    prefix="/api/v1", tags=["maintenances"], responses=RESPONSES, dependencies=[Known]
)

_WEEKLY: Final = {
    "title": "weekly restart",
    "selection": {"labels": {"team": "web"}},
    "cron": "0 3 * * SUN",
    "duration_seconds": "2h",
    "timezone": "Europe/Berlin",
}
_ONCE: Final = {
    "title": "the move",
    "selection": {"keys": ["shop"]},
    "starts_at": "2027-01-10T20:00:00Z",
    "ends_at": "2027-01-11T04:00:00Z",
}
_PATCH: Final = {"duration_seconds": "3h"}


@router.post(
    "/maintenances",
    status_code=201,
    response_model=MaintenanceOut,
    openapi_extra=body_of(MaintenanceIn, _WEEKLY, _ONCE),
)
async def create(
    request: Request, response: Response, service: Wired, key: KeyIn = None
) -> MaintenanceOut:
    """Announce a window in which nobody is alerted of the monitors selected."""
    body = Body(request)
    asked = await body.json(MaintenanceIn)
    window = await maintenances.create(
        service.database, service.notices, asked.window, once_of(request, key, body.digest)
    )
    response.headers["Location"] = f"/api/v1/maintenances/{window.id}"
    return MaintenanceOut.of(window, clock.now())


@router.get("/maintenances", response_model=None, responses=described(MaintenancePage))
async def listed(
    request: Request, service: Wired, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Windows, newest first; those that are over too; as NDJSON or CSV, all of them."""

    def page(session: Session, size: int, place: int | None) -> Items:
        found, following = maintenance_rows.page(session, size, place)
        now = clock.now()
        return [MaintenanceOut.of(window, now) for window in found], following

    return await exported(request, service, MaintenanceOut, page, limit, cursor)


@router.get("/maintenances/{maintenance_id}")
async def one(service: Wired, maintenance_id: str) -> MaintenanceOut:
    """A window, and whether it is open now."""
    return MaintenanceOut.of(await maintenances.load(service.database, maintenance_id), clock.now())


@router.patch(
    "/maintenances/{maintenance_id}",
    response_model=MaintenanceOut,
    openapi_extra=body_of(MaintenancePatch, _PATCH),
)
async def change(request: Request, service: Wired, maintenance_id: str) -> MaintenanceOut:
    """Merge changes (RFC 7396)."""
    patch, now = await Body(request).json(MaintenancePatch), clock.now()
    window = await maintenances.change(
        service.database,
        service.notices,
        maintenance_id,
        lambda before: patch.merged_into(before, now),
    )
    return MaintenanceOut.of(window, now)


@router.delete("/maintenances/{maintenance_id}", status_code=204)
async def delete(service: Wired, maintenance_id: str) -> None:
    """Call a window off."""
    await maintenances.remove(service.database, service.notices, maintenance_id)
