"""How long a monitor was what: its changes of status, and the spans in which nothing was known."""

from datetime import datetime
from typing import Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.domain.incident import Entry
from app.domain.monitor import MonitorStatus
from app.domain.rollup import Known, dated
from app.domain.uptime import Change, Span
from app.storage.instants import LATEST, from_column, to_column
from app.storage.monitor_rows import GapRow

# With the driver's own cursor: a report asks for a thousand monitors one by one.
_GAPS: Final = (
    "SELECT from_at, to_at FROM gaps WHERE monitor_id=? AND to_at > ? AND from_at < ? "
    "UNION ALL SELECT unknown_since, ? FROM watches WHERE monitor_id=? AND unknown_since < ?"
)
_CHANGES: Final = (
    'SELECT id, at, "before", status FROM transitions '  # noqa: S608 -- our own constants
    f"WHERE monitor_id=? AND id > ? AND id <= ? AND entry='{Entry.STATUS.value}' ORDER BY id"
)
_MAINTENANCE: Final = (
    "SELECT at, status FROM transitions WHERE monitor_id=? AND entry=? AND at < ? "
    'AND (status=? OR "before"=?) ORDER BY id'
)


def insert_gap(session: Session, monitor: int, since: datetime, until: datetime, why: str) -> None:
    """Note a span in which nothing was known of a monitor."""
    if until > since:
        session.execute(
            insert(GapRow).values(
                monitor_id=monitor, from_at=to_column(since), to_at=to_column(until), why=why
            )
        )


def gaps(session: Session, monitor: int, window: Span) -> list[Span]:
    """The spans of a window in which nothing was known of a monitor; one may go on still."""
    cursor = session.connection().connection.cursor()
    since, until = to_column(window.since), to_column(window.until)
    cursor.execute(_GAPS, (monitor, since, until, until, monitor, until))
    return [Span(from_column(begin), from_column(end)) for begin, end in cursor.fetchall()]


def changes(
    session: Session, monitor: int, now: datetime, after: int = 0, through: int = LATEST
) -> list[Known]:
    """Changes of what is shown of a monitor, in the order they came to be known, dated.

    Args:
        after: the change before the first of them.
        through: the last of them; all there are unless given.
    """
    cursor = session.connection().connection.cursor()
    cursor.execute(_CHANGES, (monitor, after, through))
    return dated(
        [
            Known(id_, Change(from_column(at), before or "", status or ""))
            for id_, at, before, status in cursor.fetchall()
        ],
        now,
    )


def maintained(session: Session, monitor: int, window: Span) -> list[Span]:
    """The parts of a window in which a monitor was under maintenance, in order."""
    under = MonitorStatus.MAINTENANCE.value
    cursor = session.connection().connection.cursor()
    cursor.execute(
        _MAINTENANCE, (monitor, Entry.STATUS.value, to_column(window.until), under, under)
    )
    found: list[Span] = []
    begun: datetime | None = None
    for at, status in cursor.fetchall():
        if status == under:
            begun = begun or from_column(at)
        elif begun is not None:
            found.append(Span(begun, from_column(at)))
            begun = None
    if begun is not None:
        found.append(Span(begun, window.until))
    inside = (Span(max(each.since, window.since), each.until) for each in found)
    return [each for each in inside if each.since < each.until]
