"""Runs: claimed, carried out by the engine, recorded as their outcomes come."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy.orm import Session

from app.domain.batch import Batch, RunStatus
from app.domain.fidelity import Pace, measured
from app.domain.outcome import Way
from app.engine.local import Emit, Engine, Order, Report, RunFailed, RunInterrupted, Slot
from app.services import clock
from app.services.notices import Notices
from app.storage import batches, outcomes, targets
from app.storage.batches import Claim, RunKey
from app.storage.database import Database
from app.storage.figures import Figures
from checkers import Outcome
from checkers.strategies.outbox import Outbox, first_of

logger = structlog.get_logger(__name__)

# One commit for so many outcomes, or for so long; a commit for each would cost more than a check.
_OUTCOMES_PER_COMMIT = 1000
_SECONDS_PER_COMMIT = 0.25


class RunGone(Exception):
    """The batch of a run is there no more: it was removed, or the database is another."""


async def claim(database: Database, *, quick: bool) -> Claim | None:
    """Take the batch that has waited longest, if any."""
    return await database.write(
        lambda session: batches.claim_oldest(session, clock.now(), quick=quick)
    )


async def carry_out(
    database: Database, engine: Engine, notices: Notices, claimed: Claim, slot: Slot
) -> None:
    """Run a claimed batch to its end, with the targets that have no outcome yet.

    Raises:
        RunInterrupted: the service stops; the rest waits for its next start.
    """
    items = await database.read(
        lambda session: targets.load_items(session, claimed.list_id, without_outcome_in=claimed.key)
    )
    try:
        report = await recorded(
            database,
            RunKey(claimed.key, claimed.batch.id),
            lambda take: engine.execute(slot, order_of(claimed.batch), items, take),
            lambda some: notices.carried_on(claimed.batch.id, _way_of(claimed.batch), some),
        )
    except RunFailed as error:
        await fail(database, claimed.key, str(error))
        return
    await complete(database, claimed.key, report)


def order_of(batch: Batch) -> Order:
    """How the engine is to carry out a batch."""
    return Order(
        strategy=batch.strategy,
        client=batch.client,
        concurrency=batch.concurrency,
        per_host=batch.per_host,
        paced=batch.pace is Pace.TRUTHFUL,
    )


def _way_of(batch: Batch) -> Way:
    """How the checks of a batch are carried out, whatever each of them asks for."""
    return Way(batch.strategy, batch.client)


async def complete(database: Database, key: int, report: Report) -> None:
    """End a run whose outcomes have all been recorded."""
    found = await database.read(lambda session: outcomes.latency(session, key))
    own = None if report.cost is None else measured(report.cost)
    figures = Figures(*found, report.cost, own)
    await database.write_at_last(
        lambda session: batches.complete(
            session, key, clock.now(), setup=report.setup, wall=report.wall, figures=figures
        )
    )


async def fail(database: Database, key: int, error: str) -> None:
    """End a run that cannot go on; what it has recorded stays."""
    logger.error("run_failed", batch=key, error=error)
    await database.write_at_last(
        lambda session: batches.end(session, key, clock.now(), RunStatus.FAILED, error)
    )


async def recorded(
    database: Database,
    key: RunKey,
    run: Callable[[Emit], Awaitable[Report]],
    progressed: Callable[[Sequence[Outcome]], None],
) -> Report:
    """Carry out a run and store its outcomes as they come; a slow disk slows the run.

    Args:
        progressed: told of outcomes once they are stored.

    Raises:
        RunFailed, RunInterrupted: as the run does; what it had emitted is stored.
        RunGone: there is nothing to store them for.
    """

    async def store(some: list[Outcome]) -> None:
        # NORMAL: a power cut may cost them, and the run then brings them back.
        await database.write_at_last(lambda session: record(session, key, some), durable=False)
        progressed(some)

    outbox = Outbox(store, chunk=_OUTCOMES_PER_COMMIT, seconds=_SECONDS_PER_COMMIT)

    async def take(some: list[Outcome]) -> None:
        await outbox.put(*some)

    failure: RunFailed | RunInterrupted | None = None
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(outbox.tick())
            try:
                report = await run(take)
            except (RunFailed, RunInterrupted) as error:
                failure = error
            finally:
                # Also of a run that was cancelled: what was checked is not thrown away.
                await asyncio.shield(outbox.close())
    except BaseExceptionGroup as errors:
        raise first_of(errors) from errors
    if failure is not None:
        raise failure
    return report


def record(session: Session, key: RunKey, some: Sequence[Outcome]) -> None:
    """Store outcomes and count them, in one transaction.

    Raises:
        RunGone: the batch is there no more.
    """
    if not batches.is_there(session, key):
        raise RunGone(f"Batch {key.public_id} is not there any more.")
    new = outcomes.insert_outcomes(session, key.batch, some)
    if new == len(some):
        batches.count_more(session, key.batch, some)
    else:
        # Some were there before: count what there is.
        statuses, reasons = outcomes.tally(session, key.batch)
        batches.set_count(session, key.batch, statuses, reasons)
