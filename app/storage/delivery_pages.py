"""Deliveries as they are read: one, or by page."""

from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.message import ChannelName, Delivery, DeliveryStatus, MessageType
from app.storage.channel_rows import ChannelRow, DeliveryRow
from app.storage.instants import from_column, from_optional
from app.storage.monitor_rows import IncidentRow

_WITH_NAMES = (
    select(DeliveryRow, ChannelRow.public_id, ChannelRow.key, IncidentRow.public_id)
    .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
    .outerjoin(IncidentRow, IncidentRow.id == DeliveryRow.incident_id)
)
_Found = Row[DeliveryRow, str, str, str]


def load(session: Session, public_id: str) -> Delivery:
    """The delivery of that id; raises `NotFound`."""
    row = session.execute(_WITH_NAMES.where(DeliveryRow.public_id == public_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no delivery {public_id!r}.")
    return _delivery(row)


def page(
    session: Session,
    limit: int,
    before: int | None,
    *,
    status: DeliveryStatus | None = None,
    channel: int | None = None,
    incident: int | None = None,
) -> tuple[list[Delivery], int | None]:
    """Deliveries, newest first, and where the next page begins."""
    query = _WITH_NAMES
    if status is not None:
        query = query.where(DeliveryRow.status == status.value)
    if channel is not None:
        query = query.where(DeliveryRow.channel_id == channel)
    if incident is not None:
        query = query.where(DeliveryRow.incident_id == incident)
    if before is not None:
        query = query.where(DeliveryRow.id < before)
    rows: Sequence[_Found] = session.execute(
        query.order_by(DeliveryRow.id.desc()).limit(limit + 1)
    ).all()
    following = rows[limit - 1][0].id if len(rows) > limit else None
    return [_delivery(row) for row in rows[:limit]], following


def _delivery(found: _Found) -> Delivery:
    row, channel_id, channel_key, incident_id = found
    return Delivery(
        id=row.public_id,
        channel=ChannelName(id=channel_id, key=channel_key),
        incident=incident_id,
        type=MessageType(row.type),
        status=DeliveryStatus(row.status),
        tries=row.tries,
        error=row.error,
        created_at=from_column(row.created_at),
        due_at=from_optional(row.due_at),
        sent_at=from_optional(row.sent_at),
        body=row.body,
    )
