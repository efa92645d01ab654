"""A database of monitors with a past, made of rows, at instants of one's choosing."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.domain.incident import Entry
from app.domain.monitor import Definition
from app.domain.rollup import HOUR
from app.domain.schedule import Schedule
from app.domain.uptime import Span, Uptime
from app.services.rolling import roll
from app.storage import incidents, monitors, watches
from app.storage.counts import Counted, count
from app.storage.database import Database
from app.storage.incidents import Happened
from app.storage.instants import to_column
from app.storage.latencies import latencies
from app.storage.monitor_rows import MonitorOutcomeRow
from app.storage.past import past_of
from app.storage.rollup_rows import DayRow, HourRow
from app.storage.rollups import key_of
from app.storage.uptimes import uptime_of
from checkers import ClientName, StrategyName, Target

T = TypeVar("T")
#: When every monitor here was made.
BORN: Final = datetime(2026, 11, 1, 10, 30, tzinfo=UTC)


def hours(number: float) -> datetime:
    """So many hours after the birth of every monitor."""
    return BORN + timedelta(hours=number)


class PastWorld:
    """Monitors, and what came of them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._made = 0

    def do(self, work: Callable[[Session], T]) -> T:
        return asyncio.run(self.database.write(work))

    def monitor(self, *, enabled: bool = True) -> int:
        """A new one; `m1`, `m2` and so on."""
        self._made += 1
        definition = Definition(
            key=f"m{self._made}",
            target=Target(url="http://127.0.0.1/"),
            schedule=Schedule(interval=60.0),
            strategy=StrategyName.ASYNC,
            client=ClientName.CURL,
            enabled=enabled,
        )

        def make(session: Session) -> int:
            new = [(f"mon_{definition.key}", definition)]
            (row,) = monitors.insert_definitions(session, new, BORN)
            watches.begin(session, {row: None}, BORN)
            return row

        return self.do(make)

    def outcomes(
        self, monitor: int, at: Sequence[datetime], total_us: int = 50_000, status: str = "up"
    ) -> None:
        """Checks that began then."""
        rows = [
            {
                "monitor_id": monitor, "intended_at": to_column(each), "late_us": 0,
                "status": status, "reason": None if status == "up" else "status_unexpected",
                "http_status": 200, "redirects": 0, "started_at": to_column(each), "queued_us": 0,
                "total_us": total_us + place, "connect_us": 200, "wait_us": total_us - 300,
                "receive_us": 100,
            }
            for place, each in enumerate(at)
        ]  # fmt: skip
        if rows:
            self.do(lambda session: session.execute(insert(MonitorOutcomeRow), rows))

    def change(self, monitor: int, at: datetime, before: str, after: str) -> None:
        """A change of what is shown, that comes to be known now."""
        happened = Happened(monitor, None, at, Entry.STATUS, before, after)
        self.do(lambda session: incidents.note(session, [happened]))

    def roll(self, monitor: int, now: datetime) -> None:
        """Roll up all there is."""
        while self.do(lambda session: roll(session, monitor, now)):
            pass

    def uptime(self, monitor: int, window: Span, now: datetime) -> Uptime:
        return self.do(lambda s: uptime_of(s, past_of(s, monitor, now), window))

    def count(self, monitor: int, window: Span, now: datetime) -> Counted:
        return self.do(lambda s: count(s, past_of(s, monitor, now), window))

    def p95(self, monitor: int, window: Span, now: datetime) -> float:
        return self.do(lambda s: latencies(s, past_of(s, monitor, now), window).value_at(95))

    def rolled(self, monitor: int) -> list[tuple[object, ...]]:
        """Every hour and day there is of a monitor, without its id."""

        def read(session: Session) -> list[tuple[object, ...]]:
            found: list[tuple[object, ...]] = []
            for table in (HourRow, DayRow):
                columns = [
                    column for column in table.__table__.columns
                    if column.name not in {"id", "first_outcome", "last_outcome", "through"}
                ]  # fmt: skip
                own = key_of(monitor, 0)
                query = select(table.id - own, *columns).where(table.id >= own)
                query = query.where(table.id < key_of(monitor + 1, 0)).order_by(table.id)
                found += [tuple(row) for row in session.execute(query)]
            return found

        return self.do(read)


def every(minutes: float, since: float, until: float) -> list[datetime]:
    """Instants so many minutes apart, from hours to hours after the birth."""
    steps = int((until - since) * HOUR / timedelta(minutes=minutes))
    return [hours(since) + timedelta(minutes=minutes) * step for step in range(steps)]
