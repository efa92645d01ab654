"""Status pages: what the public is told of some monitors, and what people wrote for it.

What is not known is never an outage: a component of which nothing is known has no status at all,
and neither worsens nor betters the page it stands on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.domain.monitor import MonitorStatus
from app.domain.uptime import Uptime


class ComponentStatus(StrEnum):
    """How a component, or a whole page, stands; from the mildest to the worst."""

    OPERATIONAL = "operational"
    UNDER_MAINTENANCE = "under_maintenance"
    DEGRADED_PERFORMANCE = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"


class MatterStatus(StrEnum):
    """How a matter stands that people write of."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    SCHEDULED = "scheduled"
    NOTE = "note"


#: A matter whose last update says one of these is not over.
GOING_ON: Final = frozenset(
    {
        MatterStatus.INVESTIGATING,
        MatterStatus.IDENTIFIED,
        MatterStatus.MONITORING,
        MatterStatus.SCHEDULED,
    }
)
_SHOWN_AS: Final = {
    MonitorStatus.UP: ComponentStatus.OPERATIONAL,
    MonitorStatus.DEGRADED: ComponentStatus.DEGRADED_PERFORMANCE,
    MonitorStatus.DOWN: ComponentStatus.MAJOR_OUTAGE,
    MonitorStatus.MAINTENANCE: ComponentStatus.UNDER_MAINTENANCE,
}
_OUTAGES: Final = frozenset({ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.MAJOR_OUTAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """A public page.

    Attributes:
        id: drawn at random; what the feed and its entries are named after.
        keys, labels: the monitors it shows: those with one of the keys, in that order, and, where
            there are labels, those that bear all of them.
    """

    id: str
    slug: str
    title: str
    description: str = ""
    keys: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a person wrote of a matter, in plain text.

    Attributes:
        matter: what it belongs to: an id of its own, or that of an incident.
        keys: of the monitors that are affected.
    """

    id: str
    matter: str
    title: str
    text: str
    status: MatterStatus
    keys: tuple[str, ...] = ()
    at: datetime


def component_status(status: MonitorStatus) -> ComponentStatus | None:
    """What the public is told of a monitor that stands so.

    `None` for one that was not seen yet, of which we know nothing by our own fault, or that
    nobody watches: to call it operational would be made up, to call it out would accuse it.
    """
    return _SHOWN_AS.get(status)


def overall_status(components: Iterable[ComponentStatus | None]) -> ComponentStatus | None:
    """How a page stands; `None` when nothing is known of any component.

    Outages are major when they are most (more than half) of what is known and not under
    maintenance. Else the worst there is counts.
    """
    known = [status for status in components if status is not None]
    out = sum(status in _OUTAGES for status in known)
    if out:
        counted = sum(status is not ComponentStatus.UNDER_MAINTENANCE for status in known)
        most = out * 2 > counted and ComponentStatus.MAJOR_OUTAGE in known
        return ComponentStatus.MAJOR_OUTAGE if most else ComponentStatus.PARTIAL_OUTAGE
    for status in (ComponentStatus.DEGRADED_PERFORMANCE, ComponentStatus.UNDER_MAINTENANCE):
        if status in known:
            return status
    return ComponentStatus.OPERATIONAL if known else None


def day_status(day: Uptime | None) -> ComponentStatus | None:
    """How the bar of a day is drawn; `None`: nothing is known of it.

    An outage of a day is major when it took most of what is known; any other is a partial one.
    """
    if day is None:
        return None
    seconds = day.seconds
    if day.down > 0:
        most = day.down * 2 > day.known
        return ComponentStatus.MAJOR_OUTAGE if most else ComponentStatus.PARTIAL_OUTAGE
    for status in (MonitorStatus.DEGRADED, MonitorStatus.MAINTENANCE, MonitorStatus.UP):
        if seconds[status] > 0:
            return _SHOWN_AS[status]
    return None
