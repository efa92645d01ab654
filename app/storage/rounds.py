"""The runs of a comparison: batches that are rounds of it."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.domain.batch import Batch, RunStatus
from app.storage.instants import to_column
from app.storage.rows import BatchRow
from app.storage.stored_batch import batch_of


def of_comparison(session: Session, comparison_key: int) -> list[tuple[int, int, str, Batch]]:
    """Key, round, contender and batch of every run of a comparison, in order."""
    rows = session.scalars(
        select(BatchRow).where(BatchRow.comparison_id == comparison_key).order_by(BatchRow.id)
    )
    return [(row.id, row.round or 0, row.contender or "", batch_of(session, row)) for row in rows]


def end_all_of_comparison(session: Session, comparison_key: int, now: datetime) -> None:
    """Cancel the runs of a comparison that have not ended."""
    session.execute(
        update(BatchRow)
        .where(
            BatchRow.comparison_id == comparison_key,
            BatchRow.status.in_((RunStatus.QUEUED.value, RunStatus.RUNNING.value)),
        )
        .values(status=RunStatus.CANCELLED.value, finished_at=to_column(now))
    )


def remove_round(session: Session, comparison_key: int, number: int) -> None:
    """Forget a round that did not come to its end."""
    session.execute(
        delete(BatchRow).where(BatchRow.comparison_id == comparison_key, BatchRow.round == number)
    )
