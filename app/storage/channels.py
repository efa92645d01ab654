"""Where people are told; addresses and secrets are sealed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.message import Channel, ChannelType, MessageType
from app.storage.channel_rows import ChannelRow
from app.storage.database import vault_of
from app.storage.instants import from_column, micros, seconds, to_column
from app.storage.monitor_rows import MonitorRow


@dataclass(frozen=True, slots=True)
class Stored:
    """A channel with its row."""

    row: int
    channel: Channel


def load(session: Session, name: str) -> Stored:
    """The channel of an id or a key; raises `NotFound`."""
    for column in (ChannelRow.public_id, ChannelRow.key):
        row = session.scalars(select(ChannelRow).where(column == name)).one_or_none()
        if row is not None:
            return _stored(session, row)
    raise NotFound(f"There is no channel {name!r}.")


def find_by_key(session: Session, key: str) -> Stored | None:
    """The channel of a key, if there is one."""
    row = session.scalars(select(ChannelRow).where(ChannelRow.key == key)).one_or_none()
    return None if row is None else _stored(session, row)


def load_row(session: Session, row: int) -> Channel | None:
    """The channel of a row, if it is there still."""
    found = session.get(ChannelRow, row)
    return None if found is None else _stored(session, found).channel


def page(session: Session, limit: int, after: int | None) -> tuple[list[Channel], int | None]:
    """Channels in the order they were made, and where the next page begins."""
    query = select(ChannelRow).where(ChannelRow.id > (after or 0)).order_by(ChannelRow.id)
    rows = list(session.scalars(query.limit(limit + 1)))
    following = rows[limit - 1].id if len(rows) > limit else None
    return [_stored(session, row).channel for row in rows[:limit]], following


def missing_keys(session: Session, keys: Sequence[str]) -> list[str]:
    """Those of these keys that no channel has."""
    there = set(session.scalars(select(ChannelRow.key)))
    return [key for key in keys if key not in there]


def insert_channel(session: Session, channel: Channel) -> None:
    """Store a new channel."""
    session.execute(
        insert(ChannelRow).values(
            public_id=channel.id,
            created_at=to_column(channel.created_at),
            **_columns(session, channel),
        )
    )


def replace_channel(session: Session, row: int, channel: Channel) -> None:
    """Define a channel anew."""
    session.execute(
        update(ChannelRow).where(ChannelRow.id == row).values(**_columns(session, channel))
    )


def remove(session: Session, row: int) -> None:
    """Remove a channel, with its deliveries."""
    session.execute(delete(ChannelRow).where(ChannelRow.id == row))


def named_by(session: Session, key: str) -> list[str]:
    """The keys of the monitors that name a channel."""
    rows = session.execute(
        select(MonitorRow.key, MonitorRow.channels).where(MonitorRow.channels != "[]")
    )
    return [monitor for monitor, channels in rows if key in json.loads(channels)]


def _columns(session: Session, channel: Channel) -> dict[str, Any]:
    seal = vault_of(session).seal
    return {
        "key": channel.key,
        "name": channel.name,
        "type": channel.type.value,
        "url": seal(channel.url),
        "shown_url": seal(channel.shown_url),
        "secret": None if channel.secret is None else seal(channel.secret),
        "events": json.dumps([event.value for event in channel.events]),
        "enabled": channel.enabled,
        "remind_every_us": micros(channel.remind_every),
    }


def _stored(session: Session, row: ChannelRow) -> Stored:
    unseal = vault_of(session).open
    channel = Channel(
        id=row.public_id,
        key=row.key,
        name=row.name,
        type=ChannelType(row.type),
        url=unseal(row.url),
        shown_url=unseal(row.shown_url),
        secret=None if row.secret is None else unseal(row.secret),
        events=tuple(MessageType(event) for event in json.loads(row.events)),
        enabled=row.enabled,
        remind_every=seconds(row.remind_every_us),
        created_at=from_column(row.created_at),
    )
    return Stored(row.id, channel)
