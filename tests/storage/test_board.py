"""The board of last readings: as the database has it, as it is heard, and never of what is gone."""

import asyncio
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from app.api.told import written
from app.domain.connectivity import Connectivity
from app.domain.monitor import Definition, MonitorStatus
from app.domain.outcome import Way
from app.domain.reading import Reading
from app.domain.schedule import Schedule
from app.services.board import Board
from app.services.placing import Asked, Placing
from app.services.recording import Recorder
from app.storage import monitors, watches
from app.storage.database import Database
from app.storage.monitor_outcomes import Recording
from checkers import ClientName, Outcome, Reason, Status, StrategyName, Target
from checkers.outcome import Certificate
from checkers.timing import Phases

_NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
_WAY = Way(StrategyName.ASYNC, ClientName.CURL)
_DEFINED = Definition(
    key="", target=Target(url="http://127.0.0.1/"), schedule=Schedule(interval=30.0),
    strategy=StrategyName.ASYNC, client=ClientName.CURL,
)  # fmt: skip
_CERTIFICATE = Certificate(
    version="TLSv1.3", cipher="x", issuer="x", subject="x", not_after=2e9, days_left=9.0
)
_UP = Outcome(
    seq=0, url="", status=Status.UP, http_status=200, started_at=_NOW.timestamp(), queued=0.25,
    total=0.5, phases=Phases(connect=0.125, wait=0.25), tls=_CERTIFICATE,
)  # fmt: skip
_REFUSED = Outcome(
    seq=0, url="", status=Status.DOWN, reason=Reason.CONNECTION_REFUSED,
    started_at=_NOW.timestamp() + 30, queued=0.0, total=0.001,
)  # fmt: skip
_OURS = Outcome(
    seq=0, url="", status=Status.UNKNOWN, reason=Reason.NOT_MEASURED,
    started_at=_NOW.timestamp() + 60, queued=9.0,
)  # fmt: skip


class _World:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.recorder = Recorder(Connectivity(), written)

    async def place(self, *keys: str) -> None:
        asked = [Asked(n, replace(_DEFINED, key=key)) for n, key in enumerate(keys)]
        await self.database.write(
            lambda session: Placing(session, asked, _NOW, written, store=True).place()
        )

    async def row(self, key: str) -> int:
        return (await self.database.read(lambda session: monitors.load(session, key))).key

    async def record(self, board: Board, key: str, outcomes: Sequence[Outcome]) -> None:
        row = await self.row(key)
        for outcome in outcomes:
            made = [Recording(row, _NOW, outcome, _WAY)]
            store = partial(self.recorder.record, recordings=made, now=_NOW)
            board.of_monitors((await self.database.write(store)).stored)


@pytest.fixture
def world(database: Database) -> _World:
    return _World(database)


def _board(world: _World) -> Board:
    return Board(world.database, lambda key: f"<{key}>")


async def _look(board: Board) -> dict[str, Reading]:
    return {each.key: each for each in await board.look()}


@pytest.mark.parametrize("heard", [True, False])
def test_what_was_heard_is_what_the_database_tells_after_a_start(
    world: _World, *, heard: bool
) -> None:
    async def told() -> Reading:
        await world.place("a")
        board = _board(world)
        if heard:
            await board.look()
        await world.record(board, "a", [_UP, _REFUSED, _OURS])
        return (await _look(board))["a"]

    reading = asyncio.run(told())

    assert (reading.label, reading.interval_us, reading.status) == ("<a>", 30_000_000, "up")
    assert (reading.up, reading.http_status) == (True, None)
    assert (reading.checked_at, reading.lateness) == (_REFUSED.started_at, 0.0)
    # Of the last that got a response.
    assert (reading.total, reading.phases) == (0.5, Phases(connect=0.125, wait=0.25))
    assert reading.not_after == 2e9


def test_a_response_without_a_certificate_ends_that_of_the_one_before(world: _World) -> None:
    async def told() -> Reading:
        await world.place("a")
        board = _board(world)
        plain = Outcome(seq=0, url="", status=Status.UP, http_status=200, started_at=1.0, queued=0)
        await world.record(board, "a", [_UP, plain])
        return (await _look(board))["a"]

    assert asyncio.run(told()).not_after is None


def test_nothing_is_told_of_what_is_removed_or_paused(world: _World) -> None:
    async def told() -> tuple[dict[str, Reading], dict[str, Reading]]:
        await world.place("gone", "paused", "there")
        board = _board(world)
        await board.look()
        for key in ("gone", "paused", "there"):
            await world.record(board, key, [_UP, _UP])
        before = {key: copy(each) for key, each in (await _look(board)).items()}
        gone, paused = await world.row("gone"), await world.row("paused")
        await world.database.write(lambda session: monitors.remove(session, [gone]))
        await world.database.write(
            lambda session: monitors.set_enabled(session, paused, _NOW, enabled=False)
        )
        return before, await _look(board)

    before, after = asyncio.run(told())

    assert all(each.up and each.total for each in before.values())
    assert sorted(after) == ["paused", "there"]
    assert after["paused"].status is MonitorStatus.PAUSED
    assert after["paused"].up is after["paused"].total is after["paused"].checked_at is None
    assert after["there"].up


def test_a_row_that_is_another_monitor_now_has_none_of_its_readings(world: _World) -> None:
    """As after a database was restored under a service that runs."""

    async def told() -> dict[str, Reading]:
        await world.place("a")
        board = _board(world)
        await board.look()
        await world.record(board, "a", [_UP])
        row = await world.row("a")
        heard = (("a", Recording(row, _NOW, _UP, _WAY)),)
        await world.database.write(
            lambda session: monitors.replace_definition(
                session, monitors.load(session, "a"), replace(_DEFINED, key="b"), _NOW
            )
        )
        await world.database.write(
            lambda session: session.connection().exec_driver_sql("DELETE FROM monitor_outcomes")
        )
        found = await _look(board)
        board.of_monitors(heard)
        return found

    found = asyncio.run(told())

    assert list(found) == ["b"]
    assert found["b"].total is found["b"].checked_at is None


def test_maintenance_is_the_status_and_what_is_believed_stays_known(world: _World) -> None:
    async def told() -> Reading:
        await world.place("a")
        board = _board(world)
        await world.record(board, "a", [_UP, _UP])
        row = await world.row("a")
        since = _NOW + timedelta(seconds=1)
        await world.database.write(lambda s: watches.set_maintenance(s, [row], since))
        return (await _look(board))["a"]

    reading = asyncio.run(told())

    assert (reading.status, reading.up) == (MonitorStatus.MAINTENANCE, True)


def test_more_monitors_than_a_page_holds_are_all_there(world: _World) -> None:
    keys = [f"m{number}" for number in range(1001)]

    async def told() -> tuple[dict[str, Reading], dict[str, Reading]]:
        await world.place(*keys)
        board = _board(world)
        first, second = await asyncio.gather(_look(board), _look(board))
        return first, second

    first, second = asyncio.run(told())

    assert list(first) == list(second) == keys
