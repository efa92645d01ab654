"""Calls on our own account: canaries, which tell whether we can reach anything, and a heartbeat."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from app.domain.connectivity import Connectivity
from app.engine.local import Engine, Order, RunFailed, RunInterrupted, Slot
from app.services import clock
from checkers import ClientName, Item, Outcome, Status, StrategyName, Target
from checkers.strategies.strategy import into

logger = structlog.get_logger(__name__)

_CANARY_SECONDS: Final = 5.0
_CANARY_TIMEOUT_SECONDS: Final = 5.0
_HEARTBEAT_SECONDS: Final = 60.0
_HEARTBEAT_TIMEOUT_SECONDS: Final = 20.0
_ORDER: Final = Order(strategy=StrategyName.ASYNC, client=ClientName.AIOHTTP, concurrency=20)


class Beacons:
    """The loops that make these calls.

    Args:
        canary_urls: when none of them answers, it is our own connectivity that is lost.
        heartbeat_url: called every minute while all is well, for whoever watches the watcher.
        well: whether all is well.
        needed: whether anything is watched, so that canaries are worth their while.
    """

    def __init__(
        self,
        engine: Engine,
        connectivity: Connectivity,
        *,
        canary_urls: Sequence[str],
        heartbeat_url: str | None,
        well: Callable[[], bool],
        needed: Callable[[], bool],
    ) -> None:
        self._engine = engine
        self._connectivity = connectivity
        self._canary_urls = canary_urls
        self._heartbeat_url = heartbeat_url
        self._well = well
        self._needed = needed

    async def serve(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self._canary_urls:
                group.create_task(self._ask_canaries())
            if self._heartbeat_url is not None:
                group.create_task(self._beat(self._heartbeat_url))

    async def _ask_canaries(self) -> None:
        while True:
            if self._needed():
                asked_at = clock.now()
                outcomes = await self._call(self._canary_urls, _CANARY_TIMEOUT_SECONDS)
                judged = [o for o in outcomes if o.status is not Status.UNKNOWN]
                if judged:
                    failed = all(outcome.http_status is None for outcome in judged)
                    self._connectivity.note_canaries(asked_at, failed=failed)
                elif outcomes:
                    logger.warning("canaries_not_checked", why=outcomes[0].detail)
            await asyncio.sleep(_CANARY_SECONDS)

    async def _beat(self, url: str) -> None:
        while True:
            if self._well():
                for outcome in await self._call([url], _HEARTBEAT_TIMEOUT_SECONDS):
                    if outcome.status is not Status.UP:
                        logger.warning("heartbeat_not_heard", why=outcome.detail)
            else:
                logger.warning("heartbeat_withheld")
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    async def _call(self, urls: Sequence[str], timeout: float) -> list[Outcome]:
        items = [Item(seq, Target(url=url, timeout=timeout)) for seq, url in enumerate(urls)]
        outcomes: list[Outcome] = []
        try:
            await self._engine.execute(Slot.WATCH, _ORDER, items, into(outcomes))
        except (RunFailed, RunInterrupted) as error:
            logger.warning("beacon_not_called", why=str(error))
        return outcomes
