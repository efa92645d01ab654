"""What a status page shows at an instant: its components with their days, and what happened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from app.domain.incident import Incident
from app.domain.public_failure import Failure, failure_of
from app.domain.rollup import summed
from app.domain.status_page import (
    GOING_ON,
    ComponentStatus,
    StatusPage,
    Update,
    day_status,
)
from app.domain.uptime import Uptime

#: A bar is a day of UTC; today is the last of them.
DAYS: Final = 90


class Day(NamedTuple):
    """A day of a component; `uptime` is `None` where nothing was laid down."""

    date: date
    uptime: Uptime | None

    @property
    def status(self) -> ComponentStatus | None:
        return day_status(self.uptime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A monitor as the public sees it.

    Attributes:
        status: `None` where nothing is known.
        last_known_at: since when it tells nothing new, by our own fault; `None`: it does.
        days: oldest first.
    """

    key: str
    name: str
    status: ComponentStatus | None
    last_known_at: datetime | None
    days: Sequence[Day]

    @property
    def uptime(self) -> float | None:
        """The share of its days in which it was up; `None` where nothing is known."""
        return summed(day.uptime for day in self.days if day.uptime is not None).ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Something that happened or is announced: an incident, what people wrote, or both.

    Attributes:
        title: as people named it; `None`: they have not, so it is told by what fails.
        components: names of those that are affected, in the order of the page.
        failure: the kind of an incident's first failure.
        incident: whether a check found it.
        ended_at: `None` while it goes on.
        updates: newest first.
    """

    id: str
    title: str | None
    components: Sequence[str]
    failure: Failure | None
    incident: bool
    began_at: datetime
    ended_at: datetime | None
    updates: Sequence[Update]

    @property
    def changed_at(self) -> datetime:
        """When there was last something new of it."""
        moments = [self.began_at, *(update.at for update in self.updates)]
        return max(moments if self.ended_at is None else [*moments, self.ended_at])

    def lasted(self, now: datetime) -> timedelta:
        """From its beginning to its end, or until now."""
        return max((self.ended_at or now) - self.began_at, timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """A page as it stands.

    Attributes:
        status: of all the components there are; `None`: nothing is known of any.
        components: as many as are shown.
        total: how many there are.
        matters: what goes on first, then what changed last.
        earlier: how many more there were in the same time, which are left out.
    """

    page: StatusPage
    now: datetime
    status: ComponentStatus | None
    components: Sequence[Component]
    total: int
    matters: Sequence[Matter]
    earlier: int


def matters_of(
    incidents: Iterable[Incident], updates: Iterable[Update], names: Mapping[str, str]
) -> list[Matter]:
    """Incidents and what people wrote, put together.

    What goes on comes first; of each kind that which changed last.

    Args:
        names: of the page's components, by key, in its order.
    """
    written: dict[str, list[Update]] = {}
    for update in sorted(updates, key=lambda each: (each.at, each.id), reverse=True):
        written.setdefault(update.matter, []).append(update)
    made = [_of_incident(each, written.pop(each.id, []), names) for each in incidents]
    made += [_of_updates(matter, some, names) for matter, some in written.items()]
    made.sort(key=lambda each: each.changed_at, reverse=True)
    return sorted(made, key=lambda each: each.ended_at is not None)


def _of_incident(incident: Incident, updates: Sequence[Update], names: Mapping[str, str]) -> Matter:
    keys = {key for update in updates for key in update.keys}
    if incident.monitor is not None:
        keys.add(incident.monitor.key)
    began_at = incident.opened_at
    return Matter(
        id=incident.id,
        title=updates[0].title if updates else None,
        components=[name for key, name in names.items() if key in keys],
        failure=failure_of(incident.reason),
        incident=True,
        began_at=began_at,
        # A clock that was put back may have dated the end before the beginning.
        ended_at=None if incident.resolved_at is None else max(incident.resolved_at, began_at),
        updates=updates,
    )


def _of_updates(matter: str, updates: Sequence[Update], names: Mapping[str, str]) -> Matter:
    keys = {key for update in updates for key in update.keys}
    last = updates[0]
    return Matter(
        id=matter,
        title=last.title,
        components=[name for key, name in names.items() if key in keys],
        failure=None,
        incident=False,
        began_at=updates[-1].at,
        ended_at=None if last.status in GOING_ON else last.at,
        updates=updates,
    )
