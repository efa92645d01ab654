"""What schedules have made beyond what they keep: found, and removed in small steps."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.plan import Kind
from app.storage.monitor_rows import ScheduleRow
from app.storage.rows import BatchRow, ComparisonRow
from app.storage.upkeep import remove_some_of_batch, remove_some_of_comparison


class Surplus(NamedTuple):
    """One that has ended and is not kept, by its row."""

    kind: Kind
    key: int


def surplus(session: Session) -> list[Surplus]:
    """Of each schedule all that has ended but the newest it keeps, the newest first."""
    plans = session.execute(select(ScheduleRow.id, ScheduleRow.kind, ScheduleRow.keep)).all()
    return [
        Surplus(Kind(kind), made)
        for key, kind, keep in plans
        for made in _beyond(session, key, Kind(kind), keep)
    ]


def remove_some(session: Session, one: Surplus) -> bool:
    """Take one step at removing it; whether there was something left to remove."""
    table = _table(one.kind)
    if session.execute(select(table.id).where(table.id == one.key)).first() is None:
        return False
    if one.kind is Kind.BATCH:
        remove_some_of_batch(session, one.key)
    else:
        remove_some_of_comparison(session, one.key)
    return True


def _beyond(session: Session, schedule_key: int, kind: Kind, keep: int) -> list[int]:
    table = _table(kind)
    made = select(table.id).where(table.schedule_id == schedule_key, table.finished_at.is_not(None))
    return list(session.scalars(made.order_by(table.id.desc()).offset(keep)))


def _table(kind: Kind) -> type[BatchRow] | type[ComparisonRow]:
    return BatchRow if kind is Kind.BATCH else ComparisonRow
