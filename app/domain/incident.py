"""Incidents: the span from when a target is believed to be down until it is believed to be back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from checkers import Reason


def mean_time_to_recovery(lasted: Sequence[float]) -> float | None:
    """Of incidents that are over, from first failure to recovery; `None`: there are none."""
    return sum(lasted) / len(lasted) if lasted else None


class IncidentStatus(StrEnum):
    """Whether an incident goes on."""

    OPEN = "open"
    RESOLVED = "resolved"


class Entry(StrEnum):
    """What a line of a time line tells."""

    OUTCOME = "outcome"
    STATUS = "status"
    OPENED = "opened"
    FLAPPING = "flapping"
    HELD_BACK = "held_back"
    TOLD = "told"
    ACKNOWLEDGED = "acknowledged"
    COMMENT = "comment"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorName:
    """Which monitor something is about; `id` is `None` once it is removed."""

    id: str | None
    key: str
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One thing that happened, at an instant.

    Attributes:
        text: a sentence for people.
        author: who said or did it, where that was a person.
    """

    at: datetime
    entry: Entry
    status: str | None = None
    reason: str | None = None
    text: str | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A span of trouble; `monitor` is `None` when it is our own connectivity.

    Attributes:
        opened_at: when the first check failed that led to it.
        told: whether people were told, or it was held back.
    """

    id: str
    monitor: MonitorName | None
    status: IncidentStatus
    reason: Reason | None
    detail: str | None
    flapping: bool
    told: bool
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    timeline: tuple[TimelineEntry, ...] = ()

    def lasted(self, now: datetime) -> float:
        """Seconds from the first failure to the recovery, or until now; never below nought."""
        return max(((self.resolved_at or now) - self.opened_at).total_seconds(), 0.0)
