"""Channels: where people are told, and how each of them fares."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from app.api.told import written
from app.api.wired import Service, Wired
from app.domain.errors import Conflict
from app.domain.message import Channel
from app.services import channels
from app.storage import channel_troubles
from app.storage import channels as channel_rows
from app.storage.channel_troubles import Fares
from app.web.asked import Listing, listing
from app.web.forms import Form, Sent
from app.web.frame import gone_to, render

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_A_PAGE: Final = 100
# A test is told of once it was tried, or after so long.
_TEST_SECONDS: Final = 15.0


class _Found(NamedTuple):
    channels: Sequence[Channel]
    following: int | None
    fares: Mapping[str, Fares]


@router.get("/channels")
async def channels_page(request: Request, service: Wired) -> Response:
    """The channels in the order they were made."""
    return await _shown(request, service, Form())


@router.post("/channels/{channel_id}/test")
async def tested(service: Wired, channel_id: str, form: Sent) -> Response:  # noqa: ARG001 -- that it was sent by us
    """Send a test now, the way any message goes, and show what came of it."""
    delivery = await channels.test(
        service.database, service.notices, channel_id, written, once=None, seconds=_TEST_SECONDS
    )
    return gone_to(f"/deliveries/{delivery.id}?tested=1")


@router.post("/channels/{channel_id}/remove")
async def removed(request: Request, service: Wired, channel_id: str, form: Sent) -> Response:
    """Remove a channel that no monitor names."""
    try:
        await channels.remove(service.database, channel_id)
    except Conflict as error:
        form.fault("", error.detail)
        return await _shown(request, service, form, HTTPStatus.CONFLICT)
    return gone_to("/channels", "removed")


async def _shown(
    request: Request, service: Service, form: Form, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    asked = listing(request)._replace(path="/channels")
    found = await service.database.read(lambda session: _found(session, asked))
    return render(
        request, "channels", status=status, title="Channels", listing=asked, found=found, form=form
    )


def _found(session: Session, asked: Listing) -> _Found:
    found, following = channel_rows.page(session, _A_PAGE, asked.before)
    fares = channel_troubles.fares(session, [channel.id for channel in found])
    return _Found(found, following, fares)
