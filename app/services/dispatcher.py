"""The service's loops: they claim what waits, let the engine carry it out, and go on."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

import structlog
from sqlalchemy.orm import Session

from app.engine.local import Engine, RunInterrupted, Slot
from app.services import comparisons, runs
from app.services.notices import Notices, heard
from app.services.runs import RunGone
from app.storage import batches as batch_rows
from app.storage import comparisons as comparison_rows
from app.storage.database import Database

logger = structlog.get_logger(__name__)

# How often to look for work without being told, and to rest after a fault of our own, in seconds.
_LOOK_SECONDS = 5.0
_REST_SECONDS = 1.0
# How long a run that is stopped may take to store what it has, in seconds.
_STOP_SECONDS = 5.0

Claimed = tuple[str, Callable[[], Coroutine[None, None, None]], Callable[[], Awaitable[object]]]


class Dispatcher:
    """Runs what is queued: small batches in one loop, big batches and comparisons in another."""

    def __init__(self, database: Database, engine: Engine, notices: Notices) -> None:
        self._database = database
        self._engine = engine
        self._notices = notices
        self._running: dict[str, asyncio.Task[None]] = {}
        self._draining = False
        self.serving = False
        self._told = {Slot.QUICK: asyncio.Event(), Slot.BATCH: asyncio.Event()}

    async def recover(self) -> None:
        """Let what a stopped service left running go on; call it before the loops begin."""

        def requeue(session: Session) -> int:
            return batch_rows.requeue(session) + comparison_rows.requeue(session)

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
        """The big batch or the comparison that has waited longest."""

        def waiting(session: Session) -> tuple[int | None, int | None]:
            return batch_rows.oldest_waiting(session), comparison_rows.oldest_waiting(session)

        batch_since, comparison_since = await self._database.read(waiting)
        if comparison_since is None or (
            batch_since is not None and batch_since <= comparison_since
        ):
            return await self._claim_batch(Slot.BATCH)
        claimed = await comparisons.claim(self._database)
        if claimed is None:
            return None
        return (
            claimed.comparison.id,
            lambda: comparisons.carry_out(self._database, self._engine, self._notices, claimed),
            lambda: self._database.write_at_last(
                lambda session: comparison_rows.requeue(session, claimed.key)
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
