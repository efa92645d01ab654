"""Single outcomes go once they are rolled up and old, or too many; the last of each stays."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.uptime import Span
from app.storage import monitors, raw
from app.storage.database import Database
from app.storage.monitor_rows import MonitorOutcomeRow
from app.storage.rollup_rows import DayRow, HourRow
from tests.storage.past_world import PastWorld, every, hours

_KEPT = timedelta(hours=24)
_MUCH = 10**12


@pytest.fixture
def world(database: Database) -> PastWorld:
    return PastWorld(database)


def _sweep(world: PastWorld, now: datetime, most_bytes: int = _MUCH) -> int:
    """Forget all there is to forget; how many went."""
    sweep = world.do(lambda session: raw.to_sweep(session, now - _KEPT, now, most_bytes))
    removed, place = 0, 0
    while sweep is not None:
        gone, following = world.do(partial(raw.remove_some, sweep=sweep, after=place))
        removed += gone
        if following is None:
            break
        place = following
    return removed


def _bytes(session: Session) -> int:
    """How much room the database takes."""
    pages, free = (
        session.connection().exec_driver_sql(f"PRAGMA {name}_count").scalar() or 0
        for name in ("page", "freelist")
    )
    return int(pages - free) * 4096


def _left(world: PastWorld) -> int:
    return world.do(lambda s: s.scalar(select(func.count()).select_from(MonitorOutcomeRow))) or 0


def test_what_is_old_and_rolled_up_goes_and_every_answer_stays(world: PastWorld) -> None:
    monitor, now = world.monitor(), hours(60)
    world.outcomes(monitor, every(10, 0, 60))
    world.roll(monitor, now)
    window = Span(hours(-0.5), now)
    before = (world.count(monitor, window, now), world.p95(monitor, window, now))

    removed = _sweep(world, now)

    assert removed == 36 * 6
    assert _left(world) == 24 * 6
    assert (world.count(monitor, window, now), world.p95(monitor, window, now)) == before


def test_what_is_not_rolled_up_stays_however_old(world: PastWorld) -> None:
    one, other, now = world.monitor(), world.monitor(), hours(60)
    world.outcomes(one, every(10, 0, 30))
    world.outcomes(other, every(10, 0, 30))
    world.roll(other, now)

    assert _sweep(world, now, most_bytes=1) == 0


def test_the_last_outcome_of_a_monitor_stays_and_holds_nothing_up(world: PastWorld) -> None:
    seldom, often, now = world.monitor(), world.monitor(), hours(90)
    world.outcomes(seldom, [hours(0), hours(1)])
    world.outcomes(often, every(10, 2, 90))
    for monitor in (seldom, often):
        world.roll(monitor, now)

    _sweep(world, now)
    world.roll(often, hours(120))
    _sweep(world, hours(95))

    assert _left(world) == 1 + 19 * 6


def test_what_came_of_a_monitor_that_was_gone_by_then_goes_too(world: PastWorld) -> None:
    stays, now = world.monitor(), hours(60)
    world.outcomes(stays, [hours(0), hours(59)])
    world.outcomes(stays + 1, [hours(1)])
    world.roll(stays, now)

    assert _sweep(world, now) == 2


def test_what_takes_too_much_room_goes_oldest_first(world: PastWorld) -> None:
    monitor, now = world.monitor(), hours(20)
    world.outcomes(monitor, every(1, 0, 18))
    world.roll(monitor, now)
    room = world.do(raw.bytes_of)

    removed = _sweep(world, now, most_bytes=room // 2)

    assert removed == pytest.approx(18 * 60 / 2, rel=0.02)
    oldest = world.do(lambda s: s.scalar(select(func.min(MonitorOutcomeRow.id))))
    assert oldest == removed + 1


def test_what_a_clock_dated_ahead_goes_with_its_neighbours(world: PastWorld) -> None:
    monitor, now = world.monitor(), hours(60)
    world.outcomes(monitor, [hours(9000)] * 6)
    world.outcomes(monitor, every(10, 0, 60))
    world.roll(monitor, now)

    assert _sweep(world, now) == 6 + 36 * 6


def test_room_is_told_to_a_third(world: PastWorld) -> None:
    made = [world.monitor() for _ in range(3)]
    before = world.do(_bytes)
    for monitor in made:
        world.outcomes(monitor, every(1, 0, 60))

    told = world.do(raw.bytes_of)

    assert told == pytest.approx(world.do(_bytes) - before, rel=0.33)


def test_hours_and_days_of_a_removed_monitor_go_with_it(world: PastWorld) -> None:
    gone, stays, now = world.monitor(), world.monitor(), hours(30)
    for monitor in (gone, stays):
        world.outcomes(monitor, every(10, 0, 30))
        world.roll(monitor, now)
    world.do(lambda session: monitors.remove(session, [gone]))

    while world.do(raw.remove_some_orphans):
        pass

    assert world.rolled(gone) == []
    assert world.rolled(stays) != []
    assert _left(world) == 180


def test_hours_are_forgotten_after_two_weeks_and_days_are_not(world: PastWorld) -> None:
    monitor = world.monitor()
    world.outcomes(monitor, every(60, 0, 24))
    world.roll(monitor, hours(30))

    world.roll(monitor, hours(30 + 24 * 15))

    def counted(session: Session) -> tuple[int, int]:
        since = session.scalar(select(func.count()).where(HourRow.ups > 0)) or 0
        return since, session.scalar(select(func.sum(DayRow.ups))) or 0

    assert world.do(counted) == (0, 24)


def test_a_removal_that_breaks_off_goes_on_where_it_was(world: PastWorld) -> None:
    monitor, now = world.monitor(), hours(60)
    world.outcomes(monitor, every(1, 0, 60))
    world.roll(monitor, now)
    sweep = world.do(lambda session: raw.to_sweep(session, now - _KEPT, now, _MUCH))
    assert sweep is not None

    def broken_off(session: Session) -> None:
        raw.remove_some(session, sweep, 0)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        asyncio.run(world.database.write(broken_off))

    assert _sweep(world, now) == 36 * 60
