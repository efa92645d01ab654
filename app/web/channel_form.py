"""A channel made or changed on a page; what is secret in it is shown as *** and kept so."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from app.api.bodies import checked
from app.api.channel_in import ChannelIn, channel_of
from app.api.channel_out import ChannelOut
from app.api.wired import Service, Wired
from app.domain.errors import FieldError, Invalid
from app.domain.message import DEFAULT_EVENTS, Channel, ChannelType, Delivery, MessageType
from app.services import channels
from app.storage import channels as channel_rows
from app.storage import delivery_pages
from app.web.forms import Form, Sent
from app.web.frame import gone_to, render
from app.web.typed import duration_text

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_LIST: Final = "/channels"
_LATELY: Final = 10
#: What a channel may be told of, and when that is, as people say it.
_EVENTS: Final = {
    MessageType.OPENED: "an incident begins",
    MessageType.RESOLVED: "it is over",
    MessageType.REMINDER: "it goes on and nobody sees to it",
    MessageType.ACKNOWLEDGED: "somebody sees to it",
    MessageType.COMMENTED: "somebody wrote of it",
    MessageType.DEGRADED: "a monitor answers, but slowly or not quite as expected",
    MessageType.RECOVERED: "it does no longer",
}
_TYPES: Final = (
    (ChannelType.WEBHOOK.value, "webhook: JSON to a URL"),
    (ChannelType.EMAIL.value, "email"),
    (ChannelType.APPRISE.value, "apprise: chats, pagers, SMS"),
)
_FIELDS: Final = {
    "/key": "key",
    "/name": "name",
    "/type": "type",
    "/url": "url",
    "/secret": "secret",
    "/events": "events",
    "/enabled": "enabled",
    "/remind_every_seconds": "remind",
}
_TAKEN: Final = FieldError("/key", "is the key of another channel")


@router.get("/channels/new")
async def new(request: Request, service: Wired) -> Response:
    """A form to make a channel."""
    form = Form()
    form.put("enabled", "1")
    form.put("events", *(event.value for event in DEFAULT_EVENTS))
    return await _shown(request, service, None, form)


@router.post("/channels/new")
async def create(request: Request, service: Wired, form: Sent) -> Response:
    """Make a channel."""
    try:
        asked = checked(_document(form), ChannelIn)
        await _check_new(service, asked.key)
        whole = await channel_of(asked, None, service.notifier)
    except Invalid as error:
        return await _refused(request, service, None, form, error)
    channel, _ = await channels.place(service.database, whole)
    return gone_to(f"{_LIST}/{channel.id}", "created")


@router.get("/channels/{channel_id}")
async def edit(request: Request, service: Wired, channel_id: str) -> Response:
    """A channel: a form to change it, and what was sent over it lately."""
    channel = await _load(service, channel_id)
    return await _shown(request, service, channel, _filled(channel))


@router.post("/channels/{channel_id}")
async def change(request: Request, service: Wired, channel_id: str, form: Sent) -> Response:
    """Define a channel anew; its key stays."""
    before = await _load(service, channel_id)
    form.put("key", before.key)
    try:
        whole = await channel_of(checked(_document(form), ChannelIn), before, service.notifier)
    except Invalid as error:
        return await _refused(request, service, before, form, error)
    await channels.place(service.database, whole)
    return gone_to(f"{_LIST}/{before.id}", "saved")


async def _check_new(service: Service, key: str) -> None:
    """Make sure that no channel would be changed by making another; raises `Invalid`."""
    there = await service.database.read(lambda session: channel_rows.find_by_key(session, key))
    if there is not None:
        raise Invalid("The channel is there already.", [_TAKEN])


async def _load(service: Service, channel_id: str) -> Channel:
    stored = await service.database.read(lambda session: channel_rows.load(session, channel_id))
    return stored.channel


async def _refused(
    request: Request, service: Service, before: Channel | None, form: Form, error: Invalid
) -> Response:
    form.faults(error.errors, _FIELDS)
    return await _shown(request, service, before, form, HTTPStatus.UNPROCESSABLE_ENTITY)


async def _shown(
    request: Request,
    service: Service,
    channel: Channel | None,
    form: Form,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    def read(session: Session) -> tuple[Sequence[str], Sequence[Delivery]]:
        if channel is None:
            return (), ()
        row = channel_rows.load(session, channel.id).row
        lately, _ = delivery_pages.page(session, _LATELY, None, channel=row)
        return channel_rows.named_by(session, channel.key), lately

    naming, lately = await service.database.read(read)
    return render(
        request,
        "channel",
        status=status,
        title="New channel" if channel is None else "Channel",
        at=f"{_LIST}/{'new' if channel is None else channel.id}",
        channel=channel,
        form=form,
        types=_TYPES,
        events=_EVENTS,
        naming=naming,
        lately=lately,
    )


def _filled(channel: Channel) -> Form:
    """A form as it would have been sent to make a channel, with *** for what is secret."""
    form, shown = Form(), ChannelOut.of(channel)
    form.put("key", shown.key)
    form.put("name", shown.name or "")
    form.put("type", shown.type.value)
    form.put("url", shown.url)
    form.put("secret", shown.secret or "")
    form.put("events", *(event.value for event in shown.events))
    form.put("remind", duration_text(shown.remind_every_seconds))
    if shown.enabled:
        form.put("enabled", "1")
    return form


def _document(form: Form) -> bytes:
    """What a form comes to, as the REST interface takes it."""
    document: dict[str, Any] = {
        "key": form.text("key"),
        "name": form.text("name") or None,
        "type": form.text("type"),
        "url": form.text("url"),
        "secret": form.text("secret") or None,
        "events": form.all("events"),
        "enabled": form.checked("enabled"),
        "remind_every_seconds": form.text("remind") or None,
    }
    return json.dumps(document).encode()
