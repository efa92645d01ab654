"""Tells whoever asked for it that a batch has ended: once, and again until it was heard.

A callback is a check like any other, so it goes where the address policy lets it go and nowhere
else, has a deadline, and follows no redirect.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from app.channels import webhook
from app.domain.batch import Batch, CallbackStatus
from app.domain.callback import rest_after
from app.engine.local import Engine, Order, RunFailed, RunInterrupted, Slot
from app.services import clock
from app.services.notices import Notices, heard
from app.storage import batches, callbacks
from app.storage.callbacks import Due
from app.storage.database import Database
from checkers import ClientName, Item, Outcome, Reason, StrategyName, Target

logger = structlog.get_logger(__name__)

_AT_ONCE: Final = 20
# How long the loop sleeps when nothing is due, and after a fault of our own, in seconds.
_LOOK_SECONDS: Final = 30.0
_REST_SECONDS: Final = 5.0


class Callbacks:
    """The loop that makes callbacks when they are due.

    Args:
        written: a batch as its receiver is told of it, in JSON.
    """

    def __init__(
        self,
        database: Database,
        engine: Engine,
        notices: Notices,
        written: Callable[[Batch], str],
    ) -> None:
        self._database = database
        self._engine = engine
        self._notices = notices
        self._written = written

    async def serve(self) -> None:
        """Until cancelled, or the service is about to stop."""
        while not self._notices.closed:
            self._notices.callbacks.clear()
            try:
                pause = await self._make_due()
            except RunInterrupted:
                return
            except Exception:  # of a loop: a fault in one round must not end the telling
                logger.exception("callbacks_interrupted")
                pause = _REST_SECONDS
            await heard(self._notices.callbacks, pause)

    async def _make_due(self) -> float:
        """Make what is due; seconds until the next may be."""
        found = await self._database.read(
            lambda session: callbacks.due(session, clock.now(), _AT_ONCE)
        )
        if found:
            await self._make(found)
            return 0.0
        at = await self._database.read(callbacks.next_due_at)
        return clock.seconds_until(at, clock.now(), _LOOK_SECONDS)

    async def _make(self, found: Sequence[Due]) -> None:
        items = [Item(seq, await self._request(due)) for seq, due in enumerate(found)]
        order = Order(strategy=StrategyName.ASYNC, client=ClientName.AIOHTTP, concurrency=_AT_ONCE)

        async def take(some: list[Outcome]) -> None:
            for outcome in some:
                await self._note(found[outcome.seq], outcome)

        with contextlib.suppress(RunFailed):
            # What has no outcome stays due.
            await self._engine.execute(Slot.WATCH, order, items, take)

    async def _request(self, due: Due) -> Target:
        batch = await self._database.read(lambda session: batches.load(session, due.batch_id))
        id_, body = f"{due.batch_id}.ended", self._written(batch)
        return webhook.request(due.url, id_, body, now=clock.now())

    async def _note(self, due: Due, outcome: Outcome) -> None:
        rest = rest_after(due.tries + 1)
        if webhook.heard(outcome):
            status, due_at, error = CallbackStatus.SENT, None, None
        elif rest is None or outcome.reason is Reason.ADDRESS_NOT_ALLOWED:
            status, due_at, error = CallbackStatus.DEAD, None, outcome.detail
        else:
            status, due_at, error = CallbackStatus.DUE, clock.now() + rest, outcome.detail
        logger.info("callback", batch=due.batch_id, status=status.value, error=error)
        await self._database.write_at_last(
            lambda session: callbacks.note_try(
                session, due.key, status=status, due_at=due_at, error=error
            )
        )
