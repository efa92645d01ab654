"""A database with a long past, made of rows: what a service has after two years."""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy.orm import Session

from app.domain.histogram import histogram_of
from app.domain.monitor import Definition, Slo
from app.domain.rollup import DAY, HOUR, HOURS_KEPT, PHASES, SETTLED_AFTER, floor, number
from app.domain.schedule import First, Schedule
from app.storage import monitors, watches
from app.storage.database import Database
from app.storage.file import migrate, vault_at_hand
from app.storage.instants import to_column
from app.storage.rollups import key_of
from checkers import ClientName, StrategyName, Target

_PER_COMMIT: Final = 100_000
_INCIDENTS_A_YEAR: Final = 26
# Some histograms, used again and again: reading them costs the same.
_SHAPES: Final = 50
_OUTCOME: Final = (
    "monitor_id, intended_at, late_us, status, reason, http_status, http_version, redirects, "
    "remote_address, started_at, queued_us, total_us, connect_us, wait_us, receive_us, body_bytes, "
    "error_bound_us"
)
_SLOT: Final = (
    "id, status, hidden, through, up_us, degraded_us, down_us, unknown_us, maintenance_us, "
    "paused_us, ups, degradeds, downs, unknowns, missed, total"
)


class Sizes:
    """How long the past is.

    Args:
        count: monitors.
        each: single outcomes of each, the last just now.
        days: days rolled up of each, the last 14 of them by the hour too.
        interval: seconds between two checks.
    """

    def __init__(self, *, count: int, each: int, days: int, interval: float = 60.0) -> None:
        self.count = count
        self.each = each
        self.days = days
        self.interval = timedelta(seconds=interval)
        self.now = datetime.now(UTC)

    @property
    def born(self) -> datetime:
        """When the monitors were made."""
        return floor(self.now, DAY) - self.days * DAY

    @property
    def rolled_until(self) -> datetime:
        """Up to where everything is rolled up."""
        return floor(self.now - SETTLED_AFTER, HOUR)


def make(folder: Path, target: str, sizes: Sizes) -> None:
    """Make `tercet.db` in a folder, of monitors that check a target."""
    url = f"sqlite:///{folder}/tercet.db"
    migrate(url)
    database = Database(url, vault_at_hand(url, None))
    asyncio.run(database.write(lambda session: _define(session, target, sizes)))
    database.close()
    connection = sqlite3.connect(folder / "tercet.db", isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    try:
        _insert(connection, "monitor_outcomes", _OUTCOME, _outcomes(sizes))
        _insert(connection, "monitor_days", _SLOT, _days(sizes))
        _insert(connection, "monitor_hours", f"{_SLOT}, {', '.join(PHASES)}", _hours(sizes))
        _insert(connection, "transitions", "monitor_id, at, entry, before, status", _moves(sizes))
        columns = (
            "public_id, monitor_id, monitor_public_id, monitor_key, status, flapping, told, "
            "opened_at, resolved_at"
        )
        _insert(connection, "incidents", columns, _incidents(sizes))
        _finish(connection, sizes)
    finally:
        connection.close()


def _define(session: Session, target: str, sizes: Sizes) -> None:
    new = [
        (
            f"mon_{place}",
            Definition(
                key=f"m{place:05d}",
                labels={"team": f"t{place % 10}"},
                target=Target(url=f"{target}?{place}"),
                schedule=Schedule(interval=sizes.interval.total_seconds()),
                strategy=StrategyName.ASYNC,
                client=ClientName.CURL,
                slo=Slo(target=0.999, window="30d"),
            ),
        )
        for place in range(1, sizes.count + 1)
    ]
    rows = monitors.insert_definitions(session, new, sizes.born)
    spread = sizes.interval / len(rows)
    first = {
        row: First(tick=(at := sizes.now + sizes.interval + spread * place), due=at)
        for place, row in enumerate(rows)
    }
    watches.begin(session, first, sizes.born)


def _outcomes(sizes: Sizes) -> Iterator[tuple[Any, ...]]:
    random = Random(8)
    totals = [int(random.lognormvariate(11, 0.5)) for _ in range(9973)]
    begin, interval = to_column(sizes.now - sizes.each * sizes.interval), sizes.interval
    for turn in range(sizes.each):
        at = begin + turn * (interval // timedelta(microseconds=1))
        for monitor in range(1, sizes.count + 1):
            total = totals[(turn * sizes.count + monitor) % len(totals)]
            started = at + monitor * 50_000
            yield (
                monitor, started, 20_000, "up", None, 200, "1.1", 0, "127.0.0.1", started, 20_000,
                total, 200, total - 300, 100, 5, 900,
            )  # fmt: skip


def _shapes(size: int, count: int) -> list[list[bytes | None]]:
    random = Random(size)
    return [
        [
            histogram_of(int(random.lognormvariate(11, 0.5)) for _ in range(size)).encoded()
            for _ in range(count)
        ]
        for _ in range(_SHAPES)
    ]


def _days(sizes: Sizes) -> Iterator[tuple[Any, ...]]:
    shapes, checks = _shapes(DAY // sizes.interval, 1), DAY // sizes.interval
    first = number(sizes.born, DAY)
    today = number(sizes.rolled_until, DAY)
    for monitor in range(1, sizes.count + 1):
        for slot in range(first, today + 1):
            length = DAY if slot < today else sizes.rolled_until - floor(sizes.rolled_until, DAY)
            if length:
                yield _slot(monitor, slot, length, checks, *shapes[(slot + monitor) % _SHAPES])


def _hours(sizes: Sizes) -> Iterator[tuple[Any, ...]]:
    shapes, checks = _shapes(HOUR // sizes.interval, 1 + len(PHASES)), HOUR // sizes.interval
    last = number(sizes.rolled_until, HOUR)
    for monitor in range(1, sizes.count + 1):
        for slot in range(last - HOURS_KEPT // HOUR, last):
            yield _slot(monitor, slot, HOUR, checks, *shapes[(slot + monitor) % _SHAPES])


def _slot(
    monitor: int, slot: int, length: timedelta, checks: int, *histograms: bytes | None
) -> tuple[Any, ...]:
    lasted, down = length // timedelta(microseconds=1), 30_000_000
    seconds = (lasted - down, 0, down, 0, 0, 0)
    return (key_of(monitor, slot), "up", False, 0, *seconds, checks, 0, 0, 0, 0, *histograms)


def _falls(sizes: Sizes) -> Iterator[tuple[int, datetime, datetime]]:
    """Which monitor was down from when to when, monitor after monitor."""
    count = sizes.days * _INCIDENTS_A_YEAR // 365
    for monitor in range(1, sizes.count + 1):
        for fall in range(count):
            at = sizes.born + (sizes.now - sizes.born) * ((fall + monitor / sizes.count) / count)
            yield monitor, at, at + timedelta(minutes=10)


def _moves(sizes: Sizes) -> Iterator[tuple[Any, ...]]:
    born = to_column(sizes.born)
    for monitor in range(1, sizes.count + 1):
        yield monitor, born, "status", "pending", "up"
    for monitor, begin, end in _falls(sizes):
        yield monitor, to_column(begin), "status", "up", "down"
        yield monitor, to_column(end), "status", "down", "up"


def _incidents(sizes: Sizes) -> Iterator[tuple[Any, ...]]:
    for place, (monitor, begin, end) in enumerate(_falls(sizes)):
        yield (
            f"inc_{place}", monitor, f"mon_{monitor}", f"m{monitor:05d}", "resolved", False, True,
            to_column(begin), to_column(end),
        )  # fmt: skip


def _finish(connection: sqlite3.Connection, sizes: Sizes) -> None:
    """Say how far it is all rolled up, and how the monitors stand."""
    until = to_column(sizes.rolled_until)
    connection.execute("BEGIN")
    connection.execute("UPDATE watches SET health='up'")
    # Each day knows the changes before it, as one that was rolled up does.
    connection.execute(
        "UPDATE monitor_days SET through=coalesce((SELECT max(t.id) FROM transitions t "
        "WHERE t.monitor_id = monitor_days.id / 10000000 "
        "AND t.at < (monitor_days.id % 10000000) * 86400000000), 0)"
    )
    connection.execute(
        "INSERT INTO rolls SELECT m.id, ?, coalesce((SELECT o.id FROM monitor_outcomes o "
        "WHERE o.monitor_id=m.id AND o.started_at < ? ORDER BY o.id DESC LIMIT 1), 0), 'up', 0, "
        "coalesce((SELECT max(t.id) FROM transitions t WHERE t.monitor_id=m.id), 0) "
        "FROM monitors m",
        (until, until),
    )
    connection.execute("COMMIT")


def _insert(
    connection: sqlite3.Connection, table: str, columns: str, rows: Iterable[Sequence[Any]]
) -> None:
    names = ", ".join(f'"{name}"' for name in columns.split(", "))
    statement = (
        f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns.split(', ')))})"
    )
    some: list[Sequence[Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == _PER_COMMIT:
            _commit(connection, statement, some)
            some = []
    _commit(connection, statement, some)


def _commit(connection: sqlite3.Connection, statement: str, rows: list[Sequence[Any]]) -> None:
    connection.execute("BEGIN")
    connection.executemany(statement, rows)
    connection.execute("COMMIT")
