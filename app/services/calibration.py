"""A comparison that was carried out elsewhere, kept with its runs as evidence of this machine."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.domain.batch import Batch, BatchDraft
from app.domain.comparison import WARM_UP, Comparison, RoundRun, Turn, again
from app.domain.evidence import Evidence
from app.domain.fidelity import measured
from app.domain.lab_run import LabRun
from app.services import clock, runs
from app.storage import batches, comparisons, experiments, rounds, waiting
from app.storage.batches import RunKey
from app.storage.database import Database
from app.storage.figures import Figures
from app.storage.rows import ComparisonRow, ExperimentRow
from checkers import Outcome, Target


class Carried(NamedTuple):
    """One run with all that it saw."""

    number: int
    turn: Turn
    batch: Batch
    outcomes: Sequence[Outcome]


async def keep(
    database: Database,
    comparison: Comparison,
    targets: Sequence[Target],
    carried: Sequence[Carried],
    evidence: Evidence,
) -> None:
    """Keep a finished comparison, in one commit: nobody sees a part of it."""

    def store(session: Session) -> None:
        draft = again(comparison, targets)
        key = comparisons.insert_comparison(session, comparison.id, draft, comparison.created_at)
        list_id = comparisons.load(session, comparison.id).list_id
        for run in carried:
            if run.number != WARM_UP:
                _keep_run(session, comparison, targets, key, list_id, run)
        comparisons.keep_evidence(session, key, evidence)
        waiting.end_at_once(session, ComparisonRow, key, clock.now(), comparison.machine)

    await database.write(store)


async def keep_experiment(
    database: Database, comparison: Comparison, found: Sequence[RoundRun]
) -> None:
    """As `keep`, of an experiment."""

    def store(session: Session) -> None:
        draft = again(comparison, ())
        experiments.insert_experiment(session, comparison.id, draft, comparison.created_at)
        key = experiments.load(session, comparison.id).key
        for run in found:
            if isinstance(run.run, LabRun):
                experiments.insert_run(session, key, run.number, run.label, run.run)
        waiting.end_at_once(session, ExperimentRow, key, clock.now(), comparison.machine)

    await database.write(store)


def _keep_run(
    session: Session,
    comparison: Comparison,
    targets: Sequence[Target],
    key: int,
    list_id: int,
    run: Carried,
) -> None:
    batch = run.batch
    draft = BatchDraft(
        targets=targets[: run.turn.size],
        strategy=batch.strategy,
        client=batch.client,
        concurrency=batch.concurrency,
        pace=batch.pace,
        per_host=batch.per_host,
        name=f"{comparison.name}: {run.turn.label}, round {run.number}",
    )
    number = rounds.stored_round(run.number, run.turn.size, comparison.sizes)
    stored = batches.insert_batch(
        session, batch.id, draft, batch.created_at, list_id=list_id,
        of=batches.Round(key, number, run.turn.label),
    )  # fmt: skip
    batches.start(session, stored, batch.created_at)
    runs.record(session, RunKey(stored, batch.id), run.outcomes)
    own = None if batch.cost is None else measured(batch.cost)
    batches.complete(
        session,
        stored,
        batch.finished_at or clock.now(),
        setup=batch.setup,
        wall=batch.wall,
        figures=Figures(batch.latency, dict(batch.phases), batch.bound, batch.cost, own),
    )
