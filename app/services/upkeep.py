"""Removes what has had its time, in small steps beside the work."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy.orm import Session

from app.services import clock
from app.storage import deliveries, raw, upkeep
from app.storage.database import Database
from app.storage.surplus import remove_some, surplus

logger = structlog.get_logger(__name__)

_EVERY_SECONDS: Final = 60.0
# Between two steps, so that whoever has something to store goes first.
_BREATH_SECONDS: Final = 0.02
#: How long an Idempotency-Key is remembered.
KEYS_KEPT: Final = timedelta(hours=24)


class Upkeep:
    """The loop that keeps the database small.

    Args:
        retention: how long what has ended is kept; `None`: for ever.
    """

    def __init__(self, database: Database, retention: timedelta | None) -> None:
        self._database = database
        self._retention = retention

    async def serve(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.sweep()
            except Exception:  # of a loop: what was not removed now is removed later
                logger.exception("upkeep_interrupted")
            await asyncio.sleep(_EVERY_SECONDS)

    async def sweep(self) -> None:
        """Remove everything whose time is over, and let the file shrink."""
        now = clock.now()
        await self._database.write(
            lambda session: upkeep.remove_expired_keys(session, now - KEYS_KEPT)
        )
        await self._remove_surplus()
        if self._retention is not None:
            before = now - self._retention
            steps = await self._in_steps(partial(upkeep.remove_some_expired, before=before))
            steps += await self._in_steps(partial(deliveries.remove_some_expired, before=before))
            if steps:
                logger.info("expired_removed", steps=steps, ended_before=before.isoformat())
        await self._in_steps(upkeep.remove_some_unused)
        await self._in_steps(raw.remove_some_orphans)
        await _steps(self._database.give_space_back)

    async def _remove_surplus(self) -> None:
        """Remove what schedules have made beyond what they keep."""
        found = await self._database.read(surplus)
        for one in reversed(found):
            await self._in_steps(partial(remove_some, one=one))
        if found:
            logger.info("surplus_removed", of_schedules=len(found))

    async def _in_steps(self, step: Callable[[Session], bool]) -> int:
        return await _steps(lambda: self._database.write(step, durable=False))


async def _steps(step: Callable[[], Awaitable[bool]]) -> int:
    steps = 0
    while await step():
        steps += 1
        await asyncio.sleep(_BREATH_SECONDS)
    return steps
