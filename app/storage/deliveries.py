"""Messages on their way: written in the commit that made them necessary, noted try by try."""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.message import DeliveryStatus, MessageType
from app.storage.channel_rows import ChannelRow, DeliveryRow
from app.storage.instants import from_column, from_optional, to_column
from app.storage.upkeep import STEP_ROWS

_PENDING: Final = DeliveryStatus.PENDING.value


class Due(NamedTuple):
    """A delivery to be tried now.

    Attributes:
        since: when it was tried first; before that, when it was written.
    """

    id: str
    tries: int
    since: datetime
    body: str


def enqueue(
    session: Session,
    *,
    keys: Sequence[str] | None,
    incident_key: int | None,
    type: MessageType,  # noqa: A002 -- the field's name
    body: Callable[[str], str],
    now: datetime,
) -> int:
    """Put a message on its way over every enabled channel that wants it; over how many.

    Args:
        keys: of the channels; `None`: of all.
        body: the message as JSON, under the id it is given.
    """
    query = select(ChannelRow.id, ChannelRow.events).where(ChannelRow.enabled)
    if keys is not None:
        query = query.where(ChannelRow.key.in_(keys))
    wanting = [
        row for row, events in session.execute(query).all() if type.value in json.loads(events)
    ]
    for channel in wanting:
        insert_one(session, channel, incident_key, type, body, now)
    return len(wanting)


def insert_one(
    session: Session,
    channel: int,
    incident: int | None,
    type_: MessageType,
    body: Callable[[str], str],
    now: datetime,
) -> str:
    """Put a message on its way over one channel; its id."""
    public_id, at = f"msg_{token_hex(10)}", to_column(now)
    session.execute(
        insert(DeliveryRow).values(
            public_id=public_id,
            channel_id=channel,
            incident_id=incident,
            type=type_.value,
            status=_PENDING,
            tries=0,
            created_at=at,
            due_first_at=at,
            due_at=at,
            body=body(public_id),
        )
    )
    return public_id


def agenda(
    session: Session, now: datetime, under_way: Collection[int]
) -> tuple[list[int], datetime | None]:
    """The rows of channels that have something to be tried now, and when the next will have.

    Args:
        under_way: rows of channels that need not be told of.
    """
    others = DeliveryRow.channel_id.not_in(under_way)
    first = _first_of_each(others)
    at = to_column(now)
    due_now = (
        select(DeliveryRow.channel_id)
        .where(DeliveryRow.id.in_(first), DeliveryRow.due_at <= at)
        .distinct()
    )
    later = select(func.min(DeliveryRow.due_at)).where(
        DeliveryRow.id.in_(first), DeliveryRow.due_at > at
    )
    return list(session.scalars(due_now)), from_optional(session.scalar(later))


def due(
    session: Session, channel: int, now: datetime, limit: int, under_way: Collection[str] = ()
) -> list[Due]:
    """What is to be tried now over a channel: of each incident only the oldest that is pending.

    Args:
        under_way: ids of deliveries that are being tried already.
    """
    rows = session.scalars(
        select(DeliveryRow)
        .where(
            DeliveryRow.id.in_(_first_of_each(DeliveryRow.channel_id == channel)),
            DeliveryRow.due_at <= to_column(now),
            DeliveryRow.public_id.not_in(under_way),
        )
        .order_by(DeliveryRow.id)
        .limit(limit)
    )
    return [Due(r.public_id, r.tries, from_column(r.due_first_at), r.body) for r in rows]


def note_try(
    session: Session,
    tried: Due,
    now: datetime,
    *,
    status: DeliveryStatus,
    due_at: datetime | None,
    error: str | None,
) -> None:
    """Note how a try went."""
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.public_id == tried.id, DeliveryRow.status == _PENDING)
        .values(
            status=status.value,
            tries=DeliveryRow.tries + 1,
            due_first_at=to_column(tried.since),
            due_at=None if due_at is None else to_column(due_at),
            sent_at=to_column(now) if status is DeliveryStatus.SENT else None,
            error=error,
        )
    )


def give_up(session: Session, channel: int, why: str) -> None:
    """Send nothing more of what is on its way over a channel; it can be sent again."""
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.channel_id == channel, DeliveryRow.status == _PENDING)
        .values(status=DeliveryStatus.DEAD.value, due_at=None, error=why)
    )


def send_again(session: Session, public_id: str, now: datetime) -> None:
    """Put a delivery on its way once more, whatever has become of it; raises `NotFound`."""
    at = to_column(now)
    again = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.public_id == public_id)
        .values(status=_PENDING, tries=0, error=None, sent_at=None, due_first_at=at, due_at=at)
        .returning(DeliveryRow.id)
    )
    if again.first() is None:
        raise NotFound(f"There is no delivery {public_id!r}.")


def remove_some_expired(session: Session, before: datetime, limit: int = STEP_ROWS) -> bool:
    """Take one step at removing deliveries that ended long ago; whether there was something."""
    some = list(
        session.scalars(
            select(DeliveryRow.id)
            .where(
                DeliveryRow.status != _PENDING,
                DeliveryRow.created_at < to_column(before),
            )
            .limit(limit)
        )
    )
    if some:
        session.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(some)))
    return bool(some)


def _first_of_each(where: Any) -> Select[int]:
    """The oldest pending delivery of each incident on each channel; those without wait for none."""
    apart = func.coalesce(DeliveryRow.incident_id, -DeliveryRow.id)
    return (
        select(func.min(DeliveryRow.id))
        .where(DeliveryRow.status == _PENDING, where)
        .group_by(DeliveryRow.channel_id, apart)
    )
