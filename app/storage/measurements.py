"""Finished runs as evidence: what this machine has measured, newest first in each size class."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.advice import Measured
from app.domain.batch import RunStatus
from app.domain.fidelity import Pace
from app.domain.history import SizeClass
from app.storage.documents import contenders_of
from app.storage.experiments import run_of
from app.storage.rows import BatchRow, ExperimentRow, LabRunRow
from app.storage.stored_batch import batch_of
from checkers.workloads.catalogue import WorkloadName

# Older ones say little of the machine as it is now, and reading all would hold up a batch.
_MOST_RUNS: Final = 300


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
