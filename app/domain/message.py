"""What people are told, over which channels, and when a message is sent again."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.incident import Incident, MonitorName
from checkers import Outcome

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What people are to be told.

    Attributes:
        outcome: what was seen last, where that is why.
    """

    type: MessageType
    at: datetime
    incident: Incident | None = None
    monitor: MonitorName | None = None
    outcome: Outcome | None = None


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
        shown_url: the same with `***` for what is secret.
        secret: signs webhooks; `None`: no signature.
        remind_every: seconds between reminders while an incident is open; `None`: none.
    """

    id: str
    key: str
    name: str | None
    type: ChannelType
    url: str
    shown_url: str
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
class ChannelName:
    """Which channel something is about."""

    id: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way over one channel.

    Attributes:
        body: the message as JSON; the same at every try.
    """

    id: str
    channel: ChannelName
    incident: str | None
    type: MessageType
    status: DeliveryStatus
    tries: int
    error: str | None
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """How one try at a delivery went.

    Attributes:
        error: why the message was not taken; `None`: it was.
        final: whether another try can do no better.
    """

    error: str | None = None
    final: bool = False


def after_try(
    tried: Try, tries: int, since: datetime, now: datetime
) -> tuple[DeliveryStatus, datetime | None]:
    """What becomes of a delivery after so many tries, and when it is tried next.

    Args:
        since: when it was tried first.
    """
    if tried.error is None:
        return DeliveryStatus.SENT, None
    rest = None if tried.final else rest_after(tries, since, now)
    return (DeliveryStatus.DEAD, None) if rest is None else (DeliveryStatus.PENDING, now + rest)


def rest_after(tries: int, since: datetime, now: datetime) -> timedelta | None:
    """How long to wait after so many failed tries; `None` once a day has been tried.

    Args:
        since: when it was tried first; the last try is a day later.
    """
    left = since + _GIVEN_UP_AFTER - now
    if left <= timedelta(0):
        return None
    rest = _REST_SECONDS[min(tries, len(_REST_SECONDS)) - 1]
    jittered = timedelta(seconds=rest * random.uniform(1 - _JITTER, 1 + _JITTER))
    return min(jittered, left)
