"""A monitor: a target with a schedule, how it is judged, and who is told."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from app.domain.incident import Incident
from app.domain.outcome import StoredOutcome
from app.domain.schedule import Schedule
from app.domain.watch import Thresholds, Watch
from checkers import ClientName, StrategyName, Target

#: So many may be sent in one request.
MAX_MONITORS: Final = 10_000


class MonitorStatus(StrEnum):
    """What is said of a monitor: what is believed of its target, or why nothing is."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"
    PENDING = "pending"
    PAUSED = "paused"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """What share of the time a target is to be up, over how long a window."""

    target: float
    window: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A monitor as it was asked for.

    Attributes:
        depends_on: keys of monitors; while one of them is down nobody is alerted of this one.
        channels: keys of the channels that are told.
    """

    key: str
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    target: Target
    schedule: Schedule
    strategy: StrategyName
    client: ClientName
    enabled: bool = True
    thresholds: Thresholds = field(default_factory=Thresholds)
    depends_on: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    slo: Slo | None = None


class MonitorOutcome(NamedTuple):
    """What a check of a monitor ended in, as it is kept.

    Attributes:
        intended_at: when it was to begin, in microseconds.
        late_us: how much later it began; `None` where none did.
        missed: turns in which no check was made, where this tells of such.
    """

    intended_at: int
    late_us: int | None
    missed: int | None
    stored: StoredOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """A monitor as it stands.

    Attributes:
        open_incident: without its time line.
    """

    id: str
    definition: Definition
    watch: Watch
    maintenance_since: datetime | None
    unknown_since: datetime | None
    next_due_at: datetime | None
    last_outcome: MonitorOutcome | None
    open_incident: Incident | None
    created_at: datetime
    updated_at: datetime

    @property
    def status(self) -> MonitorStatus:
        if not self.definition.enabled:
            return MonitorStatus.PAUSED
        if self.maintenance_since is not None:
            return MonitorStatus.MAINTENANCE
        return MonitorStatus(self.watch.health.value)

    @property
    def since(self) -> datetime:
        if self.definition.enabled and self.maintenance_since is not None:
            return self.maintenance_since
        return self.watch.since


class Result(StrEnum):
    """What became of a definition that was sent."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


def key_of(url: str) -> str:
    """A key for a URL: the same whenever it is imported, and fit for a path."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", url.partition("://")[2]).strip("-")
    # What cannot be a URL is refused by whoever reads the monitor.
    written = url.encode("utf-8", "surrogatepass")
    return f"{plain[:150]}-{hashlib.blake2b(written, digest_size=3).hexdigest()}"


def in_a_circle(graph: Mapping[str, Sequence[str]], key: str) -> bool:
    """Whether a monitor depends on itself, over however many others.

    Args:
        graph: what each monitor depends on.
    """
    seen: set[str] = set()
    ahead = list(graph.get(key, ()))
    while ahead:
        other = ahead.pop()
        if other == key:
            return True
        if other not in seen:
            seen.add(other)
            ahead.extend(graph.get(other, ()))
    return False
