"""Channels as they are answered: what is secret is masked."""

from datetime import datetime

from pydantic import BaseModel

from app.api.targets import MASK
from app.domain.message import Channel, ChannelType, MessageType


class ChannelOut(BaseModel):
    """A channel; what is secret is masked, and kept when it is sent back masked."""

    id: str
    key: str
    name: str | None
    type: ChannelType
    url: str
    secret: str | None
    events: list[MessageType]
    enabled: bool
    remind_every_seconds: float | None
    created_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, channel: Channel) -> "ChannelOut":
        here = f"/api/v1/channels/{channel.id}"
        return cls(
            id=channel.id,
            key=channel.key,
            name=channel.name,
            type=channel.type,
            url=channel.shown_url,
            secret=None if channel.secret is None else MASK,
            events=list(channel.events),
            enabled=channel.enabled,
            remind_every_seconds=channel.remind_every,
            created_at=channel.created_at,
            links={"self": here, "deliveries": f"/api/v1/deliveries?channel={channel.id}"},
        )


class ChannelPage(BaseModel):
    """Channels in the order they were made."""

    items: list[ChannelOut]
    next_cursor: str | None
