"""The runs of a comparison: batches that are rounds of it.

A column counts the rounds of all sizes one after the other, so that each run has a place of its
own: with two sizes, round 1 is 1 and 2, round 2 is 3 and 4; the warm-up is 0 and -1.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.domain.batch import RunStatus
from app.domain.comparison import WARM_UP, RoundRun
from app.storage.instants import to_column
from app.storage.rows import BatchRow
from app.storage.stored_batch import batch_of


def stored_round(number: int, size: int, sizes: Sequence[int]) -> int:
    """How a column counts a round of one of the sizes."""
    index = sizes.index(size)
    return -index if number == WARM_UP else (number - 1) * len(sizes) + index + 1


def number_of(stored: int, sizes: int) -> int:
    """Which round a column tells of, among so many sizes."""
    return WARM_UP if stored <= 0 else (stored - 1) // sizes + 1


def of_comparison(session: Session, comparison_key: int, sizes: int) -> list[RoundRun]:
    """Every run of a comparison, in order."""
    rows = session.scalars(
        select(BatchRow).where(BatchRow.comparison_id == comparison_key).order_by(BatchRow.id)
    )
    return [
        RoundRun(
            number_of(row.round or 0, sizes), row.contender or "", row.total, batch_of(session, row)
        )
        for row in rows
    ]


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


def remove_round(session: Session, comparison_key: int, number: int, sizes: Sequence[int]) -> None:
    """Forget a round that did not come to its end, at all sizes."""
    session.execute(
        delete(BatchRow).where(
            BatchRow.comparison_id == comparison_key,
            BatchRow.round.in_([stored_round(number, size, sizes) for size in sizes]),
        )
    )
