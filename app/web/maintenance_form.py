"""A maintenance made or changed on a page: of which monitors, and when."""

import json
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from app.api.bodies import checked
from app.api.maintenance_in import MaintenanceIn
from app.api.wired import Service, Wired
from app.domain.errors import Invalid
from app.domain.maintenance import Maintenance, occurrences
from app.domain.schedule import NeverFires, zone
from app.services import clock, maintenances
from app.storage import maintenances as maintenance_rows
from app.storage import monitors
from app.web import typed
from app.web.entries import labels_in, labels_text
from app.web.forms import Form, Sent
from app.web.frame import fragment, gone_to, render
from app.web.typed import BadTyping

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_LIST: Final = "/maintenances"
_NEW: Final = "new"
_UTC: Final = "UTC"
_SHOWN: Final = 3
_TIMES: Final = {"starts": "starts_at", "ends": "ends_at"}


class _Preview(NamedTuple):
    """What a form would make.

    Attributes:
        fits: how many monitors; `None`: none are named.
        times: when it would be open next; `None`: it is not complete.
    """

    fits: int | None
    times: Sequence[tuple[datetime, datetime]] | None


@router.get("/maintenances/new")
async def new(request: Request, service: Wired) -> Response:
    """A form to announce a maintenance; monitors may be named in the address."""
    form, query = Form(), request.query_params
    form.put("keys", "\n".join(query.getlist("key")))
    form.put("labels", "\n".join(query.getlist("label")))
    form.put("timezone", _UTC)
    return await _shown(request, service, _NEW, form, fresh=True)


@router.post("/maintenances/new")
async def create(request: Request, service: Wired, form: Sent) -> Response:
    """Announce a maintenance."""
    try:
        asked = _asked(form)
        await maintenances.create(service.database, service.notices, asked.window)
    except Invalid as error:
        return await _refused(request, service, _NEW, form, error)
    return gone_to(_LIST, "announced")


@router.get("/maintenances/{maintenance_id}")
async def edit(request: Request, service: Wired, maintenance_id: str) -> Response:
    """A form to change a maintenance."""
    window = await maintenances.load(service.database, maintenance_id)
    return await _shown(request, service, maintenance_id, _filled(window))


@router.post("/maintenances/{maintenance_id}")
async def change(request: Request, service: Wired, maintenance_id: str, form: Sent) -> Response:
    """Define a maintenance anew."""
    try:
        asked, now = _asked(form), clock.now()
        await maintenances.change(
            service.database, service.notices, maintenance_id,
            lambda before: asked.window(before.id, now),
        )  # fmt: skip
    except Invalid as error:
        return await _refused(request, service, maintenance_id, form, error)
    return gone_to(_LIST, "saved")


@router.post("/maintenances/{maintenance_id}/preview")
async def preview(request: Request, service: Wired, maintenance_id: str, form: Sent) -> Response:
    """What a form would make: as a part of the page it stands on, or as that page."""
    if request.headers.get("hx-request"):
        found = await service.database.read(lambda session: _preview(session, form))
        return HTMLResponse(fragment("cells/preview", preview=found))
    return await _shown(request, service, maintenance_id, form)


async def _refused(
    request: Request, service: Service, maintenance_id: str, form: Form, error: Invalid
) -> Response:
    """The form once more, with what is wrong with it beside its fields."""
    when = "cron" if _recurs(form) else "ends"
    fields = {
        "/title": "title",
        "/selection": "keys",
        "/selection/labels": "labels",
        "/starts_at": "starts",
        "/ends_at": when,
        "/cron": "cron",
        "/duration_seconds": "duration",
        "/timezone": "timezone",
    }
    # What was not understood at all was told already; what follows from that is no news.
    told = set(form.errors)
    silent = [pointer for pointer, field in fields.items() if field in told]
    form.faults([each for each in error.errors if each.pointer not in silent], fields)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return await _shown(request, service, maintenance_id, form, status)


async def _shown(
    request: Request,
    service: Service,
    maintenance_id: str,
    form: Form,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    fresh: bool = False,
) -> Response:
    def read(session: Session) -> tuple[str | None, _Preview, Sequence[str]]:
        if maintenance_id == _NEW:
            title = None
        else:
            title = maintenance_rows.load(session, maintenance_id).title
        # The names of zones are files, which are not read in the event loop.
        return title, _preview(session, form), typed.zones()

    title, found, zones = await service.database.read(read)
    return render(
        request,
        "maintenance",
        status=status,
        title="New maintenance" if title is None else "Change a maintenance",
        at=f"{_LIST}/{maintenance_id}",
        announced=title,
        form=form,
        fresh=fresh,
        preview=found,
        zones=zones,
    )


def _recurs(form: Form) -> bool:
    return form.text("kind") == "cron"


def _filled(window: Maintenance) -> Form:
    """A form as it would have been sent to make a window."""
    form = Form()
    try:
        own = zone(window.timezone)
    except NeverFires:
        # A zone that this machine has no longer: what is shown is changed before it is saved.
        own = zone(_UTC)
    form.put("title", window.title)
    form.put("keys", "\n".join(window.keys))
    form.put("labels", labels_text(window.labels))
    form.put("kind", "once" if window.cron is None else "cron")
    form.put("starts", typed.local_text(window.starts_at, own))
    form.put("ends", typed.local_text(window.ends_at, own))
    form.put("cron", window.cron or "")
    form.put("duration", typed.duration_text(window.duration))
    form.put("timezone", own.key)
    return form


def _asked(form: Form) -> MaintenanceIn:
    """What a form asks for, as the REST interface takes it; raises `Invalid`."""
    document = _document(form)
    asked = checked(json.dumps(document).encode(), MaintenanceIn)
    if form.errors:
        raise Invalid("Some of it was not understood.")
    return asked


def _document(form: Form) -> dict[str, Any]:
    """The document that a form comes to; what cannot be understood is noted in the form."""
    recurs = _recurs(form)
    document: dict[str, Any] = {
        "title": form.text("title"),
        "selection": {"keys": form.lines("keys"), "labels": labels_in(form, "labels")},
        "timezone": form.text("timezone") or _UTC,
        **_times(form, ("starts",) if recurs else ("starts", "ends")),
    }
    if recurs:
        document["cron"] = form.text("cron") or None
        document["duration_seconds"] = form.text("duration") or None
        if not form.text("cron"):
            form.fault("cron", "says when, as in 0 3 * * SUN")
    elif not form.text("ends"):
        form.fault("ends", "has to be given: when is it over?")
    return document


def _times(form: Form, names: Sequence[str]) -> dict[str, str]:
    """Local times as instants; of a zone that is not known the reader of the document tells."""
    try:
        own = zone(form.text("timezone") or _UTC)
    except NeverFires:
        own = zone(_UTC)
    found = {}
    for name in names:
        if form.text(name):
            try:
                at = typed.instant_of(form.text(name), own)
            except BadTyping as error:
                form.fault(name, str(error))
            else:
                found[_TIMES[name]] = at.isoformat().replace("+00:00", "Z")
    return found


def _preview(session: Session, form: Form) -> _Preview:
    # On a form of its own: what is not complete yet is not told as if it had been sent.
    draft, now = form.copy(), clock.now()
    draft.put("title", draft.text("title") or _NEW)
    document = _document(draft)
    selection = document["selection"]
    fits = None
    if selection["keys"] or selection["labels"]:
        fits = len(monitors.matching(session, selection["keys"], selection["labels"]))
    try:
        times = occurrences(_asked(draft).window("", now), now, _SHOWN)
    except Invalid:
        return _Preview(fits, None)
    return _Preview(fits, times)
