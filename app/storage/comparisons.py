"""Comparisons: kept, claimed, ended, and what their contenders said of each target."""

import json
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.batch import RunStatus
from app.domain.comparison import (
    WARM_UP,
    Comparison,
    ComparisonDraft,
    Contender,
)
from app.domain.disagreement import Verdict
from app.domain.errors import NotFound
from app.domain.fidelity import Pace
from app.storage import targets
from app.storage.instants import from_column, from_optional, to_column
from app.storage.rows import BatchRow, ComparisonRow, OutcomeRow, TargetListRow, TargetRow
from checkers import ClientName, Reason, Status, StrategyName


class Claim(NamedTuple):
    """A comparison to be carried out now, with the keys of its rows."""

    key: int
    list_id: int
    comparison: Comparison


def insert_comparison(
    session: Session, public_id: str, draft: ComparisonDraft, now: datetime
) -> int:
    """Store a queued comparison with its targets."""
    result = session.execute(
        insert(ComparisonRow)
        .values(
            public_id=public_id,
            list_id=targets.insert_list(session, draft.targets),
            name=draft.name,
            labels=json.dumps(dict(draft.labels)),
            status=RunStatus.QUEUED.value,
            contenders=json.dumps([_contender_json(c) for c in draft.contenders]),
            baseline=draft.baseline,
            rounds=draft.rounds,
            pace=draft.pace.value,
            per_host=draft.per_host,
            seed=draft.seed,
            created_at=to_column(now),
        )
        .returning(ComparisonRow.id)
    )
    return result.scalar_one()


def load(session: Session, public_id: str) -> Claim:
    """The comparison of that id, with its keys.

    Raises:
        NotFound: there is none.
    """
    row = session.scalars(
        select(ComparisonRow).where(ComparisonRow.public_id == public_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no comparison {public_id!r}.")
    return Claim(row.id, row.list_id, _comparison(session, row))


def page(
    session: Session, limit: int, before: int | None
) -> tuple[list[tuple[int, Comparison]], int | None]:
    """Comparisons with their keys, newest first, and where the next page begins."""
    query = select(ComparisonRow)
    if before is not None:
        query = query.where(ComparisonRow.id < before)
    rows = list(session.scalars(query.order_by(ComparisonRow.id.desc()).limit(limit + 1)))
    following = rows[limit - 1].id if len(rows) > limit else None
    return [(row.id, _comparison(session, row)) for row in rows[:limit]], following


def oldest_waiting(session: Session) -> int | None:
    """When the comparison that has waited longest was made, as a column holds it."""
    return session.scalar(
        select(func.min(ComparisonRow.created_at)).where(
            ComparisonRow.status == RunStatus.QUEUED.value
        )
    )


def claim_oldest(session: Session, now: datetime) -> Claim | None:
    """Take the comparison that has waited longest, if any; it is `running` from here on."""
    row = session.scalars(
        select(ComparisonRow)
        .where(ComparisonRow.status == RunStatus.QUEUED.value)
        .order_by(ComparisonRow.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    row.status = RunStatus.RUNNING.value
    row.started_at = row.started_at or to_column(now)
    session.flush()
    return Claim(row.id, row.list_id, _comparison(session, row))


def end(
    session: Session, key: int, now: datetime, status: RunStatus, error: str | None = None
) -> bool:
    """End a comparison; false when it had ended already."""
    result = session.execute(
        update(ComparisonRow)
        .where(
            ComparisonRow.id == key,
            ComparisonRow.status.in_((RunStatus.QUEUED.value, RunStatus.RUNNING.value)),
        )
        .values(status=status.value, finished_at=to_column(now), error=error)
        .returning(ComparisonRow.id)
    )
    return result.first() is not None


def requeue(session: Session, key: int | None = None) -> int:
    """Let comparisons that were cut off go on; how many there were."""
    query = update(ComparisonRow).where(ComparisonRow.status == RunStatus.RUNNING.value)
    if key is not None:
        query = query.where(ComparisonRow.id == key)
    result = session.execute(
        query.values(status=RunStatus.QUEUED.value).returning(ComparisonRow.id)
    )
    return len(result.all())


def remove(session: Session, key: int, list_id: int) -> None:
    """Remove a comparison with its runs, and its targets if nothing else uses them."""
    session.execute(delete(ComparisonRow).where(ComparisonRow.id == key))
    targets.remove_unused_list(session, list_id)


def contested_verdicts(session: Session, key: int, list_id: int) -> list[Verdict]:
    """What was said of every target of which not all said the same, over the measured rounds."""
    said = (
        select(
            OutcomeRow.seq,
            BatchRow.contender,
            OutcomeRow.status,
            OutcomeRow.reason,
            func.count().label("rounds"),
        )
        .join(BatchRow, BatchRow.id == OutcomeRow.batch_id)
        .where(
            BatchRow.comparison_id == key,
            BatchRow.round != WARM_UP,
            BatchRow.status == RunStatus.COMPLETED.value,
        )
        .group_by(OutcomeRow.seq, BatchRow.contender, OutcomeRow.status, OutcomeRow.reason)
        .subquery()
    )
    verdict = said.c.status + "/" + func.coalesce(said.c.reason, "")
    contested = select(said.c.seq).group_by(said.c.seq).having(func.count(verdict.distinct()) > 1)
    rows = session.execute(
        select(said, TargetRow.url)
        .join(TargetRow, (TargetRow.list_id == list_id) & (TargetRow.seq == said.c.seq))
        .where(said.c.seq.in_(contested))
        .order_by(said.c.seq)
    )
    return [
        Verdict(
            seq=seq,
            url=url,
            label=contender,
            status=Status(status),
            reason=None if reason is None else Reason(reason),
            rounds=rounds,
        )
        for seq, contender, status, reason, rounds, url in rows
    ]


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
        contenders=[_contender(fields) for fields in json.loads(row.contenders)],
        baseline=row.baseline,
        rounds=row.rounds,
        pace=Pace(row.pace),
        per_host=row.per_host,
        seed=row.seed,
        total=total,
        created_at=from_column(row.created_at),
        started_at=from_optional(row.started_at),
        finished_at=from_optional(row.finished_at),
    )


def _contender_json(contender: Contender) -> list[str | int]:
    return [
        contender.label,
        contender.strategy.value,
        contender.client.value,
        contender.concurrency,
        contender.pace.value,
    ]


def _contender(fields: list[str]) -> Contender:
    label, strategy, client, concurrency, pace = fields
    return Contender(
        label=label,
        strategy=StrategyName(strategy),
        client=ClientName(client),
        concurrency=int(concurrency),
        pace=Pace(pace),
    )
