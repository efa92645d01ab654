"""Channels: defined, changed, removed, tried; deliveries sent again."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.domain.errors import Conflict
from app.domain.message import Channel, Delivery, DeliveryStatus, Message, MessageType
from app.domain.monitor import Result
from app.services import clock
from app.services.accepting import accepted
from app.services.alarms import Written
from app.services.notices import Notices
from app.storage import channels, deliveries, delivery_pages
from app.storage.database import Database
from app.storage.idempotency import Once, made_once

# Shown of a conflict; the rest would only be long.
_NAMED: Final = 5
_DISABLED: Final = "The channel was disabled."


async def place(
    database: Database, channel: Channel, once: Once | None = None
) -> tuple[Channel, Result]:
    """Create a channel, or change the one of that key; it, and what became of it.

    What is on its way over a channel that is disabled is given up.

    Raises:
        Invalid: a request with the same key said something else.
        NotFound: what that request made has been removed since.
    """

    def store(session: Session) -> tuple[Channel, Result]:
        made = made_once(session, once, clock.now(), lambda: json.dumps(_placed(session, channel)))
        id_, result = json.loads(made)
        return channels.load(session, id_).channel, Result(result)

    return await database.write(store)


def _placed(session: Session, channel: Channel) -> tuple[str, Result]:
    before = channels.find_by_key(session, channel.key)
    if before is None:
        channels.insert_channel(session, channel)
        return channel.id, Result.CREATED
    whole = replace(channel, id=before.channel.id, created_at=before.channel.created_at)
    if whole == before.channel:
        return whole.id, Result.UNCHANGED
    channels.replace_channel(session, before.row, whole)
    if before.channel.enabled and not whole.enabled:
        deliveries.give_up(session, before.row, _DISABLED)
    return whole.id, Result.CHANGED


async def remove(database: Database, name: str) -> None:
    """Remove a channel, with its deliveries.

    Raises:
        NotFound: there is none.
        Conflict: monitors name it.
    """

    def forget(session: Session) -> None:
        stored = channels.load(session, name)
        naming = channels.named_by(session, stored.channel.key)
        if naming:
            more = f" and {len(naming) - _NAMED} more" if len(naming) > _NAMED else ""
            told = ", ".join(naming[:_NAMED]) + more
            raise Conflict(f"The channel is named by monitors: {told}.")
        channels.remove(session, stored.row)

    await database.write(forget)


async def test(
    database: Database,
    notices: Notices,
    name: str,
    written: Written,
    *,
    once: Once | None,
    seconds: float,
) -> Delivery:
    """Send a test over a channel, as any message is; the delivery once tried, or after a while.

    Raises:
        NotFound: there is no such channel.
        As `accepted`.
    """

    def put(session: Session, now: datetime) -> str:
        message = Message(type=MessageType.TEST, at=now)
        row = channels.load(session, name).row
        return deliveries.insert_one(
            session, row, None, MessageType.TEST, lambda id_: written(id_, message), now
        )

    id_ = (await accepted(database, notices, once, put, delivery_pages.load)).id
    notices.deliveries.set()
    return await notices.wait_until(
        id_,
        lambda: database.read(lambda session: delivery_pages.load(session, id_)),
        tried,
        seconds,
    )


async def redeliver(database: Database, notices: Notices, id_: str) -> Delivery:
    """Put a delivery on its way once more, whatever has become of it; raises `NotFound`."""

    def again(session: Session) -> Delivery:
        deliveries.send_again(session, id_, clock.now())
        return delivery_pages.load(session, id_)

    delivery = await database.write(again)
    notices.deliveries.set()
    return delivery


def tried(delivery: Delivery) -> bool:
    """Whether a delivery has been tried, or has come to its end."""
    return delivery.status is not DeliveryStatus.PENDING or delivery.tries > 0
