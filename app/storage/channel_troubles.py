"""How channels fare: what waits to be sent over each, what was sent last, what was given up."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.message import DeliveryStatus, MessageType
from app.storage.channel_rows import ChannelRow, DeliveryRow
from app.storage.instants import from_column

#: So many of the newest deliveries are looked at, of whatever channel.
LOOKED_AT: Final = 1000


class Last(NamedTuple):
    """The newest delivery of a channel."""

    id: str
    type: MessageType
    status: DeliveryStatus
    error: str | None
    created_at: datetime


class Fares(NamedTuple):
    """How a channel fares.

    Attributes:
        last: `None` where none of those looked at is of it.
        pending: how many are on their way.
        dead: how many of those looked at were given up.
    """

    last: Last | None = None
    pending: int = 0
    dead: int = 0


def fares(session: Session, ids: Iterable[str]) -> Mapping[str, Fares]:
    """How the channels of these ids fare."""
    found = dict.fromkeys(ids, Fares())
    # From the newest: the first that is met of a channel is its last.
    newest = (
        select(
            ChannelRow.public_id, DeliveryRow.public_id, DeliveryRow.type, DeliveryRow.status,
            DeliveryRow.error, DeliveryRow.created_at,
        )
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .order_by(DeliveryRow.id.desc())
        .limit(LOOKED_AT)
    )  # fmt: skip
    for channel, id_, type_, status, error, at in session.execute(newest):
        each = found.get(channel)
        if each is None:
            continue
        if each.last is None:
            last = Last(id_, MessageType(type_), DeliveryStatus(status), error, from_column(at))
            each = each._replace(last=last)
        dead = each.dead + (status == DeliveryStatus.DEAD.value)
        found[channel] = each._replace(dead=dead)
    for channel, number in session.execute(_PENDING):
        if channel in found:
            found[channel] = found[channel]._replace(pending=number)
    return found


_PENDING: Final = (
    select(ChannelRow.public_id, func.count())
    .join(DeliveryRow, DeliveryRow.channel_id == ChannelRow.id)
    .where(DeliveryRow.status == DeliveryStatus.PENDING.value)
    .group_by(ChannelRow.public_id)
)
