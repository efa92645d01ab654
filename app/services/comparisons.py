"""Comparisons: submitted, carried out round by round, read as a report."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from app.domain.batch import BatchDraft, RunStatus
from app.domain.comparison import (
    Comparison,
    ComparisonDraft,
    Contender,
    Pair,
    Recommendation,
    RoundRun,
    Summary,
    pairs,
    recommend,
    schedule,
    summarise,
)
from app.domain.disagreement import Disagreement, Verdict, split_verdicts
from app.domain.errors import Conflict
from app.domain.fidelity import Pace
from app.engine.local import Engine, Order, RunFailed
from app.services import clock, runs
from app.services.notices import Notices
from app.storage import batches, comparisons, rounds, targets
from app.storage.batches import RunKey
from app.storage.comparisons import Claim
from app.storage.database import Database
from app.storage.idempotency import Once, made_once
from checkers import Item, Target

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A comparison with everything its runs have shown so far."""

    comparison: Comparison
    done: int
    summaries: Sequence[Summary]
    pairs: Sequence[Pair]
    disagreements: Sequence[Disagreement]
    unstable: Sequence[int]
    recommendation: Recommendation


async def submit(
    database: Database, notices: Notices, draft: ComparisonDraft, once: Once | None = None
) -> Comparison:
    """Accept a comparison; it is on disk when this returns.

    Args, raises: as `batches.submit`.
    """

    def store(session: Session) -> Comparison:
        now = clock.now()

        def make() -> str:
            public_id = clock.new_id("cmp")
            comparisons.insert_comparison(session, public_id, draft, now)
            return public_id

        return comparisons.load(session, made_once(session, once, now, make)).comparison

    comparison = await database.write(store)
    notices.work.set()
    return comparison


async def wait_until_ended(
    database: Database, notices: Notices, public_id: str, seconds: float
) -> Comparison:
    """The comparison once it has ended in any way, or as it is after so many seconds."""

    async def load() -> Comparison:
        return await database.read(lambda session: comparisons.load(session, public_id).comparison)

    return await notices.wait_until(
        public_id, load, lambda comparison: comparison.finished_at is not None, seconds
    )


async def claim(database: Database) -> Claim | None:
    """Take the comparison that has waited longest, if any."""
    return await database.write(lambda session: comparisons.claim_oldest(session, clock.now()))


async def report(database: Database, public_id: str) -> Report:
    """Everything that is known of a comparison; raises `NotFound`."""
    return await database.read(lambda session: read_report(session, public_id))


def read_report(session: Session, public_id: str) -> Report:
    """As `report`, in a session."""
    key, list_id, comparison = comparisons.load(session, public_id)
    found = [
        RoundRun(number, label, batch)
        for _, number, label, batch in rounds.of_comparison(session, key)
    ]
    return assemble(comparison, found, comparisons.contested_verdicts(session, key, list_id))


def assemble(
    comparison: Comparison, found: Sequence[RoundRun], verdicts: Sequence[Verdict]
) -> Report:
    """A report from the runs of a comparison and what was said of contested targets."""
    summaries, ratios = summarise(comparison, found), pairs(comparison, found)
    disagreements, unstable = split_verdicts(verdicts)
    return Report(
        comparison=comparison,
        done=sum(run.batch.done for run in found),
        summaries=summaries,
        pairs=ratios,
        disagreements=disagreements,
        unstable=unstable,
        recommendation=recommend(summaries, ratios),
    )


async def cancel(database: Database, public_id: str) -> bool:
    """Start no run of this comparison any more; false when it had ended already."""

    def end(session: Session) -> bool:
        key, _, comparison = comparisons.load(session, public_id)
        if comparison.status is not RunStatus.COMPLETED:
            rounds.end_all_of_comparison(session, key, clock.now())
        return comparisons.end(session, key, clock.now(), RunStatus.CANCELLED)

    return await database.write(end)


async def remove(database: Database, public_id: str) -> None:
    """Remove a comparison that has ended, with its runs.

    Raises:
        NotFound: there is none.
        Conflict: it has not ended.
    """

    def forget(session: Session) -> None:
        key, list_id, comparison = comparisons.load(session, public_id)
        if comparison.finished_at is None:
            raise Conflict("The comparison has not ended.")
        comparisons.remove(session, key, list_id)

    await database.write(forget)


async def carry_out(database: Database, engine: Engine, notices: Notices, claimed: Claim) -> None:
    """Run every round that is missing, each run in a process of its own.

    A round that was cut off is run again whole, so that its runs stay side by side.

    Raises:
        RunInterrupted: the service stops; the rest waits for its next start.
    """
    key, list_id, comparison = claimed
    items = await database.read(lambda session: targets.load_items(session, list_id))
    contenders = {contender.label: contender for contender in comparison.contenders}
    for number, labels in schedule(comparison):
        if await _round_is_complete(database, key, number, len(labels)):
            continue
        await database.write_at_last(
            lambda session: rounds.remove_round(session, key, number)  # noqa: B023 -- awaited before the next
        )
        for label in labels:
            error = await _run_once(
                database, engine, notices, claimed, items, contenders[label], number
            )
            if error is not None:
                await _end(database, key, RunStatus.FAILED, f"{label}: {error}")
                return
    await _end(database, key, RunStatus.COMPLETED)


async def _run_once(
    database: Database,
    engine: Engine,
    notices: Notices,
    claimed: Claim,
    items: Sequence[Item],
    contender: Contender,
    number: int,
) -> str | None:
    """One run of one contender; why it failed, or `None`."""
    order = Order(
        strategy=contender.strategy,
        client=contender.client,
        concurrency=contender.concurrency,
        per_host=claimed.comparison.per_host,
        paced=contender.pace is Pace.TRUTHFUL,
    )
    run = await database.write_at_last(
        lambda session: _begin_run(session, claimed, [i.target for i in items], contender, number)
    )
    try:
        report = await runs.recorded(
            database,
            run,
            lambda take: engine.execute_fresh(order, items, take),
            lambda: notices.progressed(claimed.comparison.id),
        )
    except RunFailed as error:
        await runs.fail(database, run.batch, str(error))
        return str(error)
    await runs.complete(database, run.batch, report)
    return None


def _begin_run(
    session: Session,
    claimed: Claim,
    asked: Sequence[Target],
    contender: Contender,
    number: int,
) -> RunKey:
    comparison = claimed.comparison
    draft = BatchDraft(
        targets=asked,
        strategy=contender.strategy,
        client=contender.client,
        concurrency=contender.concurrency,
        pace=contender.pace,
        per_host=comparison.per_host,
        name=f"{comparison.name or comparison.id}: {contender.label}, round {number}",
    )
    now, public_id = clock.now(), clock.new_id("bat")
    key = batches.insert_batch(
        session,
        public_id,
        draft,
        now,
        list_id=claimed.list_id,
        of=batches.Round(claimed.key, number, contender.label),
    )
    batches.start(session, key, now)
    return RunKey(key, public_id)


async def _round_is_complete(database: Database, key: int, number: int, contenders: int) -> bool:
    found = await database.read(lambda session: rounds.of_comparison(session, key))
    done = [b for _, n, _, b in found if n == number and b.status is RunStatus.COMPLETED]
    return len(done) == contenders


async def _end(database: Database, key: int, status: RunStatus, error: str | None = None) -> None:
    await database.write_at_last(
        lambda session: comparisons.end(session, key, clock.now(), status, error)
    )
