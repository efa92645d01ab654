"""When monitors are due: each turn is taken once, what was missed is counted."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from app.api.told import written
from app.domain.monitor import Definition
from app.domain.schedule import First, Schedule
from app.services.guarding import take_up
from app.services.placing import Asked, Placing
from app.storage import turns
from app.storage.database import Database
from app.storage.turns import Missed, Turn
from checkers import ClientName, StrategyName, Target

T = TypeVar("T")
_NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


def _second(number: float) -> datetime:
    return _NOW + timedelta(seconds=number)


def _do(database: Database, work: Callable[[Session], T]) -> T:
    return asyncio.run(database.write(work))


def _watch(
    database: Database, schedule: Schedule, due: datetime, tick: datetime | None = None
) -> None:
    definition = Definition(
        key="a", target=Target(url="http://127.0.0.1/"), schedule=schedule,
        strategy=StrategyName.ASYNC, client=ClientName.CURL,
    )  # fmt: skip

    def place(session: Session) -> None:
        Placing(session, [Asked(0, definition)], _NOW, written, store=True).place()
        turns.set_turns(session, {1: First(due, tick or due)})

    _do(database, place)


def _claim(database: Database, now: datetime, ahead: float = 4) -> tuple[list[Turn], list[Missed]]:
    until = now + timedelta(seconds=ahead)
    return _do(database, lambda session: turns.claim(session, now, until, 100))


def _due(database: Database) -> datetime | None:
    return _do(database, turns.next_due_at)


def test_a_turn_is_taken_once_and_the_next_is_an_interval_later(database: Database) -> None:
    _watch(database, Schedule(interval=30), _second(2))

    first, _ = _claim(database, _NOW)
    again, _ = _claim(database, _NOW)

    assert [turn.intended_at for turn in first] == [_second(2)]
    assert again == []
    assert _due(database) == _second(32)


def test_a_short_interval_has_several_turns_in_the_time_ahead(database: Database) -> None:
    _watch(database, Schedule(interval=1), _second(1))

    taken = []
    while found := _claim(database, _NOW)[0]:
        taken += [turn.intended_at for turn in found]

    assert taken == [_second(n) for n in (1, 2, 3, 4)]


def test_a_check_before_its_turn_moves_no_turn(database: Database) -> None:
    _watch(database, Schedule(interval=30), _second(1), tick=_second(20))

    _claim(database, _NOW)

    assert _due(database) == _second(20)


def test_turns_that_passed_are_one_check_and_counted(database: Database) -> None:
    _watch(database, Schedule(interval=10), _NOW)

    taken, missed = _claim(database, _second(45))

    assert [turn.intended_at for turn in taken] == [_NOW]
    assert [(each.since, each.turns) for each in missed] == [(_NOW, 4)]
    assert _due(database) == _second(50)


def test_a_monitor_is_only_looked_at_sooner_never_later(database: Database) -> None:
    _watch(database, Schedule(interval=60), _second(60))

    _do(database, lambda session: turns.look_sooner(session, {1: _second(90)}))
    later = _due(database)
    _do(database, lambda session: turns.look_sooner(session, {1: _second(5)}))

    assert later == _second(60)
    assert _due(database) == _second(5)


def test_whoever_moves_the_clock_moves_the_turns_along(database: Database) -> None:
    _watch(database, Schedule(interval=60), _second(60))

    _do(database, lambda session: turns.shift(session, timedelta(hours=-1)))

    assert _due(database) == _second(60 - 3600)


def test_after_a_stop_what_came_due_is_checked_soon_and_keeps_its_place(
    database: Database,
) -> None:
    _watch(database, Schedule(interval=60), _NOW)

    late = _do(database, lambda session: take_up(session, _second(150)))
    due = _due(database)
    _claim(database, _second(150))

    assert late == (1, 2)
    assert due is not None
    assert _second(150) <= due <= _second(150.2)
    assert _due(database) == _second(180)


def test_one_that_waits_too_far_ahead_is_astray(database: Database) -> None:
    _watch(database, Schedule(interval=60), _second(3600))

    found = _do(database, lambda session: turns.astray(session, _NOW))

    assert [key for _, key, _ in found] == ["a"]


def test_turns_given_back_are_due_again_from_the_first_of_them(database: Database) -> None:
    _watch(database, Schedule(interval=2), _second(1), _second(2))
    first, _ = _claim(database, _NOW)
    second, _ = _claim(database, _NOW)

    _do(database, lambda session: turns.give_back(session, [*second, *first]))

    again, _ = _claim(database, _NOW)
    assert [turn.intended_at for turn in first + second] == [_second(1), _second(2)]
    assert again == first


def test_turns_of_a_monitor_that_was_paused_meanwhile_are_not_given_back(
    database: Database,
) -> None:
    _watch(database, Schedule(interval=30), _second(1))
    claimed, _ = _claim(database, _NOW)
    _do(database, lambda session: turns.set_turns(session, {1: None}))

    _do(database, lambda session: turns.give_back(session, claimed))

    assert _due(database) is None
