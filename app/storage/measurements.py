"""Finished runs as evidence: what this machine has measured, newest first in each size class."""

from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.advice import Measured
from app.domain.batch import Batch, RunStatus
from app.domain.fidelity import Pace
from app.domain.history import SizeClass
from app.storage.documents import contenders_of
from app.storage.experiments import run_of
from app.storage.instants import to_column
from app.storage.rows import BatchRow, ExperimentRow, LabRunRow
from app.storage.stored_batch import batch_of
from checkers.workloads.catalogue import WorkloadName

# Older ones say little of the machine as it is now, and reading all would hold up a batch.
_MOST_RUNS: Final = 300


def finished(
    session: Session,
    *,
    since: datetime | None,
    until: datetime | None,
    label: tuple[str, str] | None,
    most: int | None = None,
) -> list[Batch]:
    """Runs that came to their end in one piece, rounds of comparisons among them, oldest first.

    Warm-ups are left out, and what was resumed: neither says how long such a run takes.

    Args:
        most: only so many, the newest; `None`: all.
    """
    query = select(BatchRow).where(
        BatchRow.status == RunStatus.COMPLETED.value,
        BatchRow.finished_at.is_not(None),
        BatchRow.interruptions == 0,
        BatchRow.wall_us.is_not(None),
        BatchRow.round.is_(None) | (BatchRow.round > 0),
    )
    if since is not None:
        query = query.where(BatchRow.finished_at >= to_column(since))
    if until is not None:
        query = query.where(BatchRow.finished_at < to_column(until))
    if label is not None:
        key, value = label
        member = func.json_each(BatchRow.labels).table_valued("key", "value")
        query = query.where(
            select(member.c.key).where(member.c.key == key, member.c.value == value).exists()
        )
    newest = session.scalars(query.order_by(BatchRow.id.desc()).limit(most)).all()
    return [batch_of(session, row) for row in reversed(newest)]


def of_class(session: Session, size: SizeClass) -> list[Measured]:
    """Runs of a size class that came to their end in one piece, warm-ups left out, oldest first."""
    rows = session.scalars(
        select(BatchRow)
        .where(
            BatchRow.status == RunStatus.COMPLETED.value,
            BatchRow.finished_at.is_not(None),
            BatchRow.interruptions == 0,
            BatchRow.wall_us.is_not(None),
            BatchRow.round.is_(None) | (BatchRow.round > 0),
            BatchRow.total.between(size.least, size.most),
        )
        .order_by(BatchRow.id.desc())
        .limit(_MOST_RUNS)
    ).all()
    found = [batch_of(session, row) for row in reversed(rows)]
    return [
        Measured(
            strategy=batch.strategy,
            client=batch.client,
            concurrency=batch.concurrency,
            pace=batch.pace,
            within=batch.comparison_id,
            run=batch,
        )
        for batch in found
    ]


def of_computing_checks(session: Session) -> list[Measured]:
    """Measured runs of experiments with checks that compute, oldest first."""
    rows = session.execute(
        select(LabRunRow, ExperimentRow)
        .join(ExperimentRow, ExperimentRow.id == LabRunRow.experiment_id)
        .where(
            ExperimentRow.workload == WorkloadName.CHECKS.value,
            ExperimentRow.status == RunStatus.COMPLETED.value,
            LabRunRow.round > 0,
        )
        .order_by(LabRunRow.id.desc())
        .limit(_MOST_RUNS)
    ).all()
    found = []
    for run, experiment in reversed(rows):
        contender = next(
            c for c in contenders_of(experiment.contenders) if c.label == run.contender
        )
        if contender.client is not None:
            found.append(
                Measured(
                    strategy=contender.strategy,
                    client=contender.client,
                    concurrency=contender.concurrency,
                    pace=Pace.MAX,
                    within=experiment.public_id,
                    run=run_of(run),
                )
            )
    return found
