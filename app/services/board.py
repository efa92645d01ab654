"""The last readings of every monitor, kept at hand: asking the database for each takes too long."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import structlog

from app.domain.monitor import MonitorStatus
from app.domain.outcome import Way
from app.domain.reading import Read, Reading
from app.services.notices import Stored
from app.storage import standings
from app.storage.database import Database
from app.storage.standings import Standing
from checkers import Outcome

logger = structlog.get_logger(__name__)

# Read and taken over at once: some milliseconds.
_AT_ONCE: Final = 500


class Board:
    """Hears what is recorded, and knows from the database whom it is of.

    Which monitors there are and what is believed of them is looked at with every scrape, so that
    nothing that is gone, paused or restored is ever told of.

    Args:
        labelled: a key as it is written in a sample.
    """

    def __init__(self, database: Database, labelled: Callable[[str], str]) -> None:
        self._database = database
        self._labelled = labelled
        self._readings: dict[int, Reading] = {}
        self._looking = asyncio.Lock()
        self._round = 0

    def of_monitors(self, stored: Stored) -> None:
        """Note what checks have read."""
        for key, (monitor, _, outcome, _) in stored:
            reading = self._readings.get(monitor)
            # Of one that is not known yet the database tells when it is found there.
            if reading is not None and reading.key == key:
                reading.take(_read(outcome))

    def of_batch(self, way: Way, outcomes: Sequence[Outcome]) -> None:
        """Batches are of no monitor."""

    async def serve(self) -> None:
        """Look once, so that the first scrape need not ask for the last check of each."""
        try:
            await self.look()
        except Exception:  # of a loop: the first scrape asks instead
            logger.exception("board_not_filled")

    async def look(self) -> list[Reading]:
        """Find out which monitors there are and how they stand; each with its last readings."""
        async with self._looking:
            self._round += 1
            after, more = 0, True
            while more:
                page = await self._database.scan(
                    partial(standings.page, after=after, limit=_AT_ONCE)
                )
                await self._place(page)
                more = len(page) == _AT_ONCE
                after = page[-1][0] if page else after
            gone = [row for row, each in self._readings.items() if each.seen != self._round]
            for row in gone:
                del self._readings[row]
            return list(self._readings.values())

    async def _place(self, page: Sequence[Standing]) -> None:
        new = [standing[0] for standing in page if self._is_new(standing)]
        if not new:
            return
        # Whatever is recorded from here on is heard of, so nothing falls between.
        found = await self._database.scan(partial(standings.last_reads, monitors=new))
        for row, reads in found.items():
            reading = self._readings[row]
            # Unless a newer one was heard of by now.
            if reading.checked_at is None and reading.status is not MonitorStatus.PAUSED:
                for read in reads:
                    reading.take(read)

    def _is_new(self, standing: Standing) -> bool:
        """Take over how a monitor stands; whether it was not known before."""
        row, key, interval_us, stands = standing
        reading = self._readings.get(row)
        new = reading is None or reading.key != key
        if reading is None or new:
            reading = self._readings[row] = Reading(key, self._labelled(key))
        reading.seen = self._round
        if reading.stands != stands or reading.interval_us != interval_us:
            status, up = standings.status_of(stands)
            reading.stand(stands, status, interval_us, up=up)
        return new


def _read(outcome: Outcome) -> Read:
    return Read(
        outcome.status,
        outcome.started_at,
        outcome.queued,
        outcome.http_status,
        outcome.total,
        outcome.phases,
        None if outcome.tls is None else outcome.tls.not_after,
    )
