"""Experiments of the laboratory: kept, claimed, and what their runs came to."""

import json
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.domain.batch import RunStatus
from app.domain.comparison import Comparison, ComparisonDraft, LabWork, RoundRun
from app.domain.fidelity import Pace
from app.domain.lab_run import LabRun
from app.domain.machine import Machine
from app.storage.documents import contenders_json, contenders_of, machine_of
from app.storage.figures import Figures, figures_json, figures_of
from app.storage.instants import from_column, from_optional, micros, to_column
from app.storage.rows import ExperimentRow, LabRunRow
from app.storage.waiting import page_of, row_of, take_oldest
from checkers import Status
from checkers.workloads.catalogue import WorkloadName


class Claim(NamedTuple):
    """An experiment to be carried out now, with the key of its row."""

    key: int
    comparison: Comparison


def insert_experiment(
    session: Session, public_id: str, draft: ComparisonDraft, now: datetime
) -> None:
    """Store a queued experiment."""
    lab = draft.lab
    assert lab is not None
    session.execute(
        insert(ExperimentRow).values(
            public_id=public_id,
            name=draft.name,
            labels=json.dumps(dict(draft.labels)),
            status=RunStatus.QUEUED.value,
            workload=lab.workload.value,
            url=lab.url,
            items=lab.items,
            size=lab.size,
            contenders=contenders_json(draft.contenders),
            baseline=draft.baseline,
            rounds=draft.rounds,
            seed=draft.seed,
            created_at=to_column(now),
        )
    )


def load(session: Session, public_id: str) -> Claim:
    """The experiment of that id, with its key.

    Raises:
        NotFound: there is none.
    """
    row = row_of(session, ExperimentRow, public_id)
    return Claim(row.id, _comparison(row))


def page(session: Session, limit: int, before: int | None) -> tuple[list[Comparison], int | None]:
    """Experiments, newest first, and where the next page begins."""
    rows, following = page_of(session, ExperimentRow, limit, before)
    return [_comparison(row) for row in rows], following


def claim_oldest(session: Session, now: datetime, machine: Machine) -> Claim | None:
    """Take the experiment that has waited longest, if any; it is `running` from here on."""
    row = take_oldest(session, ExperimentRow, now, machine)
    return None if row is None else Claim(row.id, _comparison(row))


def remove(session: Session, key: int) -> None:
    """Remove an experiment with its runs."""
    session.execute(delete(ExperimentRow).where(ExperimentRow.id == key))


def insert_run(session: Session, key: int, number: int, label: str, run: LabRun) -> None:
    """Store a run that came to its end."""
    session.execute(
        insert(LabRunRow).values(
            public_id=run.id,
            experiment_id=key,
            round=number,
            contender=label,
            done=run.done,
            tally=json.dumps({status.value: count for status, count in run.counts.items()}),
            setup_us=micros(run.setup),
            wall_us=micros(run.wall),
            figures=figures_json(Figures(run.latency, {}, None, run.cost, None)),
            metrics=json.dumps(dict(run.metrics)),
        )
    )


def runs_of(session: Session, key: int, items: int) -> list[RoundRun]:
    """Every run of an experiment, in order."""
    rows = session.scalars(
        select(LabRunRow).where(LabRunRow.experiment_id == key).order_by(LabRunRow.id)
    )
    return [RoundRun(row.round, row.contender, items, run_of(row)) for row in rows]


def remove_round(session: Session, key: int, number: int) -> None:
    """Forget a round that did not come to its end."""
    session.execute(
        delete(LabRunRow).where(LabRunRow.experiment_id == key, LabRunRow.round == number)
    )


def run_of(row: LabRunRow) -> LabRun:
    """The run that a row holds."""
    figures, tally = figures_of(row.figures), json.loads(row.tally)
    assert figures.cost is not None
    return LabRun(
        id=row.public_id,
        done=row.done,
        counts={status: tally.get(status.value, 0) for status in Status},
        setup=row.setup_us / 1e6,
        wall=row.wall_us / 1e6,
        latency=figures.latency,
        cost=figures.cost,
        metrics=json.loads(row.metrics),
    )


def _comparison(row: ExperimentRow) -> Comparison:
    return Comparison(
        id=row.public_id,
        name=row.name,
        labels=json.loads(row.labels),
        status=RunStatus(row.status),
        error=row.error,
        contenders=contenders_of(row.contenders),
        sizes=[row.items],
        baseline=row.baseline,
        rounds=row.rounds,
        pace=Pace.MAX,
        per_host=0,
        seed=row.seed,
        created_at=from_column(row.created_at),
        started_at=from_optional(row.started_at),
        finished_at=from_optional(row.finished_at),
        machine=machine_of(row.machine),
        lab=LabWork(
            workload=WorkloadName(row.workload), url=row.url, items=row.items, size=row.size
        ),
    )
