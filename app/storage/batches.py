"""Batches: kept, claimed, counted, ended."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.batch import QUICK_TARGETS, Batch, BatchDraft, CallbackStatus, RunStatus
from app.domain.errors import NotFound
from app.storage import targets
from app.storage.figures import Figures, choice_json, figures_json, tally_json
from app.storage.instants import micros, to_column
from app.storage.rows import BatchRow
from app.storage.stored_batch import batch_of
from app.storage.targets import ScheduledList
from checkers import Outcome


class RunKey(NamedTuple):
    """Which batch a run belongs to: its row, and the name that only this batch has."""

    batch: int
    public_id: str


class Claim(NamedTuple):
    """A batch to be carried out now, with the keys of its rows."""

    key: int
    list_id: int
    batch: Batch


class Round(NamedTuple):
    """Which part of which comparison a batch is; the number is as its column counts."""

    comparison_key: int
    number: int
    contender: str


def insert_batch(
    session: Session,
    public_id: str,
    draft: BatchDraft,
    now: datetime,
    *,
    list_id: int | None = None,
    of: Round | None = None,
    scheduled: ScheduledList | None = None,
) -> int:
    """Store a queued batch with its targets, over a stored list, or over a schedule's."""
    if scheduled is not None:
        list_id = scheduled.list_id
    key = targets.insert_list(session, draft.targets) if list_id is None else list_id
    result = session.execute(
        insert(BatchRow)
        .values(
            public_id=public_id,
            list_id=key,
            status=RunStatus.QUEUED.value,
            total=len(draft.targets) if scheduled is None else scheduled.total,
            done=0,
            tally=tally_json({}, {}),
            created_at=to_column(now),
            interruptions=0,
            comparison_id=None if of is None else of.comparison_key,
            round=None if of is None else of.number,
            contender=None if of is None else of.contender,
            schedule_id=None if scheduled is None else scheduled.schedule_key,
            **_as_asked(draft),
        )
        .returning(BatchRow.id)
    )
    return result.scalar_one()


def _as_asked(draft: BatchDraft) -> dict[str, Any]:
    told = draft.callback_url is not None
    return {
        "name": draft.name,
        "labels": json.dumps(dict(draft.labels)),
        "strategy": draft.strategy.value,
        "client": draft.client.value,
        "concurrency": draft.concurrency,
        "per_host": draft.per_host,
        "pace": draft.pace.value,
        "callback_url": draft.callback_url,
        "callback_status": CallbackStatus.PENDING.value if told else None,
        "callback_tries": 0 if told else None,
        "choice": choice_json(draft.choice),
    }


def load(session: Session, public_id: str) -> Batch:
    """The batch of that id.

    Raises:
        NotFound: there is none.
    """
    return batch_of(session, _row(session, public_id))


def key_of(session: Session, public_id: str) -> tuple[int, int]:
    """The keys of a batch and of its list. Raises as `load`."""
    row = _row(session, public_id)
    return row.id, row.list_id


def page(session: Session, limit: int, before: int | None) -> tuple[list[Batch], int | None]:
    """Batches that were asked for on their own, newest first, and where the next page begins."""
    query = select(BatchRow).where(BatchRow.comparison_id.is_(None))
    if before is not None:
        query = query.where(BatchRow.id < before)
    rows = list(session.scalars(query.order_by(BatchRow.id.desc()).limit(limit + 1)))
    following = rows[limit - 1].id if len(rows) > limit else None
    return [batch_of(session, row) for row in rows[:limit]], following


def claim_oldest(session: Session, now: datetime, *, quick: bool) -> Claim | None:
    """Take the batch that has waited longest, if any; it is `running` from here on."""
    size = BatchRow.total <= QUICK_TARGETS if quick else BatchRow.total > QUICK_TARGETS
    waiting = (
        select(BatchRow)
        .where(BatchRow.status == RunStatus.QUEUED.value, BatchRow.comparison_id.is_(None), size)
        .order_by(BatchRow.id)
        .limit(1)
    )
    row = session.scalars(waiting).one_or_none()
    if row is None:
        return None
    start(session, row.id, now)
    session.refresh(row)
    return Claim(row.id, row.list_id, batch_of(session, row))


def oldest_waiting(session: Session) -> int | None:
    """When the big batch that has waited longest was made, as a column holds it."""
    return session.scalar(
        select(func.min(BatchRow.created_at)).where(
            BatchRow.status == RunStatus.QUEUED.value,
            BatchRow.comparison_id.is_(None),
            BatchRow.total > QUICK_TARGETS,
        )
    )


def start(session: Session, key: int, now: datetime) -> None:
    """Note that the run has begun; one that goes on after a restart keeps its first start."""
    session.execute(
        update(BatchRow)
        .where(BatchRow.id == key)
        .values(
            status=RunStatus.RUNNING.value,
            started_at=func.coalesce(BatchRow.started_at, to_column(now)),
        )
    )


def is_there(session: Session, key: RunKey) -> bool:
    """Whether a run's batch is still the one it was: it may be gone, or the file another."""
    found = session.scalar(select(BatchRow.public_id).where(BatchRow.id == key.batch))
    return found == key.public_id


def count_more(session: Session, key: int, some: Sequence[Outcome]) -> None:
    """Add outcomes to the count; called in the transaction that stored them."""
    encoded = session.execute(select(BatchRow.tally).where(BatchRow.id == key)).scalar_one()
    tally: dict[str, dict[str, int]] = json.loads(encoded)
    statuses, reasons = Counter(tally["statuses"]), Counter(tally["reasons"])
    statuses.update(outcome.status.value for outcome in some)
    reasons.update(outcome.reason.value for outcome in some if outcome.reason is not None)
    set_count(session, key, statuses, reasons)


def set_count(
    session: Session, key: int, statuses: Mapping[str, int], reasons: Mapping[str, int]
) -> None:
    """Set how many outcomes there are; called in the transaction that stored them."""
    session.execute(
        update(BatchRow)
        .where(BatchRow.id == key)
        .values(done=sum(statuses.values()), tally=tally_json(statuses, reasons))
    )


def complete(
    session: Session,
    key: int,
    now: datetime,
    *,
    setup: float | None,
    wall: float | None,
    figures: Figures,
) -> None:
    """End a run that has every outcome. One that was interrupted keeps no wall and no cost."""
    whole = BatchRow.interruptions == 0
    session.execute(
        update(BatchRow)
        .where(BatchRow.id == key, BatchRow.status == RunStatus.RUNNING.value)
        .values(
            status=RunStatus.COMPLETED.value,
            finished_at=to_column(now),
            setup_us=case((whole, micros(setup)), else_=None),
            wall_us=case((whole, micros(wall)), else_=None),
            figures=figures_json(figures),
            **_callback_due(now),
        )
    )


def end(
    session: Session, key: int, now: datetime, status: RunStatus, error: str | None = None
) -> bool:
    """End a run early; false when it had ended already."""
    result = session.execute(
        update(BatchRow)
        .where(
            BatchRow.id == key,
            BatchRow.status.in_((RunStatus.QUEUED.value, RunStatus.RUNNING.value)),
        )
        .values(status=status.value, finished_at=to_column(now), error=error, **_callback_due(now))
        .returning(BatchRow.id)
    )
    return result.first() is not None


def _callback_due(now: datetime) -> dict[str, Any]:
    """Who waits to be told is told from now on, decided in the commit that ends the batch."""
    waits = BatchRow.callback_status == CallbackStatus.PENDING.value
    return {
        "callback_status": case((waits, CallbackStatus.DUE.value), else_=BatchRow.callback_status),
        "callback_due_at": case((waits, to_column(now)), else_=None),
    }


def requeue(session: Session, key: int | None = None) -> int:
    """Let runs that were cut off go on: all that were running, or one; how many there were."""
    query = update(BatchRow).where(
        BatchRow.status == RunStatus.RUNNING.value, BatchRow.comparison_id.is_(None)
    )
    if key is not None:
        query = query.where(BatchRow.id == key)
    result = session.execute(
        query.values(
            status=RunStatus.QUEUED.value, interruptions=BatchRow.interruptions + 1
        ).returning(BatchRow.id)
    )
    return len(result.all())


def remove(session: Session, key: int, list_id: int) -> None:
    """Remove a batch, its outcomes, and its targets if nothing else uses them."""
    session.execute(delete(BatchRow).where(BatchRow.id == key))
    targets.remove_unused_list(session, list_id)


def _row(session: Session, public_id: str) -> BatchRow:
    row = session.scalars(select(BatchRow).where(BatchRow.public_id == public_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no batch {public_id!r}.")
    return row
