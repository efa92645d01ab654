"""Runs: claimed, carried out by the engine, recorded as their outcomes come."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy.orm import Session

from app.domain.batch import Batch, RunStatus
from app.engine.local import Emit, Engine, Order, Report, RunFailed, Slot
from app.services import clock
from app.storage import batches, outcomes, targets
from app.storage.batches import Claim
from app.storage.database import Database
from app.storage.figures import Figures
from checkers import Outcome
from checkers.strategies.outbox import Outbox

logger = structlog.get_logger(__name__)

# One commit for so many outcomes, or for so long; a commit for each would cost more than a check.
_OUTCOMES_PER_COMMIT = 1000
_SECONDS_PER_COMMIT = 0.25


async def claim(database: Database, *, quick: bool) -> Claim | None:
    """Take the batch that has waited longest, if any."""
    return await database.write(
        lambda session: batches.claim_oldest(session, clock.now(), quick=quick)
    )


async def carry_out(database: Database, engine: Engine, claimed: Claim, slot: Slot) -> None:
    """Run a claimed batch to its end, with the targets that have no outcome yet."""
    items = await database.read(
        lambda session: targets.load_items(session, claimed.list_id, without_outcome_in=claimed.key)
    )
    try:
        report = await recorded(
            database,
            claimed.key,
            lambda take: engine.execute(slot, order_of(claimed.batch), items, take),
        )
    except RunFailed as error:
        await fail(database, claimed.key, str(error))
        return
    await complete(database, claimed.key, report)


def order_of(batch: Batch) -> Order:
    """How the engine is to carry out a batch."""
    return Order(strategy=batch.strategy, client=batch.client, concurrency=batch.concurrency)


async def complete(database: Database, key: int, report: Report) -> None:
    """End a run whose outcomes have all been recorded."""
    latency, phases = await database.read(lambda session: outcomes.latency(session, key))
    figures = Figures(latency, phases, report.cost)
    await database.write(
        lambda session: batches.complete(
            session, key, clock.now(), setup=report.setup, wall=report.wall, figures=figures
        )
    )


async def fail(database: Database, key: int, error: str) -> None:
    """End a run that cannot go on; what it has recorded stays."""
    logger.error("run_failed", batch=key, error=error)
    await database.write(
        lambda session: batches.end(session, key, clock.now(), RunStatus.FAILED, error)
    )


async def recorded(
    database: Database, key: int, run: Callable[[Emit], Awaitable[Report]]
) -> Report:
    """Carry out a run and store its outcomes as they come; a slow disk slows the run.

    Raises:
        RunFailed: as the run does; what it had emitted is stored.
    """

    async def store(some: list[Outcome]) -> None:
        # NORMAL: a power cut may cost them, and the run then brings them back.
        await database.write(lambda session: record(session, key, some), durable=False)

    outbox = Outbox(store, chunk=_OUTCOMES_PER_COMMIT, seconds=_SECONDS_PER_COMMIT)

    async def take(some: list[Outcome]) -> None:
        await outbox.put(*some)

    failure: RunFailed | None = None
    async with asyncio.TaskGroup() as group:
        group.create_task(outbox.tick())
        try:
            report = await run(take)
        except RunFailed as error:
            failure = error
        finally:
            # Also of a run that was cancelled: what was checked is not thrown away.
            await asyncio.shield(outbox.close())
    if failure is not None:
        raise failure
    return report


def record(session: Session, key: int, some: Sequence[Outcome]) -> None:
    """Store outcomes and count them, in one transaction."""
    new = outcomes.insert_outcomes(session, key, some)
    if new == len(some):
        batches.count_more(session, key, some)
    else:
        # Some were there before: count what there is.
        statuses, reasons = outcomes.tally(session, key)
        batches.set_count(session, key, statuses, reasons)
