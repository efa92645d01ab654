"""What is kept of the past of a monitor, and where it lies.

Pasts are read with the driver's own cursor: a report asks for a thousand monitors one by one.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.rollup import DAY, HOUR, HOURS_KEPT, SETTLED_AFTER, Roll, ceiling, floor, number
from app.domain.slices import Kept
from app.domain.uptime import Span
from app.storage import rollups
from app.storage.instants import from_column
from app.storage.monitor_rows import MonitorOutcomeRow
from app.storage.raw import removed_through
from app.storage.rollups import key_of

# Nothing was removed yet.
_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Past(NamedTuple):
    """A monitor's row, when it was made, how far it is rolled up, and what is kept of it."""

    monitor: int
    born: datetime
    roll: Roll
    kept: Kept
    now: datetime


def past_of(session: Session, monitor: int, now: datetime) -> Past:
    """What there is to read of a monitor, which is there."""
    return next(pasts_of(session, [monitor], now))


def pasts_of(session: Session, monitors: Sequence[int], now: datetime) -> Iterator[Past]:
    """What there is to read of monitors; those that are gone are left out."""
    outcomes, hours = _outcomes_since(session, now), ceiling(now - HOURS_KEPT, DAY)
    settled = floor(now - SETTLED_AFTER, HOUR)
    for monitor in monitors:
        loaded = rollups.load(session, monitor)
        if loaded is not None:
            born, roll = loaded
            # Where a roll-up is catching up, outcomes are ahead of seconds.
            until = max(roll.until, settled)
            yield Past(monitor, born, roll, Kept(outcomes=outcomes, hours=hours, until=until), now)


def driver(session: Session) -> Any:
    """A cursor of the driver."""
    return session.connection().connection.cursor()


def keys(monitor: int, span: Span, size: timedelta) -> tuple[int, int]:
    """Between which rows the hours, or the days, of a span lie: the first, and what follows."""
    return (
        key_of(monitor, number(span.since, size)),
        key_of(monitor, number(ceiling(span.until, size), size)),
    )


def _outcomes_since(session: Session, now: datetime) -> datetime:
    """The full hour from which on single outcomes are kept."""
    through = removed_through(session)
    if not through:
        return _ALWAYS
    oldest = session.scalars(
        select(MonitorOutcomeRow.started_at)
        .where(MonitorOutcomeRow.id > through)
        .order_by(MonitorOutcomeRow.id)
        .limit(1)
    ).first()
    return ceiling(now if oldest is None else min(from_column(oldest), now), HOUR)
