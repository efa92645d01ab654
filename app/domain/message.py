"""What people are told, over which channels, and when a message is sent again."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# Quick at first, for a receiver that is being restarted; a day in all, for one that is away.
_REST_SECONDS: Final = (
    1, 2, 5, 15, 60, 300, 900, 3600, 2 * 3600, 4 * 3600, 4 * 3600, 6 * 3600, 6 * 3600,
)  # fmt: skip
# Receivers that come back would else be met by everybody at once.
_JITTER: Final = 0.2
_GIVEN_UP_AFTER: Final = timedelta(hours=24)


class MessageType(StrEnum):
    """What a message tells of."""

    OPENED = "incident.opened"
    RESOLVED = "incident.resolved"
    REMINDER = "incident.reminder"
    ACKNOWLEDGED = "incident.acknowledged"
    COMMENTED = "incident.commented"
    DEGRADED = "monitor.degraded"
    RECOVERED = "monitor.recovered"
    TEST = "channel.test"


#: What a channel is told of unless it is said otherwise.
DEFAULT_EVENTS: Final = (
    MessageType.OPENED,
    MessageType.RESOLVED,
    MessageType.REMINDER,
    MessageType.DEGRADED,
    MessageType.RECOVERED,
)


class ChannelType(StrEnum):
    """The ways of telling people."""

    WEBHOOK = "webhook"
    EMAIL = "email"
    APPRISE = "apprise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where messages go.

    Attributes:
        url: an address; what of it is secret is never shown.
        secret: signs webhooks; `None`: no signature.
        remind_every: seconds between reminders while an incident is open; `None`: none.
    """

    id: str
    key: str
    name: str | None
    type: ChannelType
    url: str
    secret: str | None
    events: tuple[MessageType, ...]
    enabled: bool
    remind_every: float | None
    created_at: datetime


class DeliveryStatus(StrEnum):
    """How far a delivery has come."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way over one channel.

    Attributes:
        body: the message as JSON; the same at every try.
    """

    id: str
    channel: str
    incident: str | None
    type: MessageType
    status: DeliveryStatus
    tries: int
    error: str | None
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None
    body: str


def rest_after(tries: int, since: datetime, now: datetime) -> timedelta | None:
    """How long to wait after so many failed tries; `None` once a day has been tried.

    Args:
        since: when it was first due.
    """
    if now - since >= _GIVEN_UP_AFTER:
        return None
    rest = _REST_SECONDS[min(tries, len(_REST_SECONDS)) - 1]
    return timedelta(seconds=rest * random.uniform(1 - _JITTER, 1 + _JITTER))
