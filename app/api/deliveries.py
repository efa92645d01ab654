"""Deliveries over REST: what was told, what is on its way, what never arrived."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api.bodies import Body
from app.api.exported import Items, described, exported
from app.api.known import Known
from app.api.problems import RESPONSES
from app.api.wired import Cursor, Limit, Wired
from app.domain.message import Delivery, DeliveryStatus, MessageType
from app.services import channels
from app.storage import channels as channel_rows
from app.storage import delivery_pages, incidents

router = APIRouter(prefix="/api/v1", tags=["channels"], responses=RESPONSES, dependencies=[Known])


class ChannelNameOut(BaseModel):
    """Which channel something went over."""

    id: str
    key: str


class DeliveryOut(BaseModel):
    """One message on its way over one channel. Its id is the message's, the same at every try."""

    id: str
    channel: ChannelNameOut
    incident: str | None
    type: MessageType
    status: DeliveryStatus
    tries: int
    error: str | None = Field(description="Why the last try failed.")
    created_at: datetime
    due_at: datetime | None = Field(description="When it is tried next, while it is pending.")
    sent_at: datetime | None
    message: dict[str, Any] = Field(description="As a webhook is told it.")

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryOut":
        return cls(
            id=delivery.id,
            channel=ChannelNameOut(id=delivery.channel.id, key=delivery.channel.key),
            incident=delivery.incident,
            type=delivery.type,
            status=delivery.status,
            tries=delivery.tries,
            error=delivery.error,
            created_at=delivery.created_at,
            due_at=delivery.due_at,
            sent_at=delivery.sent_at,
            message=json.loads(delivery.body),
        )


class DeliveryPage(BaseModel):
    """Deliveries, newest first."""

    items: list[DeliveryOut]
    next_cursor: str | None


@router.get("/deliveries", response_model=None, responses=described(DeliveryPage))
async def listed(
    request: Request,
    service: Wired,
    limit: Limit = 100,
    cursor: Cursor = None,
    status: DeliveryStatus | None = None,
    channel: Annotated[str | None, Query(description="Id or key.", max_length=200)] = None,
    incident: Annotated[str | None, Query(description="Its id.", max_length=200)] = None,
) -> Response:
    """Deliveries, newest first; `status=dead` are those that were given up.

    As NDJSON or CSV, all of them.
    """

    def of_what(session: Session) -> tuple[int | None, int | None]:
        return (
            None if channel is None else channel_rows.load(session, channel).row,
            None if incident is None else incidents.load(session, incident).key,
        )

    told_to, about = await service.database.read(of_what)

    def page(session: Session, size: int, place: int | None) -> Items:
        found, following = delivery_pages.page(
            session, size, place, status=status, channel=told_to, incident=about
        )
        return [DeliveryOut.of(delivery) for delivery in found], following

    return await exported(request, service, DeliveryOut, page, limit, cursor)


@router.get("/deliveries/{delivery_id}")
async def one(service: Wired, delivery_id: str) -> DeliveryOut:
    """A delivery, with its message."""
    return DeliveryOut.of(
        await service.database.read(lambda session: delivery_pages.load(session, delivery_id))
    )


@router.post("/deliveries/{delivery_id}/redeliver", status_code=202)
async def redeliver(request: Request, service: Wired, delivery_id: str) -> DeliveryOut:
    """Send it once more, whatever has become of it, under the same id; its tries begin anew."""
    await Body(request).nothing()
    return DeliveryOut.of(await channels.redeliver(service.database, service.notices, delivery_id))
