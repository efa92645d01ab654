"""Incidents: those there are, what happened in each, and what people do about it."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from app.api.bodies import checked
from app.api.incidents import CommentIn, NoteIn
from app.api.wired import Service, Wired
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.incident import Incident, TimelineEntry
from app.domain.monitor import MonitorOutcome
from app.reports.visible import plain
from app.services import clock
from app.storage import incident_pages, monitor_outcomes, monitors
from app.storage import incidents as incident_rows
from app.storage.incident_pages import Wanted
from app.web.asked import Listing, listing
from app.web.drawn import instant
from app.web.forms import Form, Sent
from app.web.frame import gone_to, render

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_A_PAGE: Final = 50
# What the filter may be set to.
_IS_OPEN: Final = {"true": True, "false": False}
# Of a name, in the title of a page.
_LONGEST_NAME: Final = 80
# Of a time line that is longer, its beginning and its end are shown first.
_FIRST_LINES, _LAST_LINES = 20, 180
# An incident begins with its first failure, to the microsecond; clocks of two roundings may differ.
_ROUNDING: Final = timedelta(milliseconds=1)
_FIELDS: Final = {"/author": "author", "/text": "text"}


class _Found(NamedTuple):
    incidents: Sequence[Incident]
    following: int | None
    fault: str | None = None


class _Seen(NamedTuple):
    incident: Incident
    evidence: Sequence[MonitorOutcome]


@router.get("/incidents")
async def incidents_page(request: Request, service: Wired) -> Response:
    """The incidents, newest first."""
    asked = listing(request, "open", "monitor")
    found = await service.database.read(lambda session: _found(session, asked))
    return render(
        request,
        "incidents",
        title="Incidents",
        listing=asked,
        found=found,
        now=clock.now(),
    )


def _found(session: Session, asked: Listing) -> _Found:
    name, fault, row = asked.filters.get("monitor"), None, None
    if name is not None:
        try:
            row = monitors.row_of(session, name)
        except NotFound as error:
            return _Found((), None, error.detail)
    wanted = Wanted(_IS_OPEN.get(asked.filters.get("open", "")), row)
    return _Found(*incident_pages.brief(session, wanted, _A_PAGE, asked.before), fault)


@router.get("/incidents/{incident_id}")
async def incident_page(request: Request, service: Wired, incident_id: str) -> Response:
    """An incident with everything that moved it."""
    return await _shown(request, service, incident_id, Form())


@router.post("/incidents/{incident_id}/acknowledge")
async def acknowledged(request: Request, service: Wired, incident_id: str, form: Sent) -> Response:
    """Say that somebody sees to it."""
    act = partial(service.incidents.acknowledge, incident_id)
    return await _done(request, service, incident_id, form, NoteIn, act, "acknowledged")


@router.post("/incidents/{incident_id}/comment")
async def commented(request: Request, service: Wired, incident_id: str, form: Sent) -> Response:
    """Write into its time line."""
    act = partial(service.incidents.comment, incident_id)
    return await _done(request, service, incident_id, form, CommentIn, act, "commented")


@router.post("/incidents/{incident_id}/resolve")
async def resolved(request: Request, service: Wired, incident_id: str, form: Sent) -> Response:
    """End it by hand."""
    act = partial(service.incidents.resolve, incident_id)
    return await _done(request, service, incident_id, form, NoteIn, act, "resolved")


async def _done(
    request: Request,
    service: Service,
    incident_id: str,
    form: Form,
    model: type[NoteIn] | type[CommentIn],
    act: Callable[..., Awaitable[object]],
    done: str,
) -> Response:
    """Carry out what a form asks for, or show it again with what is wrong."""
    said = {name: form.text(name) for name in ("author", "text")}
    document = {name: value for name, value in said.items() if value}
    try:
        note = checked(json.dumps(document).encode(), model)
        await act(note.author, note.text)
    except Invalid as error:
        form.faults(error.errors, _FIELDS)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    except Conflict as error:
        form.fault("", error.detail)
        status = HTTPStatus.CONFLICT
    else:
        return gone_to(f"/incidents/{incident_id}", done)
    return await _shown(request, service, incident_id, form, status)


async def _shown(
    request: Request,
    service: Service,
    incident_id: str,
    form: Form,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    seen = await service.database.read(lambda session: _seen(session, incident_id))
    incident = seen.incident
    whole = request.query_params.get("all") == "1"
    entries, hidden = _lines(incident.timeline, whole=whole)
    return render(
        request,
        "incident",
        status=status,
        title=f"Incident: {plain(name_of(incident), _LONGEST_NAME)}",
        incident=incident,
        entries=entries,
        hidden=hidden,
        evidence=seen.evidence,
        instant=instant,
        form=form,
        now=clock.now(),
    )


def _seen(session: Session, incident_id: str) -> _Seen:
    stored = incident_rows.load(session, incident_id)
    incident = stored.incident
    if stored.monitor is None:
        return _Seen(incident, ())
    since = incident.opened_at - _ROUNDING
    failures = monitor_outcomes.failures(session, stored.monitor, since, incident.resolved_at)
    return _Seen(incident, failures)


def _lines(
    timeline: Sequence[TimelineEntry], *, whole: bool
) -> tuple[tuple[Sequence[TimelineEntry], Sequence[TimelineEntry]], int]:
    """The beginning and the end of a time line, and how many lines lie between."""
    hidden = len(timeline) - _FIRST_LINES - _LAST_LINES
    if whole or hidden <= 0:
        return (timeline, ()), 0
    return (timeline[:_FIRST_LINES], timeline[-_LAST_LINES:]), hidden


def name_of(incident: Incident) -> str:
    """What an incident is of, as people know it."""
    monitor = incident.monitor
    return "our own connectivity" if monitor is None else monitor.name or monitor.key
