"""A monitor made or changed: one form for all of it, and a check of it before it is saved."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from app.api.monitor_bodies import read_definitions
from app.api.monitor_in import MonitorIn, definition_of
from app.api.monitor_out import DefinitionOut
from app.api.targets import TargetIn
from app.api.wired import Service, Wired
from app.domain.errors import FieldError
from app.domain.message import Channel
from app.reports.visible import plain
from app.services import checks, clock
from app.services.placing import Asked
from app.storage import channels, monitors
from app.storage.monitors import Defined
from app.web import expected, monitor_fields, outcomes
from app.web.forms import Form, Sent
from app.web.frame import gone_to, render
from checkers import CATALOGUE

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

# So many channels can be chosen from; of more, those that are chosen already stay chosen.
_MOST_CHANNELS: Final = 1000
_ANY_URL: Final = "https://example.org/"
_TAKEN: Final = "is the key of another monitor; edit that one, or choose another key"

Url = Annotated[str, Query(max_length=8192)]


@router.get("/monitors/new")
async def new(request: Request, service: Wired, url: Url = "") -> Response:
    """An empty form, everything in it as it is by default."""
    fresh = definition_of(MonitorIn(target=TargetIn(url=_ANY_URL)), None, clock.now())
    form = Form()
    monitor_fields.fill(form, DefinitionOut.of_definition(fresh))
    form.put("client", "")
    form.put("url", url)
    return await _shown(request, service, form, None)


@router.post("/monitors/new")
async def make(request: Request, service: Wired, form: Sent) -> Response:
    """Make a monitor, or do with its form what was asked."""
    return await _done(request, service, form, None)


@router.get("/monitors/{monitor_id}/edit")
async def edit(request: Request, service: Wired, monitor_id: str) -> Response:
    """The form of a monitor that is there."""
    stored = await service.database.read(lambda session: monitors.load(session, monitor_id))
    form = Form()
    monitor_fields.fill(form, DefinitionOut.of_definition(stored.definition))
    return await _shown(request, service, form, stored)


@router.post("/monitors/{monitor_id}/edit")
async def change(request: Request, service: Wired, monitor_id: str, form: Sent) -> Response:
    """Change a monitor, or do with its form what was asked."""
    stored = await service.database.read(lambda session: monitors.load(session, monitor_id))
    return await _done(request, service, form, stored)


async def _done(request: Request, service: Service, form: Form, stored: Defined | None) -> Response:
    todo = form.text("do", "save")
    if form.checked("drop"):
        expected.drop_row(form, form.text("drop"))
        return await _shown(request, service, form, stored)
    if todo == "more":
        expected.add_row(form)
        return await _shown(request, service, form, stored)
    asked, fields = await _asked(service, form, stored)
    if form.errors or asked.definition is None:
        monitor_fields.lay(form, asked.errors, fields)
        return await _shown(request, service, form, stored)
    placed = (await service.monitors.place([asked], store=todo != "try"))[0]
    if placed.errors:
        monitor_fields.lay(form, placed.errors, fields)
        return await _shown(request, service, form, stored)
    if todo == "try":
        (outcome,) = await checks.check_all(service.engine, [asked.definition])
        return await _shown(request, service, form, stored, outcomes.checked(outcome))
    return gone_to(f"/monitors/{placed.id}", "created" if stored is None else "saved")


async def _asked(
    service: Service, form: Form, stored: Defined | None
) -> tuple[Asked, Mapping[str, str]]:
    """What the form asks for, and the fields that belong to places in it."""
    shown = None if stored is None else DefinitionOut.of_definition(stored.definition)
    document, fields = monitor_fields.document_of(form, shown)
    key = form.text("key")
    if stored is None and key:

        def taken(session: Session) -> bool:
            return bool(monitors.known(session, [key]))

        if await service.database.read(taken):
            return Asked(0, None, (FieldError("/key", _TAKEN),)), fields
    (asked,) = await read_definitions(service.database, [document])
    return asked, fields


async def _shown(
    request: Request,
    service: Service,
    form: Form,
    stored: Defined | None,
    tried: Mapping[str, Any] | None = None,
) -> Response:
    def read(session: Session) -> list[Channel]:
        return channels.page(session, _MOST_CHANNELS, None)[0]

    found = await service.database.read(read)
    name = None if stored is None else stored.definition.name or stored.definition.key
    return render(
        request,
        "monitor_form",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK,
        title="New monitor" if stored is None else f"Edit {plain(name, 80)}",
        form=form,
        sent=request.method == "POST",
        stored=stored,
        rows=expected.rows_of(form),
        groups=expected.GROUPS,
        channels=_choices(found, form.all("channels")),
        strategies=[(name.value, name.value) for name in CATALOGUE],
        methods=monitor_fields.METHODS,
        tried=tried,
    )


def _choices(found: Sequence[Channel], chosen: Sequence[str]) -> list[tuple[str, str, bool]]:
    """Channels to choose from: the key, what is shown of it, and whether it is chosen."""
    there = {each.key: f"{each.name or each.key} ({each.type.value})" for each in found}
    there |= {key: key for key in chosen if key not in there}
    return [(key, text, key in chosen) for key, text in there.items()]
