"""When each monitor is due: turns claimed, moved on, found late."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.schedule import First, Schedule, on_grid
from app.domain.watch import Health
from app.storage.instants import from_column, from_optional, recurrence, to_column
from app.storage.monitor_rows import MonitorRow, WatchRow
from app.storage.targets import opened_spec
from checkers import ClientName, StrategyName, Target

# Moved on by whoever finds it as it was, so that a turn is taken once.
_MOVE_ON: Final = "UPDATE watches SET tick_at=?, due_at=? WHERE monitor_id=? AND due_at=?"
# Unless it is paused, or defined anew, by now.
_GIVE_BACK: Final = (
    "UPDATE watches SET tick_at=?, due_at=? WHERE monitor_id=? AND due_at IS NOT NULL "
    "AND (SELECT updated_at FROM monitors m WHERE m.id = monitor_id) = ?"
)
_SET: Final = "UPDATE watches SET tick_at=?, due_at=? WHERE monitor_id=?"
_SOONER: Final = "UPDATE watches SET due_at=min(tick_at, ?) WHERE monitor_id=? AND due_at > ?"


class Turn(NamedTuple):
    """A check to be begun at an instant.

    Attributes:
        edition: of the monitor's definition, as it was claimed.
        tick_at: the regular turn that stood before it was claimed.
    """

    monitor: int
    intended_at: datetime
    target: Target
    strategy: StrategyName
    client: ClientName
    edition: int
    tick_at: datetime


class Missed(NamedTuple):
    """Turns of a monitor in which no check was made, from the first on."""

    monitor: int
    since: datetime
    turns: int


def claim(
    session: Session, now: datetime, until: datetime, limit: int
) -> tuple[list[Turn], list[Missed]]:
    """Take the turns that are due until an instant, each once, and move their monitors on."""
    rows = session.execute(
        select(
            WatchRow.monitor_id, WatchRow.due_at, WatchRow.tick_at, MonitorRow.interval_us,
            MonitorRow.cron, MonitorRow.timezone, MonitorRow.target, MonitorRow.strategy,
            MonitorRow.client,
            MonitorRow.updated_at,
        )
        .join(MonitorRow, MonitorRow.id == WatchRow.monitor_id)
        .where(WatchRow.due_at <= to_column(until))
        .order_by(WatchRow.due_at)
        .limit(limit)
    ).all()  # fmt: skip
    opened = lru_cache(maxsize=1024)(lambda spec: opened_spec(session, spec))
    turns: list[Turn] = []
    missed: list[Missed] = []
    moves: list[tuple[int, int, int, int]] = []
    for (
        monitor,
        due_us,
        tick_us,
        interval_us,
        cron,
        zone,
        target,
        strategy,
        client,
        edition,
    ) in rows:
        assert due_us is not None
        assert tick_us is not None
        due, following = from_column(due_us), from_column(tick_us)
        tick = following
        if due >= following:
            schedule = recurrence(interval_us, cron, zone)
            following, lost = _following(schedule, due, now)
            if lost:
                missed.append(Missed(monitor, due, lost))
        moves.append((to_column(following), to_column(following), monitor, due_us))
        turns.append(
            Turn(
                monitor, due, opened(target), StrategyName(strategy), ClientName(client), edition,
                tick,
            )
        )  # fmt: skip
    if moves:
        session.connection().exec_driver_sql(_MOVE_ON, moves)
    return turns, missed


def give_back(session: Session, claimed: Iterable[Turn]) -> None:
    """Let turns that were claimed and not begun be due again, of each monitor the first."""
    first: dict[int, Turn] = {}
    for turn in claimed:
        known = first.get(turn.monitor)
        if known is None or turn.intended_at < known.intended_at:
            first[turn.monitor] = turn
    rows = [
        (to_column(turn.tick_at), to_column(turn.intended_at), turn.monitor, turn.edition)
        for turn in first.values()
    ]
    if rows:
        session.connection().exec_driver_sql(_GIVE_BACK, rows)


def _following(schedule: Schedule, tick: datetime, now: datetime) -> tuple[datetime, int]:
    following, lost = schedule.following(tick, max(now, tick))
    return on_grid(following), lost


def overdue(
    session: Session, now: datetime, periods: float
) -> list[tuple[int, str, datetime, Schedule]]:
    """Monitors that are late by more than so many of their periods, with the turn they wait for."""
    rows = session.execute(
        select(
            WatchRow.monitor_id, MonitorRow.key, WatchRow.due_at, MonitorRow.interval_us,
            MonitorRow.cron, MonitorRow.timezone,
        )
        .join(MonitorRow, MonitorRow.id == WatchRow.monitor_id)
        .where(WatchRow.due_at < to_column(now))
    )  # fmt: skip
    late = []
    for monitor, key, due_us, interval_us, cron, zone in rows:
        schedule = recurrence(interval_us, cron, zone)
        due = from_column(due_us or 0)
        if now - due > schedule.period(due) * periods:
            late.append((monitor, key, due, schedule))
    return late


def set_turns(session: Session, first: Mapping[int, First | None]) -> None:
    """Set when monitors are due and when their next regular turn is; `None`: never."""
    rows = [
        (None, None, monitor) if at is None else (to_column(at.tick), to_column(at.due), monitor)
        for monitor, at in first.items()
    ]
    if rows:
        session.connection().exec_driver_sql(_SET, rows)


def astray(session: Session, now: datetime) -> list[tuple[int, str, Schedule]]:
    """Monitors that ought to be watched and have no turn, or one too far ahead."""
    too_far = to_column(now + timedelta(minutes=1)) + 2 * MonitorRow.interval_us
    rows = session.execute(
        select(
            MonitorRow.id,
            MonitorRow.key,
            MonitorRow.interval_us,
            MonitorRow.cron,
            MonitorRow.timezone,
        )
        .join(WatchRow, MonitorRow.id == WatchRow.monitor_id)
        .where(MonitorRow.enabled, WatchRow.due_at.is_(None) | (WatchRow.due_at > too_far))
    )
    return [
        (monitor, key, recurrence(interval_us, cron, zone))
        for monitor, key, interval_us, cron, zone in rows
    ]


def ways(session: Session) -> list[tuple[StrategyName, ClientName]]:
    """In which ways monitors are checked."""
    rows = session.execute(
        select(MonitorRow.strategy, MonitorRow.client).where(MonitorRow.enabled).distinct()
    )
    return [(StrategyName(strategy), ClientName(client)) for strategy, client in rows]


def next_due_at(session: Session) -> datetime | None:
    """When the next turn is, if there is any."""
    query = select(WatchRow.due_at).where(WatchRow.due_at.is_not(None))
    return from_optional(session.scalar(query.order_by(WatchRow.due_at).limit(1)))


def shift(session: Session, by: timedelta) -> None:
    """Move the turns of all monitors with an interval, since the clock on the wall was moved."""
    delta = by // timedelta(microseconds=1)
    by_interval = select(MonitorRow.id).where(MonitorRow.interval_us.is_not(None))
    session.execute(
        update(WatchRow)
        .where(WatchRow.monitor_id.in_(by_interval), WatchRow.due_at.is_not(None))
        .values(tick_at=WatchRow.tick_at + delta, due_at=WatchRow.due_at + delta)
    )


def by_cron(session: Session) -> list[tuple[int, Schedule]]:
    """Monitors that are watched by a cron text."""
    rows = session.execute(
        select(MonitorRow.id, MonitorRow.cron, MonitorRow.timezone)
        .join(WatchRow, MonitorRow.id == WatchRow.monitor_id)
        .where(MonitorRow.cron.is_not(None), WatchRow.due_at.is_not(None))
    )
    return [(key, Schedule(cron=cron, timezone=zone)) for key, cron, zone in rows]


def look_sooner(session: Session, at: Mapping[int, datetime]) -> None:
    """Let monitors be checked at an instant, unless their turn comes before."""
    rows = [(to_column(due), monitor, to_column(due)) for monitor, due in at.items()]
    if rows:
        session.connection().exec_driver_sql(_SOONER, rows)


def witnesses(session: Session, count: int, not_before: datetime) -> list[int]:
    """Some monitors that are well and not due soon, whose checks would tell whether others fail."""
    query = (
        select(WatchRow.monitor_id)
        .where(
            WatchRow.due_at > to_column(not_before),
            WatchRow.downs == 0,
            WatchRow.health.in_((Health.UP.value, Health.DEGRADED.value)),
        )
        .order_by(WatchRow.due_at.desc())
        .limit(count)
    )
    return list(session.scalars(query))
