"""Deliveries: what was told to whom, what is on its way, what never arrived."""

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from app.api.wired import Wired
from app.domain.errors import NotFound
from app.domain.message import Delivery, DeliveryStatus
from app.services import channels
from app.storage import channels as channel_rows
from app.storage import delivery_pages, incidents
from app.web.asked import Listing, listing, one_of
from app.web.forms import Sent
from app.web.frame import gone_to, render

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_A_PAGE: Final = 50


class _Found(NamedTuple):
    deliveries: Sequence[Delivery]
    following: int | None
    fault: str | None = None

    @property
    def moves(self) -> bool:
        """Whether something of it is on its way, so that it is worth looking again."""
        return any(each.status is DeliveryStatus.PENDING for each in self.deliveries)


@router.get("/deliveries")
async def deliveries_page(request: Request, service: Wired) -> Response:
    """The deliveries, newest first."""
    asked = listing(request, "status", "channel", "incident")
    found = await service.database.read(lambda session: _found(session, asked))
    return render(
        request,
        "deliveries",
        title="Deliveries",
        listing=asked,
        found=found,
        statuses=[status.value for status in DeliveryStatus],
    )


def _found(session: Session, asked: Listing) -> _Found:
    filters = asked.filters
    channel, incident = filters.get("channel"), filters.get("incident")
    try:
        told_to = None if channel is None else channel_rows.load(session, channel).row
        about = None if incident is None else incidents.load(session, incident).key
    except NotFound as error:
        return _Found((), None, error.detail)
    found, following = delivery_pages.page(
        session,
        _A_PAGE,
        asked.before,
        status=one_of(DeliveryStatus, filters.get("status")),
        channel=told_to,
        incident=about,
    )
    return _Found(found, following)


@router.get("/deliveries/{delivery_id}")
async def delivery_page(request: Request, service: Wired, delivery_id: str) -> Response:
    """A delivery with its message, and how it fares."""
    delivery = await service.database.read(
        lambda session: delivery_pages.load(session, delivery_id)
    )
    return render(
        request,
        "delivery",
        title="Delivery",
        delivery=delivery,
        message=json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False),
        tested=request.query_params.get("tested") == "1",
    )


@router.post("/deliveries/{delivery_id}/redeliver")
async def redelivered(service: Wired, delivery_id: str, form: Sent) -> Response:  # noqa: ARG001 -- that it was sent by us
    """Send it once more, whatever has become of it."""
    await channels.redeliver(service.database, service.notices, delivery_id)
    return gone_to(f"/deliveries/{delivery_id}", "again")
