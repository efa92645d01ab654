"""Who is to be told that a batch has ended, and whether that has happened."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.batch import CallbackStatus
from app.storage.instants import from_optional, to_column
from app.storage.rows import BatchRow


class Due(NamedTuple):
    """A callback to be made now."""

    key: int
    batch_id: str
    url: str
    tries: int


def due(session: Session, now: datetime, limit: int) -> list[Due]:
    """Callbacks whose time has come, the oldest first."""
    rows = session.execute(
        select(BatchRow.id, BatchRow.public_id, BatchRow.callback_url, BatchRow.callback_tries)
        .where(
            BatchRow.callback_status == CallbackStatus.DUE.value,
            BatchRow.callback_due_at <= to_column(now),
        )
        .order_by(BatchRow.callback_due_at)
        .limit(limit)
    )
    return [Due(key, public_id, url or "", tries or 0) for key, public_id, url, tries in rows]


def next_due_at(session: Session) -> datetime | None:
    """When the next callback is due, if any is."""
    return from_optional(
        session.scalar(
            select(func.min(BatchRow.callback_due_at)).where(
                BatchRow.callback_status == CallbackStatus.DUE.value
            )
        )
    )


def note_try(
    session: Session,
    key: int,
    *,
    status: CallbackStatus,
    due_at: datetime | None,
    error: str | None,
) -> None:
    """Note how a try at a callback went."""
    session.execute(
        update(BatchRow)
        .where(BatchRow.id == key)
        .values(
            callback_status=status.value,
            callback_tries=BatchRow.callback_tries + 1,
            callback_due_at=None if due_at is None else to_column(due_at),
            callback_error=error,
        )
    )
