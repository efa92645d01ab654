"""The service's loops: they claim what waits, let the engine carry it out, and go on."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app.engine.laboratory import Laboratory
from app.engine.local import Engine, RunInterrupted, Slot
from app.services import comparisons, experiments, runs
from app.services.notices import Notices, heard
from app.services.runs import RunGone
from app.storage import batches as batch_rows
from app.storage import waiting
from app.storage.database import Database
from app.storage.rows import ComparisonRow, ExperimentRow

logger = structlog.get_logger(__name__)

# How often to look for work without being told, and to rest after a fault of our own, in seconds.
_LOOK_SECONDS = 5.0
_REST_SECONDS = 1.0
# How long a run that is stopped may take to store what it has, in seconds.
_STOP_SECONDS = 5.0

Claimed = tuple[str, Callable[[], Coroutine[None, None, None]], Callable[[], Awaitable[object]]]


class Dispatcher:
    """Runs what is queued: small batches in one loop; big ones and experiments in another."""

    def __init__(
        self, database: Database, engine: Engine, laboratory: Laboratory, notices: Notices
    ) -> None:
        self._database = database
        self._engine = engine
        self._laboratory = laboratory
        self._notices = notices
        self._running: dict[str, asyncio.Task[None]] = {}
        self._draining = False
        self.serving = False
        self._told = {Slot.QUICK: asyncio.Event(), Slot.BATCH: asyncio.Event()}

    async def recover(self) -> None:
        """Let what a stopped service left running go on; call it before the loops begin."""

        def requeue(session: Session) -> int:
            return (
                batch_rows.requeue(session)
                + waiting.requeue(session, ComparisonRow)
                + waiting.requeue(session, ExperimentRow)
            )

        left = await self._database.write(requeue)
        if left:
            logger.info("runs_taken_up_again", runs=left)

    async def serve(self) -> None:
        """Until cancelled; `serving` tells whether the loops are under way."""
        self.serving = True
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._loop(Slot.QUICK, self._claim_quick))
                group.create_task(self._loop(Slot.BATCH, self._claim_big))
                group.create_task(self._spread_the_word())
                group.create_task(self._finish_when_told())
        finally:
            self.serving = False

    async def drain(self, seconds: float) -> None:
        """Give what is in flight so long to come to its outcome; nothing more begins."""
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                while self._running:
                    await asyncio.wait(self._running.values())
        except TimeoutError:
            logger.warning("drain_ran_out", runs=list(self._running))

    async def _finish_when_told(self) -> None:
        await self._notices.stop.wait()
        self._draining = True
        logger.info("draining", runs=list(self._running))
        await self._engine.finish()

    async def stop_run(self, public_id: str) -> None:
        """Stop a run that is under way and wait until it has; nothing when there is none."""
        task = self._running.get(public_id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _spread_the_word(self) -> None:
        while True:
            await self._notices.work.wait()
            self._notices.work.clear()
            for told in self._told.values():
                told.set()

    async def _loop(self, slot: Slot, claim: Callable[[], Awaitable[Claimed | None]]) -> None:
        told = self._told[slot]
        while not self._draining:
            told.clear()
            try:
                if await self._carry_out_next(claim):
                    continue
            except Exception:  # of a loop: a fault in one run must not end the service
                logger.exception("run_interrupted", slot=slot.value)
                await asyncio.sleep(_REST_SECONDS)
                continue
            await heard(told, _LOOK_SECONDS)

    async def _carry_out_next(self, claim: Callable[[], Awaitable[Claimed | None]]) -> bool:
        claimed = await claim()
        if claimed is None:
            return False
        public_id, carry_out, put_back = claimed
        # A task of its own, so that it can be stopped without stopping the loop.
        task = asyncio.create_task(carry_out())
        self._running[public_id] = task
        try:
            await asyncio.wait([task])
            if not task.cancelled() and task.exception() is not None:
                await self._after(task, put_back)
            self._notices.ended(public_id)
        except asyncio.CancelledError:
            task.cancel()
            # It stores what it has; on a disk that takes nothing it would do so for ever.
            await asyncio.wait([task], timeout=_STOP_SECONDS)
            raise
        finally:
            del self._running[public_id]
        return True

    async def _after(
        self, task: asyncio.Task[None], put_back: Callable[[], Awaitable[object]]
    ) -> None:
        """Do what a run that ended without an end of its own needs; raises what is unforeseen."""
        try:
            task.result()
        except RunInterrupted:
            # The next start takes it up.
            logger.info("run_left_for_the_next_start")
        except RunGone as error:
            logger.warning("run_dropped", why=str(error))
        except Exception:
            await put_back()
            raise

    async def _claim_quick(self) -> Claimed | None:
        return await self._claim_batch(Slot.QUICK)

    async def _claim_big(self) -> Claimed | None:
        """The big batch, comparison or experiment that has waited longest."""

        def waits(session: Session) -> list[int | None]:
            return [
                batch_rows.oldest_waiting(session),
                waiting.oldest_waiting(session, ComparisonRow),
                waiting.oldest_waiting(session, ExperimentRow),
            ]

        since = await self._database.read(waits)
        claims: tuple[Callable[[], Awaitable[Claimed | None]], ...] = (
            partial(self._claim_batch, Slot.BATCH),
            self._claim_comparison,
            self._claim_experiment,
        )
        there = [(at, claim) for at, claim in zip(since, claims, strict=True) if at is not None]
        if not there:
            return None
        _, longest = min(there, key=lambda waits: waits[0])
        return await longest()

    async def _claim_comparison(self) -> Claimed | None:
        claimed = await comparisons.claim(self._database)
        if claimed is None:
            return None
        return (
            claimed.comparison.id,
            lambda: comparisons.carry_out(self._database, self._engine, self._notices, claimed),
            lambda: self._database.write_at_last(
                lambda session: waiting.requeue(session, ComparisonRow, claimed.key)
            ),
        )

    async def _claim_experiment(self) -> Claimed | None:
        claimed = await experiments.claim(self._database)
        if claimed is None:
            return None
        return (
            claimed.comparison.id,
            lambda: experiments.carry_out(self._database, self._laboratory, self._notices, claimed),
            lambda: self._database.write_at_last(
                lambda session: waiting.requeue(session, ExperimentRow, claimed.key)
            ),
        )

    async def _claim_batch(self, slot: Slot) -> Claimed | None:
        claimed = await runs.claim(self._database, quick=slot is Slot.QUICK)
        if claimed is None:
            return None
        return (
            claimed.batch.id,
            lambda: runs.carry_out(self._database, self._engine, self._notices, claimed, slot),
            lambda: self._database.write_at_last(
                lambda session: batch_rows.requeue(session, claimed.key)
            ),
        )
