"""What comparisons and experiments have in common: they wait, are taken, and end."""

from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.batch import RunStatus
from app.domain.errors import NotFound
from app.domain.machine import Machine
from app.storage.documents import as_json
from app.storage.instants import to_column
from app.storage.rows import ComparisonRow, ExperimentRow

Asked = TypeVar("Asked", ComparisonRow, ExperimentRow)


def row_of(session: Session, table: type[Asked], public_id: str) -> Asked:
    """The row of that id.

    Raises:
        NotFound: there is none.
    """
    row = session.scalars(select(table).where(table.public_id == public_id)).one_or_none()
    if row is None:
        what = "comparison" if table is ComparisonRow else "experiment"
        raise NotFound(f"There is no {what} {public_id!r}.")
    return row


def page_of(
    session: Session, table: type[Asked], limit: int, before: int | None
) -> tuple[list[Asked], int | None]:
    """Rows, newest first, and where the next page begins."""
    query = select(table)
    if before is not None:
        query = query.where(table.id < before)
    rows = list(session.scalars(query.order_by(table.id.desc()).limit(limit + 1)))
    following = rows[limit - 1].id if len(rows) > limit else None
    return rows[:limit], following


def oldest_waiting(session: Session, table: type[Asked]) -> int | None:
    """When the one that has waited longest was made, as a column holds it."""
    return session.scalar(
        select(func.min(table.created_at)).where(table.status == RunStatus.QUEUED.value)
    )


def take_oldest(
    session: Session, table: type[Asked], now: datetime, machine: Machine
) -> Asked | None:
    """Take the one that has waited longest, if any; it is `running` from here on."""
    row = session.scalars(
        select(table).where(table.status == RunStatus.QUEUED.value).order_by(table.id).limit(1)
    ).one_or_none()
    if row is None:
        return None
    row.status = RunStatus.RUNNING.value
    row.started_at = row.started_at or to_column(now)
    row.machine = as_json(machine)
    session.flush()
    return row


def end(
    session: Session,
    table: type[Asked],
    key: int,
    now: datetime,
    status: RunStatus,
    error: str | None = None,
) -> bool:
    """End one; false when it had ended already."""
    result = session.execute(
        update(table)
        .where(
            table.id == key,
            table.status.in_((RunStatus.QUEUED.value, RunStatus.RUNNING.value)),
        )
        .values(status=status.value, finished_at=to_column(now), error=error)
        .returning(table.id)
    )
    return result.first() is not None


def end_at_once(
    session: Session, table: type[Asked], key: int, now: datetime, machine: Machine | None
) -> None:
    """End one whose runs were all made before it was stored."""
    session.execute(
        update(table)
        .where(table.id == key)
        .values(
            status=RunStatus.COMPLETED.value,
            started_at=table.created_at,
            finished_at=to_column(now),
            machine=None if machine is None else as_json(machine),
        )
    )


def requeue(session: Session, table: type[Asked], key: int | None = None) -> int:
    """Let those that were cut off go on; how many there were."""
    query = update(table).where(table.status == RunStatus.RUNNING.value)
    if key is not None:
        query = query.where(table.id == key)
    result = session.execute(query.values(status=RunStatus.QUEUED.value).returning(table.id))
    return len(result.all())
