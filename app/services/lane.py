"""Sends what is on its way over one channel: so much at once, and each incident in its order.

A webhook is a check like any other, so it goes where the address policy lets it go and nowhere
else, has a deadline, and follows no redirect.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

import structlog

from app.channels import webhook
from app.channels.notification import worded
from app.channels.notifier import Notifier
from app.domain.message import Channel, ChannelType, Try, after_try
from app.engine.local import Engine, Order, RunFailed, RunInterrupted, Slot
from app.services.notices import Notices, heard
from app.storage import channels, deliveries
from app.storage.database import Database
from app.storage.deliveries import Due
from checkers import ClientName, Item, Outcome, Reason, StrategyName
from checkers.strategies.strategy import into

logger = structlog.get_logger(__name__)

# So many of a channel are under way at once, each of another incident.
_AT_ONCE: Final = 8
# After a fault of our own, and how long a lane waits for its flights without looking, in seconds.
_REST_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 5.0
_GONE: Final = 410
_ORDER: Final = Order(strategy=StrategyName.ASYNC, client=ClientName.AIOHTTP, concurrency=1)


class Means(NamedTuple):
    """What a lane sends with."""

    database: Database
    engine: Engine
    notifier: Notifier
    notices: Notices
    now: Callable[[], datetime]


class Lane:
    """One channel's deliveries.

    Args:
        row: of the channel.
    """

    def __init__(self, means: Means, row: int) -> None:
        self._means = means
        self._row = row
        self._flights: set[str] = set()
        self._stopped = False
        #: Set when there may be more to send.
        self.news = asyncio.Event()

    async def serve(self) -> None:
        """Until nothing is due now, the channel is gone, or the service is about to stop."""
        async with asyncio.TaskGroup() as group:
            while True:
                self.news.clear()
                channel, found = await self._look()
                for due in found:
                    self._flights.add(due.id)
                    group.create_task(self._carry(channel, due))
                if not self._flights:
                    return
                await heard(self.news, _LOOK_SECONDS)

    async def _look(self) -> tuple[Channel | None, list[Due]]:
        room = _AT_ONCE - len(self._flights)
        if room <= 0 or self._stopped or self._means.notices.closed:
            return None, []
        now, under_way = self._means.now(), frozenset(self._flights)
        return await self._means.database.read(
            lambda session: (
                channels.load_row(session, self._row),
                deliveries.due(session, self._row, now, room, under_way),
            )
        )

    async def _carry(self, channel: Channel | None, due: Due) -> None:
        try:
            tried = None if channel is None else await self._try(channel, due)
            if channel is not None and tried is not None:
                await self._note(channel, due, tried)
        except RunInterrupted:
            self._stopped = True
        except Exception:  # of a loop: what was not sent stays on its way
            logger.exception("delivery_interrupted", delivery=due.id)
            await heard(self._means.notices.stop, _REST_SECONDS)
        finally:
            self._flights.discard(due.id)
            self.news.set()

    async def _try(self, channel: Channel, due: Due) -> Try | None:
        """How a try went; `None`: it could not be made."""
        if channel.type is ChannelType.WEBHOOK:
            return await self._post(channel, due)
        answer = await self._means.notifier.say(channel.url, worded(due.body))
        return Try(error=answer.error, final=answer.final)

    async def _post(self, channel: Channel, due: Due) -> Try | None:
        request = webhook.request(
            channel.url, due.id, due.body, secret=channel.secret, now=self._means.now()
        )
        seen: list[Outcome] = []
        try:
            await self._means.engine.execute(Slot.WATCH, _ORDER, [Item(0, request)], into(seen))
        except RunFailed as error:
            logger.warning("delivery_not_tried", delivery=due.id, error=str(error))
            await heard(self._means.notices.stop, _REST_SECONDS)
        return _tried(seen[0]) if seen else None

    async def _note(self, channel: Channel, due: Due, tried: Try) -> None:
        now = self._means.now()
        first = due if due.tries else due._replace(since=now)
        status, due_at = after_try(tried, due.tries + 1, first.since, now)
        logger.info(
            "delivery", channel=channel.key, delivery=due.id, status=status.value, error=tried.error
        )
        await self._means.database.write_at_last(
            lambda session: deliveries.note_try(
                session, first, now, status=status, due_at=due_at, error=tried.error
            )
        )
        # Whoever tests a channel waits for its first try.
        self._means.notices.tried(due.id)


def _tried(outcome: Outcome) -> Try:
    if webhook.heard(outcome):
        return Try()
    final = outcome.http_status == _GONE or outcome.reason is Reason.ADDRESS_NOT_ALLOWED
    return Try(error=outcome.detail or "It was not heard.", final=final)
