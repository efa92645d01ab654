"""What has had its time is removed in small steps, and the file gives the space back."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import CursorResult, Result, Select, delete, select
from sqlalchemy.orm import Session

from app.storage.instants import to_column
from app.storage.monitor_rows import ScheduleRow
from app.storage.rows import (
    BatchRow,
    ComparisonRow,
    ExperimentRow,
    IdempotencyRow,
    OutcomeRow,
    TargetListRow,
    TargetRow,
)

#: Rows removed in one transaction: some milliseconds, in which nobody else can write.
STEP_ROWS: Final = 2000


def remove_expired_keys(session: Session, before: datetime) -> int:
    """Forget idempotency keys made before an instant; how many there were."""
    gone = session.execute(
        delete(IdempotencyRow)
        .where(IdempotencyRow.created_at < to_column(before))
        .returning(IdempotencyRow.key)
    )
    return len(gone.all())


def remove_some_expired(session: Session, before: datetime) -> bool:
    """Take one step at removing what ended before an instant; whether there was something."""
    batch_key = session.scalar(_expired_batch(before))
    if batch_key is not None:
        remove_some_of_batch(session, batch_key)
        return True
    comparison_key = session.scalar(_expired_comparison(before))
    if comparison_key is not None:
        remove_some_of_comparison(session, comparison_key)
        return True
    return _remove_expired_experiment(session, before)


def remove_some_unused(session: Session) -> bool:
    """Take one step at removing lists that nothing uses any more; whether there was something."""
    list_id = session.scalar(_unused_list())
    if list_id is not None:
        _remove_some_of_list(session, list_id)
    return list_id is not None


def remove_some_of_batch(session: Session, batch_key: int) -> None:
    """Some of its outcomes; itself once it has none."""
    some = select(OutcomeRow.seq).where(OutcomeRow.batch_id == batch_key).limit(STEP_ROWS)
    gone = session.execute(
        delete(OutcomeRow).where(
            OutcomeRow.batch_id == batch_key, OutcomeRow.seq.in_(some.scalar_subquery())
        )
    )
    if not _count(gone):
        session.execute(delete(BatchRow).where(BatchRow.id == batch_key))


def remove_some_of_comparison(session: Session, comparison_key: int) -> None:
    """Some outcomes of one of its rounds; itself once it has no round."""
    round_key = session.scalar(
        select(BatchRow.id).where(BatchRow.comparison_id == comparison_key).limit(1)
    )
    if round_key is not None:
        remove_some_of_batch(session, round_key)
    else:
        session.execute(delete(ComparisonRow).where(ComparisonRow.id == comparison_key))


def _remove_expired_experiment(session: Session, before: datetime) -> bool:
    """One with its runs, which are few; whether there was one."""
    key = session.scalar(
        select(ExperimentRow.id).where(ExperimentRow.finished_at < to_column(before)).limit(1)
    )
    if key is not None:
        session.execute(delete(ExperimentRow).where(ExperimentRow.id == key))
    return key is not None


def _remove_some_of_list(session: Session, list_id: int) -> None:
    """Some of its targets; itself once it has none."""
    some = select(TargetRow.seq).where(TargetRow.list_id == list_id).limit(STEP_ROWS)
    gone = session.execute(
        delete(TargetRow).where(
            TargetRow.list_id == list_id, TargetRow.seq.in_(some.scalar_subquery())
        )
    )
    if not _count(gone):
        session.execute(delete(TargetListRow).where(TargetListRow.id == list_id))


def _count(gone: Result[Any]) -> int:
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _expired_batch(before: datetime) -> Select[int]:
    """One that was asked for on its own; the rounds of a comparison go with it."""
    return (
        select(BatchRow.id)
        .where(
            BatchRow.finished_at < to_column(before),
            BatchRow.finished_at.is_not(None),
            BatchRow.comparison_id.is_(None),
        )
        .order_by(BatchRow.finished_at)
        .limit(1)
    )


def _expired_comparison(before: datetime) -> Select[int]:
    return select(ComparisonRow.id).where(ComparisonRow.finished_at < to_column(before)).limit(1)


def _unused_list() -> Select[int]:
    """One that no batch, comparison or schedule uses any more."""
    return (
        select(TargetListRow.id)
        .where(
            ~select(ScheduleRow.id).where(ScheduleRow.list_id == TargetListRow.id).exists(),
            ~select(BatchRow.id).where(BatchRow.list_id == TargetListRow.id).exists(),
            ~select(ComparisonRow.id).where(ComparisonRow.list_id == TargetListRow.id).exists(),
        )
        .limit(1)
    )
