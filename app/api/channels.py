"""Channels over REST: where people are told."""

from typing import Final

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.api.bodies import Body, body_of, patch_of
from app.api.channel_in import ChannelIn, changed, channel_of
from app.api.channel_out import ChannelOut, ChannelPage
from app.api.deliveries import DeliveryOut
from app.api.exported import Items, described, exported
from app.api.known import Known
from app.api.patch import read_patch
from app.api.problems import RESPONSES
from app.api.told import written
from app.api.wired import (
    Cursor,
    KeyIn,
    Limit,
    PreferIn,
    Wired,
    once_of,
    preferred_wait,
    told_of,
)
from app.domain.monitor import Result
from app.services import channels
from app.storage import channels as channel_rows

router = APIRouter(prefix="/api/v1", tags=["channels"], responses=RESPONSES, dependencies=[Known])

# A test is answered once it was tried, or after so long as it then is.
_TEST_SECONDS: Final = 15.0
_WEBHOOK: Final = {
    "summary": "a webhook",
    "key": "ops",
    "type": "webhook",
    "url": "https://example.org/hooks/tercet",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "remind_every_seconds": "1h",
}
_EMAIL: Final = {
    "summary": "mail",
    "key": "night-shift",
    "type": "email",
    "url": "mailtos://user:password@example.org/?from=tercet@example.org&to=night@example.org",
    "events": ["incident.opened", "incident.resolved"],
}
_PATCH: Final = {"enabled": False}


@router.post(
    "/channels",
    status_code=201,
    response_model=ChannelOut,
    openapi_extra=body_of(ChannelIn, _WEBHOOK, _EMAIL),
    responses={200: {"model": ChannelOut, "description": "Changed, or the same as before."}},
)
async def place(
    request: Request, response: Response, service: Wired, key: KeyIn = None
) -> ChannelOut:
    """Create a channel, or change the one of that key: left-out fields take their defaults."""
    body = Body(request)
    asked = await body.json(ChannelIn)
    stored = await service.database.read(
        lambda session: channel_rows.find_by_key(session, asked.key)
    )
    before = None if stored is None else stored.channel
    whole = await channel_of(asked, before, service.notifier)
    once = once_of(request, key, body.digest)
    channel, result = await channels.place(service.database, whole, once)
    response.status_code = 201 if result is Result.CREATED else 200
    response.headers["Location"] = f"/api/v1/channels/{channel.id}"
    return ChannelOut.of(channel)


@router.get("/channels", response_model=None, responses=described(ChannelPage))
async def listed(
    request: Request, service: Wired, limit: Limit = 100, cursor: Cursor = None
) -> Response:
    """Channels in the order they were made; as NDJSON or CSV, all of them."""

    def page(session: Session, size: int, place: int | None) -> Items:
        found, following = channel_rows.page(session, size, place)
        return [ChannelOut.of(channel) for channel in found], following

    return await exported(request, service, ChannelOut, page, limit, cursor)


@router.get("/channels/{channel_id}")
async def one(service: Wired, channel_id: str) -> ChannelOut:
    """A channel, by its id or its key."""
    stored = await service.database.read(lambda session: channel_rows.load(session, channel_id))
    return ChannelOut.of(stored.channel)


@router.patch(
    "/channels/{channel_id}",
    response_model=ChannelOut,
    openapi_extra=patch_of(ChannelIn, _PATCH),
)
async def change(request: Request, service: Wired, channel_id: str) -> ChannelOut:
    """Change a channel by a merge patch (RFC 7396): null takes a field back to its default."""
    patch = read_patch(await Body(request).raw_json())
    stored = await service.database.read(lambda session: channel_rows.load(session, channel_id))
    whole = await changed(stored.channel, patch, service.notifier)
    channel, _ = await channels.place(service.database, whole)
    return ChannelOut.of(channel)


@router.delete("/channels/{channel_id}", status_code=204)
async def remove(service: Wired, channel_id: str) -> None:
    """Remove a channel that no monitor names, with its deliveries."""
    await channels.remove(service.database, channel_id)


@router.post(
    "/channels/{channel_id}/test",
    response_model=DeliveryOut,
    responses={202: {"model": DeliveryOut, "description": "It has not been tried yet."}},
)
async def try_out(
    request: Request,
    response: Response,
    service: Wired,
    channel_id: str,
    key: KeyIn = None,
    prefer: PreferIn = None,
) -> DeliveryOut:
    """Send a test now, the way any message goes; answered once it was tried, or after 15 s.

    The delivery says whether it was taken; one that was not is tried again like any other.
    """
    body, wait = Body(request), preferred_wait(prefer)
    await body.nothing()
    delivery = await channels.test(
        service.database,
        service.notices,
        channel_id,
        written,
        once=once_of(request, key, body.digest),
        seconds=_TEST_SECONDS if wait is None else wait,
    )
    tried = channels.tried(delivery)
    told_of(response, f"/api/v1/deliveries/{delivery.id}", wait, ended=tried)
    response.status_code = 200 if tried else 202
    return DeliveryOut.of(delivery)
