"""Incidents over REST: read, acknowledged, commented, resolved by hand."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from app.api.asked import Asked
from app.api.bodies import body_of, read_optional
from app.api.exported import Items, described, exported
from app.api.incident_out import IncidentOut, IncidentPage
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.wired import Cursor, Limit, Wired
from app.storage import incident_pages, monitors
from app.storage import incidents as incident_rows
from app.storage.incident_pages import Wanted

router = APIRouter(prefix="/api/v1", tags=["incidents"], responses=RESPONSES, dependencies=[Known])

_By = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Text = Annotated[str, Field(min_length=1, max_length=10_000)]


class NoteIn(Asked):
    """Who says it, and what, if anything."""

    author: _By | None = None
    text: _Text | None = None


class CommentIn(Asked):
    """What somebody has to say."""

    author: _By | None = None
    text: _Text


_NOTE = {"author": "ada", "text": "Looking into it."}
_MAY_BE_LEFT_OUT = body_of(NoteIn, _NOTE, required=False)


@router.get("/incidents", response_model=None, responses=described(IncidentPage))
async def listed(
    request: Request,
    service: Wired,
    limit: Limit = 100,
    cursor: Cursor = None,
    open_: Annotated[
        bool | None, Query(alias="open", description="true: that go on; false: that are over.")
    ] = None,
    monitor: Annotated[
        str | None, Query(description="Of this monitor, by id or key.", max_length=200)
    ] = None,
) -> Response:
    """Incidents, newest first; as NDJSON or CSV, all of them."""

    def of_what(session: Session) -> int | None:
        return None if monitor is None else monitors.row_of(session, monitor)

    row = await service.database.read(of_what)

    def page(session: Session, size: int, place: int | None) -> Items:
        found, following = incident_pages.page(session, Wanted(open_, row), size, place)
        return [IncidentOut.of(incident) for incident in found], following

    return await exported(request, service, IncidentOut, page, limit, cursor)


@router.get("/incidents/{incident_id}")
async def one(service: Wired, incident_id: str) -> IncidentOut:
    """An incident with everything that moved it."""
    stored = await service.database.read(lambda session: incident_rows.load(session, incident_id))
    return IncidentOut.of(stored.incident)


@router.post("/incidents/{incident_id}/acknowledge", openapi_extra=_MAY_BE_LEFT_OUT)
async def acknowledge(request: Request, service: Wired, incident_id: str) -> IncidentOut:
    """Say that somebody sees to it: nobody is reminded any more. The body may be left out."""
    note = await read_optional(request, NoteIn)
    return IncidentOut.of(await service.incidents.acknowledge(incident_id, note.author, note.text))


@router.post("/incidents/{incident_id}/comment", openapi_extra=body_of(CommentIn, _NOTE))
async def comment(request: Request, service: Wired, incident_id: str) -> IncidentOut:
    """Write into its time line."""
    note = await read_optional(request, CommentIn)
    return IncidentOut.of(await service.incidents.comment(incident_id, note.author, note.text))


@router.post("/incidents/{incident_id}/resolve", openapi_extra=_MAY_BE_LEFT_OUT)
async def resolve(request: Request, service: Wired, incident_id: str) -> IncidentOut:
    """End it by hand. A monitor that goes on failing opens another. The body may be left out."""
    note = await read_optional(request, NoteIn)
    return IncidentOut.of(await service.incidents.resolve(incident_id, note.author, note.text))
