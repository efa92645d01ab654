"""How long a monitor was what: its changes of status, and the spans in which nothing was known."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.domain.incident import Entry
from app.domain.uptime import Change, Span
from app.storage.instants import from_column, to_column
from app.storage.monitor_rows import GapRow, TransitionRow


def insert_gap(session: Session, monitor: int, since: datetime, until: datetime, why: str) -> None:
    """Note a span in which nothing was known of a monitor."""
    if until > since:
        session.execute(
            insert(GapRow).values(
                monitor_id=monitor, from_at=to_column(since), to_at=to_column(until), why=why
            )
        )


def gaps(session: Session, monitor: int, since: datetime, until: datetime) -> list[Span]:
    """The spans of a window in which nothing was known of a monitor."""
    rows = session.execute(
        select(GapRow.from_at, GapRow.to_at).where(
            GapRow.monitor_id == monitor,
            GapRow.to_at > to_column(since),
            GapRow.from_at < to_column(until),
        )
    )
    return [Span(from_column(begin), from_column(end)) for begin, end in rows]


def changes(session: Session, monitor: int, until: datetime) -> list[Change]:
    """Every change of a monitor's status until an instant, in order."""
    rows = session.execute(
        select(TransitionRow.at, TransitionRow.before, TransitionRow.status)
        .where(
            TransitionRow.monitor_id == monitor,
            TransitionRow.entry == Entry.STATUS.value,
            TransitionRow.at < to_column(until),
        )
        .order_by(TransitionRow.id)
    )
    return [Change(from_column(at), before or "", status or "") for at, before, status in rows]
