"""Comparisons: kept, claimed, ended, and what their contenders saw of each target."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.domain.batch import RunStatus
from app.domain.comparison import Comparison, ComparisonDraft
from app.domain.evidence import Evidence, Sights
from app.domain.fidelity import Pace
from app.domain.machine import Machine
from app.storage import targets
from app.storage.documents import (
    as_json,
    contenders_json,
    contenders_of,
    evidence_of,
    machine_of,
)
from app.storage.instants import from_column, from_optional, to_column
from app.storage.rounds import number_of
from app.storage.rows import BatchRow, ComparisonRow, TargetListRow, TargetRow
from app.storage.targets import ScheduledList
from app.storage.waiting import page_of, row_of, take_oldest


class Claim(NamedTuple):
    """A comparison to be carried out now, with the keys of its rows."""

    key: int
    list_id: int
    comparison: Comparison


def insert_comparison(
    session: Session,
    public_id: str,
    draft: ComparisonDraft,
    now: datetime,
    *,
    scheduled: ScheduledList | None = None,
) -> int:
    """Store a queued comparison with its targets; of a schedule, over its list."""
    list_id = (
        targets.insert_list(session, draft.targets) if scheduled is None else scheduled.list_id
    )
    result = session.execute(
        insert(ComparisonRow)
        .values(
            public_id=public_id,
            list_id=list_id,
            name=draft.name,
            labels=json.dumps(dict(draft.labels)),
            status=RunStatus.QUEUED.value,
            contenders=contenders_json(draft.contenders),
            sizes=as_json(list(draft.sizes)),
            baseline=draft.baseline,
            rounds=draft.rounds,
            pace=draft.pace.value,
            per_host=draft.per_host,
            seed=draft.seed,
            created_at=to_column(now),
            schedule_id=None if scheduled is None else scheduled.schedule_key,
        )
        .returning(ComparisonRow.id)
    )
    return result.scalar_one()


def load(session: Session, public_id: str) -> Claim:
    """The comparison of that id, with its keys.

    Raises:
        NotFound: there is none.
    """
    row = row_of(session, ComparisonRow, public_id)
    return Claim(row.id, row.list_id, _comparison(session, row))


def page(session: Session, limit: int, before: int | None) -> tuple[list[Comparison], int | None]:
    """Comparisons, newest first, and where the next page begins."""
    rows, following = page_of(session, ComparisonRow, limit, before)
    return [_comparison(session, row) for row in rows], following


def claim_oldest(session: Session, now: datetime, machine: Machine) -> Claim | None:
    """Take the comparison that has waited longest, if any; it is `running` from here on."""
    row = take_oldest(session, ComparisonRow, now, machine)
    return None if row is None else Claim(row.id, row.list_id, _comparison(session, row))


def evidence(session: Session, key: int) -> Evidence | None:
    """What was found when the comparison ended; `None` while it has not."""
    return evidence_of(
        session.scalar(select(ComparisonRow.evidence).where(ComparisonRow.id == key))
    )


def keep_evidence(session: Session, key: int, found: Evidence) -> None:
    """Keep what the outcomes of an ended comparison say."""
    session.execute(
        update(ComparisonRow).where(ComparisonRow.id == key).values(evidence=as_json(found))
    )


def remove(session: Session, key: int, list_id: int) -> None:
    """Remove a comparison with its runs, and its targets if nothing else uses them."""
    session.execute(delete(ComparisonRow).where(ComparisonRow.id == key))
    targets.remove_unused_list(session, list_id)


# As text: an object for each of a hundred thousand rows would cost more than all the rest.
_SEEN: Final = """
SELECT seq, status, reason, CASE WHEN http_status IS NULL THEN NULL ELSE total_us END
FROM outcomes WHERE batch_id = ?
"""


def sights(session: Session, key: int, comparison: Comparison) -> Iterator[Sights]:
    """What every measured run saw, one run after the other."""
    runs = session.execute(
        select(BatchRow.id, BatchRow.round, BatchRow.contender, BatchRow.total)
        .where(
            BatchRow.comparison_id == key,
            BatchRow.round > 0,
            BatchRow.status == RunStatus.COMPLETED.value,
        )
        .order_by(BatchRow.id)
    ).all()
    for batch, stored, label, size in runs:
        seen = session.connection().exec_driver_sql(_SEEN, (batch,)).all()
        number = number_of(stored or 0, len(comparison.sizes))
        yield Sights(number, label or "", size, [tuple(row) for row in seen])


def urls_of(session: Session, list_id: int, places: Sequence[int]) -> dict[int, str]:
    """The URLs at some places of a list."""
    rows = session.execute(
        select(TargetRow.seq, TargetRow.url).where(
            TargetRow.list_id == list_id, TargetRow.seq.in_(places)
        )
    )
    return dict(rows.tuples().all())


def _comparison(session: Session, row: ComparisonRow) -> Comparison:
    total = session.execute(
        select(TargetListRow.total).where(TargetListRow.id == row.list_id)
    ).scalar_one()
    return Comparison(
        id=row.public_id,
        name=row.name,
        labels=json.loads(row.labels),
        status=RunStatus(row.status),
        error=row.error,
        contenders=contenders_of(row.contenders),
        sizes=[total] if row.sizes is None else json.loads(row.sizes),
        baseline=row.baseline,
        rounds=row.rounds,
        pace=Pace(row.pace),
        per_host=row.per_host,
        seed=row.seed,
        created_at=from_column(row.created_at),
        started_at=from_optional(row.started_at),
        finished_at=from_optional(row.finished_at),
        machine=machine_of(row.machine),
    )
